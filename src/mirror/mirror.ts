/**
 * What the reader may ask of the mirror. Everything a page does happens through `applyPage` in one transaction; nothing is declared
 * gone except by `settle`, which wants proof.
 */
import type { ConnectionId, RunId, TenantId } from "../kernel/ids.ts";
import type { Page, Stream } from "../sentinelone/streams/stream.ts";
import type { Tx } from "../store/store.ts";

/** Whose rows these are: the tenant of a mapped site wins over the connection's. */
export interface MirrorTarget {
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly siteTenants: ReadonlyMap<string, TenantId>;
}

export interface PageInput {
  readonly target: MirrorTarget;
  readonly stream: Stream;
  readonly run: RunId;
  /** Number of the snapshot this page belongs to; its ids are remembered as seen. Null for a changes page. */
  readonly snapshot: number | null;
  /** `aged`: ids that are at the source and older than what is kept; seen, not stored. */
  readonly page: Pick<Page, "records" | "rejected" | "repeated"> & { readonly aged?: readonly string[] };
  /** Stored in the same transaction; opaque JSON to the mirror. */
  readonly checkpoint: StoredCheckpoint;
  readonly watermark: string | null;
  /** The stream has not been read whole before: capabilities that wait for the end of that are not shown the page. */
  readonly firstRead?: boolean;
  /** Whoever began the transaction makes it again without this where it fails: a capability that does is then set apart, at the cost of a savepoint. */
  readonly allOrNothing?: boolean;
  readonly now: number;
}

/** `format` guards against a newer writer: an unknown one is a Fault, never reinterpreted. */
export interface StoredCheckpoint {
  readonly format: number;
  readonly body: string;
}

/** `received = inserted + changed + unchanged + parked` (repeats inside a page count as unchanged), checked before the transaction commits. */
/** What became of what the rows of a listing state, where its stream can tell. */
export interface Moves {
  readonly added: number;
  readonly changed: number;
  readonly closed: number;
}

export interface PageOutcome {
  readonly received: number;
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly parked: number;
  /** Of a page of a full listing that is not the first. */
  readonly moves?: Moves;
}

export interface SettleInput {
  readonly target: MirrorTarget;
  readonly stream: Stream;
  readonly snapshot: number;
  /** Rows first seen after this moment (ms) were not there to be missed. */
  readonly startedAt: number;
  readonly now: number;
  readonly watermark: string | null;
}

/** What one call of `settle` did; called again until `more` is false, each call one transaction. */
export interface SettleOutcome {
  readonly gone: number;
  /** Of those, whose matter was not over yet. */
  readonly closed: number;
  /** Missing now, waiting for a second snapshot that misses them too. */
  readonly heldBack: number;
  readonly more: boolean;
}

export interface Mirror {
  applyPage(tx: Tx, input: PageInput): Promise<PageOutcome>;
  readCheckpoint(connection: ConnectionId, stream: Stream): Promise<StoredCheckpoint | null>;
  writeCheckpoint(tx: Tx, connection: ConnectionId, stream: Stream, checkpoint: StoredCheckpoint): Promise<void>;
  /** Says that everything which had changed before `to` (ms, the hub's clock) is here, and how often the stream is read. Never goes back. */
  proveRead(tx: Tx, connection: ConnectionId, stream: Stream, to: number, everyMs: number): Promise<void>;
  /** A new snapshot number; what an unfinished earlier one had seen is forgotten. */
  beginSnapshot(tx: Tx, connection: ConnectionId, stream: Stream): Promise<number>;
  /** Distinct ids seen so far by a snapshot, those of later changes pages among them. */
  seenCount(connection: ConnectionId, stream: Stream, snapshot: number): Promise<number>;
  /** Of a snapshot that read everything but whose count does not agree: what it missed that the one before also missed. */
  settle(tx: Tx, input: SettleInput, proof: "complete" | "uncounted"): Promise<SettleOutcome>;
  /** Live rows of a stream; `gone` those with a tombstone. */
  rowCounts(connection: ConnectionId, stream: Stream): Promise<{ readonly live: number; readonly gone: number }>;
  /** Live rows whose `column` lies in [from, to]: the other half of the audit by counting. */
  countBetween(connection: ConnectionId, stream: Stream, column: string, from: string, to: string): Promise<number>;
  /** Says that a stream's first read has ended, in the transaction that ends it. */
  firstReadEnded(tx: Tx, connection: ConnectionId, stream: Stream): Promise<void>;
  /** Hands ended first reads to the capabilities that waited for them, a page in a transaction; false where the signal stopped it before the end. */
  payOwed(signal?: AbortSignal): Promise<boolean>;
  /** Secondary indexes are made after a first read, not during it. An aborted signal stops before the next one; it is made at the next call. */
  ensureIndexes(stream: Stream, signal?: AbortSignal): Promise<void>;
  /** Ages out up to `limit` rows by the stream's retention column; tells how many. */
  prune(tx: Tx, connection: ConnectionId, stream: Stream, before: string, limit: number): Promise<number>;
  /** Deletes up to `limit` rows of a removed connection; 0 when none are left. */
  erase(tx: Tx, connection: ConnectionId, limit: number): Promise<number>;
  /** Gives up to `limit` rows of a site (or the unmapped rest, site null) their tenant after a mapping changed. */
  reassign(tx: Tx, target: MirrorTarget, site: string | null, limit: number): Promise<number>;
}
