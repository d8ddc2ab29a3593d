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
