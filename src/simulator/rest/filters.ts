/**
 * Query parameters to tests on records. Each endpoint has a table from parameter to field; how a value is read (list, flag,
 * number, time, range) follows from the table, and what cannot be read is the vendor's 400.
 */
import type { Collection } from "../collection.ts";
import { badRequest } from "../errors.ts";
import type { Scalar, Value } from "../record.ts";
import { parseTime } from "../times.ts";

export type Filter =
  | { readonly kind: "list"; readonly path: string; readonly choices?: readonly string[]; readonly alias?: Readonly<Record<string, string>> }
  | { readonly kind: "flags" | "text" | "number"; readonly path: string };

export interface FilterTable {
  readonly filters: Readonly<Record<string, Filter>>;
  /** Fields with __gt, __gte, __lt, __lte, __between. */
  readonly ranges: Readonly<Record<string, { readonly path: string; readonly time: boolean }>>;
  /** Fields with __contains and __like. */
  readonly contains: Readonly<Record<string, string>>;
  /** Fields searched by `query`. */
  readonly query: readonly string[];
}

export interface Condition {
  /** Tells conditions apart in cursors and counts. */
  readonly key: string;
  readonly path: string;
  readonly test: (value: Value) => boolean;
}

export type Params = ReadonlyMap<string, readonly string[]>;

/** Parameters with empty values left out; comma lists stay together, repeated keys are collected. */
export function parseParams(search: URLSearchParams): Params {
  const params = new Map<string, string[]>();
  for (const [name, value] of search) {
    const known = params.get(name);
    if (known === undefined) params.set(name, [value]);
    else known.push(value);
  }
  return params;
}

/** Values of a list parameter, from commas and repeated keys alike; more than `most` is a 400. */
export function listParam(params: Params, name: string, most = 5000): readonly string[] | undefined {
  const given = params.get(name);
  if (given === undefined) return undefined;
  const values = given.flatMap((value) => value.split(",")).map((value) => value.trim()).filter((value) => value !== "");
  if (values.length > most) throw badRequest(`${name}: Longer than maximum length ${String(most)}.`);
  return values;
}

export function boolParam(params: Params, name: string): boolean | undefined {
  const given = params.get(name)?.at(-1);
  if (given === undefined || given === "") return undefined;
  return readBool(name, given);
}

function readBool(name: string, text: string): boolean {
  if (/^(?:true|t|1|yes)$/iu.test(text)) return true;
  if (/^(?:false|f|0|no)$/iu.test(text)) return false;
  throw badRequest(`${name}: Not a valid boolean.`);
}

export function intParam(params: Params, name: string, least: number, most: number): number | undefined {
  const given = params.get(name)?.at(-1);
  if (given === undefined || given === "") return undefined;
  if (!/^-?\d+$/u.test(given)) throw badRequest(`${name}: Not a valid integer.`);
  const value = Number(given);
  if (value < least || value > most) throw badRequest(`${name}: Must be at least ${String(least)} and at most ${String(most)}.`);
  return value;
}

function any(value: Value, test: (scalar: Scalar) => boolean): boolean {
  return Array.isArray(value) ? (value as readonly Scalar[]).some(test) : test(value as Scalar);
}

function listCondition(name: string, filter: Extract<Filter, { kind: "list" }>, values: readonly string[], negated: boolean): Condition {
  for (const [at, value] of values.entries()) {
    if (filter.choices !== undefined && !filter.choices.includes(value)) throw badRequest(`${name}: ${String(at)}: "${value}" is not a valid choice.`);
  }
  const wanted = new Set(values.map((value) => (filter.alias?.[value] ?? value).toLowerCase()));
  const test = (value: Value): boolean => any(value, (scalar) => scalar !== null && wanted.has(String(scalar).toLowerCase())) !== negated;
  return { key: `${name}=${[...wanted].join(",")}`, path: filter.path, test };
}

function filterCondition(name: string, filter: Filter, params: Params, negated: boolean): Condition | undefined {
  if (filter.kind === "list" || filter.kind === "flags") {
    const values = listParam(params, name);
    if (values === undefined || values.length === 0) return undefined;
    if (filter.kind === "list") return listCondition(name, filter, values, negated);
    const wanted = new Set(values.map((value) => readBool(name, value)));
    return { key: `${name}=${[...wanted].join(",")}`, path: filter.path, test: (value) => any(value, (scalar) => typeof scalar === "boolean" && wanted.has(scalar)) };
  }
  const given = params.get(name)?.at(-1);
  if (given === undefined || given === "") return undefined;
  if (filter.kind === "number" && !/^-?\d+(?:\.\d+)?$/u.test(given)) throw badRequest(`${name}: Not a valid number.`);
  return { key: `${name}=${given}`, path: filter.path, test: (value) => any(value, (scalar) => scalar !== null && String(scalar) === given) };
}

