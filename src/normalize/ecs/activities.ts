/**
 * Activities: what people, agents and the console itself did. The type's number decides what an activity means, its words only where the number
 * says nothing. `data` differs from type to type and comes in several spellings; each is read.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { ACTIVITY_TYPES, type Meaning } from "../activity-types.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import type { Values } from "../field-table.ts";
import { address, firstText, hash, instant, object, text, whole } from "../values.ts";
import { ACTIONS_OF_WORDS, ACTIVITY_CLASSES, meaningOfWords } from "./activity-classes.ts";
import { DATA, DATA_FIELDS } from "./activity-fields.ts";
import { Draft, put, putObject, putScope, scopeOf, type Fields } from "./document.ts";
import { directionOf, endpointOf } from "./endpoints.ts";
import { named, putHost } from "./host.ts";
import { fileOf, processOf, userOf } from "./process.ts";
import { severityOf, severityOfConfidence } from "./severity.ts";
import { containerOf, orchestratorOf } from "./workload.ts";

export const activityToEcs: RecordMap = (record, context) => {
  const draft = new Draft("activities", record, context);
  const { event } = draft;
  const data = DATA_FIELDS.read(object(record["data"]));
  const number = whole(record["activityType"]);
  const type = typeof number === "number" ? ACTIVITY_TYPES.get(number) : undefined;
  if (type === undefined && record["activityType"] !== undefined) context.unseen("activityType", record["activityType"]);
  const description = firstText(record["primaryDescription"], record["description"]);
  const meaning = type === undefined || type.meaning === "none" ? meaningOfWords(description) : type.meaning;
  const known = ACTIVITY_CLASSES[meaning];
  const confidence = severityOfConfidence(data[DATA.confidenceLevel], "data.confidenceLevel", context);
  draft.classify({ ...known, kind: typeof confidence === "number" && meaning !== "threat-changed" ? "alert" : known.kind });
  const created = instant(record["createdAt"]);
  draft.put("@timestamp", created ?? instant(record["updatedAt"]));
  put(event, "created", created);
  put(event, "id", firstText(record["id"], record["activityUuid"]));
  put(event, "code", number === undefined ? undefined : String(number));
  const action = type?.name ?? ACTIONS_OF_WORDS[meaning] ?? "activity";
  event["action"] = action;
  put(event, "outcome", outcomeOf(data[DATA.globalStatus], action, known.outcome));
  put(event, "severity", severityFor(data, confidence, action, context));
  put(event, "reason", firstText(data[DATA.reason], record["comments"]));
  draft.put("message", description ?? action.replaceAll("-", " "));
  draft.put("observer", { vendor: "SentinelOne", product: "SentinelOne Management Console" });

  putMachine(draft, record, data, context);
  putPersons(draft, record, data, meaning);
  putConnection(draft, data, context);
  putProcesses(draft, data);
  putFindings(draft, record, data);
  putDevice(draft, data, meaning);
  putWorkload(draft, data);
  const scope = scopeOf(record, object(record["data"]));
  putScope(draft, scope);
  if (meaning === "group-added" || meaning === "group-changed" || meaning === "group-deleted") {
    const group: Fields = {};
    put(group, "id", scope.group.id);
    put(group, "name", firstText(scope.group.name, data[DATA.group]));
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

function severityFor(data: Values, confidence: number | null | undefined, action: string, context: MapContext): number | undefined {
  const given = severityOf(data[DATA.severity], "data.severity", context);
  if (given !== undefined) return given ?? undefined;
  if (confidence !== undefined) return confidence ?? undefined;
  if (action.startsWith("malicious-threat") || action === "event-marked-malicious-by-rule") return 73;
  return action.startsWith("suspicious-threat-detected") || action === "event-marked-suspicious-by-rule" ? 47 : undefined;
}

function putMachine(draft: Draft, record: JsonObject, data: Values, context: MapContext): void {
  putHost(
    draft,
    {
      name: firstText(named(data[DATA.computerName]), named(data[DATA.origagentname]), named(data[DATA.agentName]), named(data[DATA.endpointName])),
      uuid: firstText(data[DATA.uuid], data[DATA.origagentuuid], data[DATA.agentUuid]),
      agentId: record["agentId"],
      agentVersion: firstText(record["agentUpdatedVersion"], data[DATA.origagentversion]),
      type: data[DATA.origagentmachinetype],
      osType: firstText(named(data[DATA.origagentosfamily]), named(data[DATA.osType]), named(data[DATA.osFamily]), named(record["osFamily"])),
      osName: data[DATA.origagentosname],
      osVersion: data[DATA.origagentosrevision],
    },
    "osFamily",
    context,
  );
  draft.external(data[DATA.externalIp]);
}

/** Who did it; of what is done to a user, `user.target` is the one it is done to. */
function putPersons(draft: Draft, record: JsonObject, data: Values, meaning: Meaning): void {
  const program = named(data[DATA.sourceprocessusername]);
  const by = named(data[DATA.byUser]);
  const name = named(data[DATA.userName]) ?? named(data[DATA.username]);
  const last = named(data[DATA.lastLoggedInUserName]);
  const id = record["userId"] ?? data[DATA.userId];
  const user = userOf(draft, { name: program ?? by ?? name ?? last, id: program === undefined ? id : undefined, email: by === undefined ? firstText(data[DATA.userEmail], data[DATA.email], data[DATA.recoveryEmail]) : undefined });
  if (program !== undefined) draft.user(name);
  const role = named(data[DATA.role]);
  if (role !== undefined && (meaning === "login" || meaning === "logout" || meaning === "login-failed")) user["roles"] = [role];
  if (by !== undefined && name !== undefined) {
    const target = userOf(draft, { name, email: firstText(data[DATA.userEmail], data[DATA.email]) });
    // The role in the data is that of the user it is done to.
    if (role !== undefined) target["roles"] = [role];
    putObject(user, "target", target);
  }
  draft.putObject("user", user);
}

