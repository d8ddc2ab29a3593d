import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { call, NOW, pagination, rows, sorted, walk, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 120, sites: 4, accounts: 2, seed: 3 });
  const [first, second] = [...simulator.truth("agents")].filter((agent) => agent["isUninstalled"] === false).map((agent) => String(agent["id"]));
  const cloud = { cloudAccount: "acct-77", cloudTags: ["team:blue"], awsRole: "reader", awsSecurityGroups: ["sg-1"], clusterName: "north", kubernetesNodeName: "node-9", kubernetesNodeLabels: ["zone=a"] };
  simulator.mutate({ stream: "agents", action: "update", ids: [String(first)], set: { "cloudProviders.AWS": cloud, "proxyStates.pacFileUsage": true, agentVersion: "25.10.1.2", totalMemory: 7919, "tags.sentinelone": [{ id: "2171100000000000999", key: "env", value: "edge" }] } });
  simulator.mutate({ stream: "agents", action: "update", ids: [String(second)], set: { "cloudProviders.Azure": { azureResourceGroup: "rg-east", cloudAccount: "acct-88" } } });
});
afterAll(async () => {
  await simulator.close();
});

async function ids(path: string): Promise<readonly string[]> {
  return sorted((await walk(simulator, `${path}${path.includes("?") ? "&" : "?"}limit=1000`)).map((row) => row["id"]));
}

function truth(stream: "agents" | "threats" | "risks" | "users", test: (record: Row) => boolean): readonly string[] {
  return sorted([...simulator.truth(stream)].filter(test).map((record) => record["id"]));
}

function inside(record: Row, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((here, key) => (here as Row | null | undefined)?.[key], record);
}

/** Whether any cloud an agent is in has `part` in a field. */
function inCloud(field: string, part: string): (agent: Row) => boolean {
  return (agent) => Object.values((agent["cloudProviders"] ?? {}) as Readonly<Record<string, Row>>).some((cloud) => JSON.stringify(cloud[field] ?? null).toLowerCase().includes(part));
}

describe("filters of agents", () => {
  it.each([
    ["cloudAccount__contains=ACCT-77", inCloud("cloudAccount", "acct-77")],
    ["cloudAccount__contains=acct-", inCloud("cloudAccount", "acct-")],
    ["cloudTags__contains=blue,green", inCloud("cloudTags", "blue")],
    ["awsRole__contains=reader", inCloud("awsRole", "reader")],
    ["awsSecurityGroups__contains=sg-", inCloud("awsSecurityGroups", "sg-")],
    ["azureResourceGroup__contains=rg-east", inCloud("azureResourceGroup", "rg-east")],
    ["clusterName__contains=north", inCloud("clusterName", "north")],
    ["k8sNodeName__contains=node-9", inCloud("kubernetesNodeName", "node-9")],
    ["k8sNodeLabels__contains=zone=a", inCloud("kubernetesNodeLabels", "zone=a")],
    ["cloudProvider=AWS", (agent: Row) => Object.keys(agent["cloudProviders"] as Row).includes("AWS")],
    ["pacFileUsage=true", (agent: Row) => inside(agent, "proxyStates", "pacFileUsage") === true],
    ["pacFileUsage=true,false,none", () => true],
    [`tagsData=${encodeURIComponent('{"env":["edge"]}')}`, (agent: Row) => JSON.stringify(agent["tags"]).includes('"edge"')],
  ] as const)("%s find what carries it, whatever the cloud is called", async (query, carries) => {
    const expected = truth("agents", carries);
    expect(expected.length).toBeGreaterThan(0);
    expect(await ids(`/agents?${query}`)).toEqual(expected);
  });

  it.each(["ecsClusterName__contains=nowhere", "filterId=225494730938493804", "hasLocalConfiguration=true"])("%s find nothing where nothing carries it", async (query) => {
    expect(pagination(await call(simulator, `/agents?${query}&countOnly=true`)).totalItems).toBe(0);
  });

  it("split every listing by provider, tag and local settings", async () => {
    for (const [yes, no] of [
      ["hasTags=true", "hasTags=false"],
      ["cloudProvider=AWS", "cloudProviderNin=AWS"],
      ["hasLocalConfiguration=true", "hasLocalConfiguration=false"],
      [`tagsData=${encodeURIComponent('{"env":["prod"]}')}`, `tagsData=${encodeURIComponent('{"env__nin":["prod"]}')}`],
      ["agentVersion__gte=25.1.4.434", "agentVersion__lt=25.1.4.434"],
      ["totalMemory__gte=16", "totalMemory__lt=16"],
    ] as const) {
      expect([yes, (await ids(`/agents?${yes}`)).length + (await ids(`/agents?${no}`)).length]).toEqual([yes, truth("agents", () => true).length]);
    }
  });

  it("compare versions by their parts and memory in gigabytes", async () => {
    expect((await ids("/agents?agentVersion__gt=25.9")).length).toBe(1);
    expect(await ids("/agents?totalMemory__between=7-8")).toEqual(truth("agents", (agent) => Math.round(Number(agent["totalMemory"]) / 1024) <= 8));
    for (const bad of ["agentVersion__gt=new", "totalMemory__between=8", "tagsData=env", "tagsData=%5B%5D", `tagsData=${encodeURIComponent('{"env":"prod"}')}`]) expect((await call(simulator, `/agents?${bad}`)).status).toBe(400);
  });

  it("ask after an agent's threats", async () => {
    const resolved = new Set([...simulator.truth("threats")].filter((threat) => inside(threat, "threatInfo", "incidentStatus") === "resolved").map((threat) => inside(threat, "agentRealtimeInfo", "agentId")));
    expect(await ids("/agents?threatResolved=true")).toEqual(truth("agents", (agent) => resolved.has(agent["id"])));
    const [threat] = [...simulator.truth("threats")];
    expect(await ids(`/agents?threatContentHash=${String(inside(threat ?? {}, "threatInfo", "sha1"))}`)).toContain(inside(threat ?? {}, "agentRealtimeInfo", "agentId"));
    expect(await ids(`/agents?threatCreatedAt__lt=${new Date(NOW - 400 * 86_400_000).toISOString()}`)).toEqual([]);
  });
});

