/** The calls that programs of others make of the vendor's REST API, client by client, each with what that client needs of the answer. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { NOW, pagination, rows, send, sorted, walk, type Answered, type Row } from "../simulator.test-kit.ts";

type Client = "baton" | "sekoia" | "cartography" | "jupiterone" | "steampipe" | "elastic" | "cortex" | "azure" | "others";

/** Ids of the estate that later calls of a client name. */
interface Known {
  readonly account: string;
  readonly site: string;
  readonly group: string;
  readonly role: string;
  readonly agent: string;
  readonly otherAgent: string;
  readonly agentName: string;
  readonly threat: string;
  readonly otherThreat: string;
  readonly email: string;
  readonly application: string;
  readonly ago: (days: number) => string;
}

interface Step {
  readonly client: Client;
  readonly why: string;
  readonly ask: (known: Known) => string;
  readonly method?: "POST" | "PUT" | "DELETE";
  readonly body?: (known: Known) => unknown;
  readonly scheme?: string;
  readonly token?: "none" | "site" | "viewer";
  readonly status?: number;
  readonly gives: (answer: Answered, known: Known) => void;
}

/** A page of a listing, as every client reads one: rows, a cursor or null, and no `errors`. */
function page(answer: Answered, most: number): readonly Row[] {
  expect(Object.keys(answer.json)).toEqual(["data", "pagination"]);
  const { nextCursor, totalItems } = pagination(answer);
  const found = rows(answer);
  expect(found.length).toBeLessThanOrEqual(most);
  if (nextCursor === null) expect(found.length).toBeLessThanOrEqual(most);
  else expect([found.length, /^[\w-]+$/u.test(nextCursor)]).toEqual([most, true]);
  expect(Number.isInteger(totalItems)).toBe(true);
  for (const row of found) if (row["id"] !== undefined) expect(row["id"]).toMatch(/^\d{18,19}$/u);
  return found;
}

function full(most: number, ...fields: readonly string[]): Step["gives"] {
  return (answer) => {
    const found = page(answer, most);
    expect(found.length).toBeGreaterThan(0);
    for (const row of found) for (const field of fields) expect(row, field).toHaveProperty(field);
  };
}

const any = (most: number): Step["gives"] => (answer) => {
  page(answer, most);
};

function one(...fields: readonly string[]): Step["gives"] {
  return (answer) => {
    expect(Object.keys(answer.json)).toEqual(["data"]);
    for (const field of fields) expect(answer.json["data"]).toHaveProperty(field);
  };
}

/** The vendor's error body, which `code` tells apart. */
function error(code: number, detail?: RegExp): Step["gives"] {
  return (answer) => {
    expect(Object.keys(answer.json)).toEqual(["errors"]);
    const [first] = answer.json["errors"] as readonly { readonly code: number; readonly title: string; readonly detail: string | null }[];
    expect([first?.code, typeof first?.title]).toEqual([code, "string"]);
    if (detail !== undefined) expect(first?.detail).toMatch(detail);
  };
}

function affects(count: number): Step["gives"] {
  return (answer) => {
    expect((answer.json["data"] as Row)["affected"]).toBe(count);
  };
}

/** Rows in rising order of a time that all lie on the right side of a bound. */
function rising(most: number, field: string, bound: (value: string) => boolean): Step["gives"] {
  return (answer) => {
    const stamps = page(answer, most).map((row) => String(field.split(".").reduce<unknown>((here, key) => (here as Row)[key], row)));
    expect(stamps.length).toBeGreaterThan(0);
    expect(stamps).toEqual(sorted(stamps));
    expect(stamps.filter((stamp) => !bound(stamp))).toEqual([]);
  };
}

