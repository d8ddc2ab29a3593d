/**
 * What is drawn of cases: how many there were by the day of their newest alert, and the techniques of ATT&CK in them. Both look at so many of the newest cases at most,
 * from the indexes of the queue, and say so where there are more.
 */
import { sql, type RawBuilder } from "kysely";
import type { Techniques, Volume } from "../kernel/plot-api.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { volumeWithin } from "../store/series.ts";
import type { Store } from "../store/store.ts";
import { TACTICS, techniqueName } from "./attack.ts";
import { conditionsOf, halvesOf, newestFirst, tenantsOf, type CaseFilter } from "./queries.ts";

type Reads = Pick<Store, "read" | "kind">;
/** What an index does not have cannot be asked for here. */
export type PlotFilter = Omit<CaseFilter, "text" | "since">;

/** Entries of an index that are counted, of the open ones and of the others. */
const MOST_COUNTED = 50_000;
/** Cases whose techniques are looked up, and entries of an index among which they are found. */
const MOST_LOOKED_AT = 5_000;
const WINDOW = 20_000;
const MOST_OTHERS = 50;

const INDEXED = "seq, last_at AS at, tenant_id, status, severity, owner, type, reopened";

export function caseVolume({ read, kind }: Reads, scope: TenantScope, filter: PlotFilter, days: number, now: number, most = MOST_COUNTED): Promise<Volume> {
  const { within, besides } = tenantsOf(scope);
  const fits = sql.join([besides, ...conditionsOf(kind, filter)], sql` AND `);
  const windows = (start: number, end: number) => halvesOf(filter).map((half) => ({ rows: newestFirst(sql.raw(INDEXED), [within, sql`last_at >= ${sql.lit(start)}`, sql`last_at < ${sql.lit(end)}`], most, [half]), fits, most }));
  return volumeWithin(read, windows, days, now);
}

interface Seen {
  readonly technique: string;
  readonly name: string | null;
  readonly many: number;
}

export async function caseTechniques({ read, kind }: Reads, scope: TenantScope, filter: PlotFilter, most = MOST_LOOKED_AT): Promise<Techniques> {
  const { within, besides } = tenantsOf(scope);
  const window = newestFirst(sql.raw(INDEXED), [within], WINDOW, halvesOf(filter));
  const fitting = sql`SELECT seq FROM near WHERE ${sql.join([besides, ...conditionsOf(kind, filter)], sql` AND `)} ORDER BY at DESC, seq DESC LIMIT ${most}`;
  const { rows } = await sql<Seen & { readonly looked: number | null }>`
    WITH near AS MATERIALIZED (${window}), fitting AS MATERIALIZED (${fitting})
    SELECT ${TECHNIQUE} AS technique, max(${NAME}) AS name, count(DISTINCT e.grp) AS many, NULL AS looked
    FROM fitting CROSS JOIN cases JOIN case_entities AS e ON e.grp = cases.grp AND e.kind = 'technique' WHERE cases.seq = fitting.seq GROUP BY 1
    UNION ALL SELECT '', NULL, (SELECT count(*) FROM fitting), count(*) FROM near`.execute(read);
  const total = rows.find(({ looked }) => looked !== null);
  const seen = rows.filter(({ looked }) => looked === null).map(({ technique, name, many }) => ({ technique, name, many: Number(many) }));
  const ordered = seen.toSorted((left, right) => right.many - left.many || (left.technique < right.technique ? -1 : 1));
  const known = (one: Seen): boolean => TACTICS.some(({ techniques }) => techniques.has(numberOf(one)));
  const cases = Number(total?.many ?? 0);
  return {
    cases,
    whole: cases < most && Number(total?.looked ?? 0) < WINDOW,
    tactics: TACTICS.map(({ id, name, techniques }) => ({ id, name, techniques: ordered.filter((one) => techniques.has(numberOf(one))).map(view) })).filter(({ techniques }) => techniques.length > 0),
    others: ordered.filter((one) => !known(one)).slice(0, MOST_OTHERS).map(view),
  };
}

/** `T1003.001 LSASS Memory` counts for `T1003`; what has no number stands for itself. */
const HAS_NUMBER: RawBuilder<unknown> = sql`e.value LIKE 'T1___%'`;
const TECHNIQUE: RawBuilder<unknown> = sql`CASE WHEN ${HAS_NUMBER} THEN substr(e.value, 1, 5) ELSE e.value END`;
const NAME: RawBuilder<unknown> = sql`CASE WHEN ${HAS_NUMBER} AND substr(e.value, 6, 1) = ' ' THEN substr(e.value, 7) END`;

function numberOf({ technique }: Seen): string {
  return /^T1\d{3}$/.test(technique) ? technique.slice(2) : "";
}

function view(one: Seen): Techniques["others"][number] {
  return numberOf(one) === "" ? { id: null, name: one.technique, cases: one.many } : { id: one.technique, name: techniqueName(one.technique) ?? one.name, cases: one.many };
}
