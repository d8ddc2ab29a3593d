/**
 * Threats as Sekoia's EDR intake gives them. What it does not know a place for stays under `sentinelone.*` with the console's own names; the
 * MITRE techniques in `indicators` are never taken out of there.
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { fillRecord } from "./edr.ts";
import { finalise, newDocument } from "./finalise.ts";
import { compile, compileNames, fill, fillNames, member, objectAt, text, type Draft, type Names, type Table } from "./table.ts";
import { ip, isBlank, lowerCase } from "./values.ts";

const THREAT: Table = compile([
  ["file.name", "threatName"],
  ["file.extension", "fileExtension", lowerCase],
  ["file.path", "filePath"],
  ["file.size", "fileSize"],
  ["file.hash.md5", "md5"],
  ["file.hash.sha1", "sha1"],
  ["file.hash.sha256", "sha256"],
  ["process.parent.name", "originatorProcess"],
  ["threat.software.type", "classification"],
  ["threat.indicator.confidence", "confidenceLevel"],
  ["threat.indicator.file.code_signature.signing_id", "certificateId"],
  // When the console made the threat, not when the file came to be.
  ["threat.indicator.file.created", "createdAt"],
  ["threat.indicator.file.size", "fileSize"],
  ["threat.enrichments.matched.occurred", "identifiedAt"],
  ["sentinelone.threatId", "threatId"],
]);
const THREAT_KEPT: Names = compileNames("sentinelone.threatInfo", [
  "AuthenticationPackageName", "NewTargetUserName", "analystVerdict", "analystVerdictDescription", "automaticallyResolved", "browserType", "classificationSource", "cloudFilesHashVerdict",
  "collectionId", "detectionEngines", "detectionType", "engines", "externalTicketExists", "externalTicketId", "failedActions", "fileExtension", "fileExtensionType", "fileVerificationType",
  "incidentStatus", "incidentStatusDescription", "initiatedBy", "initiatedByDescription", "initiatingUserId", "initiatingUsername", "isFileless", "isValidCertificate",
  "maliciousProcessArguments", "mitigatedPreemptively", "mitigationStatus", "mitigationStatusDescription", "pendingActions", "publisherName", "reachedEventsLimit", "rebootRequired", "storyline",
  "threatId", "updatedAt",
]);

const AT_DETECTION: Table = compile([
  ["host.domain", "agentDomain"],
]);
const AT_DETECTION_KEPT: Names = compileNames("sentinelone.agentDetectionInfo", [
  "accountId", "accountName", "agentDetectionState", "agentDomain", "agentIpV4", "agentIpV6", "agentLastLoggedInUserName", "agentMitigationMode", "agentOsName", "agentOsRevision",
  "agentRegisteredAt", "agentUuid", "agentVersion", "externalIp", "groupId", "groupName", "siteId", "siteName",
]);
const CLOUD_INSTANCE: Table = compile([["cloud.instance.id", "cloudInstanceId"]]);
const ADDRESS_LISTS = ["agentIpV4", "agentIpV6", "externalIp"];

const AGENT_NOW: Table = compile([
  ["agent.id", "agentId"],
  ["host.name", "agentComputerName"],
  ["host.os.family", "agentOsType"],
  // The name of the system stands in the field of its version.
  ["host.os.version", "agentOsName"],
  ["organization.id", "accountId"],
  ["organization.name", "accountName"],
]);
const AGENT_NOW_KEPT: Names = compileNames("sentinelone.agentRealtimeInfo", [
  "activeThreats", "agentComputerName", "agentDecommissionedAt", "agentDomain", "agentId", "agentInfected", "agentIsActive", "agentIsDecommissioned", "agentMachineType", "agentMitigationMode",
  "agentNetworkStatus", "agentOsRevision", "agentUuid", "agentVersion", "groupId", "groupName", "networkInterfaces", "operationalState", "rebootRequired", "scanAbortedAt", "scanFinishedAt",
  "scanStartedAt", "scanStatus", "siteId", "siteName", "storageName", "storageType", "userActionsNeeded",
]);

const CONTAINER: Table = compile([["container.id", "id"], ["container.image.name", "image"], ["container.name", "name"]]);

const KUBERNETES: Table = compile([
  ["orchestrator.cluster.name", "cluster"],
  ["orchestrator.namespace", "namespace"],
]);
const KUBERNETES_KEPT: Names = compileNames("sentinelone.kubernetesInfo", ["controllerKind", "controllerLabels", "controllerName", "namespaceLabels", "node", "pod", "podLabels"]);

export function mapThreat(threat: JsonObject, context: MapContext): JsonObject {
  const doc = newDocument(context);
  doc["event"] = { kind: "alert", category: ["malware"], type: ["info"] };
  const info = member(threat, "threatInfo");
  if (info !== undefined) {
    fill(THREAT, info, doc);
    fillNames(THREAT_KEPT, info, doc);
    fillUser(info, doc);
  }
  fillRecord(threat, doc);
  const detection = member(threat, "agentDetectionInfo");
  if (detection !== undefined) fillDetection(detection, doc);
  const agent = member(threat, "agentRealtimeInfo");
  fill(AGENT_NOW, agent, doc);
  fillNames(AGENT_NOW_KEPT, agent, doc);
  fill(CONTAINER, member(threat, "containerInfo"), doc);
  const kubernetes = member(threat, "kubernetesInfo");
  if (!isBlank(kubernetes?.["cluster"])) {
    objectAt(doc, ["orchestrator"])["type"] = "kubernetes";
    fill(KUBERNETES, kubernetes, doc);
    fillNames(KUBERNETES_KEPT, kubernetes, doc);
  }
  return finalise(doc);
}

/** Without a domain in front, the name is taken for both. */
function fillUser(info: JsonObject, doc: Draft): void {
  const parts = text(info, "processUser")?.split("\\");
  if (parts === undefined) return;
  const domain = parts[0];
  const name = parts.at(-1);
  const user = objectAt(doc, ["user"]);
  if (!isBlank(domain)) user["domain"] = domain;
  if (!isBlank(name)) user["name"] = name;
}

function fillDetection(detection: JsonObject, doc: Draft): void {
  fill(AT_DETECTION, detection, doc);
  fillNames(AT_DETECTION_KEPT, detection, doc);
  fill(CLOUD_INSTANCE, member(member(detection, "cloudProviders"), "AWS"), doc);
  const lists = ADDRESS_LISTS.flatMap((name) => text(detection, name) ?? []);
  if (lists.length === 0) return;
  const addresses = lists.flatMap((list) => list.split(",").flatMap((address) => ip(address.trim()) ?? []));
  objectAt(doc, ["host"])["ip"] = addresses.sort();
}