describe("filters of others", () => {
  it("find threats by their agent's tags and architecture", async () => {
    const arm = new Set(truth("agents", (agent) => agent["osArch"] === "ARM64"));
    expect(await ids("/threats?osArchs=ARM64")).toEqual(truth("threats", (threat) => arm.has(String(inside(threat, "agentRealtimeInfo", "agentId")))));
    const tagged = await ids("/threats?hasAgentTags=true");
    expect(tagged.length + (await ids("/threats?hasAgentTags=false")).length).toBe(truth("threats", () => true).length);
    expect((await ids(`/threats?agentTagsData=${encodeURIComponent('{"env":["prod","test","office","edge"]}')}`)).every((id) => tagged.includes(id))).toBe(true);
  });

  it("find risks by the machine they are on", async () => {
    const [agent] = [...simulator.truth("agents")].filter((one) => one["domain"] !== "WORKGROUP" && one["isUninstalled"] === false);
    const domain = String(agent?.["domain"]);
    const machines = new Set(truth("agents", (one) => one["domain"] === domain));
    const expected = truth("risks", (risk) => risk["status"] !== "Removed" && machines.has(String(risk["endpointId"])));
    expect(expected.length).toBeGreaterThan(0);
    expect(await ids(`/application-management/risks?domains=${domain.toLowerCase()}`)).toEqual(expected);
    expect(await ids(`/application-management/risks?domain__contains=${domain.slice(0, 4)}`)).toEqual(expect.arrayContaining([...expected]));
    expect(await ids("/application-management/risks?analystVerdict=Added%20CVE")).toEqual([]);
    expect((await call(simulator, "/application-management/risks?analystVerdict=Maybe")).status).toBe(400);
    expect((await ids("/application-management/risks?riskScore__between=5-8.9")).length).toBe(truth("risks", (risk) => risk["status"] !== "Removed" && Number(risk["riskScore"]) >= 5 && Number(risk["riskScore"]) <= 8.9).length);
  });

  it("find users whose token still opens something, which time changes", async () => {
    const valid = (now: number): readonly string[] =>
      truth("users", (user) => {
        const ends = inside(user, "apiToken", "expiresAt");
        return typeof ends === "string" && ends > new Date(now).toISOString();
      });
    expect(await ids("/users?hasValidApiToken=true")).toEqual(valid(NOW));
    simulator.advance(60 * 86_400_000);
    expect(await ids("/users?hasValidApiToken=true")).toEqual(valid(NOW + 60 * 86_400_000));
    expect(valid(NOW + 60 * 86_400_000).length).toBeLessThan(valid(NOW).length);
  });

  it("take a whole time for equality in every form of time", async () => {
    const [account] = rows(await call(simulator, "/accounts"));
    const made = String(account?.["createdAt"]);
    expect((await ids(`/accounts?createdAt=${made}`)).includes(String(account?.["id"]))).toBe(true);
    expect(await ids(`/accounts?createdAt=${made.replace("Z", "%2B00:00")}`)).toEqual(await ids(`/accounts?createdAt=${made}`));
    expect((await call(simulator, "/accounts?createdAt=lately")).status).toBe(400);
  });
});

describe("free text and authors", () => {
  it("finds a machine by the beginning of its hardware address, and by no other part of it", async () => {
    const [agent] = [...simulator.truth("agents")];
    const address = String((inside(agent ?? {}, "networkInterfaces") as readonly Row[])[0]?.["physical"]);
    expect(await ids(`/agents?query=${encodeURIComponent(address.slice(0, 14))}`)).toContain(agent?.["id"]);
    expect(await ids(`/agents?query=${encodeURIComponent(address.slice(3))}`)).not.toContain(agent?.["id"]);
  });

  it("finds what a person did by the person's address", async () => {
    const activities = await walk(simulator, "/activities?limit=1000");
    const author = activities.find((activity) => activity["userId"] !== null)?.["userId"];
    const user = [...simulator.truth("users")].find((one) => one["id"] === author);
    const found = await ids(`/activities?userEmails=${encodeURIComponent(String(user?.["email"]).toUpperCase())}`);
    expect(found).toEqual(sorted(activities.filter((activity) => activity["userId"] === author).map((activity) => activity["id"])));
  });
});

describe("risky applications", () => {
  it("add up to the risks, count machines once, and page like any listing", async () => {
    const found = await walk(simulator, "/application-management/risks/applications?limit=7&sortBy=cveCount&sortOrder=desc");
    const open = [...simulator.truth("risks")].filter((risk) => risk["status"] !== "Removed");
    const names = new Set(open.map((risk) => `${String(risk["applicationName"])} ${String(risk["applicationVersion"])}`));
    expect(sorted(found.map((row) => row["name"]))).toEqual(sorted([...names]));
    const [top] = found;
    const its = open.filter((risk) => `${String(risk["applicationName"])} ${String(risk["applicationVersion"])}` === top?.["name"]);
    expect([top?.["cveCount"], top?.["endpointCount"]]).toEqual([new Set(its.map((risk) => risk["cveId"])).size, new Set(its.map((risk) => risk["endpointId"])).size]);
    const counts = found.map((row) => Number(row["cveCount"]));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(found.every((row) => row["estimate"] === false)).toBe(true);
  });
});
