/**
 * The mirror's tables. Each stream's table and its two views are generated from the stream's columns, so that a version with one more column
 * needs no hand-written migration: the column is added at start and the views are made again. What people may query are the views, `agents`
 * (live rows) and `agents_history` (those now gone); times of ours in them are milliseconds since the epoch.
 */
import { type RawBuilder, sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import { viewName, type StreamId } from "../kernel/stream-ids.ts";
import type { ColumnType, Stream } from "../sentinelone/streams/stream.ts";
import type { BulkUpsert, Database, Migration, Store } from "../store/store.ts";

type Physical = "text" | "integer" | "real";

/**
 * Ours, before the stream's own. `of_site` and `of_agent` decide the tenant; `mapped_hash` is of the mapped values, `raw_hash` of the record's text.
 */
const OWN_COLUMNS = [
  { name: "connection_id", type: "text" },
  { name: "id", type: "text" },
  { name: "tenant_id", type: "text" },
  { name: "of_site", type: "text" },
  { name: "of_agent", type: "text" },
  { name: "source_version", type: "text" },
  { name: "mapped_hash", type: "text" },
  { name: "raw_hash", type: "text" },
  { name: "mirrored_at", type: "integer" },
  { name: "changed_at", type: "integer" },
  { name: "gone_at", type: "integer" },
] as const satisfies readonly { name: string; type: Physical }[];

const NULLABLE: ReadonlySet<string> = new Set(["of_site", "of_agent", "gone_at"]);
const RESERVED: ReadonlySet<string> = new Set([...OWN_COLUMNS.map((column) => column.name), "raw"]);

const PHYSICAL: Readonly<Record<ColumnType, Physical>> = { text: "text", time: "text", json: "text", integer: "integer", boolean: "integer", real: "real" };

export interface StreamTable {
  readonly stream: Stream;
  readonly name: string;
  readonly view: string;
  readonly historyView: string;
  /** The stream's own columns that have a place of their own: a column called `id` is the key itself. */
  readonly columns: readonly { readonly name: string; readonly type: Physical; readonly place: number }[];
  /** Inserts a row, or overwrites all of it but when it was first seen. */
  readonly upsert: BulkUpsert;
  readonly viewColumns: readonly string[];
}

export function tableOf(stream: Stream): StreamTable {
  const view = viewName(stream.id);
  const columns = stream.columns.map((column, place) => ({ name: column.name, type: PHYSICAL[column.type], place })).filter((column) => column.name !== "id");
  for (const { name } of columns) {
    if (RESERVED.has(name) || !/^[a-z][a-z0-9_]*$/.test(name)) throw new Fault("INTERNAL", `The column ${name} of ${stream.id} has a name the mirror cannot use.`);
  }
  // The record's text comes last: SQLite then finds the other columns without reading the pages it spills into.
  const all = [...OWN_COLUMNS, ...columns.map(({ name, type }) => ({ name, type })), { name: "raw", type: "text" as const, utf8: true }];
  const kept: ReadonlySet<string> = new Set(["connection_id", "id", "mirrored_at"]);
  return {
    stream,
    name: `mirror_${view}`,
    view,
    historyView: `${view}_history`,
    columns,
    upsert: { table: `mirror_${view}`, columns: all, key: ["connection_id", "id"], update: all.map((column) => column.name).filter((name) => !kept.has(name)), storable: true },
    viewColumns: ["id", "connection_id", "tenant_id", ...columns.map((column) => column.name), "raw", "mirrored_at", "changed_at"],
  };
}

export const MIRROR_MIGRATIONS: readonly Migration[] = [
  {
    id: "0100-mirror",
    async up(db, kind) {
      const statements = [
        `CREATE TABLE mirror_schema (stream TEXT PRIMARY KEY, signature TEXT NOT NULL)`,
        `CREATE TABLE mirror_checkpoints (connection_id TEXT NOT NULL, stream TEXT NOT NULL, format INTEGER NOT NULL, body TEXT NOT NULL, watermark TEXT, PRIMARY KEY (connection_id, stream))`,
        // `owner` stands for (connection, stream) in the two tables below, which have a row for every id.
        `CREATE TABLE mirror_snapshots (owner ${kind === "sqlite" ? "INTEGER PRIMARY KEY AUTOINCREMENT" : "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}, connection_id TEXT NOT NULL, stream TEXT NOT NULL, number INTEGER NOT NULL, fresh INTEGER NOT NULL, settling INTEGER NOT NULL, all_may_go INTEGER NOT NULL, UNIQUE (connection_id, stream))`,
        `CREATE TABLE mirror_seen (owner BIGINT NOT NULL, id TEXT NOT NULL, snapshot INTEGER NOT NULL, refused INTEGER NOT NULL, PRIMARY KEY (owner, id))${kind === "sqlite" ? " WITHOUT ROWID" : ""}`,
        `CREATE TABLE mirror_missing (owner BIGINT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (owner, id))${kind === "sqlite" ? " WITHOUT ROWID" : ""}`,
        `CREATE TABLE mirror_parked (id TEXT PRIMARY KEY, connection_id TEXT NOT NULL, tenant_id TEXT NOT NULL, kind TEXT NOT NULL, stream TEXT NOT NULL, record_key TEXT, code TEXT NOT NULL, reason TEXT NOT NULL, code_version TEXT NOT NULL, first_at BIGINT NOT NULL, last_at BIGINT NOT NULL, times INTEGER NOT NULL, raw_hash TEXT NOT NULL, raw TEXT NOT NULL, change TEXT)`,
        `CREATE UNIQUE INDEX mirror_parked_once ON mirror_parked (connection_id, stream, kind, raw_hash)`,
        `CREATE INDEX mirror_parked_key ON mirror_parked (connection_id, stream, record_key)`,
        `CREATE TABLE capability_health (capability TEXT PRIMARY KEY, code TEXT NOT NULL, reason TEXT NOT NULL, failed_at BIGINT NOT NULL)`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
];

/** Makes or extends the tables and views of these streams; does nothing where they are as they should be. */
export async function prepareMirror(store: Store, streams: readonly Stream[]): Promise<void> {
  const known = await sql<{ stream: string; signature: string }>`SELECT stream, signature FROM mirror_schema`.execute(store.read);
  const signatures = new Map(known.rows.map((row) => [row.stream, row.signature]));
  for (const stream of streams) {
    const table = tableOf(stream);
    const signature = JSON.stringify([1, table.upsert.columns, table.viewColumns]);
    if (signatures.get(stream.id) === signature) continue;
    await store.tx(async (tx) => {
      await shape(tx.db, tx.kind, table);
      await sql`INSERT INTO mirror_schema (stream, signature) VALUES (${stream.id}, ${signature}) ON CONFLICT (stream) DO UPDATE SET signature = excluded.signature`.execute(tx.db);
    });
  }
}

async function shape(db: Database, kind: Store["kind"], table: StreamTable): Promise<void> {
  const types = kind === "sqlite" ? { text: "TEXT", integer: "INTEGER", real: "REAL" } : { text: "TEXT", integer: "BIGINT", real: "DOUBLE PRECISION" };
  const wanted = table.upsert.columns.map((column) => ({ ...column, sql: types[column.type], required: RESERVED.has(column.name) && !NULLABLE.has(column.name) }));
  const present = await presentColumns(db, kind, table.name);
  if (present.size === 0) {
    const lines = wanted.map((column) => `"${column.name}" ${column.sql}${column.required ? " NOT NULL" : ""}`);
    await sql.raw(`CREATE TABLE ${table.name} (${lines.join(", ")}, PRIMARY KEY (connection_id, id))`).execute(db);
    // Counting and pruning what is gone must not read the whole table; it stays small, so it is made at once.
    await sql.raw(`CREATE INDEX ${table.name}_gone ON ${table.name} (connection_id, gone_at) WHERE gone_at IS NOT NULL`).execute(db);
  }
  for (const column of wanted) {
    const type = present.get(column.name);
    if (present.size > 0 && type === undefined) await sql.raw(`ALTER TABLE ${table.name} ADD COLUMN "${column.name}" ${column.sql}`).execute(db);
    if (type !== undefined && type !== column.sql) throw new Fault("INTERNAL", `The column ${column.name} of ${table.name} is ${type} and would have to be ${column.sql}; that needs a migration.`);
  }
  const columns = table.viewColumns.map((name) => `"${name}"`).join(", ");
  for (const view of [table.view, table.historyView]) await sql.raw(`DROP VIEW IF EXISTS "${view}"`).execute(db);
  await sql.raw(`CREATE VIEW "${table.view}" AS SELECT ${columns} FROM ${table.name} WHERE gone_at IS NULL`).execute(db);
  await sql.raw(`CREATE VIEW "${table.historyView}" AS SELECT ${columns}, gone_at FROM ${table.name} WHERE gone_at IS NOT NULL`).execute(db);
}

async function presentColumns(db: Database, kind: Store["kind"], table: string): Promise<ReadonlyMap<string, string>> {
  const query =
    kind === "sqlite"
      ? sql<{ name: string; type: string }>`SELECT name, type FROM pragma_table_info(${table})`
      : sql<{ name: string; type: string }>`SELECT column_name AS name, upper(data_type) AS type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ${table}`;
  const answer = await query.execute(db);
  return new Map(answer.rows.map((row) => [row.name, row.type]));
}

/** `(…)` after IN: a list of any length as one parameter. */
export function idList(kind: Store["kind"], ids: readonly string[]): RawBuilder<unknown> {
  return kind === "sqlite" ? sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))` : sql`(SELECT unnest(${[...ids]}::text[]))`;
}

export class StreamTables {
  readonly #tables: ReadonlyMap<StreamId, StreamTable>;

  constructor(streams: readonly Stream[]) {
    this.#tables = new Map(streams.map((stream) => [stream.id, tableOf(stream)]));
  }

  of(stream: Pick<Stream, "id">): StreamTable {
    const table = this.#tables.get(stream.id);
    if (table === undefined) throw new Fault("INTERNAL", `The mirror was made without the stream ${stream.id}.`);
    return table;
  }

  find(id: StreamId): StreamTable | undefined {
    return this.#tables.get(id);
  }

  all(): readonly StreamTable[] {
    return [...this.#tables.values()];
  }
}
