/**
 * When an ingest rule runs. Pure; the time is an argument. `continuous`, or five fields of cron in a time zone. A moment that the clock jumps over in spring comes at the end
 * of the gap, one that comes twice in autumn runs once (the first time), and fields with `*` go on every real hour. Moments missed while nobody ran are caught up by one run.
 */
import { Cron } from "croner";
import { Fault } from "../../kernel/fault.ts";

export const CONTINUOUS = "continuous";
export const PRESETS = { hourly: "0 * * * *", daily: "0 3 * * *", weekly: "0 3 * * 1" } as const;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A console is asked for what changed at every run. */
export const LEAST_GAP_MS = 5 * MINUTE;
/** A run that begins so much later than its moment catches up. */
const LATE_MS = 5 * MINUTE;
/** A clock set back by so much repeats no run; one set back further was wrong before. */
const REPEATED_MS = 25 * HOUR;
const LOOKED_AHEAD = 60;

export interface Schedule {
  /** `continuous`, or five fields. */
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
}

/** CONFIG_INVALID, with what is expected, for what is no schedule, never comes, or comes too often. `now` only to look ahead from. */
export function checkedSchedule(text: string, timezone: string, now: number): Schedule {
  const zone = checkedZone(timezone);
  const word = text.trim().toLowerCase();
  if (word === CONTINUOUS) return { cron: CONTINUOUS, timezone: zone };
  const cron = Object.hasOwn(PRESETS, word) ? PRESETS[word as keyof typeof PRESETS] : word.replaceAll(/\s+/g, " ");
  const expected = "Expected continuous, hourly, daily, weekly, or five fields of cron (minute, hour, day, month, weekday) like `30 2 * * 1-5`.";
  if (cron.split(" ").length !== 5) throw new Fault("CONFIG_INVALID", `${JSON.stringify(text)} is no schedule. ${expected}`);
  let moments: readonly number[];
  try {
    moments = momentsAfter({ cron, timezone: zone }, now, LOOKED_AHEAD);
  } catch (error) {
    throw new Fault("CONFIG_INVALID", `${JSON.stringify(text)} is no schedule${error instanceof Error ? ` (${error.message.replace(/^CronPattern: /, "")})` : ""}. ${expected}`, { cause: error });
  }
  if (moments.length === 0) throw new Fault("CONFIG_INVALID", `The schedule ${JSON.stringify(text)} never comes.`, { cure: "Choose a day that there is." });
  const least = Math.min(...moments.slice(1).map((moment, place) => moment - (moments[place] ?? 0)));
  if (least < LEAST_GAP_MS) throw new Fault("CONFIG_INVALID", `The schedule ${JSON.stringify(text)} comes more often than every five minutes.`, { cure: "`continuous` takes changes in as they are read; else leave five minutes between two runs." });
  return { cron, timezone: zone };
}

function checkedZone(timezone: string): string {
  try {
    const zone = new Intl.DateTimeFormat("en", { timeZone: timezone }).resolvedOptions().timeZone;
    // Offsets are accepted there and not by the schedule, and know no summer time.
    if (/^[+-]/.test(zone)) throw new RangeError("an offset");
    return zone;
  } catch (error) {
    throw new Fault("CONFIG_INVALID", `${JSON.stringify(timezone)} is no time zone.`, { cause: error, cure: "Give an IANA name like UTC, Europe/Paris or America/New_York." });
  }
}

function momentsAfter(schedule: Schedule, after: number, many: number): readonly number[] {
  const pattern = new Cron(schedule.cron, { timezone: schedule.timezone, mode: "5-part" });
  const found: number[] = [];
  for (let from = new Date(after); found.length < many; ) {
    const next = pattern.nextRun(from);
    if (next === null) break;
    found.push(next.getTime());
    from = next;
  }
  return found;
}

/** The next moment after `after`, ms; null where it never comes again, and of `continuous`. */
export function nextMoment(schedule: Schedule, after: number): number | null {
  return schedule.cron === CONTINUOUS ? null : (momentsAfter(schedule, after, 1)[0] ?? null);
}

export interface Standing {
  /** The moment that is waited for; null for none yet. */
  readonly nextAt: number | null;
  /** The last moment that a run was begun for. */
  readonly lastSlot: number | null;
}

export type Look =
  /** Nothing to begin; `nextAt` may have to be corrected. */
  | { readonly run: null; readonly nextAt: number | null }
  /** `late`: its moment is over by more than a look takes; whatever else was missed is caught up with it. */
  | { readonly run: { readonly slot: number; readonly late: boolean }; readonly nextAt: number | null };

/** What a look at the clock means for a rule. */
export function look(schedule: Schedule, { nextAt, lastSlot }: Standing, now: number): Look {
  const ran = lastSlot !== null && lastSlot > now && lastSlot - now <= REPEATED_MS ? lastSlot : now;
  const upcoming = nextMoment(schedule, ran);
  if (nextAt !== null && nextAt <= now && (lastSlot === null || nextAt > lastSlot || lastSlot - now > REPEATED_MS)) return { run: { slot: nextAt, late: now - nextAt > LATE_MS }, nextAt: upcoming };
  // Waited for further away than it will be: it was worked out by a clock that ran ahead then, or for another schedule.
  return { run: null, nextAt: nextAt === null || nextAt <= now || (upcoming !== null && nextAt > upcoming) ? upcoming : nextAt };
}
