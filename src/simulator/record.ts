/**
 * Records as the API shapes them: plain JSON objects. Loaded ones may hold numbers a double cannot carry; those are kept as raw
 * JSON text and come out digit for digit.
 */
import { parseTime } from "./times.ts";

export type ApiRecord = Readonly<Record<string, unknown>>;

/** What can be filtered and sorted on; times are microseconds. */
export type Scalar = string | number | boolean | null;
export type Value = Scalar | readonly Scalar[];

interface RawJson {
  readonly rawJSON: string;
}

// The language library of this TypeScript does not list them yet; Node 22 and later have both.
const rawJson = JSON as unknown as { rawJSON(text: string): RawJson; isRawJSON(value: unknown): value is RawJson };

export function isRawJson(value: unknown): value is RawJson {
  return rawJson.isRawJSON(value);
}

export function isRecord(value: unknown): value is ApiRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJson(value);
}

function keepDigits(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return String(value) === context.source ? value : rawJson.rawJSON(context.source);
}

/** JSON.parse that keeps every number's digits. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, keepDigits) as unknown;
}

function toScalar(value: unknown, isTime: boolean): Scalar {
  if (value === null || value === undefined) return null;
  if (isTime && typeof value === "string") return parseTime(value) ?? null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return isRawJson(value) ? value.rawJSON : null;
}

/** What a step of a path leads to: `*` every value of an object, `@` the names of its keys. */
function step(item: unknown, key: string): unknown {
  if (!isRecord(item)) return undefined;
  if (key === "*") return Object.values(item);
  return key === "@" ? Object.keys(item) : item[key];
}

/** The value at a dotted path; arrays on the way are flattened into a list of values. */
export function readPath(record: unknown, path: string, isTime = false): Value {
  let here: readonly unknown[] = [record];
  let plural = false;
  for (const key of path.split(".")) {
    const next: unknown[] = [];
    for (const item of here) {
      const value = step(item, key);
      if (Array.isArray(value)) {
        plural = true;
        for (const element of value) next.push(element);
      } else {
        next.push(value);
      }
    }
    here = next;
  }
  if (!plural) return toScalar(here[0], isTime);
  return here.map((value) => toScalar(value, isTime));
}

/** A copy of the record with `value` at the dotted path. */
export function withPath(record: ApiRecord, path: string, value: unknown): ApiRecord {
  const dot = path.indexOf(".");
  if (dot === -1) return { ...record, [path]: value };
  const head = path.slice(0, dot);
  const inner = record[head];
  return { ...record, [head]: withPath(isRecord(inner) ? inner : {}, path.slice(dot + 1), value) };
}

/** Total order over scalars: null last, then by kind, then by value. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  if (typeof a === typeof b) return a < b ? -1 : 1;
  return typeof a < typeof b ? -1 : 1;
}

/** A list sorts by its first value. */
export function firstScalar(value: Value): Scalar {
  return Array.isArray(value) ? ((value as readonly Scalar[])[0] ?? null) : (value as Scalar);
}

/** A JSON number of exactly these digits, however many. */
export function exactNumber(digits: string): RawJson {
  return rawJson.rawJSON(digits);
}
