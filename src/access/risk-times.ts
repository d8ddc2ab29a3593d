/** Days between moments of the console's, and of ours, as evidence and `since` have them. */
import { isoTime } from "../kernel/clock.ts";

export const DAY = 86_400_000;

/** Whole days from then to now; negative where it lies ahead; null where it is no time. */
export function daysSince(time: string | null, now: number): number | null {
  const ms = time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? null : Math.floor((now - ms) / DAY);
}

/** RFC 3339 of so many days after it. */
export function timeAfter(time: number, days?: number): string;
export function timeAfter(time: string | number | null, days?: number): string | null;
export function timeAfter(time: string | number | null, days = 0): string | null {
  const ms = typeof time === "string" ? Date.parse(time) : (time ?? Number.NaN);
  return Number.isNaN(ms) ? null : isoTime(Math.min(ms + days * DAY, 8_640_000_000_000_000));
}

/** The day so many days ago, `2026-03-01`: a time of the console's before it compares smaller as text. */
export function dayBefore(now: number, days: number): string {
  return isoTime(Math.max(0, now - days * DAY)).slice(0, 10);
}
