/**
 * Reading SentinelOne's JSON without rounding: integers beyond 2^53 become strings in values and keep their digits in text. Almost no
 * page has one, so a page is searched for long runs of digits first and only then parsed the slow way (five times slower).
 * Listings in the usual form `{"data":[…` are cut into records by their brackets, which gives each record's own text for nothing; any
 * other form is parsed whole.
 */
import { isUtf8 } from "node:buffer";
import { Fault } from "../kernel/fault.ts";
import type { JsonObject, JsonValue, SourceRecord, Span } from "./client.ts";

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const LONG = 16;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/**
 * Whether the bytes hold a run of 16 digits that may be an integer outside a string. A run that long covers a multiple of 16, so every
 * 16th byte is enough to look at. True for some text inside strings too; never false for an integer.
 */
export function mayHoldLongInteger(bytes: Uint8Array): boolean {
  for (let at = LONG - 1; at < bytes.length; at += LONG) {
    if (!isDigit(bytes[at])) continue;
    let start = at;
    while (start > 0 && isDigit(bytes[start - 1])) start -= 1;
    let end = at + 1;
    while (isDigit(bytes[end])) end += 1;
    if (end - start >= LONG && opensNumber(bytes[start - 1])) return true;
  }
  return false;
}

/** As `opensNumber`, for one record's text: ids in quotes do not send every record of the page the slow way. */
const LONG_NUMBER = /[\s:,[-]\d{16}/;

/** `:`, `,`, `[`, `-` or white space, after which a number may begin; ids in quotes come after a quote. */
function opensNumber(byte: number | undefined): boolean {
  return byte === undefined || byte === 58 || byte === COMMA || byte === 91 || byte === 45 || byte <= 32;
}

interface ParseContext {
  readonly source?: string;
}

/** TypeScript's library does not know the source text argument and raw JSON yet (ES2026). */
interface JsonWithSource {
  parse(text: string, reviver: (key: string, value: unknown, context: ParseContext) => unknown): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
const lossless = JSON as unknown as JsonWithSource;

function longSource(value: unknown, context: ParseContext): string | undefined {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return undefined;
  return context.source !== undefined && /^-?\d{16,}$/.test(context.source) ? context.source : undefined;
}

/** As JSON.parse, with unsafe integers as strings. */
export function parseWithStrings(text: string): unknown {
  return lossless.parse(text, (_key, value, context) => longSource(value, context) ?? value);
}

/** As JSON.parse, with unsafe integers as raw JSON, which JSON.stringify gives back digit by digit. */
function parseWithRaw(text: string): unknown {
  return lossless.parse(text, (_key, value, context) => {
    const source = longSource(value, context);
    return source === undefined ? value : lossless.rawJSON(source);
  });
}

/** UTF-8 text of a body, without a byte order mark. */
export function bodyText(body: Buffer): string {
  const text = body.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** A whole body as plain values. Throws SyntaxError. */
export function parseBody(body: Buffer): JsonValue {
  const text = bodyText(body);
  return (mayHoldLongInteger(body) ? parseWithStrings(text) : JSON.parse(text)) as JsonValue;
}

/** A body whose numbers JSON.stringify gives back unrounded: for answers that are cut up or merged before use. Throws SyntaxError. */
export function parseForMerge(body: Buffer): { readonly value: unknown; readonly exact: boolean } {
  const text = bodyText(body);
  return mayHoldLongInteger(body) ? { value: parseWithRaw(text), exact: true } : { value: JSON.parse(text), exact: false };
}

/** One record out of a tree from `parseForMerge`. */
export function recordOf(value: unknown, exact: boolean): SourceRecord {
  const raw = JSON.stringify(value) ?? "null";
  return { raw, value: (exact ? parseWithStrings(raw) : value) as JsonObject };
}

export interface Listing {
  readonly records: readonly SourceRecord[];
  /** The envelope with `data` emptied. */
  readonly envelope: unknown;
}

/** Byte offsets of the objects of the array that begins at `start`, and of its end; null when it holds anything but objects and arrays. */
function cut(bytes: Uint8Array, start: number): { readonly offsets: readonly number[]; readonly end: number } | null {
  const offsets: number[] = [];
  let depth = 0;
  let opened = 0;
  let commas = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE && depth > 0) {
      for (at += 1; at < bytes.length && bytes[at] !== QUOTE; at += 1) if (bytes[at] === BACKSLASH) at += 1;
    } else if (byte === 123 || byte === 91) {
      if (depth === 0) {
        if (commas !== offsets.length / 2) return null;
        opened = at;
      }
      depth += 1;
    } else if (byte === 125 || byte === 93) {
      if (depth === 0) return byte === 93 && commas === Math.max(0, offsets.length / 2 - 1) ? { offsets, end: at } : null;
      depth -= 1;
      if (depth === 0) offsets.push(opened, at + 1);
    } else if (depth === 0) {
      if (byte === COMMA) {
        commas += 1;
        if (commas !== offsets.length / 2) return null;
      } else if (byte === undefined || byte > 32) return null;
    }
  }
  return null;
}

/** By the first key that a record has, or by the first two, for the objects that lie in a record may begin as it does. */
export type QuickCut = "one-key" | "two-keys";

/**
 * As `cut`, a few native searches a record instead of a look at every byte: at `},{"key"`, with the keys that the first record begins with. Null where the array is written in another way. The cuts are right if every piece is JSON,
 * since an array has only one reading; a record that is none throws `WrongCut`.
 */
function cutQuickly(body: Buffer, start: number, by: QuickCut): { readonly offsets: readonly number[]; readonly end: number } | null {
  const head = body.toString("latin1", start, start + 400);
  const key = /^\{("[^"\\]{1,64}")/.exec(head)?.[1];
  const second = /^\{"[^"\\]{1,64}":"[^"\\]*"(,"[^"\\]{1,64}":)/.exec(head)?.[1];
  const close = body.lastIndexOf("}]");
  if (key === undefined || close < start) return null;
  const separator = Buffer.from(`},{${key}`, "latin1");
  const begins = by === "one-key" || second === undefined ? () => true : recordsBeginWith(body, Buffer.from(second, "latin1"));
  const offsets: number[] = [];
  let from = start;
  for (let at = body.indexOf(separator, from); at >= 0 && at < close; at = body.indexOf(separator, at + 2)) {
    if (!begins(at + separator.length)) continue;
    offsets.push(from, at + 1);
    from = at + 2;
  }
  offsets.push(from, close + 1);
  return { offsets, end: close + 1 };
}

/** Whether what stands at a place is `:"…"` and then `second`. */
function recordsBeginWith(body: Buffer, second: Buffer): (at: number) => boolean {
  return (at) => {
    if (body[at] !== COLON || body[at + 1] !== QUOTE) return false;
    const behind = body.indexOf(QUOTE, at + 2) + 1;
    return behind > 0 && behind + second.length <= body.length && body.compare(second, 0, second.length, behind, behind + second.length) === 0;
  };
}

/** A listing that was cut quickly was cut at the wrong places, or is no JSON: cut it with care. */
export class WrongCut extends Error {}

/**
 * A record as bytes of its page, made text and parsed when it is looked at: a page waits as it came, and only one record's objects live at a time.
 */
class CutRecord implements SourceRecord {
  readonly span: Span;
  readonly bytes?: Uint8Array;
  readonly #body: Buffer;
  readonly #page: PageTraits;

  constructor(body: Buffer, start: number, end: number, page: PageTraits) {
    this.span = [start, end];
    this.#body = body;
    this.#page = page;
    if (page.utf8) this.bytes = body.subarray(start, end);
  }

  /** Made anew each time: look once. */
  get raw(): string {
    return this.#body.toString("utf8", this.span[0], this.span[1]);
  }

  /** As `raw`. A Fault (S1_NOT_JSON) where the text between balanced brackets is no JSON after all. */
  get value(): JsonObject {
    const { raw } = this;
    try {
      const value: unknown = this.#page.exact && LONG_NUMBER.test(raw) ? parseWithStrings(raw) : JSON.parse(raw);
      return value as JsonObject;
    } catch (error) {
      throw this.#page.quick ? new WrongCut() : new Fault("S1_NOT_JSON", "A record in a listing is not JSON.", { cause: error });
    }
  }
}

interface PageTraits {
  /** May hold integers that must not be rounded. */
  readonly exact: boolean;
  readonly utf8: boolean;
  readonly quick: boolean;
}

/**
 * Cuts a body that begins `{"data":[` into records; null when it is of another form or not valid, for the caller to parse whole. `quick`:
 * looking at a record's value may throw `WrongCut`.
 */
export function cutListing(body: Buffer, quick?: QuickCut): Listing | null {
  const head = /^\s*\{\s*"data"\s*:\s*\[/.exec(body.toString("latin1", 0, 64));
  if (head === null) return null;
  const start = head[0].length;
  const found = quick === undefined ? cut(body, start) : cutQuickly(body, start, quick);
  if (found === null) return quick === undefined ? null : cutListing(body);
  try {
    const envelope: unknown = JSON.parse(head[0] + body.toString("utf8", found.end));
    if (typeof envelope !== "object" || envelope === null || !("data" in envelope) || !Array.isArray(envelope.data) || envelope.data.length > 0) throw new SyntaxError("no listing");
    const page: PageTraits = { exact: mayHoldLongInteger(body), utf8: isUtf8(body), quick: quick !== undefined };
    const records: SourceRecord[] = [];
    for (let at = 0; at + 1 < found.offsets.length; at += 2) records.push(new CutRecord(body, found.offsets[at] ?? 0, found.offsets[at + 1] ?? 0, page));
    return { records, envelope };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return quick === undefined ? null : cutListing(body);
  }
}
