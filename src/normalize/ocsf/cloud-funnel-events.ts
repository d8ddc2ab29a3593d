/** What an event of Cloud Funnel becomes, one function for each of its categories; those of the network and of logins lie beside. */
import type { JsonObject } from "../../kernel/json.ts";
import { DETECTION_FINDING, FILE_ACTIVITY, KERNEL_ACTIVITY, KERNEL_EXTENSION_ACTIVITY, MODULE_ACTIVITY, PROCESS_ACTIVITY, SCHEDULED_JOB_ACTIVITY, SCRIPT_ACTIVITY } from "./classes.ts";
import { connection, dns, http, login } from "./cloud-funnel-network.ts";
import { actorAt, oldFile, OS_SOURCE, processAt, TARGET, targetFile } from "./cloud-funnel-parts.ts";
import { activityOf, onMachine, other, type Mapped, type Told } from "./cloud-funnel-told.ts";
import { INJECTION_TYPE, JOB_TYPE, LOAD_TYPE, OTHER, put, putId, putList, SCRIPT_TYPE, type Draft } from "./enums.ts";
import type { Event } from "./event.ts";
import { fileOf, hashesOf, NAMED_PIPE, REGULAR, signatureOf } from "./file.ts";
import * as finding from "./finding.ts";
import { urlOf } from "./network.ts";

const PROCESS_TYPES = [
  ["creation", 1],
  ["termination", 2],
  ["exit", 2],
  ["remotethread", 4],
  ["threadcreate", 4],
  ["injection", 4],
  ["open", 3],
  ["duplicate", 3],
] as const;

function process(event: Event, told: Told): void {
  const { fields, device, context, type } = told;
  const activity = activityOf(type, PROCESS_TYPES);
  const actor = actorAt(fields, context);
  const source = actor["process"] as JsonObject | undefined;
  // What the system itself names as the parent, where that is another than the one SentinelOne holds responsible.
  const parent = activity === 1 ? (processAt(fields, OS_SOURCE, context) ?? source) : undefined;
  const target = processAt(fields, TARGET, context, withoutParent(parent)) ?? source;
  if (target === undefined) return other(event, told);
  event.classify(PROCESS_ACTIVITY, activity, told.label);
  event.actor(actor);
  event.device(device);
  event.put("process", target);
  event.put("exit_code", fields.integer("event.processtermination.exitCode"));
  event.put("requested_permissions", fields.integer("tgt.process.accessRights"));
  if (activity === 4) event.putId("injection_type", type.includes("thread") ? 1 : 0, INJECTION_TYPE);
}

/** The actor tells its own parents already. */
function withoutParent(process: JsonObject | undefined): JsonObject | undefined {
  if (process?.["parent_process"] === undefined) return process;
  const { parent_process: _, ...rest } = process;
  return rest;
}

const FILE_TYPES = [
  ["creation", 1],
  ["read", 2],
  ["modification", 3],
  ["deletion", 4],
  ["rename", 5],
  ["open", 14],
] as const;

function file(event: Event, told: Told): void {
  const { fields, type } = told;
  const activity = activityOf(type, FILE_TYPES);
  const found = targetFile(fields);
  if (found === undefined) return other(event, told);
  event.classify(FILE_ACTIVITY, activity, told.label);
  onMachine(event, told);
  const old = oldFile(fields);
  // A renamed file was the old one and is the new one.
  event.put("file", activity === 5 ? (old ?? found) : found);
  if (activity === 5 && old !== undefined) event.put("file_result", found);
}

function namedPipe(event: Event, told: Told): void {
  const { fields } = told;
  const name = fields.firstText("namedPipe.name", "tgt.file.path", "tgt.file.name");
  const found = name === undefined ? undefined : fileOf({ path: name, type: NAMED_PIPE });
  if (found === undefined) return other(event, told);
  event.classify(FILE_ACTIVITY, activityOf(told.type, [["creation", 1], ["connect", 14]]), told.label);
  onMachine(event, told);
  event.put("file", found);
}

