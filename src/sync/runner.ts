/**
 * Runs: a set of streams of one connection read together, with live progress, cancellable, kept as history. A stream is read by one
 * run at a time. A refused token ends the whole run; any other fault ends its stream alone.
 */
import type { ConnectionId, RunId } from "../kernel/ids.ts";
import { newId } from "../kernel/ids.ts";
import { Fault, asFault } from "../kernel/fault.ts";
import { isoTime } from "../kernel/clock.ts";
import type { RunView } from "../kernel/api.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import { unpackCheckpoint } from "./checkpoint.ts";
import type { ReaderDeps } from "./job.ts";
import type { SyncConnection } from "./ports.ts";
import { StreamProgress } from "./progress.ts";
import { insertRun, updateRun } from "./run-history.ts";
import { runStream } from "./stream-run.ts";
import { TokenScope } from "./token-scope.ts";

export interface RunOrder {
  readonly connection: SyncConnection;
  readonly streams: readonly Stream[];
  readonly full: boolean;
  readonly trigger: RunView["trigger"];
}

interface LiveRun {
  readonly id: RunId;
  readonly order: RunOrder;
  readonly mode: RunView["mode"];
  readonly startedAt: number;
  readonly progress: ReadonlyMap<StreamId, StreamProgress>;
  readonly stop: AbortController;
  readonly scope: TokenScope;
  readonly finished: Promise<RunView>;
}

/** Runs that ended and may still be told of: more than end within a few seconds. */
const ENDED_KEPT = 200;
/** Streams of one run that are read side by side. */
const SIDE_BY_SIDE = 3;

