/** Open cases by the points of which their score is made, along an index: a page is answered from as many rows as it shows. */
import { sql } from "kysely";
import type { CaseVerdict } from "../kernel/case-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { wrongPlace } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import type { CaseRow } from "./tables.ts";
import { scoreOf } from "./triage-score.ts";
import { ALL_TENANTS, type TriageRow } from "./triage-tables.ts";

export interface Scored {
  readonly row: CaseRow;
  readonly score: number;
  readonly suggested: CaseVerdict;
  readonly because: readonly (readonly [rule: string, weight: number])[];
  readonly since: string;
}

interface Asked {
  readonly verdict?: CaseVerdict | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

const AFTER = /^(-?\d{1,6})\.([a-z0-9_]{1,40})$/;
/** Entries of the index looked through for one page; one that is not full says where to go on. */
const WINDOW = 4_000;

export async function byScore(read: Store["read"], scope: TenantScope, { verdict, after, limit }: Asked): Promise<{ readonly rows: readonly Scored[]; readonly next: string | null }> {
  const place = after === undefined ? undefined : AFTER.exec(after);
  if (place === null) throw wrongPlace();
  const [one, another] = scope.all ? [] : scope.tenants;
  const single = one !== undefined && another === undefined;
  const order = [sql`open = 1`, ...(single ? [sql`tenant_id = ${one}`] : []), ...(place === undefined ? [] : [sql`(score, case_id) < (${Number(place[1])}, ${place[2]})`])];
  const { rows: window } = await sql<Pick<TriageRow, "score" | "case_id" | "verdict"> & { fits: number }>`
    SELECT score, case_id, verdict, CASE WHEN ${single ? sql`1 = 1` : withinScope(scope)} THEN 1 ELSE 0 END AS fits FROM case_triage WHERE ${sql.join(order, sql` AND `)} ORDER BY score DESC, case_id DESC LIMIT ${WINDOW}`.execute(read);
  const fitting = window.filter((row) => row.fits === 1 && (verdict === undefined || row.verdict === verdict));
  const shown = fitting.slice(0, limit);
  const end = fitting.length > limit ? shown.at(-1) : window.length === WINDOW ? window.at(-1) : undefined;
  return { rows: await scored(read, shown.map(({ case_id: id }) => id)), next: end === undefined ? null : `${String(end.score)}.${end.case_id}` };
}

async function scored(read: Store["read"], ids: readonly string[]): Promise<readonly Scored[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<CaseRow & { score: number; suggested: string; because: string; since: number }>`
    SELECT c.*, t.score, t.verdict AS suggested, t.because, t.since FROM case_triage AS t JOIN cases AS c ON c.id = t.case_id WHERE t.case_id IN (${sql.join(ids)})`.execute(read);
  const known = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = known.get(id);
    return row === undefined ? [] : [{ row, score: scoreOf(row.score), suggested: row.suggested as CaseVerdict, because: JSON.parse(row.because) as Scored["because"], since: isoTime(row.since) }];
  });
}

/** Something is still to be looked at again. */
export async function isPending(read: Store["read"], scope: TenantScope): Promise<boolean> {
  const { rows } = await sql<{ pending: number }>`
    SELECT CASE WHEN EXISTS (SELECT 1 FROM case_triage_due WHERE ${withinScope(scope)}) OR EXISTS (SELECT 1 FROM case_triage_sweeps WHERE tenant_id = ${ALL_TENANTS} OR ${withinScope(scope)}) THEN 1 ELSE 0 END AS pending`.execute(read);
  return rows[0]?.pending === 1;
}
