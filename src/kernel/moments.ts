/** Times as callers write them. */
import { Fault } from "./fault.ts";

/** Milliseconds of an RFC 3339 time with its offset. */
export function momentAt(place: string, text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new Fault("CONFIG_INVALID", `${place} is not a time like 2026-03-01T12:00:00Z.`);
  return ms;
}
