/**
 * Sees to it that runs of ingest rules get their reading: the reader is asked for the streams that a run waits for, once for all runs of a connection, and the run is told how it
 * ended. What a killed process had asked for is asked for again. Woken, it also carries runs through to their end, so that nobody waits for the next look and a single command
 * without a hub can run a rule.
 */
import type { Clock } from "../kernel/clock.ts";
import { asFault, Fault, type FaultReport } from "../kernel/fault.ts";
import type { ConnectionId, RunId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Store } from "../store/store.ts";
import type { SyncConnection } from "../sync/ports.ts";
import type { Runner } from "../sync/runner.ts";
import type { StreamState } from "../sync/stream-state.ts";
import { noteReading, readingEnded, readingLeftOut, waitingRuns, type WaitingRun } from "../vulnerabilities/index.ts";

export interface IngestDriverPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly runner: Pick<Runner, "start" | "live" | "isReading">;
  readonly streams: readonly Stream[];
  connection(id: ConnectionId): Promise<SyncConnection | undefined>;
  states(id: ConnectionId): Promise<readonly StreamState[]>;
  /** Source time apart: up to when (ms, the hub's clock) each stream is proven read. */
  readTo(id: ConnectionId): Promise<ReadonlyMap<string, number>>;
  /** Streams that the token may not read, with what is missing, by the last verification. */
  refused(id: ConnectionId): Promise<ReadonlyMap<StreamId, string>>;
  /** Lets the capability take in what it can now; true where more is waiting. */
  step(): Promise<boolean>;
  /** True while the reader tries again by itself what did not work. */
  readsByItself(): boolean;
}

/** How long a passing trouble is waited out where the reader tries again by itself. */
const PATIENCE_MS = 15 * 60_000;
/** Between two readings that are asked for of one connection. */
const REST_MS = 5_000;
const SOON_MS = 200;

type Faults = Record<string, FaultReport>;

export class IngestDriver {
  readonly #ports: IngestDriverPorts;
  readonly #stop = new AbortController();
  readonly #askedAt = new Map<ConnectionId, number>();
  #working: Promise<void> | undefined;
  #wanted = false;

  constructor(ports: IngestDriverPorts) {
    this.#ports = ports;
  }

  /** Returns at once; what is to be done is carried through in the background. */
  wake(): void {
    this.#wanted = true;
    this.#working ??= this.#carryThrough().finally(() => {
      this.#working = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  async #carryThrough(): Promise<void> {
    const { clock, log } = this.#ports;
    try {
      while (!this.#stop.signal.aborted) {
        this.#wanted = false;
        const waiting = await this.look();
        const more = await this.#ports.step();
        if (more) continue;
        if (waiting === 0 && !this.#wanted) return;
        await clock.sleep(SOON_MS, this.#stop.signal);
      }
    } catch (error) {
      const fault = asFault(error);
      log.error("ingest.failed", { code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : fault.message });
    }
  }

  /** One look at all runs that wait; tells how many still do. */
  async look(): Promise<number> {
    let waiting = 0;
    const all = await waitingRuns(this.#ports.store.read);
    for (const [id, runs] of Map.groupBy(all, ({ connection }) => connection)) {
      if (this.#stop.signal.aborted) return waiting;
      waiting += await this.#lookAt(id, runs);
    }
    return waiting;
  }

  async #lookAt(id: ConnectionId, runs: readonly WaitingRun[]): Promise<number> {
    const { store, clock, runner } = this.#ports;
    const connection = await this.#ports.connection(id);
    if (connection === undefined || connection.paused) {
      const why = new Fault("CANCELLED", connection === undefined ? "The connection was removed." : `${connection.name} is paused, so nothing was asked of the console.`, { cure: connection === undefined ? "Nothing." : `vedette connections resume ${connection.name}` });
      for (const run of runs) await store.tx((tx) => readingLeftOut(tx, run.id, why.toJSON(), clock.now()));
      return 0;
    }
    const readTo = await this.#ports.readTo(id);
    const states = new Map((await this.#ports.states(id)).map((state) => [state.stream, state]));
    const refused = await this.#ports.refused(id);
    const wanted = new Set<StreamId>();
    let waiting = 0;
    for (const run of runs) {
      const faults: Faults = {};
      const missing: StreamId[] = [];
      for (const stream of run.streams) {
        const standing = (readTo.get(stream) ?? 0) >= run.askedAt ? "read" : this.#standing(connection, stream, states.get(stream), refused.get(stream), run);
        if (standing === "missing") missing.push(stream);
        else if (standing !== "read") faults[stream] = standing;
      }
      if (missing.length === 0) await store.tx((tx) => readingEnded(tx, run.id, faults));
      else {
        waiting += 1;
        for (const stream of missing) if (run.reading === null || runner.live(run.reading as RunId) === undefined) wanted.add(stream);
      }
    }
    const rested = clock.monotonic() - (this.#askedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= REST_MS;
    const idle = [...wanted].filter((stream) => !runner.isReading(id, stream) && (rested || runs.some((run) => run.reading === null && run.streams.includes(stream))));
    if (idle.length > 0) await this.#read(connection, idle, runs);
    return waiting;
  }

  async #read(connection: SyncConnection, wanted: readonly StreamId[], runs: readonly WaitingRun[]): Promise<void> {
    const { runner, streams, store, clock } = this.#ports;
    this.#askedAt.set(connection.id, clock.monotonic());
    const { id } = await runner.start({ connection, streams: streams.filter((stream) => wanted.includes(stream.id)), full: false, trigger: "request" });
    for (const run of runs) if (run.streams.some((stream) => wanted.includes(stream))) await store.tx((tx) => noteReading(tx, run.id, id));
  }

  /** Whether a stream was read for this run, still may be, or why it will not be. */
  #standing(connection: SyncConnection, stream: StreamId, state: StreamState | undefined, refused: string | undefined, run: WaitingRun): "read" | "missing" | FaultReport {
    const { runner, clock } = this.#ports;
    if (!connection.streams.includes(stream)) {
      if (refused !== undefined) return new Fault("S1_FORBIDDEN", `The token may not read ${stream}. ${refused}`).toJSON();
      return new Fault("CONFIG_INVALID", `${connection.name} does not read ${stream}: it was left out of its streams.`, { cure: "Add it to the connection's streams (PATCH /api/v1/connections/ID), or ingest assets only." }).toJSON();
    }
    if (state?.paused === true) return new Fault("CONFIG_INVALID", `Reading ${stream} of ${connection.name} is paused.`, { cure: "Resume the stream." }).toJSON();
    const ended = run.reading !== null && runner.live(run.reading as RunId) === undefined && !runner.isReading(connection.id, stream);
    if (!ended || state === undefined) return "missing";
    const { fault, freshAt } = state;
    // Read to its end, whatever it proves: what came is here.
    if (fault === null) return freshAt !== null && freshAt >= run.askedAt ? "read" : "missing";
    const passes = fault.kind === "throttled" || fault.kind === "unavailable" || fault.kind === "protocol" || fault.kind === "cursor" || fault.kind === "fenced";
    return passes && this.#ports.readsByItself() && clock.now() - run.askedAt <= PATIENCE_MS ? "missing" : fault;
  }
}
