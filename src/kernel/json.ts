/**
 * JSON without rounding. SentinelOne writes 64-bit integers as numbers; JSON.parse would change their last digits. Here an integer
 * beyond 2^53 becomes a bigint, and is written again digit by digit.
 */
export type Json = string | number | bigint | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** TypeScript's library does not know raw JSON yet (ES2026). */
interface JsonWithRaw {
  rawJSON(text: string): object;
}
const withRaw = JSON as unknown as JsonWithRaw;

/** Digits that may be an integer outside a string; true for some text inside strings too, never false for such an integer. */
const LONG_NUMBER = /[\s:,[-]\d{16}/;
/** The same at the text's beginning: as an alternative of the other it would make every search half as long again. */
const LONG_NUMBER_FIRST = /^\d{16}/;
const LONG = 16;
/** One outside a string: no part of a fraction or an exponent, and no key (which would be no JSON, and has to stay none). */
const LONG_INTEGER = /(?<![\d.eE+-])-?[1-9]\d{15,}(?![\d.eE]|\s*:)/g;
/** Stands in front of a long integer's digits while they are a string. No text that spells this character out is read that way. */
const MARK = "\u0001";
const SPELT_MARK = "\\u0001";

/** As JSON.parse, with integers beyond 2^53 as bigints. Throws SyntaxError. */
export function parseExact(text: string): Json {
  const marked = LONG_NUMBER.test(text) || LONG_NUMBER_FIRST.test(text) ? withMarkedIntegers(text) : text;
  if (marked === text) return JSON.parse(text) as Json;
  return text.includes(SPELT_MARK) ? parseSlowly(text) : unmarked(JSON.parse(marked) as Json);
}

/** Right for everything, at six times the time: the reviver is called for every value there is. */
function parseSlowly(text: string): Json {
  const parse = JSON.parse as (text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown) => unknown;
  return parse(text, (_key, value, { source }) => (typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d{16,}$/.test(source) ? BigInt(source) : value)) as Json;
}

/** The same text where no long integer stands outside its strings (command lines hold them between commas often enough). */
function withMarkedIntegers(text: string): string {
  let marked = "";
  let copied = 0;
  let from = 0;
  for (;;) {
    const open = text.indexOf('"', from);
    const end = open < 0 ? text.length : open;
    if (end - from >= LONG) {
      const between = text.slice(from, end);
      const replaced = between.replace(LONG_INTEGER, `"${SPELT_MARK}$&"`);
      if (replaced !== between) {
        marked += text.slice(copied, from) + replaced;
        copied = end;
      }
    }
    if (open < 0) return copied === 0 ? text : marked + text.slice(copied);
    const close = closingQuote(text, open);
    // No JSON; the parser says so.
    if (close < 0) return text;
    from = close + 1;
  }
}

/** Of what JSON.parse has just made, and nobody else has seen. */
function unmarked(value: Json): Json {
  if (typeof value === "string") return value.startsWith(MARK) ? integer(value.slice(MARK.length)) : value;
  if (typeof value !== "object" || value === null) return value;
  const own = value as Record<string, Json>;
  for (const key of Object.keys(own)) {
    const part = own[key] as Json;
    if (typeof part === "string" ? part.startsWith(MARK) : typeof part === "object" && part !== null) own[key] = unmarked(part);
  }
  return value;
}

function integer(digits: string): number | bigint {
  const near = Number(digits);
  return Number.isSafeInteger(near) ? near : BigInt(digits);
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
  if (typeof value === "bigint") return withRaw.rawJSON(String(value));
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
