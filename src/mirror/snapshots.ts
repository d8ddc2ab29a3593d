/**
 * Snapshots: which ids a full listing has seen, which it missed, and when a missing one is declared gone. Only `settle` makes tombstones, and only with
 * proof: a complete snapshot, or two that both missed the row. The brake holds back a loss of more than max(20, 10 %) until a second snapshot agrees.
 */
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { BulkUpsert, Database, Tx } from "../store/store.ts";
import type { MirrorRow } from "./capability.ts";
import type { SettleInput, SettleOutcome } from "./mirror.ts";
import type { MirrorContext } from "./page.ts";
import { react, readersOf } from "./reactions.ts";
import { rowsById } from "./rows.ts";
import { idList, type StreamTable } from "./tables.ts";

const CHUNK = 1000;

interface Snapshot {
  readonly owner: number;
  readonly number: number;
  /** Begun on an empty mirror: every row there is was seen since, so that no ids need remembering. */
  readonly fresh: number;
  /** The snapshot whose missing ids have been worked out; equal to `number` while settling. */
  readonly settling: number;
  readonly all_may_go: number;
}

const SEEN_COLUMNS = [
  { name: "owner", type: "integer" },
  { name: "id", type: "text" },
  { name: "snapshot", type: "integer" },
  { name: "refused", type: "integer" },
] as const;
const SEEN: BulkUpsert = { table: "mirror_seen", columns: SEEN_COLUMNS, key: ["owner", "id"], update: ["snapshot"] };
const REFUSED: BulkUpsert = { ...SEEN, update: ["refused"] };

export async function beginSnapshot(tx: Tx, table: StreamTable, connection: ConnectionId): Promise<number> {
  const any = await sql`SELECT 1 FROM ${sql.table(table.name)} WHERE connection_id = ${connection} LIMIT 1`.execute(tx.db);
  const fresh = any.rows.length === 0 ? 1 : 0;
  const answer = await sql<{ number: number }>`
    INSERT INTO mirror_snapshots (connection_id, stream, number, fresh, settling, all_may_go) VALUES (${connection}, ${table.stream.id}, 1, ${fresh}, 0, 0)
    ON CONFLICT (connection_id, stream) DO UPDATE SET number = mirror_snapshots.number + 1, fresh = excluded.fresh
    RETURNING number`.execute(tx.db);
  return answer.rows[0]?.number ?? 1;
}

async function findSnapshot(db: Database, connection: ConnectionId, stream: Stream): Promise<Snapshot | undefined> {
  const answer = await sql<Snapshot>`
    SELECT owner, number, fresh, settling, all_may_go FROM mirror_snapshots WHERE connection_id = ${connection} AND stream = ${stream.id}`.execute(db);
  return answer.rows[0];
}

/** INTERNAL where a later snapshot has begun, or this one never did. */
export async function currentSnapshot(tx: Pick<Tx, "db">, connection: ConnectionId, stream: Stream, number: number): Promise<Snapshot> {
  const snapshot = await findSnapshot(tx.db, connection, stream);
  if (snapshot?.number !== number) {
    throw new Fault("INTERNAL", `Snapshot ${String(number)} of ${stream.id} is not the one under way.`, { details: { stream: stream.id, snapshot: number, current: snapshot?.number ?? null } });
  }
  return snapshot;
}

/**
 * A refused record is not counted as seen, but it proves that its row is not missing. An aged one counts although it has no row: the console counts
 * it as well.
 */
export async function remember(tx: Tx, snapshot: Snapshot, ids: readonly string[], refused: readonly string[], aged: readonly string[] = []): Promise<void> {
  const seen = snapshot.fresh === 0 ? [...ids, ...aged] : aged;
  if (seen.length > 0) await tx.bulkUpsert(SEEN, seen.map((id) => [snapshot.owner, id, snapshot.number, 0]));
  if (refused.length > 0) await tx.bulkUpsert(REFUSED, refused.map((id) => [snapshot.owner, id, 0, snapshot.number]));
}

