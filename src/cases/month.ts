/** What became of a tenant's cases in a span of time, in numbers and in its gravest cases: worked out by the store in a few questions over the tenant's cases. */
import { sql, type RawBuilder } from "kysely";
import type { CaseView } from "../kernel/case-api.ts";
import type { Store } from "../store/store.ts";
import type { CaseRow } from "./tables.ts";
import { caseView } from "./views.ts";

export interface Durations {
  readonly cases: number;
  /** Milliseconds; null where there are none. */
  readonly median: number | null;
  readonly ninth: number | null;
}

export interface CaseSpan {
  /** Opened in the span and open when Vedette first saw them, by severity and verdict. */
  readonly opened: readonly { readonly severity: number; readonly verdict: CaseView["verdict"]; readonly type: CaseView["type"]; readonly cases: number }[];
  /** Resolved at the console before Vedette saw them first. */
  readonly settled: number;
  readonly resolved: number;
  /** Opened before its end and not resolved by then, and those of them nobody has looked at. */
  readonly open: number;
  readonly unseen: number;
  readonly firstLook: Durations;
  readonly closing: Durations;
  /** About the agents themselves. */
  readonly agents: { readonly opened: number; readonly resolved: number; readonly open: number };
  /** Of the opened ones, the gravest first. */
  readonly gravest: readonly CaseView[];
}

const MOST = 25;

export async function casesInSpan({ read }: Pick<Store, "read">, tenant: string, from: number, to: number): Promise<CaseSpan> {
  const own = sql`tenant_id = ${tenant} AND status <> 'merged'`;
  const met = sql`(resolved_at IS NULL OR resolved_at > opened_at)`;
  const opened = sql`${own} AND opened_at >= ${from} AND opened_at < ${to} AND ${met}`;
  const resolved = sql`${own} AND resolved_at >= ${from} AND resolved_at < ${to} AND ${met}`;
  const open = sql`${own} AND opened_at < ${to} AND (resolved_at IS NULL OR resolved_at >= ${to}) AND ${met}`;
  const health = sql`type = 'agent-health'`;
  const count = async (which: RawBuilder<unknown>): Promise<number> => Number((await sql<{ n: number }>`SELECT count(*) AS n FROM cases WHERE ${which}`.execute(read)).rows[0]?.n ?? 0);
  const durations = async (which: RawBuilder<unknown>, span: RawBuilder<unknown>): Promise<Durations> => {
    const cases = await count(which);
    const at = async (part: number): Promise<number | null> => {
      if (cases === 0) return null;
      const { rows } = await sql<{ ms: number }>`SELECT ${span} AS ms FROM cases WHERE ${which} ORDER BY ms LIMIT 1 OFFSET ${Math.min(cases - 1, Math.ceil(cases * part) - 1)}`.execute(read);
      return rows[0] === undefined ? null : Number(rows[0].ms);
    };
    return { cases, median: await at(0.5), ninth: await at(0.9) };
  };
  const { rows: groups } = await sql<Pick<CaseRow, "severity" | "verdict" | "type"> & { readonly n: number }>`SELECT severity, verdict, type, count(*) AS n FROM cases WHERE ${opened} GROUP BY severity, verdict, type ORDER BY severity DESC, verdict, type`.execute(read);
  const { rows: gravest } = await sql<CaseRow>`SELECT * FROM cases WHERE ${opened} ORDER BY severity DESC, opened_at, id LIMIT ${MOST}`.execute(read);
  return {
    opened: groups.map(({ severity, verdict, type, n }) => ({ severity, verdict: verdict as CaseView["verdict"], type: type as CaseView["type"], cases: Number(n) })),
    settled: await count(sql`${own} AND opened_at >= ${from} AND opened_at < ${to} AND resolved_at <= opened_at`),
    resolved: await count(resolved),
    open: await count(open),
    unseen: await count(sql`${open} AND (first_look_at IS NULL OR first_look_at >= ${to})`),
    firstLook: await durations(sql`${opened} AND first_look_at IS NOT NULL AND first_look_at < ${to}`, sql`first_look_at - opened_at`),
    closing: await durations(resolved, sql`resolved_at - opened_at`),
    agents: { opened: await count(sql`${opened} AND ${health}`), resolved: await count(sql`${resolved} AND ${health}`), open: await count(sql`${open} AND ${health}`) },
    gravest: gravest.map(caseView),
  };
}
