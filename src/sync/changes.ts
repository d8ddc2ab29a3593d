/**
 * Reads what is new: ascending by each of the stream's times, bounds inclusive, from behind the watermark. The watermark moves with
 * every stored page, so that a restart repeats one overlap and nothing else. A source that no longer holds what was not read in time
 * leaves a named gap, never a silent one; one that gives fewer records than it counts is told of, and a full reading follows.
 */
import { Fault } from "../kernel/fault.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Pass } from "../sentinelone/streams/stream.ts";
import { Tally } from "../sentinelone/tally.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { changesFrom, hasLateRecords, type LookBack } from "./plan.ts";
import { readPages, withinRetention, type StreamJob } from "./job.ts";
import { recordGap } from "./gaps.ts";

/** How far ahead of the console's clock a record's time may be and still move the watermark: beyond it, it is a wrong clock. */
const AHEAD_MS = 10 * 60_000;

/** Undefined where all that was counted has come; otherwise the fault that says what did not. */
export async function readChanges(job: StreamJob, back: LookBack): Promise<Fault | undefined> {
  let missing: Fault | undefined;
  for (const pass of job.stream.passes) missing = (await readPass(job, pass, back)) ?? missing;
  return missing;
}

async function readPass(job: StreamJob, pass: Pass, back: LookBack): Promise<Fault | undefined> {
  const { stream, writer, io } = job;
  const start = startOf(writer.checkpoint, pass);
  const from = changesFrom(pass, start, back);
  const column = stream.columns.findIndex((entry) => entry.name === pass.column);
  const order = pass.unordered === true ? new WholePass(await anchor(job, pass)) : new PassOrder(start);
  let first = true;
  let tally = new Tally();

  await readPages(
    job,
    () => {
      tally = new Tally();
      return stream.read({ kind: "changes", pass, from, to: null }, io);
    },
    async (page) => {
      const times = page.records.map((record) => record.values[column]).filter((time): time is string => typeof time === "string");
      const last = page.state === "caught-up";
      tally.add({ size: page.records.length + page.rejected.length + page.repeated, totalItems: page.total });
      // A page may be empty although records follow: only what comes first, or nothing at all, tells of a gap. Nothing, though counted, is an ill answer.
      if (first && (times.length > 0 || last)) {
        if (start !== null && from !== null && (times.length > 0 || !tally.isShort)) await noteGap(job, pass, from, start, times);
        first = false;
      }
      const reached = order.after(times, last, ceiling(job));
      await writer.write(withinRetention(job, page), (checkpoint) => withWatermark(checkpoint, pass, reached));
    },
  );
  return tally.isShort ? changesIncomplete(stream.id, tally) : undefined;
}

function changesIncomplete(stream: StreamId, { received, counted }: Tally): Fault {
  const details = { stream, received, counted };
  return new Fault("CHANGES_INCOMPLETE", `The listing of what changed gave ${received} records where the console counted ${counted ?? 0}.`, { details });
}

/**
 * Where the source stands now: the newest time of its records, or its clock where that time lies ahead of it. A record from the future
 * must not become a point to read on from: all that comes after it in truth would lie before it.
 */
export async function anchor(job: StreamJob, pass: Pass): Promise<string | null> {
  const newest = await job.stream.latest(pass, job.io);
  if (newest === null || newest <= ceiling(job)) return newest;
  return micros(consoleNow(job));
}

function startOf(checkpoint: Checkpoint, pass: Pass): string | null {
  return checkpoint.watermarks[pass.id] ?? checkpoint.snapshot?.anchors[pass.id] ?? null;
}

/** A pass whose pages are in no order of time: read to its end, all until the moment it began is there; before its end, nothing is said. */
class WholePass {
  readonly #began: string | null;

  constructor(began: string | null) {
    this.#began = began;
  }

  after(_times: readonly string[], last: boolean): string | null {
    return last ? this.#began : null;
  }
}

/**
 * Follows the times of a pass. As long as pages come in order each one moves the watermark; once one does not, a later page may still
 * bring earlier records, so that only the end of the pass is proof.
 */
class PassOrder {
  #reached: string | null;
  #newest: string | null;
  #ordered = true;

  constructor(start: string | null) {
    this.#reached = start;
    this.#newest = start;
  }

  after(times: readonly string[], last: boolean, ceiling: string): string | null {
    let previous = this.#ordered ? "" : null;
    for (const time of times) {
      if (previous !== null && time < previous) this.#ordered = false;
      previous = time;
    }
    const oldest = times[0];
    const seen = this.#seen;
    if (seen !== null && oldest !== undefined && oldest < seen) this.#ordered = false;
    for (const time of times) {
      if (time <= ceiling && (this.#newest === null || time > this.#newest)) this.#newest = time;
      if (this.#seen === null || time > this.#seen) this.#seen = time;
    }
    if (this.#ordered || last) this.#reached = this.#newest;
    return this.#reached;
  }

  /** Newest time within this reading (not counting where it started). */
  #seen: string | null = null;
}

/** The console's clock decides, for ours may be wrong; ours only until the first answer has told. */
function consoleNow(job: StreamJob): number {
  return job.io.client.serverTime ?? job.deps.clock.now();
}

function ceiling(job: StreamJob): string {
  return micros(consoleNow(job) + AHEAD_MS);
}

function micros(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}

function withWatermark(checkpoint: Checkpoint, pass: Pass, reached: string | null): Checkpoint {
  const before = checkpoint.watermarks[pass.id] ?? null;
  if (reached === null || (before !== null && reached <= before)) return checkpoint;
  return { ...checkpoint, watermarks: { ...checkpoint.watermarks, [pass.id]: reached } };
}

/**
 * Events do not change their time: what we hold at and behind the watermark must come again in an inclusive reading. If none of it
 * does, the source has let go of that period, and whatever came after the watermark may be lost with it.
 */
async function noteGap(job: StreamJob, pass: Pass, from: string, watermark: string, times: readonly string[]): Promise<void> {
  if (!hasLateRecords(pass)) return;
  if (times.some((time) => time <= watermark)) return;
  const held = await job.deps.mirror.countBetween(job.connection.id, job.stream, pass.column, from, watermark);
  if (held === 0) return;
  const until = times[0] ?? null;
  await job.deps.store.tx((tx) => recordGap(tx, { connection: job.connection.id, tenant: job.target.tenant, stream: job.stream.id, from: watermark, until, now: job.deps.clock.now() }));
  job.deps.log.warn("reader.gap", { connection: job.connection.id, stream: job.stream.id, from: watermark, until });
}
