/**
 * `risks/applications` and `risks/aggregated-applications`: risks grouped by application, with or without its version. Of an estate
 * too large to go through at once only the first part is counted, and every group says so with `estimate`, as the vendor's does.
 */
import { badRequest, type Answer } from "../errors.ts";
import { textAt } from "../estate/frame.ts";
import { compareScalars, readPath, type ApiRecord, type Value } from "../record.ts";
import { seconds } from "../times.ts";
import { intParam, listParam, readConditions, type FilterTable, type Params } from "./filters.ts";
import { onlyKnown, pageOf, PAGING } from "./pages.ts";
import { applicationId, applicationKey, eachRisk, listingOf, remembered, SCOPES, titleOf } from "./risk-rows.ts";
import { paged, type Call } from "./route.ts";
import { list } from "./tables.ts";

/** Risks gone through for one answer. */
const MOST_READ = 100_000;

const SORTS = "name vendor highestNvdBaseScore highestSeverity cveCount endpointCount detectionDate daysDetected highestRiskScore exploitedInTheWild exploitCodeMaturity remediationLevel mostCommonStatus applicationType".split(" ");

/** Filters on the risks that are grouped. */
const ON_RISKS: FilterTable = {
  filters: { vendors: list("applicationVendor"), endpointTypes: list("endpointType"), osTypes: list("osType") },
  ranges: { detectionDate: { path: "detectionDate", unit: "time" } },
  contains: { endpointName: "endpointName", application: "application", name: "applicationName", cveId: "cveId", vendor: "applicationVendor" },
  query: [],
};

/** Filters on the groups. */
const ON_GROUPS: FilterTable = {
  filters: {
    highestSeverities: list("highestSeverity"),
    applicationTypes: list("applicationType"),
    exploitCodeMaturity: list("exploitCodeMaturity"),
    remediationLevels: list("remediationLevel"),
    exploitedInTheWild: list("exploitedInTheWild"),
  },
  ranges: {},
  contains: {},
  query: [],
};

const DETECTED = ["gt", "gte", "lt", "lte", "between"].map((operator) => `detectionDate__${operator}`);
const KNOWN: readonly string[] = [...SCOPES, ...Object.keys(ON_RISKS.filters), ...Object.keys(ON_GROUPS.filters), ...DETECTED, "mostCommonStatuses", "daysFromDetection", "domains", "endpointName__contains", "endpointUuid__contains", "cveId__contains", "vendor__contains"];

