/**
 * Activities as Sekoia's EDR intake gives them. Each names its type in `action.type` and, where the intake's dictionary has a word for it, in
 * `event.action`; its payload `data` stays under `sentinelone.data.*` besides what ECS has a field for. An activity has no `event.kind` there.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { ACTIVITY_TYPES } from "../activity-types.ts";
import type { MapContext } from "../contract.ts";
import { ACTIVITY_NAMES } from "./activity-names.ts";
import { fillRecord } from "./edr.ts";
import { finalise, newDocument } from "./finalise.ts";
import { compile, compileNames, fill, fillNames, member, objectAt, text, type Draft, type Names, type Table } from "./table.ts";
import { baseName, fromEpoch, ip, isBlank } from "./values.ts";

/** A device that was allowed; the intake puts it into a pair of category and type that ECS does not expect. */
const DEVICE_CONNECTED = 5126;

const DATA: Table = compile([
  ["os.family", "osFamily"],
  ["host.name", ["computerName", "origagentname"]],
  ["host.os.family", "origagentosfamily"],
  ["host.os.name", "origagentosname"],
  ["url.original", "downloadUrl"],
  ["file.name", ["filename", "fileDisplayName", "sourceprocessname"]],
  ["file.path", ["filePath", "value"]],
  ["file.hash.sha1", "fileContentHash"],
  ["rule.name", ["rulename", "ruleName"]],
  ["rule.id", ["ruleid", "ruleId"]],
  ["rule.description", ["ruledescription", "ruleDescription"]],
  ["threat.software.type", "threatClassification"],
  ["network.direction", "reportedDirection"],
  ["network.protocol", "reportedProtocol"],
  ["source.ip", "ipAddress"],
  ["source.ip", "reportedLocalHost"],
  ["source.port", "reportedLocalPort"],
  ["destination.ip", "reportedRemoteHost"],
  ["destination.port", "reportedRemotePort"],
  ["container.id", "k8scontainerid"],
  ["container.image.name", "k8scontainerimage"],
  ["container.labels", "k8scontainerlabels", labels],
  ["container.name", "k8scontainername"],
  ["process.command_line", "sourceprocesscommandline"],
  ["process.executable", "sourceprocessfilepath"],
  ["process.name", "sourceprocessfilepath", baseName],
  ["process.pid", "sourceprocesspid"],
  ["process.start", "sourceprocessstarttime", startTime],
  ["process.hash.md5", "sourceprocessmd5"],
  ["process.hash.sha1", "sourceprocesssha1"],
  ["process.hash.sha256", "sourceprocesssha256"],
  ["process.parent.command_line", "sourceparentprocesscommandline"],
  ["process.parent.executable", "sourceparentprocesspath"],
  ["process.parent.name", "sourceparentprocessname"],
  ["process.parent.pid", "sourceparentprocesspid"],
  ["process.parent.start", "sourceparentprocessstarttime", startTime],
  ["process.parent.hash.md5", "sourceparentprocessmd5"],
  ["process.parent.hash.sha1", "sourceparentprocesssha1"],
  ["process.parent.hash.sha256", "sourceparentprocesssha256"],
  ["process.parent.code_signature.subject_name", "sourceparentprocesssigneridentity"],
  ["sentinelone.data.group.id", "groupId"],
]);
const DATA_KEPT: Names = compileNames("sentinelone.data", [
  "accountName", "action", "activatedEngines", "agentipv4", "alertId", "alertid", "application", "applicationType", "bluetoothAddress", "byUser", "computerName", "confidenceLevel", "createdAt",
  "createdByUsername", "creator", "current", "deactivatedEngines", "deactivationPeriodInDays", "detectedat", "deviceClass", "deviceInformationServiceInfoKey",
  "deviceInformationServiceInfoValue", "deviceName", "direction", "disabledLevel", "dnsrequest", "dnsresponse", "dstip", "dstport", "durationOfMeasurement", "dveventid", "dveventtype",
  "enabledReason", "escapedMaliciousProcessArguments", "eventId", "eventTime", "eventType", "exclusionType", "expiration", "externalIp", "externalip", "fileDisplayName", "fullScopeDetails",
  "fullScopeDetailsPath", "gattService", "globalStatus", "groupName", "indicatorcategory", "indicatordescription", "indicatorname", "interface", "ipAddress", "k8sclustername",
  "k8scontainerid", "k8scontainerimage", "k8scontainerlabels", "k8scontainername", "k8scontrollerkind", "k8scontrollerlabels", "k8scontrollername", "k8snamespace", "k8snamespacelabels",
  "k8snode", "k8spod", "k8spodlabels", "lastLoggedInUserName", "lmpVersion", "localHost", "localHostType", "localPortType", "localPorts", "locationNames", "loginaccountdomain",
  "loginaccountsid", "loginisadministratorequivalent", "loginissuccessful", "loginsusername", "logintype", "manufacturerName", "minorClass", "minorClasses", "modulepath", "modulesha1",
  "neteventdirection", "newGroupId", "newGroupName", "newStatus", "numberOfEvents", "oldGroupId", "oldGroupName", "order", "origagentmachinetype", "origagentname", "origagentosfamily",
  "origagentosname", "origagentosrevision", "origagentsiteid", "origagentuuid", "origagentversion", "originalStatus", "osType", "osTypes", "physical", "policy", "policyName", "previous",
  "processId", "processName", "productId", "profileUuids", "protocol", "reason", "registrykeypath", "registryoldvalue", "registryoldvaluetype", "registrypath", "registryvalue", "remoteHost",
  "remoteHostType", "remotePortType", "remotePorts", "role", "ruleScopeLevel", "ruleScopeName", "ruleType", "rulescopeid", "rulescopelevel", "scopeId", "scopeLevel", "scopeName", "setting",
  "severity", "shouldReboot", "siteName", "source", "sourcename", "sourceparentprocesscommandline", "sourceparentprocessintegritylevel", "sourceparentprocesskey",
  "sourceparentprocessmd5", "sourceparentprocessname", "sourceparentprocesspath", "sourceparentprocesspid", "sourceparentprocesssha1", "sourceparentprocesssha256",
  "sourceparentprocesssigneridentity", "sourceparentprocessstarttime", "sourceparentprocessstoryline", "sourceparentprocesssubsystem", "sourceparentprocessusername",
  "sourceprocesscommandline", "sourceprocessfilepath", "sourceprocessfilesigneridentity", "sourceprocessfilesingeridentity", "sourceprocessintegritylevel", "sourceprocesskey",
  "sourceprocessmd5", "sourceprocessname", "sourceprocesspid", "sourceprocesssha1", "sourceprocesssha256", "sourceprocessstarttime", "sourceprocessstoryline", "sourceprocesssubsystem",
  "sourceprocessusername", "srcip", "srcmachineip", "srcport", "status", "system", "systemUser", "tagNames", "tgtfilecreatedat", "tgtfilehashsha1", "tgtfilehashsha256", "tgtfileid",
  "tgtfileissigned", "tgtfilemodifiedat", "tgtfileoldpath", "tgtfilepath", "tgtproccmdline", "tgtprocessstarttime", "tgtprocimagepath", "tgtprocintegritylevel", "tgtprocname", "tgtprocpid",
  "tgtprocsignedstatus", "tgtprocstorylineid", "tgtprocuid", "threatClassification", "threatClassificationSource", "tiindicatorcomparisonmethod", "tiindicatorsource", "tiindicatortype",
  "tiindicatorvalue", "uid", "uploadedFilename", "userId", "userScope", "userscope", "uuid", "version",
]);

