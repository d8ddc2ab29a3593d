/** What alerts hand over when a tenant leaves, and let go of with a tenant or a connection. A bounded number of rows a call; nought when nothing is left. */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantRows } from "../store/tenant-rows.ts";

const KEPT = ["alert_items", "alert_versions"] as const;

export async function eraseConnectionAlerts(tx: Tx, connection: ConnectionId, limit: number): Promise<number> {
  for (const table of KEPT) {
    const dropped = await dropSome(tx, table, "connection_id", connection, limit);
    if (dropped > 0) return dropped;
  }
  await sql`DELETE FROM alert_since WHERE connection_id = ${connection}`.execute(tx.db);
  return 0;
}

export async function purgeTenantAlerts(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  for (const table of KEPT) {
    const dropped = await dropSome(tx, table, "tenant_id", tenant, limit);
    if (dropped > 0) return dropped;
  }
  return 0;
}

async function dropSome(tx: Tx, table: (typeof KEPT)[number], column: "tenant_id" | "connection_id", value: string, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE seq IN (SELECT seq FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${value} LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

export async function countTenantAlerts(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  return countTenantRows(store, KEPT, tenant);
}

type Row = Readonly<Record<string, string | number | null>>;

/** The history; the alerts themselves are the mirror's to hand over. */
export async function* tenantAlerts(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (let after = 0; ; ) {
    if (signal.aborted) return;
    const { rows } = await sql<Row>`SELECT * FROM alert_versions WHERE tenant_id = ${tenant} AND seq > ${after} ORDER BY seq LIMIT 500`.execute(store.read);
    for (const row of rows) yield { table: "alert_versions", row };
    const last = rows.at(-1);
    if (last === undefined || rows.length < 500) return;
    after = Number(last["seq"]);
  }
}
