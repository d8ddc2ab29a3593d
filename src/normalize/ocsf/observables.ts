/**
 * `observables`: the names, addresses, hashes and paths of a document once more in one place, each with the path it stands at. The same value
 * of the same type is listed once, where it stands first.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";

interface Type {
  readonly id: number;
  /** Left out where the schema names the type after an object and an attribute. */
  readonly caption?: string;
}

const HOSTNAME: Type = { id: 1, caption: "Hostname" };
const IP: Type = { id: 2, caption: "IP Address" };
const MAC: Type = { id: 3, caption: "MAC Address" };
const USER_NAME: Type = { id: 4, caption: "User Name" };
const EMAIL: Type = { id: 5, caption: "Email Address" };
const URL_STRING: Type = { id: 6, caption: "URL String" };
const FILE_NAME: Type = { id: 7, caption: "File Name" };
const HASH: Type = { id: 8, caption: "Hash" };
const PROCESS_NAME: Type = { id: 9, caption: "Process Name" };
const RESOURCE_UID: Type = { id: 10, caption: "Resource UID" };
const COMMAND_LINE: Type = { id: 13, caption: "Command Line" };
const CVE: Type = { id: 18 };
const USER_UID: Type = { id: 31 };
const FILE_PATH: Type = { id: 45, caption: "File Path" };

type Scalars = ReadonlyMap<string, Type>;

const none: Scalars = new Map();
const user: Scalars = new Map([["name", USER_NAME], ["uid", USER_UID], ["email_addr", EMAIL]]);
const process: Scalars = new Map([["name", PROCESS_NAME], ["cmd_line", COMMAND_LINE]]);
const file: Scalars = new Map([["name", FILE_NAME], ["path", FILE_PATH]]);
const endpoint: Scalars = new Map([["hostname", HOSTNAME], ["ip", IP], ["mac", MAC]]);
const resource: Scalars = new Map([["uid", RESOURCE_UID], ["hostname", HOSTNAME], ["ip", IP]]);
const url: Scalars = new Map([["url_string", URL_STRING], ["hostname", HOSTNAME]]);

/** What an attribute's object is, by the attribute's name; attributes that are not here are not looked into. */
const INNER: ReadonlyMap<string, Scalars> = new Map([
  ["actor", none],
  ["user", user],
  ["owner", user],
  ["assignee", user],
  ["process", process],
  ["parent_process", process],
  ["ancestry", process],
  ["file", file],
  ["file_result", file],
  ["files", file],
  ["hashes", new Map([["value", HASH]])],
  ["device", endpoint],
  ["src_endpoint", endpoint],
  ["dst_endpoint", endpoint],
  ["network_interfaces", endpoint],
  ["query", new Map([["hostname", HOSTNAME]])],
  ["url", url],
  ["http_request", none],
  ["resources", resource],
  ["evidences", none],
  ["malware", none],
  ["vulnerabilities", none],
  ["cve", new Map([["uid", CVE]])],
  ["module", none],
  ["driver", none],
  ["script", none],
  ["job", none],
  ["entity", none],
]);

/**
 * A place in a document, with the names of what stands there. The same few places come again in every document: they are looked up, and their
 * names not put together anew, which would copy each once more when it is written.
 */
class Place {
  /** `device.`; empty for the document itself. */
  readonly #path: string;
  readonly #scalars: Scalars;
  readonly #names = new Map<string, string>();
  readonly #inner = new Map<string, Place>();
  readonly #lists = new Map<string, Place[]>();

  constructor(path: string, scalars: Scalars) {
    this.#path = path;
    this.#scalars = scalars;
  }

  typeOf(key: string): Type | undefined {
    return this.#scalars.get(key);
  }

  /** Only of keys that have a type, which are few. */
  nameOf(key: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const made = this.#path + key;
    this.#names.set(key, made);
    return made;
  }

  /** Undefined for what is not looked into. */
  inner(key: string): Place | undefined {
    const known = this.#inner.get(key);
    if (known !== undefined) return known;
    const made = this.#made(key, key);
    if (made !== undefined && isKept()) this.#inner.set(key, made);
    return made;
  }

  /** One of a list. */
  element(key: string, at: number): Place | undefined {
    const known = this.#lists.get(key) ?? [];
    const found = known[at];
    if (found !== undefined) return found;
    const made = this.#made(key, `${key}[${String(at)}]`);
    if (made === undefined || known.length !== at || !isKept()) return made;
    known.push(made);
    this.#lists.set(key, known);
    return made;
  }

  #made(key: string, step: string): Place | undefined {
    const scalars = INNER.get(key);
    return scalars === undefined ? undefined : new Place(`${this.#path}${step}.`, scalars);
  }
}

const MOST_PLACES = 5_000;
let places = 0;

/** Objects within objects have no end, and lists none either: a record must not fill the memory with its places. */
function isKept(): boolean {
  places += 1;
  return places <= MOST_PLACES;
}

const ROOT = new Place("", none);

/** An observable of what stands outside the attributes. */
export interface OtherObservable {
  readonly name: string;
  readonly value: string;
  readonly type_id: number;
  readonly type: string;
}

interface Observable extends JsonObject {
  readonly name: string;
  readonly value: string;
  readonly type_id: number;
}

/** So many are looked through one by one as fast as by a set. */
const FEW = 32;

/** Each value of each type once. */
class Found {
  readonly list: Observable[] = [];
  #seen: Set<string> | undefined;

  isNew(type: number, value: string): boolean {
    if (this.list.length < FEW) {
      for (const one of this.list) if (one.type_id === type && one.value === value) return false;
      return true;
    }
    this.#seen ??= new Set(this.list.map((one) => `${String(one.type_id)} ${one.value}`));
    const key = `${String(type)} ${value}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

/** `others` come last. */
export function observablesOf(document: JsonObject, others: readonly OtherObservable[] = []): readonly JsonObject[] {
  const found = new Found();
  walk(document, ROOT, found);
  for (const one of others) if (found.isNew(one.type_id, one.value)) found.list.push({ ...one });
  return found.list;
}

function walk(value: JsonObject, place: Place, found: Found): void {
  for (const key in value) {
    const part = value[key];
    if (typeof part === "string") {
      const type = place.typeOf(key);
      if (type !== undefined && found.isNew(type.id, part)) found.list.push(observable(type, place.nameOf(key), part));
    } else if (Array.isArray(part)) enter(part as readonly Json[], key, place, found);
    else if (typeof part === "object" && part !== null) {
      const inner = place.inner(key);
      if (inner !== undefined) walk(part as JsonObject, inner, found);
    }
  }
}

function enter(list: readonly Json[], key: string, place: Place, found: Found): void {
  if (!INNER.has(key)) return;
  for (let at = 0; at < list.length; at += 1) {
    const part = list[at];
    if (typeof part !== "object" || part === null || Array.isArray(part)) continue;
    const inner = place.element(key, at);
    if (inner !== undefined) walk(part as JsonObject, inner, found);
  }
}

function observable({ id, caption }: Type, name: string, value: string): Observable {
  return caption === undefined ? { name, value, type_id: id } : { name, value, type_id: id, type: caption };
}
