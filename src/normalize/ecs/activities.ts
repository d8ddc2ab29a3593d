/**
 * Activities: what people, agents and the console itself did. The type's number decides what an activity means, its words only where the number
 * says nothing. `data` differs from type to type and comes in several spellings; each is read.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { ACTIVITY_TYPES, type Meaning } from "../activity-types.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { address, firstText, hash, instant, object, text, whole } from "../values.ts";
import { ACTIONS_OF_WORDS, ACTIVITY_CLASSES, meaningOfWords } from "./activity-classes.ts";
import { Draft, put, putObject, putScope, scopeOf, type Fields } from "./document.ts";
import { directionOf, endpointOf } from "./endpoints.ts";
import { named, putHost } from "./host.ts";
import { fileOf, processOf, userOf } from "./process.ts";
import { severityOf, severityOfConfidence } from "./severity.ts";
import { containerOf, orchestratorOf } from "./workload.ts";

export const activityToEcs: RecordMap = (record, context) => {
  const draft = new Draft("activities", record, context);
  const { event } = draft;
  const data = object(record["data"]);
  const number = whole(record["activityType"]);
  const type = typeof number === "number" ? ACTIVITY_TYPES.get(number) : undefined;
  if (type === undefined && record["activityType"] !== undefined) context.unseen("activityType", record["activityType"]);
  const description = firstText(record["primaryDescription"], record["description"]);
  const meaning = type === undefined || type.meaning === "none" ? meaningOfWords(description) : type.meaning;
  const known = ACTIVITY_CLASSES[meaning];
  const confidence = severityOfConfidence(data["confidenceLevel"], "data.confidenceLevel", context);
  draft.classify({ ...known, kind: typeof confidence === "number" && meaning !== "threat-changed" ? "alert" : known.kind });
  const created = instant(record["createdAt"]);
  draft.put("@timestamp", created ?? instant(record["updatedAt"]));
  put(event, "created", created);
  put(event, "id", firstText(record["id"], record["activityUuid"]));
  put(event, "code", number === undefined ? undefined : String(number));
  const action = type?.name ?? ACTIONS_OF_WORDS[meaning] ?? "activity";
  event["action"] = action;
  put(event, "outcome", outcomeOf(data["globalStatus"], action, known.outcome));
  put(event, "severity", severityFor(data, confidence, action, context));
  put(event, "reason", firstText(data["reason"], record["comments"]));
  draft.put("message", description ?? action.replaceAll("-", " "));
  draft.put("observer", { vendor: "SentinelOne", product: "SentinelOne Management Console" });

  putMachine(draft, record, data, context);
  putPersons(draft, record, data, meaning);
  putConnection(draft, data, context);
  putProcesses(draft, data);
  putFindings(draft, record, data);
  putDevice(draft, data, meaning);
  putWorkload(draft, data);
  const scope = scopeOf(record, data);
  putScope(draft, scope);
  if (meaning === "group-added" || meaning === "group-changed" || meaning === "group-deleted") {
    const group: Fields = {};
    put(group, "id", scope.group.id);
    put(group, "name", firstText(scope.group.name, data["group"]));
    draft.putObject("group", group);
  }
  return draft.done();
};

function outcomeOf(status: Json | undefined, action: string, usual: "success" | "failure" | undefined): string | undefined {
  const word = text(status)?.toLowerCase();
  if (word === "success") return "success";
  if (word === "failed" || word === "failure") return "failure";
  if (word !== undefined) return "unknown";
  return action.endsWith("-failed") ? "failure" : usual;
}

function severityFor(data: JsonObject, confidence: number | null | undefined, action: string, context: MapContext): number | undefined {
  const given = severityOf(data["severity"], "data.severity", context);
  if (given !== undefined) return given ?? undefined;
  if (confidence !== undefined) return confidence ?? undefined;
  if (action.startsWith("malicious-threat")) return 73;
  return action.startsWith("suspicious-threat-detected") ? 47 : undefined;
}

function putMachine(draft: Draft, record: JsonObject, data: JsonObject, context: MapContext): void {
  putHost(
    draft,
    {
      name: firstText(named(data["computerName"]), named(data["origagentname"]), named(data["agentName"]), named(data["endpointName"])),
      uuid: firstText(data["uuid"], data["origagentuuid"], data["agentUuid"]),
      agentId: record["agentId"],
      agentVersion: firstText(record["agentUpdatedVersion"], data["origagentversion"]),
      type: data["origagentmachinetype"],
      osType: firstText(named(data["origagentosfamily"]), named(data["osType"]), named(data["osFamily"]), named(record["osFamily"])),
      osName: data["origagentosname"],
      osVersion: data["origagentosrevision"],
    },
    "osFamily",
    context,
  );
  draft.external(data["externalIp"]);
}

/** Who did it; of what is done to a user, `user.target` is the one it is done to. */
function putPersons(draft: Draft, record: JsonObject, data: JsonObject, meaning: Meaning): void {
  const program = named(data["sourceprocessusername"]);
  const by = named(data["byUser"]);
  const name = named(data["userName"]) ?? named(data["username"]);
  const last = named(data["lastLoggedInUserName"]);
  const id = record["userId"] ?? data["userId"];
  const user = userOf(draft, { name: program ?? by ?? name ?? last, id: program === undefined ? id : undefined, email: by === undefined ? firstText(data["userEmail"], data["email"]) : undefined });
  if (program !== undefined) draft.user(name);
  const role = named(data["role"]);
  if (role !== undefined && (meaning === "login" || meaning === "logout" || meaning === "login-failed")) user["roles"] = [role];
  if (by !== undefined && name !== undefined) {
    const target = userOf(draft, { name, email: firstText(data["userEmail"], data["email"]) });
    // The role in the data is that of the user it is done to.
    if (role !== undefined) target["roles"] = [role];
    putObject(user, "target", target);
  }
  draft.putObject("user", user);
}

