/**
 * Read-only SQL on PostgreSQL: a pool of its own that signs in as a role which may select from the views and nothing else. A role taken on by SET ROLE
 * would not do, because the statement itself could set it back. The statement runs as a cursor (which the server refuses for anything that writes) in a
 * READ ONLY transaction, one statement by protocol.
 */
import { createHmac, hash } from "node:crypto";
import pg from "pg";
import { Fault } from "../kernel/fault.ts";
import type { PostgresStore } from "../store/postgres.ts";
import { DEFAULT_SQL_TIMEOUT_MS, type SqlAnswer, sqlFault, type SqlOptions } from "./sql-answer.ts";

const FETCH = 500;
/** Object ids of PostgreSQL's own types, the same on every server. */
const BOOL = 16;
const INT8 = 20;
const NUMERIC = 1700;
/** int2, int4, float4, float8. */
const SMALL_NUMBERS: ReadonlySet<number> = new Set([21, 23, 700, 701]);
const QUERY_CANCELED = "57014";

export interface PostgresSql {
  query(sql: string, options: SqlOptions): Promise<SqlAnswer>;
  close(): Promise<void>;
}

export function openPostgresSql(store: PostgresStore, views: readonly string[]): PostgresSql {
  let opening: Promise<pg.Pool> | undefined;
  const pool = () =>
    (opening ??= openPool(store, views).catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  return {
    query: async (sql, options) => query(await pool(), sql, views, options),
    async close() {
      if (opening !== undefined) await (await opening).end();
    },
  };
}

async function openPool(store: PostgresStore, views: readonly string[]): Promise<pg.Pool> {
  const name = await store.pool.query<{ database: string; schema: string }>("SELECT current_database() AS database, current_schema() AS schema");
  const { database, schema } = name.rows[0] ?? { database: "", schema: "public" };
  // Roles belong to the whole server, so the name carries the database's; the password follows from ours, so that every hub knows it and none stores it.
  const role = `vedette_sql_${hash("sha256", database, "hex").slice(0, 12)}`;
  const password = createHmac("sha256", store.url.reveal()).update("read-only sql").digest("base64url");
  await makeRole(store.pool, role, password, schema, views);
  const url = new URL(store.url.reveal());
  url.username = role;
  url.password = password;
  const pool = new pg.Pool({ connectionString: url.href, max: 2, application_name: "vedette-sql", connectionTimeoutMillis: 10_000, types: { getTypeParser: parserFor } });
  pool.on("error", () => undefined);
  return pool;
}

async function makeRole(owner: pg.Pool, role: string, password: string, schema: string, views: readonly string[]): Promise<void> {
  const client = await owner.connect();
  const quoted = client.escapeIdentifier(role);
  const grants = views.map((view) => client.escapeIdentifier(view)).join(", ");
  try {
    await client.query("BEGIN; SELECT pg_advisory_xact_lock(448845441)");
    const exists = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
    if (exists.rows.length === 0) await client.query(`CREATE ROLE ${quoted} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 8`);
    await client.query(`ALTER ROLE ${quoted} PASSWORD ${client.escapeLiteral(password)}`);
    await client.query(`GRANT USAGE ON SCHEMA ${client.escapeIdentifier(schema)} TO ${quoted}; GRANT SELECT ON ${grants} TO ${quoted}; COMMIT`);
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw new Fault("CONFIG_INVALID", `The role ${role} for read-only SQL could not be made in the database.`, {
      cause: error,
      cure: "Let the hub's database role create roles (ALTER ROLE … CREATEROLE), or query the database with a role of your own.",
    });
  } finally {
    client.release();
  }
}

async function query(pool: pg.Pool, sql: string, views: readonly string[], options: SqlOptions): Promise<SqlAnswer> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_SQL_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  options.signal?.throwIfAborted();
  const client = await pool.connect();
  let open = true;

  async function end(): Promise<void> {
    if (!open) return;
    open = false;
    options.signal?.removeEventListener("abort", onAbort);
    await client.query("ROLLBACK").then(
      () => client.release(),
      () => client.release(true),
    );
  }
  // The connection is dropped with the query in it; the server notices at the next row and the timeout at the latest.
  function onAbort(): void {
    open = false;
    client.release(true);
  }
  options.signal?.addEventListener("abort", onAbort, { once: true });

  const aborted = () => options.signal?.aborted === true;

  async function ask(text: string): Promise<pg.QueryArrayResult> {
    if (aborted()) throw new Fault("CANCELLED", "The query was ended on request.");
    try {
      const left = Math.ceil(deadline - performance.now());
      if (left <= 0) throw sqlFault(tooLong(timeoutMs), views);
      await client.query(`SET LOCAL statement_timeout = ${String(left)}`);
      return await client.query({ text, values: [], rowMode: "array", queryMode: "extended" } as pg.QueryArrayConfig);
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (aborted()) throw new Fault("CANCELLED", "The query was ended on request.");
      if (!(error instanceof pg.DatabaseError)) throw new Fault("CONFIG_INVALID", "The database connection broke during the query.", { cause: error });
      throw sqlFault(error.code === QUERY_CANCELED ? tooLong(timeoutMs) : error.message, views);
    }
  }

  async function* rows(first: pg.QueryArrayResult): AsyncGenerator<readonly unknown[]> {
    try {
      for (let page = first; page.rows.length > 0; page = await ask(`FETCH ${String(FETCH)} FROM answer`)) yield* page.rows;
    } finally {
      await end();
    }
  }

  try {
    await client.query("BEGIN READ ONLY");
    await ask(`DECLARE answer NO SCROLL CURSOR FOR ${sql}`);
    const first = await ask(`FETCH ${String(FETCH)} FROM answer`);
    return { columns: first.fields.map((field) => field.name), rows: rows(first) };
  } catch (error) {
    await end();
    throw error;
  }
}

function tooLong(timeoutMs: number): string {
  return `the query took longer than ${String(timeoutMs)} ms and was ended.`;
}

/** Numbers where they are exact, otherwise the server's own text. */
function parserFor(oid: number): (value: string) => unknown {
  if (oid === BOOL) return (value) => (value === "t" ? 1 : 0);
  if (oid === INT8 || oid === NUMERIC) {
    return (value) => {
      const number = Number(value);
      return Number.isSafeInteger(number) || (oid === NUMERIC && String(number) === value) ? number : value;
    };
  }
  return SMALL_NUMBERS.has(oid) ? Number : String;
}
