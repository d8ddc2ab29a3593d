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
  /** `flags` takes several booleans, `has` asks whether there is any value, `tristate` also takes `none` for "not reported". */
  | { readonly kind: "flags" | "text" | "number" | "time" | "has" | "tristate"; readonly path: string }
  /** Read and checked, but every record of the estate passes. */
  | { readonly kind: "accepted"; readonly choices?: readonly string[] };

export interface Range {
  readonly path: string;
  readonly unit: "time" | "number" | "version";
  /** The record's value is divided by this and rounded before it is compared. */
  readonly scale?: number;
}

export interface FilterTable {
  readonly filters: Readonly<Record<string, Filter>>;
  /** Fields with __gt, __gte, __lt, __lte, __between. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** Fields with __contains and __like; one name may search several fields. */
  readonly contains: Readonly<Record<string, string | readonly string[]>>;
  /** Fields searched by `query`. */
  readonly query: readonly string[];
  /** Fields that `query` finds by their beginning only. */
  readonly queryStarts?: readonly string[];
  /** Whether names of an older form are taken too: `created_at__gt`, `createdAt_between`. */
  readonly snakeNames?: boolean;
}

export interface Condition {
  /** Tells conditions apart in cursors and counts. */
  readonly key: string;
  /** Any of these fields may pass. */
  readonly paths: readonly string[];
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

/** In the words of the vendor's services that check the names they are sent. */
export function refuseUnknown(names: readonly string[]): void {
  if (names.length > 0) throw badRequest(`dict_values([${names.map((name) => `'${name}'`).join(", ")}]): Unknown field`);
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
  checkChoices(name, filter.choices, values);
  const wanted = new Set(values.map((value) => (filter.alias?.[value] ?? value).toLowerCase()));
  const test = (value: Value): boolean => any(value, (scalar) => scalar !== null && wanted.has(String(scalar).toLowerCase())) !== negated;
  return { key: `${name}=${[...wanted].join(",")}`, paths: [filter.path], test };
}

function checkChoices(name: string, choices: readonly string[] | undefined, values: readonly string[]): void {
  for (const [at, value] of values.entries()) {
    if (choices !== undefined && !choices.includes(value)) throw badRequest(`${name}: ${String(at)}: "${value}" is not a valid choice.`);
  }
}

function tristateCondition(name: string, path: string, values: readonly string[]): Condition {
  const wanted = new Set(values.map((value) => (/^none$/iu.test(value) ? null : readBool(name, value))));
  return { key: `${name}=${[...wanted].join(",")}`, paths: [path], test: (value) => any(value, (scalar) => (scalar === null || typeof scalar === "boolean") && wanted.has(scalar)) };
}

function hasCondition(name: string, path: string, wanted: boolean): Condition {
  return { key: `${name}=${String(wanted)}`, paths: [path], test: (value) => any(value, (scalar) => scalar !== null && scalar !== false && scalar !== "") === wanted };
}

function filterCondition(name: string, filter: Filter, params: Params, negated: boolean): Condition | undefined {
  if (filter.kind === "list" || filter.kind === "flags" || filter.kind === "tristate" || filter.kind === "accepted") {
    const values = listParam(params, name);
    if (values === undefined || values.length === 0) return undefined;
    if (filter.kind === "list") return listCondition(name, filter, values, negated);
    if (filter.kind === "tristate") return tristateCondition(name, filter.path, values);
    if (filter.kind === "accepted") {
      checkChoices(name, filter.choices, values);
      return undefined;
    }
    const wanted = new Set(values.map((value) => readBool(name, value)));
    return { key: `${name}=${[...wanted].join(",")}`, paths: [filter.path], test: (value) => any(value, (scalar) => typeof scalar === "boolean" && wanted.has(scalar)) };
  }
  const given = params.get(name)?.at(-1);
  if (given === undefined || given === "") return undefined;
  if (filter.kind === "has") return hasCondition(name, filter.path, readBool(name, given));
  if (filter.kind === "number" && !NUMBER.test(given)) throw badRequest(`${name}: Not a valid number.`);
  const wanted = filter.kind === "time" ? String(boundary(name, unescapedPlus(given), "time")) : given;
  return { key: `${name}=${wanted}`, paths: [filter.path], test: (value) => any(value, (scalar) => scalar !== null && String(scalar) === wanted) };
}

const NUMBER = /^-?\d+(?:\.\d+)?$/u;

/** A `+00:00` whose plus was not escaped arrives as a space. */
function unescapedPlus(given: string): string {
  return given.trim().replace(/ (\d{2}:?\d{2})$/u, "+$1");
}

/** Versions compare part by part; each part gets six digits, so that `25.1.4.434` is one number that sorts as the version does. */
function versionKey(text: string): string | undefined {
  if (!/^\d{1,6}(?:\.\d{1,6}){0,4}$/u.test(text)) return undefined;
  const parts = text.split(".");
  return Array.from({ length: 5 }, (_, at) => (parts[at] ?? "0").padStart(6, "0")).join("");
}

function boundary(name: string, text: string, unit: Range["unit"]): number | string {
  const value = unit === "time" ? parseTime(text) : unit === "version" ? versionKey(text) : NUMBER.test(text) ? Number(text) : undefined;
  if (value === undefined) throw badRequest(`${name}: ${unit === "time" ? "Not a valid datetime." : unit === "version" ? "Not a valid version." : "Not a valid number."}`);
  return value;
}

type Bound = number | string;

const COMPARE: Readonly<Record<string, (value: Bound, bound: Bound) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
};

