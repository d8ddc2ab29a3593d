/**
 * The store on PostgreSQL, for hubs that outgrow one file: the same contract over a connection pool. Transactions are REPEATABLE READ, so
 * that two that would overwrite each other's work cannot both commit; the loser's `work` is run again, one loser at a time. Refuses a server whose settings could lose
 * a commit.
 */
import { setTimeout as delay } from "node:timers/promises";
import { AsyncLocalStorage } from "node:async_hooks";
import { Kysely, PostgresDialect, type PostgresPoolClient, sql } from "kysely";
import pg from "pg";
import { Fault } from "../kernel/fault.ts";
import type { Secret } from "../kernel/secret.ts";
import { assertFence, LEASE_TABLE, releaseLease, takeLease } from "./lease.ts";
import { MIGRATION_TABLE } from "./migrate.ts";
import { upsertPostgres } from "./postgres-upsert.ts";
import type { Database, Durability, Store, Synced, Tx } from "./store.ts";
import { storableParameters } from "./text.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: Secret;
  readonly poolSize?: number;
  /** Tests only: what a setting is said to read back as. */
  readonly observed?: (name: string, value: string) => string;
}

export interface PostgresStore extends Store {
  readonly kind: "postgres";
  readonly pool: pg.Pool;
  /** For the read-only SQL role, which signs in by itself. */
  readonly url: Secret;
}

/** Anything else, and a commit that was answered can be lost, or a table torn, in a power cut. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  fsync: ["on"],
  full_page_writes: ["on"],
  synchronous_commit: ["on", "local", "remote_write", "remote_apply"],
  server_encoding: ["UTF8"],
};

const OLDEST_SERVER = 14;
/** How long a transaction that keeps losing to others is run again. */
const PATIENCE_MS = 30_000;
/** Advisory locks: numbers of ours, no meaning. */
const TABLES_LOCK = 448845440;
const TURN_LOCK = 448845442;
/** serialization_failure and deadlock_detected: the server undid the transaction and asks for it again. */
const RETRIED: ReadonlySet<string> = new Set(["40001", "40P01"]);
/** Object ids of PostgreSQL's own types, the same on every server. */
const BOOL = 16;
/** int8, int2, int4, float4, float8, numeric. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 700, 701, 1700]);
const LOCK_NOT_AVAILABLE = "55P03";

export async function openPostgres(options: PostgresOptions): Promise<PostgresStore> {
  const pool = new pg.Pool({
    connectionString: options.url.reveal(),
    max: options.poolSize ?? 8,
    application_name: "vedette",
    connectionTimeoutMillis: 10_000,
    // A paused process must not hold a lease's row for ever.
    idle_in_transaction_session_timeout: 60_000,
    types: { getTypeParser: parserFor },
  });
  // An idle connection that breaks is replaced at its next use; unheard, the event would end the process.
  pool.on("error", () => undefined);
  try {
    await readDurability(pool, options.observed);
    await createOwnTables(pool);
  } catch (error) {
    await pool.end();
    throw postgresFault(error);
  }
  return storeOver(pool, options);
}

function storeOver(pool: pg.Pool, { url, observed }: PostgresOptions): PostgresStore {
  const running = new AsyncLocalStorage<{ active: boolean }>();
  let lastTurn: Promise<void> = Promise.resolve();

  async function tx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (running.getStore()?.active === true) throw new Fault("INTERNAL", "A transaction was opened inside another; it would wait for itself.");
    try {
      return await once(work, false);
    } catch (error) {
      if (!RETRIED.has(sqlState(error))) throw postgresFault(error);
    }
    // Losers that all tried again at once would lose to each other again.
    const turn = lastTurn.then(() => again(work));
    lastTurn = turn.then(noop, noop);
    return turn;
  }

  async function again<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const giveUp = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await once(work, true);
      } catch (error) {
        if (performance.now() >= giveUp || !RETRIED.has(sqlState(error))) throw postgresFault(error);
        await delay(1 + 10 * Math.random());
      }
    }
  }

  /** `inTurn`: while no other process of this store runs a transaction again. */
  async function once<T>(work: (tx: Tx) => Promise<T>, inTurn: boolean): Promise<T> {
    const client = await pool.connect();
    const state: TransactionState = { active: true, conflict: undefined };
    let broken = false;
    try {
      if (inTurn) await client.query(`SELECT pg_advisory_lock(${String(TURN_LOCK)})`);
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      const result = await running.run(state, () => work(transactionOn(client, state)));
      if (state.conflict !== undefined) throw state.conflict;
      const end = await client.query("COMMIT");
      if (end.command !== "COMMIT") throw new Fault("INTERNAL", "A failed statement was swallowed inside a transaction; nothing of it was committed.");
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      state.active = false;
      if (inTurn && !broken) {
        await client.query("SELECT pg_advisory_unlock_all()").catch(() => {
          broken = true;
        });
      }
      client.release(broken);
    }
  }

  return {
    kind: "postgres",
    pool,
    url,
    read: kyselyOver(async () => cleaning(await pool.connect(), () => true)),
    tx: (work, synced) => tx(syncedAs(work, synced)),
    fencedTx: (lease, work, synced) =>
      tx(syncedAs(async (inner) => {
        await assertFence(inner, lease);
        return work(inner);
      }, synced)),
    async lease(name, holder, ttlMs) {
      try {
        return await tx(async (inner) => {
          // The row is locked while a fenced transaction of the present holder runs: that is an answer, not something to wait for.
          await setLocal(inner.db, "lock_timeout", "2s");
          return takeLease(inner, name, holder, ttlMs);
        });
      } catch (error) {
        if (sqlState(error) === LOCK_NOT_AVAILABLE) return undefined;
        throw error;
      }
    },
    release: (lease) => tx((inner) => releaseLease(inner, lease)),
    durability: () => readDurability(pool, observed),
    size: () => databaseSize(pool),
    // PostgreSQL does not say what of its files is room to fill again.
    filled: () => databaseSize(pool),
    async backup() {
      throw new Fault("CONFIG_INVALID", "A PostgreSQL store is backed up with PostgreSQL's own tools.", { cure: "Run `pg_dump --format=custom --file=FILE \"$VEDETTE_DATABASE_URL\"`; `pg_restore` brings it back." });
    },
    close: () => pool.end(),
  };
}

