/**
 * Events of Cloud Funnel: flat objects whose keys have dots in them (`src.process.pid`). They stay flat under `sentinelone.cloud_funnel`: a key
 * with dots is the same path as a nest of objects to whoever reads documents, and nothing is lost or merged on the way.
 */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { address, firstText, flag, instant, text } from "../values.ts";
import { Attack } from "./attack.ts";
import { eventClass } from "./cloud-funnel-events.ts";
import { dnsOf } from "./dns.ts";
import { Draft, put, putObject, putScope, type Fields } from "./document.ts";
import { directionOf, endpointOf } from "./endpoints.ts";
import { named, putHost } from "./host.ts";
import { fileOf, hashesOf, processOf, userOf } from "./process.ts";
import { registryOf } from "./registry.ts";
import { indicatorOf } from "./threat-intelligence.ts";
import { urlOf } from "./url.ts";
import { containerOf, orchestratorOf } from "./workload.ts";

type ProcessKeys = ReturnType<typeof processKeys>;

/** Keys of one process's fields, made once: putting them together for each record would cost more than reading them. */
function processKeys(prefix: string) {
  return {
    executable: `${prefix}.image.path`,
    name: `${prefix}.name`,
    commandLine: `${prefix}.cmdline`,
    pid: `${prefix}.pid`,
    entityId: `${prefix}.uid`,
    start: `${prefix}.startTime`,
    md5: `${prefix}.image.md5`,
    sha1: `${prefix}.image.sha1`,
    sha256: `${prefix}.image.sha256`,
    user: `${prefix}.user`,
    effectiveUser: `${prefix}.eUserName`,
    effectiveUserId: `${prefix}.eUserUid`,
    realUser: `${prefix}.rUserName`,
    realUserId: `${prefix}.rUserUid`,
    loginUser: `${prefix}.lUserName`,
    signer: `${prefix}.publisher`,
    signed: `${prefix}.signedStatus`,
    verified: `${prefix}.verifiedStatus`,
    reason: `${prefix}.reasonSignatureInvalid`,
  } as const;
}

const SOURCE = processKeys("src.process");
const PARENT = processKeys("src.process.parent");
const TARGET = processKeys("tgt.process");
/** The process by which the operating system did it, where another one (`src`) is behind it. */
const SYSTEM = processKeys("osSrc.process");

function processFields(draft: Draft, record: JsonObject, keys: ProcessKeys): Fields {
  return processOf(draft, {
    executable: record[keys.executable],
    name: record[keys.name],
    commandLine: record[keys.commandLine],
    pid: record[keys.pid],
    entityId: record[keys.entityId],
    start: record[keys.start],
    md5: record[keys.md5],
    sha1: record[keys.sha1],
    sha256: record[keys.sha256],
    user: record[keys.effectiveUser] ?? record[keys.user],
    userId: record[keys.effectiveUserId],
    realUser: record[keys.realUser],
    realUserId: record[keys.realUserId],
    signer: record[keys.signer],
    signed: record[keys.signed],
    verified: record[keys.verified],
    verifiedReason: record[keys.reason],
  });
}

export const cloudFunnelToEcs: RecordMap = (record, context) => {
  const draft = new Draft("cloud-funnel", record, context);
  const { event } = draft;
  const category = text(record["event.category"]) ?? "";
  const type = text(record["event.type"]) ?? "";
  const kind = eventClass(category, type);
  if (!kind.seen.category) context.unseen("event.category", category);
  else if (!kind.seen.type) context.unseen("event.type", type);
  draft.classify({ kind: "event", category: kind.category, type: kind.type });
  // Some exports hold the time of day alone in `timestamp`.
  draft.put("@timestamp", instant(record["timestamp"]) ?? instant(record["event.time"]) ?? instant(record["sca:ingestTime"]));
  put(event, "id", text(record["event.id"]));
  put(event, "code", text(record["meta.event.name"]));
  event["action"] = kind.action;
  put(event, "provider", firstText(record["dataSource.name"]));
  draft.put("observer", { vendor: firstText(record["dataSource.vendor"]) ?? "SentinelOne", product: "Singularity Cloud Funnel", type: "sensor" });

  putHost(
    draft,
    {
      name: record["endpoint.name"],
      uuid: record["agent.uuid"],
      agentVersion: record["agent.version"],
      type: record["endpoint.type"],
      osType: record["endpoint.os"],
      osName: record["os.name"],
      osVersion: record["mgmt.osRevision"],
    },
    "endpoint.os",
    context,
  );
  putProcess(draft, record, category, kind.action);
  putFiles(draft, record, category);
  putNetwork(draft, record, category, context);
  if (record["event.dns.request"] !== undefined || record["event.dns.response"] !== undefined) draft.putObject("dns", dnsOf(draft, record["event.dns.request"], record["event.dns.response"]));
  if (record["registry.keyPath"] !== undefined) {
    draft.putObject("registry", registryOf({ path: record["registry.keyPath"], isKey: /key/i.test(type), value: record["registry.value"], type: record["registry.valueType"] }));
  }
  putUser(draft, record, category);
  putOutcome(event, record, category, type);
  putIndicators(draft, record, category);
  putWorkload(draft, record);
  putScope(draft, { account: { id: text(record["account.id"]), name: text(record["account.name"]) }, site: { id: text(record["site.id"]), name: text(record["site.name"]) }, group: { id: undefined, name: undefined } });
  draft.put("message", messageOf(record, type === "" ? category : type));
  return draft.done();
};

