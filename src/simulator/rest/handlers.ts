/** What the REST paths under `/web/api/v2.1` answer. */
import { ApiError, badRequest, forbidden, notFound, type Answer } from "../errors.ts";
import { activityTypes } from "../estate/activities.ts";
import { LATEST_AGENT } from "../estate/agents.ts";
import type { Estate } from "../estate/estate.ts";
import type { SimulatedClock } from "../clock.ts";
import type { Collection } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { micros } from "../times.ts";
import { requirePermission, sees, type Caller, type TokenBook } from "../tokens.ts";
import { LIST_ENDPOINTS, type ListEndpoint } from "./endpoints.ts";
import { boolParam, listParam, type Params } from "./filters.ts";
import { applicationTest, type Inventory } from "./inventory.ts";
import { listPage, type Extra, type KeyedTest, type Page } from "./listing.ts";

export interface RestRequest {
  readonly method: string;
  /** Without `/web/api/v2.1`, without a trailing slash. */
  readonly path: string;
  readonly params: Params;
  readonly authorization: string | undefined;
  readonly body: unknown;
  /** Records a fault keeps out of sight; undefined where it hides none of them. */
  readonly hidden: (collection: Collection) => KeyedTest | undefined;
}

export interface RestConsole {
  readonly estate: Estate;
  readonly tokens: TokenBook;
  readonly clock: SimulatedClock;
  readonly inventory: Inventory;
  readonly strict: boolean;
}

function data(value: unknown): Answer {
  return { status: 200, body: { data: value } };
}

function paged(page: Page, shape: (records: readonly ApiRecord[]) => unknown = (records) => records): Answer {
  return { status: 200, body: { data: shape(page.records), pagination: { nextCursor: page.nextCursor, totalItems: page.totalItems } } };
}

/** Answers one request, or throws an ApiError. */
export function answerRest(console: RestConsole, request: RestRequest): Answer {
  const key = `${request.method} ${request.path}`;
  const open = OPEN[key];
  if (open !== undefined) return open(console, request);
  const caller = console.tokens.authenticate(request.authorization);
  const listed = request.method === "GET" ? BY_PATH.get(request.path) : undefined;
  if (listed !== undefined) return answerList(console, request, caller, listed);
  const handler = KNOWN[key];
  if (handler !== undefined) return handler(console, request, caller);
  return answerOne(console, request, caller);
}

const BY_PATH: ReadonlyMap<string, ListEndpoint> = new Map(Object.values(LIST_ENDPOINTS).map((endpoint) => [endpoint.path, endpoint]));

function extraTests(console: RestConsole, request: RestRequest, endpoint: ListEndpoint): readonly KeyedTest[] {
  const collection = console.estate.streams[endpoint.stream];
  if (endpoint.stream === "applications") return [applicationTest(collection, request.params)];
  if (endpoint.stream === "risks" && boolParam(request.params, "includeRemovals") !== true) {
    return [{ key: "present", test: (ordinal) => String(collection.value(ordinal, "status")).toLowerCase() !== "removed" }];
  }
  if (endpoint.stream === "threats") {
    const resolved = boolParam(request.params, "resolved");
    if (resolved !== undefined) return [{ key: `resolved=${String(resolved)}`, test: (ordinal) => (collection.value(ordinal, "threatInfo.incidentStatus") === "resolved") === resolved }];
  }
  return [];
}

function read(console: RestConsole, request: RestRequest, caller: Caller, endpoint: ListEndpoint): Page {
  requirePermission(caller, endpoint.permission);
  if (endpoint.stream === "accounts" && caller.level === "site") throw forbidden("Action is not allowed to site users");
  const collection = console.estate.streams[endpoint.stream];
  const extra: Extra = { tests: extraTests(console, request, endpoint), withheld: request.hidden(collection), strict: console.strict };
  return listPage(collection, endpoint, request.params, caller, extra);
}

function withoutPages(record: ApiRecord): ApiRecord {
  const { pages: _pages, ...listed } = record;
  return listed;
}

