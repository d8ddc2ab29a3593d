/** How every stream of every connection stands, for `status`, the API and the metrics. */
import type { Clock } from "../kernel/clock.ts";
import { isoTime } from "../kernel/clock.ts";
import type { StreamStatus } from "../kernel/api.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { scopeAllows, type TenantScope } from "../kernel/scope.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Store } from "../store/store.ts";
import { listGaps } from "./gaps.ts";
import type { SyncConnection, SyncPorts } from "./ports.ts";
import { readStates, type StreamState } from "./stream-state.ts";

export interface StatusDeps {
  readonly store: Store;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly ports: SyncPorts;
  readonly streams: readonly Stream[];
  /** Parked rows by connection and stream, `"<connection> <stream>"`. */
  readonly parkedCounts: (scope: TenantScope) => Promise<ReadonlyMap<string, number>>;
}

/** How a stream stands, without how many rows it has. */
export type StreamStanding = Omit<StreamStatus, "rows" | "goneRows" | "budget">;

/** Counting a large table takes a while; figures this old are good enough to look at. */
const COUNT_LIVES_MS = 5_000;

export class StreamStatuses {
  readonly #deps: StatusDeps;
  readonly #counts = new Map<string, { readonly at: number; readonly live: number; readonly gone: number }>();

  constructor(deps: StatusDeps) {
    this.#deps = deps;
  }

  /** Of all connections, what can be said without counting anything; rows are counted of `among` alone, of all where it is left out. */
  async look(scope: TenantScope, among?: ReadonlySet<string>): Promise<{ readonly standings: readonly StreamStanding[]; readonly rows: readonly StreamStatus[] }> {
    const { store, ports, streams } = this.#deps;
    const states = new Map((await readStates(store)).map((state) => [`${state.connection} ${state.stream}`, state]));
    const parked = await this.#deps.parkedCounts(scope);
    const gaps = Map.groupBy(await listGaps(scope, store), (gap) => `${gap.connection_id} ${gap.stream}`);
    const standings: StreamStanding[] = [];
    const rows: StreamStatus[] = [];
    for (const connection of await ports.connections()) {
      if (!scopeAllows(scope, connection.tenant)) continue;
      for (const stream of streams) {
        if (!connection.streams.includes(stream.id)) continue;
        const key = `${connection.id} ${stream.id}`;
        const standing = this.#standing(connection, stream, states.get(key), parked.get(key) ?? 0, gaps.get(key)?.length ?? 0);
        standings.push(standing);
        if (among === undefined || among.has(connection.id)) rows.push(await this.#counted(connection, stream, standing));
      }
    }
    return { standings, rows };
  }

  /** Of these alone; those that the scope does not see are left out. */
  async of(scope: TenantScope, ids: readonly string[]): Promise<readonly StreamStatus[]> {
    const { store, ports, streams } = this.#deps;
    if (ids.length === 0) return [];
    const states = new Map((await readStates(store, ids)).map((state) => [`${state.connection} ${state.stream}`, state]));
    const parked = await this.#deps.parkedCounts(scope);
    const gaps = Map.groupBy(await listGaps(scope, store), (gap) => `${gap.connection_id} ${gap.stream}`);
    const rows: StreamStatus[] = [];
    for (const id of ids) {
      const connection = await ports.current(id as ConnectionId);
      if (connection === undefined || !scopeAllows(scope, connection.tenant)) continue;
      for (const stream of streams) {
        if (!connection.streams.includes(stream.id)) continue;
        const key = `${connection.id} ${stream.id}`;
        rows.push(await this.#counted(connection, stream, this.#standing(connection, stream, states.get(key), parked.get(key) ?? 0, gaps.get(key)?.length ?? 0)));
      }
    }
    return rows;
  }

  async #counted(connection: SyncConnection, stream: Stream, standing: StreamStanding): Promise<StreamStatus> {
    const { live, gone } = await this.#count(connection.id, stream);
    return { ...standing, rows: live, goneRows: gone, budget: this.#deps.ports.budget(connection.url, stream.id) };
  }

  #standing(connection: SyncConnection, stream: Stream, state: StreamState | undefined, parked: number, gaps: number): StreamStanding {
    const { clock } = this.#deps;
    const freshAt = state?.freshAt ?? null;
    return {
      connection: connection.id,
      stream: stream.id,
      parked,
      watermark: state?.watermark ?? null,
      freshAt: freshAt === null ? null : isoTime(freshAt),
      ageSeconds: freshAt === null ? null : Math.max(0, Math.round((clock.now() - freshAt) / 1000)),
      caughtUp: state?.caughtUp ?? false,
      provenAt: state === undefined || state.provenAt === null ? null : isoTime(state.provenAt),
      nextRunAt: state === undefined || state.nextRunAt === null ? null : isoTime(state.nextRunAt),
      paused: state?.paused ?? false,
      gaps,
      fault: state?.fault ?? null,
      ...(state === undefined || state.drift === null ? {} : { drift: { ...state.drift, at: isoTime(state.drift.at) } }),
    };
  }

  async #count(connection: ConnectionId, stream: Stream): Promise<{ readonly live: number; readonly gone: number }> {
    const key = `${connection} ${stream.id}`;
    const now = this.#deps.clock.monotonic();
    const known = this.#counts.get(key);
    if (known !== undefined && now - known.at < COUNT_LIVES_MS) return known;
    const counts = { at: now, ...(await this.#deps.mirror.rowCounts(connection, stream)) };
    this.#counts.set(key, counts);
    return counts;
  }
}

/** In words, why the reading is not as it should be; empty when it is. */
export function readingTroubles(rows: readonly StreamStanding[], names: ReadonlyMap<string, string>, streams: readonly Stream[]): readonly string[] {
  return rows.flatMap((row) => {
    const where = `${names.get(row.connection) ?? row.connection} ${row.stream}`;
    const every = streams.find((stream) => stream.id === row.stream)?.everyMs ?? Number.POSITIVE_INFINITY;
    const troubles: string[] = [];
    if (row.fault !== null && row.fault.kind !== "permission") troubles.push(`${where}: ${row.fault.code}`);
    if (row.gaps > 0) troubles.push(`${where}: ${row.gaps} unacknowledged gap${row.gaps === 1 ? "" : "s"}`);
    if (row.ageSeconds !== null && !row.paused && row.ageSeconds * 1000 > 3 * every + 60_000) troubles.push(`${where}: not read for ${row.ageSeconds} s`);
    return troubles;
  });
}
