/**
 * `GET /application-management/risks/applications`: risks grouped by application and version. Of an estate too large to go
 * through at once only the first part is counted, and every group says so with `estimate`, as the vendor's does.
 */
import type { Collection } from "../collection.ts";
import { badRequest, type Answer } from "../errors.ts";
import { textAt } from "../estate/frame.ts";
import { compareScalars, readPath, type ApiRecord, type Value } from "../record.ts";
import { seconds } from "../times.ts";
import { sees } from "../tokens.ts";
import { idFrom } from "../threat-notes.ts";
import { LIST_ENDPOINTS } from "./endpoints.ts";
import { listParam, readConditions, type FilterTable, type Params } from "./filters.ts";
import { pageOf } from "./pages.ts";
import { paged, type Call } from "./route.ts";

/** Risks gone through for one answer. */
const MOST_READ = 100_000;

const GROUP_CODE = "83";

const SORTS = "name vendor highestNvdBaseScore highestSeverity cveCount endpointCount detectionDate daysDetected highestRiskScore exploitedInTheWild exploitCodeMaturity remediationLevel mostCommonStatus applicationType endpointsWithoutTicket".split(" ");

/** Filters on the risks that are grouped. */
const ON_RISKS: FilterTable = {
  filters: { vendors: { kind: "list", path: "applicationVendor" }, endpointTypes: { kind: "list", path: "endpointType" }, osTypes: { kind: "list", path: "osType" } },
  ranges: { detectionDate: { path: "detectionDate", unit: "time" } },
  contains: { endpointName: "endpointName", application: "application", cveId: "cveId", vendor: "applicationVendor" },
  query: [],
};

const SEVERITIES: readonly string[] = ["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

interface Group {
  readonly first: ApiRecord;
  readonly cves: Set<Value>;
  readonly endpoints: Set<Value>;
  readonly statuses: Map<string, number>;
  severity: number;
  base: number;
  risk: number;
  since: number;
}

function groupsOf({ console, request, caller }: Call): { readonly groups: ReadonlyMap<string, Group>; readonly estimate: boolean } {
  const risks = console.estate.streams.risks;
  const { conditions } = readConditions(ON_RISKS, request.params);
  const scope = scopeOf(request.params);
  const groups = new Map<string, Group>();
  let read = 0;
  for (const ordinal of risks.walk({ path: "id", descending: false })) {
    read += 1;
    if (read > MOST_READ) break;
    const scopes = risks.scopes(ordinal);
    if (!sees(caller, scopes) || (scope !== undefined && !scopes.some((one) => one[scope.level] === scope.id))) continue;
    const record = risks.get(ordinal) ?? {};
    if (record["status"] === "Removed" || !conditions.every((condition) => condition.paths.some((path) => condition.test(risks.value(ordinal, path))))) continue;
    gather(groups, record);
  }
  return { groups, estimate: read > MOST_READ };
}

function scopeOf(params: Params): { readonly level: "account" | "site" | "group"; readonly id: string } | undefined {
  for (const [name, level] of [["groupIds", "group"], ["siteIds", "site"], ["accountIds", "account"]] as const) {
    const id = listParam(params, name, LIST_ENDPOINTS.risks.scopeIds)?.[0];
    if (id !== undefined) return { level, id };
  }
  return undefined;
}

function newGroup(first: ApiRecord): Group {
  return { first, cves: new Set(), endpoints: new Set(), statuses: new Map(), severity: 0, base: 0, risk: 0, since: Number.POSITIVE_INFINITY };
}

function gather(groups: Map<string, Group>, record: ApiRecord): void {
  const key = [record["applicationVendor"], record["applicationName"], record["applicationVersion"]].join("\n");
  const since = readPath(record, "detectionDate", true);
  const group = groups.get(key) ?? newGroup(record);
  groups.set(key, group);
  group.cves.add(readPath(record, "cveId"));
  group.endpoints.add(readPath(record, "endpointId"));
  const status = textAt(record, "mitigationStatus") ?? "Not mitigated";
  group.statuses.set(status, (group.statuses.get(status) ?? 0) + 1);
  group.severity = Math.max(group.severity, SEVERITIES.indexOf(String(record["severity"])));
  group.base = Math.max(group.base, Number(record["nvdBaseScore"] ?? 0));
  group.risk = Math.max(group.risk, Number(record["riskScore"] ?? 0));
  if (typeof since === "number") group.since = Math.min(group.since, since);
}

function recordOf(key: string, group: Group, now: number, estimate: boolean): ApiRecord {
  const { first } = group;
  return {
    applicationId: idFrom(GROUP_CODE, key),
    name: `${textAt(first, "applicationName") ?? ""} ${textAt(first, "applicationVersion") ?? ""}`.trim(),
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

export function riskyApplications(call: Call): Answer {
  const { params } = call.request;
  const severities = listParam(params, "highestSeverities")?.map((value) => value.toUpperCase());
  const unknown = severities?.find((value) => !SEVERITIES.includes(value));
  if (unknown !== undefined) throw badRequest(`highestSeverities: "${unknown}" is not a valid choice.`);
  const filters = [...params].filter(([name]) => !PAGING.includes(name)).map(([name, values]) => `${name}=${values.join(",")}`);
  const listing = `risks/applications ${call.caller.level}:${[...call.caller.ids].join(",")} ${filters.join("&")}`;
  const records = grouped(call, listing).filter((record) => severities === undefined || severities.length === 0 || severities.includes(String(record["highestSeverity"])));
  return paged(pageOf(records, params, SORTS, listing));
}

const PAGING: readonly string[] = ["cursor", "limit", "skip", "sortBy", "sortOrder", "countOnly", "skipCount"];

/** The grouping last asked for, so that its next page need not be counted again. */
const LAST = new WeakMap<Collection, { readonly listing: string; readonly version: number; readonly records: readonly ApiRecord[] }>();

function grouped(call: Call, listing: string): readonly ApiRecord[] {
  const risks = call.console.estate.streams.risks;
  const last = LAST.get(risks);
  if (last?.listing === listing && last.version === risks.version) return last.records;
  const { groups, estimate } = groupsOf(call);
  const records = [...groups]
    .map(([key, group]) => recordOf(key, group, call.console.clock.now(), estimate))
    .toSorted((a, b) => compareScalars(String(a["applicationId"]), String(b["applicationId"])));
  LAST.set(risks, { listing, version: risks.version, records });
  return records;
}
