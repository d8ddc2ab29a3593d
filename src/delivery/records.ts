/**
 * The vendor's records that queued facts tell of, each stored once however many destinations want it. A record goes with the last
 * delivery that refers to it, in the transaction that lets go of it.
 */
import { sql } from "kysely";
import type { Fact, FactSeverity, FactSource } from "../kernel/fact.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";

/** Of a fact and its record together; a larger one is parked where it would be queued, and stays so. */
export const LARGEST_DELIVERY_BYTES = 4 * 1_048_576;

/** What of a record its delivery needs when it is sent. */
export interface QueuedRecord {
  readonly stream: StreamId;
  readonly severity: FactSeverity;
  readonly console: string | null;
  /** JSON text of an object, on one line. */
  readonly raw: string;
}

const RECORD: BulkUpsert = {
  table: "outbox_records",
  columns: [
    ...["id", "tenant_id", "stream", "product", "severity", "site_id", "connection_id", "console", "raw"].map((name) => ({ name, type: "text" as const })),
    { name: "touched_at", type: "integer" },
  ],
  key: ["id"],
  // A row that is written is locked: whoever lets go of the record's last delivery meanwhile has to look again (PostgreSQL).
  update: ["touched_at"],
};

export interface RecordToStore {
  readonly id: string;
  readonly fact: Fact;
  readonly source: FactSource;
  readonly raw: string;
}

export async function storeRecords(tx: Tx, records: readonly RecordToStore[], now: number): Promise<void> {
  if (records.length === 0) return;
  await tx.bulkUpsert(RECORD, records.map(({ id, fact, source, raw }) => [id, fact.tenant, source.stream, source.product, source.severity, source.siteId, source.connection, source.console, raw, now]));
}

/** Deletes those that no delivery refers to any more. In the transaction that took the references away, after it did. */
export async function releaseRecords(tx: Tx, ids: readonly (string | null)[], now: number): Promise<void> {
  const given = [...new Set(ids.filter((id) => id !== null))];
  if (given.length === 0) return;
  const list = textList(tx.kind, given);
  // Written first, so that of two that each take one of the last two references away one sees that the other did (PostgreSQL).
  if (tx.kind === "postgres") await sql`UPDATE outbox_records SET touched_at = ${now} WHERE id IN ${list}`.execute(tx.db);
  await sql`DELETE FROM outbox_records WHERE id IN ${list} AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.record_id = outbox_records.id)`.execute(tx.db);
}

/** Line ends can stand only between the parts of JSON, never inside a text: taken out, every digit and letter of the record stays. */
export function onOneLine(raw: string): string {
  return /[\n\r]/.test(raw) ? raw.replaceAll(/[\n\r]+/g, " ") : raw;
}

/** No more than a look: what was mirrored is JSON. An envelope made of anything else would spoil what is sent with it. */
export function looksLikeObject(raw: string): boolean {
  return raw.startsWith("{") && raw.endsWith("}");
}

export const NO_OBJECT = "The record's text is no JSON object.";