function putConnection(draft: Draft, data: JsonObject, context: MapContext): void {
  const local = address(data["reportedLocalHost"]) ?? address(data["localHost"]);
  draft.putObject("source", endpointOf(draft, undefined, address(data["ipAddress"]) ?? local ?? address(data["srcip"]), data["reportedLocalPort"] ?? data["localPort"] ?? data["srcport"]));
  draft.putObject("destination", endpointOf(draft, undefined, address(data["reportedRemoteHost"]) ?? address(data["remoteHost"]) ?? address(data["dstip"]), data["reportedRemotePort"] ?? data["remotePort"] ?? data["dstport"]));
  const network: Fields = {};
  put(network, "direction", directionOf(firstText(data["reportedDirection"], data["neteventdirection"]), "data.reportedDirection", context));
  put(network, "protocol", firstText(data["reportedProtocol"])?.toLowerCase());
  draft.putObject("network", network);
}

function putProcesses(draft: Draft, data: JsonObject): void {
  const process = processOf(draft, {
    executable: data["sourceprocessfilepath"],
    name: data["sourceprocessname"],
    commandLine: firstText(data["sourceprocesscommandline"], data["escapedMaliciousProcessArguments"]),
    pid: data["sourceprocesspid"],
    entityId: data["sourceprocesskey"],
    start: data["sourceprocessstarttime"],
    md5: data["sourceprocessmd5"],
    sha1: data["sourceprocesssha1"],
    sha256: data["sourceprocesssha256"],
    // Written so by the vendor.
    signer: firstText(data["sourceprocessfilesingeridentity"], data["sourceprocessfilesigneridentity"]),
    user: data["sourceprocessusername"],
  });
  putObject(
    process,
    "parent",
    processOf(draft, {
      executable: data["sourceparentprocesspath"],
      name: data["sourceparentprocessname"],
      commandLine: data["sourceparentprocesscommandline"],
      pid: data["sourceparentprocesspid"],
      entityId: data["sourceparentprocesskey"],
      start: data["sourceparentprocessstarttime"],
      md5: data["sourceparentprocessmd5"],
      sha1: data["sourceparentprocesssha1"],
      sha256: data["sourceparentprocesssha256"],
      signer: data["sourceparentprocesssigneridentity"],
      user: data["sourceparentprocessusername"],
    }),
  );
  draft.putObject("process", process);
}

/** The file, the rule, the threat an activity is about. */
function putFindings(draft: Draft, record: JsonObject, data: JsonObject): void {
  const found = hash(data["fileContentHash"]) ?? hash(record["hash"]);
  draft.putObject(
    "file",
    fileOf(draft, {
      path: firstText(data["filePath"], data["tgtfilepath"]),
      name: firstText(data["fileDisplayName"], data["filename"], data["fileName"]),
      ...(found?.length === 32 ? { md5: found } : {}),
      ...(found?.length === 40 ? { sha1: found } : {}),
      ...(found?.length === 64 ? { sha256: found } : {}),
    }),
  );
  const rule: Fields = {};
  const id = firstText(data["ruleId"], data["ruleid"]);
  // Device control writes -1 where no rule decided.
  put(rule, "id", id?.startsWith("-") === true ? undefined : id);
  put(rule, "name", firstText(data["ruleName"], data["rulename"]));
  put(rule, "description", firstText(data["ruledescription"], data["ruleDescription"]));
  put(rule, "category", firstText(data["ruleType"], data["ruletype"]));
  draft.putObject("rule", rule);
  const classification = named(data["threatClassification"]);
  if (classification !== undefined) {
    const threat: Fields = { software: { type: "Malware" } };
    const name = firstText(data["fileDisplayName"]);
    const indicator: Fields = {};
    if (name !== undefined) {
      indicator["type"] = "file";
      indicator["name"] = name;
    }
    putObject(threat, "indicator", indicator);
    draft.put("threat", threat);
  }
  const download = text(data["downloadUrl"]);
  if (download !== undefined) draft.put("url", { original: download });
}

/** Removable devices. */
function putDevice(draft: Draft, data: JsonObject, meaning: Meaning): void {
  if (meaning !== "device-allowed" && meaning !== "device-denied") return;
  const device: Fields = {};
  put(device, "type", named(data["interface"])?.toLowerCase());
  put(device, "manufacturer", named(data["manufacturerName"]));
  put(device, "serial_number", named(data["uid"]));
  const model: Fields = {};
  put(model, "name", named(data["deviceName"]));
  put(model, "identifier", named(data["productId"]));
  putObject(device, "model", model);
  draft.putObject("device", device);
}

function putWorkload(draft: Draft, data: JsonObject): void {
  if (data["k8scontainerid"] === undefined && data["k8sclustername"] === undefined) return;
  draft.putObject("container", containerOf({ id: data["k8scontainerid"], name: data["k8scontainername"], image: data["k8scontainerimage"], labels: data["k8scontainerlabels"] }));
  draft.putObject(
    "orchestrator",
    orchestratorOf({
      cluster: data["k8sclustername"],
      namespace: data["k8snamespace"],
      controllerKind: data["k8scontrollerkind"],
      controllerName: data["k8scontrollername"],
      pod: data["k8spod"],
      labels: data["k8spodlabels"],
    }),
  );
  draft.host(named(data["k8snode"]));
}
