/**
 * Events of Cloud Funnel: flat objects whose keys have dots in them (`src.process.pid`). They stay flat under `sentinelone.cloud_funnel`: a key
 * with dots is the same path as a nest of objects to whoever reads documents, and nothing is lost or merged on the way.
 */
import type { Json } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import type { Values } from "../field-table.ts";
import { address, firstText, flag, instant, text } from "../values.ts";
import { Attack } from "./attack.ts";
import { AT, EVENT_FIELDS, PARENT, SOURCE, SYSTEM, TARGET, type ProcessPlaces } from "./cloud-funnel-fields.ts";
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

function processFields(draft: Draft, values: Values, at: ProcessPlaces): Fields {
  return processOf(draft, {
    executable: values[at.executable],
    name: values[at.name],
    commandLine: values[at.commandLine],
    title: values[at.title],
    pid: values[at.pid],
    entityId: values[at.entityId],
    start: values[at.start],
    md5: values[at.md5],
    sha1: values[at.sha1],
    sha256: values[at.sha256],
    user: values[at.effectiveUser] ?? values[at.user],
    userId: values[at.effectiveUserId],
    realUser: values[at.realUser],
    realUserId: values[at.realUserId],
    signer: values[at.signer],
    signed: values[at.signed],
    verified: values[at.verified],
    verifiedReason: values[at.reason],
  });
}

export const cloudFunnelToEcs: RecordMap = (record, context) => {
  const values = EVENT_FIELDS.read(record);
  const draft = new Draft("cloud-funnel", record, context);
  const { event } = draft;
  const written = text(values[AT.eventCategory]) ?? "";
  const category = written.toLowerCase();
  const type = text(values[AT.eventType]) ?? "";
  const kind = eventClass(category, type);
  if (!kind.seen.category) context.unseen("event.category", written);
  else if (!kind.seen.type) context.unseen("event.type", type);
  draft.classify({ kind: "event", category: kind.category, type: kind.type });
  // Some exports hold the time of day alone in `timestamp`.
  draft.put("@timestamp", instant(values[AT.timestamp]) ?? instant(values[AT.eventTime]) ?? instant(values[AT.scaIngestTime]));
  put(event, "id", text(values[AT.eventId]));
  put(event, "code", text(values[AT.metaEventName]));
  event["action"] = kind.action;
  put(event, "provider", firstText(values[AT.dataSourceName]));
  draft.put("observer", { vendor: firstText(values[AT.dataSourceVendor]) ?? "SentinelOne", product: "Singularity Cloud Funnel", type: "sensor" });

  putHost(
    draft,
    {
      name: values[AT.endpointName],
      uuid: values[AT.agentUuid],
      agentVersion: values[AT.agentVersion],
      type: values[AT.endpointType],
      osType: values[AT.endpointOs],
      osName: values[AT.osName],
      osVersion: values[AT.mgmtOsRevision],
    },
    "endpoint.os",
    context,
  );
  putProcess(draft, values, category, kind.action);
  putFiles(draft, values, category);
  putNetwork(draft, values, category, context);
  if (values[AT.eventDnsRequest] !== undefined || values[AT.eventDnsResponse] !== undefined) draft.putObject("dns", dnsOf(draft, values[AT.eventDnsRequest], values[AT.eventDnsResponse]));
  if (values[AT.registryKeyPath] !== undefined) {
    draft.putObject("registry", registryOf({ path: values[AT.registryKeyPath], isKey: /key/i.test(type), value: values[AT.registryValue], type: values[AT.registryValueType] }));
  }
  putUser(draft, values, category);
  putOutcome(event, values, category, type);
  putIndicators(draft, values, category);
  putWorkload(draft, values);
  putScope(draft, { account: { id: text(values[AT.accountId]), name: text(values[AT.accountName]) }, site: { id: text(values[AT.siteId]), name: text(values[AT.siteName]) }, group: { id: undefined, name: undefined } });
  draft.put("message", messageOf(values, type === "" ? written : type));
  return draft.done();
};

