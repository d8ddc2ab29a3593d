/** When something is told. Pure: the time is an argument, time zones are the platform's. */
import { Cron } from "croner";
import { FACT_SEVERITIES, type FactSeverity } from "../kernel/fact.ts";
import type { NotificationSettings, QuietHours } from "../kernel/notification-api.ts";
import { localTime } from "../kernel/zones.ts";

const MINUTE = 60_000;

export const DEFAULTS: NotificationSettings = {
  tells: ["opened", "escalated", "reopened", "health"],
  severity: "medium",
  types: null,
  unansweredMinutes: 60,
  pace: "at-once",
  at: "08:00",
  timeZone: "UTC",
  quiet: null,
  through: "critical",
};

export function rankOf(severity: FactSeverity): number {
  return FACT_SEVERITIES.indexOf(severity);
}

/** What nobody could judge is let through: left out it would be missed where the vendor has a word more than we know. */
export function isGraveEnough({ severity: floor }: Pick<NotificationSettings, "severity">, severity: FactSeverity): boolean {
  return severity === "unknown" || rankOf(severity) >= rankOf(floor);
}

type Times = Pick<NotificationSettings, "pace" | "at" | "timeZone" | "quiet" | "through">;

/** When what happens now, at that severity, may be told. */
export function dueAt(settings: Times, severity: FactSeverity, now: number): number {
  const { pace, at, timeZone, quiet, through } = settings;
  if (through !== null && rankOf(severity) >= rankOf(through)) return now;
  const [hour = "8", minute = "0"] = at.split(":");
  const paced = pace === "at-once" ? now : next(pace === "hourly" ? "0 * * * *" : `${String(Number(minute))} ${String(Number(hour))} * * *`, timeZone, now);
  return afterQuiet(quiet, timeZone, paced);
}

/** A reminder keeps to quiet hours, and is no part of a digest: it has waited already. */
export function reminderAt({ unansweredMinutes, ...times }: Times & Pick<NotificationSettings, "unansweredMinutes">, severity: FactSeverity, since: number): number {
  return dueAt({ ...times, pace: "at-once" }, severity, since + unansweredMinutes * MINUTE);
}

/** The first moment from then on that is not quiet. */
export function afterQuiet(quiet: QuietHours | null, timeZone: string, from: number): number {
  if (quiet === null) return from;
  let at = from;
  // A night and six days at most; each turn goes on to the next moment at which quiet may end.
  for (let turn = 0; turn < 16 && isQuiet(quiet, timeZone, at); turn += 1) {
    const [hour = "0", minute = "0"] = quiet.to.split(":");
    at = Math.min(next(`${String(Number(minute))} ${String(Number(hour))} * * *`, timeZone, at), next("0 0 * * *", timeZone, at));
  }
  return at;
}

export function isQuiet({ from, to, days = [] }: QuietHours, timeZone: string, at: number): boolean {
  const local = localTime(timeZone, at);
  if (days.includes(local.weekday)) return true;
  if (from === to) return false;
  // Times of day as text sort as they come.
  return from < to ? local.clock >= from && local.clock < to : local.clock >= from || local.clock < to;
}

function next(cron: string, timezone: string, after: number): number {
  return new Cron(cron, { timezone }).nextRun(new Date(after))?.getTime() ?? after;
}
