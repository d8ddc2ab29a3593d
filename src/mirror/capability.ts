/**
 * The Capability contract: what a part of the hub does with the mirror. `react` runs inside the page's transaction, in a savepoint of
 * its own; it may write its own tables and queue deliveries, never reach the network. The time arrives as an argument.
 */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Route } from "../kernel/route.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Migration, Tx } from "../store/store.ts";

/** A mirror row by column name, `id`, `connection_id`, `tenant_id` and `raw` among them. Other columns of the mirror's own may be null in a first read. */
export type MirrorRow = Readonly<Record<string, string | number | null>>;

export interface Change {
  readonly id: string;
  readonly before: MirrorRow | null;
  readonly after: MirrorRow | null;
}

/** What one page changed in the mirror, for one tenant: a row that moves to another is gone for the old one and inserted for the new. */
export interface ChangeSet {
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly stream: StreamId;
  readonly inserted: readonly Change[];
  readonly changed: readonly Change[];
  readonly gone: readonly Change[];
  /** Source time up to which the stream is proven read, after this page. */
  readonly watermark: string | null;
  /** What it tells was so before anybody looked: part of a stream's first read, handed in page by page or, to whoever waits, when that has ended. */
  readonly firstRead?: boolean;
  /** When that first read began (ms, the hub's clock). */
  readonly firstReadBegan?: number;
}

export interface Capability {
  readonly id: string;
  readonly reads: readonly StreamId[];
  readonly migrations: readonly Migration[];
  react(changes: ChangeSet, tx: Tx, now: number): Promise<void>;
  /** `afterwards`: pages of a stream's first read are not handed in one by one; when it has ended, its live rows come as `inserted`. */
  readonly firstRead?: "afterwards";
  /**
   * With that: only rows whose retention column lies no further back than this time (six digits, as the mirror's) or is empty are handed in. What such a capability makes of a long log
   * is often a matter of its last days.
   */
  readonly firstReadFrom?: (tx: Tx, connection: ConnectionId, began: number) => Promise<string>;
  /** With that: rows of the stream that agree in this column come together, in its order. One that the stream says is `indexed`. */
  readonly firstReadBy?: Readonly<Partial<Record<StreamId, string>>>;
  /** With that: what it makes of a row needs the record's own text. Otherwise `raw` may be empty in a first read. */
  readonly needsRaw?: true;
  /** In the transaction that ends a stream's first read. */
  readonly firstReadEnded?: (tx: Tx, connection: ConnectionId, stream: StreamId) => Promise<void>;
  /** For what time changes: expiry, due dates, decay, reminders. Returns when it wants to be asked again (ms), or null. */
  due(now: number, tx: Tx): Promise<number | null>;
  /** Raised when what it keeps of the mirror is made in another way, or was never made: the mirror is then replayed to it once. */
  readonly revision?: number;
  /** Replays one checkpointed page of the mirror after a rule, mapping or setting changed. */
  rebuild(page: ChangeSet, tx: Tx, now: number): Promise<void>;
  readonly routes: readonly Route<Tx>[];
}
