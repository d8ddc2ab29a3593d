/** Reads mirror rows as capabilities see them: every column by name, the hub's own among them. */
import { sql } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Database, Store } from "../store/store.ts";
import type { MirrorRow } from "./capability.ts";
import { idList, rowSql, type StreamTable } from "./tables.ts";

export async function rowsById(db: Database, kind: Store["kind"], table: StreamTable, connection: ConnectionId, ids: readonly string[]): Promise<ReadonlyMap<string, MirrorRow>> {
  if (ids.length === 0) return new Map();
  const answer = await sql<MirrorRow>`SELECT ${rowSql(kind, table)} FROM ${sql.table(table.name)} WHERE connection_id = ${connection} AND id IN ${idList(kind, ids)}`.execute(db);
  return new Map(answer.rows.map((row) => [String(row["id"]), row]));
}