const REGISTRY_TYPES = [
  ["create", 1],
  ["creation", 1],
  ["delete", 3],
  ["deletion", 3],
] as const;

/**
 * OCSF's classes of the registry belong to its Windows extension, which is no part of the schema these documents are held to. The registry
 * is the kernel's, so its keys and values are kernel resources here; old and new data stay in `unmapped`.
 */
function registry(event: Event, told: Told): void {
  const { fields, type } = told;
  const path = fields.firstText("registry.keyPath", "registry.keyUid");
  event.classify(KERNEL_ACTIVITY, activityOf(type, REGISTRY_TYPES), told.label);
  onMachine(event, told);
  const name = path === undefined ? "unknown" : path.slice(path.lastIndexOf("\\") + 1) || path;
  const kernel: Draft = { name, type_id: OTHER, type: type.includes("value") ? "Registry Value" : "Registry Key" };
  put(kernel, "path", path);
  event.put("kernel", kernel);
  if (path !== undefined) event.observe({ name: "kernel.path", value: path, type_id: OTHER, type: "Registry Path" });
}

function moduleLoad(event: Event, told: Told): void {
  const { fields } = told;
  event.classify(MODULE_ACTIVITY, activityOf(told.type, [["unload", 2], ["load", 1]]), told.label);
  onMachine(event, told);
  const found = fileOf({ path: fields.text("module.path"), type: REGULAR, md5: fields.hash("module.md5"), sha1: fields.hash("module.sha1"), sha256: fields.hash("module.sha256") }) ?? targetFile(fields);
  const made: Draft = {};
  put(made, "file", found);
  putId(made, "load_type", 0, LOAD_TYPE);
  event.put("module", made);
}

function driver(event: Event, told: Told): void {
  const { fields } = told;
  const service = fields.text("driver.serviceName");
  const found =
    targetFile(fields) ??
    fileOf({
      name: service,
      type: REGULAR,
      sha1: fields.hash("driver.peSha1"),
      sha256: fields.hash("driver.peSha256"),
      version: fields.text("driver.fileVersion"),
      signature: signatureOf({ publisher: fields.text("driver.sig.1.publisher"), valid: fields.flag("driver.sig.1.valid") }),
    });
  if (found === undefined) return other(event, told);
  event.classify(KERNEL_EXTENSION_ACTIVITY, activityOf(told.type, [["unload", 2], ["load", 1]]), told.label);
  onMachine(event, told);
  event.put("driver", { file: found });
}

const TASK_TYPES = [
  ["register", 1],
  ["update", 2],
  ["delete", 3],
  ["start", 6],
  ["trigger", 6],
] as const;

function scheduledTask(event: Event, told: Told): void {
  const { fields } = told;
  const name = fields.firstText("task.name", "task.path");
  event.classify(SCHEDULED_JOB_ACTIVITY, activityOf(told.type, TASK_TYPES), told.label);
  onMachine(event, told);
  const job: Draft = { name: name ?? "unknown" };
  // Only Windows' scheduler is watched.
  putId(job, "type", told.fields.peek("endpoint.os") === "windows" ? 1 : 0, JOB_TYPE);
  put(job, "file", fileOf({ path: name === undefined ? undefined : fields.text("task.path"), type: REGULAR }) ?? targetFile(fields));
  event.put("job", job);
}

const SCRIPT_WORDS = [
  ["powershell", 2],
  ["cmd", 1],
  ["python", 3],
  ["jscript", 4],
  ["javascript", 4],
  ["vbscript", 5],
  ["bash", 6],
  ["sh", 6],
  ["vba", 7],
] as const;

