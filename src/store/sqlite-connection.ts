/**
 * One better-sqlite3 connection and the ways to it: Kysely with cached statements, and the straight path for whole pages of rows. A query
 * made through a transaction that has ended is refused rather than run in whichever transaction happens to be open.
 */
import Sqlite from "better-sqlite3";
import { Kysely, SqliteAdapter, SqliteDialect, type SqliteStatement } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { BulkUpsert, Database } from "./store.ts";
import { APPLICATION_ID, assertSettings, PAGE_SIZE, settingsFor } from "./sqlite-settings.ts";
import { storableParameters, storableText, type UpsertValue } from "./text.ts";

type Statement = Sqlite.Statement<unknown[]>;

/** Enough for every query the hub repeats; those made from lists of varying length must not pile up. */
const CACHED_STATEMENTS = 300;

export interface SqliteConnection {
  readonly handle: Sqlite.Database;
  readonly version: string;
  readonly settings: () => Readonly<Record<string, string>>;
  /** `alive` is asked at every query. */
  kysely(alive: () => boolean): Database;
  upsert(spec: BulkUpsert, rows: Iterable<readonly UpsertValue[]>): void;
  /** Pages in the log, and how many of them are in the database already. */
  log(): { readonly log: number; readonly copied: number };
  close(): void;
}

/** STORE_SETTINGS where the engine falls short; CONFIG_INVALID where the file is no database or damaged. */
export function openSqliteConnection(file: string, role: "writer" | "reader", observed?: (name: string, value: string) => string): SqliteConnection {
  const handle = new Sqlite(file, { readonly: role === "reader", fileMustExist: role === "reader", timeout: 5000 });
  try {
    if (role === "writer") handle.pragma(`page_size = ${String(PAGE_SIZE)}`);
    for (const [name, value] of settingsFor(role)) handle.pragma(`${name} = ${value}`);
    if (role === "writer" && handle.pragma("application_id", { simple: true }) === 0) handle.pragma(`application_id = ${String(APPLICATION_ID)}`);
    const version = String(handle.prepare("SELECT sqlite_version()").pluck().get());
    const settings = () =>
      assertSettings(
        version,
        (name) => {
          const answer: unknown = handle.pragma(name, { simple: true });
          const value = typeof answer === "string" || typeof answer === "number" ? String(answer) : "";
          return observed === undefined ? value : observed(name, value);
        },
        role,
      );
    settings();
    return connectionOver(handle, version, settings);
  } catch (error) {
    handle.close();
    throw sqliteFault(error);
  }
}

function connectionOver(handle: Sqlite.Database, version: string, settings: SqliteConnection["settings"]): SqliteConnection {
  const statements = new Map<string, Statement>();
  const logState = handle.prepare<[], { log: number; checkpointed: number }>("PRAGMA wal_checkpoint(NOOP)");

  function statement(sql: string): Statement {
    const cached = statements.get(sql);
    if (cached !== undefined && !cached.busy) {
      statements.delete(sql);
      statements.set(sql, cached);
      return cached;
    }
    const fresh = handle.prepare<unknown[]>(sql);
    statements.set(sql, fresh);
    if (statements.size > CACHED_STATEMENTS) {
      const [oldest] = statements.keys();
      if (oldest !== undefined) statements.delete(oldest);
    }
    return fresh;
  }

  return {
    handle,
    version,
    settings,
    kysely(alive) {
      const prepare = (sql: string): SqliteStatement => {
        if (!alive()) throw new Fault("INTERNAL", "A query was made through a transaction that has ended.");
        return guarded(statement(sql));
      };
      return new Kysely<object>({ dialect: new Dialect({ database: { prepare, close() {} } }) });
    },
    upsert(spec, rows) {
      const insert = statement(upsertSql(spec));
      if (spec.storable === true) for (const row of rows) insert.run(row);
      else for (const row of rows) insert.run(holdsNul(row) ? row.map((value) => (typeof value === "string" ? storableText(value) : value)) : row);
    },
    log() {
      const state = logState.get();
      return { log: state?.log ?? 0, copied: state?.checkpointed ?? 0 };
    },
    close() {
      statements.clear();
      handle.close();
    },
  };
}

/** A plain loop: a page's rows have tens of thousands of values. */
function holdsNul(row: readonly UpsertValue[]): boolean {
  for (const value of row) if (typeof value === "string" && value.includes("\0")) return true;
  return false;
}

/**
 * One query runs at a time in any case, and transactions wait for each other before they begin (`sqlite.ts`): that Kysely lets queries wait for one another too would only cost each
 * of them its promises.
 */
class Dialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new Adapter();
  }
}

class Adapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function guarded(inner: Statement): SqliteStatement {
  return {
    reader: inner.reader,
    all: (parameters) => inner.all(storableParameters(parameters)),
    run: (parameters) => inner.run(storableParameters(parameters)),
    iterate: (parameters) => inner.iterate(storableParameters(parameters)),
  };
}

/** Bytes are bound as they are, which spares making text of them; JSON is kept in SQLite's own binary form. */
function placeholder({ type, utf8 }: BulkUpsert["columns"][number]): string {
  if (type === "json") return "jsonb(CAST(? AS TEXT))";
  return utf8 === true ? "CAST(? AS TEXT)" : "?";
}

const upsertTexts = new WeakMap<BulkUpsert, string>();

function upsertSql(spec: BulkUpsert): string {
  const known = upsertTexts.get(spec);
  if (known !== undefined) return known;
  const columns = spec.columns.map((column) => quoted(column.name));
  const update = spec.update.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(", ");
  const text = `INSERT INTO ${quoted(spec.table)} (${columns.join(", ")}) VALUES (${spec.columns.map(placeholder).join(", ")}) ON CONFLICT (${spec.key.map(quoted).join(", ")}) DO ${update === "" ? "NOTHING" : `UPDATE SET ${update}`}`;
  upsertTexts.set(spec, text);
  return text;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What SQLite itself refuses, in words an operator can act on; anything else comes back as it is. */
export function sqliteFault(error: unknown): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  if (error.code === "SQLITE_FULL") return new Fault("DISK_BUDGET", "The disk that holds the data folder is full; nothing of this transaction was kept.", { cause: error });
  if (error.code.startsWith("SQLITE_CORRUPT") || error.code === "SQLITE_NOTADB") {
    return new Fault("CONFIG_INVALID", "The store's file is damaged or not a database.", { cause: error, cure: "Restore a backup: `vedette restore FILE`." });
  }
  return error;
}
