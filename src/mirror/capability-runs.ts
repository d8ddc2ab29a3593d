/** What capabilities do outside a page: what time changes (`due`), and replaying the live mirror after a rule or setting changed (`rebuild`), page by page. */
import { sql } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Capability } from "./capability.ts";
import type { MirrorContext } from "./page.ts";
import { clearHealth } from "./parking.ts";
import { reasonOf } from "./reactions.ts";
import { asInserted, selectRows } from "./rows.ts";

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
export async function rebuildPage(context: MirrorContext, tx: Tx, capability: Capability, place: RebuildPlace | null, limit = 1000, now = Date.now()): Promise<RebuildPlace | null> {
  const from = place === null ? 0 : capability.reads.indexOf(place.stream);
  for (const stream of capability.reads.slice(Math.max(from, 0))) {
    const table = context.tables.find(stream);
    if (table === undefined) continue;
    const after = place?.stream === stream ? sql`AND (connection_id, id) > (${place.connection}, ${place.id})` : sql``;
    const rows = await selectRows(tx.db, tx.kind, table, sql`WHERE gone_at IS NULL ${after} ORDER BY connection_id, id LIMIT ${limit}`);
    const last = rows.at(-1);
    if (last === undefined) continue;
    for (const set of asInserted(rows)) await capability.rebuild({ ...set, stream, changed: [], gone: [], watermark: null }, tx, now);
    return { stream, connection: String(last["connection_id"]) as ConnectionId, id: String(last["id"]) };
  }
  return null;
}

/**
 * Replays the mirror to the capabilities whose revision is another one than the last they were rebuilt for: up to `pages` pages each, every page with its
 * place in one transaction, so that a kill costs one page. True where some are not done yet.
 */
export async function runRebuilds(store: Store, context: MirrorContext, now: number, pages: number): Promise<boolean> {
  let more = false;
  for (const capability of context.capabilities) {
    const { revision } = capability;
    if (revision === undefined) continue;
    try {
      let done = await isRebuilt(store.read, capability.id, revision);
      for (let page = 0; !done && page < pages; page += 1) done = await store.tx((tx) => rebuildStep(context, tx, capability, revision, now));
      more ||= !done;
    } catch (error) {
      await store.tx((tx) => markFailed(tx, capability.id, reasonOf(error), now));
    }
  }
  return more;
}

async function isRebuilt(db: Store["read"], capability: string, revision: number): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM capability_rebuilds WHERE capability = ${capability} AND revision = ${revision} AND done_at IS NOT NULL`.execute(db);
  return rows.length > 0;
}

async function rebuildStep(context: MirrorContext, tx: Tx, capability: Capability, revision: number, now: number): Promise<boolean> {
  const { rows } = await sql<{ place: string | null }>`SELECT place FROM capability_rebuilds WHERE capability = ${capability.id} AND revision = ${revision}`.execute(tx.db);
  const from = rows[0]?.place ?? null;
  const place = await rebuildPage(context, tx, capability, from === null ? null : (JSON.parse(from) as RebuildPlace), 1000, now);
  await sql`
    INSERT INTO capability_rebuilds (capability, revision, place, done_at) VALUES (${capability.id}, ${revision}, ${place === null ? null : JSON.stringify(place)}, ${place === null ? now : null})
    ON CONFLICT (capability) DO UPDATE SET revision = excluded.revision, place = excluded.place, done_at = excluded.done_at`.execute(tx.db);
  return place === null;
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