/** Of a process that starts or ends, the process is the one that does; whoever did it is its parent. */
function putProcess(draft: Draft, record: JsonObject, category: string, action: string): void {
  const targets = category === "process" && (action === "process-creation" || action === "process-termination" || action === "process-exit") && (record[TARGET.entityId] !== undefined || record[TARGET.pid] !== undefined || record[TARGET.executable] !== undefined);
  const process = processFields(draft, record, targets ? TARGET : SOURCE);
  const parent = processFields(draft, record, targets ? SOURCE : PARENT);
  putObject(process, "parent", parent);
  draft.putObject("process", process);
  if (!targets && record[TARGET.entityId] !== undefined) relate(draft, record, TARGET);
  if (targets) relate(draft, record, PARENT);
  if (record[SYSTEM.entityId] !== undefined) relate(draft, record, SYSTEM);
}

/** Processes that ECS has no place for are found by their users and hashes all the same. */
function relate(draft: Draft, record: JsonObject, keys: ProcessKeys): void {
  hashesOf(draft, { md5: record[keys.md5], sha1: record[keys.sha1], sha256: record[keys.sha256] });
  userOf(draft, { name: record[keys.user] });
}

function putFiles(draft: Draft, record: JsonObject, category: string): void {
  // Events of every kind say whether the target is signed; a file is where a path is.
  if (record["tgt.file.path"] !== undefined) {
    draft.putObject(
      "file",
      fileOf(draft, {
        path: record["tgt.file.path"],
        extension: record["tgt.file.extension"],
        size: record["tgt.file.size"],
        created: record["tgt.file.creationTime"],
        modified: record["tgt.file.modificationTime"],
        md5: record["tgt.file.md5"],
        sha1: record["tgt.file.sha1"],
        sha256: record["tgt.file.sha256"],
        signed: record["tgt.file.isSigned"],
      }),
    );
    hashesOf(draft, { md5: record["tgt.file.oldMd5"], sha1: record["tgt.file.oldSha1"], sha256: record["tgt.file.oldSha256"] });
  }
  if (category === "module" || record["module.path"] !== undefined) putLibrary(draft, record["module.path"], { md5: record["module.md5"], sha1: record["module.sha1"], sha256: record["module.sha256"] });
  if (category === "driver") putLibrary(draft, record["tgt.file.path"], { sha1: record["driver.peSha1"], sha256: record["driver.peSha256"] });
  hashesOf(draft, { sha256: record["cmdScript.sha256"] });
}

function putLibrary(draft: Draft, path: Json | undefined, hashes: Parameters<typeof hashesOf>[1]): void {
  const file = fileOf(draft, { path });
  const dll: Fields = {};
  put(dll, "path", file["path"]);
  put(dll, "name", file["name"]);
  putObject(dll, "hash", hashesOf(draft, hashes));
  draft.putObject("dll", dll);
}

const TRANSPORTS: ReadonlyMap<string, readonly [transport: string, type: string]> = new Map([
  ["TCPV4", ["tcp", "ipv4"]],
  ["TCPV4LISTEN", ["tcp", "ipv4"]],
  ["TCPV6", ["tcp", "ipv6"]],
  ["TCPV6LISTEN", ["tcp", "ipv6"]],
  ["UDPV4", ["udp", "ipv4"]],
  ["UDPV6", ["udp", "ipv6"]],
]);

function putNetwork(draft: Draft, record: JsonObject, category: string, context: MapContext): void {
  const source = endpointOf(draft, record["src.endpoint.name"], record["src.ip.address"] ?? record["src.endpoint.ip.address"], record["src.port.number"]);
  draft.putObject("source", source);
  const url = record["url.address"] === undefined ? undefined : urlOf(record["url.address"]);
  const destination = endpointOf(draft, undefined, record["dst.ip.address"], record["dst.port.number"]);
  if (url !== undefined) {
    draft.putObject("url", url);
    const domain = url["domain"];
    const asAddress = draft.ip(address(domain));
    if (asAddress === undefined) draft.host(text(domain));
  }
  draft.putObject("destination", destination);
  const network: Fields = {};
  put(network, "direction", directionOf(record["event.network.direction"], "event.network.direction", context));
  const protocol = named(record["event.network.protocolName"])?.toLowerCase();
  put(network, "protocol", category === "dns" ? "dns" : protocol);
  const [transport, family] = TRANSPORTS.get(text(record["meta.event.name"]) ?? "") ?? [];
  put(network, "transport", transport);
  const ip = destination["ip"] ?? source["ip"];
  put(network, "type", family ?? (category !== "ip" || typeof ip !== "string" ? undefined : ip.includes(":") ? "ipv6" : "ipv4"));
  draft.putObject("network", network);
  const method = category === "url" ? firstText(record["event.url.action"], record["event.type"]) : undefined;
  if (method !== undefined) draft.put("http", { request: { method } });
}

