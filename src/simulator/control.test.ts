import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STREAM_IDS } from "../kernel/stream-ids.ts";
import { startSimulator, type Simulator } from "./index.ts";
import { call, NOW, walk, sorted, type Row } from "./simulator.test-kit.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, agents: 120, seed: 9 });
});
afterAll(async () => {
  await simulator.close();
});

async function truth(stream: string): Promise<readonly Row[]> {
  const { text } = await call(simulator, `/_simulator/truth/${stream}`, { token: "" });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

describe("the control API", () => {
  it.each(STREAM_IDS)("tells the truth of %s, without a token", async (stream) => {
    expect((await truth(stream)).length).toBe([...simulator.truth(stream)].length);
  });

  it("counts requests, but not its own", async () => {
    await call(simulator, "/_simulator/requests/reset", { body: {} });
    await call(simulator, "/agents");
    await call(simulator, "/agents");
    await call(simulator, "/rbac/role/2114100000000000011");
    expect((await call(simulator, "/_simulator/requests")).json).toMatchObject({ total: 3, byPath: { "/web/api/v2.1/agents": 2, "/web/api/v2.1/rbac/role/{id}": 1 }, maxInFlight: 1 });
  });

  it("updates records, stamps each with a time of its own, and finds them by it", async () => {
    const change = await call(simulator, "/_simulator/mutate", { body: { stream: "agents", action: "update", fraction: 0.1, set: { "networkInterfaces": [], operationalState: "fully_disabled" } } });
    const ids = change.json["ids"] as readonly string[];
    expect([change.json["changed"], ids.length]).toEqual([12, 12]);
    const found = await walk(simulator, `/agents?sortBy=updatedAt&sortOrder=asc&updatedAt__gte=${new Date(NOW).toISOString()}`);
    expect(sorted(found.map((agent) => agent["id"]))).toEqual(sorted([...ids]));
    expect(new Set(found.map((agent) => agent["updatedAt"])).size).toBe(12);
    expect(found.every((agent) => agent["operationalState"] === "fully_disabled")).toBe(true);
    expect((await truth("agents")).filter((agent) => agent["operationalState"] === "fully_disabled").length).toBe(12);
  });

  it.each(STREAM_IDS)("adds to, changes and removes from %s, and the listing follows", async (stream) => {
    const before = [...simulator.truth(stream)].length;
    const { ids } = simulator.mutate({ stream, action: "add", count: 2 });
    expect(new Set(ids).size).toBe(2);
    expect([...simulator.truth(stream)].length).toBe(before + 2);
    expect(simulator.mutate({ stream, action: "update", count: 3 }).changed).toBe(3);
    expect(simulator.mutate({ stream, action: "remove", ids: [ids[0] ?? ""] }).changed).toBe(1);
    expect(simulator.mutate({ stream, action: "remove", ids: [ids[0] ?? ""] }).changed).toBe(0);
    expect([...simulator.truth(stream)].length).toBe(before + 1);
  });

  it("moves an agent to another site, and both sites' listings follow", async () => {
    const [agent] = await walk(simulator, "/agents?limit=1");
    const site = (await walk(simulator, "/sites?limit=100")).find((found) => found["id"] !== agent?.["siteId"]);
    simulator.mutate({ stream: "agents", action: "update", ids: [String(agent?.["id"])], set: { siteId: site?.["id"], siteName: site?.["name"], accountId: site?.["accountId"] } });
    const there = await walk(simulator, `/agents?limit=1000&siteIds=${String(site?.["id"])}`);
    const left = await walk(simulator, `/agents?limit=1000&siteIds=${String(agent?.["siteId"])}`);
    expect([there.some((found) => found["id"] === agent?.["id"]), left.some((found) => found["id"] === agent?.["id"])]).toEqual([true, false]);
  });

  it("stands still until told to move, and lets tokens run out then", async () => {
    expect((await call(simulator, "/agents", { token: simulator.tokens.expiring })).status).toBe(200);
    await call(simulator, "/_simulator/advance", { body: { ms: 11 * 86_400_000 } });
    expect((await call(simulator, "/agents", { token: simulator.tokens.expiring })).status).toBe(401);
    expect(new Date((await call(simulator, "/agents")).headers.get("date") ?? "").getTime()).toBeGreaterThanOrEqual(NOW + 11 * 86_400_000);
  });

  it("narrows, revokes and restores tokens", async () => {
    const [site] = await walk(simulator, "/sites?limit=1");
    await call(simulator, "/_simulator/tokens", { body: { token: "soc", level: "site", ids: [site?.["id"]] } });
    expect((await call(simulator, "/accounts", { token: simulator.tokens.soc })).status).toBe(403);
    await call(simulator, "/_simulator/tokens", { body: { token: "soc", revoked: true } });
    expect((await call(simulator, "/agents", { token: simulator.tokens.soc })).status).toBe(401);
    await call(simulator, "/_simulator/tokens", { body: { token: "soc", revoked: false, level: "tenant", role: "Inventory Reader" } });
    expect([(await call(simulator, "/accounts", { token: simulator.tokens.soc })).status, (await call(simulator, "/threats", { token: simulator.tokens.soc })).status]).toEqual([200, 403]);
  });

  it.each([
    ["mutate", { stream: "agents", action: "explode" }],
    ["mutate", { stream: "nothing", action: "update" }],
    ["mutate", { stream: "agents", action: "update", count: -1 }],
    ["mutate", { stream: "agents", action: "update", fraction: 2 }],
    ["advance", { ms: "soon" }],
    ["tokens", { token: "nobody" }],
    ["lever", {}],
  ])("refuses %s %j with a reason", async (lever, body) => {
    const answer = await call(simulator, `/_simulator/${lever}`, { body });
    expect(answer.status).toBe(400);
    expect(answer.json["error"]).toMatch(/\w/u);
  });

  it("lets the estate live when time runs", async () => {
    const living = await startSimulator({ now: NOW, agents: 200, speed: 1 });
    const before = [...living.truth("activities")].length;
    living.advance(3_600_000);
    const after = [...living.truth("activities")].length;
    await living.close();
    expect(after).toBeGreaterThan(before);
  });
});
