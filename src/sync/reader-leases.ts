/** Who may read a stream of a connection: one run at a time, over all processes, until its lease runs out or is taken from it. */
import type { ConnectionId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { revokeLeases } from "../store/lease.ts";
import type { Tx } from "../store/store.ts";

export function leaseName(connection: ConnectionId, stream: StreamId): string {
  return `${prefix(connection)}${stream}`;
}

/**
 * Nothing that is being read of this connection, here or in another process, can be stored after this transaction: readers knew the connection
 * as it was when they began. They end, and the next ones take it as it is then.
 */
export async function revokeReaders(tx: Tx, connection: ConnectionId): Promise<void> {
  await revokeLeases(tx, prefix(connection));
}

function prefix(connection: ConnectionId): string {
  return `sync:${connection}:`;
}