/** Of a login, the user is who logs in; the account that asked for it is under `related`. Else the user is the process's. */
function putUser(draft: Draft, record: JsonObject, category: string): void {
  if (category !== "logins") {
    draft.putObject("user", userOf(draft, { name: record[SOURCE.user] ?? record[SOURCE.effectiveUser], id: record[SOURCE.effectiveUserId] }));
    return;
  }
  const login = named(record["event.login.userName"]);
  const account = named(record["event.login.accountName"]);
  const user = userOf(draft, login === undefined ? { name: account, domain: named(record["event.login.accountDomain"]), id: record["event.login.accountSid"] } : { name: login });
  if (login !== undefined) draft.user(account);
  if (flag(record["event.login.isAdministratorEquivalent"]) === true) user["roles"] = ["administrator"];
  draft.putObject("user", user);
}

function putOutcome(event: Fields, record: JsonObject, category: string, type: string): void {
  if (category === "logins") {
    const well = flag(record["event.login.loginIsSuccessful"]);
    if (well !== undefined) event["outcome"] = well ? "success" : "failure";
    put(event, "reason", named(record["event.login.failureReason"]));
  } else if (category === "ip") {
    const status = text(record["event.network.connectionStatus"])?.toUpperCase();
    if (status !== undefined) event["outcome"] = status === "SUCCESS" ? "success" : /^(?:FAIL|BLOCK|REFUSE|TIMEOUT)/.test(status) ? "failure" : "unknown";
  } else if (category === "dns") event["outcome"] = /unresolved/i.test(type) ? "failure" : "success";
}

function putIndicators(draft: Draft, record: JsonObject, category: string): void {
  const threat: Fields = {};
  if (category === "threat_intelligence_indicators" || record["tiIndicator.value"] !== undefined) {
    const attack = new Attack();
    putObject(threat, "indicator", indicatorOf(draft, record, attack));
    attack.write(threat);
  }
  const name = text(record["indicator.name"]);
  if (name !== undefined) {
    const rule: Fields = { name };
    put(rule, "category", text(record["indicator.category"]));
    put(rule, "description", text(record["indicator.description"]));
    draft.put("rule", rule);
    put(draft.event, "reason", text(record["indicator.description"]));
  }
  draft.putObject("threat", threat);
}

function putWorkload(draft: Draft, record: JsonObject): void {
  const id = record["k8sCluster.containerId"] ?? record["container.id"];
  const cluster = record["k8sCluster.name"];
  if (id === undefined && cluster === undefined) return;
  draft.putObject(
    "container",
    containerOf({
      id,
      name: record["k8sCluster.containerName"] ?? record["container.name"],
      image: record["k8sCluster.containerImage"] ?? record["container.image.name"],
      labels: record["k8sCluster.containerLabels"] ?? record["container.labels"],
    }),
  );
  draft.putObject(
    "orchestrator",
    orchestratorOf({
      cluster,
      namespace: record["k8sCluster.namespace"],
      controllerKind: record["k8sCluster.controllerType"],
      controllerName: record["k8sCluster.controllerName"],
      pod: record["k8sCluster.podName"],
      labels: record["k8sCluster.podLabels"],
    }),
  );
  draft.host(text(record["k8sCluster.nodeName"]));
}

/** `Process Creation on desktop-jdoe: C:\Windows\System32\RuntimeBroker.exe -Embedding`. */
function messageOf(record: JsonObject, type: string): string {
  const host = named(record["endpoint.name"]);
  const what = firstText(
    record["url.address"],
    record["event.dns.request"],
    record["dst.ip.address"],
    record["registry.keyPath"],
    record["indicator.name"],
    record["tiIndicator.value"],
    record["task.name"],
    record["event.login.userName"],
    record["module.path"],
    record[TARGET.commandLine],
    record["cmdScript.applicationName"],
    record["tgt.file.path"],
    record[SOURCE.commandLine],
  );
  return `${type === "" ? "Event" : type}${host === undefined ? "" : ` on ${host}`}${what === undefined ? "" : `: ${what}`}`;
}

