/** To when each stream of a connection is proven read: what a closure that is inferred from absence, or one of a mass, has to wait for. */
import { sql } from "kysely";
import type { Database } from "../store/store.ts";

export async function provenRead(db: Database, connection: string): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ stream: string; read_to: number }>`SELECT stream, read_to FROM mirror_checkpoints WHERE connection_id = ${connection} AND read_to IS NOT NULL`.execute(db);
  return new Map(rows.map((row) => [row.stream, Number(row.read_to)]));
}
