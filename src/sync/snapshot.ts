/**
 * Reads everything, in parts side by side, and decides what that proves. Nothing is declared gone unless every part ended, nothing was
 * set aside, the console's count agrees before and after, the token's scope is the one the mirror was built with, and what changed
 * meanwhile has been read as well.
 */
import { Fault, asFault, type FaultCode } from "../kernel/fault.ts";
import type { Drift } from "../kernel/api.ts";
import { sql } from "kysely";
import type { Page, Partition } from "../sentinelone/streams/stream.ts";
import { viewName } from "../kernel/stream-ids.ts";
import { withDrift, type Checkpoint, type SnapshotProgress } from "./checkpoint.ts";
import { anchor, readChanges } from "./changes.ts";
import { readPages, stopIfCancelled, withinRetention, type StreamJob } from "./job.ts";
import { scopeFingerprint } from "../sentinelone/verify.ts";
import { EVERYTHING, partition, type SiteWeight } from "./plan.ts";

const NOT_READ = scopeFingerprint({ level: "unknown", ids: [] });

export interface SnapshotRead {
  /** Undefined when the snapshot proved complete; otherwise says why nothing (or not everything) was declared gone. */
  readonly fault: Fault | undefined;
  /** What had changed before this moment (ms) is here: what changed while the parts were read is asked for after them. */
  readonly readTo: number;
}

export async function readSnapshot(job: StreamJob): Promise<SnapshotRead> {
  const { progress, writer, deps } = job;
  progress.enter("counting");
  const snapshot = writer.checkpoint.snapshot ?? (await begin(job));
  progress.expected = snapshot.countBefore;

  let verdict: Verdict;
  // Of one that goes on after a restart, or whose changes did not all come, no more is known than when it began.
  let readTo = snapshot.startedAt;
  if (snapshot.settling === "no") {
    progress.enter("snapshot");
    await readParts(job);
    progress.enter("changes");
    const asked = deps.clock.now();
    const [missing, after] = await oneAfterTheOther(job, () => readChanges(job, "overlap"), () => countAgain(job));
    // Where no pass tells of every change, what changed behind the listing is seen by nobody before the next one.
    if (missing === undefined && job.stream.passesSeeEveryChange) readTo = asked;
    verdict = await judge(job, after);
  } else {
    verdict = { proof: snapshot.settling };
  }

  progress.enter("settling");
  return { fault: await ("proof" in verdict ? settle(job, verdict) : abandon(job, verdict.fault)), readTo };
}

async function begin(job: StreamJob): Promise<SnapshotProgress> {
  const { stream, io, writer, deps, connection } = job;
  const drift = await readChangesFirst(job);
  const [[scope, ...newest], countBefore] = await oneAfterTheOther(
    job,
    () => Promise.all([scopeBefore(job), ...stream.passes.map((pass) => anchor(job, pass))]),
    async () => (firstPageCounts(job) ? null : stream.count(EVERYTHING, io)),
  );
  const anchors = Object.fromEntries(stream.passes.map((pass, at) => [pass.id, newest[at] ?? null]));
  const partitions = partition(stream, await knownSites(job), countBefore, io.limit, deps.inFlight);
  return writer.step(async (tx) => {
    const number = await deps.mirror.beginSnapshot(tx, connection.id, stream);
    const result: SnapshotProgress = {
      number,
      startedAt: deps.clock.now(),
      anchors,
      countBefore,
      scope,
      rejected: 0,
      partitions: partitions.map((part) => ({ id: part.id, params: { ...part.params }, cursor: null, done: false })),
      settling: "no",
      ...(drift ? { drift: { added: 0, changed: 0, closed: 0 } } : {}),
    };
    return { result, checkpoint: { ...writer.checkpoint, snapshot: result } };
  });
}

