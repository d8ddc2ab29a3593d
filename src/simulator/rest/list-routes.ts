/** The listings of the streams, single records of them, and what is counted or gathered from them. */
import { badRequest, forbidden, notFound } from "../errors.ts";
import { activityTypes } from "../estate/activities.ts";
import type { ApiRecord } from "../record.ts";
import { rolePages } from "../roles.ts";
import { sees, type Caller } from "../tokens.ts";
import { LIST_ENDPOINTS, type ListEndpoint } from "./endpoints.ts";
import { listParam } from "./filters.ts";
import { installedApplications, installedCves } from "./installed-applications.ts";
import { applicationTest, INVENTORY_FILTERS } from "./inventory.ts";
import { joinTests } from "./joins.ts";
import { listPage, type Page } from "./listing.ts";
import { onlyKnown, pageOf } from "./pages.ts";
import { roleTests, seesRole } from "./role-scopes.ts";
import { riskyCves, riskyEndpoints } from "./risk-views.ts";
import { aggregatedApplications, riskyApplications } from "./risky-applications.ts";
import { data, paged, visible, type Call, type RestConsole, type RestRequest, type Route } from "./route.ts";

function refuseSiteUsers(endpoint: ListEndpoint, caller: Caller): void {
  if (endpoint.stream === "accounts" && caller.level === "site") throw forbidden("Action is not allowed to site users");
}

function read({ console, request, caller }: Pick<Call, "console" | "request" | "caller">, endpoint: ListEndpoint): Page {
  refuseSiteUsers(endpoint, caller);
  const collection = console.estate.streams[endpoint.stream];
  const joined = endpoint.stream === "applications" ? [applicationTest(collection, request.params)] : joinTests(console, endpoint, request.params);
  const scopes = endpoint.stream === "roles" ? { scopes: roleTests(console, request.params, caller, endpoint.scopeIds) } : {};
  return listPage(collection, endpoint, request.params, caller, { tests: joined, withheld: request.hidden(collection), strict: console.strict, ...scopes });
}

function withoutPages(record: ApiRecord): ApiRecord {
  const { pages: _pages, ...listed } = record;
  return listed;
}

function answerList(call: Call, endpoint: ListEndpoint): ReturnType<Route["answer"]> {
  const page = read(call, endpoint);
  if (endpoint.stream === "roles") return paged(page, (records) => records.map(withoutPages));
  if (endpoint.stream !== "sites") return paged(page);
  return paged(page, (sites) => ({ allSites: siteTotals(call.console, call.caller), sites }));
}

function siteTotals(console: RestConsole, caller: Caller): ApiRecord {
  const sites = console.estate.streams.sites;
  let activeLicenses = 0;
  let totalLicenses = 0;
  for (const ordinal of sites.walk({ path: "id", descending: false })) {
    if (!sees(caller, sites.scopes(ordinal))) continue;
    activeLicenses += Number(sites.value(ordinal, "activeLicenses") ?? 0);
    totalLicenses += Number(sites.value(ordinal, "totalLicenses") ?? 0);
  }
  return { activeLicenses, totalLicenses };
}

function namedAgents(request: RestRequest): ReadonlySet<string> {
  const ids = new Set(listParam(request.params, "ids") ?? []);
  if (ids.size === 0) throw badRequest("ids: Missing data for required field.");
  return ids;
}

/** What is installed on the agents named, in the old shape. */
function agentApplications({ console, request, caller }: Call): ReturnType<Route["answer"]> {
  const ids = namedAgents(request);
  const applications = console.estate.streams.applications;
  const found: ApiRecord[] = [];
  for (const ordinal of applications.walk({ path: "id", descending: false })) {
    if (!ids.has(String(applications.value(ordinal, "endpointId"))) || !sees(caller, applications.scopes(ordinal))) continue;
    const record = applications.get(ordinal) ?? {};
    found.push({
      name: record["applicationName"] ?? null,
      version: record["version"] ?? null,
      publisher: String(applications.value(ordinal, "$product") ?? "").split("\n")[1] ?? "",
      size: record["fileSize"] ?? 0,
      installedDate: record["applicationInstallationDate"] ?? null,
    });
  }
  return data(found);
}

