/**
 * What Sekoia does to every document once its intake has mapped it: addresses, names of files, parts of URLs and of domains, the outcome,
 * and what is related. The maps fill in what the records say; nothing here looks at a record.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { domainParts } from "../domains.ts";
import { member, members, objectAt, type Draft } from "./table.ts";
import { baseName, directoryName } from "./values.ts";

const ABSOLUTE = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d{1,5}))?(\/[^?#]*)?/i;
const IN_COMMAND_LINE = /https?:\/\/[^\s"'`<>]+/i;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** A document begins with the record's own text, as in Sekoia. */
export function newDocument(context: MapContext): Draft {
  return { message: context.original };
}

export function finalise(doc: Draft): JsonObject {
  const source = draft(doc, "source");
  const destination = draft(doc, "destination");
  addressed(source);
  addressed(destination);
  nameFile(draft(doc, "file"));
  const process = draft(doc, "process");
  const url = urlOf(doc, process);
  split(source, "domain");
  split(destination, "domain");
  split(url, "domain");
  const question = draft(draft(doc, "dns"), "question");
  split(question, "name");
  const outcome = member(doc, "action")?.["outcome"];
  if (outcome !== undefined) objectAt(doc, ["event"])["outcome"] = outcome;
  relate(doc, source, destination, question);
  return doc;
}

/** A part of the document that is still being written. */
function draft(doc: Draft | undefined, name: string): Draft | undefined {
  return doc === undefined ? undefined : member(doc, name);
}

function addressed(end: Draft | undefined): void {
  if (end === undefined || end["address"] !== undefined) return;
  const address = end["domain"] ?? end["ip"];
  if (address !== undefined) end["address"] = address;
}

function nameFile(file: Draft | undefined): void {
  const path = file?.["path"];
  if (file === undefined || typeof path !== "string" || file["name"] !== undefined) return;
  const name = baseName(path);
  const directory = directoryName(path);
  if (name !== undefined) file["name"] = name;
  if (directory !== undefined) file["directory"] = directory;
}

/** The parts of `url.original`; without one, the first URL of the process's command line is taken for it. */
function urlOf(doc: Draft, process: Draft | undefined): Draft | undefined {
  let url = draft(doc, "url");
  if (url === undefined) {
    const line = process?.["command_line"];
    const found = typeof line === "string" && line.includes("://") ? IN_COMMAND_LINE.exec(line)?.[0] : undefined;
    if (found === undefined) return undefined;
    url = objectAt(doc, ["url"]);
    url["original"] = found;
  }
  const original = url["original"];
  if (typeof original !== "string") return url;
  if (original.startsWith("/")) {
    url["path"] = original.replace(/[?#].*$/s, "");
    return url;
  }
  const parts = ABSOLUTE.exec(original);
  if (parts === null) return url;
  const [, scheme = "", host = "", port, path] = parts;
  url["full"] = original;
  url["scheme"] = scheme.toLowerCase();
  if (host !== "") url["domain"] = host.toLowerCase();
  const number = port === undefined ? DEFAULT_PORTS[scheme.toLowerCase()] : Number(port);
  if (number !== undefined) url["port"] = number;
  if (path !== undefined) url["path"] = path;
  return url;
}

function split(object: Draft | undefined, name: string): void {
  const domain = object?.[name];
  if (object !== undefined && typeof domain === "string") Object.assign(object, domainParts(domain));
}

function relate(doc: Draft, source: Draft | undefined, destination: Draft | undefined, question: Draft | undefined): void {
  const user = member(doc, "user");
  const process = member(doc, "process");
  const hashes: Json[] = [];
  for (const holder of [member(doc, "file"), process, member(process, "parent")]) {
    const hash = member(holder, "hash");
    if (hash !== undefined) hashes.push(...Object.values(hash));
  }
  const related: Draft = {};
  keep(related, "hash", hashes);
  keep(related, "hosts", [source?.["domain"], destination?.["domain"], question?.["name"]]);
  keep(related, "ip", [source?.["ip"], destination?.["ip"], ...members(member(doc, "host"), "ip")]);
  keep(related, "user", [user?.["name"], member(user, "target")?.["name"]]);
  if (Object.keys(related).length > 0) doc["related"] = related;
}

/** Sorted, each once. */
function keep(related: Draft, name: string, values: readonly (Json | undefined)[]): void {
  const found: string[] = [];
  for (const value of values) if (typeof value === "string" && !found.includes(value)) found.push(value);
  if (found.length > 0) related[name] = found.sort();
}
