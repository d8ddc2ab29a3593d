/**
 * Deliveries as people see them, always within a tenant scope: list, show, replay. A replay puts a delivery back at its old place under its
 * old id; nothing that is still queued is touched.
 */
import { sql, type RawBuilder } from "kysely";
import { isoTime, type Clock } from "../kernel/clock.ts";
import type { DeliveryDetail, DeliveryReplayed, DeliveryView } from "../kernel/delivery-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { numberList } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { dataWith } from "./document.ts";
import { LARGEST_DELIVERY_BYTES, looksLikeObject } from "./records.ts";
import { destinationRow, type Recorder } from "./registry.ts";
import { tables, withinScope, type OutboxRow } from "./tables.ts";

export interface DeliveryFilter {
  /** Id or name. */
  readonly destination?: string;
  readonly state?: DeliveryView["state"];
  readonly kind?: string;
  /** `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
}

const PORTION = 500;

type Listed = Omit<OutboxRow, "body" | "record_id">;

const VISIBLE = sql`seq, id, destination_id, tenant_id, kind, fact_key, version, order_key, bytes, state, attempts, replays, queued_at, next_at, ended_at, code, reason`;

/** Newest first. */
export async function listDeliveries(scope: TenantScope, store: Store, filter: DeliveryFilter): Promise<{ readonly items: readonly DeliveryView[]; readonly next: string | null }> {
  const conditions = [within(scope), sql`1 = 1`];
  if (filter.destination !== undefined) conditions.push(sql`destination_id = ${(await destinationRow(store.read, scope, filter.destination)).id}`);
  // A literal, so that the index of that state is used.
  if (filter.state !== undefined) conditions.push(sql`state = ${sql.lit(filter.state)}`);
  if (filter.kind !== undefined) conditions.push(sql`kind = ${filter.kind}`);
  if (filter.after !== undefined) conditions.push(sql`seq < ${place(filter.after)}`);
  const { rows } = await sql<Listed>`SELECT ${VISIBLE} FROM outbox WHERE ${sql.join(conditions, sql` AND `)} ORDER BY seq DESC LIMIT ${filter.limit}`.execute(store.read);
  const last = rows.at(-1);
  return { items: rows.map(view), next: last === undefined || rows.length < filter.limit ? null : String(last.seq) };
}

export async function showDelivery(scope: TenantScope, store: Store, id: string): Promise<DeliveryDetail> {
  const row = await tables(store.read).selectFrom("outbox").selectAll().where("id", "=", id).where(within(scope)).executeTakeFirst();
  if (row === undefined) throw noDelivery();
  if (row.body === null || row.record_id === null) return { ...view(row), data: row.body };
  const record = await tables(store.read).selectFrom("outbox_records").select("raw").where("id", "=", row.record_id).where(withinScope(scope)).executeTakeFirst();
  // Text that is no JSON object is shown as the text it is.
  const raw = record === undefined ? "null" : looksLikeObject(record.raw) ? record.raw : JSON.stringify(record.raw);
  return { ...view(row), data: dataWith(row.body, raw) };
}

export interface ReplayWish {
  /** These, delivered ones among them. */
  readonly ids?: readonly string[];
  /** All that is parked for this destination (id or name); with a time, all that ended in it. */
  readonly destination?: string;
  /** All that is parked. */
  readonly all?: true;
  /** Milliseconds: what was accepted or parked in this time, its ends included. */
  readonly since?: number;
  readonly until?: number;
  readonly state?: "delivered" | "parked";
}

export async function replayDeliveries(scope: TenantScope, store: Store, clock: Clock, wish: ReplayWish, record: Recorder, signal: AbortSignal): Promise<DeliveryReplayed> {
  const timed = wish.since !== undefined || wish.until !== undefined;
  if (wish.ids !== undefined && (timed || wish.destination !== undefined || wish.all !== undefined)) throw new Fault("CONFIG_INVALID", "Ids say exactly what to replay; nothing else goes with them.");
  if (wish.ids !== undefined) return replayIds(scope, store, wish.ids, record);
  if (!timed && wish.destination === undefined && wish.all === undefined) throw new Fault("CONFIG_INVALID", "Nothing says what to replay.", { cure: "Give ids, a destination, a time, or all." });
  if (!timed && wish.state === "delivered") throw new Fault("CONFIG_INVALID", "All that was ever delivered is more than anybody means.", { cure: "Say from when on: since." });
  if ((wish.since ?? 0) > (wish.until ?? clock.now())) throw new Fault("CONFIG_INVALID", "That time ends before it begins.", { cure: "`since` is the earlier of the two." });
  const states = wish.state === undefined ? (timed ? (["parked", "delivered"] as const) : (["parked"] as const)) : [wish.state];
  const destination = wish.destination === undefined ? null : await destinationRow(store.read, scope, wish.destination);
  // What ends again while this goes on is not tried twice.
  const until = Math.min(wish.until ?? Number.MAX_SAFE_INTEGER, clock.now());
  const subject = { subject: destination?.id ?? "deliveries", tenant: destination?.tenant_id ?? null };
  let replayed = 0;
  let recorded = false;
  for (const state of states) {
    for (let portion = PORTION; portion === PORTION; ) {
      if (signal.aborted) throw new Fault("CANCELLED", `Stopped after ${String(replayed)} deliveries.`);
      portion = await store.tx(async (tx) => {
        const seqs = await replayable(tx.db, scope, { state, destination: destination?.id ?? null, since: wish.since ?? 0, until });
        if (seqs.length > 0) await requeue(tx, seqs);
        // Even nothing is recorded once, as what was asked for.
        if (seqs.length > 0 || (!recorded && state === states.at(-1))) await record(tx, { ...subject, details: { replayed: seqs.length, state } });
        return seqs.length;
      });
      if (portion > 0) recorded = true;
      replayed += portion;
    }
  }
  return { replayed, skipped: 0 };
}

interface Portion {
  readonly state: "delivered" | "parked";
  readonly destination: string | null;
  readonly since: number;
  readonly until: number;
}

async function replayable(db: Database, scope: TenantScope, { state, destination, since, until }: Portion): Promise<readonly number[]> {
  const of = destination === null ? sql`1 = 1` : sql`destination_id = ${destination}`;
  const { rows } = await sql<{ seq: number }>`
    SELECT seq FROM outbox WHERE ${within(scope)} AND ${of} AND state = ${sql.lit(state)} AND body IS NOT NULL AND bytes <= ${LARGEST_DELIVERY_BYTES} AND ended_at >= ${since} AND ended_at <= ${until}
    ORDER BY ${state === "delivered" ? sql`ended_at, seq` : sql`seq`} LIMIT ${PORTION}`.execute(db);
  return rows.map(({ seq }) => seq);
}

async function replayIds(scope: TenantScope, store: Store, ids: readonly string[], record: Recorder): Promise<DeliveryReplayed> {
  const wanted = [...new Set(ids)];
  return store.tx(async (tx) => {
    const rows = await tables(tx.db).selectFrom("outbox").select(["seq", "id", "state", "tenant_id", "bytes", (where) => where("body", "is not", null).as("kept")]).where("id", "in", wanted).where(within(scope)).execute();
    if (rows.length < wanted.length) throw noDelivery();
    const ready = rows.filter((row) => row.state !== "queued" && Boolean(row.kept) && row.bytes <= LARGEST_DELIVERY_BYTES);
    if (ready.length > 0) await requeue(tx, ready.map((row) => row.seq));
    const tenants = new Set(rows.map((row) => row.tenant_id));
    await record(tx, { subject: wanted.length === 1 ? (wanted[0] ?? "deliveries") : "deliveries", tenant: tenants.size === 1 ? (rows[0]?.tenant_id ?? null) : null, details: { replayed: ready.length } });
    return { replayed: ready.length, skipped: rows.length - ready.length };
  });
}

async function requeue(tx: Tx, seqs: readonly number[]): Promise<void> {
  await sql`UPDATE outbox SET state = 'queued', attempts = 0, replays = replays + 1, next_at = 0, ended_at = NULL, code = NULL, reason = NULL WHERE seq IN ${numberList(tx.kind, seqs)} AND state <> 'queued'`.execute(tx.db);
}

function noDelivery(): Fault {
  return new Fault("NOT_FOUND", "There is no delivery of that id.", { cure: "`vedette deliveries list` shows what there is." });
}

/** Those of removed destinations are on their way out and are not shown. */
function within(scope: TenantScope): RawBuilder<boolean> {
  return sql<boolean>`${withinScope(scope)} AND EXISTS (SELECT 1 FROM destinations WHERE destinations.id = outbox.destination_id AND destinations.removed_at IS NULL)`;
}

function place(after: string): number {
  const seq = Number(after);
  if (!/^\d{1,16}$/.test(after) || !Number.isSafeInteger(seq)) throw new Fault("CONFIG_INVALID", "`after` is not what a page of this list gave as `next`.");
  return seq;
}

function view(row: Listed): DeliveryView {
  return {
    id: row.id,
    destination: row.destination_id,
    tenant: row.tenant_id,
    kind: row.kind,
    key: row.fact_key,
    version: row.version,
    orderKey: row.order_key,
    state: row.state,
    attempts: row.attempts,
    replays: row.replays,
    bytes: row.bytes,
    queuedAt: isoTime(row.queued_at),
    nextAt: row.next_at === 0 ? null : isoTime(row.next_at),
    endedAt: row.ended_at === null ? null : isoTime(row.ended_at),
    code: row.code,
    reason: row.reason,
  };
}
