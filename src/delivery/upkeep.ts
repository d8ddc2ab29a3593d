/**
 * What the outbox forgets: delivered bodies after a week, receipts after ninety days, what was queued for a removed destination, and all of a
 * tenant that has left. Parked and queued deliveries are never aged out. Small transactions, safe to repeat after a kill.
 */
import { sql } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { tables } from "./tables.ts";

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
  await repeated(store, (tx) => dropBodies(tx, now));
  await repeated(store, (tx) => dropReceipts(tx, now));
}

async function repeated(store: Store, work: (tx: Tx) => Promise<number>): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) if ((await store.tx(work)) < ROWS) return;
}

async function forgetRemoved(tx: Tx, now: number): Promise<number> {
  const gone = await sql`DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE destination_id IN (SELECT id FROM destinations WHERE removed_at IS NOT NULL) LIMIT ${ROWS})`.execute(tx.db);
  const rows = Number(gone.numAffectedRows ?? 0);
  if (rows === 0) await tables(tx.db).deleteFrom("destinations").where("removed_at", "<", now - SETTLED_AFTER_MS).execute();
  return rows;
}

async function dropBodies(tx: Tx, now: number): Promise<number> {
  const { numAffectedRows } = await sql`UPDATE outbox SET body = NULL WHERE seq IN (SELECT seq FROM outbox WHERE state = 'delivered' AND body IS NOT NULL AND ended_at < ${now - BODIES_KEPT_MS} LIMIT ${ROWS})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

async function dropReceipts(tx: Tx, now: number): Promise<number> {
  const { numAffectedRows } = await sql`DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE state = 'delivered' AND ended_at < ${now - RECEIPTS_KEPT_MS} LIMIT ${ROWS})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

/** Deletes up to `limit` rows of a tenant, its destinations last; 0 when none are left. */
export async function purgeTenantDeliveries(tx: Tx, tenant: TenantId, limit: number, destroySecret: (tx: Tx, destination: string) => Promise<void>): Promise<number> {
  const dropped = await sql`DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE tenant_id = ${tenant} LIMIT ${limit})`.execute(tx.db);
  const rows = Number(dropped.numAffectedRows ?? 0);
  if (rows > 0) return rows;
  const destinations = await tables(tx.db).selectFrom("destinations").select("id").where("tenant_id", "=", tenant).limit(limit).execute();
  for (const { id } of destinations) {
    await destroySecret(tx, id);
    await tables(tx.db).deleteFrom("destinations").where("id", "=", id).execute();
  }
  return destinations.length;
}

export async function countTenantDeliveries(store: Store, tenant: TenantId): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT (SELECT count(*) FROM outbox WHERE tenant_id = ${tenant}) + (SELECT count(*) FROM destinations WHERE tenant_id = ${tenant}) AS n`.execute(store.read);
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
    if (last === undefined) return;
    after = last.seq;
  }
}

/** Destinations that have taken nothing for a while, for the health of the hub. */
export async function failingDestinations(store: Store, visible: (tenant: TenantId) => boolean, now: number, forMs: number): Promise<readonly { readonly name: string; readonly code: string }[]> {
  const rows = await tables(store.read).selectFrom("destinations").select(["name", "tenant_id", "fault_code"]).where("removed_at", "is", null).where("failing_since", "<=", now - forMs).orderBy("name").execute();
  return rows.filter((row) => visible(row.tenant_id as TenantId)).map((row) => ({ name: row.name, code: row.fault_code ?? "INTERNAL" }));
}
