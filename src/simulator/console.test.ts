import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "./index.ts";
import { call, graph, NOW, pagination, rows, walk, sorted, type Row } from "./simulator.test-kit.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 300, users: 40, sites: 6, accounts: 3, seed: 7 });
});
afterAll(async () => {
  await simulator.close();
});

const LISTS = [
  "/accounts",
  "/sites",
  "/groups",
  "/users",
  "/service-users",
  "/rbac/roles",
  "/agents",
  "/threats",
  "/cloud-detection/alerts",
  "/activities",
  "/application-management/inventory",
  "/application-management/risks",
  "/application-management/inventory/endpoints?applicationName=Meridian&applicationVendor=Meridian%20Browser%20Project",
];

describe("the ten rules clients rely on", () => {
  it.each(LISTS)("%s answers data and pagination alone, with a cursor that is null at the end", async (path) => {
    const first = await call(simulator, path);
    expect(first.status).toBe(200);
    expect(sorted(Object.keys(first.json))).toEqual(["data", "pagination"]);
    const joint = path.includes("?") ? "&" : "?";
    const all = await call(simulator, `${path}${joint}limit=1000`);
    expect(rows(all).length).toBe(Math.min(1000, pagination(all).totalItems));
    expect(rows(first).length).toBe(Math.min(10, pagination(all).totalItems));
    const everything = await walk(simulator, `${path}${joint}limit=1000`);
    expect(everything.length).toBe(pagination(all).totalItems);
  });

  it("gives cursors that need no escaping in a URL", async () => {
    expect(pagination(await call(simulator, "/agents")).nextCursor).toMatch(/^[A-Za-z0-9_-]+$/u);
  });

  it("takes an empty cursor for the first page and refuses one it did not give out", async () => {
    expect(rows(await call(simulator, "/agents?cursor="))[0]).toEqual(rows(await call(simulator, "/agents"))[0]);
    expect((await call(simulator, "/agents?cursor=YWdlbnRfaWQ6MQ")).status).toBe(400);
    const other = pagination(await call(simulator, "/agents?sortBy=updatedAt")).nextCursor ?? "";
    expect((await call(simulator, `/agents?cursor=${other}`)).status).toBe(400);
  });

  it("nests sites", async () => {
    const data = (await call(simulator, "/sites")).json["data"] as Row;
    expect(sorted(Object.keys(data))).toEqual(["allSites", "sites"]);
  });

  it("gives ids as text and times as RFC 3339 or null, never empty", async () => {
    for (const agent of await walk(simulator, "/agents?limit=1000")) {
      expect(agent["id"]).toMatch(/^\d{18,19}$/u);
      for (const [key, value] of Object.entries(agent)) {
        if (key !== "isUpToDate" && /(?:At|Date)$/u.test(key)) expect(value ?? "2026-01-01T00:00:00Z").toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/u);
      }
    }
  });

  it("answers errors as the vendor does", async () => {
    const refused = await call(simulator, "/agents", { token: simulator.tokens.expired });
    expect([refused.status, refused.text]).toEqual([401, '{"errors":[{"code":4010010,"detail":null,"title":"Authentication Failed"}]}\n']);
    expect((await call(simulator, "/agents", { token: "nonsense" })).status).toBe(401);
    expect((await call(simulator, "/agents", { token: "" })).status).toBe(401);
    expect((await call(simulator, "/agents", { token: simulator.tokens.revoked })).status).toBe(401);
    const missing = await call(simulator, "/accounts/2111999999999999999");
    expect([missing.status, missing.json["errors"]]).toEqual([404, [{ code: 4040010, detail: "", title: "Requested resource was not found" }]]);
    for (const bad of ["limit=0", "limit=1001", "limit=x", "skip=1001", "sortBy=nothing", "sortOrder=up", "updatedAt__gte=soon", "osTypes=amiga", "isActive=perhaps", "createdAt__between=1"]) {
      const answer = await call(simulator, `/agents?${bad}`);
      expect([bad, answer.status]).toEqual([bad, 400]);
      expect(Object.keys(answer.json)).toEqual(["errors"]);
    }
  });

  it("takes every scheme a client may send, in any case, and a session made from a token", async () => {
    for (const scheme of ["ApiToken", "APIToken", "apitoken", "Bearer"]) expect((await call(simulator, "/agents", { scheme })).status).toBe(200);
    const session = await call(simulator, "/users/login/by-api-token", { token: "", body: { data: { apiToken: simulator.tokens.viewer } } });
    const token = (session.json["data"] as Row)["token"];
    expect((await call(simulator, "/agents", { scheme: "Token", token: String(token) })).status).toBe(200);
    expect((await call(simulator, "/agents", { scheme: "Token" })).status).toBe(401);
  });

  it("takes lists with commas and with repeated keys", async () => {
    const [a, b] = rows(await call(simulator, "/agents")).map((agent) => String(agent["id"]));
    expect(rows(await call(simulator, `/agents?ids=${String(a)},${String(b)}`)).length).toBe(2);
    expect(rows(await call(simulator, `/agents?ids=${String(a)}&ids=${String(b)}`)).length).toBe(2);
  });

  it("answers its status without credentials, and nothing else", async () => {
    expect((await call(simulator, "/system/status", { token: "" })).json).toEqual({ data: { health: "ok" } });
    expect((await call(simulator, "/system/info", { token: "" })).status).toBe(401);
  });

  it("compresses when asked and names each request", async () => {
    const answer = await call(simulator, "/agents", { headers: { "accept-encoding": "gzip" } });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("x-rqid")).not.toBeNull();
    expect(new Date(answer.headers.get("date") ?? "").getTime()).toBe(NOW);
  });
});