/** People who hold a role, each with the scope they hold it in. */
function holders(answer: Answered, known: Known): void {
  for (const row of page(answer, 10)) {
    expect(["account", "site", "tenant"]).toContain(row["scope"]);
    expect((row["scopeRoles"] as readonly Row[]).map((role) => role["roleId"])).toContain(known.role);
  }
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z$/u;

function timesOf(row: Row, names: readonly string[]): void {
  for (const name of names) if (row[name] !== null) expect(row[name]).toMatch(RFC3339);
}

/** What a typed model of a device insists on. */
function devices(answer: Answered): void {
  for (const agent of page(answer, 100)) {
    for (const name of ["id", "createdAt", "updatedAt", "accountId", "siteId", "uuid"]) expect(typeof agent[name]).toBe("string");
    for (const place of (agent["locations"] ?? []) as readonly Row[]) expect(Object.keys(place)).toEqual(expect.arrayContaining(["id", "name", "scope"]));
    for (const list of Object.values((agent["tags"] ?? {}) as Readonly<Record<string, readonly Row[]>>)) for (const tag of list) expect(Object.keys(tag)).toEqual(expect.arrayContaining(["id", "key", "value"]));
    for (const value of Object.values((agent["proxyStates"] ?? {}) as Row)) expect(["boolean", "object"]).toContain(typeof value);
    for (const value of Object.values((agent["containerizedWorkloadCounts"] ?? {}) as Row)) expect(value === null || Number.isInteger(value)).toBe(true);
  }
}

const soon = (known: Known): string => known.ago(30).replace("Z", "%2B00%3A00");

const LISTED = ["accounts", "sites", "users", "service-users", "rbac/roles"];

const STEPS: readonly Step[] = [
  ...LISTED.map((path): Step => ({ client: "baton", why: `tries ${path}`, ask: () => `/${path}?limit=1&skipCount=true`, gives: full(1, "id") })),
  ...LISTED.map((path): Step => ({ client: "baton", why: `lists ${path} with an empty cursor and no limit`, ask: () => `/${path}?cursor=&skipCount=true`, gives: full(10, "id") })),
  ...["users", "service-users", "sites"].map((path): Step => ({ client: "baton", why: `finds ${path} of an account`, ask: (known) => `/${path}?accountIds=${known.account}&cursor=&skipCount=true`, gives: any(10) })),
  ...["users", "service-users"].flatMap((path): readonly Step[] => [
    {
      client: "baton",
      why: `finds who holds a role among ${path}`,
      ask: (known) => `/${path}?roleIds=${known.role}&cursor=&skipCount=true`,
      gives: holders,
    },
    { client: "baton", why: `finds ${path} of a site`, ask: (known) => `/${path}?siteIds=${known.site}&cursor=&skipCount=true`, gives: any(10) },
  ]),
  { client: "baton", why: "reads a refusal from the body alone", ask: () => "/users?limit=1", token: "none", status: 401, gives: error(4_010_010) },

  { client: "sekoia", why: "asks for health before it signs in", ask: () => "/system/status", token: "none", gives: one("health") },
  { client: "sekoia", why: "asks for the version", ask: () => "/system/info", scheme: "APIToken", gives: one("release", "version", "build", "patch", "latestAgentVersion") },
  { client: "sekoia", why: "follows activities", ask: (known) => `/activities?limit=1000&sortBy=createdAt&sortOrder=asc&createdAt__gt=${soon(known)}`, scheme: "APIToken", gives: rising(1000, "createdAt", (at) => at > new Date(NOW - 30 * 86_400_000).toISOString()) },
  { client: "sekoia", why: "follows threats", ask: (known) => `/threats?limit=100&sortBy=createdAt&sortOrder=asc&createdAt__gt=${soon(known)}`, scheme: "APIToken", gives: any(100) },
  { client: "sekoia", why: "reads devices into a typed model", ask: () => "/agents?limit=100", gives: devices },
  { client: "sekoia", why: "reads new devices only", ask: (known) => `/agents?limit=100&createdAt__gt=${soon(known)}`, gives: devices },
  { client: "sekoia", why: "proves its token by a count", ask: () => "/agents/count", gives: one("total") },
  { client: "sekoia", why: "isolates a machine", ask: () => "/agents/actions/disconnect", body: (known) => ({ filter: { ids: [known.agent] } }), gives: affects(1) },
  { client: "sekoia", why: "lets it back", ask: () => "/agents/actions/connect", body: (known) => ({ filter: { ids: [known.agent], siteIds: [] }, data: null }), gives: affects(1) },
  { client: "sekoia", why: "scans a machine", ask: () => "/agents/actions/initiate-scan", body: (known) => ({ filter: { ids: [known.agent] }, data: {} }), gives: affects(1) },
  { client: "sekoia", why: "notes what it saw", ask: () => "/threats/notes", body: (known) => ({ filter: { ids: [known.threat] }, data: { text: "seen by the playbook" } }), gives: affects(1) },
  { client: "sekoia", why: "closes an incident", ask: () => "/threats/incident", body: (known) => ({ filter: { ids: [known.threat] }, data: { incidentStatus: "resolved", analystVerdict: "true_positive" } }), gives: affects(1) },
  { client: "sekoia", why: "asks for a threat's file", ask: () => "/threats/fetch-file", body: (known) => ({ filter: { ids: [known.threat] }, data: { password: "infected-9" } }), gives: affects(1) },
  {
    client: "sekoia",
    why: "waits for that file",
    ask: (known) => `/activities?threatIds=${known.threat}&limit=1000&sortBy=createdAt&sortOrder=desc&createdAt__gt=${soon(known)}`,
    gives(answer) {
      const arrived = page(answer, 1000).find((row) => row["activityType"] === 86);
      expect((arrived?.["data"] as Row | undefined)?.["downloadUrl"]).toMatch(/^\/agents\/\d+\/uploads\/\d+$/u);
    },
  },

  { client: "cartography", why: "lists accounts without parameters", ask: () => "/accounts", gives: full(10, "id", "name", "state", "activeAgents", "numberOfSites") },
  { client: "cartography", why: "learns that its token is a site's", ask: () => "/accounts", token: "site", status: 403, gives: error(4_030_010, /site users/u) },
  {
    client: "cartography",
    why: "then reads accounts off the sites",
    ask: () => "/sites?limit=1000",
    token: "site",
    gives(answer) {
      expect(Object.keys(answer.json["data"] as Row)).toEqual(["allSites", "sites"]);
      full(1000, "id", "accountId", "accountName", "activeLicenses", "createdAt", "expiration", "state")(answer, {} as Known);
    },
  },
  ...["agents", "application-management/inventory", "application-management/risks"].flatMap((path): readonly Step[] => [
    { client: "cartography", why: `reads ${path} of an account`, ask: (known) => `/${path}?limit=1000&accountIds=${known.account}`, gives: full(1000) },
    { client: "cartography", why: `reads ${path} of a site`, ask: (known) => `/${path}?limit=1000&siteIds=${known.site}`, gives: any(1000) },
  ]),
  { client: "cartography", why: "finds the machines of an application", ask: (known) => `/application-management/inventory/endpoints?${known.application}&limit=1000`, gives: full(1000, "endpointUuid", "applicationName", "version") },

  { client: "jupiterone", why: "proves its token", ask: () => "/system/info", gives: one("version") },
  { client: "jupiterone", why: "reads groups by the hundred", ask: () => "/groups?limit=100", gives: full(100, "id", "name", "siteId") },
  { client: "jupiterone", why: "reads agents by the hundred", ask: () => "/agents?limit=100", gives: full(100, "id", "computerName") },
  { client: "jupiterone", why: "takes a missing route for an empty one", ask: () => "/nothing-here?limit=100", status: 404, gives: error(4_040_010) },

  ...["agents", "threats", "activities", "cloud-detection/alerts", "application-management/risks"].map((path): Step => ({ client: "steampipe", why: `fills its table of ${path}`, ask: () => `/${path}?limit=1000`, gives: full(1000) })),
  { client: "steampipe", why: "fills its table of risky applications", ask: () => "/application-management/risks/applications?limit=1000", gives: full(1000, "applicationId", "name", "vendor", "cveCount", "endpointCount", "highestSeverity", "highestNvdBaseScore", "statuses") },
  {
    client: "steampipe",
    why: "reads a threat's notes",
    ask: (known) => `/threats/${known.threat}/notes?limit=1000`,
    gives(answer) {
      for (const note of page(answer, 1000)) {
        timesOf(note, ["createdAt", "updatedAt"]);
        expect([typeof note["text"], typeof note["creator"], typeof note["edited"]]).toEqual(["string", "string", "boolean"]);
      }
    },
  },
  { client: "steampipe", why: "reads a threat's timeline", ask: (known) => `/threats/${known.threat}/timeline?limit=1000`, gives: full(1000, "activityType", "primaryDescription", "data", "threatId") },
  { client: "steampipe", why: "knows an ended token by its code", ask: () => "/agents?limit=1000", token: "none", status: 401, gives: error(4_010_010) },
  {
    client: "steampipe",
    why: "reads scores as text",
    ask: () => "/application-management/risks?limit=1000&skipCount=true",
    gives(answer) {
      for (const risk of page(answer, 1000)) {
        for (const name of ["baseScore", "nvdBaseScore", "riskScore"]) expect(typeof risk[name] === "string" || risk[name] === null).toBe(true);
        timesOf(risk, ["detectionDate", "publishedDate", "lastScanDate"]);
      }
    },
  },

  { client: "elastic", why: "follows activities", ask: (known) => `/activities?limit=100&sortBy=createdAt&sortOrder=asc&createdAt__gte=${known.ago(40)}`, gives: rising(100, "createdAt", (at) => at >= new Date(NOW - 40 * 86_400_000).toISOString()) },
  ...["agents", "groups"].map((path): Step => ({ client: "elastic", why: `follows ${path}`, ask: (known) => `/${path}?limit=100&sortBy=updatedAt&sortOrder=asc&updatedAt__gte=${known.ago(400)}`, gives: rising(100, "updatedAt", (at) => at.length > 0) })),
  { client: "elastic", why: "follows groups of two sites", ask: (known) => `/groups?limit=100&sortBy=updatedAt&sortOrder=asc&siteIds=${known.site},${known.site}`, gives: full(100) },
  { client: "elastic", why: "follows threats", ask: (known) => `/threats?limit=100&sortBy=updatedAt&sortOrder=asc&updatedAt__gte=${known.ago(400)}`, gives: rising(100, "threatInfo.updatedAt", (at) => at.length > 0) },
  { client: "elastic", why: "follows STAR alerts", ask: (known) => `/cloud-detection/alerts?limit=100&sortBy=alertInfoCreatedAt&sortOrder=asc&createdAt__gte=${known.ago(400)}`, gives: rising(100, "alertInfo.createdAt", (at) => at.length > 0) },
  {
    client: "elastic",
    why: "reads a timeline from its end",
    ask: (known) => `/threats/${known.threat}/timeline?sortBy=createdAt&sortOrder=desc`,
    gives(answer) {
      const stamps = page(answer, 10).map((row) => String(row["createdAt"]));
      expect(stamps).toEqual(sorted(stamps).toReversed());
    },
  },
  { client: "elastic", why: "goes on when a threat has no events", ask: (known) => `/threats/${known.threat}/explore/events?skipCount=true&limit=100`, status: 404, gives: error(4_040_010) },
  { client: "elastic", why: "reads the inventory", ask: () => "/application-management/inventory?skipCount=true&limit=100", gives: full(100, "applicationName", "applicationVendor", "endpointsCount", "applicationVersionsCount") },
  { client: "elastic", why: "reads risks of a site", ask: (known) => `/application-management/risks?limit=100&siteIds=${known.site}`, gives: any(100) },

  { client: "cortex", why: "proves its token by one threat", ask: (known) => `/threats?limit=1&createdAt__gt=${known.ago(3000)}`, gives: full(1, "threatInfo") },
  { client: "cortex", why: "proves its token by the activity types", ask: () => "/activities/types", gives: (answer) => { expect(rows(answer).length).toBeGreaterThan(700); } },
  {
    client: "cortex",
    why: "fetches open threats of two sites, named twice",
    ask: (known) => `/threats?limit=50&createdAt__gt=${known.ago(3000)}&resolved=False&siteIds=${known.site}&siteIds=${known.site}`,
    gives(answer) {
      for (const threat of page(answer, 50)) expect((threat["threatInfo"] as Row)["incidentStatus"]).not.toBe("resolved");
    },
  },
  { client: "cortex", why: "mirrors one threat", ask: (known) => `/threats?ids=${known.threat}`, gives: (answer, known) => { expect(page(answer, 10).map((row) => row["id"])).toEqual([known.threat]); } },
  { client: "cortex", why: "mirrors what changed", ask: (known) => `/threats?updatedAt__gte=${known.ago(400)}&limit=1000`, gives: full(1000) },
  { client: "cortex", why: "sends a filter of another API version with the rest", ask: () => "/threats?rank=5&limit=20&resolved=true", gives: any(20) },
  { client: "cortex", why: "names activities' time in its old form", ask: (known) => `/activities?created_at__gt=${known.ago(3)}&created_at__lte=${known.ago(0)}&includeHidden=False&limit=100`, gives: (answer) => { for (const row of page(answer, 100)) expect(String(row["createdAt"]) > new Date(NOW - 3 * 86_400_000).toISOString()).toBe(true); } },
  { client: "cortex", why: "collects STAR alerts", ask: (known) => `/cloud-detection/alerts?limit=1000&sortBy=alertInfoCreatedAt&sortOrder=asc&createdAt__gt=${known.ago(3000)}`, gives: full(1000, "alertInfo", "ruleInfo") },
  { client: "cortex", why: "finds agents by part of a name", ask: (known) => `/agents?computerName__like=${known.agentName.slice(0, 6)}`, gives: full(10) },
  { client: "cortex", why: "reads two agents, named twice", ask: (known) => `/agents?ids=${known.agent}&ids=${known.otherAgent}`, gives: (answer) => { expect(page(answer, 10).length).toBe(2); } },
  { client: "cortex", why: "asks for an agent's processes", ask: (known) => `/agents/processes?ids=${known.agent}`, gives: (answer) => { expect(answer.json).toEqual({ data: [] }); } },
  { client: "cortex", why: "asks for an agent's applications", ask: (known) => `/agents/applications?ids=${known.agent}`, gives: (answer) => { expect(Object.keys(rows(answer)[0] ?? {})).toEqual(["name", "version", "publisher", "size", "installedDate"]); } },
  ...["connect", "disconnect", "initiate-scan", "abort-scan", "fetch-logs"].map((action): Step => ({ client: "cortex", why: `commands ${action}`, ask: () => `/agents/actions/${action}`, body: (known) => ({ filter: { ids: [known.agent] } }), gives: affects(1) })),
  { client: "cortex", why: "tells a group's users something", ask: () => "/agents/actions/broadcast", body: (known) => ({ data: { message: "Restart tonight" }, filter: { ids: [known.agent], groupIds: null } }), gives: affects(1) },
  { client: "cortex", why: "shuts a machine down by its name", ask: () => "/agents/actions/shutdown", body: (known) => ({ filter: { query: known.agentName } }), gives: (answer) => { expect((answer.json["data"] as Row)["affected"]).toBeGreaterThan(0); } },
  { client: "cortex", why: "fetches an agent's files", ask: (known) => `/agents/${known.agent}/actions/fetch-files`, body: () => ({ data: { files: ["C:\\Users\\x\\a.txt"], password: "infected-9" } }), gives: (answer) => { expect(answer.json).toEqual({ data: { success: true } }); } },
  { client: "cortex", why: "judges threats for the whole tenant", ask: () => "/threats/analyst-verdict", body: (known) => ({ data: { analystVerdict: "suspicious" }, filter: { ids: [known.otherThreat], tenant: "true" } }), gives: (answer) => { expect((answer.json["data"] as Row)["details"]).toBeInstanceOf(Array); } },
  { client: "cortex", why: "mitigates without data", ask: () => "/threats/mitigate/kill", body: (known) => ({ filter: { ids: [known.otherThreat] } }), gives: affects(1) },
  { client: "cortex", why: "marks a threat the old way", ask: () => "/threats/mark-as-threat", body: (known) => ({ filter: { ids: [known.otherThreat] }, data: { targetScope: "site" } }), gives: affects(1) },
  { client: "cortex", why: "resolves it the old way", ask: () => "/threats/mark-as-resolved", body: (known) => ({ filter: { ids: [known.otherThreat] } }), gives: one("affected") },
  { client: "cortex", why: "shows the dashboard's numbers", ask: (known) => `/private/threats/summary?siteIds=${known.site}`, gives: one("total", "resolved", "notResolved", "inProgress", "maliciousNotResolved") },
  { client: "cortex", why: "asks where a threat's file lies", ask: (known) => `/threats/${known.threat}/download-from-cloud`, gives: one("downloadUrl", "fileName") },
  { client: "cortex", why: "shows one site", ask: (known) => `/sites/${known.site}`, gives: one("id", "name", "state", "licenses") },
  { client: "cortex", why: "shows groups of a type", ask: () => "/groups?type=static&limit=50", gives: full(50, "type") },
  { client: "cortex", why: "ends a site", ask: (known) => `/sites/${known.site}/expire-now`, body: () => ({}), gives: (answer) => { expect((answer.json["data"] as Row)["state"]).toBe("expired"); } },
  { client: "cortex", why: "brings it back", ask: (known) => `/sites/${known.site}/reactivate`, method: "PUT", body: () => ({ data: { expiration: null, unlimited: true } }), gives: (answer) => { expect(answer.json).toEqual({ data: { success: true } }); } },
  { client: "cortex", why: "moves agents to a group", ask: (known) => `/groups/${known.group}/move-agents`, method: "PUT", body: (known) => ({ filter: { ids: [known.agent] } }), gives: one("agentsMoved") },
  { client: "cortex", why: "moves agents by the name it has for their ids", ask: (known) => `/groups/${known.group}/move-agents`, method: "PUT", body: (known) => ({ filter: { agentIds: [known.otherAgent] } }), gives: one("agentsMoved") },
  { client: "cortex", why: "deletes a group", ask: (known) => `/groups/${known.group}`, method: "DELETE", gives: (answer) => { expect(answer.json).toEqual({ data: { success: true } }); } },

  ...["activities", "agents", "threats"].map((path): Step => ({ client: "azure", why: `reads a window of ${path}`, ask: (known) => `/${path}?limit=1000&createdAt__gte=${known.ago(60).slice(0, 19)}Z&createdAt__lt=${known.ago(1).slice(0, 19)}Z`, gives: full(1000) })),
  ...["agents", "threats", "groups"].map((path): Step => ({ client: "azure", why: `reads what changed of ${path}`, ask: (known) => `/${path}?limit=200&updatedAt__gte=${known.ago(200).slice(0, 19)}Z${path === "groups" ? "" : `&updatedAt__lt=${known.ago(0).slice(0, 19)}Z`}`, gives: any(200) })),

  { client: "others", why: "a workflow tool tries its token", ask: () => "/sites?limit=1&states=active", gives: full(1, "id") },
  { client: "others", why: "a workflow tool sends Bearer over REST", ask: () => "/sites?limit=1", scheme: "Bearer", gives: full(1, "id") },
  { client: "others", why: "a connector platform tries its token", ask: () => "/sites?limit=1", gives: full(1, "id") },
  { client: "others", why: "an assistant lists infected, active Windows machines", ask: () => "/agents?limit=50&sortBy=updatedAt&sortOrder=desc&osTypes=windows&networkStatuses=connected&isActive=true&infected=false", gives: full(50) },
  { client: "others", why: "an assistant finds threats by name", ask: () => "/threats?limit=50&sortBy=createdAt&sortOrder=desc&threatDetails__contains=exe", gives: any(50) },
  { client: "others", why: "an operations platform finds a user by address", ask: (known) => `/users?email=${encodeURIComponent(known.email)}`, gives: (answer) => { expect(page(answer, 10).length).toBe(1); } },
  { client: "others", why: "a zero-trust service reads posture", ask: () => "/agents?limit=1000", gives: full(1000, "infected", "activeThreats", "networkStatus", "isActive", "operationalState") },
];

describe("programs of others", () => {
  let simulator: Simulator;
  let known: Known;
  beforeAll(async () => {
    simulator = await startSimulator({ now: NOW, agents: 240, sites: 12, accounts: 11, seed: 5 });
    const agents = (await walk(simulator, "/agents?limit=1000&isActive=true")).filter((agent) => agent["machineType"] !== "server");
    const [threat, other] = await walk(simulator, "/threats?incidentStatuses=unresolved&analystVerdicts=undefined&osTypes=windows&limit=1000");
    const [site] = await walk(simulator, `/sites?siteIds=${String(agents[0]?.["siteId"])}`);
    const [installed] = await walk(simulator, "/application-management/inventory?limit=1000");
    known = {
      account: String(site?.["accountId"]),
      site: String(site?.["id"]),
      group: String((await walk(simulator, `/groups?isDefault=false&siteIds=${String(site?.["id"])}`))[0]?.["id"]),
      role: String((await walk(simulator, "/rbac/roles?name=Viewer"))[0]?.["id"]),
      agent: String(agents[0]?.["id"]),
      otherAgent: String(agents[1]?.["id"]),
      agentName: String(agents[0]?.["computerName"]),
      threat: String(threat?.["id"]),
      otherThreat: String(other?.["id"]),
      email: String((await walk(simulator, "/users?limit=1000"))[3]?.["email"]),
      application: new URLSearchParams({ applicationName: String(installed?.["applicationName"]), applicationVendor: String(installed?.["applicationVendor"]) }).toString(),
      ago: (days) => new Date(NOW - days * 86_400_000).toISOString(),
    };
  });
  afterAll(async () => {
    await simulator.close();
  });

  it.each(STEPS.map((step) => [`${step.client} ${step.why}`, step] as const))("%s", async (_name, step) => {
    const token = step.token === "none" ? "" : simulator.tokens[step.token ?? (step.body === undefined && step.method === undefined ? "viewer" : "admin")];
    const body = step.body?.(known);
    const answer = await send(simulator, step.method ?? (body === undefined ? "GET" : "POST"), step.ask(known), { token, body, ...(step.scheme === undefined ? {} : { scheme: step.scheme }), headers: { accept: "application/json" } });
    expect([answer.status, answer.status === (step.status ?? 200) ? "" : answer.text]).toEqual([step.status ?? 200, ""]);
    expect(answer.headers.get("content-type")).toBe("application/json");
    step.gives(answer, known);
  });

  it.each([
    ["/accounts?skipCount=true", "accounts"],
    ["/sites?skipCount=true", "sites"],
    ["/users?skipCount=true", "users"],
    ["/service-users?skipCount=true", "service-users"],
    ["/rbac/roles?skipCount=true&includeChildren=true", "roles"],
    ["/agents?limit=100", "agents"],
    ["/groups?limit=100", "groups"],
    ["/threats?limit=1000", "threats"],
    ["/activities?limit=1000&sortBy=createdAt&sortOrder=asc", "activities"],
    ["/application-management/risks?limit=1000&includeRemovals=true", "risks"],
  ] as const)("%s, followed by its raw cursors to null, shows every record once", async (path, stream) => {
    const found = (await walk(simulator, path)).map((record) => record["id"]);
    expect(sorted(found)).toEqual(sorted([...simulator.truth(stream)].map((record) => record["id"])));
  });

  it("a connector gets the archive that a fetched threat's activity leads to", async () => {
    const fetched = rows(await send(simulator, "GET", `/activities?threatIds=${known.threat}&activityTypes=86`));
    const link = String((fetched[0]?.["data"] as Row | undefined)?.["downloadUrl"]);
    const answer = await send(simulator, "GET", link);
    expect([answer.status, answer.headers.get("content-type"), answer.text.slice(0, 2)]).toEqual([200, "application/zip", "PK"]);
    expect((await send(simulator, "GET", link.replace(/\d+$/u, known.agent))).status).toBe(404);
  });

  it("two windows of time hold together what both hold", async () => {
    const cut = known.ago(45);
    const before = await walk(simulator, `/activities?limit=1000&createdAt__lt=${cut}`);
    const after = await walk(simulator, `/activities?limit=1000&createdAt__gte=${cut}`);
    expect(before.length * after.length).toBeGreaterThan(0);
    expect(before.length + after.length).toBe([...simulator.truth("activities")].length);
  });
});