const SEVERITIES: readonly string[] = ["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

interface Group {
  readonly first: ApiRecord;
  readonly versions: Set<Value>;
  readonly cves: Set<Value>;
  readonly endpoints: Set<Value>;
  readonly statuses: Map<string, number>;
  severity: number;
  base: number;
  risk: number;
  since: number;
}

function newGroup(first: ApiRecord): Group {
  return { first, versions: new Set(), cves: new Set(), endpoints: new Set(), statuses: new Map(), severity: 0, base: 0, risk: 0, since: Number.POSITIVE_INFINITY };
}

function gather(groups: Map<string, Group>, record: ApiRecord, byVersion: boolean): void {
  const key = applicationKey(record, byVersion);
  const since = readPath(record, "detectionDate", true);
  const group = groups.get(key) ?? newGroup(record);
  groups.set(key, group);
  group.versions.add(readPath(record, "applicationVersion"));
  group.cves.add(readPath(record, "cveId"));
  group.endpoints.add(readPath(record, "endpointId"));
  const status = textAt(record, "mitigationStatus") ?? "Not mitigated";
  group.statuses.set(status, (group.statuses.get(status) ?? 0) + 1);
  group.severity = Math.max(group.severity, SEVERITIES.indexOf(String(record["severity"])));
  group.base = Math.max(group.base, Number(record["nvdBaseScore"] ?? 0));
  group.risk = Math.max(group.risk, Number(record["riskScore"] ?? 0));
  if (typeof since === "number") group.since = Math.min(group.since, since);
}

function recordOf(key: string, group: Group, now: number, estimate: boolean, byVersion: boolean): ApiRecord {
  const { first } = group;
  return {
    ...(byVersion ? { applicationId: applicationId(key) } : { versionCount: group.versions.size }),
    name: titleOf(first, byVersion),
    vendor: first["applicationVendor"] ?? null,
    applicationType: first["applicationType"] ?? "app",
    cveCount: group.cves.size,
    endpointCount: group.endpoints.size,
    endpointsWithoutTicket: group.endpoints.size,
    highestSeverity: SEVERITIES[group.severity] ?? null,
    highestNvdBaseScore: group.base.toFixed(1),
    highestRiskScore: group.risk.toFixed(1),
    exploitedInTheWild: "Unknown",
    exploitCodeMaturity: first["exploitCodeMaturity"] ?? null,
    remediationLevel: first["remediationLevel"] ?? null,
    detectionDate: Number.isFinite(group.since) ? seconds(group.since) : null,
    daysDetected: Number.isFinite(group.since) ? Math.max(0, Math.floor((now - group.since) / 86_400_000_000)) : null,
    statuses: [...group.statuses].toSorted(([, a], [, b]) => b - a).map(([label, count]) => ({ key: label.toUpperCase().replaceAll(" ", "_"), label, count, ticketCategory: null })),
    estimate,
  };
}

/** What parameters say of a group; throws the vendor's 400 for a severity there is none of. */
function groupTest(params: Params): (record: ApiRecord) => boolean {
  const unknown = listParam(params, "highestSeverities")?.find((value) => !SEVERITIES.includes(value.toUpperCase()));
  if (unknown !== undefined) throw badRequest(`highestSeverities: "${unknown}" is not a valid choice.`);
  const { conditions } = readConditions(ON_GROUPS, params);
  const statuses = (listParam(params, "mostCommonStatuses") ?? []).map((value) => value.toLowerCase().replaceAll("_", " "));
  const days = intParam(params, "daysFromDetection", 0, 1_000_000) ?? 0;
  return (record) =>
    conditions.every((condition) => condition.paths.some((path) => condition.test(readPath(record, path)))) &&
    (statuses.length === 0 || statuses.includes(String(mostCommon(record)).toLowerCase())) &&
    (days === 0 || Number(record["daysDetected"] ?? -1) >= days);
}

function mostCommon(record: ApiRecord): Value {
  const labels = readPath(record, "statuses.label");
  return Array.isArray(labels) ? ((labels as readonly Value[])[0] ?? null) : labels;
}

function answer(call: Call, path: string, byVersion: boolean, own: readonly string[]): Answer {
  const { params } = call.request;
  onlyKnown(call.console, params, [...KNOWN, ...(byVersion ? ["application__contains"] : ["name__contains"])]);
  const listing = listingOf(call, path, PAGING);
  const rows = remembered(call, listing, () => grouped(call, byVersion));
  return paged(pageOf(rows.filter(groupTest(params)), params, [...SORTS, ...own], listing, { mostCommonStatus: "statuses.label" }));
}

export function riskyApplications(call: Call): Answer {
  return answer(call, "risks/applications", true, ["endpointsWithoutTicket"]);
}

export function aggregatedApplications(call: Call): Answer {
  return answer(call, "risks/aggregated-applications", false, ["versionCount"]);
}

function grouped(call: Call, byVersion: boolean): readonly ApiRecord[] {
  const groups = new Map<string, Group>();
  const estimate = eachRisk(call, ON_RISKS, MOST_READ, (record) => {
    gather(groups, record, byVersion);
  });
  const now = call.console.clock.now();
  const order = (record: ApiRecord): string => String(record["applicationId"] ?? record["name"]);
  return [...groups].map(([key, group]) => recordOf(key, group, now, estimate, byVersion)).toSorted((a, b) => compareScalars(order(a), order(b)));
}
