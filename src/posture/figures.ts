/** How many devices there are and how many of them some rule fails, for the first page people see. */
import { sql, type RawBuilder } from "kysely";
import { FLEET_VERDICTS } from "../kernel/posture-api.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import { countedBy } from "../store/series.ts";
import type { Store } from "../store/store.ts";

export interface PostureFigures {
  readonly devices: number;
  /** Those that a rule refuses which is not in shadow: what the list of devices calls `fail`. */
  readonly failing: number;
}

export async function postureFigures({ read }: Pick<Store, "read">, scope: TenantScope): Promise<PostureFigures> {
  const count = async (which: RawBuilder<unknown>): Promise<number> => Number((await sql<{ n: number }>`SELECT count(*) AS n FROM posture_devices WHERE ${which} AND ${withinScope(scope)}`.execute(read)).rows[0]?.n ?? 0);
  return { devices: await count(sql`1 = 1`), failing: await count(sql`verdict = ${FLEET_VERDICTS.indexOf("fail")}`) };
}

/** Verdicts that turned to fail. */
export function failuresByDay({ read }: Pick<Store, "read">, scope: TenantScope, periodMs: number, periods: number, now: number): Promise<number[]> {
  return countedBy(read, { table: "posture_results", at: "at", where: sql`outcome = 'fail' AND ${withinScope(scope)}`, periodMs, periods }, now);
}
