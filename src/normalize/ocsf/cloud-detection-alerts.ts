/**
 * Alerts of custom detection rules (STAR) → Detection Finding: the rule is the analytic; the process, its parent, and what the event was
 * about (a file, a registry key, an address, a DNS question, a login) are the evidence.
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { baseName } from "../values.ts";
import { containerOf } from "./container.ts";
import { deviceOf, deviceType, osOf, osType } from "./device.ts";
import { choose, DIRECTION, put, type Draft } from "./enums.ts";
import { Event } from "./event.ts";
import { Fields } from "./fields.ts";
import { fileOf, REGULAR, signatureOf } from "./file.ts";
import * as finding from "./finding.ts";
import { DIRECTION_WORDS, endpointOf } from "./network.ts";
import { processOf } from "./process.ts";
import { accountUser, userOf } from "./user.ts";

const TREATED: ReadonlyMap<string, number> = new Map([["MALICIOUS", 3], ["SUSPICIOUS", 2]]);

export const cloudDetectionAlertMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const info = fields.object("alertInfo");
  const rule = fields.object("ruleInfo");
  const agent = fields.object("agentDetectionInfo");
  const event = new Event("cloud-detection-alerts", info.text("source") ?? "STAR", fields, context);

  const id = info.text("alertId") ?? finding.UNKNOWN;
  finding.classify(event, finding.statusOf(info.text("incidentStatus"), "alertInfo.incidentStatus", context));
  event.time(info, "createdAt", "reportedAt", "updatedAt");
  const host = agent.text("name");
  const name = rule.text("name");
  event.put("message", name === undefined ? info.text("indicatorName") : `${name}${host === undefined ? "" : ` on ${host}`}`);
  event.severity(finding.severityOf(rule.text("severity"), "ruleInfo.severity", context));
  confidence(event, rule, context);
  event.put("is_alert", !finding.isClosed(event));
  finding.putVerdict(event, finding.verdictOf(info.text("analystVerdict"), "alertInfo.analystVerdict", context));

  const scope = { accountId: agent.text("accountId"), siteId: agent.text("siteId") };
  const source = fields.object("sourceProcessInfo");
  const modified = info.time("updatedAt");
  put(event.metadata, "uid", id);
  put(event.metadata, "modified_time", modified);
  put(event.metadata, "event_code", info.text("eventType"));
  put(event.metadata, "correlation_uid", source.text("storyline"));
  event.scope(scope);

  event.put(
    "finding_info",
    finding.infoOf({
      uid: id,
      uidAlt: info.text("dvEventId"),
      title: name ?? info.text("indicatorName"),
      description: rule.text("description"),
      types: finding.typesOf(info.text("indicatorCategory")),
      analytic: finding.analyticOf({ type: { id: 1, caption: "Rule" }, name, uid: rule.text("id"), category: rule.text("queryType"), description: rule.text("s1ql") }),
      created: info.time("createdAt"),
      modified,
      firstSeen: info.time("createdAt"),
      lastSeen: info.time("reportedAt"),
    }),
  );
  event.device(
    deviceOf({
      hostname: host,
      uuid: agent.text("uuid"),
      type: deviceType(agent.text("machineType"), "agentDetectionInfo.machineType", context),
      os: osOf({ type: osType(agent.text("osFamily"), "agentDetectionInfo.osFamily", context), name: agent.text("osName"), build: agent.text("osRevision") }),
      ip: info.ip("srcMachineIp"),
      agentVersion: agent.text("version"),
      hasAgent: true,
      scope,
    }),
  );
  event.putList("evidences", evidencesOf(fields, info, source, id, context));
  return event.done();
};

/** A rule may treat what it hits as a threat; where it does not, it says nothing of how sure it is. */
function confidence(event: Event, rule: Fields, context: MapContext): void {
  const treated = rule.text("treatAsThreat");
  if (treated === undefined || treated.toUpperCase() === "UNDEFINED") return;
  const id = TREATED.get(treated.toUpperCase());
  if (id !== undefined) event.putChoice("confidence", { id, caption: id === 3 ? "High" : "Medium" });
  else event.putChoice("confidence", finding.confidenceOf(treated, "ruleInfo.treatAsThreat", context));
}

