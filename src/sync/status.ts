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

/** Counting a large table takes a while; figures this old are good enough to look at. */
const COUNT_LIVES_MS = 5_000;

export class StreamStatuses {
  readonly #deps: StatusDeps;
  readonly #counts = new Map<string, { readonly at: number; readonly live: number; readonly gone: number }>();

  constructor(deps: StatusDeps) {
    this.#deps = deps;
  }

  async list(scope: TenantScope): Promise<readonly StreamStatus[]> {
    const { store, ports, streams } = this.#deps;
    const states = await readStates(store);
    const parked = await this.#deps.parkedCounts(scope);
    const gaps = await listGaps(scope, store);
    const rows: StreamStatus[] = [];
    for (const connection of await ports.connections()) {
      if (!scopeAllows(scope, connection.tenant)) continue;
      for (const stream of streams) {
        if (!connection.streams.includes(stream.id)) continue;
        const state = states.find((entry) => entry.connection === connection.id && entry.stream === stream.id);
        const open = gaps.filter((gap) => gap.connection_id === connection.id && gap.stream === stream.id).length;
        rows.push(await this.#one(connection, stream, state, parked.get(`${connection.id} ${stream.id}`) ?? 0, open));
      }
    }
    return rows;
  }

  async #one(connection: SyncConnection, stream: Stream, state: StreamState | undefined, parked: number, gaps: number): Promise<StreamStatus> {
    const { ports, clock } = this.#deps;
    const counts = await this.#count(connection.id, stream);
    const freshAt = state?.freshAt ?? null;
    return {
      connection: connection.id,
      stream: stream.id,
      rows: counts.live,
      goneRows: counts.gone,
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
      budget: ports.budget(connection.url, stream.id),
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
export function readingTroubles(rows: readonly StreamStatus[], names: ReadonlyMap<string, string>, streams: readonly Stream[]): readonly string[] {
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
