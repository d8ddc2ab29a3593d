/** When a month begins and ends where somebody lives. Pure. */
import { Cron } from "croner";
import { Fault } from "../kernel/fault.ts";
import { isTimeZone } from "../kernel/zones.ts";

export interface Month {
  /** `2026-11`. */
  readonly name: string;
  readonly timeZone: string;
  readonly from: number;
  readonly to: number;
}

const DAY = 86_400_000;
const BEGINS = "0 0 1 * *";

export function monthOf(name: string, timeZone: string, now: number): Month {
  if (!isTimeZone(timeZone)) throw new Fault("CONFIG_INVALID", `${JSON.stringify(timeZone)} is no time zone.`, { details: { at: "timeZone" }, cure: "Write it like Europe/Berlin or UTC." });
  const [year = 0, month = 0] = name.split("-").map(Number);
  const begins = new Cron(BEGINS, { timezone: timeZone });
  // No clock is further from UTC than a day: the next beginning is that of the month.
  const from = begins.nextRun(new Date(Date.UTC(year, month - 1, 1) - 2 * DAY))?.getTime() ?? 0;
  const to = begins.nextRun(new Date(from + DAY))?.getTime() ?? from;
  if (from >= now) throw new Fault("CONFIG_INVALID", `${name} has not begun yet.`, { details: { at: "month" }, cure: "Name a month that has, like the last one." });
  return { name, timeZone, from, to };
}
