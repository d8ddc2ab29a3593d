/**
 * Indexes whose entries lie in another order than people come in: filled row by row, every transaction of a first read writes nearly all of their pages again. Where nobody
 * is in the graph yet they are left out, and made in one go in the transaction that ends the reading. A first read that never ends leaves them to what is done by time, and
 * whoever asks meanwhile is answered without them. PostgreSQL fills them as it goes: leaving one out would lock out whoever reads.
 */
import { sql } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Tx } from "../store/store.ts";
import { SCATTERED_INDEXES } from "./tables.ts";

const PEOPLE: readonly StreamId[] = ["users", "service-users"];

/** To be called before the first row of a first read is written. */
export async function leaveOutScattered(tx: Tx, stream: StreamId): Promise<void> {
  if (tx.kind !== "sqlite" || !PEOPLE.includes(stream)) return;
  const { rows } = await sql`SELECT 1 FROM access_principals UNION ALL SELECT 1 FROM access_bindings LIMIT 1`.execute(tx.db);
  if (rows.length > 0) return;
  for (const name of Object.keys(SCATTERED_INDEXES)) await sql.raw(`DROP INDEX IF EXISTS ${name}`).execute(tx.db);
}

/** Where the last first read of people has ended. */
export async function makeScatteredAfter(tx: Tx, connection: ConnectionId, stream: StreamId): Promise<void> {
  if (tx.kind !== "sqlite" || !PEOPLE.includes(stream)) return;
  const { rows } = await sql`
    SELECT 1 FROM mirror_checkpoints WHERE stream IN (${sql.join([...PEOPLE])}) AND NOT (connection_id = ${connection} AND stream = ${stream}) AND body ->> 'firstReadAt' IS NULL LIMIT 1`.execute(tx.db);
  if (rows.length === 0) await makeScattered(tx);
}

export async function makeScattered(tx: Tx): Promise<void> {
  if (tx.kind !== "sqlite") return;
  const names = Object.keys(SCATTERED_INDEXES);
  const { rows } = await sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'index' AND name IN (${sql.join(names)})`.execute(tx.db);
  const there = new Set(rows.map(({ name }) => name));
  for (const [name, on] of Object.entries(SCATTERED_INDEXES)) if (!there.has(name)) await sql.raw(`CREATE INDEX ${name} ON ${on}`).execute(tx.db);
}