function single(path: string, endpoint: ListEndpoint): Route {
  return {
    method: "GET",
    path,
    needs: [endpoint.permission],
    answer({ console, caller, ids: [id = ""] }) {
      refuseSiteUsers(endpoint, caller);
      return data(visible(console.estate.streams[endpoint.stream], caller, id).record);
    },
  };
}

/** Lists of what people make by hand; in this console nobody has, and nobody can. */
function nobodyMade(path: string, permission: string): Route {
  return {
    method: "GET",
    path,
    needs: [permission],
    answer({ request }) {
      const params = new Map([...request.params].filter(([name]) => name !== "sortBy"));
      return paged(pageOf([], params, [], path));
    },
  };
}

export const LIST_ROUTES: readonly Route[] = [
  nobodyMade("/exclusions", "Exclusions.view"),
  nobodyMade("/restrictions", "Blacklist.view"),
  nobodyMade("/threat-intelligence/iocs", "Threat Intelligence.view"),
  ...Object.values(LIST_ENDPOINTS).map((endpoint): Route => ({ method: "GET", path: endpoint.path, needs: [endpoint.permission], answer: (call) => answerList(call, endpoint) })),
  single("/accounts/{account_id}", LIST_ENDPOINTS.accounts),
  single("/sites/{site_id}", LIST_ENDPOINTS.sites),
  single("/groups/{group_id}", LIST_ENDPOINTS.groups),
  {
    method: "GET",
    path: "/rbac/role/{role_id}",
    needs: ["Roles.view"],
    answer({ console, caller, ids: [id = ""] }) {
      const { roles } = console.estate.streams;
      const record = roles.get(roles.find(id).find((found) => seesRole(console, caller, roles.scopes(found))) ?? -1);
      if (record === undefined) throw notFound();
      return data({ pages: [], ...record });
    },
  },
  {
    method: "GET",
    path: "/rbac/role",
    needs: ["Roles.view"],
    answer: () => data({ description: "", pages: rolePages({ name: "", description: "", predefined: false, permissions: new Set() }) }),
  },
  {
    method: "GET",
    path: "/agents/count",
    needs: ["Endpoints.view"],
    answer(call) {
      const params = new Map([...call.request.params].filter(([name]) => name !== "limit" && name !== "cursor"));
      params.set("countOnly", ["true"]);
      return data({ total: read({ ...call, request: { ...call.request, params } }, LIST_ENDPOINTS.agents).totalItems });
    },
  },
  {
    method: "GET",
    path: "/agents/processes",
    needs: ["Endpoints.view"],
    answer({ request }) {
      // Obsolete: the vendor answers an empty list for every agent.
      namedAgents(request);
      return data([]);
    },
  },
  { method: "GET", path: "/agents/applications", needs: ["Endpoints.view"], answer: agentApplications },
  { method: "GET", path: "/activities/types", needs: ["Activity Page.view"], answer: () => data(activityTypes()) },
  {
    method: "GET",
    path: "/application-management/inventory",
    needs: ["Applications Page.view"],
    answer({ console, request, caller }) {
      onlyKnown(console, request.params, INVENTORY_FILTERS);
      return paged(console.inventory.list(request.params, caller));
    },
  },
  { method: "GET", path: "/application-management/inventory/applications", needs: ["Applications Page.view"], answer: agentApplications },
  { method: "GET", path: "/application-management/risks/applications", needs: ["Applications Page.viewRisks"], answer: riskyApplications },
  { method: "GET", path: "/application-management/risks/aggregated-applications", needs: ["Applications Page.viewRisks"], answer: aggregatedApplications },
  { method: "GET", path: "/application-management/risks/cves", needs: ["Applications Page.viewRisks"], answer: riskyCves },
  { method: "GET", path: "/application-management/risks/endpoints", needs: ["Applications Page.viewRisks"], answer: riskyEndpoints },
  { method: "GET", path: "/installed-applications", needs: ["Applications Page.view"], answer: installedApplications },
  { method: "GET", path: "/installed-applications/cves", needs: ["Applications Page.view"], answer: installedCves },
];
