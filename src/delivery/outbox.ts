/**
 * The outbox as the deliverer sees it: what may be sent next to one destination, and what became of it. A key whose first delivery waits is
 * held up alone; every look reads a bounded window, however much is queued behind such keys.
 */
import { sql } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import { numberList } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { HORIZON_MS, waitMs } from "./backoff.ts";
import type { BatchSize, Receipt } from "./destination.ts";
import type { QueuedFact } from "./document.ts";
import type { QueuedRecord } from "./records.ts";
import { tables, type OutboxRow, type RecordRow } from "./tables.ts";

/** One batch: as many deliveries and as many bytes at most (one delivery is always taken), where its kind of destination says nothing else. */
export const BATCH: BatchSize = { rows: 100, bytes: 4 * 1_048_576 };
const WINDOW_ROWS = 1_000;

export interface Claimed extends QueuedFact {
  readonly seq: number;
  readonly attempts: number;
}

export interface Claim {
  readonly batch: readonly Claimed[];
  /** Where the next look begins: behind a window in which nothing could go, or 0. */
  readonly from: number;
  /** True when the last window was looked at. */
  readonly end: boolean;
  /** True when nothing is queued at all. */
  readonly empty: boolean;
}

/** Destinations that have something queued, whether it may go now or not; those that are paused left out. */
export async function destinationsWithQueue(db: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM destinations WHERE removed_at IS NULL AND paused_at IS NULL AND EXISTS (SELECT 1 FROM outbox WHERE destination_id = destinations.id AND state = 'queued') ORDER BY id`.execute(db);
  return rows.map((row) => row.id);
}

export async function claim({ read: db, kind }: Pick<Store, "read" | "kind">, destination: string, from: number, now: number, most: BatchSize): Promise<Claim> {
  const window = sql`SELECT seq, order_key, bytes FROM outbox WHERE destination_id = ${destination} AND state = 'queued' AND seq > ${from} ORDER BY seq LIMIT ${WINDOW_ROWS}`;
  // A row that waits longer than any wait was put off by a clock that has been set back since: it is due.
  const held = sql`EXISTS (SELECT 1 FROM outbox AS held WHERE held.destination_id = ${destination} AND held.order_key = near.order_key AND held.state = 'queued' AND held.next_at > 0
    AND held.next_at > ${now} AND held.next_at <= ${now + HORIZON_MS})`;
  const behind = sql`EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.destination_id = ${destination} AND earlier.order_key = near.order_key AND earlier.state = 'queued' AND earlier.seq <= ${from})`;
  const { rows } = await sql<{ seq: number; bytes: number }>`
    SELECT seq, bytes FROM (${window}) AS near WHERE NOT ${held} ${from === 0 ? sql`` : sql`AND NOT ${behind}`} ORDER BY seq LIMIT ${most.rows}`.execute(db);
  if (rows.length > 0) return { batch: await facts(db, kind, withinBytes(rows, most.bytes)), from, end: false, empty: false };
  const seen = await sql<{ last: number | null; n: number }>`SELECT max(seq) AS last, count(*) AS n FROM (${window}) AS near`.execute(db);
  const { last, n } = seen.rows[0] ?? { last: null, n: 0 };
  const end = last === null || n < WINDOW_ROWS;
  return { batch: [], from: end ? 0 : last, end, empty: from === 0 && last === null };
}

function withinBytes(rows: readonly { readonly seq: number; readonly bytes: number }[], most: number): readonly number[] {
  let bytes = 0;
  const fitting = rows.findIndex((row, place) => {
    bytes += row.bytes;
    return place > 0 && bytes > most;
  });
  return (fitting === -1 ? rows : rows.slice(0, fitting)).map((row) => row.seq);
}

interface ClaimedRow extends Pick<OutboxRow, "seq" | "id" | "tenant_id" | "kind" | "fact_key" | "version" | "order_key" | "queued_at" | "body" | "attempts">, Pick<RecordRow, "console"> {
  readonly stream: RecordRow["stream"] | null;
  readonly severity: RecordRow["severity"] | null;
  readonly raw: string | null;
}

async function facts(db: Database, kind: Store["kind"], seqs: readonly number[]): Promise<readonly Claimed[]> {
  const { rows } = await sql<ClaimedRow>`
    SELECT seq, outbox.id, outbox.tenant_id, kind, fact_key, version, order_key, queued_at, body, attempts, record.stream, record.severity, record.console, record.raw FROM outbox LEFT JOIN outbox_records AS record ON record.id = outbox.record_id
    WHERE seq IN ${numberList(kind, seqs)} ORDER BY seq`.execute(db);
  return rows.map((row) => ({
    seq: row.seq,
    id: row.id,
    tenant: row.tenant_id as TenantId,
    kind: row.kind,
    key: row.fact_key,
    version: row.version,
    orderKey: row.order_key,
    queuedAt: row.queued_at,
    body: row.body ?? "{}",
    record: recordOf(row),
    attempts: row.attempts,
  }));
}

function recordOf({ stream, severity, console: origin, raw }: ClaimedRow): QueuedRecord | null {
  return raw === null ? null : { stream: stream as QueuedRecord["stream"], severity: severity as QueuedRecord["severity"], console: origin, raw };
}

export interface Trouble {
  readonly code: string;
  readonly reason: string;
}

export interface Parked {
  readonly claimed: Claimed;
  readonly refusal: Extract<Receipt, { readonly outcome: "refused" }>;
}

/** Sets aside what its destination was never asked about, and so says nothing of the destination. */
export async function park(tx: Tx, parked: readonly Parked[], now: number): Promise<void> {
  for (const { claimed, refusal } of parked) {
    const { code, reason } = refusal;
    await tables(tx.db).updateTable("outbox").set({ state: "parked", ended_at: now, next_at: 0, attempts: claimed.attempts + 1, code, reason }).where("seq", "=", claimed.seq).where("state", "=", "queued").execute();
  }
}

/**
 * Writes what became of a batch, in the caller's fenced transaction. Only rows that are still queued change, so that each ends once.
 * A delivery held back by its destination's trouble or by an earlier one keeps its place and no wait of its own.
 */
export async function settle(tx: Tx, destination: string, batch: readonly Claimed[], receipts: readonly Receipt[], now: number, random: () => number): Promise<void> {
  const accepted: number[] = [];
  const refused: Parked[] = [];
  let trouble: Trouble | null = null;
  for (const [place, delivery] of batch.entries()) {
    const receipt = receipts[place];
    if (receipt === undefined || (receipt.outcome === "again-after" && receipt.blame === "earlier")) continue;
    if (receipt.outcome === "accepted") {
      accepted.push(delivery.seq);
      continue;
    }
    const { code, reason } = receipt;
    const attempts = delivery.attempts + 1;
    if (receipt.outcome === "refused") {
      refused.push({ claimed: delivery, refusal: receipt });
      continue;
    }
    trouble ??= { code, reason };
    const next = receipt.blame === "destination" ? 0 : now + waitMs(attempts, receipt.afterMs, random);
    await tables(tx.db).updateTable("outbox").set({ next_at: next, attempts, code, reason }).where("seq", "=", delivery.seq).where("state", "=", "queued").execute();
  }
  await park(tx, refused, now);
  if (accepted.length > 0) {
    const { numAffectedRows } = await sql`UPDATE outbox SET state = 'delivered', ended_at = ${now}, next_at = 0, attempts = attempts + 1, code = NULL, reason = NULL WHERE seq IN ${numberList(tx.kind, accepted)} AND state = 'queued'`.execute(tx.db);
    await sql`UPDATE destinations SET delivered_at = ${now}, delivered = delivered + ${Number(numAffectedRows ?? 0)}, failing_since = NULL, fault_code = NULL, fault_reason = NULL WHERE id = ${destination}`.execute(tx.db);
  } else if (refused.length > 0) await noteHealthy(tx, destination);
  else if (trouble !== null) await noteTrouble(tx, destination, trouble, now);
}

export async function noteTrouble(tx: Tx, destination: string, trouble: Trouble, now: number): Promise<void> {
  await sql`UPDATE destinations SET failing_since = coalesce(failing_since, ${now}), fault_code = ${trouble.code}, fault_reason = ${trouble.reason} WHERE id = ${destination}`.execute(tx.db);
}

/** It answers, whatever it says. */
async function noteHealthy(tx: Tx, destination: string): Promise<void> {
  await tables(tx.db).updateTable("destinations").set({ failing_since: null, fault_code: null, fault_reason: null }).where("id", "=", destination).where("failing_since", "is not", null).execute();
}

export function leaseName(destination: string): string {
  return `deliver:${destination}`;
}

export type DelivererStore = Pick<Store, "kind" | "read" | "tx" | "fencedTx" | "lease" | "release">;
