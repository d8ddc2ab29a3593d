/**
 * How findings went: per day or week what came, what was fixed or set aside, and how many were left; how fast they were fixed, how old they are. Told backwards from what is
 * counted now, by the history of what there is, so that the last point is always what every other view counts.
 */
import { sql, type RawBuilder } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { TrendAnswer, TrendPeriod } from "../kernel/vulnerability-trend-api.ts";
import { withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import { classOf, isActive } from "./lifecycle.ts";
import { VULNERABILITY_SEVERITIES, type VulnerabilitySeverity } from "./model.ts";
import { countWithin, type Counts } from "./queries.ts";
import { DAY_MS, severityAt } from "./sla.ts";
import { AGES } from "./summary.ts";

export interface TrendQuestion {
  readonly connection: string | undefined;
  /** At least this. */
  readonly severity: VulnerabilitySeverity | undefined;
  readonly by: TrendPeriod;
  readonly periods: number;
}

type Point = { found: number; fixed: number; setAside: number };

export async function trend({ read }: Pick<Store, "read">, scope: TenantScope, question: TrendQuestion, now: number): Promise<TrendAnswer> {
  const length = question.by === "day" ? DAY_MS : 7 * DAY_MS;
  const start = beginning(now, length, question.periods);
  const which = condition(scope, question);
  // What no ingest rule covers is not followed; it stands among the counts.
  const followed = sql`${which} AND i.class <> 'out-of-scope'`;
  const points = Array.from({ length: question.periods }, (): Point => ({ found: 0, fixed: 0, setAside: 0 }));
  const at = (place: number | null): Point | undefined => points[Math.min(Number(place ?? -1), points.length - 1)];
  const period = (column: RawBuilder<unknown>): RawBuilder<number> => sql`cast((${column} - ${sql.lit(start)}) / ${sql.lit(length)} as bigint)`;

  // As they stand now, by when they came; what happened to them since is taken back below.
  const { rows: born } = await sql<{ place: number; status: string; many: number }>`
    SELECT ${period(sql`i.first_seen`)} AS place, i.status, count(*) AS many FROM vuln_instances AS i WHERE ${followed} AND i.first_seen >= ${sql.lit(start)} GROUP BY 1, 2`.execute(read);
  for (const row of born) if (isActive(row.status)) add(at(row.place), "found", Number(row.many));
  const { rows: happened } = await sql<{ place: number; came: number | null; was: string; became: string; many: number }>`
    SELECT ${period(sql`h.at`)} AS place, CASE WHEN i.first_seen >= ${sql.lit(start)} THEN ${period(sql`i.first_seen`)} END AS came, h.from_status AS was, h.to_status AS became, count(*) AS many
    FROM vuln_history AS h JOIN vuln_instances AS i ON i.id = h.instance_id AND i.tenant_id = h.tenant_id
    WHERE ${followed} AND h.at >= ${sql.lit(start)} AND h.from_status <> h.to_status GROUP BY 1, 2, 3, 4`.execute(read);
  for (const { place, came, was, became, many } of happened) {
    const [before, after, n] = [isActive(was), isActive(became), Number(many)];
    if (before === after) continue;
    if (came !== null) add(at(came), "found", before ? n : -n);
    if (after) add(at(place), "found", n);
    else add(at(place), classOf(became, null, null) === "fixed" ? "fixed" : "setAside", n);
  }

  const counts = await countWithin(read, which, now);
  let active = counts.open + counts.stale;
  const told: TrendAnswer["points"] = [];
  for (const [place, point] of [...points.entries()].toReversed()) {
    told.unshift({ from: isoTime(start + place * length), ...point, active });
    active += point.fixed + point.setAside - point.found;
  }
  return { by: question.by, points: told, counts, daysToFix: await daysToFix(read, which, start), ages: await ages(read, which, counts, now) };
}

function add(point: Point | undefined, name: keyof Point, many: number): void {
  if (point !== undefined) point[name] += many;
}

/** Of the first period; weeks begin on Mondays. */
function beginning(now: number, length: number, periods: number): number {
  const monday = length === DAY_MS ? 0 : 4 * DAY_MS;
  return Math.floor((now - monday) / length) * length + monday - (periods - 1) * length;
}

function condition(scope: TenantScope, { connection, severity }: TrendQuestion): RawBuilder<unknown> {
  return sql.join(
    [
      withinScope(scope, "i.tenant_id"),
      ...(connection === undefined ? [] : [sql`i.connection_id = ${connection}`]),
      ...(severity === undefined ? [] : [sql`i.severity <= ${VULNERABILITY_SEVERITIES.indexOf(severity)}`]),
    ],
    sql` AND `,
  );
}

const SINCE = sql`coalesce(i.detected_at, i.first_seen)`;

async function daysToFix(read: Store["read"], which: RawBuilder<unknown>, start: number): Promise<TrendAnswer["daysToFix"]> {
  const { rows } = await sql<{ severity: number; many: number; mean: number | null }>`
    SELECT i.severity, count(*) AS many, avg(CASE WHEN i.fixed_at > ${SINCE} THEN i.fixed_at - ${SINCE} ELSE 0 END) AS mean FROM vuln_instances AS i
    WHERE ${which} AND i.class = 'fixed' AND i.fixed_at >= ${sql.lit(start)} GROUP BY i.severity`.execute(read);
  return VULNERABILITY_SEVERITIES.map((severity) => {
    const row = rows.find((one) => severityAt(Number(one.severity)) === severity);
    return { severity, fixed: Number(row?.many ?? 0), mean: row === undefined || row.mean === null ? null : Math.round((Number(row.mean) / DAY_MS) * 10) / 10 };
  });
}

async function ages(read: Store["read"], which: RawBuilder<unknown>, counts: Counts, now: number): Promise<TrendAnswer["ages"]> {
  const place = sql.join(AGES.flatMap((days, index) => (days === null ? [] : [sql`WHEN ${SINCE} > ${sql.lit(now - days * DAY_MS)} THEN ${sql.lit(index)}`])), sql` `);
  const { rows } = counts.open + counts.stale === 0 ? { rows: [] } : await sql<{ age: number; many: number; overdue: number }>`
    SELECT CASE ${place} ELSE ${sql.lit(AGES.length - 1)} END AS age, count(*) AS many, sum(CASE WHEN i.due_at < ${sql.lit(now)} THEN 1 ELSE 0 END) AS overdue
    FROM vuln_instances AS i WHERE ${which} AND i.class IN ('open', 'stale') GROUP BY 1`.execute(read);
  const all = rows.map((row) => ({ age: Number(row.age), active: Number(row.many), overdue: Number(row.overdue) }));
  return AGES.map((days, index) => {
    const row = all.find(({ age }) => age === index);
    return { days, active: row?.active ?? 0, overdue: row?.overdue ?? 0 };
  });
}