/** Those of the ids that this snapshot has not shown yet. Of one begun on an empty mirror there are none: whatever is there, it has shown. */
export async function unseen(tx: Tx, connection: ConnectionId, stream: Stream, number: number, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { owner, fresh } = await currentSnapshot(tx, connection, stream, number);
  if (fresh === 1) return new Set();
  const shown = await sql<{ id: string }>`SELECT id FROM mirror_seen WHERE owner = ${owner} AND snapshot = ${number} AND id IN ${idList(tx.kind, ids)}`.execute(tx.db);
  const known = new Set(shown.rows.map(({ id }) => id));
  return new Set(ids.filter((id) => !known.has(id)));
}

/** Whatever page shows an id again: it is not missing, and a second snapshot has to start over with it. */
export async function clearMissing(tx: Tx, connection: ConnectionId, stream: Stream, ids: readonly string[]): Promise<void> {
  const owner = sql`(SELECT owner FROM mirror_snapshots WHERE connection_id = ${connection} AND stream = ${stream.id})`;
  const any = await sql`SELECT 1 FROM mirror_missing WHERE owner = ${owner} LIMIT 1`.execute(tx.db);
  if (any.rows.length === 0) return;
  await sql`DELETE FROM mirror_missing WHERE owner = ${owner} AND id IN ${idList(tx.kind, ids)}`.execute(tx.db);
}

export async function seenCount(db: Database, table: StreamTable, connection: ConnectionId, number: number): Promise<number> {
  const snapshot = await findSnapshot(db, connection, table.stream);
  if (snapshot?.number !== number) return 0;
  const rows = snapshot.fresh === 1 ? sql`(SELECT count(*) FROM ${sql.table(table.name)} WHERE connection_id = ${connection})` : sql`0`;
  const counted = sql<{ n: number }>`SELECT ${rows} + (SELECT count(*) FROM mirror_seen WHERE owner = ${snapshot.owner} AND snapshot = ${number}) AS n`;
  return (await counted.execute(db)).rows[0]?.n ?? 0;
}

export async function settle(context: MirrorContext, tx: Tx, input: SettleInput, proof: "complete" | "uncounted"): Promise<SettleOutcome> {
  const table = context.tables.of(input.stream);
  const { connection } = input.target;
  const snapshot = await currentSnapshot(tx, connection, input.stream, input.snapshot);
  if (snapshot.fresh === 1) return { gone: 0, closed: 0, heldBack: 0, more: false };
  const allMayGo = snapshot.settling === snapshot.number ? snapshot.all_may_go === 1 : await beginSettling(tx, table, snapshot, input, proof);
  const eligible = allMayGo ? sql`1 = 1` : sql`since < ${snapshot.number}`;

  const chosen = await sql<{ id: string }>`SELECT id FROM mirror_missing WHERE owner = ${snapshot.owner} AND ${eligible} ORDER BY id LIMIT ${CHUNK}`.execute(tx.db);
  const ids = chosen.rows.map((row) => row.id);
  const { gone, closed } = await tombstone(context, tx, table, input, ids);
  if (ids.length > 0) {
    await sql`DELETE FROM mirror_missing WHERE owner = ${snapshot.owner} AND id IN ${idList(tx.kind, ids)}`.execute(tx.db);
    await sql`DELETE FROM mirror_seen WHERE owner = ${snapshot.owner} AND id IN ${idList(tx.kind, ids)}`.execute(tx.db);
  }
  const left = await sql<{ eligible: number; n: number }>`
    SELECT count(*) AS n, coalesce(sum(CASE WHEN ${eligible} THEN 1 ELSE 0 END), 0) AS eligible FROM mirror_missing WHERE owner = ${snapshot.owner}`.execute(tx.db);
  const { n, eligible: waiting } = left.rows[0] ?? { n: 0, eligible: 0 };
  return { gone, closed, heldBack: n - waiting, more: waiting > 0 };
}

