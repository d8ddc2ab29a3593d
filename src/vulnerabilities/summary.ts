/** The numbers of a report: how many are open, stale, fixed and set aside, how old, how late, and how it went from month to month. Worked out by the store in a few questions. */
import { sql } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import { VULNERABILITY_SEVERITIES, type InstanceClass, type VulnerabilitySeverity } from "./model.ts";
import { DAY_MS, severityAt } from "./sla.ts";

export const MONTHS = 12;
/** Upper ends in days; the last has none. */
export const AGES = [7, 30, 90, 180, 365, null] as const;

export interface Summary {
  /** Each instance is in one of them: they add up to all. */
  readonly classes: Readonly<Record<InstanceClass, number>>;
  readonly total: number;
  /** Of the open ones. */
  readonly severities: Readonly<Record<VulnerabilitySeverity, number>>;
  /** Of the open and the stale ones. */
  readonly overdue: number;
  readonly dueSoon: number;
  /** Open ones by their age, in the order of `AGES`. */
  readonly ages: readonly number[];
  /** Oldest first; `month` like `2026-11`, UTC. */
  readonly months: readonly { readonly month: string; readonly found: number; readonly fixed: number }[];
  /** Mean days from detection to closure, of what was closed in these months; null where nothing was. */
  readonly daysToFix: Readonly<Record<VulnerabilitySeverity, number | null>>;
}

const SOON_MS = 7 * DAY_MS;

export async function summarize({ read }: Pick<Store, "read">, scope: TenantScope, now: number): Promise<Summary> {
  const within = withinScope(scope);
  const since = sql`coalesce(detected_at, first_seen)`;
  const { rows: counted } = await sql<{ class: InstanceClass; severity: number; many: number; overdue: number; soon: number }>`
    SELECT class, severity, count(*) AS many, sum(CASE WHEN due_at < ${now} THEN 1 ELSE 0 END) AS overdue, sum(CASE WHEN due_at >= ${now} AND due_at < ${now + SOON_MS} THEN 1 ELSE 0 END) AS soon
    FROM vuln_instances WHERE ${within} GROUP BY class, severity`.execute(read);
  const classes: Record<InstanceClass, number> = { open: 0, stale: 0, fixed: 0, "set-aside": 0, "out-of-scope": 0 };
  const severities = zeroes(0);
  let [overdue, dueSoon] = [0, 0];
  for (const row of counted) {
    classes[row.class] += Number(row.many);
    // A device that is away stops no clock.
    if (row.class === "open" || row.class === "stale") {
      overdue += Number(row.overdue);
      dueSoon += Number(row.soon);
    }
    if (row.class === "open") severities[severityAt(Number(row.severity))] += Number(row.many);
  }
  const place = sql.join(AGES.flatMap((days, at) => (days === null ? [] : [sql`WHEN ${since} > ${now - days * DAY_MS} THEN ${sql.lit(at)}`])), sql` `);
  const { rows: aged } = await sql<{ age: number; many: number }>`SELECT CASE ${place} ELSE ${sql.lit(AGES.length - 1)} END AS age, count(*) AS many FROM vuln_instances WHERE ${within} AND class = 'open' GROUP BY 1`.execute(read);
  const ages = AGES.map((_, at) => Number(aged.find((row) => Number(row.age) === at)?.many ?? 0));
  const starts = monthStarts(now);
  const months = [];
  for (const [at, start] of starts.slice(0, -1).entries()) {
    const end = starts[at + 1] ?? now;
    const { rows } = await sql<{ found: number; fixed: number }>`
      SELECT (SELECT count(*) FROM vuln_instances WHERE ${within} AND ${since} >= ${start} AND ${since} < ${end}) AS found,
        (SELECT count(*) FROM vuln_instances WHERE ${within} AND class = 'fixed' AND fixed_at >= ${start} AND fixed_at < ${end}) AS fixed`.execute(read);
    months.push({ month: new Date(start).toISOString().slice(0, 7), found: Number(rows[0]?.found ?? 0), fixed: Number(rows[0]?.fixed ?? 0) });
  }
  const { rows: durations } = await sql<{ severity: number; mean: number | null }>`
    SELECT severity, avg(CASE WHEN fixed_at > ${since} THEN fixed_at - ${since} ELSE 0 END) AS mean FROM vuln_instances WHERE ${within} AND class = 'fixed' AND fixed_at >= ${starts[0] ?? now} GROUP BY severity`.execute(read);
  const daysToFix = zeroes<number | null>(null);
  for (const { severity, mean } of durations) daysToFix[severityAt(Number(severity))] = mean === null ? null : Math.round((Number(mean) / DAY_MS) * 10) / 10;
  return { classes, total: Object.values(classes).reduce((sum, many) => sum + many, 0), severities, overdue, dueSoon, ages, months, daysToFix };
}

function zeroes<T>(zero: T): Record<VulnerabilitySeverity, T> {
  return Object.fromEntries(VULNERABILITY_SEVERITIES.map((severity) => [severity, zero])) as Record<VulnerabilitySeverity, T>;
}

/** Of the months up to this one, and of the next. */
function monthStarts(now: number): readonly number[] {
  const today = new Date(now);
  return Array.from({ length: MONTHS + 1 }, (_, at) => Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - MONTHS + 1 + at, 1));
}
