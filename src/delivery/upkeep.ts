/**
 * What the outbox forgets: delivered bodies and their records after a week, or at once where the disk is full; receipts after ninety days,
 * what was queued for a removed destination, and all of a tenant that has left. Parked and queued deliveries are never aged out. Small
 * transactions, safe to repeat after a kill.
 */
import { sql, type RawBuilder } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import { numberList } from "../store/conditions.ts";
import type { Store, Tx } from "../store/store.ts";
import { releaseRecords } from "./records.ts";
import { tables } from "./tables.ts";
import { dropSlots } from "./throughput.ts";

const DAY = 86_400_000;
export const BODIES_KEPT_MS = 7 * DAY;
/** As long as a receipt is kept, the same fact queued again is absorbed here; later, the receiver sees the same id again. */
export const RECEIPTS_KEPT_MS = 90 * DAY;
const ROWS = 500;
const STEPS = 400;
/** A transaction that saw the destination before it was removed may still be queueing for it. */
const SETTLED_AFTER_MS = 3_600_000;

/** A bounded number of steps. */
export async function tidyDeliveries(store: Store, now: number): Promise<void> {
  await repeated(store, (tx) => forgetRemoved(tx, now));
  await repeated(store, (tx) => dropBodies(tx, now - BODIES_KEPT_MS, now));
  await repeated(store, (tx) => dropReceipts(tx, now));
  await repeated(store, (tx) => dropSlots(tx, now, ROWS));
}

/** Where the disk is full: what was delivered need not be kept for a replay. Says whether there was any. */
export async function dropDelivered(store: Store, now: number): Promise<boolean> {
  let any = false;
  await repeated(store, async (tx) => {
    const rows = await dropBodies(tx, now + 1, now);
    any ||= rows > 0;
    return rows;
  });
  return any;
}

async function repeated(store: Store, work: (tx: Tx) => Promise<number>): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) if ((await store.tx(work)) < ROWS) return;
}

async function forgetRemoved(tx: Tx, now: number): Promise<number> {
  const rows = await erase(tx, sql`destination_id IN (SELECT id FROM destinations WHERE removed_at IS NOT NULL)`, ROWS, now);
  if (rows === 0) await tables(tx.db).deleteFrom("destinations").where("removed_at", "<", now - SETTLED_AFTER_MS).execute();
  return rows;
}

async function dropBodies(tx: Tx, before: number, now: number): Promise<number> {
  const rows = await chosen(tx, sql`state = 'delivered' AND body IS NOT NULL AND ended_at < ${before}`, ROWS);
  if (rows.length === 0) return 0;
  await sql`UPDATE outbox SET body = NULL, record_id = NULL WHERE seq IN ${numberList(tx.kind, rows.map(({ seq }) => seq))}`.execute(tx.db);
  await releaseRecords(tx, rows.map((row) => row.record_id), now);
  return rows.length;
}

function dropReceipts(tx: Tx, now: number): Promise<number> {
  return erase(tx, sql`state = 'delivered' AND ended_at < ${now - RECEIPTS_KEPT_MS}`, ROWS, now);
}

/** Deletes up to `limit` rows, and the records that were only theirs. */
async function erase(tx: Tx, which: RawBuilder<unknown>, limit: number, now: number): Promise<number> {
  const rows = await chosen(tx, which, limit);
  if (rows.length === 0) return 0;
  await sql`DELETE FROM outbox WHERE seq IN ${numberList(tx.kind, rows.map(({ seq }) => seq))}`.execute(tx.db);
  await releaseRecords(tx, rows.map((row) => row.record_id), now);
  return rows.length;
}

async function chosen(tx: Tx, which: RawBuilder<unknown>, limit: number): Promise<readonly { readonly seq: number; readonly record_id: string | null }[]> {
  const { rows } = await sql<{ seq: number; record_id: string | null }>`SELECT seq, record_id FROM outbox WHERE ${which} LIMIT ${limit}`.execute(tx.db);
  return rows;
}

/** Deletes up to `limit` rows of a tenant, its destinations last; 0 when none are left. */
export async function purgeTenantDeliveries(tx: Tx, tenant: TenantId, limit: number, destroySecret: (tx: Tx, destination: string) => Promise<void>, now: number): Promise<number> {
  const rows = await erase(tx, sql`tenant_id = ${tenant}`, limit, now);
  if (rows > 0) return rows;
  const destinations = await tables(tx.db).selectFrom("destinations").select("id").where("tenant_id", "=", tenant).limit(limit).execute();
  for (const { id } of destinations) {
    // Another tenant's facts may wait there.
    const theirs = await erase(tx, sql`destination_id = ${id}`, limit, now);
    if (theirs > 0) return theirs;
    await destroySecret(tx, id);
    await sql`DELETE FROM outbox_slots WHERE destination_id = ${id}`.execute(tx.db);
    await tables(tx.db).deleteFrom("destinations").where("id", "=", id).execute();
  }
  return destinations.length;
}

export async function countTenantDeliveries(store: Store, tenant: TenantId): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT (SELECT count(*) FROM outbox WHERE tenant_id = ${tenant}) + (SELECT count(*) FROM outbox_records WHERE tenant_id = ${tenant}) + (SELECT count(*) FROM destinations WHERE tenant_id = ${tenant}) AS n`.execute(store.read);
  return Number(rows[0]?.n ?? 0);
}

/** For a tenant's export: its destinations without their secrets, and its deliveries. */
export async function* tenantDeliveries(store: Store, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Readonly<Record<string, string | number | null>> }> {
  const destinations = await tables(store.read).selectFrom("destinations").selectAll().where("tenant_id", "=", tenant).where("removed_at", "is", null).orderBy("id").execute();
  for (const { place_hash: _place, removed_at: _removed, ...row } of destinations) yield { table: "destinations", row };
  for (let after = 0; ; ) {
    if (signal.aborted) return;
    const rows = await tables(store.read).selectFrom("outbox").selectAll().where("tenant_id", "=", tenant).where("seq", ">", after).orderBy("seq").limit(100).execute();
    for (const row of rows) yield { table: "deliveries", row };
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.seq;
  }
  for (let after = ""; ; ) {
    if (signal.aborted) return;
    const rows = await tables(store.read).selectFrom("outbox_records").selectAll().where("tenant_id", "=", tenant).where("id", ">", after).orderBy("id").limit(20).execute();
    for (const row of rows) yield { table: "delivery_records", row };
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