function answerList(console: RestConsole, request: RestRequest, caller: Caller, endpoint: ListEndpoint): Answer {
  const page = read(console, request, caller, endpoint);
  if (endpoint.stream === "roles") return paged(page, (records) => records.map(withoutPages));
  if (endpoint.stream !== "sites") return paged(page);
  return paged(page, (sites) => ({ allSites: siteTotals(console, caller), sites }));
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

type OpenHandler = (console: RestConsole, request: RestRequest) => Answer;
type Handler = (console: RestConsole, request: RestRequest, caller: Caller) => Answer;

function bodyText(request: RestRequest, key: string): string {
  const inner = isRecord(request.body) ? request.body["data"] : undefined;
  const value = isRecord(inner) ? inner[key] : undefined;
  if (typeof value !== "string" || value === "") throw badRequest(`${key}: Missing data for required field.`);
  return value.trim();
}

const OPEN: Readonly<Record<string, OpenHandler>> = {
  "GET /system/status": () => data({ health: "ok" }),
  "GET /system/status/db": () => data({ health: "ok" }),
  "GET /system/status/cache": () => data({ health: "ok" }),
  "POST /users/login/by-api-token": (console, request) =>
    data({ token: console.tokens.openSession(bodyText(request, "apiToken")), realUser: "", removedSavedScope: "", redirectTo: "", redirectToParams: "" }),
};

const KNOWN: Readonly<Record<string, Handler>> = {
  "GET /system/info": () => data({ release: "Z", version: "Z-26.1.3", build: "12", patch: "SP0", latestAgentVersion: LATEST_AGENT }),
  "GET /system/env": () => data({ env: "production", isProd: true, url: "https://console.s1sim.test" }),
  "GET /user": (console, _request, caller) => {
    requirePermission(caller, "Users.view");
    return data(console.tokens.identity(caller));
  },
  "POST /users/api-token-details"(console, request) {
    const told = console.tokens.lookup(bodyText(request, "apiToken"));
    if (told === undefined) throw badRequest("apiToken: Invalid token.");
    return data({ createdAt: micros(told.createdAt), expiresAt: micros(told.expiresAt) });
  },
  "GET /users/viewer-auth-check": () => data({ success: true }),
  "GET /users/tenant-admin-auth-check"(_console, _request, caller) {
    if (caller.level !== "tenant" || caller.role !== 0) throw forbidden(null);
    return data({ success: true });
  },
  "GET /agents/count"(console, request, caller) {
    const params = new Map([...request.params].filter(([name]) => name !== "limit" && name !== "cursor"));
    params.set("countOnly", ["true"]);
    return data({ total: read(console, { ...request, params }, caller, LIST_ENDPOINTS.agents).totalItems });
  },
  "GET /agents/processes": () => data([]),
  "GET /activities/types"(_console, _request, caller) {
    requirePermission(caller, "Activity Page.view");
    return data(activityTypes());
  },
  "GET /application-management/inventory"(console, request, caller) {
    requirePermission(caller, "Applications Page.view");
    return paged(console.inventory.list(request.params, caller));
  },
  "GET /application-management/inventory/applications": agentApplications,
  "GET /agents/applications": agentApplications,
};

/** What is installed on the agents named, in the old shape. */
function agentApplications(console: RestConsole, request: RestRequest, caller: Caller): Answer {
  requirePermission(caller, "Applications Page.view");
  const ids = new Set(listParam(request.params, "ids") ?? []);
  if (ids.size === 0) throw badRequest("ids: Missing data for required field.");
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

const SINGLE: readonly { readonly pattern: RegExp; readonly endpoint: ListEndpoint }[] = [
  { pattern: /^\/accounts\/(\w+)$/u, endpoint: LIST_ENDPOINTS.accounts },
  { pattern: /^\/sites\/(\w+)$/u, endpoint: LIST_ENDPOINTS.sites },
  { pattern: /^\/groups\/(\w+)$/u, endpoint: LIST_ENDPOINTS.groups },
  { pattern: /^\/users\/(\w+)$/u, endpoint: LIST_ENDPOINTS.users },
  { pattern: /^\/service-users\/(\w+)$/u, endpoint: LIST_ENDPOINTS.serviceUsers },
  { pattern: /^\/rbac\/role\/(\w+)$/u, endpoint: LIST_ENDPOINTS.roles },
];

function answerOne(console: RestConsole, request: RestRequest, caller: Caller): Answer {
  for (const { pattern, endpoint } of SINGLE) {
    const id = request.method === "GET" ? pattern.exec(request.path)?.[1] : undefined;
    if (id === undefined) continue;
    requirePermission(caller, endpoint.permission);
    const collection = console.estate.streams[endpoint.stream];
    const ordinal = collection.find(id).find((found) => sees(caller, collection.scopes(found)));
    const record = ordinal === undefined ? undefined : collection.get(ordinal);
    if (record === undefined) throw notFound();
    return data(endpoint.stream === "roles" ? { pages: [], ...record } : record);
  }
  const notes = /^\/threats\/(\w+)\/(?:notes|timeline)$/u.exec(request.path);
  if (request.method === "GET" && notes?.[1] !== undefined) {
    requirePermission(caller, "Threats.view");
    if (console.estate.streams.threats.find(notes[1]).length === 0) throw notFound();
    return paged({ records: [], nextCursor: null, totalItems: 0 });
  }
  if (WRITES.has(request.method)) throw new ApiError(501, 5_010_010, "Not supported", null);
  throw notFound();
}

const WRITES: ReadonlySet<string> = new Set(["POST", "PUT", "DELETE", "PATCH"]);