function evidencesOf(fields: Fields, info: Fields, source: Fields, id: string, context: MapContext): readonly JsonObject[] {
  const parent = processFrom(fields.object("sourceParentProcessInfo"), "sourceParentProcessInfo", `${id}:parent`, undefined, context);
  const process = processFrom(source, "sourceProcessInfo", `${id}:process`, parent, context);
  const target = fields.object("targetProcessInfo");
  const evidence: Draft = {};
  if (process !== undefined) evidence["actor"] = { process };
  put(evidence, "process", targetProcess(target, id, context));
  put(evidence, "file", targetFile(target, info));
  put(evidence, "src_endpoint", endpointOf({ ip: info.ip("srcIp"), port: info.port("srcPort") }));
  put(evidence, "dst_endpoint", endpointOf({ ip: info.ip("dstIp"), port: info.port("dstPort") }));
  const question = info.text("dnsRequest");
  if (question !== undefined) evidence["query"] = { hostname: question };
  put(evidence, "user", userOf({ name: info.text("loginsUserName"), domain: info.text("loginAccountDomain"), uid: info.text("loginAccountSid") }));
  const direction = choose(info.text("netEventDirection"), "alertInfo.netEventDirection", DIRECTION_WORDS, DIRECTION, context);
  if (direction !== undefined) evidence["connection_info"] = { direction_id: direction.id, direction: direction.caption };
  const rest = registry(info);
  if (rest !== undefined) evidence["data"] = rest;
  for (const _ in evidence) {
    put(evidence, "container", container(fields));
    return [evidence];
  }
  return [];
}

/** A registry key is no object of OCSF's own classes: the evidence holds it as the vendor names it. */
function registry(info: Fields): JsonObject | undefined {
  const found: Draft = {};
  for (const key of ["registryKeyPath", "registryPath", "registryValue", "registryOldValue", "registryOldValueType"]) put(found, key, info.text(key));
  for (const _ in found) return found;
  return undefined;
}

function processFrom(told: Fields, path: string, standIn: string, parent: JsonObject | undefined, context: MapContext): JsonObject | undefined {
  const image = told.text("filePath");
  const user = accountUser(told.peek("user"));
  if (user !== undefined) told.use("user");
  const name = told.text("name");
  return processOf(
    {
      pid: told.integer("pid"),
      uid: told.text("uniqueId"),
      name,
      commandLine: told.text("commandline"),
      path: image,
      started: told.time("pidStarttime"),
      integrity: told.text("integrityLevel"),
      integrityField: `${path}.integrityLevel`,
      user,
      file: fileOf({
        path: image,
        name: image === undefined ? name : undefined,
        type: REGULAR,
        md5: told.hash("fileHashMd5"),
        sha1: told.hash("fileHashSha1"),
        sha256: told.hash("fileHashSha256"),
        signature: signatureOf({ publisher: told.text("fileSignerIdentity") }),
      }),
      parent,
      standIn,
    },
    context,
  );
}

function targetProcess(target: Fields, id: string, context: MapContext): JsonObject | undefined {
  const path = target.text("tgtProcImagePath");
  const name = target.text("tgtProcName");
  // A level of nothing is no process.
  if (path === undefined && name === undefined && target.integer("tgtProcPid") === undefined && target.text("tgtProcUid") === undefined) return undefined;
  return processOf(
    {
      pid: target.integer("tgtProcPid"),
      uid: target.text("tgtProcUid"),
      name: name ?? (path === undefined ? undefined : baseName(path)),
      commandLine: target.text("tgtProcCmdLine"),
      path,
      started: target.time("tgtProcessStartTime"),
      integrity: target.text("tgtProcIntegrityLevel"),
      integrityField: "targetProcessInfo.tgtProcIntegrityLevel",
      file: fileOf({ path, type: REGULAR }),
      standIn: `${id}:target`,
    },
    context,
  );
}

function targetFile(target: Fields, info: Fields): JsonObject | undefined {
  const path = target.text("tgtFilePath");
  const module = path === undefined ? info.text("modulePath") : undefined;
  return fileOf({
    path: path ?? module,
    type: REGULAR,
    uid: target.text("tgtFileId"),
    created: target.time("tgtFileCreatedAt"),
    modified: target.time("tgtFileModifiedAt"),
    sha1: target.hash("tgtFileHashSha1") ?? (module === undefined ? undefined : info.hash("moduleSha1")),
    sha256: target.hash("tgtFileHashSha256"),
  });
}

function container(fields: Fields): JsonObject | undefined {
  const told = fields.object("containerInfo");
  return containerOf({ uid: told.text("id"), name: told.text("name"), image: told.text("image"), labels: told.texts("labels"), cluster: fields.object("kubernetesInfo").peek("cluster") });
}
