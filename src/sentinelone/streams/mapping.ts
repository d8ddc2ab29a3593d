/**
 * Makes a row of a record by a table of columns: one line per field we use says where it lies and what it is. That table is the schema:
 * `schemaOf` gives it as JSON Schema, `createMapper` reads records by it. Lenient where nothing is lost (a number as text, text digits as a
 * number, a time in any RFC 3339 form), strict where something would be: an object where a scalar belongs, or no key, rejects the
 * record with a reason. A time that is none becomes null; the original stays in `raw`, from which secrets are removed.
 */
import { hash } from "node:crypto";
import { secretRemover } from "../../kernel/record-secrets.ts";
import type { JsonObject, SourceRecord, Span } from "../client.ts";
import { readTime } from "./time.ts";
import type { ColumnType, MappedRecord, RejectedRecord, StreamColumn, Value } from "./stream.ts";

export interface Column extends StreamColumn {
  readonly path: readonly string[];
}

/** `threatInfo.sha1` as text in `sha1`. Without a name, the snake_case of the whole path. */
export function column(type: ColumnType, source: string, name?: string, options: { readonly indexed?: boolean } = {}): Column {
  return { name: name ?? snakeCase(source), type, source, indexed: options.indexed ?? false, path: source.split(".") };
}

/** Columns of one type, named by their fields; `prefix` is the object they lie in. */
export function columns(type: ColumnType, names: string, prefix = ""): readonly Column[] {
  return names.split(/\s+/).filter((name) => name !== "").map((name) => column(type, `${prefix}${name}`, snakeCase(name)));
}

/** `externalIp` → `external_ip`, `threatInfo.md5` → `threat_info_md5`. */
export function snakeCase(source: string): string {
  return source.replaceAll(".", "_").replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** JSON Schema as data: the thread that maps pages has no use for a library of schemas. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const NULL: JsonSchema = { type: "null" };
const SCALAR: JsonSchema = { anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }, NULL] };
const KEY: JsonSchema = { anyOf: [{ type: "string", minLength: 1 }, { type: "integer" }] };
const ANYTHING: JsonSchema = {};

interface Branch {
  readonly fields: Map<string, Branch | JsonSchema>;
  /** Whether the key lies in it. */
  required: boolean;
}

function isBranch(node: Branch | JsonSchema): node is Branch {
  return "fields" in node && node["fields"] instanceof Map;
}

function objectOf({ fields }: Branch): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, node] of fields) {
    if (isBranch(node)) properties[name] = node.required ? objectOf(node) : { anyOf: [objectOf(node), NULL] };
    else properties[name] = node;
    if (isBranch(node) ? node.required : node === KEY) required.push(name);
  }
  return { type: "object", properties, required };
}

/** What a record must look like, as JSON Schema: only the key is required, and unknown fields are welcome. */
export function schemaOf(table: readonly Column[]): JsonSchema {
  const root: Branch = { fields: new Map(), required: true };
  for (const { path, type, name } of table) {
    const isKey = name === "id";
    let at = root;
    for (const part of path.slice(0, -1)) {
      const found = at.fields.get(part);
      const next: Branch = found !== undefined && isBranch(found) ? found : { fields: new Map(), required: false };
      next.required ||= isKey;
      at.fields.set(part, next);
      at = next;
    }
    const last = path.at(-1) ?? "";
    if (at.fields.has(last)) continue;
    at.fields.set(last, isKey ? KEY : type === "json" ? ANYTHING : SCALAR);
  }
  return objectOf(root);
}

export interface MapperSpec {
  readonly columns: readonly Column[];
  /** Vendor's path of the key; `id` everywhere but in the older alerts. */
  readonly key?: string;
  /** True where keys are no numbers: one that comes as a number would be another record's. */
  readonly textKey?: boolean;
  /** Column that holds the source's time of last change. */
  readonly version?: string;
  readonly siteId?: string;
  readonly agentId?: string;
  /** Adds what a column reads but the record holds in another form (the first of a list, a fallback); `raw` stays as it is. */
  readonly derive?: (record: JsonObject) => JsonObject;
  /** The version of a record that came incomplete: lower than that of the whole one. */
  readonly finalVersion?: (version: string, record: SourceRecord) => string;
  /** Keys removed from `raw` wherever they stand. */
  readonly secrets?: readonly string[];
}

