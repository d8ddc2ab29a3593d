/**
 * Read-only SQL over the documented views and nothing else. On SQLite the statement runs in a child process with Node's own SQLite and an authorizer (two
 * builds of SQLite in one process would break each other's file locks, and a runaway query must be killable); on PostgreSQL as a role that can
 * only read the views. Refuses everything that is not one SELECT, WITH or VALUES.
 */
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { PostgresStore } from "../store/postgres.ts";
import type { SqliteStore } from "../store/sqlite.ts";
import { type SqlAnswer, sqlFault, type SqlOptions } from "./sql-answer.ts";
import { openPostgresSql } from "./sql-postgres.ts";
import { querySqlite } from "./sql-sqlite.ts";
import { tableOf } from "./tables.ts";

export interface Sql {
  readonly views: readonly string[];
  /** CONFIG_INVALID with the engine's own words, for a wrong statement, one that may not run, or one that takes too long; CANCELLED by the signal. */
  query(sql: string, options?: SqlOptions): Promise<SqlAnswer>;
  close(): Promise<void>;
}

/** On PostgreSQL the reading role is made when it is first needed. */
export function openSql(options: { readonly store: SqliteStore | PostgresStore; readonly streams: readonly Stream[] }): Sql {
  const tables = options.streams.map(tableOf);
  const views = tables.flatMap((table) => [table.view, table.historyView]).sort();
  const { store } = options;
  if (store.kind === "postgres") {
    const postgres = openPostgresSql(store, views);
    return {
      views,
      query: (sql, queryOptions) => postgres.query(checkedStatement(sql, views), queryOptions ?? {}),
      close: () => postgres.close(),
    };
  }
  const readable = Object.fromEntries(tables.map((table) => [table.name, [table.view, table.historyView]]));
  return {
    views,
    query: (sql, queryOptions) => querySqlite({ file: store.file, readable, views }, checkedStatement(sql, views), queryOptions ?? {}),
    async close() {},
  };
}

/** Fails early and in plain words; what really holds is the authorizer or the role. Returns the statement as it was given. */
export function checkedStatement(sql: string, views: readonly string[]): string {
  if (sql.includes("\0")) throw sqlFault("the statement holds a NUL character.", views);
  const code = withoutComments(sql);
  const statement = code.trimEnd().replace(/;+$/, "").trim();
  if (statement === "") throw sqlFault("the statement is empty.", views);
  if (!/^\(*\s*(select|with|values)\b/i.test(statement)) throw sqlFault(`only SELECT, WITH and VALUES are allowed, not ${JSON.stringify(statement.slice(0, 20))}.`, views);
  if (hasSemicolon(statement)) throw sqlFault("only one statement at a time.", views);
  return sql;
}

const TOKEN = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[^'"`/-]+|./g;

function withoutComments(sql: string): string {
  return sql.replaceAll(TOKEN, (token) => (token.startsWith("--") || token.startsWith("/*") ? " " : token));
}

function hasSemicolon(sql: string): boolean {
  return [...sql.matchAll(TOKEN)].some(([token]) => !/^['"`]/.test(token) && token.includes(";"));
}
