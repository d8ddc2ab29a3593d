/**
 * Threats: what was found (`file`, and as an indicator under `threat.indicator`), by which process and whose, on which machine, and what was
 * done about it. The machine is told as it was at the time of detection, its name and number as they are now (the vendor has no others).
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { address, baseName, firstText, instant, list, object, text } from "../values.ts";
import { Attack } from "./attack.ts";
import { Draft, put, putObject, putScope, scopeOf, type Classification, type Fields } from "./document.ts";
import { named, putHost } from "./host.ts";
import { fileOf, processOf, userOf, type FileFacts } from "./process.ts";
import { severityOfConfidence } from "./severity.ts";
import { cloudOf, containerOf, orchestratorOf } from "./workload.ts";

const CLASS: Classification = { kind: "alert", category: ["malware"], type: ["info"] };

/** Mitigation as an outcome; what is under way or was never tried is unknown. */
const OUTCOMES: ReadonlyMap<string, string> = new Map([
  ["mitigated", "success"],
  ["blocked", "success"],
  ["suspicious_resolved", "success"],
  ["not_mitigated", "failure"],
  ["active", "failure"],
  ["suspicious", "failure"],
  ["marked_as_benign", "unknown"],
  ["benign", "unknown"],
  ["pending", "unknown"],
  ["pending_reboot", "unknown"],
  ["partially_mitigated", "failure"],
]);

/** ECS's words of confidence. */
const CONFIDENCES: ReadonlyMap<string, string> = new Map([
  ["malicious", "High"],
  ["suspicious", "Medium"],
  ["n/a", "Not Specified"],
]);

/** ATT&CK tells two types of software; a tool is what others than its makers misuse. */
const TOOLS: ReadonlySet<string> = new Set(["hacktool", "pua", "remote access", "remote shell", "toolbar", "application control"]);

export const threatToEcs: RecordMap = (record, context) => {
  const draft = new Draft("threats", record, context);
  const { event } = draft;
  draft.classify(CLASS);
  const info = object(record["threatInfo"]);
  const then = object(record["agentDetectionInfo"]);
  const now = object(record["agentRealtimeInfo"]);

  const identified = instant(info["identifiedAt"]);
  const created = instant(info["createdAt"]) ?? instant(record["createdAt"]);
  draft.put("@timestamp", identified ?? created ?? instant(info["updatedAt"]) ?? instant(record["EventTime"]));
  const id = firstText(record["id"], info["threatId"]);
  put(event, "id", id);
  put(event, "created", created);
  put(event, "start", identified);
  event["action"] = info["mitigatedPreemptively"] === true ? "threat-blocked" : "threat-detected";
  const outcome = text(info["mitigationStatus"])?.toLowerCase();
  if (outcome !== undefined) {
    event["outcome"] = OUTCOMES.get(outcome) ?? "unknown";
    if (!OUTCOMES.has(outcome)) context.unseen("threatInfo.mitigationStatus", outcome);
  }
  put(event, "severity", severityOfConfidence(info["confidenceLevel"], "threatInfo.confidenceLevel", context) ?? undefined);
  put(event, "provider", firstText(...list(info["engines"])));
  put(event, "reason", reasonOf(record));
  if (context.console !== null && id !== undefined) event["url"] = `${context.console}/incidents/threats/${encodeURIComponent(id.toWellFormed())}/overview`;
  draft.put("message", messageOf(info, named(now["agentComputerName"])));
  draft.put("observer", { vendor: "SentinelOne", product: "Singularity Endpoint", type: "sensor" });
  putRule(draft, info);

  putHost(
    draft,
    {
      name: now["agentComputerName"],
      domain: named(then["agentDomain"]) ?? now["agentDomain"],
      uuid: named(then["agentUuid"]) ?? now["agentUuid"],
      agentId: now["agentId"],
      agentVersion: named(then["agentVersion"]) ?? now["agentVersion"],
      type: now["agentMachineType"],
      osType: now["agentOsType"],
      osName: named(then["agentOsName"]) ?? now["agentOsName"],
      osVersion: named(then["agentOsRevision"]) ?? now["agentOsRevision"],
      addresses: [then["agentIpV4"], then["agentIpV6"], ...interfaceFields(now, "inet"), ...interfaceFields(now, "inet6")],
      macs: interfaceFields(now, "physical"),
    },
    "agentRealtimeInfo.agentOsType",
    context,
  );
  draft.external(then["externalIp"]);
  const file = fileOf(draft, fileFacts(info));
  draft.putObject("file", file);
  putProgram(draft, info, then);
  putThreat(draft, record, info, file, context);
  putWorkload(draft, record, then);
  putScope(draft, scopeOf(then, now));
  return draft.done();
};

function interfaceFields(now: JsonObject, field: string): readonly (Json | undefined)[] {
  return list(now["networkInterfaces"]).map((one) => object(one)[field]);
}

function reasonOf(record: JsonObject): string | undefined {
  const reasons = new Set<string>();
  for (const indicator of list(record["indicators"])) {
    const said = text(object(indicator)["description"]);
    if (said !== undefined) reasons.add(said);
    if (reasons.size === 20) break;
  }
  return reasons.size === 0 ? undefined : [...reasons].map((said) => said.replace(/\.\s*$/, "")).join("; ");
}

