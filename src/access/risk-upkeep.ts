/** What the risks and changes of the graph hand over when a tenant leaves, and let go of with a tenant or a connection. A bounded number of rows a call; nought when nothing is left. */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantRows } from "../store/tenant-rows.ts";

/** Tables with a tenant, and the columns that name a row of it for good. */
const OF_TENANT: readonly { readonly table: string; readonly key: readonly string[] }[] = [
  { table: "access_exceptions", key: ["id"] },
  { table: "access_change_actors", key: ["connection_id", "seq"] },
  { table: "access_thresholds", key: ["tenant_id"] },
  { table: "access_lists", key: ["id"] },
];
const OF_CONNECTION = ["access_exceptions", "access_change_actors", "access_actor_places"] as const;

export async function eraseConnectionRisks(tx: Tx, connection: ConnectionId, limit: number): Promise<number> {
  for (const table of OF_CONNECTION) {
    const dropped = await dropSome(tx, table, "connection_id", connection, limit);
    if (dropped > 0) return dropped;
  }
  return 0;
}

export async function purgeTenantRisks(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM access_lists WHERE tenant_id = ${tenant} ORDER BY id`.execute(tx.db);
  for (const { id } of rows) {
    const dropped = await dropSome(tx, "access_list_entries", "list_id", id, limit);
    if (dropped > 0) return dropped;
  }
  for (const { table } of OF_TENANT) {
    const dropped = await dropSome(tx, table, "tenant_id", tenant, limit);
    if (dropped > 0) return dropped;
  }
  return 0;
}

/** By the row's own place in the table, which both engines have under another name. */
async function dropSome(tx: Tx, table: string, column: "tenant_id" | "connection_id" | "list_id", value: string, limit: number): Promise<number> {
  const place = sql.raw(tx.kind === "sqlite" ? "rowid" : "ctid");
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE ${place} IN (SELECT ${place} FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${value} LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

export async function countTenantRisks(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  const total = await countTenantRows(store, OF_TENANT.map(({ table }) => table), tenant);
  const entries = await sql<{ n: number }>`SELECT count(*) AS n FROM access_list_entries WHERE list_id IN (SELECT id FROM access_lists WHERE tenant_id = ${tenant})`.execute(store.read);
  return total + Number(entries.rows[0]?.n ?? 0);
}

type Row = Readonly<Record<string, string | number | null>>;

/** The lists' addresses among them: they are the tenant's own. */
export async function* tenantRisks(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const { table, key } of OF_TENANT) yield* pages(store, table, key, sql`tenant_id = ${tenant}`, signal);
  yield* pages(store, "access_list_entries", ["list_id", "key"], sql`list_id IN (SELECT id FROM access_lists WHERE tenant_id = ${tenant})`, signal);
}

async function* pages(store: Pick<Store, "read">, table: string, key: readonly string[], which: ReturnType<typeof sql>, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  const columns = sql.join(key.map((name) => sql.ref(name)));
  for (let behind = sql``; ; ) {
    if (signal.aborted) return;
    const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)} WHERE ${which} ${behind} ORDER BY ${columns} LIMIT 500`.execute(store.read);
    for (const row of rows) yield { table, row };
    const last = rows.at(-1);
    if (last === undefined || rows.length < 500) return;
    behind = sql`AND (${columns}) > (${sql.join(key.map((name) => last[name] ?? null))})`;
  }
}
