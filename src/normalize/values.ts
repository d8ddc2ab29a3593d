/**
 * Values of a record as the types a standard asks for. Records are read as they come: any field may be missing, null, empty or of another
 * type than the vendor's documents say, so each reader gives undefined for what is no such value, and never throws.
 */
import { isIP } from "node:net";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";

const EMPTY: JsonObject = Object.freeze({});
const NONE: readonly Json[] = Object.freeze([]);

/** The object, or one without fields. */
export function object(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : EMPTY;
}

/** The array, or one without elements. */
export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : NONE;
}

/** Text that says something; numbers and booleans as their text. */
export function text(value: Json | undefined): string | undefined {
  switch (typeof value) {
    case "string":
      return value === "" || isBlank(value) ? undefined : value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    default:
      return undefined;
  }
}

/** The first that says something. */
export function firstText(...values: readonly (Json | undefined)[]): string | undefined {
  for (const value of values) {
    const found = text(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isBlank(value: string): boolean {
  const first = value.charCodeAt(0);
  return (first <= 32 || first === 0xa0) && value.trim() === "";
}

/** Texts of an array, or the one text where there is no array. */
export function texts(value: Json | undefined): string[] {
  const found: string[] = [];
  if (Array.isArray(value)) {
    for (const one of value as readonly Json[]) {
      const said = text(one);
      if (said !== undefined) found.push(said);
    }
  } else {
    const said = text(value);
    if (said !== undefined) found.push(said);
  }
  return found;
}

const DIGITS = /^[+-]?\d{1,19}$/;
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;

/** An integer of 64 bits, from a number or its digits. */
export function whole(value: Json | undefined): number | bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value === "bigint") return value >= MIN_LONG && value <= MAX_LONG ? value : undefined;
  if (typeof value !== "string") return undefined;
  const digits = value.trim();
  if (!DIGITS.test(digits)) return undefined;
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : whole(BigInt(digits));
}

/** As `whole`, and never negative: ids of processes, sizes. */
export function size(value: Json | undefined): number | bigint | undefined {
  const number = whole(value);
  return number === undefined || number < 0 ? undefined : number;
}

export function decimal(value: Json | undefined): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !/^\s*[+-]?\d{1,15}(?:\.\d{1,15})?\s*$/.test(value)) return undefined;
  return Number(value);
}

export function flag(value: Json | undefined): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return undefined;
  if (value === "true" || value === "True" || value === "TRUE") return true;
  return value === "false" || value === "False" || value === "FALSE" ? false : undefined;
}

/** 1 to 65535; SentinelOne writes 0 where there is no port. */
export function port(value: Json | undefined): number | undefined {
  const number = whole(value);
  return typeof number === "number" && number > 0 && number < 65_536 ? number : undefined;
}

/** An address as it stands, without a zone; `n/a`, host names and masked addresses are none. */
export function address(value: Json | undefined): string | undefined {
  if (typeof value !== "string" || value.length > 100) return undefined;
  let found = value.trim();
  if (found.startsWith("[") && found.endsWith("]")) found = found.slice(1, -1);
  const zone = found.indexOf("%");
  if (zone > 0) found = found.slice(0, zone);
  if (!found.includes(":")) return isDotted(found) ? found : undefined;
  return isIP(found) === 6 ? compressed(found.toLowerCase()) : undefined;
}

/** Four numbers of at most 255 with dots between them: most fields that may hold an address do, or hold a name. */
function isDotted(value: string): boolean {
  let dots = 0;
  let number = -1;
  for (let at = 0; at < value.length; at += 1) {
    const digit = value.charCodeAt(at) - 48;
    if (digit === -2) {
      if (number < 0 || (dots += 1) > 3) return false;
      number = -1;
    } else if (digit >= 0 && digit <= 9) {
      // A leading zero may mean an octal number; no address is written so.
      if (number === 0) return false;
      number = number < 0 ? digit : number * 10 + digit;
      if (number > 255) return false;
    } else return false;
  }
  return dots === 3 && number >= 0;
}