function putConnection(draft: Draft, data: Values, context: MapContext): void {
  const network: Fields = {};
  const direction = directionOf(firstText(data[DATA.reportedDirection], data[DATA.neteventdirection]), "data.reportedDirection", context);
  put(network, "direction", direction);
  const local: Side = { host: sideOf(data[DATA.reportedLocalHost]) ?? address(data[DATA.localHost]), port: data[DATA.reportedLocalPort] ?? data[DATA.localPort] };
  const remote: Side = { host: sideOf(data[DATA.reportedRemoteHost]) ?? address(data[DATA.remoteHost]), port: data[DATA.reportedRemotePort] ?? data[DATA.remotePort] };
  // Local and remote are told from the machine's own point of view: what comes in began at the remote side.
  const [from, to] = direction === "inbound" && remote.host !== undefined ? [remote, local] : [local, remote];
  const source = endpointOf(draft, address(data[DATA.ipAddress]) ?? from.host ?? address(data[DATA.srcip]), undefined, from.port ?? data[DATA.srcport]);
  const destination = endpointOf(draft, to.host ?? address(data[DATA.dstip]), undefined, to.port ?? data[DATA.dstport]);
  draft.putObject("source", source);
  draft.putObject("destination", destination);
  putProtocol(network, text(data[DATA.reportedProtocol])?.toLowerCase());
  const ip = destination["ip"];
  if (typeof ip === "string") network["type"] = ip.includes(":") ? "ipv6" : "ipv4";
  draft.putObject("network", network);
}

interface Side {
  readonly host: string | undefined;
  readonly port: Json | undefined;
}

/** An address, or a name with a dot: a rule's "any" names no machine. */
function sideOf(value: Json | undefined): string | undefined {
  const said = named(value);
  return said === undefined || (address(said) === undefined && !said.includes(".")) ? undefined : said;
}

const TRANSPORTS: ReadonlySet<string> = new Set(["icmp", "igmp", "sctp", "tcp", "udp"]);

/** Firewall control writes what carries the traffic and what is spoken over it into one field. */
function putProtocol(network: Fields, word: string | undefined): void {
  if (word === undefined || word === "any") return;
  network[TRANSPORTS.has(word) ? "transport" : "protocol"] = word;
}

