/** `risks/cves` and `risks/endpoints`: the weaknesses of one application, and the machines that have it. */
import { badRequest, type Answer } from "../errors.ts";
import { textAt } from "../estate/frame.ts";
import { readPath, type ApiRecord } from "../record.ts";
import { intParam, listParam, type FilterTable, type Params } from "./filters.ts";
import { onlyKnown, pageOf, PAGING } from "./pages.ts";
import { applicationId, applicationKey, eachRisk, listingOf, remembered, SCOPES } from "./risk-rows.ts";
import { paged, type Call } from "./route.ts";
import { list, times } from "./tables.ts";

const OF_APPLICATION: readonly string[] = ["applicationIds", "applicationName", "applicationVendor", "applicationVersions"];

const ON_CVES = {
  filters: {
    exploitCodeMaturity: list("exploitCodeMaturity"),
    remediationLevels: list("remediationLevel"),
    severities: list("severity"),
    reportConfidence: list("reportConfidence"),
    applicationVersions: list("applicationVersion"),
  },
  ranges: times("publishedDate"),
  contains: { cveId: "cveId" },
  query: [],
} as const satisfies FilterTable;

const ON_ENDPOINTS = {
  filters: {
    applicationVersions: list("applicationVersion"),
    statuses: { kind: "list", path: "mitigationStatus", alias: { NOT_MITIGATED: "Not mitigated", TO_BE_PATCHED: "To be patched", ON_HOLD: "On hold" } },
    endpointTypes: list("endpointType"),
    osTypes: list("osType"),
    lastScanResults: list("lastScanResult", "Succeeded|Failed"),
  },
  ranges: times("detectionDate lastScanDate"),
  contains: { endpointName: "endpointName", endpointId: "endpointId", statusMessage: "mitigationStatusReason" },
  query: [],
} as const satisfies FilterTable;

function namesOf(table: FilterTable): readonly string[] {
  const ranges = Object.keys(table.ranges).flatMap((name) => ["gt", "gte", "lt", "lte", "between"].map((operator) => `${name}__${operator}`));
  return [...SCOPES, ...OF_APPLICATION, ...Object.keys(table.filters), ...ranges, ...Object.keys(table.contains).map((name) => `${name}__contains`)];
}

/** Which risks are of the application asked for; throws the vendor's 400 when none is. */
function ofApplication(params: Params): (risk: ApiRecord) => boolean {
  const ids = new Set(listParam(params, "applicationIds") ?? []);
  const name = params.get("applicationName")?.at(-1);
  const vendor = params.get("applicationVendor")?.at(-1);
  if (ids.size === 0 && (name === undefined || vendor === undefined)) throw badRequest("applicationIds: Missing data for required field.");
  const known = new Map<string, boolean>();
  return (risk) => {
    const key = applicationKey(risk);
    const wanted = known.get(key) ?? (ids.size === 0 ? risk["applicationName"] === name && (risk["applicationVendor"] ?? "") === vendor : ids.has(applicationId(key)));
    known.set(key, wanted);
    return wanted;
  };
}

