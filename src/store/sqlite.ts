/**
 * The embedded store: one SQLite file in a folder this process owns. Transactions take turns on one writing connection and may await
 * inside; reads go to a connection of their own and see the last committed state. A commit has reached the disk when `tx` resolves.
 * Refuses a folder in use, an engine too old, and settings that do not read back.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Fault } from "../kernel/fault.ts";
import { copyDatabase } from "./backup.ts";
import { assertFence, LEASE_TABLE, releaseLease, takeLease } from "./lease.ts";
import { LogCopier } from "./log-copier.ts";
import { MIGRATION_TABLE } from "./migrate.ts";
import { Mutex } from "./mutex.ts";
import { takeOwnerLock } from "./owner-lock.ts";
import { privateFile, privateFolder } from "./private-files.ts";
import { openSqliteConnection, type SqliteConnection, sqliteFault } from "./sqlite-connection.ts";
import { SETTINGS, WIDE_CACHE } from "./sqlite-settings.ts";
import type { Store, Synced, Tx } from "./store.ts";

export interface SqliteOptions {
  /** The data folder; made (0700) where it does not exist. */
  readonly folder: string;
  /** Tests only: what a setting is said to read back as. */
  readonly observed?: (name: string, value: string) => string;
}

export interface SqliteStore extends Store {
  readonly kind: "sqlite";
  /** The database file, for the read-only SQL child process. */
  readonly file: string;
}

export function sqliteFile(folder: string): string {
  return join(folder, "vedette.sqlite");
}

/** True where an embedded store has been made in the folder. */
export function sqliteExists(folder: string): boolean {
  return existsSync(sqliteFile(folder));
}

export async function openSqlite(options: SqliteOptions): Promise<SqliteStore> {
  privateFolder(options.folder);
  const lock = takeOwnerLock(options.folder);
  const opened: SqliteConnection[] = [];
  try {
    const file = sqliteFile(options.folder);
    privateFile(file);
    const writer = openSqliteConnection(file, "writer", options.observed);
    opened.push(writer);
    writer.handle.exec(`${LEASE_TABLE}; ${MIGRATION_TABLE}`);
    // Whoever held a lease in here is dead: this process has the folder. Its fences stay, so that the next one is higher.
    writer.handle.exec("UPDATE vedette_leases SET expires_at = 0");
    const reader = openSqliteConnection(file, "reader", options.observed);
    opened.push(reader);
    return storeOver(file, writer, reader, () => lock.release());
  } catch (error) {
    for (const connection of opened) connection.close();
    lock.release();
    throw sqliteFault(error);
  }
}

function storeOver(file: string, writer: SqliteConnection, reader: SqliteConnection, unlock: () => void): SqliteStore {
  const turns = new Mutex();
  const running = new AsyncLocalStorage<{ active: boolean }>();
  const copier = new LogCopier(file);
  let closed = false;

  async function tx<T>(work: (tx: Tx) => Promise<T>, synced: Synced = "at-once"): Promise<T> {
    if (running.getStore()?.active === true) throw new Fault("INTERNAL", "A transaction was opened inside another; it would wait for itself.");
    return turns.run(async () => {
      // The engine answers at once: a loop of transactions would keep signals, timers and the network from their turn until its end.
      await nextTurn();
      if (closed) throw new Fault("INTERNAL", "The store is closed.");
      const state: TransactionState = { active: true, undoneBy: undefined };
      try {
        // The log is synced as a whole: the next transaction under FULL puts this one on disk with its own.
        if (synced === "later") writer.handle.exec("PRAGMA synchronous = NORMAL");
        writer.handle.exec("BEGIN IMMEDIATE");
        const result = await running.run(state, () => work(transactionOn(writer, state)));
        if (!writer.handle.inTransaction) throw new Fault("INTERNAL", UNDONE);
        writer.handle.exec("COMMIT");
        copier.committed(writer);
        return result;
      } catch (error) {
        if (writer.handle.inTransaction) writer.handle.exec("ROLLBACK");
        throw sqliteFault(state.undoneBy ?? error);
      } finally {
        state.active = false;
        if (synced === "later") writer.handle.exec(`PRAGMA synchronous = ${SETTINGS.synchronous}`);
      }
    });
  }

  return {
    kind: "sqlite",
    file,
    read: reader.kysely(() => !closed),
    keepMoreAtHand() {
      if (!closed) reader.handle.pragma(`cache_size = ${WIDE_CACHE}`);
    },
    tx,
    fencedTx: (lease, work, synced) =>
      tx(async (inner) => {
        await assertFence(inner, lease);
        return work(inner);
      }, synced),
    lease: (name, holder, ttlMs) => tx((inner) => takeLease(inner, name, holder, ttlMs)),
    release: (lease) => tx((inner) => releaseLease(inner, lease)),
    // In its turn: inside a transaction that is synced later they are others for a moment.
    durability: () => turns.run(async () => ({ engine: "SQLite", version: writer.version, settings: writer.settings() })),
    async size() {
      let bytes = 0;
      for (const suffix of ["", "-wal", "-shm"]) bytes += await sizeOf(file + suffix);
      return bytes;
    },
    async filled() {
      const pages = (name: string): number => Number(reader.handle.pragma(name, { simple: true }));
      return (pages("page_count") - pages("freelist_count")) * pages("page_size");
    },
    backup: (to) => copyDatabase(file, to),
    close: () =>
      turns.run(async () => {
        if (closed) return;
        closed = true;
        reader.close();
        await copier.close();
        writer.handle.pragma("wal_checkpoint(TRUNCATE)");
        writer.close();
        unlock();
      }),
  };
}

const UNDONE = "SQLite has undone the whole transaction; nothing of it was kept.";

interface TransactionState {
  active: boolean;
  /** What made SQLite undo the whole transaction (a full disk) inside a savepoint whose owner lives on. */
  undoneBy: unknown;
}

function transactionOn(writer: SqliteConnection, state: TransactionState): Tx {
  let depth = 0;
  /** A statement after SQLite has undone the transaction would commit by itself. */
  const alive = (): boolean => {
    if (state.active && !writer.handle.inTransaction) throw new Fault("INTERNAL", UNDONE);
    return state.active;
  };
  return {
    kind: "sqlite",
    db: writer.kysely(alive),
    async savepoint(work) {
      depth += 1;
      const name = `s${String(depth)}`;
      writer.handle.exec(`SAVEPOINT ${name}`);
      try {
        const result = await work();
        writer.handle.exec(`RELEASE ${name}`);
        return result;
      } catch (error) {
        // A full disk ends the whole transaction; there is no savepoint left to go back to.
        if (writer.handle.inTransaction) writer.handle.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
        else state.undoneBy ??= error;
        throw error;
      } finally {
        depth -= 1;
      }
    },
    async bulkUpsert(spec, rows) {
      if (!alive()) throw new Fault("INTERNAL", "Rows were written through a transaction that has ended.");
      writer.upsert(spec, rows);
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}
