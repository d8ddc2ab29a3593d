/**
 * Deliveries as people see them, always within a tenant scope: list, show, replay. A replay puts a delivery back at its old place under its
 * old id; nothing that is still queued is touched.
 */
import { sql, type RawBuilder } from "kysely";
import { isoTime, type Clock } from "../kernel/clock.ts";
import type { DeliveryDetail, DeliveryReplayed, DeliveryView } from "../kernel/delivery-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store } from "../store/store.ts";
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

type Listed = Omit<OutboxRow, "body">;

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
  return { ...view(row), data: row.body };
}

export interface ReplayWish {
  /** These, delivered ones among them. */
  readonly ids?: readonly string[];
  /** All that is parked for this destination (id or name). */
  readonly destination?: string;
  /** All that is parked. */
  readonly all?: true;
}

export async function replayDeliveries(scope: TenantScope, store: Store, clock: Clock, wish: ReplayWish, record: Recorder, signal: AbortSignal): Promise<DeliveryReplayed> {
  if (wish.ids === undefined && wish.destination === undefined && wish.all === undefined) {
    throw new Fault("CONFIG_INVALID", "Nothing says what to replay.", { cure: "Give ids, a destination, or all." });
  }
  if (wish.ids !== undefined) return replayIds(scope, store, wish.ids, record);
  const destination = wish.destination === undefined ? null : await destinationRow(store.read, scope, wish.destination);
  // What is parked again while this goes on is not tried twice.
  const until = clock.now();
  const of = destination === null ? sql`1 = 1` : sql`destination_id = ${destination.id}`;
  let replayed = 0;
  for (;;) {
    if (signal.aborted) throw new Fault("CANCELLED", `Stopped after ${String(replayed)} deliveries.`);
    const portion = await store.tx(async (tx) => {
      const { rows } = await sql<{ seq: number }>`
        SELECT seq FROM outbox WHERE ${within(scope)} AND ${of} AND state = 'parked' AND body IS NOT NULL AND ended_at <= ${until} ORDER BY seq LIMIT ${PORTION}`.execute(tx.db);
      if (rows.length > 0) await requeue(tx.db, rows.map((row) => row.seq));
      // Even nothing is recorded once, as what was asked for.
      if (rows.length > 0 || replayed === 0) await record(tx, { subject: destination?.id ?? "deliveries", tenant: destination?.tenant_id ?? null, details: { replayed: rows.length } });
      return rows.length;
    });
    replayed += portion;
    if (portion < PORTION) return { replayed, skipped: 0 };
  }
}

async function replayIds(scope: TenantScope, store: Store, ids: readonly string[], record: Recorder): Promise<DeliveryReplayed> {
  const wanted = [...new Set(ids)];
  return store.tx(async (tx) => {
    const rows = await tables(tx.db).selectFrom("outbox").select(["seq", "id", "state", "tenant_id", (where) => where("body", "is not", null).as("kept")]).where("id", "in", wanted).where(within(scope)).execute();
    if (rows.length < wanted.length) throw noDelivery();
    const ready = rows.filter((row) => row.state !== "queued" && Boolean(row.kept));
    if (ready.length > 0) await requeue(tx.db, ready.map((row) => row.seq));
    const tenants = new Set(rows.map((row) => row.tenant_id));
    await record(tx, { subject: wanted.length === 1 ? (wanted[0] ?? "deliveries") : "deliveries", tenant: tenants.size === 1 ? (rows[0]?.tenant_id ?? null) : null, details: { replayed: ready.length } });
    return { replayed: ready.length, skipped: rows.length - ready.length };
  });
}

async function requeue(db: Parameters<typeof tables>[0], seqs: readonly number[]): Promise<void> {
  await sql`UPDATE outbox SET state = 'queued', attempts = 0, replays = replays + 1, next_at = 0, ended_at = NULL, code = NULL, reason = NULL WHERE seq IN (${sql.join(seqs)}) AND state <> 'queued'`.execute(db);
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
