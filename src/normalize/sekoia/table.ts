/**
 * A mapping table, compiled once: which member of a record fills which field of the document, and how its value changes on the way. Fields
 * of one object stand together, so that the object is looked up once for all of them and made only when one of them has a value.
 */
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { FieldTable, type Values } from "../field-table.ts";
import { converterOf } from "./types.ts";
import { isBlank, isTruthy, type Convert } from "./values.ts";

/** A document in the making. */
export type Draft = Record<string, Json>;

/**
 * The field, then the member that fills it (or several: the first that holds anything, as `a or b` finds it), then a conversion where the
 * field's type does not say it already.
 */
export type Row = readonly [field: string, source: string | readonly string[], convert?: Convert];

interface Column {
  readonly name: string;
  /** Of the member, and of those that are asked when it holds nothing (see `field-table.ts`). */
  readonly place: number;
  readonly others: readonly number[];
  readonly convert: Convert;
}

interface Group {
  readonly path: readonly string[];
  readonly columns: readonly Column[];
}

export interface Table {
  readonly fields: FieldTable;
  readonly groups: readonly Group[];
}

/** `fields`: those of other tables that are filled from the same record, so that it is read once for all of them. */
export function compile(rows: readonly Row[], fields: FieldTable = new FieldTable()): Table {
  const groups = new Map<string, { readonly path: readonly string[]; readonly columns: Column[] }>();
  for (const [field, source, convert] of rows) {
    const dot = field.lastIndexOf(".");
    const parent = field.slice(0, Math.max(dot, 0));
    const group = groups.get(parent) ?? { path: parent === "" ? [] : parent.split("."), columns: [] };
    groups.set(parent, group);
    const [first = "", ...others] = typeof source === "string" ? [source] : source;
    group.columns.push({ name: field.slice(dot + 1), place: fields.place(first), others: others.map((other) => fields.place(other)), convert: convert ?? converterOf(field) });
  }
  return { fields, groups: [...groups.values()] };
}

/** Members that keep their names under one object of the document. */
export interface Names {
  readonly above: readonly string[];
  readonly object: string;
  readonly converts: ReadonlyMap<string, Convert>;
}

export function compileNames(field: string, names: readonly string[]): Names {
  const above = field.split(".");
  const object = above.pop() ?? "";
  return { above, object, converts: new Map(names.map((name) => [name, converterOf(`${field}.${name}`)])) };
}

/** An object that grows by more computed names than this becomes a slow one, which costs most when it is written; one made from entries does not. */
const FEW_NAMES = 12;

/** Goes through what the record holds rather than through all the names there are: there are two hundred for activities, which hold ten of them. */
export function fillNames({ above, object, converts }: Names, record: JsonObject | undefined, doc: Draft): void {
  if (record === undefined) return;
  const entries: [string, Json][] = [];
  for (const name of Object.keys(record)) {
    const convert = converts.get(name);
    const raw = record[name];
    if (convert === undefined || isBlank(raw)) continue;
    const value = convert(raw);
    if (!isBlank(value)) entries.push([name, value]);
  }
  if (entries.length === 0) return;
  const parent = objectAt(doc, above);
  let written = parent[object] as Draft | undefined;
  if (written === undefined && entries.length > FEW_NAMES) {
    parent[object] = Object.fromEntries(entries);
    return;
  }
  written ??= parent[object] = {};
  for (const [name, value] of entries) written[name] = value;
}

/** Writes what the record holds; what it does not hold leaves the field as it was. */
export function fill(table: Table, record: JsonObject | undefined, doc: Draft): void {
  if (record !== undefined) fillFrom(table, table.fields.read(record), doc);
}

/** The same of a record that was read already, by the fields that the table was compiled with. */
export function fillFrom(table: Table, values: Values, doc: Draft): void {
  for (const { path, columns } of table.groups) {
    let object: Draft | undefined;
    for (const column of columns) {
      const raw = column.others.length === 0 ? values[column.place] : chosen(column, values);
      if (isBlank(raw)) continue;
      const value = column.convert(raw);
      if (isBlank(value)) continue;
      object ??= objectAt(doc, path);
      object[column.name] = value;
    }
  }
}

function chosen(column: Column, values: Values): Json | undefined {
  let value = values[column.place];
  for (const other of column.others) {
    if (isTruthy(value)) return value;
    value = values[other];
  }
  return value;
}

/** The object at `path` of the document, made where it is missing. */
export function objectAt(doc: Draft, path: readonly string[]): Draft {
  let object = doc;
  for (const name of path) {
    const below = object[name];
    if (below === undefined) object = object[name] = {};
    else object = below as Draft;
  }
  return object;
}

/** A member that is an object; undefined for anything else. */
export function member(record: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = record?.[name];
  return isJsonObject(value) ? value : undefined;
}

/** A member that is a list; an empty one for anything else. */
export function members(record: JsonObject | undefined, name: string): readonly Json[] {
  const value = record?.[name];
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** A member that is a text with something in it. */
export function text(record: JsonObject, name: string): string | undefined {
  return filled(record[name]);
}

/** The value, where it is a text with something in it. */
export function filled(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