/** One row for every key among the application's risks, made of the first. */
function rowsOf(call: Call, table: FilterTable, keyOf: (risk: ApiRecord) => string, make: (risk: ApiRecord) => ApiRecord): readonly ApiRecord[] {
  const wanted = ofApplication(call.request.params);
  const found = new Map<string, ApiRecord>();
  eachRisk(call, table, Number.POSITIVE_INFINITY, (risk) => {
    if (!wanted(risk)) return;
    const key = keyOf(risk);
    if (!found.has(key)) found.set(key, make(risk));
  });
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function weakness(risk: ApiRecord): ApiRecord {
  const id = textAt(risk, "cveId") ?? "";
  return {
    cveId: id,
    severity: risk["severity"] ?? null,
    nvdBaseScore: risk["nvdBaseScore"] ?? null,
    riskScore: risk["riskScore"] ?? null,
    cvssVersion: risk["cvssVersion"] ?? null,
    publishedDate: risk["publishedDate"] ?? null,
    description: "",
    exploitedInTheWild: "Unknown",
    exploitCodeMaturity: risk["exploitCodeMaturity"] ?? null,
    remediationLevel: risk["remediationLevel"] ?? null,
    reportConfidence: risk["reportConfidence"] ?? null,
    nvdUrl: `https://nvd.nist.gov/vuln/detail/${id}`,
    mitreUrl: `https://cve.mitre.org/cgi-bin/cvename.cgi?name=${id}`,
    fpFnMarks: [],
  };
}

export function riskyCves(call: Call): Answer {
  const { params } = call.request;
  onlyKnown(call.console, params, [...namesOf(ON_CVES), "exploitedInTheWild", "analystVerdict"]);
  const wild = (listParam(params, "exploitedInTheWild") ?? []).map((value) => value.replace("EXPLOITED_UNKNOWN", "Unknown").toLowerCase());
  const listing = listingOf(call, "risks/cves", PAGING);
  const found = remembered(call, listing, () => rowsOf(call, ON_CVES, (risk) => textAt(risk, "cveId") ?? "", weakness));
  const rows = found.filter((row) => wild.length === 0 || wild.includes(String(row["exploitedInTheWild"]).toLowerCase()));
  const sorts = "cveId severity nvdBaseScore publishedDate riskScore exploitedInTheWild exploitCodeMaturity remediationLevel reportConfidence".split(" ");
  return paged(pageOf(rows, params, sorts, listing));
}

function machine(call: Call, risk: ApiRecord): ApiRecord {
  const { agents } = call.console.estate.streams;
  const agent = agents.get(agents.find(String(risk["endpointId"]))[0] ?? -1) ?? {};
  return {
    endpointId: risk["endpointId"] ?? null,
    endpointUuid: agent["uuid"] ?? null,
    endpointName: risk["endpointName"] ?? null,
    endpointType: risk["endpointType"] ?? null,
    osType: risk["osType"] ?? null,
    osVersion: agent["osRevision"] ?? null,
    accountName: agent["accountName"] ?? null,
    siteName: agent["siteName"] ?? null,
    groupName: agent["groupName"] ?? null,
    domain: agent["domain"] ?? null,
    applicationVersion: risk["applicationVersion"] ?? null,
    applicationDetectionDate: risk["detectionDate"] ?? null,
    applicationDaysDetected: risk["daysDetected"] ?? null,
    lastScanDate: risk["lastScanDate"] ?? null,
    lastScanResult: risk["lastScanResult"] ?? null,
    statusHistory: [],
    ticket: null,
    externalTicketSystem: { available: false, type: null },
  };
}

/** Sort fields that are named otherwise than what they sort. No machine has a ticket, so that `status` and `daysToMitigation` sort nothing. */
const ENDPOINT_SORTS: Readonly<Record<string, string>> = { name: "endpointName", account: "accountName", site: "siteName", group: "groupName", detectionDate: "applicationDetectionDate", daysDetected: "applicationDaysDetected", status: "ticket", daysToMitigation: "ticket" };

export function riskyEndpoints(call: Call): Answer {
  const { params } = call.request;
  onlyKnown(call.console, params, [...namesOf(ON_ENDPOINTS), "osVersions", "domains", "domain__contains", "endpointUuid__contains", "daysFromDetection", "ticketId__contains", "daysToMitigation__between"]);
  const days = intParam(params, "daysFromDetection", 0, 1_000_000) ?? 0;
  const ticketed = [...(listParam(params, "ticketId__contains") ?? []), ...(listParam(params, "daysToMitigation__between") ?? [])].length > 0;
  const listing = listingOf(call, "risks/endpoints", PAGING);
  const found = remembered(call, listing, () => rowsOf(call, ON_ENDPOINTS, (risk) => [risk["endpointId"], risk["applicationVersion"]].map(String).join("\n"), (risk) => machine(call, risk)));
  const rows = found.filter((row) => !ticketed && (days === 0 || Number(readPath(row, "applicationDaysDetected") ?? -1) >= days));
  const sorts = [...Object.keys(ENDPOINT_SORTS), "osType", "osVersion", "endpointType", "domain", "applicationVersion", "lastScanDate", "lastScanResult"];
  return paged(pageOf(rows, params, sorts, listing, ENDPOINT_SORTS));
}
