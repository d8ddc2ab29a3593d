/** What the reader needs from the rest of the house, handed over by the composition root. */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Fault } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { ConsoleClient } from "../sentinelone/client.ts";

export interface SyncConnection {
  readonly id: ConnectionId;
  readonly name: string;
  readonly tenant: TenantId;
  readonly siteTenants: ReadonlyMap<string, TenantId>;
  readonly streams: readonly StreamId[];
  readonly paused: boolean;
  /** The token was refused: nothing is read until it is replaced, except one probe now and then. */
  readonly credentialFault: boolean;
  /** The scope the mirror was built with; a snapshot under another one proves nothing. */
  readonly scopeFingerprint: string | null;
}

export interface BudgetView {
  readonly class: string;
  readonly perSecond: number;
  readonly available: number;
  readonly waiting: number;
}

export interface SyncPorts {
  connections(): Promise<readonly SyncConnection[]>;
  /** By id or name, within the caller's tenants. */
  find(scope: TenantScope, idOrName: string): Promise<SyncConnection | undefined>;
  /** One client per connection, so that every stream shares the console's budget. A rotated token gives a new one. */
  client(id: ConnectionId): Promise<ConsoleClient>;
  /** Asks the console what the token reaches now; null where it will not say. */
  scopeFingerprint(client: ConsoleClient): Promise<string | null>;
  reportFault(id: ConnectionId, stream: StreamId | null, fault: Fault): Promise<void>;
  reportHealthy(id: ConnectionId): Promise<void>;
  /** State people read while a first read is under way. */
  reportSyncing(id: ConnectionId, syncing: boolean): Promise<void>;
  budget(id: ConnectionId, stream: StreamId): BudgetView | null;
}
