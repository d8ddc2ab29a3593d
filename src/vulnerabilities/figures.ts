/** How much is open and how late it is, for the first page people see: what the summary counts, and how it went by the day. */
import type { TenantScope } from "../kernel/scope.ts";
import type { Store } from "../store/store.ts";
import { addInto, countBySeverity, noCounts } from "./queries.ts";
import { trend } from "./trend.ts";

export interface FindingFigures {
  /** Open and stale together. */
  readonly active: number;
  readonly overdue: number;
  /** Of the active ones. */
  readonly critical: number;
}

export async function findingFigures(store: Pick<Store, "read" | "kind">, scope: TenantScope, now: number): Promise<FindingFigures> {
  const bySeverity = await countBySeverity(store, scope, now);
  const all = noCounts();
  for (const one of bySeverity.values()) addInto(all, one);
  const critical = bySeverity.get(0) ?? noCounts();
  return { active: all.open + all.stale, overdue: all.overdue, critical: critical.open + critical.stale };
}

/** Active at the end of each day; of the last one, now. */
export async function activeByDay(store: Pick<Store, "read">, scope: TenantScope, periods: number, now: number): Promise<number[]> {
  const { points } = await trend(store, scope, { connection: undefined, severity: undefined, by: "day", periods }, now);
  return points.map(({ active }) => active);
}