/** `Trojan invoice.exe (malicious) on OF-LT-0417: mitigated`. */
function messageOf(info: JsonObject, host: string | undefined): string {
  const what = [firstText(info["classification"]) ?? "Threat", text(info["threatName"])].filter((part) => part !== undefined).join(" ");
  const confidence = text(info["confidenceLevel"]);
  const status = firstText(info["mitigationStatusDescription"], info["mitigationStatus"])?.toLowerCase().replaceAll("_", " ");
  return `${what}${confidence === undefined ? "" : ` (${confidence})`}${host === undefined ? "" : ` on ${host}`}${status === undefined ? "" : `: ${status}`}`;
}

/** The engine that found it. */
function putRule(draft: Draft, info: JsonObject): void {
  const engine = object(list(info["detectionEngines"])[0]);
  const rule: Fields = {};
  put(rule, "id", text(engine["key"]));
  put(rule, "name", firstText(engine["title"], list(info["engines"])[0]));
  put(rule, "category", text(info["classification"]));
  put(rule, "ruleset", text(info["classificationSource"]));
  draft.putObject("rule", rule);
}

function fileFacts(info: JsonObject): FileFacts {
  return {
    path: info["filePath"],
    name: nameOf(info),
    extension: info["fileExtension"],
    size: info["fileSize"],
    md5: info["md5"],
    sha1: info["sha1"],
    sha256: info["sha256"],
    signer: firstText(info["publisherName"], info["certificateId"]),
    signed: signedOf(info["fileVerificationType"]),
    verified: signedOf(info["fileVerificationType"]) === true ? (info["isValidCertificate"] ?? undefined) : undefined,
  };
}

/** The threat's name is that of its file where the path does not name one. */
function nameOf(info: JsonObject): string | undefined {
  const path = text(info["filePath"]);
  return path === undefined ? text(info["threatName"]) : (text(baseName(path)) ?? text(info["threatName"]));
}

function signedOf(value: Json | undefined): boolean | undefined {
  const word = text(value);
  if (word === undefined) return undefined;
  if (word === "NotSigned") return false;
  return word.startsWith("Signed") ? true : undefined;
}

/** `originatorProcess` started what was found: its parent. Arguments are those of the process that was found. */
function putProgram(draft: Draft, info: JsonObject, then: JsonObject): void {
  const process = processOf(draft, { commandLine: info["maliciousProcessArguments"], user: info["processUser"] });
  // A script or document is no process of its own.
  if (text(info["maliciousProcessArguments"]) !== undefined) put(process, "name", nameOf(info));
  const parent = text(baseName(text(info["originatorProcess"]) ?? ""));
  if (parent !== undefined) process["parent"] = { name: parent };
  draft.putObject("process", process);
  const user = userOf(draft, { name: named(info["processUser"]) ?? then["agentLastLoggedInUserName"], email: named(info["processUser"]) === undefined ? then["agentLastLoggedInUserMail"] : undefined });
  draft.putObject("user", user);
  for (const field of ["agentLastLoggedInUserName", "agentLastLoggedInUpn", "agentLastLoggedInUserMail"]) draft.user(named(then[field]));
  draft.user(named(info["rootProcessUpn"]));
  draft.user(named(info["initiatingUsername"]));
}

function putThreat(draft: Draft, record: JsonObject, info: JsonObject, file: Fields, context: MapContext): void {
  const attack = new Attack();
  for (const indicator of list(record["indicators"])) {
    for (const one of list(object(indicator)["tactics"])) {
      const tactic = object(one);
      attack.tactic(undefined, tactic["name"]);
      for (const technique of list(tactic["techniques"])) attack.technique(undefined, object(technique)["name"], object(technique)["link"]);
    }
  }
  const threat: Fields = {};
  attack.write(threat);
  const confidence = text(info["confidenceLevel"])?.toLowerCase();
  const indicator: Fields = {};
  if (file["name"] !== undefined || file["hash"] !== undefined) {
    indicator["type"] = "file";
    indicator["file"] = file;
    put(indicator, "name", text(info["threatName"]));
    put(indicator, "confidence", confidence === undefined ? undefined : CONFIDENCES.get(confidence));
    put(indicator, "first_seen", instant(info["identifiedAt"]));
  }
  putObject(threat, "indicator", indicator);
  const classification = text(info["classification"]);
  if (classification !== undefined) threat["software"] = { type: TOOLS.has(classification.toLowerCase()) ? "Tool" : "Malware" };
  draft.putObject("threat", threat);
  if (confidence !== undefined && !CONFIDENCES.has(confidence)) context.unseen("threatInfo.confidenceLevel", confidence);
}

function putWorkload(draft: Draft, record: JsonObject, then: JsonObject): void {
  const container = object(record["containerInfo"]);
  draft.putObject("container", containerOf({ id: container["id"], name: container["name"], image: container["image"], labels: container["labels"] }));
  const cluster = object(record["kubernetesInfo"]);
  draft.putObject(
    "orchestrator",
    orchestratorOf({ cluster: cluster["cluster"], namespace: cluster["namespace"], controllerKind: cluster["controllerKind"], controllerName: cluster["controllerName"], pod: cluster["pod"], labels: cluster["podLabels"] }),
  );
  draft.host(text(cluster["node"]));
  draft.putObject("cloud", cloudOfProviders(then["cloudProviders"]));
  draft.ip(address(then["externalIp"]));
}

/** `cloudProviders` is an object with one entry for each provider, named by it. */
export function cloudOfProviders(value: Json | undefined): Fields {
  const providers = object(value);
  for (const provider of Object.keys(providers)) {
    const facts = object(providers[provider]);
    return cloudOf({ provider, account: facts["cloudAccount"], instance: facts["cloudInstanceId"], size: facts["cloudInstanceSize"], location: facts["cloudLocation"] });
  }
  return {};
}
