/** What programs of others rely on when they read, beyond the calls of each that clients.test.ts replays. */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { API, call, NOW, pagination, rows, send, sorted, walk, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
let strict: Simulator;
let risk: Row;
let agent: Row;
let threat: string;
beforeAll(async () => {
  const sizes = { now: NOW, agents: 60, sites: 3, accounts: 2, seed: 5 };
  [simulator, strict] = await Promise.all([startSimulator(sizes), startSimulator({ ...sizes, strict: true })]);
  [risk = {}] = rows(await call(simulator, "/application-management/risks?limit=1"));
  [agent = {}] = (await walk(simulator, "/agents?limit=1000&isDecommissioned=false")).filter((one) => one["id"] === risk["endpointId"]);
  threat = String(rows(await call(simulator, "/threats?limit=1"))[0]?.["id"]);
});
afterAll(async () => {
  await Promise.all([simulator.close(), strict.close()]);
});

/** The application of the first risk, as the views of risks are asked for one. */
function application(): string {
  return new URLSearchParams({ applicationName: String(risk["applicationName"]), applicationVendor: String(risk["applicationVendor"]) }).toString();
}

describe("on the wire", () => {
  it.each(["/agents?limit=5", "/system/status", "/sites"])("a HEAD of %s is answered as its GET, without the body", async (path) => {
    const [head, get] = [await send(simulator, "HEAD", path), await send(simulator, "GET", path)];
    expect([head.status, head.text, head.headers.get("content-type")]).toEqual([200, "", get.headers.get("content-type")]);
  });

  it.each([[5000, 200], [5001, 400]] as const)("a query of %i ids is a %i", async (count, status) => {
    const ids = [String(agent["id"]), ...Array.from({ length: count - 1 }, (_, at) => String(1_000_000_000_000_000_000n + BigInt(at)))];
    const answer = await send(simulator, "GET", `/agents?ids=${ids.join(",")}`);
    expect([answer.status, rows(answer).length]).toEqual([status, status === 200 ? 1 : 0]);
  });

  it("what a client sends along with a GET means nothing", async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const asked = httpRequest(`${simulator.url}${API}/agents?limit=1`, { method: "GET", headers: { authorization: `ApiToken ${simulator.tokens.viewer}`, "content-type": "application/x-www-form-urlencoded", "content-length": 7 } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on("error", reject);
      asked.end("limit=1");
    });
    expect(status).toBe(200);
  });
});

describe("filters", () => {
  it.each(["2026-02-30T00:00:00Z", "2026-04-31 00:00:00", "2025-02-29T00:00:00Z"])("refuse the day %s, which no calendar has", async (day) => {
    expect((await call(simulator, `/agents?createdAt__gt=${encodeURIComponent(day)}`)).status).toBe(400);
  });

  it("take the 29th of a leap year's February", async () => {
    expect((await call(simulator, "/agents?createdAt__gt=2024-02-29T00:00:00Z")).status).toBe(200);
  });

  it("find a machine by the address it reports", async () => {
    const address = String(agent["lastIpToMgmt"]);
    const found = await walk(simulator, `/agents?query=${address}`);
    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/u);
    expect(found.map((one) => one["id"])).toContain(agent["id"]);
    expect(found.every((one) => JSON.stringify(one).includes(address))).toBe(true);
  });
});

describe("a strict console", () => {
  it.each([
    ["/threats/{threat}/timeline?limit=1&sortBy=createdAt&query=a", "colour"],
    ["/threats/{threat}/notes?limit=1&creator__like=a", "colour"],
    ["/application-management/inventory?limit=1&name__contains=a&cursor=", "colour"],
    ["/application-management/risks/applications?limit=1&vendors=x&application__contains=a", "name__contains"],
    ["/application-management/risks/aggregated-applications?limit=1&name__contains=a&daysFromDetection=1", "application__contains"],
    ["/application-management/risks/cves?limit=1&applicationIds=1&publishedDate__gt=2020-01-01T00:00:00Z", "vendors"],
    ["/application-management/risks/endpoints?limit=1&applicationIds=1&lastScanDate__between=1-2", "vendors"],
    ["/agents?limit=1&query=a", "tenant"],
    ["/activities?limit=1", "query"],
  ])("takes %s and refuses %s with it", async (path, name) => {
    const asked = path.replace("{threat}", threat);
    expect([(await call(strict, asked)).text, (await call(strict, asked)).status]).toEqual([expect.not.stringContaining("errors"), 200]);
    const refused = await call(strict, `${asked}&${name}=x`);
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(`dict_values(['${name}']): Unknown field`)]);
    expect((await call(simulator, `${asked}&${name}=`)).status).toBe(200);
  });
});