describe("paging", () => {
  it.each([
    ["/agents", [7, 100, 1000]],
    ["/agents?sortBy=updatedAt&sortOrder=asc", [13, 1000]],
    ["/agents?sortBy=updatedAt&sortOrder=desc", [13]],
    ["/agents?sortBy=osType", [11]],
    ["/agents?sortBy=machineType&sortOrder=desc", [11]],
    ["/agents?sortBy=serialNumber", [17]],
    ["/threats?sortBy=updatedAt", [10]],
    ["/activities?sortBy=createdAt&sortOrder=desc", [200]],
    ["/users?sortBy=email", [9]],
  ] as const)("%s shows every record exactly once at every page size, ties included", async (path, sizes) => {
    const stream = path.slice(1).split("?")[0] as "agents" | "threats" | "activities" | "users";
    const expected = [...simulator.truth(stream)].map((record) => String(record["id"])).toSorted();
    for (const size of sizes) {
      const found = await walk(simulator, `${path}${path.includes("?") ? "&" : "?"}limit=${String(size)}`);
      expect(sorted(found.map((record) => String(record["id"])))).toEqual(expected);
    }
  });

  it("sorts as asked and has ties to sort", async () => {
    const stamps = (await walk(simulator, "/agents?sortBy=updatedAt&limit=50")).map((agent) => String(agent["updatedAt"]));
    expect(stamps).toEqual(sorted(stamps));
    expect(new Set(stamps).size).toBeLessThan(stamps.length);
  });

  it("counts without records, and leaves counting out", async () => {
    const counted = await call(simulator, "/agents?countOnly=true&osTypes=linux");
    expect([rows(counted), pagination(counted).nextCursor]).toEqual([[], null]);
    expect(pagination(counted).totalItems).toBe((await walk(simulator, "/agents?osTypes=linux&limit=1000")).length);
    expect(pagination(await call(simulator, "/agents?skipCount=true")).totalItems).toBe(0);
    expect((await call(simulator, "/agents/count")).json).toEqual({ data: { total: 300 } });
  });

  it("skips", async () => {
    const ten = rows(await call(simulator, "/agents"));
    expect(rows(await call(simulator, "/agents?skip=9&limit=1"))[0]).toEqual(ten[9]);
  });
});