/** One spelling for one address, so that it is found however it was written. */
function compressed(found: string): string {
  if (found.includes(".") || !/(?:^|:)0/.test(found)) return found;
  return URL.parse(`http://[${found}]/`)?.hostname.slice(1, -1) ?? found;
}

/** Addresses of one field: SentinelOne writes several with commas between them. */
export function addresses(value: Json | undefined): readonly string[] {
  if (typeof value !== "string") {
    const found: string[] = [];
    for (const one of list(value)) if (typeof one === "string") found.push(...addresses(one));
    return found;
  }
  if (!value.includes(",")) {
    const one = address(value);
    return one === undefined ? [] : [one];
  }
  return value.split(",", 256).flatMap((part) => address(part) ?? []);
}

const HEX_PAIRS = /^[0-9A-F]{12}(?:[0-9A-F]{4})?$/;

/** RFC 7042: upper case, dashes. */
export function mac(value: Json | undefined): string | undefined {
  if (typeof value !== "string" || value.length > 30) return undefined;
  const digits = value.replace(/[-:. ]/g, "").toUpperCase();
  if (!HEX_PAIRS.test(digits) || /^0+$/.test(digits)) return undefined;
  let pairs = digits.slice(0, 2);
  for (let at = 2; at < digits.length; at += 2) pairs += `-${digits.slice(at, at + 2)}`;
  return pairs;
}

/** A hash in lower case. Masked ones of samples are kept too: what is no hash is told by its length and its letters alone. */
export function hash(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.length >= 32 && value.length <= 128 && !/[^0-9a-zA-Z]/.test(value) ? value.toLowerCase() : undefined;
}

const WRITTEN_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|z|[+-]\d\d(?::?\d\d)?)?$/;
/** FILETIME 0, as Unix time: no time at all, as SentinelOne's events write it. */
const NEVER = -11_644_473_600_000;

/** An instant as RFC 3339 text: from such text (digits kept) or from seconds, milliseconds, microseconds or nanoseconds since 1970. */
export function instant(value: Json | undefined): string | undefined {
  if (typeof value === "string") {
    if (value.length > 40) return undefined;
    return WRITTEN_TIME.test(value) ? writtenInstant(value) : instantOfDigits(value);
  }
  if (typeof value === "number") return instantOf(value);
  return typeof value === "bigint" ? instantOf(Number(value)) : undefined;
}

function instantOfDigits(value: string): string | undefined {
  return DIGITS.test(value) ? instantOf(Number(value)) : undefined;
}

/** `2026-03-02T08:15:30.123456Z`, as nearly all are written: told by its digits, without making a date of it. Not for the century of FILETIME 0. */
function isPlain(value: string): boolean {
  if (value[10] !== "T" || !value.endsWith("Z") || value.length < 20) return false;
  const month = pair(value, 5);
  const day = pair(value, 8);
  return month >= 1 && month <= 12 && day >= 1 && day <= 28 && pair(value, 11) < 24 && pair(value, 14) < 60 && pair(value, 17) < 60 && value.charCodeAt(1) !== 54;
}

function pair(value: string, at: number): number {
  return (value.charCodeAt(at) - 48) * 10 + value.charCodeAt(at + 1) - 48;
}

function writtenInstant(value: string): string | undefined {
  if (isPlain(value)) return value;
  let time = value[10] === "T" ? value : `${value.slice(0, 10)}T${value.slice(11)}`;
  if (time.endsWith("z")) time = `${time.slice(0, -1)}Z`;
  if (!time.endsWith("Z")) {
    const sign = Math.max(time.indexOf("+", 16), time.indexOf("-", 16));
    if (sign === -1) time += "Z";
    else if (time.length - sign === 3) time += ":00";
    else if (time.length - sign === 5) time = `${time.slice(0, -2)}:${time.slice(-2)}`;
    if (time.endsWith("+00:00")) time = `${time.slice(0, -6)}Z`;
  }
  const ms = Date.parse(time);
  if (Number.isNaN(ms) || ms <= NEVER) return undefined;
  // Date.parse takes 31 February for 3 March; a search engine would refuse the document.
  const day = Number(time.slice(8, 10));
  if (day > 28 && Number.isNaN(realDay(time, day))) return undefined;
  return time;
}

