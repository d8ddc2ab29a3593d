/**
 * The Store contract: SQLite and PostgreSQL behind one small face. Reads see committed state; writes happen in transactions, one at
 * a time on SQLite; work that must not run twice holds a lease whose fence rises, and a stale holder cannot commit.
 */
import type { Kysely } from "kysely";

/** Untyped at the contract; each module narrows it with `withTables<OwnTables>()`. */
export type Database = Kysely<object>;

export interface Tx {
  readonly db: Database;
  readonly kind: Store["kind"];
  /** Undoes `work` alone if it throws, then throws on; the transaction goes on. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
  /** Inserts or updates many rows of one table in page order, by the fastest way the engine has. */
  bulkUpsert(spec: BulkUpsert, rows: Iterable<readonly (string | number | Uint8Array | null)[]>): Promise<void>;
}

export interface BulkUpsert {
  readonly table: string;
  /** A text column marked `utf8`, and any `json` column, also takes its text as UTF-8 bytes, whose validity the caller vouches for. */
  readonly columns: readonly { readonly name: string; readonly type: "text" | "integer" | "real" | "json"; readonly utf8?: boolean }[];
  readonly key: readonly string[];
  /** Columns an existing row takes over from the new one; empty = leave the existing row alone. */
  readonly update: readonly string[];
  /** The caller vouches that no text holds NUL or a lone surrogate; otherwise every text is looked through. */
  readonly storable?: boolean;
}

export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly fence: number;
}

export interface Durability {
  readonly engine: string;
  readonly version: string;
  /** Settings read back from the engine, by name. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * `later`: committed, and safe from a kill as ever, but put on disk with the next transaction that is synced. A power cut before that undoes it whole: for
 * what is then simply done again, because the note that it was done is part of it.
 */
export type Synced = "at-once" | "later";

export interface Store {
  readonly kind: "sqlite" | "postgres";
  /** Committed state; never use it inside a transaction's `work`. */
  readonly read: Database;
  /** Told by who asks all over a large index time and again: from now on readers keep more of it in memory, where it is for us to say (SQLite). */
  keepMoreAtHand?(): void;
  /** `work` may be run again where another transaction got in its way (PostgreSQL): it must change nothing but the store. Never nested. */
  tx<T>(work: (tx: Tx) => Promise<T>, synced?: Synced): Promise<T>;
  /** As `tx`, and fails with LEASE_LOST (nothing committed) unless the lease is still held at commit. */
  fencedTx<T>(lease: Lease, work: (tx: Tx) => Promise<T>, synced?: Synced): Promise<T>;
  /** Takes or renews the lease; undefined while another holder's has not run out (by the database's clock). */
  lease(name: string, holder: string, ttlMs: number): Promise<Lease | undefined>;
  release(lease: Lease): Promise<void>;
  /** Reads the engine's version and settings back; a Fault (STORE_SETTINGS) where they fall short. */
  durability(): Promise<Durability>;
  /** Bytes on disk, side files included. */
  size(): Promise<number>;
  /** Bytes that hold something: room that was given up is filled before the files grow, and the log beside them is written over. */
  filled(): Promise<number>;
  /** A consistent copy of the whole store at one instant, while it is in use (SQLite; PostgreSQL names pg_dump instead). */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

/** Forward only. `id` sorts in the order they run: `0007-snapshot-seen`. */
export interface Migration {
  readonly id: string;
  up(db: Database, kind: Store["kind"]): Promise<void>;
}
