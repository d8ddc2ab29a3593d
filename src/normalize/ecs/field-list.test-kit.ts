/**
 * The published list of ECS's fields, read from `../shared` where it is there, and what it says of a document: fields that do not exist, wrong
 * types, arrays where there is one value and the other way round, values and pairs of category and type that are not among the allowed ones.
 */
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { stringifyExact, type Json, type JsonObject } from "../../kernel/json.ts";

const LIST = fileURLToPath(new URL("../../../../shared/spec/ecs-9.4.0-flat.yml.gz", import.meta.url));
export const FIELD_LIST_THERE = existsSync(LIST);

interface Field {
  readonly type: string;
  readonly array: boolean;
  readonly values: ReadonlySet<string>;
  readonly pattern: RegExp | null;
  /** Types that a category expects. */
  readonly pairs: ReadonlyMap<string, ReadonlySet<string>>;
}

export type FieldList = ReadonlyMap<string, Field>;

/** The file is written by a machine in one fixed way; only what it uses is read. */
export function readFieldList(): FieldList {
  const fields = new Map<string, Field>();
  let block: string[] = [];
  let name = "";
  const end = (): void => {
    if (name !== "") fields.set(name, fieldOf(block));
    block = [];
  };
  for (const line of gunzipSync(readFileSync(LIST)).toString("utf8").split("\n")) {
    const head = /^'?([@\w.]+)'?:$/.exec(line);
    if (head === null) block.push(line);
    else {
      end();
      name = head[1] ?? "";
    }
  }
  end();
  return fields;
}

function fieldOf(lines: readonly string[]): Field {
  const attribute = (key: string): string | undefined => lines.find((line) => line.startsWith(`  ${key}: `))?.slice(key.length + 4);
  const section = (key: string): readonly string[] => {
    const from = lines.indexOf(`  ${key}:`);
    if (from === -1) return [];
    const rest = lines.slice(from + 1);
    const end = rest.findIndex((line) => /^ {2}\w/.test(line));
    return end === -1 ? rest : rest.slice(0, end);
  };
  const allowed = section("allowed_values");
  const names = allowed.flatMap((line) => /^ {4}name: (.+)$/.exec(line)?.[1] ?? []);
  const pairs = new Map<string, ReadonlySet<string>>();
  let types: string[] = [];
  for (const line of allowed) {
    if (line.startsWith("  - ")) types = [];
    const type = /^ {4}- (\w+)$/.exec(line)?.[1];
    if (type !== undefined) types.push(type);
    const category = /^ {4}name: (.+)$/.exec(line)?.[1];
    if (category !== undefined) pairs.set(category, new Set(types));
  }
  const expected = section("expected_values").flatMap((line) => /^ {2}- (.+)$/.exec(line)?.[1] ?? []);
  const pattern = attribute("pattern");
  return { type: attribute("type") ?? "", array: section("normalize").includes("  - array"), values: new Set([...names, ...expected]), pattern: pattern === undefined ? null : new RegExp(pattern), pairs };
}

/** What is wrong with a document, one line for each fault; nothing where it is valid. `sentinelone.*` is ours and not judged. */
export function faultsOf(document: JsonObject, list: FieldList): readonly string[] {
  const faults: string[] = [];
  for (const [key, value] of Object.entries(document)) if (key !== "sentinelone") walk(key, value, list, faults);
  const event = document["event"] as { readonly kind?: Json; readonly category?: readonly string[]; readonly type?: readonly string[] };
  if (event.kind === undefined) faults.push("event.kind: missing");
  if (document["ecs"] === undefined) faults.push("ecs.version: missing");
  const expected = list.get("event.category")?.pairs;
  for (const category of event.category ?? []) {
    for (const type of event.type ?? []) if (expected?.get(category)?.has(type) === false) faults.push(`event.category ${category} does not expect event.type ${type}`);
  }
  if ((event.category === undefined) !== (event.type === undefined)) faults.push("event.category and event.type: one without the other");
  return faults;
}

function walk(path: string, value: Json | undefined, list: FieldList, faults: string[]): void {
  const field = list.get(path);
  if (value === undefined || value === null) faults.push(`${path}: ${String(value)}`);
  else if (Array.isArray(value)) walkArray(path, value as readonly Json[], field, list, faults);
  else if (typeof value === "object") {
    if (Object.keys(value).length === 0) faults.push(`${path}: empty`);
    if (field?.type === "object" && (path === "labels" || path.endsWith(".labels"))) {
      for (const [name, label] of Object.entries(value)) if (typeof label !== "string" || name.includes(".")) faults.push(`${path}.${name}: no label`);
    } else for (const [key, part] of Object.entries(value)) walk(`${path}.${key}`, part, list, faults);
  } else {
    if (field?.array === true) faults.push(`${path}: one value where ECS has an array`);
    leaf(path, value, field, faults);
  }
}

function walkArray(path: string, values: readonly Json[], field: Field | undefined, list: FieldList, faults: string[]): void {
  if (field?.array !== true) faults.push(`${path}: an array where ECS has one value`);
  if (values.length === 0) faults.push(`${path}: empty`);
  if (path.startsWith("related.") && new Set(values).size !== values.length) faults.push(`${path}: repeats`);
  for (const value of values) {
    if (typeof value === "object" && value !== null) walk(path, value, list, faults);
    else leaf(path, value, field, faults);
  }
}

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

function leaf(path: string, value: Json, field: Field | undefined, faults: string[]): void {
  if (field === undefined) {
    faults.push(`${path}: no field of ECS`);
    return;
  }
  const said = typeof value === "string" ? value : stringifyExact(value);
  if (!isOf(field.type, value)) faults.push(`${path}: ${typeof value} ${said} is no ${field.type}`);
  if (field.values.size > 0 && !field.values.has(said)) faults.push(`${path}: ${said} is not among the allowed values`);
  if (field.pattern?.test(said) === false) faults.push(`${path}: ${said} has not the form ECS asks for`);
}

function isOf(type: string, value: Json): boolean {
  switch (type) {
    case "keyword":
    case "constant_keyword":
    case "wildcard":
    case "match_only_text":
    case "text":
      return typeof value === "string" && value !== "";
    case "long":
    case "integer":
      return Number.isSafeInteger(value) || (typeof value === "bigint" && value >= -(2n ** 63n) && value < 2n ** 63n);
    case "float":
    case "double":
    case "scaled_float":
      return typeof value === "number" && Number.isFinite(value);
    case "boolean":
      return typeof value === "boolean";
    case "ip":
      return typeof value === "string" && isIP(value) !== 0;
    case "date":
      return typeof value === "string" && DATE.test(value) && !Number.isNaN(Date.parse(value));
    default:
      return false;
  }
}
