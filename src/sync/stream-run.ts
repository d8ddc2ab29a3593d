/** One stream of one connection, once: under a lease, with a full reading when one is due and what changed otherwise. */
import type { RunId } from "../kernel/ids.ts";
import { Fault, asFault } from "../kernel/fault.ts";
import type { ConsoleClient } from "../sentinelone/client.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Lease } from "../store/store.ts";
import { overallWatermark, unpackCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { readChanges } from "./changes.ts";
import type { ReaderDeps, StreamJob } from "./job.ts";
import { stopIfCancelled, whereThereIsRoom } from "./job.ts";
import { PageWriter } from "./page-writer.ts";
import { lookBack, snapshotDue, type RunWish } from "./plan.ts";
import { intervalOf, type SyncConnection } from "./ports.ts";
import type { StreamProgress } from "./progress.ts";
import { leaseName } from "./reader-leases.ts";
import { readSnapshot, type SnapshotRead } from "./snapshot.ts";
import { isDue, packFault, patchState, readStates } from "./stream-state.ts";
import type { TokenScope } from "./token-scope.ts";

const LEASE_MS = 60_000;
const RENEW_MS = 20_000;
const JITTER = 0.1;
/** Of its interval, that a stream is not read: one that takes longer than it lasts must not be all a hub does. */
const LEAST_REST = 0.25;
const RETRY_FIRST_MS = 5_000;
const RETRY_LONGEST_MS = 60_000;
const HOUR = 3_600_000;

export interface StreamRunInput {
  readonly deps: ReaderDeps;
  readonly connection: SyncConnection;
  readonly stream: Stream;
  readonly run: RunId;
  readonly wish: RunWish;
  readonly progress: StreamProgress;
  /** Asked by all streams of the run together. */
  readonly scope: TokenScope;
  readonly signal: AbortSignal;
}

/** Never throws: how it ended is in `progress` and in the stream's state. */
export async function runStream(input: StreamRunInput): Promise<void> {
  const { deps, connection, stream, progress } = input;
  const name = leaseName(connection.id, stream.id);
  const held = await deps.store.lease(name, input.run, LEASE_MS);
  if (held === undefined) {
    progress.enter("skipped", new Fault("LEASE_LOST", `Another run is reading ${stream.id} of this connection.`));
    return;
  }
  // Asked once the lease is held: whoever changes the connection after this takes the lease away.
  const current = await deps.ports.current(connection.id);
  const settled = current === undefined ? new Fault("CANCELLED", "The connection was removed.") : await doneByOthers(input);
  if (current === undefined || settled !== undefined) {
    await deps.store.release(held);
    progress.enter("skipped", settled);
    return;
  }
  const stop = new AbortController();
  const lease = { current: held };
  const renewal = setInterval(() => void renew(input, name, lease, stop), RENEW_MS);
  renewal.unref();
  try {
    const outcome = await read({ ...input, connection: current }, () => lease.current, AbortSignal.any([input.signal, stop.signal]));
    await conclude(input, outcome, lease.current);
  } finally {
    clearInterval(renewal);
    await deps.store.release(lease.current);
  }
}

async function doneByOthers({ deps, connection, stream, wish }: StreamRunInput): Promise<Fault | undefined> {
  if (!wish.onlyIfDue) return undefined;
  const state = (await readStates(deps.store, connection.id)).find((entry) => entry.stream === stream.id);
  if (state === undefined || isDue({ everyMs: intervalOf(connection, stream) }, state, deps.clock.now())) return undefined;
  return new Fault("LEASE_LOST", `Another process has read ${stream.id} of this connection meanwhile.`);
}

async function renew(input: StreamRunInput, name: string, lease: { current: Lease }, stop: AbortController): Promise<void> {
  try {
    const next = await input.deps.store.lease(name, input.run, LEASE_MS);
    // No answer in time (the lease's row is held by a long transaction of ours) or another's: the fence decides at the next commit.
    if (next === undefined) return;
    if (next.fence !== lease.current.fence) stop.abort(new Fault("LEASE_LOST", `Another process reads ${input.stream.id} of this connection now.`));
    else lease.current = next;
  } catch {
    // The store does not answer: commits fail on their own, and the next renewal or the fence decides.
  }
}

interface Outcome {
  readonly fault: Fault | null;
  readonly checkpoint: Checkpoint | null;
  /** What had changed before this moment (ms) was asked for. */
  readonly readTo: number;
}

async function read(input: StreamRunInput, lease: () => Lease, signal: AbortSignal): Promise<Outcome> {
  const { deps, connection, stream, progress, run } = input;
  let writer: PageWriter | undefined;
  const startedAt = deps.clock.now();
  try {
    stopIfCancelled(signal);
    const client: ConsoleClient = (await deps.ports.client(connection.id)).share();
    progress.follow(client);
    const checkpoint = unpackCheckpoint(await deps.mirror.readCheckpoint(connection.id, stream));
    const target = { connection: connection.id, tenant: connection.tenant, siteTenants: connection.siteTenants };
    const firstRead = checkpoint.firstReadAt === null;
    writer = new PageWriter(
      { store: deps.store, mirror: deps.mirror, clock: deps.clock, target, stream, run, progress, lease, pagesPerTransaction: firstRead ? deps.pagesPerTransaction : 1 },
      checkpoint,
    );
    const io = { client, signal, scopeParams: {}, limit: deps.pageSize, reader: whereThereIsRoom(deps.mapper, deps.mapped, connection.id, signal) };
    const job: StreamJob = { deps, connection, target, stream, io, writer, progress, scope: input.scope };
    const { fault = null, readTo } = await readByPlan(job, input.wish, startedAt);
    progress.caughtUp = true;
    return { fault, checkpoint: writer.checkpoint, readTo };
  } catch (error) {
    return { fault: signal.aborted && signal.reason instanceof Fault ? signal.reason : logged(input, asFault(error)), checkpoint: writer?.checkpoint ?? null, readTo: startedAt };
  }
}

async function readByPlan(job: StreamJob, wish: RunWish, startedAt: number): Promise<Partial<SnapshotRead> & Pick<SnapshotRead, "readTo">> {
  const { stream, writer, deps, progress } = job;
  const now = deps.clock.now();
  if (snapshotDue(stream, writer.checkpoint, wish, now)) return readSnapshot(job);
  const back = lookBack(stream, writer.checkpoint, now);
  // A process that died right after a first read left them out.
  await deps.mirror.ensureIndexes(stream, job.io.signal);
  progress.enter("changes");
  const missing = await readChanges(job, back);
  const { checkpoint } = writer;
  const swept = back === "overlap" ? {} : { sweptDayAt: now, sweptWeekAt: back === "week" ? now : checkpoint.sweptWeekAt };
  // The watermark may have passed what did not come: only a full reading brings it.
  const doubted = missing === undefined ? {} : { unprovenInARow: checkpoint.unprovenInARow + 1, doubted: true };
  if (back !== "overlap" || missing !== undefined) await writer.step(async () => ({ result: null, checkpoint: { ...writer.checkpoint, ...swept, ...doubted } }));
  return { ...(missing === undefined ? {} : { fault: missing }), readTo: startedAt };
}

function logged(input: StreamRunInput, fault: Fault): Fault {
  const cause = fault.cause instanceof Error ? `${fault.cause.name}: ${fault.cause.message}` : null;
  input.deps.log.warn("reader.fault", { connection: input.connection.id, stream: input.stream.id, code: fault.code, message: fault.message, cause });
  return fault;
}

async function conclude(input: StreamRunInput, { fault, checkpoint, readTo }: Outcome, lease: Lease): Promise<void> {
  const { deps, connection, stream, progress } = input;
  const now = deps.clock.now();
  const everyMs = intervalOf(connection, stream);
  const readAll = fault === null || fault.kind === "incomplete";
  const before = (await readStates(deps.store, connection.id)).find((state) => state.stream === stream.id);
  const failures = readAll ? 0 : (before?.failures ?? 0) + 1;
  // A run cut off on request says nothing about the source: the stream's state stands, only its turn comes again.
  const cancelled = fault?.kind === "fenced";
  const proven = fault === null && checkpoint !== null && checkpoint.doubted !== true;
  const stored = await ifStillOurs(deps.store.fencedTx(lease, async (tx) => {
    if (proven) await deps.mirror.proveRead(tx, connection.id, stream, readTo, everyMs);
    await patchState(tx, connection.id, stream.id, {
      ...(readAll ? { fresh_at: now } : {}),
      ...(checkpoint === null ? {} : { watermark: checkpoint.firstReadAt === null ? null : overallWatermark(checkpoint), proven_at: checkpoint.provenAt, drift: checkpoint.drift === undefined ? null : JSON.stringify(checkpoint.drift) }),
      ...(cancelled ? { next_run_at: now } : { caught_up: readAll ? 1 : 0, failures, fault: packFault(fault), next_run_at: now + waitAfter({ everyMs }, fault, failures, Math.max(0, now - readTo)) }),
    });
  }));
  progress.enter(readAll ? "done" : fault.kind === "permission" ? "skipped" : "failed", fault);
  if (fault !== null && !cancelled && stored) await deps.ports.reportFault(connection.id, stream.id, fault);
}

/** False where the lease is another's by now: the stream's state is too, and so it is with a connection that was removed. */
async function ifStillOurs(commit: Promise<void>): Promise<boolean> {
  try {
    await commit;
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === "LEASE_LOST") return false;
    throw error;
  }
}

/**
 * Until the next run, in ms: the stream's own rhythm with a little jitter, or sooner after something that passes by itself. `readingMs`: how old what was
 * read is already. The next reading may take as long, and by its end what this one brought must not be older than the interval.
 */
export function waitAfter(stream: Pick<Stream, "everyMs">, fault: Fault | null, failures: number, readingMs: number, random: () => number = Math.random): number {
  if (fault === null || fault.kind === "incomplete") return Math.round(Math.max(stream.everyMs * (1 - JITTER * random()) - 2 * readingMs, stream.everyMs * LEAST_REST));
  const spread = 1 - JITTER + 2 * JITTER * random();
  // The schedule itself waits for room.
  if (fault.code === "DISK_BUDGET") return RETRY_LONGEST_MS;
  if (fault.kind === "permission" || fault.kind === "config") return Math.round(Math.max(stream.everyMs, HOUR) * spread);
  const wait = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(Math.max(wait * spread, fault.retryAfterMs ?? 0));
}
