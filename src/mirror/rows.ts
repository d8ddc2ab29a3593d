/** Reads mirror rows as capabilities see them: every column by name, the hub's own among them. */
import { sql, type RawBuilder } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Database, Store } from "../store/store.ts";
import type { Change, MirrorRow } from "./capability.ts";
import { idList, wholeRow, wholeRowSql, type RowShape, type StreamTable, type WholeRow } from "./tables.ts";

export async function rowsById(db: Database, kind: Store["kind"], table: StreamTable, connection: ConnectionId, ids: readonly string[]): Promise<ReadonlyMap<string, MirrorRow>> {
  if (ids.length === 0) return new Map();
  const rows = await selectRows(db, kind, table, sql`WHERE connection_id = ${connection} AND id IN ${idList(kind, ids)}`);
  return new Map(rows.map((row) => [String(row["id"]), row]));
}

/** `tail`: what comes behind FROM. */
export async function selectRows(db: Database, kind: Store["kind"], table: StreamTable, tail: RawBuilder<unknown>, shape: RowShape = "all"): Promise<readonly MirrorRow[]> {
  const { rows } = await sql<WholeRow>`SELECT ${wholeRowSql(kind, shape)} FROM ${sql.table(table.name)} ${tail}`.execute(db);
  return rows.map((row) => wholeRow(table, row));
}

/** Rows as a capability that sees them for the first time is shown them: for each connection and tenant its own. */
export function asInserted(rows: readonly MirrorRow[]): readonly { readonly connection: ConnectionId; readonly tenant: TenantId; readonly inserted: readonly Change[] }[] {
  const groups: { readonly connection: ConnectionId; readonly tenant: TenantId; readonly inserted: Change[] }[] = [];
  for (const row of rows) {
    const connection = String(row["connection_id"]) as ConnectionId;
    const tenant = String(row["tenant_id"]) as TenantId;
    // There is nearly always one.
    let group = groups.find((one) => one.tenant === tenant && one.connection === connection);
    if (group === undefined) groups.push((group = { connection, tenant, inserted: [] }));
    group.inserted.push({ id: String(row["id"]), before: null, after: row });
  }
  return groups;
}
