/** What rules say of agents, and whether what is known of each is evidence of today: of an asset's agents one speaks, and the others were followed by it. */
import type { Tx } from "../store/store.ts";
import { stalenessOf, type Judging } from "./asset-rules.ts";
import { assignedText } from "./asset-judging.ts";
import { primaryOf } from "./identity.ts";
import type { AgentRow } from "./tables.ts";
import { placeKey, setStaleness, type Place } from "./write.ts";

export function placeOf(row: AgentRow): Place {
  return { connection: row.connection_id, agent: row.id };
}

export function placed(rows: readonly AgentRow[]): Map<string, AgentRow> {
  return new Map(rows.map((row) => [placeKey(placeOf(row)), row]));
}

/** Replaces the rows that are judged otherwise than before. Whole assets, each by what its tenant's devices are judged by. */
export function judge(rows: Map<string, AgentRow>, by: ReadonlyMap<string, Judging>): void {
  for (const agents of Map.groupBy(rows.values(), (row) => `${row.tenant_id} ${row.asset_id}`).values()) {
    const judging = by.get(agents[0]?.tenant_id ?? "");
    if (judging === undefined) continue;
    const primary = agents.length === 1 ? undefined : primaryOf(agents.map((row) => ({ id: row.id, active: row.active === 1, lastActive: row.last_active, registeredAt: row.registered_at, row })));
    for (const row of agents) {
      const stale = primary !== undefined && primary.row !== row && primary.active ? "superseded" : stalenessOf(row, judging);
      const assigned = assignedText(judging.rules, row.facts);
      if (stale !== row.stale || assigned !== row.assigned) rows.set(placeKey(placeOf(row)), { ...row, stale, assigned });
    }
  }
}

/** Findings of devices whose evidence became old, or fresh again. */
export async function tellStaleness(tx: Tx, before: ReadonlyMap<string, AgentRow>, rows: ReadonlyMap<string, AgentRow>, now: number): Promise<void> {
  const flips = new Map<string | null, Place[]>();
  for (const [key, row] of rows) {
    const old = before.get(key);
    // Of one nobody knew there is nothing yet; from one reason to another nothing is counted otherwise.
    if (old === undefined || (old.stale === null) === (row.stale === null)) continue;
    flips.set(row.stale, [...(flips.get(row.stale) ?? []), placeOf(row)]);
  }
  for (const [stale, places] of flips) await setStaleness(tx, places, stale, now);
}