export class Runner {
  readonly #deps: ReaderDeps;
  readonly #live = new Map<RunId, LiveRun>();
  readonly #busy = new Map<string, RunId>();
  readonly #tidying = new Map<Promise<void>, AbortController>();
  readonly #ended: RunView[] = [];

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  /** Starts in the background. Streams that another run is reading are left to it. */
  async start(order: RunOrder): Promise<RunView> {
    const { clock } = this.#deps;
    const streams = order.streams.filter((stream) => !this.isReading(order.connection.id, stream.id));
    const id = newId("run", clock.now()) as RunId;
    const progress = new Map(streams.map((stream) => [stream.id, new StreamProgress(stream.id, clock)]));
    for (const stream of streams) this.#busy.set(busyKey(order.connection.id, stream.id), id);
    const stop = new AbortController();
    const started = Promise.withResolvers<RunView>();
    try {
      const run: LiveRun = { id, order: { ...order, streams }, mode: await this.#mode(order, streams), startedAt: clock.now(), progress, stop, scope: new TokenScope((client) => this.#deps.ports.scopeFingerprint(client, stop.signal)), finished: started.promise };
      // Live before it is stored, so that a stop waits for it.
      this.#live.set(id, run);
      await insertRun(this.#deps.store, order.connection, this.#view(run, "running", null));
      void this.#carryOut(run).then(started.resolve);
      return this.#view(run, "running", null);
    } catch (error) {
      const run = this.#live.get(id);
      this.#forget(id, order.connection.id, streams);
      if (run !== undefined) started.resolve(this.#view(run, "failed", clock.now()));
      throw error;
    }
  }

  isReading(connection: ConnectionId, stream: StreamId): boolean {
    return this.#busy.has(busyKey(connection, stream));
  }

  live(id: RunId): RunView | undefined {
    const run = this.#live.get(id);
    return run === undefined ? undefined : this.#view(run, "running", null);
  }

  /** Resolves when the run has ended; undefined where no such run is under way. */
  finished(id: RunId): Promise<RunView> | undefined {
    return this.#live.get(id)?.finished;
  }

  liveOf(connection: ConnectionId): readonly RunView[] {
    return [...this.#live.values()].filter((run) => run.order.connection.id === connection).map((run) => this.#view(run, "running", null));
  }

  /** All that are under way. */
  underWay(): readonly RunView[] {
    return [...this.#live.values()].map((run) => this.#view(run, "running", null));
  }

  /** Those that ended last, the newest last. */
  justEnded(): readonly RunView[] {
    return this.#ended;
  }

  /** Asks a run to stop after the page it is storing; false where no such run is under way. */
  cancel(id: RunId): boolean {
    const run = this.#live.get(id);
    if (run === undefined) return false;
    run.stop.abort(new Fault("CANCELLED", "The run was stopped on request; it goes on where it stopped."));
    return true;
  }

  /** Stops everything and waits until it has. */
  async stop(): Promise<void> {
    const runs = [...this.#live.values()];
    for (const run of runs) this.cancel(run.id);
    await Promise.allSettled(runs.map((run) => run.finished));
    // Those that ended before are live no more; what they still owe is paid after the next start.
    for (const stop of this.#tidying.values()) stop.abort(new Fault("CANCELLED", "The hub stops."));
    await this.tidied();
  }

  /** Resolves when what comes after the runs that have ended is done too. */
  async tidied(): Promise<void> {
    await Promise.allSettled(this.#tidying.keys());
  }

  async #mode(order: RunOrder, streams: readonly Stream[]): Promise<RunView["mode"]> {
    for (const stream of streams) {
      const checkpoint = unpackCheckpoint(await this.#deps.mirror.readCheckpoint(order.connection.id, stream));
      if (checkpoint.firstReadAt === null) return "first";
    }
    return order.full ? "full" : "delta";
  }

  async #carryOut(run: LiveRun): Promise<RunView> {
    const deps = this.#deps;
    const { connection } = run.order;
    try {
      if (run.mode === "first") await deps.ports.reportSyncing(connection.id, true);
      await this.#readAll(run);
      if (run.mode === "first") await deps.ports.reportSyncing(connection.id, false);
      const view = this.#view(run, ending(run), deps.clock.now());
      for (const stream of view.streams) if (stream.phase === "done" && stream.fault === null) await deps.ports.reportHealthy(connection.id, stream.stream);
      await updateRun(deps.store, view);
      this.#ended.push(view);
      if (this.#ended.length > ENDED_KEPT) this.#ended.shift();
      this.#tidy(run);
      return view;
    } catch (error) {
      // Only the store can bring us here; the next start finds the run still marked as running and closes it.
      const fault = asFault(error);
      deps.log.error("run.failed", { connection: connection.id, run: run.id, code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : fault.message });
      return this.#view(run, "failed", deps.clock.now());
    } finally {
      this.#forget(run.id, connection.id, run.order.streams);
    }
  }

  /** Secondary indexes, and capabilities that waited, come after a first read, which is over without them; a stop before leaves them to the next run. */
  #tidy(run: LiveRun): void {
    const { mirror, log } = this.#deps;
    const work = (async () => {
      for (const stream of run.order.streams) {
        if (run.progress.get(stream.id)?.phase === "done") await mirror.ensureIndexes(stream, run.stop.signal);
      }
      await mirror.payOwed(run.stop.signal);
    })().catch((error: unknown) => {
      log.error("run.indexes-failed", { run: run.id, code: asFault(error).code });
    });
    this.#tidying.set(work, run.stop);
    void work.then(() => this.#tidying.delete(work));
  }

  #forget(id: RunId, connection: ConnectionId, streams: readonly Stream[]): void {
    this.#live.delete(id);
    for (const stream of streams) {
      if (this.#busy.get(busyKey(connection, stream.id)) === id) this.#busy.delete(busyKey(connection, stream.id));
    }
  }

  /** In the streams' order, a few side by side. Those read by site wait until the sites are there. */
  async #readAll(run: LiveRun): Promise<void> {
    const sites = Promise.withResolvers<null>();
    if (!run.progress.has("sites")) sites.resolve(null);
    const queue = [...run.order.streams];
    const worker = async (): Promise<void> => {
      for (let stream = queue.shift(); stream !== undefined; stream = queue.shift()) {
        if (stream.partitionedBy === "site") await sites.promise;
        await this.#readOne(run, stream);
        if (stream.id === "sites") sites.resolve(null);
      }
    };
    await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, queue.length) }, worker));
  }

  async #readOne(run: LiveRun, stream: Stream): Promise<void> {
    const progress = run.progress.get(stream.id);
    if (progress === undefined) return;
    const { connection, full, trigger } = run.order;
    const reason: unknown = run.stop.signal.reason;
    if (reason instanceof Fault && reason.kind === "fenced") {
      // Nothing to write down: a stop of many runs must not wait for their every stream.
      progress.enter("failed", reason);
      this.#busy.delete(busyKey(connection.id, stream.id));
      return;
    }
    try {
      await runStream({ deps: this.#deps, connection, stream, run: run.id, wish: { full, onlyIfDue: trigger === "schedule" }, progress, scope: run.scope, signal: run.stop.signal });
    } catch (error) {
      const fault = asFault(error);
      this.#deps.log.error("run.stream-failed", { connection: connection.id, stream: stream.id, code: fault.code, cause: fault.cause instanceof Error ? fault.cause.message : null });
      progress.enter("failed", fault);
    } finally {
      this.#busy.delete(busyKey(connection.id, stream.id));
    }
    if (progress.fault?.kind === "credential") run.stop.abort(progress.fault);
  }

  #view(run: LiveRun, state: RunView["state"], endedAt: number | null): RunView {
    return {
      id: run.id,
      connection: run.order.connection.id,
      tenant: run.order.connection.tenant,
      mode: run.mode,
      trigger: run.order.trigger,
      state,
      startedAt: isoTime(run.startedAt),
      endedAt: endedAt === null ? null : isoTime(endedAt),
      streams: [...run.progress.values()].map((progress) => progress.view()),
    };
  }
}

function ending(run: LiveRun): RunView["state"] {
  const reason: unknown = run.stop.signal.reason;
  if (reason instanceof Fault && reason.code === "CANCELLED") return "cancelled";
  // A stream that the token may no longer read is left out, but the run has not read what it set out to.
  const failed = [...run.progress.values()].filter((progress) => progress.phase === "failed" || progress.fault?.kind === "permission").length;
  if (failed === 0) return "succeeded";
  return failed === run.progress.size ? "failed" : "partial";
}

function busyKey(connection: ConnectionId, stream: StreamId): string {
  return `${connection} ${stream}`;
}
