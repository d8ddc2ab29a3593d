/** What the access graph hands over when a tenant leaves, and lets go of with a tenant or a connection. A bounded number of rows a call; nought when nothing is left. */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantRows } from "../store/tenant-rows.ts";
import { countTenantRisks, eraseConnectionRisks, purgeTenantRisks, tenantRisks } from "./risk-upkeep.ts";

const BINDINGS = { table: "access_bindings", key: ["connection_id", "principal_kind", "principal_id", "role_id", "scope_kind", "scope_id"] } as const;
/** Every table with a connection and a tenant, and the columns that name a row of it for good. Parts of the graph with tables of their own add theirs. */
const KEPT: readonly { readonly table: string; readonly key: readonly string[] }[] = [
  BINDINGS,
  { table: "access_principals", key: ["connection_id", "kind", "id"] },
  { table: "access_scopes", key: ["connection_id", "kind", "id"] },
  { table: "access_roles", key: ["connection_id", "id"] },
  { table: "access_changes", key: ["seq"] },
];
/** Those of a connection alone. */
const OF_CONNECTION = ["access_role_permissions", "access_losses"] as const;

export async function eraseConnectionAccess(tx: Tx, connection: ConnectionId, limit: number): Promise<number> {
  const risks = await eraseConnectionRisks(tx, connection, limit);
  if (risks > 0) return risks;
  for (const table of [...KEPT.map((kept) => kept.table), ...OF_CONNECTION]) {
    const dropped = await dropSome(tx, table, "connection_id", connection, limit);
    if (dropped > 0) return dropped;
  }
  return 0;
}

export async function purgeTenantAccess(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  const risks = await purgeTenantRisks(tx, tenant, limit);
  if (risks > 0) return risks;
  const { rows } = await sql<{ connection_id: string; id: string }>`SELECT connection_id, id FROM access_roles WHERE tenant_id = ${tenant} LIMIT ${limit}`.execute(tx.db);
  for (const { connection_id: connection, id } of rows) await sql`DELETE FROM access_role_permissions WHERE connection_id = ${connection} AND role_id = ${id}`.execute(tx.db);
  for (const { table } of KEPT) {
    const dropped = await dropSome(tx, table, "tenant_id", tenant, limit);
    if (dropped > 0) return dropped;
  }
  return 0;
}

/** By the row's own place in the table, which both engines have under another name; SQLite keeps bindings by their key, and they have no other place. */
async function dropSome(tx: Tx, table: string, column: "tenant_id" | "connection_id", value: string, limit: number): Promise<number> {
  const place = sql.raw(tx.kind === "postgres" ? "ctid" : table === BINDINGS.table ? BINDINGS.key.join(", ") : "rowid");
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE (${place}) IN (SELECT ${place} FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${value} LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

export async function countTenantAccess(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  return (await countTenantRows(store, KEPT.map(({ table }) => table), tenant)) + (await countTenantRisks(store, tenant));
}

type Row = Readonly<Record<string, string | number | null>>;

export async function* tenantAccess(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const { table, key } of KEPT) {
    const columns = sql.join(key.map((name) => sql.ref(name)));
    for (let behind = sql``; ; ) {
      if (signal.aborted) return;
      const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)} WHERE tenant_id = ${tenant} ${behind} ORDER BY ${columns} LIMIT 500`.execute(store.read);
      for (const row of rows) yield { table, row };
      const last = rows.at(-1);
      if (last === undefined || rows.length < 500) break;
      behind = sql`AND (${columns}) > (${sql.join(key.map((name) => last[name] ?? null))})`;
    }
  }
  yield* tenantRisks(store, tenant, signal);
}