describe("views of risks", () => {
  it("an application without its versions holds what its versions hold", async () => {
    const versions = await walk(simulator, "/application-management/risks/applications?limit=1000");
    const whole = await walk(simulator, "/application-management/risks/aggregated-applications?limit=1000");
    expect(whole.reduce((sum, one) => sum + Number(one["versionCount"]), 0)).toBe(versions.length);
    const named = whole.find((one) => one["name"] === risk["applicationName"] && one["vendor"] === risk["applicationVendor"]);
    expect(named?.["cveCount"]).toBe((await walk(simulator, `/application-management/risks/cves?${application()}&limit=1000`)).length);
  });

  it("one version of an application has the weaknesses and the machines that its line counts", async () => {
    for (const version of (await walk(simulator, "/application-management/risks/applications?limit=1000")).slice(0, 4)) {
      const of = `applicationIds=${String(version["applicationId"])}`;
      expect((await walk(simulator, `/application-management/risks/cves?${of}&limit=3`)).length).toBe(version["cveCount"]);
      expect((await walk(simulator, `/application-management/risks/endpoints?${of}&limit=3`)).length).toBe(version["endpointCount"]);
    }
  });

  it.each(["cves", "endpoints"])("risks/%s wants to know of which application", async (view) => {
    expect((await call(simulator, `/application-management/risks/${view}`)).status).toBe(400);
    expect((await call(simulator, `/application-management/risks/${view}?applicationName=x`)).status).toBe(400);
  });

  it("a machine in a view carries what its agent says", async () => {
    const found = await walk(simulator, `/application-management/risks/endpoints?${application()}&endpointUuid__contains=${String(agent["uuid"])}`);
    expect(found[0]).toMatchObject({ endpointId: agent["id"], endpointUuid: agent["uuid"], siteName: agent["siteName"], domain: agent["domain"] });
  });

  it.each(["remediationLevels=Workaround", "exploitedInTheWild=Yes", "mostCommonStatuses=ON_HOLD", "applicationTypes=kb", "daysFromDetection=60", "domains=nowhere.test", "endpointUuid__contains=zz", "highestSeverities=LOW"])("a grouping heeds %s", async (filter) => {
    const all = pagination(await call(simulator, "/application-management/risks/applications?countOnly=true")).totalItems;
    expect(pagination(await call(simulator, `/application-management/risks/applications?countOnly=true&${filter}`)).totalItems).toBeLessThan(all);
  });

  it("the inventory counts nothing when asked not to", async () => {
    expect(pagination(await call(simulator, "/application-management/inventory?skipCount=true")).totalItems).toBe(0);
    expect((await call(simulator, "/application-management/inventory?sortOrder=upwards")).status).toBe(400);
  });
});

describe("the deprecated lists of applications", () => {
  it("show on a machine what the inventory shows there, and grade it by its worst risk", async () => {
    const listed = await walk(simulator, `/installed-applications?agentUuid__contains=${String(agent["uuid"])}&limit=100`);
    const truth = [...simulator.truth("applications")].filter((one) => one["endpointId"] === agent["id"]);
    expect(sorted(listed.map((one) => one["id"]))).toEqual(sorted(truth.map((one) => one["id"])));
    const vendors = new Set((await walk(simulator, "/application-management/inventory?limit=1000")).map((one) => `${String(one["applicationName"])} ${String(one["applicationVendor"])}`));
    expect(listed.filter((one) => !vendors.has(`${String(one["name"])} ${String(one["publisher"])}`))).toEqual([]);
    const risky = listed.find((one) => one["name"] === risk["applicationName"] && one["version"] === risk["applicationVersion"]);
    const cves = await walk(simulator, `/installed-applications/cves?applicationIds=${String(risky?.["id"])}&limit=100`);
    expect(cves.map((one) => one["id"])).toContain(risk["id"]);
    const grades = ["none", "low", "medium", "high", "critical"];
    expect(risky?.["riskLevel"]).toBe(grades[Math.max(...cves.map((one) => grades.indexOf(String(one["riskLevel"]))))]);
    expect(cves.every((one) => typeof one["score"] === "number")).toBe(true);
  });

  it("leave machines out of service away unless asked for them, and find by risk", async () => {
    const count = async (filter: string): Promise<number> => pagination(await call(simulator, `/installed-applications?countOnly=true&${filter}`)).totalItems;
    expect((await count("")) + (await count("agentIsDecommissioned=True"))).toBe(await count("agentIsDecommissioned=True,False"));
    expect((await count("riskLevels=none")) + (await count("riskLevelsNin=none"))).toBe(await count(""));
    expect(await count("riskLevelsNin=none")).toBeGreaterThan(0);
    expect(await count("types=kb")).toBe(0);
    expect(await count(`publisher__contains=${encodeURIComponent(String(risk["applicationVendor"]))}`)).toBeGreaterThan(0);
  });
});

describe("what the console has and this one does not", () => {
  it.each([
    ["GET", "/tenant/policy", 403],
    ["GET", "/hashes/da39a3ee5e6b4b0d3255bfef95601890afd80709/reputation", 403],
    ["GET", "/dv/events?queryId=q1", 403],
    ["POST", "/dv/init-query", 403],
    ["POST", "/remote-scripts/execute", 403],
    ["DELETE", "/exclusions", 403],
    ["GET", "/agents/summary", 404],
    ["POST", "/nonsense", 404],
  ] as const)("%s %s is a %i in the vendor's form", async (method, path, status) => {
    const answer = await send(simulator, method, path, method === "POST" ? { body: {} } : {});
    const [first] = answer.json["errors"] as readonly Row[];
    expect([answer.status, Math.floor(Number(first?.["code"]) / 10_000), typeof first?.["title"]]).toEqual([status, status, "string"]);
    expect((await send(simulator, method, path, { token: "nobody", ...(method === "POST" ? { body: {} } : {}) })).status).toBe(401);
  });
});
