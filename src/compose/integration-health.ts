/** How connections and destinations stand, as the watch over the integration's health asks for it. */
import { EVENT_STREAMS } from "../kernel/alert-api.ts";
import type { RunView } from "../kernel/api.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import type { Connections } from "../connections/connections.ts";
import type { Registry } from "../delivery/registry.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { Observed } from "../notify/index.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Store } from "../store/store.ts";
import { listRuns } from "../sync/run-history.ts";
import { readStates, type StreamState } from "../sync/stream-state.ts";

export interface HealthSources {
  readonly store: Store;
  readonly clock: Clock;
  readonly mirror: Pick<Mirror, "rowCounts">;
  readonly streams: readonly Stream[];
  readonly connections: Pick<Connections, "list">;
  readonly destinations: Pick<Registry, "list">;
}

/** Event streams are read every minute. */
const ANSWERED_WITHIN_MS = 15 * 60_000;
/** Counting a large table takes a while, and agents are proven gone every few hours. */
const COUNTED_EVERY_MS = 10 * 60_000;
const RUNS = 20;
const EVENTS: ReadonlySet<string> = new Set(EVENT_STREAMS);

export function healthObserver({ store, clock, mirror, streams, connections, destinations }: HealthSources): (since: number) => Promise<Observed> {
  const agents = streams.find(({ id }) => id === "agents");
  const counted = new Map<string, { readonly at: number; readonly live: number }>();

  async function devicesOf(id: ConnectionId, state: StreamState | undefined): Promise<number | null> {
    // Until a listing has proven what is there, a number says nothing.
    if (agents === undefined || state === undefined || state.provenAt === null || state.fault !== null) return null;
    const known = counted.get(id);
    if (known !== undefined && clock.now() - known.at < COUNTED_EVERY_MS && known.at >= state.provenAt) return known.live;
    const { live } = await mirror.rowCounts(id, agents);
    counted.set(id, { at: clock.now(), live });
    return live;
  }

  return async (since) => {
    const now = clock.now();
    const states = Map.groupBy(await readStates(store), ({ connection }) => connection);
    const seen: Observed["connections"][number][] = [];
    for (const view of await connections.list(EVERY_TENANT)) {
      const id = view.id as ConnectionId;
      const own = (states.get(id) ?? []).filter(({ stream }) => view.streams.includes(stream));
      const runs = await listRuns(EVERY_TENANT, store, { connection: id, limit: RUNS });
      seen.push({
        id,
        name: view.name,
        tenant: view.tenant,
        paused: view.paused,
        expiresAt: view.token.expiresAt === null || Number.isNaN(Date.parse(view.token.expiresAt)) ? null : Date.parse(view.token.expiresAt),
        fault: view.fault,
        forbidden: own.filter(({ fault }) => fault?.kind === "permission").map(({ stream }) => stream),
        seen: {
          arrived: runs.some((run) => hasNews(run, since)),
          answers: !view.paused && own.some(({ stream, freshAt, fault }) => EVENTS.has(stream) && fault === null && freshAt !== null && now - freshAt <= ANSWERED_WITHIN_MS),
          devices: await devicesOf(id, own.find(({ stream }) => stream === "agents")),
        },
      });
    }
    const places = (await destinations.list(EVERY_TENANT)).map(({ id, name, tenant, parked, fault }) => ({ id, name, tenant, parked, fault: fault === null ? null : { reason: fault.reason, since: Date.parse(fault.since) } }));
    return { connections: seen, destinations: places };
  };
}

function hasNews({ endedAt, streams }: RunView, since: number): boolean {
  if (endedAt !== null && Date.parse(endedAt) < since) return false;
  return streams.some(({ stream, inserted, changed }) => EVENTS.has(stream) && inserted + changed > 0);
}
