/** What posture hands over when a tenant leaves, and lets go of with a tenant or a connection. A bounded number of rows a call; nought when nothing is left. */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantRows } from "../store/tenant-rows.ts";
import { forgetDevices } from "./react.ts";

/** Tables with a tenant of their own, beside the devices. */
const OF_TENANT = ["posture_results", "posture_exceptions", "posture_serial_decisions", "posture_risk_signals", "posture_user_risk", "posture_rules", "posture_providers"] as const;
/** Those with a connection. What was told stays in the log of its tenant until it is old. */
const OF_CONNECTION = ["posture_exceptions", "posture_risk_signals"] as const;

export async function eraseConnectionPosture(tx: Tx, connection: ConnectionId, limit: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM posture_devices WHERE connection_id = ${connection} LIMIT ${limit}`.execute(tx.db);
  await forgetDevices(tx, connection, rows.map((row) => row.id));
  if (rows.length > 0) return rows.length;
  for (const table of OF_CONNECTION) {
    const dropped = await dropSome(tx, table, "connection_id", connection, limit);
    if (dropped > 0) return dropped;
  }
  await sql`DELETE FROM posture_serial_decisions WHERE connection_id = ${connection}`.execute(tx.db);
  await sql`DELETE FROM posture_sweeps WHERE connection_id = ${connection}`.execute(tx.db);
  return 0;
}

export async function purgeTenantPosture(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  const { rows } = await sql<{ connection_id: string; id: string }>`SELECT connection_id, id FROM posture_devices WHERE tenant_id = ${tenant} ORDER BY connection_id LIMIT ${limit}`.execute(tx.db);
  for (const connection of new Set(rows.map((row) => row.connection_id))) await forgetDevices(tx, connection, rows.filter((row) => row.connection_id === connection).map((row) => row.id));
  if (rows.length > 0) return rows.length;
  for (const table of OF_TENANT) {
    const dropped = await dropSome(tx, table, "tenant_id", tenant, limit);
    if (dropped > 0) return dropped;
  }
  return 0;
}

/** By the row's own place in the table, which both engines have under another name. */
async function dropSome(tx: Tx, table: string, column: "tenant_id" | "connection_id", value: string, limit: number): Promise<number> {
  const place = sql.raw(tx.kind === "sqlite" ? "rowid" : "ctid");
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE ${place} IN (SELECT ${place} FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${value} LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

export async function countTenantPosture(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  return countTenantRows(store, ["posture_devices", ...OF_TENANT], tenant);
}

type Row = Readonly<Record<string, string | number | null>>;

/** By a column that is the same for good, a page at a time; devices are the mirror's to hand over. */
const EXPORTED = [
  ["posture_rules", "id"],
  ["posture_exceptions", "id"],
  ["posture_results", "id"],
  ["posture_user_risk", "user_key"],
  ["posture_serial_decisions", "key"],
  ["posture_providers", "id"],
] as const;

/** Not even as hashes. */
const SECRETS: ReadonlySet<string> = new Set(["secret_hash", "previous_hash"]);

export async function* tenantPosture(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const [table, column] of EXPORTED) {
    for (let after = ""; ; ) {
      if (signal.aborted) return;
      const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)} WHERE tenant_id = ${tenant} AND ${sql.ref(column)} > ${after} ORDER BY ${sql.ref(column)} LIMIT 500`.execute(store.read);
      for (const row of rows) yield { table, row: Object.fromEntries(Object.entries(row).filter(([name]) => !SECRETS.has(name))) };
      const last = rows.at(-1);
      if (last === undefined || rows.length < 500) break;
      after = String(last[column]);
    }
  }
}
