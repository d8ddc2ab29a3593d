/** Times as clocks show them in a time zone (IANA names), over changes of summer time. */
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "short", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  formats.set(timeZone, made);
  return made;
}

interface LocalTime {
  readonly weekday: Weekday;
  /** `2026-06-01`. */
  readonly date: string;
  /** `07:30`. */
  readonly clock: string;
}

export function localTime(timeZone: string, at: number): LocalTime {
  const parts = new Map(formatOf(timeZone).formatToParts(at).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
  const weekday = of("weekday").toLowerCase();
  return { weekday: WEEKDAYS.find((one) => one === weekday) ?? "mon", date: `${of("year")}-${of("month")}-${of("day")}`, clock: `${of("hour")}:${of("minute")}` };
}

/** `2026-06-01 14:00 (Europe/Berlin)`. */
export function shownTime(timeZone: string, at: number): string {
  const { date, clock } = localTime(timeZone, at);
  return `${date} ${clock} (${timeZone})`;
}

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}
