/**
 * The vendor's times: RFC 3339 with microseconds in REST, milliseconds in GraphQL. Inside the simulator a time is a whole
 * number of microseconds since the epoch (exact in a double until the year 2255).
 */
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** `2026-03-02T08:15:30.123456Z`. */
export function micros(time: number): string {
  const ms = Math.floor(time / 1000);
  return `${new Date(ms).toISOString().slice(0, 23)}${String(time - ms * 1000).padStart(3, "0")}Z`;
}

/** `2026-03-02T08:15:30Z`. */
export function seconds(time: number): string {
  return `${new Date(Math.floor(time / 1000)).toISOString().slice(0, 19)}Z`;
}

/** `2026-03-02T08:15:30.123Z`. */
export function millis(time: number): string {
  return new Date(Math.floor(time / 1000)).toISOString();
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:?\d{2})?$/u;

/** Microseconds of an RFC 3339 time (any offset; no offset means UTC), or undefined when it is none. */
export function parseTime(text: string): number | undefined {
  const found = RFC3339.exec(text);
  if (found === null) return undefined;
  const [, date, time, fraction = "", offset = "Z"] = found;
  const zone = /^[+-]\d{4}$/u.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset.toUpperCase();
  const ms = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(ms)) return undefined;
  return ms * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
