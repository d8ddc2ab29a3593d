/** Pure decisions of the reader: whether a run reads everything or what changed, how far back, and in which partitions. */
import type { Pass, Partition, Stream } from "../sentinelone/streams/stream.ts";
import type { Checkpoint } from "./checkpoint.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FIRST_RETRY_OF_PROOF = 15 * 60_000;

export const EVERYTHING: Partition = { id: "all", params: {} };

export interface RunWish {
  /** Asked for by a person: read everything now. */
  readonly full: boolean;
  /** The schedule's own: not read again where another process has done it meanwhile. */
  readonly onlyIfDue: boolean;
}

/** A snapshot is due when none was finished, when asked for, when proof is old, or when the dataset knows nothing else. */
export function snapshotDue(stream: Stream, checkpoint: Checkpoint, wish: Pick<RunWish, "full">, now: number): boolean {
  if (checkpoint.snapshot !== null || checkpoint.firstReadAt === null) return true;
  if (wish.full || stream.passes.length === 0) return true;
  const last = checkpoint.lastSnapshotAt ?? 0;
  return isPast(last, now, proofInterval(stream, checkpoint.unprovenInARow));
}

/** A time ahead of the clock was written by a clock that was wrong. */
function isPast(since: number, now: number, span: number): boolean {
  return now - since >= span || since > now;
}

/** An unproven snapshot is repeated sooner, at growing distances up to the stream's own. */
export function proofInterval(stream: Stream, unprovenInARow: number): number {
  if (unprovenInARow === 0) return stream.proofEveryMs;
  return Math.min(stream.proofEveryMs, FIRST_RETRY_OF_PROOF * 2 ** Math.min(unprovenInARow - 1, 12));
}

export type LookBack = "overlap" | "day" | "week";

/**
 * Records may turn up to seven days late: most runs look back the pass's overlap, one an hour a day, one a day a week. What turns up right
 * after one of these is found by the next, so that they look back as much further as the watermark may have moved meanwhile. A stream whose
 * listing is read whole every day or more often needs no week beside it.
 */
export function lookBack(stream: Stream, checkpoint: Checkpoint, now: number): LookBack {
  if (!stream.passes.some((pass) => looksBack(pass))) return "overlap";
  const week = stream.proofEveryMs > DAY && stream.passes.some((pass) => hasLateRecords(pass));
  if (week && (checkpoint.sweptWeekAt === null || isPast(checkpoint.sweptWeekAt, now, DAY))) return "week";
  if (checkpoint.sweptDayAt === null || isPast(checkpoint.sweptDayAt, now, HOUR)) return "day";
  return "overlap";
}

/** Event times lie before the record becomes visible; an update time is set when it does. */
export function hasLateRecords(pass: Pass): boolean {
  return pass.id !== "updated";
}

function looksBack(pass: Pass): boolean {
  return hasLateRecords(pass) || pass.looksBack === true;
}

export function changesFrom(pass: Pass, watermark: string | null, back: LookBack): string | null {
  if (watermark === null) return null;
  const further = !looksBack(pass) || back === "overlap" ? 0 : back === "day" || !hasLateRecords(pass) ? DAY + HOUR : 7 * DAY + DAY;
  return earlier(watermark, further + pass.overlapMs);
}

/** `time` minus `ms`, keeping the six digits that text order relies on. */
export function earlier(time: string, ms: number): string {
  const moment = Date.parse(time);
  if (Number.isNaN(moment) || ms === 0) return time;
  const micros = /\.\d{3}(\d{3})Z$/.exec(time)?.[1] ?? "000";
  return new Date(moment - ms).toISOString().replace("Z", `${micros}Z`);
}

export interface SiteWeight {
  readonly id: string;
  /** Roughly how many records it has; the console's licence count is near enough. */
  readonly weight: number;
}

/**
 * Splits a listing into parts of about equal size that are read side by side. Small listings stay whole: a request per site would
 * cost more than it saves. Sites we do not know of (made since) are missed by every part, which the count then tells.
 */
export function partition(stream: Stream, sites: readonly SiteWeight[], expected: number | null, limit: number, inFlight: number): readonly Partition[] {
  if (stream.partitionedBy === "nothing" || expected === null) return [EVERYTHING];
  const pages = Math.ceil(expected / limit);
  const parts = Math.min(inFlight, sites.length, Math.floor(pages / 2));
  if (parts < 2) return [EVERYTHING];
  if (stream.sitesPerRequest === 1 && sites.length > pages) return [EVERYTHING];
  const size = stream.sitesPerRequest === 1 ? sites.length : parts;
  const buckets = Array.from({ length: size }, (): { ids: string[]; weight: number } => ({ ids: [], weight: 0 }));
  for (const site of sites.toSorted((a, b) => b.weight - a.weight || a.id.localeCompare(b.id))) {
    const lightest = buckets.reduce((best, bucket) => (bucket.weight < best.weight || (bucket.weight === best.weight && bucket.ids.length < best.ids.length) ? bucket : best));
    if (lightest.ids.length >= stream.sitesPerRequest) return [EVERYTHING];
    lightest.ids.push(site.id);
    lightest.weight += Math.max(1, site.weight);
  }
  return buckets.map((bucket, index) => ({ id: `sites:${index}`, params: { siteIds: bucket.ids.join(",") } }));
}