function realDay(time: string, day: number): number {
  return new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDate() === day ? day : Number.NaN;
}

function instantOf(number: number): string | undefined {
  const ms = momentOf(number);
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

/** Milliseconds since 1970, of seconds, milliseconds, microseconds or nanoseconds. */
function momentOf(number: number): number | undefined {
  const size = Math.abs(number);
  let ms = number;
  if (size >= 1e17) ms = number / 1e6;
  else if (size >= 1e14) ms = number / 1e3;
  else if (number < 1e11 && number >= 1e8) ms = number * 1000;
  else if (size < 1e8) return undefined;
  ms = Math.trunc(ms);
  // Years beyond four digits are no times of events, and no search engine takes them.
  return ms <= NEVER || ms >= 253_402_300_800_000 ? undefined : ms;
}

/** As `instant`, in milliseconds since 1970. */
export function moment(value: Json | undefined): number | undefined {
  if (typeof value === "number") return momentOf(value);
  if (typeof value === "bigint") return momentOf(Number(value));
  if (typeof value !== "string" || value.length > 40) return undefined;
  if (DIGITS.test(value)) return momentOf(Number(value));
  const found = WRITTEN_TIME.test(value) ? writtenInstant(value) : undefined;
  return found === undefined ? undefined : epoch(found);
}

/** Milliseconds since 1970 of what `instant` gave, for comparing. */
export function epoch(time: string): number {
  return Date.parse(time);
}

/** Last part of a path, of either kind of separator. */
export function baseName(path: string): string {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return cut === -1 ? path : path.slice(cut + 1);
}

/** What stands before the last part; undefined where nothing does. */
export function directoryOf(path: string): string | undefined {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (cut === -1) return undefined;
  // The root of a file system and of a drive keep their separator.
  if (cut === 0 || (cut === 2 && path[1] === ":")) return path.slice(0, cut + 1);
  return path.slice(0, cut);
}

/** What follows the last dot of a file's name, in lower case and without the dot. */
export function extensionOf(name: string): string | undefined {
  const dot = name.lastIndexOf(".");
  if (dot < 1 || dot === name.length - 1 || name.length - dot > 20) return undefined;
  return name.slice(dot + 1).toLowerCase();
}

export interface Account {
  readonly name: string;
  readonly domain: string | undefined;
}

/** `DOMAIN\user` and its parts; an address (`user@example.com`) stays whole. */
export function account(value: Json | undefined): Account | undefined {
  const whole = text(value);
  if (whole === undefined || whole === "-" || whole === "N/A" || whole === "n/a") return undefined;
  const cut = whole.indexOf("\\");
  if (cut === -1) return { name: whole, domain: undefined };
  // JSON written twice has two backslashes.
  let start = cut + 1;
  while (whole[start] === "\\") start += 1;
  const name = whole.slice(start);
  if (name === "") return { name: whole, domain: undefined };
  return { name, domain: cut === 0 ? undefined : whole.slice(0, cut) };
}

const SECURITY_IDENTIFIER = /^S-1-\d{1,14}(?:-\d{1,10}){1,15}$/i;

/** `S-1-5-18`: Windows writes it where it cannot tell the name. */
export function isSecurityIdentifier(value: string): boolean {
  return value.length < 200 && (value.charCodeAt(0) | 32) === 115 && SECURITY_IDENTIFIER.test(value);
}

/** Words of a name as one lower-case word: `LDAP Search Detected` → `ldap-search-detected`. */
export function slug(value: string): string | undefined {
  const word = value
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return word === "" ? undefined : word;
}
