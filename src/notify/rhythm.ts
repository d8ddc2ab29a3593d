/**
 * What is usual at a connection: how long nothing arrives there, and how many devices it has. Pure. Only time that was seen counts: a hub that was stopped, or a console that did not answer, says
 * nothing about how quiet a connection is.
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Mark {
  /** When it was last looked at. */
  readonly lookedAt: number;
  /** Seen in all, and since something last arrived. */
  readonly seenMs: number;
  readonly quietMs: number;
  /** The longest quiet of each day, newest last. */
  readonly quiet: readonly Daily[];
  /** The most devices of each day, newest last. */
  readonly devices: readonly Daily[];
  readonly count: number | null;
  /** The count before a fall, and when that was seen. */
  readonly fell: { readonly from: number; readonly at: number } | null;
}

export type Daily = readonly [day: number, most: number];

export interface Seen {
  /** Something arrived since the last look. */
  readonly arrived: boolean;
  /** The console was read lately, and without a fault. */
  readonly answers: boolean;
  /** Live devices; null where they are not known, or not proven. */
  readonly devices: number | null;
}

/** Looks further apart than this saw nothing of what lay between. */
const SEEN_WITHIN_MS = 5 * MINUTE;
/** A weekend is in it, wherever it began. */
const LEAST_SEEN_MS = 8 * DAY;
const LEAST_DAYS = 3;
const LEAST_QUIET_MS = 2 * HOUR;
/** So many times as long as the longest quiet of two weeks. */
const TIMES = 3;
const QUIET_DAYS = 14;
const DEVICE_DAYS = 2;
/** A fall by a fifth, and by five at least; over when nine tenths are back, or after a week, as the new number. */
const FALLEN = 0.8;
const LEAST_FALLEN = 5;
const BACK = 0.9;
const ACCEPTED_AFTER_MS = 7 * DAY;

export function firstMark(now: number): Mark {
  return { lookedAt: now, seenMs: 0, quietMs: 0, quiet: [], devices: [], count: null, fell: null };
}

export function marked(mark: Mark, { arrived, answers, devices }: Seen, now: number): Mark {
  const elapsed = now - mark.lookedAt;
  const watched = answers && elapsed > 0 && elapsed <= SEEN_WITHIN_MS ? elapsed : 0;
  const quietMs = mark.quietMs + watched;
  const day = Math.floor(now / DAY);
  // A quiet counts when it is over; one that was out of the ordinary does not become the ordinary.
  const quiet = arrived && !isSilent({ ...mark, quietMs }) ? mostOf(mark.quiet, day, quietMs, QUIET_DAYS) : mark.quiet;
  return { ...devicesOf(mark, devices, day, now), lookedAt: now, seenMs: mark.seenMs + watched, quietMs: arrived ? 0 : quietMs, quiet };
}

function devicesOf(mark: Mark, count: number | null, day: number, now: number): Mark {
  if (count === null) return mark;
  const before = Math.max(0, ...mark.devices.map(([, most]) => most));
  if (mark.fell !== null) {
    const over = count >= mark.fell.from * BACK || now - mark.fell.at >= ACCEPTED_AFTER_MS;
    return over ? { ...mark, count, fell: null, devices: [[day, count]] } : { ...mark, count };
  }
  if (before - count >= LEAST_FALLEN && count < before * FALLEN) return { ...mark, count, fell: { from: before, at: now } };
  return { ...mark, count, devices: mostOf(mark.devices, day, count, DEVICE_DAYS) };
}

function mostOf(days: readonly Daily[], day: number, value: number, kept: number): readonly Daily[] {
  const known = days.find(([one]) => one === day)?.[1] ?? 0;
  return [...days.filter(([one]) => one !== day && one > day - kept), [day, Math.max(known, value)] as const].toSorted(([left], [right]) => left - right);
}

/** Longer than ever in two weeks, by far; null where too little has been seen, or has arrived, to say. */
export function silenceAfter({ seenMs, quiet }: Pick<Mark, "seenMs" | "quiet">): number | null {
  if (seenMs < LEAST_SEEN_MS || quiet.length < LEAST_DAYS) return null;
  return Math.max(LEAST_QUIET_MS, TIMES * Math.max(0, ...quiet.map(([, most]) => most)));
}

export function isSilent(mark: Pick<Mark, "seenMs" | "quiet" | "quietMs">): boolean {
  const after = silenceAfter(mark);
  return after !== null && mark.quietMs > after;
}
