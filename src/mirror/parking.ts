/**
 * Setting records aside, and taking them back when the same key has arrived well. The same record parked again is one row whose `times` rises. A
 * parked row holds the record's own text; parking happens in the transaction of the page it came with.
 */
import { hash } from "node:crypto";
import { sql } from "kysely";
import { type ConnectionId, newId, type TenantId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Tx } from "../store/store.ts";
import { idList } from "./tables.ts";

/** `kind` of a record that failed its schema; a capability's id otherwise. */
export const RECORD = "record";

export interface ParkedDraft {
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly kind: string;
  readonly stream: StreamId;
  readonly key: string | null;
  readonly code: string;
  readonly reason: string;
  readonly codeVersion: string;
  readonly raw: string;
  /** The change a capability could not take in, as JSON. */
  readonly change: string | null;
  readonly now: number;
}

export async function park(tx: Tx, drafts: readonly ParkedDraft[]): Promise<void> {
  for (const draft of drafts) {
    // A capability's parked change is one per record, whatever its content: the newest is what it has to take in.
    const once = draft.kind === RECORD ? hash("sha256", draft.raw, "hex") : `key:${draft.key ?? ""}`;
    await sql`
      INSERT INTO mirror_parked (id, connection_id, tenant_id, kind, stream, record_key, code, reason, code_version, first_at, last_at, times, raw_hash, raw, change)
      VALUES (${newId("parked", draft.now)}, ${draft.connection}, ${draft.tenant}, ${draft.kind}, ${draft.stream}, ${draft.key}, ${draft.code}, ${draft.reason},
        ${draft.codeVersion}, ${draft.now}, ${draft.now}, 1, ${once}, ${draft.raw}, ${draft.change})
      ON CONFLICT (connection_id, stream, kind, raw_hash) DO UPDATE SET times = mirror_parked.times + 1, last_at = excluded.last_at, tenant_id = excluded.tenant_id,
        code = excluded.code, reason = excluded.reason, code_version = excluded.code_version, raw = excluded.raw, change = excluded.change`.execute(tx.db);
  }
}

/**
 * These keys have arrived well for this kind: nothing of theirs stays parked, and a capability with nothing parked is healthy again. A copy that was set
 * aside as a duplicate stays: the record it is a copy of arrives well every time, and says nothing about the copy.
 */
export async function resolve(tx: Tx, connection: ConnectionId, stream: StreamId, kind: string, keys: readonly string[]): Promise<void> {
  const any = await sql`SELECT 1 FROM mirror_parked WHERE connection_id = ${connection} AND stream = ${stream} AND kind = ${kind} LIMIT 1`.execute(tx.db);
  if (any.rows.length === 0) return;
  await sql`DELETE FROM mirror_parked WHERE connection_id = ${connection} AND stream = ${stream} AND kind = ${kind} AND code <> 'RECORD_DUPLICATE' AND record_key IN ${idList(tx.kind, keys)}`.execute(tx.db);
  if (kind !== RECORD) await clearHealth(tx, kind);
}

export async function clearHealth(tx: Tx, capability: string): Promise<void> {
  await sql`DELETE FROM capability_health WHERE capability = ${capability} AND NOT EXISTS (SELECT 1 FROM mirror_parked WHERE kind = ${capability})`.execute(tx.db);
}
