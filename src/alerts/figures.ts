/** How many alerts came of late and how many are not settled, for the first page people see: from the indexes of their list. */
import { sql } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import { countedBy } from "../store/series.ts";
import type { Store } from "../store/store.ts";

const DAY = 86_400_000;

export interface AlertFigures {
  readonly lastDay: number;
  readonly unresolved: number;
}

export async function alertFigures({ read }: Pick<Store, "read">, scope: TenantScope, now: number): Promise<AlertFigures> {
  const { rows } = await sql<Record<"recent" | "unresolved", number | null>>`
    SELECT sum(CASE WHEN at >= ${sql.lit(now - DAY)} THEN 1 ELSE 0 END) AS recent, sum(CASE WHEN status <> 'resolved' THEN 1 ELSE 0 END) AS unresolved
    FROM alert_items WHERE gone_at IS NULL AND ${withinScope(scope)}`.execute(read);
  return { lastDay: Number(rows[0]?.recent ?? 0), unresolved: Number(rows[0]?.unresolved ?? 0) };
}

export function alertsByDay({ read }: Pick<Store, "read">, scope: TenantScope, periodMs: number, periods: number, now: number): Promise<number[]> {
  return countedBy(read, { table: "alert_items", at: "at", where: sql`gone_at IS NULL AND ${withinScope(scope)}`, periodMs, periods }, now);
}