class Unreadable extends Error {}

export type Mapper = (record: SourceRecord) => MappedRecord | RejectedRecord;

export function createMapper(spec: MapperSpec): Mapper {
  const table = spec.columns;
  const keyPath = (spec.key ?? "id").split(".");
  const at = (name: string | undefined): number => (name === undefined ? -1 : table.findIndex((entry) => entry.name === name));
  const version = at(spec.version);
  const siteId = at(spec.siteId);
  const agentId = at(spec.agentId);
  const keyColumn = at("id");
  const withoutSecrets = secretRemover(spec.secrets ?? []);

  return (record) => {
    // Looked at first: where it is no JSON after all, this is what says so.
    const source: unknown = record.value;
    const cleaned = withoutSecrets.text(record.raw);
    let id: string | null = null;
    try {
      if (!isObject(source)) throw new Unreadable(`the record is ${describe(source)}, not an object`);
      id = readKey(source, keyPath, spec.textKey === true);
      // A column that holds a whole object would keep the secrets in it.
      const known = cleaned === null ? source : (withoutSecrets.value(source) as JsonObject);
      const value = spec.derive === undefined ? known : spec.derive(known);
      const values = new Array<Value>(table.length);
      for (let index = 0; index < table.length; index += 1) {
        const entry = table[index];
        if (entry !== undefined) values[index] = index === keyColumn ? id : readValue(value, entry);
      }
      const valuesJson = JSON.stringify(values);
      const time = text(values[version]) ?? "";
      return new Mapped(cleaned === null ? record : { raw: cleaned }, {
        id,
        version: spec.finalVersion === undefined ? time : spec.finalVersion(time, record),
        siteId: text(values[siteId]),
        agentId: text(values[agentId]),
        valuesJson,
        hash: hash("sha256", valuesJson, "base64url"),
        rawHash: hash("sha1", (cleaned === null ? record.bytes : undefined) ?? cleaned ?? record.raw, "base64"),
      });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return { id, code: "RECORD_INVALID", reason: error.message, raw: cleaned ?? record.raw };
    }
  };
}

/** A mapped record that leaves its text where it came from and keeps its values as JSON: a page that waits to be written is few objects. */
class Mapped implements MappedRecord {
  readonly id: string;
  readonly version: string;
  readonly siteId: string | null;
  readonly agentId: string | null;
  readonly valuesJson: string;
  readonly hash: string;
  readonly rawHash: string;
  readonly span?: Span;
  readonly rawBytes?: Uint8Array;
  readonly #source: Pick<SourceRecord, "raw">;

  constructor(source: Pick<SourceRecord, "raw" | "span" | "bytes">, made: Pick<MappedRecord, "id" | "version" | "siteId" | "agentId" | "hash" | "rawHash"> & { readonly valuesJson: string }) {
    this.id = made.id;
    this.version = made.version;
    this.siteId = made.siteId;
    this.agentId = made.agentId;
    this.valuesJson = made.valuesJson;
    this.hash = made.hash;
    this.rawHash = made.rawHash;
    if (source.span !== undefined) this.span = source.span;
    if (source.bytes !== undefined) this.rawBytes = source.bytes;
    this.#source = source;
  }

  get values(): readonly Value[] {
    return JSON.parse(this.valuesJson) as readonly Value[];
  }

  get raw(): string {
    return this.#source.raw;
  }
}

export function isMapped(outcome: MappedRecord | RejectedRecord): outcome is MappedRecord {
  return "hash" in outcome;
}

