/** Times as people say them. */

const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

const STEPS = [
  [60, 1, "s"],
  [3_600, 60, "min"],
  [86_400, 3_600, "h"],
  [Infinity, 86_400, "d"],
] as const;

/** 90 → `1 min`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  for (const [limit, unit, word] of STEPS) if (whole < limit) return `${String(Math.floor(whole / unit))} ${word}`;
  return "";
}

/** So many days before the hour that it is: an answer that was asked for a minute ago is still the answer. */
export function daysBack(days: number): string {
  return new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - days * 86_400_000).toISOString();
}

/** How long something has been waiting. */
export function waited(since: string): string {
  return span((Date.now() - Date.parse(since)) / 1000);
}

export function age(at: string, now = Date.now()): string {
  const seconds = (now - Date.parse(at)) / 1000;
  return seconds < 5 ? "just now" : `${span(seconds)} ago`;
}

export function until(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000;
  return seconds <= 0 ? "now" : `in ${span(seconds)}`;
}

export function exact(at: string): string {
  return EXACT.format(new Date(at));
}

export function day(at: string): string {
  return DAY.format(new Date(at));
}