/** So that what the listing brings is what readings of changes miss, and no news. False where the stream does not tell, or not all that was counted came. */
async function readChangesFirst(job: StreamJob): Promise<boolean> {
  const { stream, writer, progress, io } = job;
  if (stream.ended === undefined || stream.passes.length === 0 || writer.checkpoint.firstReadAt === null) return false;
  progress.enter("changes");
  try {
    return (await readChanges(job, "overlap")) === undefined;
  } catch (error) {
    // The listing itself is what is wanted: it meets the same trouble, or does without.
    if (io.signal.aborted || asFault(error).kind === "fenced") throw error;
    return false;
  } finally {
    progress.enter("counting");
  }
}

/** A first read can declare nothing gone, so it need not spend a request on what the token reaches. Later, the mirror's own scope is what the listing's end is held against. */
async function scopeBefore({ writer, connection, scope, io }: StreamJob): Promise<string | null> {
  return writer.checkpoint.firstReadAt === null ? null : (connection.scopeFingerprint ?? scope.now(io.client));
}

/**
 * Whether the first page's total will do for the count before the listing: it is of the same moment. In a first read nobody waits for it, and both are asked for at once.
 */
function firstPageCounts({ writer, stream }: StreamJob): boolean {
  return writer.checkpoint.firstReadAt !== null && stream.partitionedBy === "nothing" && stream.pagesAreCounted === true;
}

async function knownSites(job: StreamJob): Promise<readonly SiteWeight[]> {
  if (job.stream.partitionedBy === "nothing") return [];
  const { rows } = await sql<{ id: string; weight: number | null }>`
    select id, active_licenses as weight from ${sql.table(viewName("sites"))} where connection_id = ${job.connection.id} order by id`.execute(job.deps.store.read);
  return rows.map((row) => ({ id: row.id, weight: Number(row.weight ?? 0) }));
}

/** A console that refuses one of the sites (removed since we listed them) is asked for everything at once, or the listing would never end. */
async function readParts(job: StreamJob): Promise<void> {
  try {
    await readPartitions(job);
  } catch (error) {
    const fault = asFault(error);
    const { snapshot } = job.writer.checkpoint;
    if (snapshot === null || snapshot.partitions.length < 2 || !PART_REFUSED.has(fault.code)) throw fault;
    job.deps.log.warn("reader.part-refused", { connection: job.connection.id, stream: job.stream.id, code: fault.code });
    const whole = { ...EVERYTHING, params: {}, cursor: null, done: false };
    await job.writer.step(async () => ({ result: null, checkpoint: { ...job.writer.checkpoint, snapshot: { ...snapshot, partitions: [whole] } } }));
    await readPartitions(job);
  }
}

const PART_REFUSED: ReadonlySet<FaultCode> = new Set(["S1_BAD_REQUEST", "S1_FORBIDDEN", "S1_NOT_FOUND"]);

/** Runs the parts side by side. The first failure stops the others; what they stored stays, and the next run goes on from there. */
async function readPartitions(job: StreamJob): Promise<void> {
  const pending = (job.writer.checkpoint.snapshot?.partitions ?? []).filter((part) => !part.done);
  const stop = new AbortController();
  const signal = AbortSignal.any([job.io.signal, stop.signal]);
  const failures: Fault[] = [];
  const workers = Array.from({ length: Math.min(job.deps.inFlight, pending.length) }, async () => {
    for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
      try {
        await readPartition({ ...job, io: { ...job.io, signal } }, part, part.cursor);
      } catch (error) {
        failures.push(asFault(error));
        stop.abort(new Fault("CANCELLED", "Another part of the listing failed."));
        return;
      }
    }
  });
  await Promise.all(workers);
  const [first] = failures;
  if (first !== undefined) throw first;
}

async function readPartition(job: StreamJob, part: Partition, resumeAt: string | null): Promise<void> {
  const store = (page: Page, countBefore: number | null) => job.writer.write(withinRetention(job, page), (checkpoint) => withCount(withProgress(checkpoint, part.id, page), countBefore), true);
  let counted = !firstPageCounts(job) || resumeAt !== null;
  await readPages(
    job,
    (restarted) => job.stream.read({ kind: "snapshot", partition: part, cursor: restarted ? null : resumeAt }, job.io),
    async (page) => {
      if (counted) return store(page, null);
      counted = true;
      // A console that leaves the total out is asked for it.
      const countBefore = page.total ?? (await job.stream.count(EVERYTHING, job.io));
      job.progress.expected = countBefore;
      return store(page, countBefore);
    },
    job.writer.pagesAtOnce,
  );
}

