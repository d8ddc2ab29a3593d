/** Counting, ageing out, erasing and re-owning rows; each call handles a bounded number of rows, so that no transaction holds the writer for long. */
import { type RawBuilder, sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import type { Change, MirrorRow } from "./capability.ts";
import type { MirrorTarget } from "./mirror.ts";
import { forgetOwed } from "./owed.ts";
import type { MirrorContext } from "./page.ts";
import { react, readersOf } from "./reactions.ts";
import { rowsById } from "./rows.ts";
import { columnSql, idList, type StreamTable } from "./tables.ts";

/** Bounds are inclusive. CONFIG_INVALID for a column the stream does not have. */
export async function countBetween(db: Database, kind: Store["kind"], table: StreamTable, connection: ConnectionId, column: string, from: string, to: string): Promise<number> {
  if (!table.columns.some((known) => known.name === column)) throw new Fault("CONFIG_INVALID", `${table.view} has no column ${column}.`);
  const place = sql.raw(columnSql(kind, table, column));
  const answer = await sql<{ n: number }>`
    SELECT count(*) AS n FROM ${sql.table(table.name)}
    WHERE connection_id = ${connection} AND gone_at IS NULL AND ${place} >= ${from} AND ${place} <= ${to}`.execute(db);
  return answer.rows[0]?.n ?? 0;
}

/** Each in a transaction of its own: one index means one pass over the table. False where the signal stopped it before the last. */
export async function ensureIndexes(store: Store, table: StreamTable, signal?: AbortSignal): Promise<boolean> {
  // Asked once: after each index that is made the next question costs a reading of the whole schema.
  const made = await madeIndexes(store, table);
  for (const [name, columns] of indexesOf(table)) {
    if (signal?.aborted === true) return false;
    if (made.has(name)) continue;
    await store.tx(async (tx) => {
      await sql.raw(`CREATE INDEX IF NOT EXISTS "${name}" ON ${table.name} (${columns.map((column) => columnSql(tx.kind, table, column)).join(", ")})`).execute(tx.db);
    });
  }
  return true;
}

function indexesOf(table: StreamTable): readonly (readonly [name: string, columns: readonly string[]])[] {
  const { stream } = table;
  const counted = new Set([...stream.passes.filter((pass) => pass.unordered !== true).map((pass) => pass.column), ...(stream.retentionColumn === null ? [] : [stream.retentionColumn])]);
  const plain = stream.columns.filter((column) => column.indexed && !counted.has(column.name)).map((column) => column.name);
  const own = (name: string) => table.columns.some((column) => column.name === name);
  return [
    // All that re-owning asks, so that it never reads the wide table to find its rows.
    [`${table.name}_site`, ["connection_id", "of_site", "tenant_id", "of_agent", "id"]],
    ...[...counted].filter(own).map((column) => [`${table.name}_by_${column}`, [column, "connection_id", "gone_at"]] as const),
    // The connection behind it: who goes through one in this order reads no row of another's.
    ...plain.filter(own).map((column) => [`${table.name}_of_${column}`, [column, "connection_id"]] as const),
  ];
}

async function madeIndexes(store: Store, table: StreamTable): Promise<ReadonlySet<string>> {
  const query =
    store.kind === "sqlite"
      ? sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ${table.name}`
      : sql<{ name: string }>`SELECT indexname AS name FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ${table.name}`;
  return new Set((await query.execute(store.read)).rows.map(({ name }) => name));
}

/**
 * Deletes rows whose retention column lies before `before` (RFC 3339), live or gone, and rows with a tombstone older than that. Capabilities are not told:
 * ageing out is not "gone at the source".
 */
export async function prune(tx: Tx, table: StreamTable, connection: ConnectionId, before: string, limit: number): Promise<number> {
  const moment = Date.parse(before);
  if (Number.isNaN(moment)) throw new Fault("CONFIG_INVALID", `Retention needs a time like 2026-01-31T00:00:00.000000Z, not ${JSON.stringify(before)}.`);
  const column = table.stream.retentionColumn;
  const tombstones = await deleteSome(tx, table, connection, sql`gone_at IS NOT NULL AND gone_at < ${moment}`, limit);
  if (column === null || tombstones >= limit) return tombstones;
  return tombstones + (await deleteSome(tx, table, connection, sql`${sql.raw(columnSql(tx.kind, table, column))} < ${before}`, limit - tombstones));
}

async function deleteSome(tx: Tx, table: StreamTable, connection: ConnectionId, condition: RawBuilder<unknown>, limit: number): Promise<number> {
  const chosen = await sql<{ id: string }>`SELECT id FROM ${sql.table(table.name)} WHERE connection_id = ${connection} AND ${condition} LIMIT ${limit}`.execute(tx.db);
  if (chosen.rows.length === 0) return 0;
  const ids = idList(tx.kind, chosen.rows.map((row) => row.id));
  await sql`DELETE FROM ${sql.table(table.name)} WHERE connection_id = ${connection} AND id IN ${ids}`.execute(tx.db);
  const owner = sql`(SELECT owner FROM mirror_snapshots WHERE connection_id = ${connection} AND stream = ${table.stream.id})`;
  for (const marks of ["mirror_seen", "mirror_missing"]) await sql`DELETE FROM ${sql.table(marks)} WHERE owner = ${owner} AND id IN ${ids}`.execute(tx.db);
  return chosen.rows.length;
}

/** Everything the mirror holds of a connection: rows, parked records, marks, checkpoints. Returns 0 once there is nothing left. */
export async function erase(context: MirrorContext, tx: Tx, connection: ConnectionId, limit: number): Promise<number> {
  let deleted = 0;
  for (const table of context.tables.all()) {
    if (deleted >= limit) return deleted;
    deleted += await deleteSome(tx, table, connection, sql`1 = 1`, limit - deleted);
  }
  if (deleted >= limit) return deleted;
  const parked = await sql<{ id: string }>`SELECT id FROM mirror_parked WHERE connection_id = ${connection} LIMIT ${limit - deleted}`.execute(tx.db);
  if (parked.rows.length > 0) await sql`DELETE FROM mirror_parked WHERE id IN ${idList(tx.kind, parked.rows.map((row) => row.id))}`.execute(tx.db);
  deleted += parked.rows.length;
  if (deleted > 0) return deleted;
  const owners = sql`(SELECT owner FROM mirror_snapshots WHERE connection_id = ${connection})`;
  for (const marks of ["mirror_seen", "mirror_missing"]) await sql`DELETE FROM ${sql.table(marks)} WHERE owner IN ${owners}`.execute(tx.db);
  await forgetOwed(tx, connection);
  for (const table of ["mirror_snapshots", "mirror_checkpoints"]) await sql`DELETE FROM ${sql.table(table)} WHERE connection_id = ${connection}`.execute(tx.db);
  return 0;
}

/** For the old tenant's capabilities these rows are gone, for the new one's they are inserted. */
export async function reassign(context: MirrorContext, tx: Tx, target: MirrorTarget, site: string | null, limit: number, now: number): Promise<number> {
  const tenant = site === null ? target.tenant : (target.siteTenants.get(site) ?? target.tenant);
  let moved = 0;
  for (const table of context.tables.all()) {
    if (moved >= limit) break;
    const ids = await strangers(context, tx, table, target, site, tenant, limit - moved);
    await moveTo(context, tx, table, target, tenant, ids, now);
    moved += ids.length;
  }
  return moved;
}

async function strangers(context: MirrorContext, tx: Tx, table: StreamTable, target: MirrorTarget, site: string | null, tenant: TenantId, limit: number): Promise<readonly string[]> {
  const agents = context.tables.find("agents");
  const siteOfAgent = agents === undefined ? sql`NULL` : sql`(SELECT a.of_site FROM ${sql.table(agents.name)} AS a WHERE a.connection_id = m.connection_id AND a.id = m.of_agent)`;
  const mapped = idList(tx.kind, [...target.siteTenants.keys()]);
  const belongs =
    site === null
      ? sql`(COALESCE(m.of_site, ${siteOfAgent}) IS NULL OR COALESCE(m.of_site, ${siteOfAgent}) NOT IN ${mapped})`
      : sql`(m.of_site = ${site} OR (m.of_site IS NULL AND m.of_agent IS NOT NULL AND ${siteOfAgent} = ${site}))`;
  const answer = await sql<{ id: string }>`
    SELECT m.id FROM ${sql.table(table.name)} AS m WHERE m.connection_id = ${target.connection} AND m.tenant_id <> ${tenant} AND ${belongs} LIMIT ${limit}`.execute(tx.db);
  return answer.rows.map((row) => row.id);
}

async function moveTo(context: MirrorContext, tx: Tx, table: StreamTable, target: MirrorTarget, tenant: TenantId, ids: readonly string[], now: number): Promise<void> {
  if (ids.length === 0) return;
  const { connection } = target;
  const readers = readersOf(context.capabilities, table.stream.id);
  const before = readers.length === 0 ? new Map<string, MirrorRow>() : await rowsById(tx.db, tx.kind, table, connection, ids);
  await sql`UPDATE ${sql.table(table.name)} SET tenant_id = ${tenant} WHERE connection_id = ${connection} AND id IN ${idList(tx.kind, ids)}`.execute(tx.db);
  const changes: Change[] = [...before.values()].filter((row) => row["gone_at"] === null).map((row) => ({ id: String(row["id"]), before: row, after: { ...row, tenant_id: tenant } }));
  await react(tx, readers, changes, { connection, stream: table.stream.id, watermark: null, now, codeVersion: context.codeVersion });
}