function boundary(name: string, text: string, time: boolean): number {
  const value = time ? parseTime(text) : /^-?\d+(?:\.\d+)?$/u.test(text) ? Number(text) : undefined;
  if (value === undefined) throw badRequest(`${name}: ${time ? "Not a valid datetime." : "Not a valid number."}`);
  return value;
}

const COMPARE: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
};

function rangeCondition(name: string, operator: string, field: { readonly path: string; readonly time: boolean }, given: string): Condition {
  // A `+00:00` whose plus was not escaped arrives as a space.
  const text = given.trim().replace(/ (\d{2}:?\d{2})$/u, "+$1");
  const numeric = (scalar: Scalar): number | undefined => (typeof scalar === "number" ? scalar : typeof scalar === "string" && scalar !== "" ? Number(scalar) : undefined);
  if (operator === "between") {
    const found = /^(\d+)-(\d+)$/u.exec(text);
    if (found === null) throw badRequest(`${name}: Invalid range, expected <from>-<to>.`);
    const factor = field.time ? 1000 : 1;
    const from = Number(found[1]) * factor;
    const to = Number(found[2]) * factor + (field.time ? 999 : 0);
    return { key: `${name}=${text}`, path: field.path, test: (value) => any(value, (scalar) => { const n = numeric(scalar); return n !== undefined && n >= from && n <= to; }) };
  }
  const bound = boundary(name, text, field.time);
  const compare = COMPARE[operator];
  if (compare === undefined) throw badRequest(`${name}: Unknown operator.`);
  return { key: `${name}=${String(bound)}`, path: field.path, test: (value) => any(value, (scalar) => { const n = numeric(scalar); return n !== undefined && compare(n, bound); }) };
}

function containsCondition(name: string, path: string, values: readonly string[]): Condition {
  const parts = values.map((value) => value.toLowerCase());
  return { key: `${name}=${parts.join(",")}`, path, test: (value) => any(value, (scalar) => scalar !== null && parts.some((part) => String(scalar).toLowerCase().includes(part))) };
}

/** Every condition the parameters ask for, and the names that belong to no filter. */
export function readConditions(table: FilterTable, params: Params): { readonly conditions: readonly Condition[]; readonly unknown: readonly string[] } {
  const conditions: Condition[] = [];
  const unknown: string[] = [];
  for (const [name, values] of params) {
    const condition = readCondition(table, params, name, values);
    if (condition === "unknown") unknown.push(name);
    else if (condition !== undefined) conditions.push(condition);
  }
  return { conditions, unknown };
}

function readCondition(table: FilterTable, params: Params, name: string, values: readonly string[]): Condition | undefined | "unknown" {
  const filter = Object.hasOwn(table.filters, name) ? table.filters[name] : undefined;
  if (filter !== undefined) return filterCondition(name, filter, params, false);
  const opposite = name.endsWith("Nin") && Object.hasOwn(table.filters, name.slice(0, -3)) ? table.filters[name.slice(0, -3)] : undefined;
  if (opposite !== undefined) return filterCondition(name, opposite, params, true);
  const operation = /^(.+)__(gt|gte|lt|lte|between|contains|like)$/u.exec(name);
  if (operation === null) return "unknown";
  const field = operation[1] ?? "";
  const operator = operation[2] ?? "";
  const given = values.at(-1) ?? "";
  if (operator === "contains" || operator === "like") {
    const path = Object.hasOwn(table.contains, field) ? table.contains[field] : undefined;
    if (path === undefined) return "unknown";
    const parts = operator === "like" ? [given] : (listParam(params, name) ?? []);
    return parts.length === 0 || given === "" ? undefined : containsCondition(name, path, parts);
  }
  const range = Object.hasOwn(table.ranges, field) ? table.ranges[field] : undefined;
  if (range === undefined) return "unknown";
  return given === "" ? undefined : rangeCondition(name, operator, range, given);
}

/** The `query` parameter: free text over several fields. */
export function queryTest(collection: Collection, table: FilterTable, text: string): (ordinal: number) => boolean {
  const wanted = text.toLowerCase();
  return (ordinal) => table.query.some((path) => any(collection.value(ordinal, path), (scalar) => scalar !== null && String(scalar).toLowerCase().includes(wanted)));
}
