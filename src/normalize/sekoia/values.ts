/**
 * Values as Sekoia's intakes write them: dates, addresses, paths, lists and the types of fields. Nothing here knows a record. A value that a
 * type cannot hold gives undefined, which means that the field stays as it was.
 */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { Json } from "../../kernel/json.ts";

export type Convert = (value: Json) => Json | undefined;

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
/** Largest and smallest integer of a `long`; Sekoia writes these in place of anything beyond them. */
const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);
const WHOLE_NUMBER = /^\s*[+-]?\d+\s*$/;
/** Digits that certainly fit in a double, and those that certainly do not fit in 64 bits. */
const SAFE_DIGITS = 15;
const TOO_MANY_DIGITS = 21;

const DATE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:(Z|[+-]00:?00)|([+-]\d\d):?(\d\d))?$/;
/** Epochs of up to this many characters are seconds. */
const SECONDS_LENGTH = 10;

/** Null, "" and a member that is not there: never written, never in the way of what was written before. */
export function isBlank(value: Json | undefined): value is "" | null | undefined {
  return value === undefined || value === null || value === "";
}

/** Whether the intakes' `a or b` stops at this value. */
export function isTruthy(value: Json | undefined): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

export function keyword(value: Json): Json {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return Array.isArray(value) ? list(value as readonly Json[]) : value;
}

/** Lists of texts are sorted, as in every document that Sekoia publishes; lists of objects keep their order. */
function list(values: readonly Json[]): readonly Json[] {
  const texts: string[] = [];
  for (const value of values) {
    if (typeof value === "string") texts.push(value);
    else if (typeof value === "number" || typeof value === "bigint") texts.push(String(value));
    else return values;
  }
  return texts.sort();
}

/** Numbers as they are, numeric text as an integer; both within 64 bits. Anything else is no `long`. */
export function long(value: Json): number | bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) || !Number.isInteger(value) ? value : clamped(BigInt(value));
  if (typeof value === "bigint") return clamped(value);
  if (typeof value !== "string" || !WHOLE_NUMBER.test(value)) return undefined;
  if (value.length <= SAFE_DIGITS) return Number(value);
  const [, sign = "", digits = ""] = /^([+-]?)0*(\d+)$/.exec(value.trim()) ?? [];
  if (digits.length >= TOO_MANY_DIGITS) return sign === "-" ? SMALLEST : LARGEST;
  return clamped(BigInt(sign === "-" ? `-${digits}` : digits));
}

function clamped(value: bigint): number | bigint {
  if (value <= MAX_SAFE && value >= -MAX_SAFE) return Number(value);
  return value > LARGEST ? LARGEST : value < SMALLEST ? SMALLEST : value;
}

export function boolean(value: Json): Json {
  if (value === "true" || value === "True") return true;
  return value === "false" || value === "False" ? false : value;
}

/** Text becomes a date like all others; milliseconds stay a number. */
export function textDate(value: Json): Json | undefined {
  return typeof value === "string" ? date(value) : value;
}

/** Six digits of a second's fraction, or none where it is zero. Text that is no date stays as it came. */
export function date(value: Json): string | undefined {
  if (typeof value === "number" || typeof value === "bigint") return fromEpoch(Number(value));
  if (typeof value !== "string") return undefined;
  const found = DATE.exec(value);
  if (found === null) return value;
  const [, day = "", time = "", fraction = "", utc, hours, minutes = ""] = found;
  if (utc !== undefined || hours === undefined) return withFraction(`${day}T${time}`, fraction);
  const moment = new Date(`${day}T${time}${hours}:${minutes}`);
  return Number.isNaN(moment.getTime()) ? value : withFraction(moment.toISOString().slice(0, -5), fraction);
}

function withFraction(seconds: string, fraction: string): string {
  const micros = fraction.padEnd(6, "0").slice(0, 6);
  return micros === "000000" ? `${seconds}Z` : `${seconds}.${micros}Z`;
}

/** Of milliseconds since 1970; undefined beyond the years 0 to 9999, which is all that the intakes can write. */
export function fromEpoch(milliseconds: number): string | undefined {
  const moment = new Date(milliseconds);
  if (Number.isNaN(moment.getTime())) return undefined;
  const text = moment.toISOString();
  return text.length === 24 ? withFraction(text.slice(0, 19), text.slice(20, 23)) : undefined;
}

/**
 * Of milliseconds since 1970 in an event of Cloud Funnel. The intake cuts what is negative to ten characters and reads those as seconds:
 * -11644473600000 (a file time of zero, the year 1601) becomes 1966.
 */
export function funnelTime(value: Json): string | undefined {
  if (typeof value === "string" && !WHOLE_NUMBER.test(value)) return date(value);
  if (typeof value === "object" || typeof value === "boolean") return undefined;
  const digits = String(value).trim();
  if (digits.startsWith("-") || digits.length <= SECONDS_LENGTH) return fromEpoch(Number(digits.slice(0, SECONDS_LENGTH)) * 1000);
  return fromEpoch(Number(digits));
}

/** An address, its IPv6 form compressed; undefined for any other text. */
export function ip(value: Json): string | undefined {
  if (typeof value !== "string") return undefined;
  const version = isIP(value);
  if (version === 0) return undefined;
  if (version === 4) return value;
  const zone = value.indexOf("%");
  const address = zone < 0 ? value : value.slice(0, zone);
  return ipaddr.IPv6.parse(address).toRFC5952String() + value.slice(address.length);
}

/** The address as it was written. */
export function plainIp(value: Json): string | undefined {
  return typeof value === "string" && isIP(value) !== 0 ? value : undefined;
}

function lastSeparator(path: string): number {
  return Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
}

/** Behind the last separator of either kind. */
export function baseName(value: Json): string | undefined {
  if (typeof value !== "string") return undefined;
  return value.slice(lastSeparator(value) + 1) || undefined;
}

/** Before the last separator of either kind; a root keeps its separator. */
export function directoryName(value: Json): string | undefined {
  if (typeof value !== "string") return undefined;
  const head = value.slice(0, lastSeparator(value) + 1);
  let end = head.length;
  while (end > 0 && (head[end - 1] === "/" || head[end - 1] === "\\")) end--;
  const root = end === 0 || (end === 2 && head[1] === ":");
  return (root ? head : head.slice(0, end)) || undefined;
}

export function lowerCase(value: Json): string | undefined {
  return typeof value === "string" ? value.toLowerCase() : undefined;
}
