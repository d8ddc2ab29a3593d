/** How many cases wait, for the first page people see: from the indexes of the queue. */
import { sql } from "kysely";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import { countedBy } from "../store/series.ts";
import type { Store } from "../store/store.ts";

const HIGH = FACT_SEVERITIES.indexOf("high");

export interface CaseFigures {
  readonly open: number;
  /** High or critical. */
  readonly urgent: number;
  readonly urgentUnowned: number;
}

export async function caseFigures({ read }: Pick<Store, "read">, scope: TenantScope): Promise<CaseFigures> {
  const { rows } = await sql<Record<"open" | "urgent" | "unowned", number | null>>`
    SELECT count(*) AS open, sum(CASE WHEN severity >= ${sql.lit(HIGH)} THEN 1 ELSE 0 END) AS urgent, sum(CASE WHEN severity >= ${sql.lit(HIGH)} AND owner IS NULL THEN 1 ELSE 0 END) AS unowned
    FROM cases WHERE open = 1 AND status <> 'merged' AND ${withinScope(scope)}`.execute(read);
  const [row] = rows;
  return { open: Number(row?.open ?? 0), urgent: Number(row?.urgent ?? 0), urgentUnowned: Number(row?.unowned ?? 0) };
}

/** By the day of their first alert. */
export function casesByDay({ read }: Pick<Store, "read">, scope: TenantScope, periodMs: number, periods: number, now: number): Promise<number[]> {
  const start = (Math.floor(now / periodMs) - periods + 1) * periodMs;
  // No case began after its last alert: so the index by that narrows it down.
  return countedBy(read, { table: "cases", at: "first_at", where: sql`status <> 'merged' AND last_at >= ${sql.lit(start)} AND ${withinScope(scope)}`, periodMs, periods }, now);
}