/** Of a process that starts or ends, the process is the one that does; whoever did it is its parent. */
function putProcess(draft: Draft, values: Values, category: string, action: string): void {
  const targets = category === "process" && (action === "process-creation" || action === "process-termination" || action === "process-exit") && (values[TARGET.entityId] !== undefined || values[TARGET.pid] !== undefined || values[TARGET.executable] !== undefined);
  const process = processFields(draft, values, targets ? TARGET : SOURCE);
  const parent = processFields(draft, values, targets ? SOURCE : PARENT);
  putObject(process, "parent", parent);
  draft.putObject("process", process);
  if (!targets && values[TARGET.entityId] !== undefined) relate(draft, values, TARGET);
  if (targets) relate(draft, values, PARENT);
  if (values[SYSTEM.entityId] !== undefined) relate(draft, values, SYSTEM);
}

/** Processes that ECS has no place for are found by their users and hashes all the same. */
function relate(draft: Draft, values: Values, at: ProcessPlaces): void {
  hashesOf(draft, { md5: values[at.md5], sha1: values[at.sha1], sha256: values[at.sha256] });
  userOf(draft, { name: values[at.user] });
}

function putFiles(draft: Draft, values: Values, category: string): void {
  // Events of every kind say whether the target is signed; a file is where a path is.
  if (values[AT.tgtFilePath] !== undefined) {
    draft.putObject(
      "file",
      fileOf(draft, {
        path: values[AT.tgtFilePath],
        extension: values[AT.tgtFileExtension],
        size: values[AT.tgtFileSize],
        created: values[AT.tgtFileCreationTime],
        modified: values[AT.tgtFileModificationTime],
        md5: values[AT.tgtFileMd5],
        sha1: values[AT.tgtFileSha1],
        sha256: values[AT.tgtFileSha256],
        signed: values[AT.tgtFileIsSigned],
      }),
    );
    hashesOf(draft, { md5: values[AT.tgtFileOldMd5], sha1: values[AT.tgtFileOldSha1], sha256: values[AT.tgtFileOldSha256] });
  }
  if (category === "named_pipe" && values[AT.tgtFilePath] === undefined) draft.putObject("file", fileOf(draft, { path: values[AT.namedPipeName] }));
  if (category === "module" || values[AT.modulePath] !== undefined) putLibrary(draft, values[AT.modulePath], { md5: values[AT.moduleMd5], sha1: values[AT.moduleSha1], sha256: values[AT.moduleSha256] });
  if (category === "driver") putLibrary(draft, values[AT.tgtFilePath], { sha1: values[AT.driverPeSha1], sha256: values[AT.driverPeSha256] });
  hashesOf(draft, { sha256: values[AT.cmdScriptSha256] });
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

function putNetwork(draft: Draft, values: Values, category: string, context: MapContext): void {
  const source = endpointOf(draft, values[AT.srcEndpointName], values[AT.srcIpAddress] ?? values[AT.srcEndpointIpAddress], values[AT.srcPortNumber]);
  draft.putObject("source", source);
  const url = values[AT.urlAddress] === undefined ? undefined : urlOf(values[AT.urlAddress]);
  const destination = endpointOf(draft, undefined, values[AT.dstIpAddress], values[AT.dstPortNumber]);
  if (url !== undefined) {
    draft.putObject("url", url);
    const domain = url["domain"];
    const asAddress = draft.ip(address(domain));
    if (asAddress === undefined) draft.host(text(domain));
  }
  draft.putObject("destination", destination);
  const network: Fields = {};
  put(network, "direction", directionOf(values[AT.eventNetworkDirection], "event.network.direction", context));
  const protocol = named(values[AT.eventNetworkProtocolName])?.toLowerCase();
  put(network, "protocol", category === "dns" ? "dns" : protocol);
  const [transport, family] = TRANSPORTS.get(text(values[AT.metaEventName])?.toUpperCase() ?? "") ?? [];
  put(network, "transport", transport);
  const ip = destination["ip"] ?? source["ip"];
  put(network, "type", family ?? (category !== "ip" || typeof ip !== "string" ? undefined : ip.includes(":") ? "ipv6" : "ipv4"));
  draft.putObject("network", network);
  const method = category === "url" ? firstText(values[AT.eventUrlAction], values[AT.eventType]) : undefined;
  if (method !== undefined) draft.put("http", { request: { method } });
}

/** Of a login, the user is who logs in; the account that asked for it is under `related`. Else the user is the process's. */
function putUser(draft: Draft, values: Values, category: string): void {
  if (category !== "logins") {
    draft.putObject("user", userOf(draft, { name: values[SOURCE.user] ?? values[SOURCE.effectiveUser], id: values[SOURCE.effectiveUserId] }));
    return;
  }
  const target = { name: named(values[AT.eventLoginTgtUserName]), domain: named(values[AT.eventLoginTgtDomainName]), id: named(values[AT.eventLoginTgtUserSid]) };
  const login = named(values[AT.eventLoginUserName]) ?? target.name;
  const account = named(values[AT.eventLoginAccountName]);
  const user = userOf(draft, login === undefined ? { name: account, domain: named(values[AT.eventLoginAccountDomain]), id: values[AT.eventLoginAccountSid] } : { ...target, name: login });
  if (login !== undefined) draft.user(account);
  if (flag(values[AT.eventLoginIsAdministratorEquivalent]) === true) user["roles"] = ["administrator"];
  draft.putObject("user", user);
}

function putOutcome(event: Fields, values: Values, category: string, type: string): void {
  if (category === "logins") {
    const well = flag(values[AT.eventLoginLoginIsSuccessful]);
    if (well !== undefined) event["outcome"] = well ? "success" : "failure";
    put(event, "reason", named(values[AT.eventLoginFailureReason]));
  } else if (category === "ip") {
    const status = text(values[AT.eventNetworkConnectionStatus])?.toUpperCase();
    if (status !== undefined) event["outcome"] = status === "SUCCESS" ? "success" : /^(?:FAIL|BLOCK|REFUSE|TIMEOUT)/.test(status) ? "failure" : "unknown";
  } else if (category === "dns") event["outcome"] = /unresolved/i.test(type) ? "failure" : "success";
}

function putIndicators(draft: Draft, values: Values, category: string): void {
  const threat: Fields = {};
  if (category === "threat_intelligence_indicators" || values[AT.tiIndicatorValue] !== undefined) {
    const attack = new Attack();
    putObject(threat, "indicator", indicatorOf(draft, values, attack));
    attack.write(threat);
  }
  const name = text(values[AT.indicatorName]);
  if (name !== undefined) {
    const rule: Fields = { name };
    put(rule, "category", text(values[AT.indicatorCategory]));
    put(rule, "description", text(values[AT.indicatorDescription]));
    draft.put("rule", rule);
    put(draft.event, "reason", text(values[AT.indicatorDescription]));
  }
  draft.putObject("threat", threat);
}

function putWorkload(draft: Draft, values: Values): void {
  const id = values[AT.k8sClusterContainerId] ?? values[AT.containerId];
  const cluster = values[AT.k8sClusterName];
  if (id === undefined && cluster === undefined) return;
  draft.putObject(
    "container",
    containerOf({
      id,
      name: values[AT.k8sClusterContainerName] ?? values[AT.containerName],
      image: values[AT.k8sClusterContainerImage] ?? values[AT.containerImageName],
      labels: values[AT.k8sClusterContainerLabels] ?? values[AT.containerLabels],
    }),
  );
  draft.putObject(
    "orchestrator",
    orchestratorOf({
      cluster,
      namespace: values[AT.k8sClusterNamespace],
      controllerKind: values[AT.k8sClusterControllerType],
      controllerName: values[AT.k8sClusterControllerName],
      pod: values[AT.k8sClusterPodName],
      labels: values[AT.k8sClusterPodLabels],
    }),
  );
  draft.host(text(values[AT.k8sClusterNodeName]));
}

/** `Process Creation on desktop-jdoe: C:\Windows\System32\RuntimeBroker.exe -Embedding`. */
function messageOf(values: Values, type: string): string {
  const host = named(values[AT.endpointName]);
  const what = firstText(
    values[AT.urlAddress],
    values[AT.eventDnsRequest],
    values[AT.dstIpAddress],
    values[AT.registryKeyPath],
    values[AT.indicatorName],
    values[AT.tiIndicatorValue],
    values[AT.taskName],
    values[AT.eventLoginUserName],
    values[AT.eventLoginTgtUserName],
    values[AT.modulePath],
    values[AT.namedPipeName],
    values[TARGET.commandLine],
    values[AT.cmdScriptApplicationName],
    values[AT.tgtFilePath],
    values[SOURCE.commandLine],
  );
  return `${type === "" ? "Event" : type}${host === undefined ? "" : ` on ${host}`}${what === undefined ? "" : `: ${what}`}`;
}

