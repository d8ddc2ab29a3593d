/** What the reader needs from the rest of the house, handed over by the composition root. */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Fault } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { ConsoleClient } from "../sentinelone/client.ts";

export interface SyncConnection {
  readonly id: ConnectionId;
  readonly name: string;
  /** The console's origin. */
  readonly url: string;
  readonly tenant: TenantId;
  readonly siteTenants: ReadonlyMap<string, TenantId>;
  readonly streams: readonly StreamId[];
  readonly paused: boolean;
  /** The token was refused: nothing is read until it is replaced, except one probe now and then. */
  readonly credentialFault: boolean;
  /** The scope the mirror was built with; a snapshot under another one proves nothing. */
  readonly scopeFingerprint: string | null;
  /** Milliseconds between two readings of a stream, where somebody chose them; the stream's own otherwise. */
  readonly everyMs?: Readonly<Partial<Record<StreamId, number>>>;
}

export function intervalOf(connection: Pick<SyncConnection, "everyMs">, stream: { readonly id: StreamId; readonly everyMs: number }): number {
  return connection.everyMs?.[stream.id] ?? stream.everyMs;
}

export interface BudgetView {
  readonly class: string;
  readonly perSecond: number;
  readonly available: number;
  readonly waiting: number;
}

export interface SyncPorts {
  connections(): Promise<readonly SyncConnection[]>;
  /** As it stands now; undefined once removed. */
  current(id: ConnectionId): Promise<SyncConnection | undefined>;
  /** By id or name, within the caller's tenants. */
  find(scope: TenantScope, idOrName: string): Promise<SyncConnection | undefined>;
  /** One client per connection, so that every stream shares the console's budget. A rotated token gives a new one. */
  client(id: ConnectionId): Promise<ConsoleClient>;
  /** Asks the console what the token reaches now. */
  scopeFingerprint(client: ConsoleClient, signal: AbortSignal): Promise<string>;
  reportFault(id: ConnectionId, stream: StreamId | null, fault: Fault): Promise<void>;
  /** A stream was read: its trouble, and the connection's as a whole, is over. */
  reportHealthy(id: ConnectionId, stream: StreamId): Promise<void>;
  /** A listing found the token's scope to be the one the mirror was built with. */
  reportScopeAgrees(id: ConnectionId): Promise<void>;
  /** State people read while a first read is under way. */
  reportSyncing(id: ConnectionId, syncing: boolean): Promise<void>;
  /** The console's budget for the stream's path class. */
  budget(origin: string, stream: StreamId): BudgetView | null;
}