/** `countBefore`: null where there is none, or it is there. */
function withCount(checkpoint: Checkpoint, countBefore: number | null): Checkpoint {
  const { snapshot } = checkpoint;
  return snapshot === null || countBefore === null ? checkpoint : { ...checkpoint, snapshot: { ...snapshot, countBefore } };
}

function withProgress(checkpoint: Checkpoint, id: string, { cursor, state, short, counted }: Page): Checkpoint {
  const { snapshot } = checkpoint;
  if (snapshot === null) return checkpoint;
  const partitions = snapshot.partitions.map((part) => (part.id === id ? { ...part, cursor, done: state === "complete" } : part));
  return { ...checkpoint, snapshot: { ...snapshot, partitions, ...(short === true ? { short } : {}), ...(counted === undefined ? {} : { counted: counted + (snapshot.counted ?? 0) }) } };
}

type Verdict = { readonly proof: "complete" | "uncounted"; readonly fault?: Fault } | { readonly fault: Fault };

/** In a first read, which can declare nothing gone, both at once: the console's latency is then paid once. */
async function oneAfterTheOther<A, B>(job: StreamJob, first: () => Promise<A>, second: () => Promise<B>): Promise<readonly [A, B]> {
  return job.writer.checkpoint.firstReadAt === null ? Promise.all([first(), second()]) : [await first(), await second()];
}

async function countAgain(job: StreamJob): Promise<number | null> {
  const { snapshot } = job.writer.checkpoint;
  return snapshot === null || snapshot.countBefore === null || snapshot.rejected > 0 ? null : job.stream.count(EVERYTHING, job.io);
}

async function judge(job: StreamJob, after: number | null): Promise<Verdict> {
  const { writer, stream, io, connection, deps } = job;
  const { snapshot } = writer.checkpoint;
  if (snapshot === null) throw new Fault("INTERNAL", "A snapshot was judged that was never begun.");
  if (snapshot.rejected > 0) {
    return { fault: unproven(`${snapshot.rejected} of its records could not be read and are parked`, { parked: snapshot.rejected }) };
  }
  if (snapshot.scope !== null) {
    const scope = await job.scope.now(io.client);
    if (scope !== snapshot.scope || (connection.scopeFingerprint !== null && scope !== connection.scopeFingerprint)) {
      // An ill console has not changed the scope; but what cannot be compared proves nothing either.
      if (scope === NOT_READ || snapshot.scope === NOT_READ) return { fault: unproven("the token's scope could not be read", {}) };
      return { fault: new Fault("S1_SCOPE_CHANGED", "The token's scope is not the one the mirror was built with, so nothing was declared gone.", { details: { stream: stream.id } }) };
    }
    if (scope === connection.scopeFingerprint) await deps.ports.reportScopeAgrees(connection.id);
  }
  const before = snapshot.countBefore;
  const seen = await deps.mirror.seenCount(connection.id, stream, snapshot.number);
  const { short = false, counted = 0 } = snapshot;
  if (short || seen < counted) return { fault: unproven("the console counted more than it gave", { seen, counted }) };
  if (before === null || after === null) return { proof: "uncounted" };
  // A record that moves from a part not read yet into one that was is seen by neither. Where no change tells of it, the count may agree by chance.
  const mayHide = snapshot.partitions.length > 1 && !stream.passesSeeEveryChange;
  if (seen === before && seen === after) return { proof: mayHide ? "uncounted" : "complete" };
  const fault = unproven(`it holds ${seen} records, the console counted ${before} before and ${after} after`, { seen, before, after });
  // Fewer than the console ever counted: pages are missing, and two readings that miss the same pages would agree with each other.
  if (seen < Math.min(before, after)) return { fault };
  return { proof: "uncounted", fault };
}