function text(value: Value | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A plain JSON object, not a list and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Own properties only, so that a record cannot borrow from Object.prototype: what is found there is an object or a function. */
function own(object: JsonObject, key: string): unknown {
  const value = object[key];
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return value !== undefined && Object.hasOwn(object, key) ? value : undefined;
}

function readKey(record: JsonObject, path: readonly string[], textOnly: boolean): string {
  const found = readAt(record, path);
  const name = path.join(".");
  if (typeof found === "string") {
    const id = clean(found);
    if (id.trim() === "") throw new Unreadable(`${name}: empty, and it is the record's key`);
    if (id.length > 512) throw new Unreadable(`${name}: ${id.length} characters, too long for a key`);
    return id;
  }
  if (typeof found === "number" && Number.isSafeInteger(found) && !textOnly) return String(found);
  throw new Unreadable(`${name}: ${describe(found)} where the record's key belongs`);
}

function readAt(record: JsonObject, path: readonly string[]): unknown {
  let at: unknown = own(record, path[0] ?? "");
  for (let depth = 1; depth < path.length; depth += 1) {
    if (at === undefined || at === null) return undefined;
    if (!isObject(at)) throw new Unreadable(`${path.slice(0, depth).join(".")}: ${describe(at)} where an object belongs`);
    at = own(at, path[depth] ?? "");
  }
  return at;
}

function readValue(record: JsonObject, entry: Column): Value {
  const { path } = entry;
  const found = path.length === 1 ? own(record, entry.source) : readAt(record, path);
  if (found === undefined || found === null) return null;
  if (entry.type === "json") return jsonText(found);
  if (entry.type === "text" && typeof found === "string") return clean(found);
  if (typeof found === "object") throw new Unreadable(`${entry.source}: ${describe(found)} where ${WANTED[entry.type]} belongs`);
  return SCALARS[entry.type](found, entry);
}

const WANTED = { text: "text", integer: "a whole number", real: "a number", boolean: "true or false", time: "a time", json: "anything" } as const satisfies Record<ColumnType, string>;

/** Words some fields have instead of a number. */
const NO_NUMBER = /^\s*(n\/?a|none|null|unknown|-)?\s*$/i;

const SCALARS: Record<ColumnType, (found: unknown, entry: Column) => Value> = {
  text: (found) => String(found),
  json: jsonText,
  integer(found, entry) {
    if (typeof found === "number" && Number.isSafeInteger(found)) return found;
    if (typeof found === "boolean") return found ? 1 : 0;
    if (typeof found === "string") {
      const trimmed = found.trim();
      if (/^-?\d{1,18}(\.0+)?$/.test(trimmed)) {
        const whole = trimmed.replace(/\.0+$/, "");
        return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
      }
      if (NO_NUMBER.test(found)) return null;
    }
    throw new Unreadable(`${entry.source}: ${describe(found)} where a whole number belongs`);
  },
  real(found, entry) {
    if (typeof found === "number") return Number.isFinite(found) ? found : null;
    if (typeof found === "string") {
      if (NO_NUMBER.test(found)) return null;
      const trimmed = found.trim();
      if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(trimmed) && Number.isFinite(Number(trimmed))) return Number(trimmed);
    }
    throw new Unreadable(`${entry.source}: ${describe(found)} where a number belongs`);
  },
  boolean(found, entry) {
    if (found === true || found === 1) return 1;
    if (found === false || found === 0) return 0;
    const word = typeof found === "string" ? found.trim().toLowerCase() : null;
    if (word === "true") return 1;
    if (word === "false") return 0;
    if (word !== null && NO_NUMBER.test(word)) return null;
    throw new Unreadable(`${entry.source}: ${describe(found)} where true or false belongs`);
  },
  time: (found) => readTime(found),
};

/** PostgreSQL's text cannot hold NUL, and UTF-8 no lone surrogate. */
function clean(value: string): string {
  const well = value.isWellFormed() ? value : value.toWellFormed();
  return well.includes("\0") ? well.replaceAll("\0", "\ufffd") : well;
}

function jsonText(found: unknown): string {
  return JSON.stringify(found);
}

function describe(found: unknown): string {
  if (found === undefined) return "nothing";
  if (found === null) return "null";
  if (Array.isArray(found)) return "a list";
  if (typeof found === "object") return "an object";
  if (typeof found === "string") return found === "" ? "empty text" : "text";
  return typeof found === "number" ? "a number" : "true or false";
}