/** What of a record a range compares; undefined when there is nothing to compare, which passes no range. */
function comparable(scalar: Scalar, range: Range): Bound | undefined {
  if (range.unit === "version") return typeof scalar === "string" ? versionKey(scalar) : undefined;
  const value = typeof scalar === "number" ? scalar : typeof scalar === "string" && scalar !== "" ? Number(scalar) : Number.NaN;
  if (Number.isNaN(value)) return undefined;
  return range.scale === undefined ? value : Math.round(value / range.scale);
}

/** `<from>-<to>`, both included: milliseconds for times, else numbers or versions. */
function betweenBounds(name: string, text: string, unit: Range["unit"]): readonly [Bound, Bound] {
  const found = /^([\d.]+)-([\d.]+)$/u.exec(text);
  if (found?.[1] === undefined || found[2] === undefined || (unit === "time" && text.includes("."))) throw badRequest(`${name}: Invalid range, expected <from>-<to>.`);
  if (unit === "time") return [Number(found[1]) * 1000, Number(found[2]) * 1000 + 999];
  return [boundary(name, found[1], unit), boundary(name, found[2], unit)];
}

function rangeCondition(name: string, operator: string, range: Range, given: string): Condition {
  const text = unescapedPlus(given);
  const passes = (test: (value: Bound) => boolean): Condition["test"] => (value) =>
    any(value, (scalar) => {
      const found = comparable(scalar, range);
      return found !== undefined && test(found);
    });
  if (operator === "between") {
    const [from, to] = betweenBounds(name, text, range.unit);
    return { key: `${name}=${text}`, paths: [range.path], test: passes((value) => value >= from && value <= to) };
  }
  const bound = boundary(name, text, range.unit);
  const compare = COMPARE[operator];
  if (compare === undefined) throw badRequest(`${name}: Unknown operator.`);
  return { key: `${name}=${String(bound)}`, paths: [range.path], test: passes((value) => compare(value, bound)) };
}

function containsCondition(name: string, paths: string | readonly string[], values: readonly string[]): Condition {
  const parts = values.map((value) => value.toLowerCase());
  return {
    key: `${name}=${parts.join(",")}`,
    paths: typeof paths === "string" ? [paths] : paths,
    test: (value) => any(value, (scalar) => scalar !== null && parts.some((part) => String(scalar).toLowerCase().includes(part))),
  };
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
  const operation = /^(.+)__(gt|gte|lt|lte|between|contains|like)$/u.exec(table.snakeNames === true ? camelName(name) : name);
  if (operation === null) return "unknown";
  const field = operation[1] ?? "";
  const operator = operation[2] ?? "";
  const given = values.at(-1) ?? "";
  if (operator === "contains" || operator === "like") {
    const paths = Object.hasOwn(table.contains, field) ? table.contains[field] : undefined;
    if (paths === undefined) return "unknown";
    const parts = operator === "like" ? [given] : (listParam(params, name) ?? []);
    return parts.length === 0 || given === "" ? undefined : containsCondition(name, paths, parts);
  }
  const range = Object.hasOwn(table.ranges, field) ? table.ranges[field] : undefined;
  if (range === undefined) return "unknown";
  return given === "" ? undefined : rangeCondition(name, operator, range, given);
}

/** `created_at__gt` and `createdAt_between`, as an old client writes them, in today's form. */
function camelName(name: string): string {
  const found = /^(\w+?)_{1,2}(gt|gte|lt|lte|between)$/u.exec(name);
  if (found?.[1] === undefined || found[2] === undefined) return name;
  return `${found[1].replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase())}__${found[2]}`;
}

/** The `query` parameter: free text over several fields. */
export function queryTest(collection: Collection, table: FilterTable, text: string): (ordinal: number) => boolean {
  const wanted = text.toLowerCase();
  const some = (ordinal: number, paths: readonly string[], test: (found: string) => boolean): boolean =>
    paths.some((path) => any(collection.value(ordinal, path), (scalar) => scalar !== null && test(String(scalar).toLowerCase())));
  return (ordinal) => some(ordinal, table.query, (found) => found.includes(wanted)) || some(ordinal, table.queryStarts ?? [], (found) => found.startsWith(wanted));
}
