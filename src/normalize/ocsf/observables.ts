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

const MAX_PATHS = 5000;
const paths = new Map<string, Map<string, string>>();
let known = 0;

/** The same few paths come again in every document; text put together anew would be copied once more when it is written. */
function joined(path: string, key: string): string {
  let ends = paths.get(path);
  const found = ends?.get(key);
  if (found !== undefined) return found;
  const made = path + key;
  if (known >= MAX_PATHS) return made;
  known += 1;
  if (ends === undefined) paths.set(path, (ends = new Map<string, string>()));
  ends.set(key, made);
  return made;
}

/** An observable of what stands outside the attributes. */
export interface OtherObservable {
  readonly name: string;
  readonly value: string;
  readonly type_id: number;
  readonly type: string;
}

/** `others` come last. */
export function observablesOf(document: JsonObject, others: readonly OtherObservable[] = []): readonly JsonObject[] {
  const found: JsonObject[] = [];
  // By type: a key of type and value together would copy every value.
  const seen = new Map<number, Set<string>>();

  function isNew(type: number, value: string): boolean {
    const values = seen.get(type);
    if (values === undefined) seen.set(type, new Set([value]));
    else if (values.has(value)) return false;
    else values.add(value);
    return true;
  }

  function add({ id, caption }: Type, path: string, key: string, value: string): void {
    if (!isNew(id, value)) return;
    const name = joined(path, key);
    found.push(caption === undefined ? { name, value, type_id: id } : { name, value, type_id: id, type: caption });
  }

  function walk(value: JsonObject, scalars: Scalars, path: string): void {
    for (const key of Object.keys(value)) {
      const part = value[key];
      if (typeof part === "string") {
        const type = scalars.get(key);
        if (type !== undefined) add(type, path, key, part);
      } else if (typeof part === "object" && part !== null) {
        const inner = INNER.get(key);
        if (inner !== undefined) enter(part, inner, joined(path, key));
      }
    }
  }

  function enter(value: JsonObject | readonly Json[], scalars: Scalars, path: string): void {
    if (!Array.isArray(value)) return walk(value as JsonObject, scalars, joined(path, "."));
    const list = value as readonly Json[];
    for (let at = 0; at < list.length; at += 1) {
      const part = list[at];
      if (typeof part === "object" && part !== null && !Array.isArray(part)) walk(part as JsonObject, scalars, at === 0 ? joined(path, "[0].") : `${path}[${String(at)}].`);
    }
  }

  walk(document, none, "");
  for (const one of others) if (isNew(one.type_id, one.value)) found.push({ ...one });
  return found;
}
