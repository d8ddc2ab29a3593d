/**
 * The vendor's times: RFC 3339 with microseconds in REST, milliseconds in GraphQL. Inside the simulator a time is a whole
 * number of microseconds since the epoch (exact in a double until the year 2255).
 */
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Two and three digits, and days, are written so often that looking them up doubles the speed of a page. */
const TWO: readonly string[] = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"));
const THREE: readonly string[] = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, "0"));
const MOST_DAYS = 4096;
const days = new Map<number, string>();

/** `2026-03-02T`. */
function dayText(day: number): string {
  const known = days.get(day);
  if (known !== undefined) return known;
  const iso = new Date(day * 86_400_000).toISOString();
  const text = iso.slice(0, iso.indexOf("T") + 1);
  if (days.size >= MOST_DAYS) days.clear();
  days.set(day, text);
  return text;
}

/** `2026-03-02T08:15:30`, and the microseconds left over. */
function toTheSecond(time: number): readonly [text: string, rest: number] {
  const whole = Math.floor(time);
  const day = Math.floor(whole / DAY);
  const ofDay = whole - day * DAY;
  const second = Math.floor(ofDay / SECOND);
  const minute = Math.floor(second / 60);
  const hour = Math.floor(minute / 60);
  return [`${dayText(day)}${TWO[hour] ?? ""}:${TWO[minute - hour * 60] ?? ""}:${TWO[second - minute * 60] ?? ""}`, ofDay - second * SECOND];
}

/** `2026-03-02T08:15:30.123456Z`. */
export function micros(time: number): string {
  const [text, rest] = toTheSecond(time);
  const ms = Math.floor(rest / 1000);
  return `${text}.${THREE[ms] ?? ""}${THREE[rest - ms * 1000] ?? ""}Z`;
}

/** `2026-03-02T08:15:30Z`. */
export function seconds(time: number): string {
  return `${toTheSecond(time)[0]}Z`;
}

/** `2026-03-02T08:15:30.123Z`. */
export function millis(time: number): string {
  const [text, rest] = toTheSecond(time);
  return `${text}.${THREE[Math.floor(rest / 1000)] ?? ""}Z`;
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:?\d{2})?$/u;

/** Whether a month has that day: `Date.parse` makes the 2nd of March of the 30th of February. */
function isDay(date: string): boolean {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Microseconds of an RFC 3339 time (any offset; no offset means UTC), or undefined when it is none. */
export function parseTime(text: string): number | undefined {
  const found = RFC3339.exec(text);
  if (found === null) return undefined;
  const [, date, time, fraction = "", offset = "Z"] = found;
  const zone = /^[+-]\d{4}$/u.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset.toUpperCase();
  const ms = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(ms) || !isDay(date ?? "")) return undefined;
  return ms * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
