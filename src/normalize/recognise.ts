/**
 * Which kind of record something is, told by the names of its fields alone: no value is trusted for it. A record that fits nothing is
 * said to fit nothing; it is never pressed into the kind that is nearest.
 */
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { RecordKind } from "./contract.ts";

/** Null where no kind fits. */
export function recognise(record: JsonObject): RecordKind | null {
  if (has(record, "activityType")) return "activities";
  if (isCloudFunnel(record)) return "cloud-funnel";
  if (isJsonObject(record["threatInfo"])) return "threats";
  if (isJsonObject(record["alertInfo"]) || (isJsonObject(record["ruleInfo"]) && has(record, "agentDetectionInfo"))) return "cloud-detection-alerts";
  if (isUnifiedAlert(record)) return "alerts";
  if (has(record, "cveId")) return "risks";
  if (isApplication(record)) return "applications";
  if (isAgent(record)) return "agents";
  if (isGroup(record)) return "groups";
  return null;
}

/** Flat, with dots in its keys; SentinelOne's own events and others of its data lake alike carry these. */
function isCloudFunnel(record: JsonObject): boolean {
  if (has(record, "event.category") || has(record, "event.type") || has(record, "meta.event.name")) return true;
  return has(record, "event.id") && (has(record, "agent.uuid") || has(record, "endpoint.name") || has(record, "dataSource.name"));
}

function isUnifiedAlert(record: JsonObject): boolean {
  if (has(record, "detectedAt")) return has(record, "detectionSource") || has(record, "attackSurfaces") || has(record, "classification") || has(record, "name");
  // A query chooses its fields: no other record of SentinelOne's has attack surfaces.
  return has(record, "attackSurfaces") && (has(record, "detectionSource") || has(record, "classification") || has(record, "name"));
}

/** Inventory of applications by endpoint, and the older listing of installed applications. */
function isApplication(record: JsonObject): boolean {
  if (has(record, "applicationName")) return has(record, "endpointName") || has(record, "endpointId") || has(record, "endpointUuid") || has(record, "applicationVendor");
  return has(record, "publisher") && has(record, "name") && (has(record, "installedAt") || has(record, "installedDate"));
}

function isAgent(record: JsonObject): boolean {
  return has(record, "computerName") && (has(record, "uuid") || has(record, "agentVersion") || has(record, "machineType"));
}

/** A site has a name and an account too; only a group lies in a site and can be the default one. */
function isGroup(record: JsonObject): boolean {
  return has(record, "name") && has(record, "siteId") && (has(record, "isDefault") || has(record, "inherits") || has(record, "rank") || has(record, "totalAgents"));
}

function has(record: JsonObject, key: string): boolean {
  return Object.hasOwn(record, key);
}

/** An answer of the API around its records, which no kind of record looks like: naming the kind does not make it one. */
export function isWrapping(value: JsonObject): boolean {
  if (Array.isArray(value["data"]) || Array.isArray(value["edges"])) return true;
  let only: string | undefined;
  for (const name in value) {
    if (only !== undefined) return false;
    only = name;
  }
  if (only === "errors") return Array.isArray(value["errors"]);
  return (only === "node" || only === "data") && isJsonObject(value[only]);
}

/** Why something is no record of any kind, with what to do about it where that can be told. */
export function reasonOf(value: Json): string {
  if (Array.isArray(value)) return `an array (of ${String(value.length)}) where one record is expected; \`jq -c '.[]'\` gives one record per line`;
  if (!isJsonObject(value)) return `${value === null ? "null" : `a ${typeof value === "bigint" ? "number" : typeof value}`} where a record (a JSON object) is expected`;
  const data = value["data"];
  if (Array.isArray(data)) return `a whole answer of the API (${String(data.length)} records under data); \`jq -c '.data[]'\` gives one record per line`;
  if (isJsonObject(data)) return "an answer of the API wrapped in data; `jq -c '.data'` unwraps a record, `jq -c '.data.alerts.edges[].node'` unified alerts";
  if (isJsonObject(value["node"])) return "a record wrapped in node; `jq -c '.node'` unwraps it";
  if (Array.isArray(value["edges"])) return "a whole answer of the API (records under edges); `jq -c '.edges[].node'` gives one record per line";
  if (Array.isArray(value["errors"])) return "an error answer of the API, not a record";
  return "no record of a known kind; name the kind with --stream if it is one";
}
