/** What the endpoint tables are written with: short forms for the many parameters that follow one pattern. */
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { Filter, FilterTable } from "./filters.ts";

export interface ListEndpoint extends FilterTable {
  readonly path: string;
  readonly stream: StreamId;
  readonly permission: string;
  /** sortBy value → field. */
  readonly sorts: Readonly<Record<string, string>>;
  /** How many scope ids one request may name. */
  readonly scopeIds: number;
  /** Of the parameters nearly every listing takes, those that this one does not know. */
  readonly lacks?: readonly string[];
  /** Parameters answered in joins.ts, from other records than the one listed. */
  readonly joined?: readonly string[];
}

function each<T>(names: string, make: (name: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, make(name)]));
}

export function same(names: string, prefix = ""): Readonly<Record<string, string>> {
  return each(names, (name) => prefix + name);
}

export function times(names: string, prefix = ""): FilterTable["ranges"] {
  return each(names, (name) => ({ path: prefix + name, unit: "time" }));
}

export function numbers(names: string): FilterTable["ranges"] {
  return each(names, (name) => ({ path: name, unit: "number" }));
}

export function list(path: string, choices?: string): Filter {
  return choices === undefined ? { kind: "list", path } : { kind: "list", path, choices: choices.split("|") };
}

/** Filters of one kind on fields of their own names. */
export function ofKind(kind: "flags" | "text" | "number" | "time" | "has", names: string): Readonly<Record<string, Filter>> {
  return each(names, (path) => ({ kind, path }));
}

export function accepted(names: string, choices?: string): Readonly<Record<string, Filter>> {
  return each(names, () => (choices === undefined ? { kind: "accepted" } : { kind: "accepted", choices: choices.split("|") }));
}

/** `ruleInfoName` for `ruleInfo.name`, as the sort fields of alerts are written. */
export function camel(parent: string, fields: string): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.split(" ").map((field) => [`${parent}${field.charAt(0).toUpperCase()}${field.slice(1)}`, `${parent}.${field}`]));
}

export const OS = "macos|windows|windows_legacy|linux";
export const ARCH = "32 bit|64 bit|ARM64";
export const MACHINE = "unknown|desktop|laptop|server|kubernetes node|storage|kubernetes pod|ecs task|kubernetes helper";