const USER: Table = compile([["user.id", "userId"], ["user.name", ["userName", "username", "lastLoggedInUserName"]]]);

export function mapActivity(activity: JsonObject, context: MapContext): JsonObject {
  const doc = newDocument(context);
  fillRecord(activity, doc);
  const data = member(activity, "data");
  if (data !== undefined) {
    fillNames(DATA_KEPT, data, doc);
    fill(DATA, data, doc);
    const external = ip(data["externalIp"] ?? null);
    if (external !== undefined) objectAt(doc, ["host"])["ip"] = [external];
    fillUsers(data, doc);
  }
  categorise(activity["activityType"], doc, context);
  return finalise(doc);
}

/** The process's user, where there is one, stands in for the console's: neither its id nor any other name is kept beside it. */
function fillUsers(data: JsonObject, doc: Draft): void {
  const running = text(data, "sourceprocessusername");
  if (running === undefined) {
    fill(USER, data, doc);
    return;
  }
  const [domain, name] = running.split("\\");
  const user = objectAt(doc, ["process", "user"]);
  if (!isBlank(domain)) user["domain"] = domain;
  delete doc["user"];
  if (isBlank(name)) return;
  user["name"] = name;
  doc["user"] = { name };
}

function categorise(type: Json | undefined, doc: Draft, context: MapContext): void {
  if (isBlank(type)) return;
  const event = objectAt(doc, ["event"]);
  const number = typeof type === "object" ? Number.NaN : Number(type);
  const name = ACTIVITY_NAMES.get(number);
  if (name !== undefined) event["action"] = name;
  // What the vendor knows and the intake has no word for is nothing new.
  else if (!ACTIVITY_TYPES.has(number)) context.unseen("activityType", type);
  const connected = number === DEVICE_CONNECTED;
  event["category"] = connected ? "host" : ["intrusion_detection"];
  event["type"] = [connected ? "allowed" : "info"];
}

function startTime(value: Json): string | undefined {
  const milliseconds = typeof value === "object" ? 0 : Number(value);
  return milliseconds === 0 ? undefined : fromEpoch(milliseconds);
}

/** `a=b,c=d` as an object. */
function labels(value: Json): JsonObject | undefined {
  if (typeof value !== "string") return undefined;
  const pairs = value.split(",").flatMap((pair): [string, string][] => {
    const equals = pair.indexOf("=");
    return equals <= 0 ? [] : [[pair.slice(0, equals), pair.slice(equals + 1)]];
  });
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}
