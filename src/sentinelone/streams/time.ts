/** Times of the console as the mirror keeps them: RFC 3339, UTC, six digits, so that text order is time order. */

/** The forms the console gives: six digits as we keep them, or three, or none. */
const USUAL = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3}(?:\d{3})?)?Z$/;
const LENIENT = /^\s*(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?\s*$/;

const MIN_MS = Date.UTC(1970, 0, 1);
const MAX_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function withMicros(ms: number, micros: string): string | null {
  if (!(ms >= MIN_MS && ms <= MAX_MS)) return null;
  return `${new Date(ms).toISOString().slice(0, 19)}.${micros}Z`;
}

/** Epoch milliseconds (or seconds, which are a thousand times smaller), as some payloads have them. */
function fromNumber(value: number): string | null {
  if (!Number.isFinite(value) || value < 1e9) return null;
  const ms = value < 1e11 ? value * 1_000 : value;
  return withMicros(Math.floor(ms), `${String(Math.floor(ms) % 1_000).padStart(3, "0")}000`);
}

/** Any RFC 3339 time, date alone, or epoch number; null for what is no time (before 1970 among it). Digits past six are cut off. */
export function readTime(found: unknown): string | null {
  if (typeof found === "number") return fromNumber(found);
  if (typeof found !== "string") return null;
  if (USUAL.test(found) && found > "1970") {
    if (found.length === 27) return found;
    return found.length === 24 ? `${found.slice(0, 23)}000Z` : `${found.slice(0, 19)}.000000Z`;
  }
  if (/^\d{13}$/.test(found)) return fromNumber(Number(found));
  const match = LENIENT.exec(found);
  if (match === null) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = match;
  const parts = [Number(year), Number(month), Number(day), Number(hour), Number(minute), Math.min(Number(second), 59)] as const;
  const [y, mo, d, h, mi, s] = parts;
  if (h > 23 || mi > 59 || Number(second) > 60) return null;
  const local = Date.UTC(y, mo - 1, d, h, mi, s);
  const date = new Date(local);
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d) return null;
  const offset = zoneMinutes(zone);
  return offset === null ? null : withMicros(local - offset * 60_000, fraction.padEnd(6, "0").slice(0, 6));
}

function zoneMinutes(zone: string): number | null {
  if (/^(Z|UTC)$/i.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", "") || "0");
  if (hours > 14 || minutes > 59) return null;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