describe("filters", () => {
  it("cuts time exactly, in every form of time, and splits a listing in two without loss", async () => {
    const at = String(rows(await call(simulator, "/agents?sortBy=updatedAt&skip=150&limit=1"))[0]?.["updatedAt"]);
    const offset = at.replace("Z", "%2B00:00");
    const before = await walk(simulator, `/agents?updatedAt__lt=${at}&limit=1000`);
    const from = await walk(simulator, `/agents?updatedAt__gte=${offset}&limit=1000`);
    expect(before.length + from.length).toBe(300);
    expect(from.every((agent) => String(agent["updatedAt"]) >= at)).toBe(true);
    const ms = new Date(at).getTime();
    const around = await walk(simulator, `/agents?updatedAt__between=${String(ms)}-${String(ms)}&limit=1000`);
    expect(around.map((agent) => agent["updatedAt"])).toContain(at);
    expect((await call(simulator, `/agents?updatedAt__gte=${at.slice(0, 19)}Z`)).status).toBe(200);
  });

  it("negates, contains and searches", async () => {
    const windows = await walk(simulator, "/agents?osTypes=windows&limit=1000");
    const others = await walk(simulator, "/agents?osTypesNin=windows&limit=1000");
    expect(windows.length + others.length).toBe(300);
    const name = String(windows[0]?.["computerName"]);
    expect((await walk(simulator, `/agents?computerName__contains=${name.toLowerCase()}`)).length).toBeGreaterThan(0);
    expect((await walk(simulator, `/agents?query=${name}`)).length).toBeGreaterThan(0);
  });

  it("hides removed risks unless asked, and finds risks by when they last changed", async () => {
    const present = await walk(simulator, "/application-management/risks?limit=1000");
    const all = await walk(simulator, "/application-management/risks?limit=1000&includeRemovals=true");
    expect(present.every((risk) => risk["status"] === "Detected")).toBe(true);
    expect(all.length).toBeGreaterThan(present.length);
    const { ids } = simulator.mutate({ stream: "risks", action: "update", count: 3, set: { reason: "seen" } });
    const after = new Date(NOW).toISOString();
    const changed = await walk(simulator, `/application-management/risks?includeRemovals=true&riskUpdatedDate__gte=${after}`);
    expect(sorted(changed.map((risk) => risk["id"]))).toEqual(sorted([...ids]));
  });

  it("needs name and vendor for an application's endpoints, and takes one scope id only", async () => {
    expect((await call(simulator, "/application-management/inventory/endpoints")).status).toBe(400);
    expect((await call(simulator, "/application-management/inventory/endpoints?applicationName=Meridian")).status).toBe(400);
    expect((await call(simulator, "/application-management/inventory/endpoints?applicationName=Meridian&applicationVendor=")).status).toBe(200);
    expect((await call(simulator, "/application-management/risks?siteIds=1,2")).status).toBe(400);
  });

  it("lists every application record under exactly one inventory entry", async () => {
    const found: string[] = [];
    for (const entry of await walk(simulator, "/application-management/inventory?limit=1000")) {
      const query = new URLSearchParams({ applicationName: String(entry["applicationName"]), applicationVendor: String(entry["applicationVendor"]), limit: "1000" });
      const installed = await walk(simulator, `/application-management/inventory/endpoints?${query.toString()}`);
      expect(new Set(installed.map((record) => record["endpointId"])).size).toBe(entry["endpointsCount"]);
      found.push(...installed.map((record) => String(record["id"])));
    }
    expect(sorted(found)).toEqual(sorted([...simulator.truth("applications")].map((record) => String(record["id"]))));
  });
});

describe("scope and permission", () => {
  it("shows a site's token that site alone, and keeps accounts from it", async () => {
    const refused = await call(simulator, "/accounts", { token: simulator.tokens.site });
    expect([refused.status, refused.json["errors"]]).toEqual([403, [{ code: 4030010, detail: "Action is not allowed to site users", title: "Insufficient permissions" }]]);
    const [site, ...others] = await walk(simulator, "/sites", simulator.tokens.site);
    expect(others).toEqual([]);
    const seen = await walk(simulator, "/agents?limit=1000", simulator.tokens.site);
    const truth = [...simulator.truth("agents")].filter((agent) => agent["siteId"] === site?.["id"]);
    expect(seen.map((agent) => agent["id"])).toEqual(truth.map((agent) => agent["id"]));
    const viaAdmin = await walk(simulator, `/agents?limit=1000&siteIds=${String(site?.["id"])}`);
    expect(viaAdmin.map((agent) => agent["id"])).toEqual(truth.map((agent) => agent["id"]));
  });

  it("adds up the sites' agents, threats, risks and applications to all of them", async () => {
    const sites = await walk(simulator, "/sites");
    for (const [path, stream] of [["/agents?", "agents"], ["/threats?", "threats"], ["/application-management/risks?includeRemovals=true&", "risks"]] as const) {
      const ids: unknown[] = [];
      for (const site of sites) ids.push(...(await walk(simulator, `${path}limit=1000&siteIds=${String(site["id"])}`)).map((record) => record["id"]));
      expect(sorted(ids)).toEqual(sorted([...simulator.truth(stream)].map((record) => record["id"])));
    }
  });

  it("refuses what a role does not permit, as the role's details say", async () => {
    expect((await call(simulator, "/threats", { token: simulator.tokens.inventory })).status).toBe(403);
    expect((await call(simulator, "/agents", { token: simulator.tokens.inventory })).status).toBe(200);
    expect((await call(simulator, "/rbac/roles", { token: simulator.tokens.noRoles })).status).toBe(403);
    expect((await graph(simulator, "{ alerts { totalCount } }", {}, simulator.tokens.inventory)).status).toBe(403);
    const [role] = await walk(simulator, "/rbac/roles?name=Inventory%20Reader");
    const detail = (await call(simulator, `/rbac/role/${String(role?.["id"])}`)).json["data"] as Row;
    const pages = detail["pages"] as readonly { readonly name: string; readonly permissions: readonly { readonly identifier: string; readonly value: boolean }[] }[];
    const may = (page: string, permission: string): boolean | undefined => pages.find((found) => found.name === page)?.permissions.find((found) => found.identifier === permission)?.value;
    expect([may("Threats", "view"), may("Endpoints", "view")]).toEqual([false, true]);
  });

  it("tells a token when it ends and whose it is", async () => {
    const details = await call(simulator, "/users/api-token-details", { token: simulator.tokens.viewer, body: { data: { apiToken: simulator.tokens.viewer } } });
    expect(new Date(String((details.json["data"] as Row)["expiresAt"])).getTime()).toBeGreaterThan(NOW);
    const me = (await call(simulator, "/user", { token: simulator.tokens.site })).json["data"] as Row;
    expect(me["scope"]).toBe("site");
    expect((me["scopeRoles"] as readonly Row[])[0]?.["roleName"]).toBe("Viewer");
    expect(simulator.tokens.viewer).toMatch(/^\w{80}$/u);
    expect(simulator.tokens.admin.split(".").length).toBe(3);
  });
});