/** Works out what is missing and, once for the whole snapshot, whether the brake holds. */
async function beginSettling(tx: Tx, table: StreamTable, snapshot: Snapshot, input: SettleInput, proof: "complete" | "uncounted"): Promise<boolean> {
  const { owner, number } = snapshot;
  const name = sql.table(table.name);
  // A row of since the beginning was not there to be missed; one from ahead of the clock was written before the clock was set back.
  // Materialised, so that the two narrow indexes are compared first and only what is missing is looked up in the wide table.
  await sql`
    WITH unseen AS MATERIALIZED (
      SELECT m.id FROM ${name} AS m WHERE m.connection_id = ${input.target.connection}
        AND NOT EXISTS (SELECT 1 FROM mirror_seen AS s WHERE s.owner = ${owner} AND s.id = m.id AND (s.snapshot = ${number} OR s.refused = ${number})))
    INSERT INTO mirror_missing (owner, id, since, last)
    SELECT CAST(${owner} AS BIGINT), m.id, CAST(${number} AS BIGINT), CAST(${number} AS BIGINT) FROM unseen JOIN ${name} AS m ON m.connection_id = ${input.target.connection} AND m.id = unseen.id
    WHERE m.gone_at IS NULL AND m.mirrored_at NOT BETWEEN ${input.startedAt} AND ${input.now} AND m.changed_at NOT BETWEEN ${input.startedAt} AND ${input.now}
    ON CONFLICT (owner, id) DO UPDATE SET last = excluded.last`.execute(tx.db);
  await sql`DELETE FROM mirror_missing WHERE owner = ${owner} AND last < ${number}`.execute(tx.db);
  const missing = await sql<{ n: number }>`SELECT count(*) AS n FROM mirror_missing WHERE owner = ${owner}`.execute(tx.db);
  const { live } = await countRows(tx.db, table, input.target.connection);
  const allMayGo = proof === "complete" && (missing.rows[0]?.n ?? 0) <= Math.max(20, live * 0.1);
  await sql`UPDATE mirror_snapshots SET settling = ${number}, all_may_go = ${allMayGo ? 1 : 0} WHERE owner = ${owner}`.execute(tx.db);
  return allMayGo;
}

async function tombstone(context: MirrorContext, tx: Tx, table: StreamTable, input: SettleInput, ids: readonly string[]): Promise<{ readonly gone: number; readonly closed: number }> {
  if (ids.length === 0) return { gone: 0, closed: 0 };
  const { connection } = input.target;
  const readers = readersOf(context.capabilities, input.stream.id);
  const { ended } = input.stream;
  const before = readers.length === 0 && ended === undefined ? new Map<string, MirrorRow>() : await rowsById(tx.db, tx.kind, table, connection, ids);
  const marked = await sql<{ id: string }>`
    UPDATE ${sql.table(table.name)} SET gone_at = ${input.now} WHERE connection_id = ${connection} AND gone_at IS NULL AND id IN ${idList(tx.kind, ids)} RETURNING id`.execute(tx.db);
  const changes = marked.rows.flatMap(({ id }) => (before.has(id) ? [{ id, before: before.get(id) ?? null, after: null }] : []));
  await react(tx, readers, changes, { connection, stream: input.stream.id, watermark: input.watermark, now: input.now, codeVersion: context.codeVersion });
  return { gone: marked.rows.length, closed: ended === undefined ? 0 : changes.filter(({ before: row }) => row !== null && !ended(row)).length };
}

/** Counts by the two narrow indexes, never by reading the wide table. */
export async function countRows(db: Database, table: StreamTable, connection: ConnectionId): Promise<{ readonly live: number; readonly gone: number }> {
  const name = sql.table(table.name);
  const answer = await sql<{ n: number; gone: number }>`
    SELECT (SELECT count(*) FROM ${name} WHERE connection_id = ${connection}) AS n,
      (SELECT count(*) FROM ${name} WHERE connection_id = ${connection} AND gone_at IS NOT NULL) AS gone`.execute(db);
  const { n, gone } = answer.rows[0] ?? { n: 0, gone: 0 };
  return { live: n - gone, gone };
}
