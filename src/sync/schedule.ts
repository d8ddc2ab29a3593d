/**
 * Decides when each stream of each connection is read: its own rhythm with jitter, sooner after a passing fault, never while paused,
 * refused or out of disk. Also ages rows out, a little at a time.
 */
import type { Log } from "../kernel/log.ts";
import { asFault } from "../kernel/fault.ts";
import type { RunView } from "../kernel/api.ts";
import type { ConnectionId, RunId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { ReaderDeps } from "./job.ts";
import { intervalOf, type SyncConnection } from "./ports.ts";
import type { Runner } from "./runner.ts";
import { isDue, readStates, type StreamState } from "./stream-state.ts";

const TICK_MS = 1_000;
/** How often a refused token is tried again: it may have been a passing trouble of the console. */
const CREDENTIAL_PROBE_MS = 15 * 60_000;
const HOUSEKEEPING_MS = 10 * 60_000;
const ROWS_PER_STEP = 1_000;
/** Old rows wait; what is due does not. */
const STEPS_PER_TICK = 10;
/** How long a stream that another process is reading is left to it before the lease is asked for again. */
const LEFT_TO_OTHERS_MS = 30_000;
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
  /** Until when (monotonic) a stream is another process's, by connection and stream. */
  readonly #leftUntil = new Map<string, number>();
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
    if (Math.abs(now - this.#tidiedAt) >= HOUSEKEEPING_MS && (await this.#prune(now))) this.#tidiedAt = now;
  }

  async #startDue(connection: SyncConnection, now: number): Promise<void> {
    if (connection.paused) return;
    if (connection.credentialFault && !this.#mayProbe(connection.id)) return;
    const states = await readStates(this.#options.deps.store, connection.id);
    const { runner } = this.#options;
    const due = dueStreams(connection, this.#options.streams, states, now).filter((stream) => !runner.isReading(connection.id, stream.id) && !this.#isLeft(connection.id, stream.id));
    if (due.length === 0) return;
    // With a refused token one request is enough to learn whether it still is.
    const streams = connection.credentialFault ? due.slice(0, 1) : due;
    const { id } = await runner.start({ connection, streams, full: false, trigger: "schedule" });
    void runner.finished(id as RunId)?.then((run) => this.#leaveToOthers(run));
  }

  /** Without this, a hub beside another would begin a run every second for as long as the other reads. */
  #leaveToOthers(run: RunView): void {
    const until = this.#options.deps.clock.monotonic() + LEFT_TO_OTHERS_MS;
    for (const { stream, fault } of run.streams) if (fault?.code === "LEASE_LOST") this.#leftUntil.set(`${run.connection} ${stream}`, until);
  }

  #isLeft(connection: ConnectionId, stream: StreamId): boolean {
    const key = `${connection} ${stream}`;
    const until = this.#leftUntil.get(key);
    if (until === undefined) return false;
    if (until > this.#options.deps.clock.monotonic()) return true;
    this.#leftUntil.delete(key);
    return false;
  }

  #mayProbe(connection: ConnectionId): boolean {
    const now = this.#options.deps.clock.monotonic();
    const last = this.#probedAt.get(connection);
    if (last === undefined) this.#probedAt.set(connection, now);
    if (last === undefined || now - last < CREDENTIAL_PROBE_MS) return false;
    this.#probedAt.set(connection, now);
    return true;
  }

  /** A bounded number of steps; true once there is nothing left to drop. A stream being read waits: its rows are being counted. */
  async #prune(now: number): Promise<boolean> {
    const { deps, streams, runner } = this.#options;
    let steps = STEPS_PER_TICK;
    for (const connection of await deps.ports.connections()) {
      for (const stream of streams) {
        const days = deps.retentionDays[stream.id];
        if (days === undefined || runner.isReading(connection.id, stream.id)) continue;
        const before = new Date(now - days * DAY).toISOString();
        for (let dropped = ROWS_PER_STEP; dropped === ROWS_PER_STEP; steps -= 1) {
          if (steps === 0 || this.#stop.signal.aborted) return false;
          dropped = await deps.store.tx((tx) => deps.mirror.prune(tx, connection.id, stream, before, ROWS_PER_STEP));
        }
      }
    }
    return true;
  }
}

/** Streams whose time has come, in the registry's order. One never read is due at once. */
export function dueStreams(connection: SyncConnection, streams: readonly Stream[], states: readonly StreamState[], now: number): readonly Stream[] {
  const byStream = new Map(states.map((state) => [state.stream, state]));
  return streams.filter((stream) => {
    if (!connection.streams.includes(stream.id)) return false;
    const state = byStream.get(stream.id);
    if (state === undefined) return true;
    return isDue({ everyMs: intervalOf(connection, stream) }, state, now);
  });
}
