/**
 * The mirror's tables. All have the same few columns: ours, the stream's values as one JSON array (`fields`), and the record's text. A page is so written with a
 * dozen values a row instead of eighty, and a version with one more column needs no migration. What people may query are the views made from the stream's columns,
 * `agents` (live rows) and `agents_history` (those now gone); times of ours in them are milliseconds since the epoch.
 */
import { type RawBuilder, sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import { viewName, type StreamId } from "../kernel/stream-ids.ts";
import type { ColumnType, Stream, Value } from "../sentinelone/streams/stream.ts";
import type { BulkUpsert, Database, Migration, Store } from "../store/store.ts";
import type { StoredValue } from "../store/text.ts";
import type { MirrorRow } from "./capability.ts";

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
const RESERVED: ReadonlySet<string> = new Set([...OWN_COLUMNS.map((column) => column.name), "fields", "raw"]);

const PHYSICAL: Readonly<Record<ColumnType, Physical>> = { text: "text", time: "text", json: "text", integer: "integer", boolean: "integer", real: "real" };

const SQL_TYPES = {
  sqlite: { text: "TEXT", integer: "INTEGER", real: "REAL", json: "BLOB" },
  postgres: { text: "TEXT", integer: "BIGINT", real: "DOUBLE PRECISION", json: "JSONB" },
} as const;

export interface StreamTable {
  readonly stream: Stream;
  readonly name: string;
  readonly view: string;
  readonly historyView: string;
  /** The stream's own columns and their places in `fields`. A column called `id` is the key itself and not among them. */
  readonly columns: readonly { readonly name: string; readonly type: Physical; readonly place: number }[];
  /** Inserts a row, or overwrites all of it but when it was first seen. */
  readonly upsert: BulkUpsert;
  readonly viewColumns: readonly string[];
  /** What `mirrorRow` copies: a row that is given its names one by one takes the engine three times as long to make. */
  readonly blank: MirrorRow;
}

export function tableOf(stream: Stream): StreamTable {
  const view = viewName(stream.id);
  const columns = stream.columns.map((column, place) => ({ name: column.name, type: PHYSICAL[column.type], place })).filter((column) => column.name !== "id");
  for (const { name } of columns) {
    if (RESERVED.has(name) || !/^[a-z][a-z0-9_]*$/.test(name)) throw new Fault("INTERNAL", `The column ${name} of ${stream.id} has a name the mirror cannot use.`);
  }
  // The record's text comes last: SQLite then finds the other columns without reading the pages it spills into.
  const names = [...OWN_COLUMNS.map((column) => column.name), ...columns.map((column) => column.name), "raw"];
  const all = [...OWN_COLUMNS, { name: "fields", type: "json" as const }, { name: "raw", type: "text" as const, utf8: true }];
  const kept: ReadonlySet<string> = new Set(["connection_id", "id", "mirrored_at"]);
  return {
    stream,
    name: `mirror_${view}`,
    view,
    historyView: `${view}_history`,
    columns,
    upsert: { table: `mirror_${view}`, columns: all, key: ["connection_id", "id"], update: all.map((column) => column.name).filter((name) => !kept.has(name)), storable: true },
    viewColumns: ["id", "connection_id", "tenant_id", ...columns.map((column) => column.name), "raw", "mirrored_at", "changed_at"],
    blank: JSON.parse(`{${names.map((name) => `"${name}":null`).join(",")}}`) as MirrorRow,
  };
}

/** A column as an expression over the table; the same text in views, conditions and indexes, so that the engine knows one by the other. */
export function columnSql(kind: Store["kind"], table: StreamTable, name: string): string {
  const column = table.columns.find((known) => known.name === name);
  if (column === undefined) return `"${name}"`;
  return `CAST(fields ->> ${String(column.place)} AS ${SQL_TYPES[kind][column.type]})`;
}

/** Every column of a row but `fields`, for SELECT: ours, the stream's, `raw`. */
export function rowSql(kind: Store["kind"], table: StreamTable): RawBuilder<unknown> {
  const names = [...OWN_COLUMNS.map((column) => column.name), ...table.columns.map((column) => column.name), "raw"];
  return sql.raw(selectList(kind, table, names));
}

/** `all`: every column; `values`: of ours only what the contract names, and the record's text left empty. */
export type RowShape = "all" | "values";

/** What a capability is promised of our own columns. */
const PROMISED = ["connection_id", "id", "tenant_id"] as const;

/** As `rowSql`, with the stream's values still in one document: a tenth of the work where a row is wanted whole. To be read by `wholeRow`. */
export function wholeRowSql(kind: Store["kind"], shape: RowShape): RawBuilder<unknown> {
  const fields = kind === "sqlite" ? "json(fields)" : "fields::text";
  if (shape === "values") return sql.raw(`${PROMISED.join(", ")}, ${fields} AS fields`);
  return sql.raw(`${OWN_COLUMNS.map(({ name }) => `"${name}"`).join(", ")}, ${fields} AS fields, raw`);
}

export type WholeRow = Readonly<Record<(typeof PROMISED)[number], StoredValue>> & Readonly<Partial<Record<(typeof OWN_COLUMNS)[number]["name"] | "raw", StoredValue>>> & { readonly fields: string };

/** As `rowSql` would have read it; in the shape `values`, our other columns are null and `raw` is empty. */
export function wholeRow(table: StreamTable, row: WholeRow): MirrorRow {
  const values = JSON.parse(row.fields) as readonly (string | number | null | undefined)[];
  const named: Record<string, StoredValue> = { ...table.blank };
  if (row.raw === undefined) {
    for (const name of PROMISED) named[name] = row[name];
    named["raw"] = "";
  } else {
    for (const { name } of OWN_COLUMNS) named[name] = row[name] ?? null;
    named["raw"] = row.raw;
  }
  // A row written before the column was thought of ends before it.
  for (const { name, place } of table.columns) named[name] = values[place] ?? null;
  return named;
}

function selectList(kind: Store["kind"], table: StreamTable, names: readonly string[]): string {
  return names.map((name) => (table.columns.some((column) => column.name === name) ? `${columnSql(kind, table, name)} AS "${name}"` : `"${name}"`)).join(", ");
}

/** A row for `upsert` as `rowSql` would read it back; `own` are the values of our columns. */
export function mirrorRow(table: StreamTable, own: readonly StoredValue[], values: readonly Value[], raw: string): MirrorRow {
  const named: Record<string, StoredValue> = { ...table.blank };
  let at = 0;
  for (const { name } of OWN_COLUMNS) {
    named[name] = own[at] ?? null;
    at += 1;
  }
  for (const { name, place } of table.columns) named[name] = values[place] ?? null;
  named["raw"] = raw;
  return named;
}

export const MIRROR_MIGRATIONS: readonly Migration[] = [
  {
    id: "0100-mirror",
    async up(db, kind) {
      const statements = [
        `CREATE TABLE mirror_schema (stream TEXT PRIMARY KEY, columns TEXT NOT NULL, views TEXT NOT NULL)`,
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
  {
    id: "0110-read-to",
    async up(db) {
      // `read_to`: everything that had changed before this moment (ms, the hub's clock) is here. `every_ms`: how often it is read.
      for (const column of ["read_to", "every_ms"]) await sql.raw(`ALTER TABLE mirror_checkpoints ADD COLUMN ${column} BIGINT`).execute(db);
      await sql.raw("CREATE TABLE capability_rebuilds (capability TEXT PRIMARY KEY, revision INTEGER NOT NULL, place TEXT, done_at BIGINT)").execute(db);
    },
  },
  {
    id: "0120-owed",
    async up(db) {
      await sql.raw("CREATE TABLE mirror_owed (capability TEXT NOT NULL, connection_id TEXT NOT NULL, stream TEXT NOT NULL, ready INTEGER NOT NULL, after_id TEXT NOT NULL, PRIMARY KEY (capability, connection_id, stream))").execute(db);
    },
  },
  {
    id: "0130-owed-began",
    async up(db) {
      // When the first page came (ms): what a first read tells of reaches back from there.
      await sql.raw("ALTER TABLE mirror_owed ADD COLUMN began BIGINT").execute(db);
    },
  },
];

/** Makes the tables and views of these streams; does nothing where they are as they should be. */
export async function prepareMirror(store: Store, streams: readonly Stream[]): Promise<void> {
  const known = await sql<{ stream: string; columns: string; views: string }>`SELECT stream, columns, views FROM mirror_schema`.execute(store.read);
  const stored = new Map(known.rows.map((row) => [row.stream, row]));
  for (const stream of streams) {
    const table = tableOf(stream);
    const columns = stream.columns.map(({ name, type }) => `${name} ${PHYSICAL[type]}`);
    const views = JSON.stringify([VIEWS_VERSION, table.viewColumns]);
    const before = stored.get(stream.id);
    if (before !== undefined) refuseMoved(stream, JSON.parse(before.columns) as readonly string[], columns);
    if (before?.views === views) continue;
    await store.tx(async (tx) => {
      if (before === undefined) await createTable(tx.db, tx.kind, table);
      await createViews(tx.db, tx.kind, table);
      await sql`
        INSERT INTO mirror_schema (stream, columns, views) VALUES (${stream.id}, ${JSON.stringify(columns)}, ${views})
        ON CONFLICT (stream) DO UPDATE SET columns = excluded.columns, views = excluded.views`.execute(tx.db);
    });
  }
}

/** Raised when the views are to be made again although their columns are the same. */
const VIEWS_VERSION = 2;

/** A value is known by its place: rows written before must still mean the same. */
function refuseMoved(stream: Stream, before: readonly string[], now: readonly string[]): void {
  const moved = before.find((column, place) => now[place] !== column);
  if (moved === undefined) return;
  throw new Fault("INTERNAL", `The column ${moved} of ${stream.id} is no longer at its place; columns may only be added at the end.`);
}

async function createTable(db: Database, kind: Store["kind"], table: StreamTable): Promise<void> {
  const lines = table.upsert.columns.map(({ name, type }) => `"${name}" ${SQL_TYPES[kind][type]}${NULLABLE.has(name) ? "" : " NOT NULL"}`);
  await sql.raw(`CREATE TABLE ${table.name} (${lines.join(", ")}, PRIMARY KEY (connection_id, id))`).execute(db);
  // Counting and pruning what is gone must not read the whole table; it stays small, so it is made at once.
  await sql.raw(`CREATE INDEX ${table.name}_gone ON ${table.name} (connection_id, gone_at) WHERE gone_at IS NOT NULL`).execute(db);
}

async function createViews(db: Database, kind: Store["kind"], table: StreamTable): Promise<void> {
  const columns = selectList(kind, table, table.viewColumns);
  for (const view of [table.view, table.historyView]) await sql.raw(`DROP VIEW IF EXISTS "${view}"`).execute(db);
  await sql.raw(`CREATE VIEW "${table.view}" AS SELECT ${columns} FROM ${table.name} WHERE gone_at IS NULL`).execute(db);
  await sql.raw(`CREATE VIEW "${table.historyView}" AS SELECT ${columns}, gone_at FROM ${table.name} WHERE gone_at IS NOT NULL`).execute(db);
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
