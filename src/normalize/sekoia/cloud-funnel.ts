/**
 * Events of Cloud Funnel 2.0 as Sekoia's intake gives them: one flat object with dotted names for each event. The event's category decides
 * what else is read; `indicators`, `scheduled_task`, `group` and any category unknown there get no `event.category`.
 */
import { stringifyExact, type Json, type JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import type { Values } from "../field-table.ts";
import { fillCreation, fillProcesses, signatureAt, there } from "./cloud-funnel-processes.ts";
import { AT, FIELDS } from "./cloud-funnel-fields.ts";
import { answersOf } from "./dns-answers.ts";
import { finalise, newDocument } from "./finalise.ts";
import { compile, fillFrom, filled, objectAt, type Draft, type Table } from "./table.ts";
import { baseName, funnelTime, plainIp } from "./values.ts";

type Categories = readonly [category: readonly string[], type: readonly string[]];

const INFO = ["info"];
/** By the vendor's category. Files and registry keys have theirs by the event's type, logins by what came of them. */
const CATEGORIES: ReadonlyMap<Json | undefined, Categories> = new Map<Json | undefined, Categories>([
  ["process", [["process"], INFO]],
  ["cross_process", [["process"], INFO]],
  ["command_script", [["process"], INFO]],
  ["dns", [["network"], INFO]],
  ["ip", [["network"], INFO]],
  ["url", [["network", "web"], INFO]],
  ["driver", [["driver"], INFO]],
  ["module", [["driver"], INFO]],
  ["threat_intelligence_indicators", [["threat"], ["indicator"]]],
]);
const FILE_TYPES: ReadonlyMap<Json | undefined, string> = new Map([["File Creation", "creation"], ["File Modification", "change"], ["File Rename", "change"], ["File Deletion", "deletion"]]);
const REGISTRY_TYPES: ReadonlyMap<Json | undefined, string> = new Map([
  ["Registry Value Create", "creation"],
  ["Registry Key Create", "creation"],
  ["Registry Value Modified", "change"],
  ["Registry Key Modified", "change"],
  ["Registry Key Security Changed", "change"],
  ["Registry Value Delete", "deletion"],
  ["Registry Key Delete", "deletion"],
]);
const WITHOUT_CATEGORY: ReadonlySet<Json | undefined> = new Set(["file", "group", "indicators", "logins", "registry", "scheduled_task"]);

const LOGON_TYPES: ReadonlyMap<Json | undefined, string> = new Map([
  ["SYSTEM", "0"],
  ["INTERACTIVE", "2"],
  ["NETWORK", "3"],
  ["BATCH", "4"],
  ["SERVICE", "5"],
  ["UNLOCK", "7"],
  ["NETWORK_CLEAR_TEXT", "8"],
  ["NETWORK_CREDENTIALS", "9"],
  ["REMOTE_INTERACTIVE", "10"],
  ["CACHED_INTERACTIVE", "11"],
  ["CACHED_REMOTE_INTERACTIVE", "12"],
  ["CACHED_UNLOCK", "13"],
]);
const DIRECTIONS: ReadonlyMap<Json | undefined, string> = new Map([["INCOMING", "inbound"], ["OUTGOING", "outbound"]]);

const EVENT: Table = compile([
  ["@timestamp", "timestamp"],
  ["event.action", "event.type"],
  ["agent.version", "agent.version"],
  ["host.name", "endpoint.name"],
  ["host.type", "endpoint.type"],
  ["host.os.family", "endpoint.os"],
  ["host.os.name", "os.name"],
  ["host.os.type", "endpoint.os", systemType],
  ["deepvisibility.agent.managment_url", "mgmt.url"],
  ["deepvisibility.agent.trace_id", "trace.id"],
  ["deepvisibility.agent.uuid", "agent.uuid"],
  ["deepvisibility.event.category", "event.category"],
  ["deepvisibility.event.type", "event.type"],
  ["deepvisibility.host.os.revision", "mgmt.osRevision"],
  ["deepvisibility.scheduled_task.name", "task.name"],
], FIELDS);
const LOGIN: Table = compile([
  ["user.name", "event.login.userName"],
  ["user.domain", "event.login.accountDomain"],
  ["user.id", "event.login.accountSid"],
  ["user.target.name", "event.login.userName"],
  ["user.target.domain", "event.login.accountDomain"],
  ["source.ip", "src.endpoint.ip.address"],
  ["action.properties.TargetUserName", "event.login.userName"],
  ["action.properties.TargetDomainName", "event.login.accountDomain"],
  ["action.properties.TargetUserSid", "event.login.accountSid"],
  ["action.properties.IpAddress", "src.endpoint.ip.address"],
], FIELDS);
const FAILED_LOGIN: Table = compile([["action.outcome_reason", "event.login.failureReason"]], FIELDS);
const CONNECTION: Table = compile([
  ["destination.address", "dst.ip.address"],
  ["destination.ip", "dst.ip.address", plainIp],
  ["destination.port", "dst.port.number"],
  ["network.protocol", "event.network.protocolName"],
], FIELDS);
const CONNECTION_SOURCE: Table = compile([["source.ip", "src.ip.address", plainIp], ["source.address", "src.ip.address"], ["source.port", "src.port.number"]], FIELDS);
const MODULE: Table = compile([["dll.path", "module.path"], ["dll.name", "module.path", moduleName]], FIELDS);
const DRIVER: Table = compile([["deepvisibility.driver.hash.sha1", "driver.peSha1"], ["deepvisibility.driver.hash.sha256", "driver.peSha256"]], FIELDS);
const FILE: Table = compile([
  ["file.path", "tgt.file.path"],
  ["file.hash.md5", "tgt.file.md5"],
  ["file.hash.sha1", "tgt.file.sha1"],
  ["file.hash.sha256", "tgt.file.sha256"],
  ["file.size", "tgt.file.size"],
  ["file.created", "tgt.file.creationTime", funnelTime],
  ["file.mtime", "tgt.file.modificationTime", funnelTime],
], FIELDS);
const FILE_SIGNATURE = signatureAt("file", "tgt.file");
const OLD_PATH: Table = compile([["deepvisibility.file.old_path", "tgt.file.oldPath"]], FIELDS);
/** Overwrites the size and one hash of the file that the script was read from with those of the script itself. */
const SCRIPT: Table = compile([
  ["file.size", "cmdScript.originalSize"],
  ["file.hash.sha256", "cmdScript.sha256"],
  ["deepvisibility.script.app_name", "cmdScript.applicationName"],
  ["deepvisibility.script.content", "cmdScript.content"],
  ["action.properties.ScriptBlockText", "cmdScript.content"],
], FIELDS);
const REQUEST: Table = compile([["http.request.method", "event.url.action"], ["url.original", "url.address"]], FIELDS);
const INDICATOR: Table = compile([
  ["deepvisibility.indicator.name", "indicator.name"],
  ["deepvisibility.indicator.description", "indicator.description"],
  ["deepvisibility.indicator.category", "indicator.category"],
  ["deepvisibility.indicator.metadata", "indicator.metadata"],
], FIELDS);

export function mapCloudFunnel(record: JsonObject, context: MapContext): JsonObject {
  const event = FIELDS.read(record);
  const doc = newDocument(context);
  doc["event"] = { dataset: "cloud-funnel-2.0" };
  doc["observer"] = { vendor: "SentinelOne" };
  const category = event[AT["event.category"]];
  const type = event[AT["event.type"]];
  fillFrom(EVENT, event, doc);
  categorise(category, type, doc, context);
  fillProcesses(event, doc);
  if (category === "logins") fillLogin(event, doc, context);
  if (there(event[AT["src.ip.address"]]) || there(event[AT["dst.ip.address"]])) fillConnection(event, doc);
  if (category === "dns") fillQuestion(event, doc, context);
  if (category === "module") fillFrom(MODULE, event, doc);
  if (category === "driver") fillFrom(DRIVER, event, doc);
  if (there(event[AT["tgt.file.path"]])) {
    fillFrom(FILE, event, doc);
    FILE_SIGNATURE(event, doc);
  }
  fillFrom(OLD_PATH, event, doc);
  fillRegistry(event, doc);
  if (category === "command_script") fillFrom(SCRIPT, event, doc);
  if (category === "url") fillFrom(REQUEST, event, doc);
  if (category === "indicators") fillFrom(INDICATOR, event, doc);
  if (type === "Process Creation") fillCreation(event, doc);
  return finalise(doc);
}

function categorise(category: Json | undefined, type: Json | undefined, doc: Draft, context: MapContext): void {
  const categories = category === "file" ? [["file"], [FILE_TYPES.get(type) ?? "info"]] as const : category === "registry" ? registryCategories(type) : CATEGORIES.get(category);
  if (categories !== undefined) Object.assign(objectAt(doc, ["event"]), { category: categories[0], type: categories[1] });
  else if (category === "logins") objectAt(doc, ["event"])["category"] = ["authentication"];
  else if (there(category) && !WITHOUT_CATEGORY.has(category)) context.unseen("event.category", category ?? null);
}

function registryCategories(type: Json | undefined): Categories | undefined {
  const found = REGISTRY_TYPES.get(type);
  return found === undefined ? undefined : [["registry"], [found]];
}

function systemType(value: Json): string | undefined {
  return value === "osx" ? "macos" : typeof value === "string" ? value : undefined;
}

function moduleName(value: Json): string | undefined {
  return typeof value === "string" && /[\\/]/.test(value) ? baseName(value) : undefined;
}

function fillLogin(event: Values, doc: Draft, context: MapContext): void {
  fillFrom(LOGIN, event, doc);
  const word = event[AT["event.login.type"]];
  const number = LOGON_TYPES.get(word);
  if (number !== undefined) objectAt(doc, ["action", "properties"])["LogonType"] = number;
  else if (typeof word === "string" && word !== "") context.unseen("event.login.type", word);
  const successful = event[AT["event.login.loginIsSuccessful"]];
  if (successful === true) outcome(doc, "success", "start");
  if (successful === false) {
    outcome(doc, "failure", "error");
    fillFrom(FAILED_LOGIN, event, doc);
  }
  if (event[AT["event.type"]] === "Logout") outcome(doc, "success", "end");
  if (event[AT["event.login.isAdministratorEquivalent"]] === true) objectAt(doc, ["user"])["roles"] = ["admin"];
}

function outcome(doc: Draft, word: string, type: string): void {
  objectAt(doc, ["action"])["outcome"] = word;
  objectAt(doc, ["event"])["type"] = [type];
}

function fillConnection(event: Values, doc: Draft): void {
  if (there(event[AT["src.ip.address"]])) fillFrom(CONNECTION_SOURCE, event, doc);
  fillFrom(CONNECTION, event, doc);
  const direction = DIRECTIONS.get(event[AT["event.network.direction"]]);
  if (direction !== undefined) objectAt(doc, ["network"])["direction"] = direction;
}

function fillQuestion(event: Values, doc: Draft, context: MapContext): void {
  // "type: 28 example.com" as well as the bare name.
  const name = filled(event[AT["event.dns.request"]])?.split(" ").at(-1);
  if (name !== undefined && name !== "") objectAt(doc, ["dns", "question"])["name"] = name;
  if (there(event[AT["event.dns.request"]])) objectAt(doc, ["dns"])["type"] = "query";
  const response = event[AT["event.dns.response"]];
  if (typeof response === "string") Object.assign(objectAt(doc, ["dns"]), { answers: answersOf(response, context), type: "answer" });
}

/** The hive in front, the value last, the key between; of a key without a value its last part is taken for one. */
function fillRegistry(event: Values, doc: Draft): void {
  const path = filled(event[AT["registry.keyPath"]]);
  if (path !== undefined) {
    const parts = path.split("\\");
    const [hive = ""] = parts;
    const value = parts.at(-1) ?? "";
    const key = parts.slice(1, -1).join("\\");
    Object.assign(objectAt(doc, ["registry"]), { path, ...(value === "" ? {} : { value }), ...(hive === "" ? {} : { hive }), ...(key === "" ? {} : { key }) });
  }
  const value = event[AT["registry.value"]];
  if (value === undefined || value === null) return;
  const type = event[AT["registry.valueType"]];
  const data = objectAt(doc, ["registry", "data"]);
  data["type"] = `REG_${asText(type ?? "None")}`;
  if (isBinary(type)) {
    if (value !== "") data["bytes"] = asText(value);
  } else data["strings"] = [asText(value)];
  const before = event[AT["registry.oldValue"]];
  if (before !== undefined && before !== null && !isBinary(event[AT["registry.oldValueType"]])) objectAt(doc, ["deepvisibility", "registry", "old", "data"])["strings"] = [asText(before)];
}

function isBinary(type: Json | undefined): boolean {
  return !there(type) || type === "BINARY";
}

function asText(value: Json): string {
  return typeof value === "object" ? stringifyExact(value) : String(value);
}
