/**
 * Durations as Cloudflare writes them: a whole number and `m` or `h`, `5m`, `12h`. Its reference knows no other form, so `1d`, `1h30m`,
 * `90s`, `0m`, `05m` and `1.5h` are refused and not guessed at.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A year: what is longer is a mistake in the unit, not a wish. */
const MAX_MS = 366 * 24 * HOUR_MS;

/** What to write instead, for messages. */
export const DURATION_FORM = "a whole number of minutes or hours such as 5m or 12h, from 1m to 8784h";

/** Milliseconds, or null where the text is not in the grammar. */
export function readDuration(text: string): number | null {
  const match = /^([1-9]\d{0,6})([mh])$/.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * (match[2] === "h" ? HOUR_MS : MINUTE_MS);
  return ms <= MAX_MS ? ms : null;
}

/** The shortest text for it; parts of a minute are rounded up, so that nothing lasts shorter than was asked. */
export function writeDuration(ms: number): string {
  return ms % HOUR_MS === 0 && ms > 0 ? `${String(ms / HOUR_MS)}h` : `${String(Math.max(1, Math.ceil(ms / MINUTE_MS)))}m`;
}