function putProcesses(draft: Draft, data: Values): void {
  const process = processOf(draft, {
    executable: data[DATA.sourceprocessfilepath],
    name: data[DATA.sourceprocessname],
    commandLine: firstText(data[DATA.sourceprocesscommandline], data[DATA.escapedMaliciousProcessArguments]),
    pid: data[DATA.sourceprocesspid],
    entityId: data[DATA.sourceprocesskey],
    start: data[DATA.sourceprocessstarttime],
    md5: data[DATA.sourceprocessmd5],
    sha1: data[DATA.sourceprocesssha1],
    sha256: data[DATA.sourceprocesssha256],
    // Written so by the vendor.
    signer: firstText(data[DATA.sourceprocessfilesingeridentity], data[DATA.sourceprocessfilesigneridentity]),
    user: data[DATA.sourceprocessusername],
  });
  putObject(
    process,
    "parent",
    processOf(draft, {
      executable: data[DATA.sourceparentprocesspath],
      name: data[DATA.sourceparentprocessname],
      commandLine: data[DATA.sourceparentprocesscommandline],
      pid: data[DATA.sourceparentprocesspid],
      entityId: data[DATA.sourceparentprocesskey],
      start: data[DATA.sourceparentprocessstarttime],
      md5: data[DATA.sourceparentprocessmd5],
      sha1: data[DATA.sourceparentprocesssha1],
      sha256: data[DATA.sourceparentprocesssha256],
      signer: data[DATA.sourceparentprocesssigneridentity],
      user: data[DATA.sourceparentprocessusername],
    }),
  );
  draft.putObject("process", process);
}

/** The file, the rule, the threat an activity is about. */
function putFindings(draft: Draft, record: JsonObject, data: Values): void {
  const found = hash(data[DATA.fileContentHash]) ?? hash(record["hash"]);
  draft.putObject(
    "file",
    fileOf(draft, {
      path: firstText(data[DATA.filePath], data[DATA.tgtfilepath]),
      name: firstText(data[DATA.fileDisplayName], data[DATA.filename], data[DATA.fileName]),
      ...(found?.length === 32 ? { md5: found } : {}),
      ...(found?.length === 40 ? { sha1: found } : {}),
      ...(found?.length === 64 ? { sha256: found } : {}),
    }),
  );
  const rule: Fields = {};
  const id = firstText(data[DATA.ruleId], data[DATA.ruleid]);
  // Device control writes -1 where no rule decided.
  put(rule, "id", id?.startsWith("-") === true ? undefined : id);
  put(rule, "name", firstText(data[DATA.ruleName], data[DATA.rulename]));
  put(rule, "description", firstText(data[DATA.ruledescription], data[DATA.ruleDescription]));
  put(rule, "category", firstText(data[DATA.ruleType], data[DATA.ruletype]));
  draft.putObject("rule", rule);
  const classification = named(data[DATA.threatClassification]);
  if (classification !== undefined) {
    const threat: Fields = { software: { type: "Malware" } };
    const name = firstText(data[DATA.fileDisplayName]);
    const indicator: Fields = {};
    if (name !== undefined) {
      indicator["type"] = "file";
      indicator["name"] = name;
    }
    putObject(threat, "indicator", indicator);
    draft.put("threat", threat);
  }
  const download = text(data[DATA.downloadUrl]);
  if (download !== undefined) draft.put("url", { original: download });
}

/** Removable devices. */
function putDevice(draft: Draft, data: Values, meaning: Meaning): void {
  if (meaning !== "device-allowed" && meaning !== "device-denied") return;
  const device: Fields = {};
  put(device, "type", named(data[DATA.interface])?.toLowerCase());
  put(device, "manufacturer", named(data[DATA.manufacturerName]));
  put(device, "serial_number", named(data[DATA.uid]));
  const model: Fields = {};
  put(model, "name", named(data[DATA.deviceName]));
  put(model, "identifier", named(data[DATA.productId]));
  putObject(device, "model", model);
  draft.putObject("device", device);
}

function putWorkload(draft: Draft, data: Values): void {
  if (data[DATA.k8scontainerid] === undefined && data[DATA.k8sclustername] === undefined) return;
  draft.putObject("container", containerOf({ id: data[DATA.k8scontainerid], name: data[DATA.k8scontainername], image: data[DATA.k8scontainerimage], labels: data[DATA.k8scontainerlabels] }));
  draft.putObject(
    "orchestrator",
    orchestratorOf({
      cluster: data[DATA.k8sclustername],
      namespace: data[DATA.k8snamespace],
      controllerKind: data[DATA.k8scontrollerkind],
      controllerName: data[DATA.k8scontrollername],
      pod: data[DATA.k8spod],
      labels: data[DATA.k8spodlabels],
    }),
  );
  draft.host(named(data[DATA.k8snode]));
}
