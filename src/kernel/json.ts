/**
 * JSON without rounding. SentinelOne writes 64-bit integers as numbers; JSON.parse would change their last digits. Here an integer
 * beyond 2^53 becomes a bigint, and is written again digit by digit.
 */
export type Json = string | number | bigint | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

interface ParseContext {
  readonly source?: string;
}

/** TypeScript's library does not know the source text argument and raw JSON yet (ES2026). */
interface JsonWithSource {
  parse(text: string, reviver: (key: string, value: unknown, context: ParseContext) => unknown): unknown;
  rawJSON(text: string): object;
}
const lossless = JSON as unknown as JsonWithSource;

/** Digits that may be an integer outside a string; true for some text inside strings too, never false for such an integer. */
const LONG_NUMBER = /(?:^|[\s:,[-])\d{16}/;
const LONG = 16;
const INTEGER = /^-?\d{16,}$/;

/** As JSON.parse, with integers beyond 2^53 as bigints. Throws SyntaxError. */
export function parseExact(text: string): Json {
  if (!LONG_NUMBER.test(text) || !hasLongNumber(text)) return JSON.parse(text) as Json;
  return lossless.parse(text, (_key, value, { source }) => (typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && INTEGER.test(source) ? BigInt(source) : value)) as Json;
}

/** Command lines hold long numbers between commas often enough that it pays to look whether one stands outside the strings. */
function hasLongNumber(text: string): boolean {
  let from = 0;
  for (;;) {
    const open = text.indexOf('"', from);
    const end = open < 0 ? text.length : open;
    if (end - from >= LONG && LONG_NUMBER.test(text.slice(from, end))) return true;
    if (open < 0) return false;
    const close = closingQuote(text, open);
    // No JSON; the parser says so.
    if (close < 0) return false;
    from = close + 1;
  }
}

function closingQuote(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (text[close - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return close;
  }
  return -1;
}

/** Whether the last value written held bigints: the next one is likely to be of the same kind. Decides what is tried first, nothing else. */
let heldIntegers = false;

/** As JSON.stringify, for values that may hold bigints. */
export function stringifyExact(value: Json): string {
  if (!heldIntegers) {
    try {
      return JSON.stringify(value);
    } catch (error) {
      // Only a bigint makes plain data fail; looking for one first would cost documents that have none.
      if (!(error instanceof TypeError)) throw error;
    }
  }
  const raw = withRawIntegers(value);
  heldIntegers = raw !== value;
  return JSON.stringify(raw);
}

/** The same value where it holds no bigint; otherwise copied along the way to each. A replacer would be called for everything, at twice the time. */
function withRawIntegers(value: Json): unknown {
  if (typeof value === "bigint") return lossless.rawJSON(String(value));
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? listWithRawIntegers(value as readonly Json[]) : objectWithRawIntegers(value as JsonObject);
}

function listWithRawIntegers(values: readonly Json[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [place, part] of values.entries()) {
    const written = withRawIntegers(part);
    if (written === part) continue;
    copy ??= [...values];
    copy[place] = written;
  }
  return copy ?? values;
}

function objectWithRawIntegers(value: JsonObject): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const part = value[key] as Json;
    if (typeof part !== "bigint" && (typeof part !== "object" || part === null)) continue;
    const written = withRawIntegers(part);
    if (written === part) continue;
    copy ??= { ...value };
    // As an assignment this one would change what the copy inherits.
    if (key === "__proto__") Object.defineProperty(copy, key, { value: written, enumerable: true });
    else copy[key] = written;
  }
  return copy ?? value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
