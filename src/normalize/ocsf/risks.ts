/**
 * Application risks → Vulnerability Finding: one CVE in one application on one device. A finding nobody works on is new; one to be patched is
 * in progress; one gone is resolved and its finding closed; one marked as a false positive is suppressed.
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { VULNERABILITY_FINDING } from "./classes.ts";
import { deviceOf, deviceType, osOf, osType } from "./device.ts";
import { choose, FINDING_STATUS, put, putList, RESOURCE_ROLE, putId, words, type Choice, type Draft } from "./enums.ts";
import { Event, scopeOf, VENDOR, type Scope } from "./event.ts";
import { Fields } from "./fields.ts";
import * as finding from "./finding.ts";

const STATUS_WORDS = words({ DETECTED: 1, NOT_MITIGATED: 1, TO_BE_PATCHED: 2, ON_HOLD: 99, REMOVED: 4, RESOLVED: 4, MITIGATED: 4 });
const GONE = 4;
const CVE_ID = /^CVE-\d{4}-\d{4,19}$/i;

export const riskMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const event = new Event("risks", "Vulnerability Management", fields, context);
  const scope = scopeOf(fields);
  const status = statusOf(fields, context);
  finding.classify(event, status, VULNERABILITY_FINDING);
  event.time(fields, "detectionDate", "publishedDate", "lastScanDate");
  event.scope(scope);

  const id = fields.text("id");
  const cve = fields.text("cveId");
  const application = fields.text("application");
  const host = fields.firstText("endpointName", "agentComputerName");
  const title = [cve, application === undefined ? undefined : `in ${application}`].filter((one) => one !== undefined).join(" ");
  event.put("message", `${title === "" ? "Vulnerability" : title}${host === undefined ? "" : ` on ${host}`}`);
  event.severity(finding.severityOf(fields.firstText("severity", "riskLevel"), "severity", context));
  put(event.metadata, "uid", id);
  const first = fields.time("detectionDate");
  const last = fields.time("lastScanDate");
  event.put("start_time", first);
  event.put("end_time", last);
  const modified = fields.time("riskUpdatedDate") ?? fields.time("mitigationStatusChangeTime");
  put(event.metadata, "modified_time", modified);
  event.put(
    "finding_info",
    finding.infoOf({
      uid: id ?? cve ?? finding.UNKNOWN,
      title: title === "" ? undefined : title,
      types: ["Vulnerability"],
      created: first,
      modified,
      firstSeen: first,
      lastSeen: last,
    }),
  );
  event.put("status_detail", fields.text("mitigationStatusReason"));
  event.put("vulnerabilities", [vulnerabilityOf(fields, cve ?? application ?? id ?? finding.UNKNOWN, { first, last })]);
  machine(event, fields, host, scope, context);
  return event.done();
};

/** `status` tells whether it is still there; only of what is, `mitigationStatus` and marks tell how far people are. */
function statusOf(fields: Fields, context: MapContext): Choice | undefined {
  const present = choose(fields.peek("status"), "status", STATUS_WORDS, FINDING_STATUS, context);
  const work = choose(fields.peek("mitigationStatus"), "mitigationStatus", STATUS_WORDS, FINDING_STATUS, context);
  const marked = present?.id !== GONE && isFalsePositive(fields);
  if (marked) return { id: 3, caption: "Suppressed" };
  const key = present?.id === GONE || work === undefined ? "status" : "mitigationStatus";
  fields.use(key);
  return key === "status" ? present : work;
}

function isFalsePositive(fields: Fields): boolean {
  const marked = fields.peek("markType");
  const said = [fields.peek("analystVerdict"), marked, typeof marked === "object" && marked !== null ? (marked as JsonObject)["description"] : undefined];
  return said.some((one) => typeof one === "string" && /^false[ _]positive$/i.test(one));
}

interface Seen {
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/** Without a CVE the vendor's own id stands as an advisory's: OCSF takes one of both, and none without. */
function vulnerabilityOf(fields: Fields, name: string, { first, last }: Seen): JsonObject {
  const vulnerability: Draft = {};
  const scores = [cvss(fields, "nvdBaseScore", "nvdCvssVersion", "NVD"), cvss(fields, "baseScore", "cvssVersion", VENDOR)].filter((one) => one !== undefined);
  if (CVE_ID.test(name)) {
    const cve: Draft = { uid: name.toUpperCase() };
    putList(cve, "cvss", scores);
    put(cve, "created_time", fields.time("publishedDate"));
    put(cve, "desc", fields.text("description"));
    vulnerability["cve"] = cve;
  } else {
    vulnerability["advisory"] = { uid: name };
  }
  const level = fields.peek("severity");
  if (typeof level === "string" && level !== "") vulnerability["severity"] = level;
  const packageName = fields.firstText("applicationName", "application");
  if (packageName !== undefined) {
    const affected: Draft = { name: packageName, version: fields.text("applicationVersion") ?? "unknown" };
    put(affected, "vendor_name", fields.text("applicationVendor"));
    putId(affected, "type", 1, { 1: "Application" });
    vulnerability["affected_packages"] = [affected];
  }
  put(vulnerability, "first_seen_time", first);
  put(vulnerability, "last_seen_time", last);
  const remediation = fields.peek("remediationLevel");
  if (typeof remediation === "string" && /^(?:official|temporary) fix$/i.test(remediation)) vulnerability["is_fix_available"] = true;
  if (typeof remediation === "string" && /^unavailable$/i.test(remediation)) vulnerability["is_fix_available"] = false;
  const exploit = fields.peek("exploitCodeMaturity");
  if (typeof exploit === "string" && /^(?:functional|high|proof of concept)$/i.test(exploit)) vulnerability["is_exploit_available"] = true;
  if (typeof exploit === "string" && /^unproven$/i.test(exploit)) vulnerability["is_exploit_available"] = false;
  return vulnerability;
}

/** Scores come as text. A score counts for nothing to OCSF without the version of CVSS it was given by. */
function cvss(fields: Fields, score: string, version: string, vendor: string): JsonObject | undefined {
  const base = fields.decimal(score);
  if (base === undefined) return undefined;
  return { base_score: base, vendor_name: vendor, version: fields.text(version) ?? "unknown" };
}

function machine(event: Event, fields: Fields, host: string | undefined, scope: Scope, context: MapContext): void {
  const version = fields.text("osVersion");
  const uid = fields.firstText("endpointUuid", "agentUuid");
  const id = fields.firstText("endpointId", "agentId");
  const device = deviceOf({
    hostname: host,
    uuid: uid,
    id,
    type: deviceType(fields.firstText("endpointType", "agentMachineType"), "endpointType", context),
    os: osOf({ type: osType(fields.text("osType"), "osType", context), name: version, version }),
    domain: fields.text("domain"),
    scope,
  });
  if (device === undefined) return;
  event.device(device);
  const resource: Draft = {};
  put(resource, "uid", uid ?? id);
  put(resource, "name", host);
  put(resource, "hostname", host);
  putId(resource, "role", 3, RESOURCE_ROLE);
  if (uid !== undefined || id !== undefined || host !== undefined) event.put("resources", [resource]);
}
