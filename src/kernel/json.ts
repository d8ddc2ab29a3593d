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
const INTEGER = /^-?\d{16,}$/;

/** As JSON.parse, with integers beyond 2^53 as bigints. Throws SyntaxError. */
export function parseExact(text: string): Json {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as Json;
  return lossless.parse(text, (_key, value, { source }) => (typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && INTEGER.test(source) ? BigInt(source) : value)) as Json;
}

/** As JSON.stringify, for values that may hold bigints. */
export function stringifyExact(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // Only a bigint makes plain data fail; looking for one first would cost more than all the documents that have none.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? lossless.rawJSON(String(part)) : part));
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
