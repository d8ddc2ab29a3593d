/** Alerts of custom rules in their older form: the rule, the process that matched and its parent, and what it touched. */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { firstText, flag, instant, object, text } from "../values.ts";
import { dnsOf } from "./dns.ts";
import { Draft, put, putObject, putScope, type Fields } from "./document.ts";
import { directionOf, endpointOf } from "./endpoints.ts";
import { named, putHost } from "./host.ts";
import { fileOf, hashesOf, processOf, userOf } from "./process.ts";
import { registryOf } from "./registry.ts";
import { severityOf } from "./severity.ts";
import { indicator } from "./threat-intelligence.ts";
import { containerOf, orchestratorOf } from "./workload.ts";

export const cloudDetectionAlertToEcs: RecordMap = (record, context) => {
  const draft = new Draft("cloud-detection-alerts", record, context);
  const { event } = draft;
  const alert = object(record["alertInfo"]);
  const rule = object(record["ruleInfo"]);
  const agent = object(record["agentDetectionInfo"]);
  const program = object(record["sourceProcessInfo"]);
  const malicious = text(rule["treatAsThreat"])?.toLowerCase() === "malicious";
  draft.classify({ kind: "alert", category: malicious ? ["intrusion_detection", "malware"] : ["intrusion_detection"], type: ["info"] });
  const created = instant(alert["createdAt"]);
  const reported = instant(alert["reportedAt"]);
  draft.put("@timestamp", created ?? reported ?? instant(alert["updatedAt"]));
  put(event, "id", text(alert["alertId"]));
  put(event, "created", reported ?? created);
  put(event, "code", text(alert["eventType"]));
  event["action"] = "custom-rule-matched";
  put(event, "provider", text(alert["source"]));
  put(event, "severity", severityOf(rule["severity"], "ruleInfo.severity", context) ?? undefined);
  put(event, "reason", text(rule["description"]));
  const name = text(rule["name"]);
  const machine = named(agent["name"]);
  const process = text(program["name"]);
  draft.put("message", `${name === undefined ? "A custom rule" : `Custom rule ${name}`} matched${process === undefined ? "" : ` ${process}`}${machine === undefined ? "" : ` on ${machine}`}`);
  draft.put("observer", { vendor: "SentinelOne", product: "Singularity STAR", type: "sensor" });
  const fields: Fields = {};
  put(fields, "id", text(rule["id"]));
  put(fields, "name", name);
  put(fields, "description", text(rule["description"]));
  put(fields, "category", text(alert["hitType"]));
  put(fields, "ruleset", text(rule["queryType"]));
  put(fields, "version", text(rule["queryLang"]));
  draft.putObject("rule", fields);

  putHost(
    draft,
    { name: agent["name"], uuid: agent["uuid"], agentVersion: agent["version"], type: agent["machineType"], osType: agent["osFamily"], osName: agent["osName"], osVersion: agent["osRevision"], addresses: [alert["srcMachineIp"]] },
    "agentDetectionInfo.osFamily",
    context,
  );
  putProcesses(draft, record, program);
  putTouched(draft, record, alert, context);
  putLogin(draft, program, alert);
  putWorkload(draft, record);
  putScope(draft, { account: { id: text(agent["accountId"]), name: undefined }, site: { id: text(agent["siteId"]), name: undefined }, group: { id: undefined, name: undefined } });
  return draft.done();
};

function processFields(draft: Draft, facts: JsonObject): Fields {
  return processOf(draft, {
    executable: facts["filePath"],
    name: facts["name"],
    commandLine: facts["commandline"],
    pid: facts["pid"],
    entityId: facts["uniqueId"],
    start: facts["pidStarttime"],
    md5: facts["fileHashMd5"],
    sha1: facts["fileHashSha1"],
    sha256: facts["fileHashSha256"],
    signer: facts["fileSignerIdentity"],
    user: firstText(facts["effectiveUser"], facts["user"]),
    realUser: facts["realUser"],
  });
}

function putProcesses(draft: Draft, record: JsonObject, program: JsonObject): void {
  const process = processFields(draft, program);
  putObject(process, "parent", processFields(draft, object(record["sourceParentProcessInfo"])));
  draft.putObject("process", process);
}

/** File, module, registry, names and addresses that the process touched. */
function putTouched(draft: Draft, record: JsonObject, alert: JsonObject, context: MapContext): void {
  const target = object(record["targetProcessInfo"]);
  draft.putObject(
    "file",
    fileOf(draft, {
      path: target["tgtFilePath"],
      sha1: target["tgtFileHashSha1"],
      sha256: target["tgtFileHashSha256"],
      created: target["tgtFileCreatedAt"],
      modified: target["tgtFileModifiedAt"],
      signed: target["tgtFileIsSigned"],
    }),
  );
  const module = fileOf(draft, { path: alert["modulePath"], sha1: alert["moduleSha1"] });
  const dll: Fields = {};
  put(dll, "path", module["path"]);
  put(dll, "name", module["name"]);
  putObject(dll, "hash", hashesOf(draft, { sha1: alert["moduleSha1"] }));
  draft.putObject("dll", dll);
  draft.putObject("registry", registryOf({ path: firstText(alert["registryPath"], alert["registryKeyPath"]), key: alert["registryKeyPath"], value: alert["registryValue"], type: undefined }));
  draft.putObject("dns", dnsOf(draft, alert["dnsRequest"], alert["dnsResponse"]));
  const source = endpointOf(draft, undefined, alert["srcIp"], alert["srcPort"]);
  const destination = endpointOf(draft, undefined, alert["dstIp"], alert["dstPort"]);
  draft.putObject("source", source);
  draft.putObject("destination", destination);
  const direction = directionOf(alert["netEventDirection"], "alertInfo.netEventDirection", context);
  if (direction !== undefined) draft.put("network", { direction });
  putIndicator(draft, alert);
}

/** A match with threat intelligence. */
function putIndicator(draft: Draft, alert: JsonObject): void {
  const found = indicator(draft, { type: alert["tiIndicatorType"], value: alert["tiIndicatorValue"], source: alert["tiIndicatorSource"] });
  if (found["name"] !== undefined) draft.put("threat", { indicator: found });
}

/** Of a login, the user is who logs in; the domain and id beside it are those of the account that asked for it. Else the user is the process's. */
function putLogin(draft: Draft, program: JsonObject, alert: JsonObject): void {
  const login = named(alert["loginsUserName"]);
  const user = userOf(draft, { name: login ?? firstText(program["effectiveUser"], program["user"]) });
  if (login !== undefined) {
    const well = flag(alert["loginIsSuccessful"]);
    if (well !== undefined) draft.event["outcome"] = well ? "success" : "failure";
  }
  draft.putObject("user", user);
}

function putWorkload(draft: Draft, record: JsonObject): void {
  const container = object(record["containerInfo"]);
  draft.putObject("container", containerOf({ id: container["id"], name: container["name"], image: container["image"], labels: container["labels"] }));
  const cluster = object(record["kubernetesInfo"]);
  draft.putObject(
    "orchestrator",
    orchestratorOf({ cluster: cluster["cluster"], namespace: cluster["namespace"], controllerKind: cluster["controllerKind"], controllerName: cluster["controllerName"], pod: cluster["pod"], labels: cluster["podLabels"] }),
  );
  draft.host(text(cluster["node"]));
}