describe("the estate", () => {
  it("is the same for one seed and one clock, and another for another seed", async () => {
    const sizes = { now: NOW, agents: 50, sites: 3, accounts: 2 };
    const twins = await Promise.all([startSimulator({ ...sizes, seed: 3 }), startSimulator({ ...sizes, seed: 3 }), startSimulator({ ...sizes, seed: 4 })]);
    const [one, two, three] = twins.map((twin) => JSON.stringify([...twin.truth("agents"), ...twin.truth("alerts"), ...twin.truth("users")]));
    await Promise.all(twins.map(async (twin) => twin.close()));
    expect(one).toBe(two);
    expect(one).not.toBe(three);
  });

  it("joins applications, risks and threats to agents that are there", () => {
    const agents = new Set([...simulator.truth("agents")].map((agent) => agent["id"]));
    const installed = new Set([...simulator.truth("applications")].map((record) => `${String(record["endpointId"])} ${String(record["applicationName"])} ${String(record["version"])}`));
    for (const risk of simulator.truth("risks")) {
      expect(agents.has(risk["endpointId"])).toBe(true);
      expect(risk["status"] === "Removed" || installed.has(`${String(risk["endpointId"])} ${String(risk["applicationName"])} ${String(risk["applicationVersion"])}`)).toBe(true);
      expect(risk["cveId"]).toMatch(/^CVE-2099-\d+$/u);
    }
    for (const threat of simulator.truth("threats")) expect(agents.has((threat["agentRealtimeInfo"] as Row)["agentId"])).toBe(true);
  });

  it("holds the machines posture has to cope with", () => {
    const agents = [...simulator.truth("agents")];
    const share = (test: (agent: Row) => boolean): number => agents.filter(test).length / agents.length;
    expect(share((agent) => agent["isDecommissioned"] === true)).toBeGreaterThan(0);
    expect(share((agent) => agent["isDecommissioned"] === true)).toBeLessThanOrEqual(0.06);
    expect(share((agent) => agent["isUninstalled"] === true)).toBeGreaterThan(0);
    expect(share((agent) => agent["infected"] === true)).toBeGreaterThan(0);
    expect(share((agent) => agent["networkStatus"] === "disconnected")).toBeGreaterThan(0);
    expect(new Set(agents.map((agent) => agent["serialNumber"])).size).toBeLessThan(agents.length);
    expect(new Set(agents.map((agent) => agent["uuid"])).size).toBe(agents.length);
  });

  it("accepts all the activity types of the vendor's filter", async () => {
    const types = (await call(simulator, "/activities/types")).json["data"] as readonly Row[];
    expect(types.length).toBe(711);
    expect(rows(await call(simulator, "/activities?activityTypes=27,133")).every((activity) => activity["activityType"] === 27 || activity["activityType"] === 133)).toBe(true);
  });
});