function unproven(why: string, details: Readonly<Record<string, number>>): Fault {
  return new Fault("SNAPSHOT_UNPROVEN", `The full listing is not proven complete: ${why}. Nothing was declared gone on its word.`, { details });
}

async function settle(job: StreamJob, verdict: { readonly proof: "complete" | "uncounted"; readonly fault?: Fault }): Promise<Fault | undefined> {
  const { writer, deps, target, stream, progress } = job;
  const begun = writer.checkpoint.snapshot;
  if (begun === null) throw new Fault("INTERNAL", "A snapshot was settled that was never begun.");
  await writer.step(async () => ({ result: null, checkpoint: { ...writer.checkpoint, snapshot: { ...begun, settling: verdict.proof } } }));

  let heldBack = 0;
  let gone = 0;
  for (let more = true; more; ) {
    stopIfCancelled(job.io.signal);
    const now = deps.clock.now();
    const outcome = await writer.step(async (tx) => {
      const result = await deps.mirror.settle(tx, { target, stream, snapshot: begun.number, startedAt: begun.startedAt, now, watermark: null }, verdict.proof);
      const counted = withDrift(writer.checkpoint, { added: 0, changed: 0, closed: result.closed });
      return { result, checkpoint: result.more ? counted : finished({ ...counted, doubted: false }, verdict.fault === undefined && !braked(verdict, result.heldBack), now) };
    });
    progress.addGone(outcome.gone);
    gone += outcome.gone;
    ({ heldBack, more } = outcome);
  }
  progress.drift = driftOf(writer.checkpoint);
  if (braked(verdict, heldBack)) {
    return new Fault("SNAPSHOT_BRAKE", `${heldBack} records are missing at once; they stay until a second full reading misses them too.`, { details: { heldBack } });
  }
  // An estate that moves while it is read cannot be counted. As long as nothing is missing that is no trouble, only no proof.
  return gone + heldBack === 0 ? undefined : verdict.fault;
}

/** Without a count every missing record waits for a second reading: that is the rule there, not the brake. */
function braked(verdict: { readonly proof: "complete" | "uncounted"; readonly fault?: Fault }, heldBack: number): boolean {
  return verdict.proof === "complete" && verdict.fault === undefined && heldBack > 0;
}

async function abandon(job: StreamJob, fault: Fault): Promise<Fault> {
  const { writer, deps, progress } = job;
  await writer.step(async () => ({ result: null, checkpoint: finished(writer.checkpoint, false, deps.clock.now()) }));
  progress.drift = driftOf(writer.checkpoint);
  return fault;
}

function finished(checkpoint: Checkpoint, proven: boolean, now: number): Checkpoint {
  return {
    ...checkpoint,
    snapshot: null,
    watermarks: { ...checkpoint.snapshot?.anchors, ...withoutNulls(checkpoint.watermarks) },
    firstReadAt: checkpoint.firstReadAt ?? now,
    lastSnapshotAt: now,
    provenAt: proven ? now : checkpoint.provenAt,
    unprovenInARow: proven ? 0 : checkpoint.unprovenInARow + 1,
    sweptDayAt: now,
    sweptWeekAt: now,
    ...(checkpoint.snapshot?.drift === undefined ? {} : { drift: { ...checkpoint.snapshot.drift, at: now } }),
  };
}

/** Of the reading that just ended. */
function driftOf({ drift, lastSnapshotAt }: Checkpoint): Drift | null {
  return drift === undefined || drift.at !== lastSnapshotAt ? null : { added: drift.added, changed: drift.changed, closed: drift.closed };
}

function withoutNulls(watermarks: Checkpoint["watermarks"]): Record<string, string> {
  return Object.fromEntries(Object.entries(watermarks).filter((entry): entry is [string, string] => entry[1] !== null));
}
