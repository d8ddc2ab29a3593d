/** A tenant's rows in the mirror: to hand over when it leaves, to delete when it has left, to count what is left. */
import { sql } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Store, Tx } from "../store/store.ts";
import { rowSql, tableOf, type StreamTable } from "./tables.ts";

const PAGE = 500;
const PARKED = "mirror_parked";

type Row = Readonly<Record<string, string | number | null>>;

/** Gone rows and parked records among them, table by table, a page at a time. */
export async function* tenantRows(store: Store, streams: readonly Stream[], tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const table of streams.map(tableOf)) {
    let after = { connection: "", id: "" };
    for (;;) {
      if (signal.aborted) return;
      const { rows } = await sql<Row & { id: string; connection_id: string }>`
        SELECT ${rowSql(store.kind, table)} FROM ${sql.table(table.name)}
        WHERE tenant_id = ${tenant} AND (connection_id, id) > (${after.connection}, ${after.id})
        ORDER BY connection_id, id LIMIT ${PAGE}`.execute(store.read);
      for (const row of rows) yield { table: table.view, row };
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      after = { connection: last.connection_id, id: last.id };
    }
  }
  for (let after = ""; ; ) {
    if (signal.aborted) return;
    const { rows } = await sql<Row & { id: string }>`SELECT * FROM ${sql.table(PARKED)} WHERE tenant_id = ${tenant} AND id > ${after} ORDER BY id LIMIT ${PAGE}`.execute(store.read);
    for (const row of rows) yield { table: "parked", row };
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}

/** Deletes up to `limit` rows of a tenant; 0 when none are left. */
export async function purgeTenantRows(tx: Tx, streams: readonly Stream[], tenant: TenantId, limit: number): Promise<number> {
  for (const table of streams.map(tableOf)) {
    const dropped = await dropSome(tx, table, tenant, limit);
    if (dropped > 0) return dropped;
  }
  const parked = await sql`DELETE FROM ${sql.table(PARKED)} WHERE id IN (SELECT id FROM ${sql.table(PARKED)} WHERE tenant_id = ${tenant} LIMIT ${limit})`.execute(tx.db);
  return Number(parked.numAffectedRows ?? 0);
}

async function dropSome(tx: Tx, table: StreamTable, tenant: TenantId, limit: number): Promise<number> {
  const { rows } = await sql<{ connection_id: string; id: string }>`SELECT connection_id, id FROM ${sql.table(table.name)} WHERE tenant_id = ${tenant} LIMIT ${limit}`.execute(tx.db);
  for (const row of rows) await sql`DELETE FROM ${sql.table(table.name)} WHERE connection_id = ${row.connection_id} AND id = ${row.id}`.execute(tx.db);
  return rows.length;
}

export async function countTenantRows(store: Store, streams: readonly Stream[], tenant: TenantId): Promise<number> {
  let total = 0;
  for (const name of [...streams.map((stream) => tableOf(stream).name), PARKED]) {
    const { rows } = await sql<{ n: number | string }>`SELECT count(*) AS n FROM ${sql.table(name)} WHERE tenant_id = ${tenant}`.execute(store.read);
    total += Number(rows[0]?.n ?? 0);
  }
  return total;
}
