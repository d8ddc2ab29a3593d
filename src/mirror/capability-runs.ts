/** What capabilities do outside a page: what time changes (`due`), and replaying the live mirror after a rule or setting changed (`rebuild`), page by page. */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Capability, Change, MirrorRow } from "./capability.ts";
import type { MirrorContext } from "./page.ts";
import { rowSql } from "./tables.ts";
import { clearHealth } from "./parking.ts";
import { reasonOf } from "./reactions.ts";

export interface DueOutcome {
  readonly capability: string;
  /** When it wants to be asked again (ms), or null; null too where it failed. */
  readonly next: number | null;
  /** Why it failed; its transaction was undone and its health is red until it works. */
  readonly failed: string | null;
}

/** Each capability in a transaction of its own: one that fails does not hold up the others. */
export async function runDue(store: Store, capabilities: readonly Capability[], now: number): Promise<readonly DueOutcome[]> {
  const outcomes: DueOutcome[] = [];
  for (const capability of capabilities) {
    try {
      const next = await store.tx(async (tx) => {
        const asked = await capability.due(now, tx);
        await clearHealth(tx, capability.id);
        return asked;
      });
      outcomes.push({ capability: capability.id, next, failed: null });
    } catch (error) {
      const failed = reasonOf(error);
      await store.tx((tx) => markFailed(tx, capability.id, failed, now));
      outcomes.push({ capability: capability.id, next: null, failed });
    }
  }
  return outcomes;
}

async function markFailed(tx: Tx, capability: string, reason: string, now: number): Promise<void> {
  await sql`
    INSERT INTO capability_health (capability, code, reason, failed_at) VALUES (${capability}, 'CAPABILITY_FAILED', ${reason}, ${now})
    ON CONFLICT (capability) DO UPDATE SET code = excluded.code, reason = excluded.reason, failed_at = excluded.failed_at`.execute(tx.db);
}

/** Where a rebuild stands: the stream, and the last key replayed. */
export interface RebuildPlace {
  readonly stream: StreamId;
  readonly connection: ConnectionId;
  readonly id: string;
}

/**
 * One page of a rebuild: up to `limit` live rows after `place`, as `inserted`, one change set for each tenant. Store the returned place in the same transaction and
 * call again with it; null when every stream the capability reads has been replayed.
 */
export async function rebuildPage(context: MirrorContext, tx: Tx, capability: Capability, place: RebuildPlace | null, limit = 1000): Promise<RebuildPlace | null> {
  const from = place === null ? 0 : capability.reads.indexOf(place.stream);
  for (const stream of capability.reads.slice(Math.max(from, 0))) {
    const table = context.tables.find(stream);
    if (table === undefined) continue;
    const after = place?.stream === stream ? sql`AND (connection_id > ${place.connection} OR (connection_id = ${place.connection} AND id > ${place.id}))` : sql``;
    const answer = await sql<MirrorRow>`
      SELECT ${rowSql(tx.kind, table)} FROM ${sql.table(table.name)} WHERE gone_at IS NULL ${after} ORDER BY connection_id, id LIMIT ${limit}`.execute(tx.db);
    const last = answer.rows.at(-1);
    if (last === undefined) continue;
    for (const set of grouped(answer.rows)) await capability.rebuild({ ...set, stream, changed: [], gone: [], watermark: null }, tx);
    return { stream, connection: String(last["connection_id"]) as ConnectionId, id: String(last["id"]) };
  }
  return null;
}

function grouped(rows: readonly MirrorRow[]): readonly { readonly connection: ConnectionId; readonly tenant: TenantId; readonly inserted: readonly Change[] }[] {
  const groups = new Map<string, { connection: ConnectionId; tenant: TenantId; inserted: Change[] }>();
  for (const row of rows) {
    const connection = String(row["connection_id"]) as ConnectionId;
    const tenant = String(row["tenant_id"]) as TenantId;
    const key = `${connection} ${tenant}`;
    const group = groups.get(key) ?? { connection, tenant, inserted: [] };
    group.inserted.push({ id: String(row["id"]), before: null, after: row });
    groups.set(key, group);
  }
  return [...groups.values()];
}

export interface CapabilityHealth {
  readonly capability: string;
  readonly code: string;
  readonly reason: string;
  /** Milliseconds. */
  readonly failedAt: number;
}

/** Those that are red; a capability not named is well. */
export async function unhealthyCapabilities(store: Pick<Store, "read">): Promise<readonly CapabilityHealth[]> {
  const answer = await sql<{ capability: string; code: string; reason: string; failed_at: number }>`SELECT capability, code, reason, failed_at FROM capability_health ORDER BY capability`.execute(store.read);
  return answer.rows.map((row) => ({ capability: row.capability, code: row.code, reason: row.reason, failedAt: row.failed_at }));
}