function script(event: Event, told: Told): void {
  const { fields } = told;
  const content = fields.text("cmdScript.content");
  event.classify(SCRIPT_ACTIVITY, 1);
  onMachine(event, told);
  const application = fields.text("cmdScript.applicationName");
  const body: Draft = { value: content ?? "" };
  const complete = fields.flag("cmdScript.isComplete");
  if (complete !== undefined) body["is_truncated"] = !complete;
  if (complete === false) put(body, "untruncated_size", fields.integer("cmdScript.originalSize"));
  const made: Draft = { script_content: body };
  const language = application === undefined ? 0 : activityOf(application.toLowerCase(), SCRIPT_WORDS);
  made["type_id"] = language;
  made["type"] = language === OTHER ? (application ?? "Other") : (SCRIPT_TYPE[language] ?? "Unknown");
  put(made, "name", application);
  putList(made, "hashes", hashesOf({ sha256: fields.hash("cmdScript.sha256") }));
  put(made, "file", targetFile(fields));
  event.put("script", made);
}

/** What an engine of the agent noticed; not yet a threat, so informational. */
function indicator(event: Event, told: Told): void {
  const { fields, id } = told;
  const name = fields.text("indicator.name");
  const category = fields.text("indicator.category");
  event.classify(DETECTION_FINDING, 1);
  onMachine(event, told);
  event.put("is_alert", false);
  event.put(
    "finding_info",
    finding.infoOf({
      uid: id,
      title: name ?? told.label,
      description: fields.text("indicator.description"),
      types: finding.typesOf(category),
      analytic: finding.analyticOf({ type: { id: 2, caption: "Behavioral" }, name, uid: fields.text("indicator.identifier"), category }),
    }),
  );
}

/** An indicator of the customer's threat intelligence was met. */
function intelligence(event: Event, told: Told): void {
  const { fields, id } = told;
  const value = fields.text("tiIndicator.value");
  const name = fields.text("tiIndicator.name");
  event.classify(DETECTION_FINDING, 1);
  onMachine(event, told);
  event.put("is_alert", true);
  event.severityId(3);
  const kind = fields.text("tiIndicator.type");
  event.put(
    "finding_info",
    finding.infoOf({
      uid: id,
      title: name ?? (value === undefined ? told.label : `${kind ?? "Indicator"} ${value}`),
      types: finding.typesOf(kind),
      analytic: finding.analyticOf({ type: { id: OTHER, caption: "Threat Intelligence" }, name: fields.text("tiIndicator.source"), uid: fields.text("tiIndicator.uid") }),
      created: fields.time("tiIndicator.uploadTime"),
      modified: fields.time("tiIndicator.modificationTime"),
    }),
  );
  const evidence: Draft = {};
  const address = fields.ip("tiIndicator.value");
  if (address !== undefined) evidence["dst_endpoint"] = { ip: address };
  else if (value !== undefined && /url/i.test(kind ?? "")) evidence["url"] = urlOf(value);
  else if (value !== undefined && /dns|domain/i.test(kind ?? "")) evidence["query"] = { hostname: value };
  else if (value !== undefined && hashed(kind, value) === undefined) evidence["data"] = value;
  put(evidence, "file", targetFile(fields) ?? hashed(kind, value));
  for (const _ in evidence) {
    event.putList("evidences", [evidence]);
    return;
  }
}

/** A hash that somebody watches for. */
function hashed(kind: string | undefined, value: string | undefined): JsonObject | undefined {
  const algorithm = kind?.replace(/[^a-z0-9]/gi, "").toLowerCase();
  return algorithm === "md5" || algorithm === "sha1" || algorithm === "sha256" ? fileOf({ [algorithm]: value }) : undefined;
}

export const CATEGORIES: ReadonlyMap<string, Mapped> = new Map<string, Mapped>([
  ["process", process],
  ["cross_process", process],
  ["file", file],
  ["named_pipe", namedPipe],
  ["registry", registry],
  ["module", moduleLoad],
  ["driver", driver],
  ["scheduled_task", scheduledTask],
  ["command_script", script],
  ["ip", connection],
  ["dns", dns],
  ["url", http],
  ["logins", login],
  ["indicators", indicator],
  ["threat_intelligence_indicators", intelligence],
  ["group", other],
]);
