/** How many devices there are and how many of them some rule fails, for the first page people see. */
import { sql, type RawBuilder } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import { countedBy } from "../store/series.ts";
import type { Store } from "../store/store.ts";

export interface PostureFigures {
  readonly devices: number;
  /** By the facts as they are, the age of the evidence left aside. */
  readonly failing: number;
}

export async function postureFigures({ read }: Pick<Store, "read">, scope: TenantScope): Promise<PostureFigures> {
  const count = async (which: RawBuilder<unknown>): Promise<readonly [number, number]> => {
    const { rows } = await sql<Record<"devices" | "failing", number | null>>`SELECT count(*) AS devices, sum(CASE WHEN letters LIKE '%f%' THEN 1 ELSE 0 END) AS failing FROM posture_devices WHERE ${which} AND ${withinScope(scope)}`.execute(read);
    return [Number(rows[0]?.devices ?? 0), Number(rows[0]?.failing ?? 0)];
  };
  // Those with a serial number, nearly all, are counted in an index that has the letters; only the others' rows are read.
  const [numbered, others] = [await count(sql`serial_key IS NOT NULL`), await count(sql`serial_key IS NULL`)];
  return { devices: numbered[0] + others[0], failing: numbered[1] + others[1] };
}

/** Verdicts that turned to fail. */
export function failuresByDay({ read }: Pick<Store, "read">, scope: TenantScope, periodMs: number, periods: number, now: number): Promise<number[]> {
  return countedBy(read, { table: "posture_results", at: "at", where: sql`outcome = 'fail' AND ${withinScope(scope)}`, periodMs, periods }, now);
}