function noop(): void {}

interface TransactionState {
  active: boolean;
  /** A conflict seen inside a savepoint: whoever caught it, the whole transaction is run again. */
  conflict: Error | undefined;
}

function transactionOn(client: pg.PoolClient, state: TransactionState): Tx {
  let depth = 0;
  const db = kyselyOver(async () => ({ ...cleaning(client, () => state.active), release() {} }));
  return {
    kind: "postgres",
    db,
    async savepoint(work) {
      depth += 1;
      const name = `s${String(depth)}`;
      await client.query(`SAVEPOINT ${name}`);
      try {
        const result = await work();
        await client.query(`RELEASE SAVEPOINT ${name}`);
        return result;
      } catch (error) {
        if (error instanceof Error && RETRIED.has(sqlState(error))) state.conflict = error;
        await client.query(`ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
    async bulkUpsert(spec, rows) {
      if (!state.active) throw new Fault("INTERNAL", "Rows were written through a transaction that has ended.");
      await upsertPostgres(client, spec, rows);
    },
  };
}

function kyselyOver(connect: () => Promise<PostgresPoolClient>): Database {
  return new Kysely<object>({ dialect: new PostgresDialect({ pool: { options: {}, connect, async end() {} } }) });
}

function cleaning(client: pg.PoolClient, alive: () => boolean): PostgresPoolClient {
  const inner = client as unknown as PostgresPoolClient;
  const query = (text: unknown, parameters?: readonly unknown[]): unknown => {
    if (!alive()) throw new Fault("INTERNAL", "A query was made through a transaction that has ended.");
    return inner.query(text as string, storableParameters(parameters ?? []));
  };
  return { query: query as PostgresPoolClient["query"], release: (destroy) => client.release(destroy) };
}

function syncedAs<T>(work: (tx: Tx) => Promise<T>, synced: Synced = "at-once"): (tx: Tx) => Promise<T> {
  if (synced === "at-once") return work;
  return async (tx) => {
    await setLocal(tx.db, "synchronous_commit", "off");
    return work(tx);
  };
}

async function setLocal(db: Database, name: string, value: string): Promise<void> {
  await sql`SELECT set_config(${name}, ${value}, true)`.execute(db);
}

/** As SQLite gives them: 64-bit integers and sums are numbers too (counts and milliseconds stay far below 2^53), truth is 0 or 1, all else is text. */
function parserFor(oid: number): (value: string) => unknown {
  if (NUMBERS.has(oid)) return Number;
  return oid === BOOL ? (value) => (value === "t" ? 1 : 0) : String;
}

async function databaseSize(pool: pg.Pool): Promise<number> {
  const answer = await pool.query<{ bytes: number }>("SELECT pg_database_size(current_database()) AS bytes");
  return answer.rows[0]?.bytes ?? 0;
}

async function createOwnTables(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    // IF NOT EXISTS alone can fail when two hubs start at once; the lock makes one wait.
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${String(TABLES_LOCK)}); ${LEASE_TABLE}; ${MIGRATION_TABLE}; COMMIT`);
  } finally {
    client.release();
  }
}

async function readDurability(pool: pg.Pool, observed: PostgresOptions["observed"]): Promise<Durability> {
  const names = Object.keys(WANTED);
  const answer = await pool.query<{ name: string; setting: string }>("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", [[...names, "server_version"]]);
  const found = new Map(answer.rows.map((row) => [row.name, observed === undefined ? row.setting : observed(row.name, row.setting)]));
  const version = found.get("server_version") ?? "unknown";
  if (!(Number.parseInt(version, 10) >= OLDEST_SERVER)) {
    throw new Fault("STORE_SETTINGS", `PostgreSQL is ${version}; ${String(OLDEST_SERVER)} or newer is needed.`, { details: { setting: "version", found: version, wanted: String(OLDEST_SERVER) } });
  }
  const settings: Record<string, string> = {};
  for (const name of names) {
    const value = found.get(name) ?? "";
    if (WANTED[name]?.includes(value) !== true) {
      throw new Fault("STORE_SETTINGS", `PostgreSQL answers ${name} = ${value || "nothing"}; ${WANTED[name]?.join(", ") ?? ""} is needed.`, {
        details: { setting: name, found: value, wanted: WANTED[name]?.[0] ?? "" },
        cure: name === "server_encoding" ? "Make the database with ENCODING 'UTF8'." : `Set ${name} = on for this server, database and role.`,
      });
    }
    settings[name] = value;
  }
  return { engine: "PostgreSQL", version, settings };
}

function sqlState(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function postgresFault(error: unknown): unknown {
  if (error instanceof Fault) return error;
  const state = sqlState(error);
  if (state === "53100") return new Fault("DISK_BUDGET", "The database server's disk is full; nothing of this transaction was kept.", { cause: error });
  if (["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "28P01", "28000", "3D000"].includes(state)) {
    return new Fault("CONFIG_INVALID", `The database does not let us in (${state}).`, { cause: error, cure: "Check VEDETTE_DATABASE_URL: host, port, user, password, database." });
  }
  return error;
}
