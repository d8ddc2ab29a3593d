/** Risks of applications: one weakness (CVE) of one application on one machine, as it stands. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { RecordMap } from "../contract.ts";
import { decimal, firstText, instant, text } from "../values.ts";
import { Draft, put, putObject, type Classification, type Fields } from "./document.ts";
import { named, putHost } from "./host.ts";
import { severityOf } from "./severity.ts";

const CLASS: Classification = { kind: "state", category: ["vulnerability"], type: ["info"] };
const CVE = /^CVE-\d{4}-\d{4,}$/i;

export const riskToEcs: RecordMap = (record, context) => {
  const draft = new Draft("risks", record, context);
  const { event } = draft;
  draft.classify(CLASS);
  const detected = instant(record["detectionDate"]);
  draft.put("@timestamp", instant(record["lastScanDate"]) ?? detected ?? instant(record["publishedDate"]));
  put(event, "id", text(record["id"]));
  put(event, "created", detected);
  put(event, "start", detected);
  event["action"] = text(record["status"])?.toLowerCase() === "removed" ? "vulnerability-removed" : "vulnerability-found";
  put(event, "severity", severityOf(record["severity"], "severity", context) ?? undefined);
  put(event, "risk_score", decimal(record["riskScore"]));
  put(event, "reason", firstText(record["mitigationStatusReason"], record["reason"]));
  put(event, "outcome", outcomeOf(record["lastScanResult"]));
  const cve = text(record["cveId"]);
  const name = firstText(record["applicationName"], record["application"]);
  const version = text(record["applicationVersion"]);
  const machine = named(record["endpointName"]);
  draft.put("message", `${cve ?? "A vulnerability"} in ${name === undefined ? "an application" : [name, version].filter((part) => part !== undefined).join(" ")}${machine === undefined ? "" : ` on ${machine}`}`);
  draft.put("observer", { vendor: "SentinelOne", product: "Singularity Vulnerability Management", type: "scanner" });
  draft.putObject("vulnerability", vulnerabilityOf(record, cve));

  const fields: Fields = {};
  put(fields, "name", name);
  put(fields, "version", version);
  draft.putObject("package", fields);
  // `markedBy` is a person who judged the finding, no machine.
  draft.user(named(record["markedBy"]));
  draft.user(named(record["mitigationStatusChangedBy"]));
  putHost(draft, { name: record["endpointName"], agentId: record["endpointId"], uuid: record["endpointUuid"], type: record["endpointType"], osType: record["osType"] }, "osType", context);
  return draft.done();
};

/** Of the scan that the finding comes from. */
function outcomeOf(result: Json | undefined): string | undefined {
  const word = text(result)?.toLowerCase();
  if (word === undefined) return undefined;
  return word === "succeeded" ? "success" : word === "failed" ? "failure" : "unknown";
}

function vulnerabilityOf(record: JsonObject, cve: string | undefined): Fields {
  const vulnerability: Fields = {};
  put(vulnerability, "id", cve);
  if (cve !== undefined && CVE.test(cve)) {
    vulnerability["enumeration"] = "CVE";
    vulnerability["reference"] = `https://nvd.nist.gov/vuln/detail/${cve.toUpperCase()}`;
  }
  put(vulnerability, "severity", text(record["severity"]));
  const score: Fields = {};
  const [base, version] = baseScore(record);
  put(score, "base", base);
  put(score, "version", base === undefined ? undefined : text(version));
  putObject(vulnerability, "score", score);
  if (base !== undefined) vulnerability["classification"] = "CVSS";
  vulnerability["scanner"] = { vendor: "SentinelOne" };
  return vulnerability;
}

/** The published base score and the version of its scheme; else the console's own. */
function baseScore(record: JsonObject): readonly [number | undefined, Json | undefined] {
  const published = decimal(record["nvdBaseScore"]);
  return published === undefined ? [decimal(record["baseScore"]), record["cvssVersion"]] : [published, record["nvdCvssVersion"] ?? record["cvssVersion"]];
}
