/**
 * Decides when each stream of each connection is read: its own rhythm with jitter, sooner after a passing fault, never while paused,
 * refused or out of disk. Also ages rows out, a little at a time.
 */
import type { Log } from "../kernel/log.ts";
import { asFault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { ReaderDeps } from "./job.ts";
import type { SyncConnection } from "./ports.ts";
import type { Runner } from "./runner.ts";
import { readStates, type StreamState } from "./stream-state.ts";

const TICK_MS = 1_000;
/** How often a refused token is tried again: it may have been a passing trouble of the console. */
const CREDENTIAL_PROBE_MS = 15 * 60_000;
const HOUSEKEEPING_MS = 10 * 60_000;
const ROWS_PER_STEP = 1_000;
const DAY = 86_400_000;

export interface ScheduleOptions {
  readonly deps: ReaderDeps;
  readonly runner: Runner;
  readonly streams: readonly Stream[];
  readonly log: Log;
  /** True while the data folder is at its disk budget: nothing new is read, nothing is dropped. */
  readonly diskFull: () => Promise<boolean>;
}

export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #stop = new AbortController();
  readonly #probedAt = new Map<ConnectionId, number>();
  #tidiedAt: number;
  #loop: Promise<void> = Promise.resolve();
  #full = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#tidiedAt = options.deps.clock.now();
  }

  get readingPaused(): boolean {
    return this.#full;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { deps, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await this.tick();
      } catch (error) {
        const fault = asFault(error);
        log.error("schedule.tick-failed", { code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : fault.message });
      }
      await deps.clock.sleep(TICK_MS, this.#stop.signal);
    }
  }

  /** One look at everything that may be due. */
  async tick(): Promise<void> {
    const { deps, log } = this.#options;
    const full = await this.#options.diskFull();
    if (full !== this.#full) log.warn(full ? "schedule.reading-paused" : "schedule.reading-resumed", {});
    this.#full = full;
    const now = deps.clock.now();
    if (!full) {
      for (const connection of await deps.ports.connections()) await this.#startDue(connection, now);
    }
    if (now - this.#tidiedAt >= HOUSEKEEPING_MS) {
      this.#tidiedAt = now;
      for (const connection of await deps.ports.connections()) await this.#prune(connection, now);
    }
  }

  async #startDue(connection: SyncConnection, now: number): Promise<void> {
    if (connection.paused) return;
    if (connection.credentialFault && !this.#mayProbe(connection.id, now)) return;
    const states = await readStates(this.#options.deps.store, connection.id);
    const due = dueStreams(connection, this.#options.streams, states, now).filter((stream) => !this.#options.runner.isReading(connection.id, stream.id));
    if (due.length === 0) return;
    // With a refused token one request is enough to learn whether it still is.
    const streams = connection.credentialFault ? due.slice(0, 1) : due;
    await this.#options.runner.start({ connection, streams, full: false, trigger: "schedule" });
  }

  #mayProbe(connection: ConnectionId, now: number): boolean {
    const last = this.#probedAt.get(connection);
    if (last === undefined) this.#probedAt.set(connection, now);
    if (last === undefined || now - last < CREDENTIAL_PROBE_MS) return false;
    this.#probedAt.set(connection, now);
    return true;
  }

  async #prune(connection: SyncConnection, now: number): Promise<void> {
    const { deps, streams } = this.#options;
    for (const stream of streams) {
      const days = deps.retentionDays[stream.id];
      if (days === undefined) continue;
      const before = new Date(now - days * DAY).toISOString();
      let dropped = ROWS_PER_STEP;
      while (dropped === ROWS_PER_STEP && !this.#stop.signal.aborted) {
        dropped = await deps.store.tx((tx) => deps.mirror.prune(tx, connection.id, stream, before, ROWS_PER_STEP));
      }
    }
  }
}

/** Streams whose time has come, in the registry's order. One never read is due at once. */
export function dueStreams(connection: SyncConnection, streams: readonly Stream[], states: readonly StreamState[], now: number): readonly Stream[] {
  const byStream = new Map(states.map((state) => [state.stream, state]));
  return streams.filter((stream) => {
    if (!connection.streams.includes(stream.id)) return false;
    const state = byStream.get(stream.id);
    if (state === undefined) return true;
    return !state.paused && (state.nextRunAt === null || state.nextRunAt <= now);
  });
}
