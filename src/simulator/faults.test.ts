import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Fault, type FaultRule, type Simulator } from "./index.ts";
import { call, graph, insistent, NOW, pagination, rows, walk, type Row } from "./simulator.test-kit.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = insistent(await startSimulator({ now: NOW, agents: 60, alerts: 60, seed: 5 }));
});
// Ends the plan, and fails the test whose faults did not happen.
afterEach(() => {
  simulator.setFaults({ rules: [] });
});
afterAll(async () => {
  await simulator.close();
});

function plan(fault: Fault, rule: Partial<FaultRule> = {}): void {
  simulator.setFaults({ rules: [{ path: "/agents", fault, ...rule }] });
}

function fired(): number {
  return simulator.faults().rules[0]?.fired ?? 0;
}

async function second(path = "/agents"): Promise<string> {
  return pagination(await call(simulator, path)).nextCursor ?? "";
}

describe("faults", () => {
  it.each([400, 401, 403, 404, 500] as const)("%i comes as the vendor's JSON", async (status) => {
    plan({ kind: "status", status });
    const answer = await call(simulator, "/agents");
    expect([answer.status, Array.isArray(answer.json["errors"]), fired()]).toEqual([status, true, 1]);
  });

  it.each([
    [429, "7"],
    [429, "soon"],
    [429, undefined],
    [502, undefined],
    [503, undefined],
    [504, undefined],
  ] as const)("%i comes as HTML (Retry-After %s)", async (status, retryAfter) => {
    plan({ kind: "status", status, ...(retryAfter === undefined ? {} : { retryAfter }) });
    const answer = await call(simulator, "/agents");
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("retry-after")]).toEqual([status, "text/html", retryAfter ?? null]);
    expect(answer.text).toContain("<html>");
  });

  it.each(["cut", "short", "reset"] as const)("%s breaks the answer", async (kind) => {
    plan({ kind });
    await expect(call(simulator, "/agents")).rejects.toThrow(/fetch failed|terminated|other side/u);
    expect(fired()).toBe(1);
  });

  it("lets requests through first, strikes so often and heals", async () => {
    plan({ kind: "status", status: 500 }, { after: 1, times: 2 });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await call(simulator, "/agents")).status);
    expect(statuses).toEqual([200, 500, 500, 200, 200]);
    expect(simulator.faults().rules[0]).toMatchObject({ matched: 5, fired: 2 });
  });

  it("strikes its path and what lies below, or the path alone", async () => {
    plan({ kind: "status", status: 500 });
    expect([(await call(simulator, "/agents/count")).status, (await call(simulator, "/sites")).status]).toEqual([500, 200]);
    plan({ kind: "status", status: 500 }, { exact: true, path: "/web/api/v2.1/agents" });
    expect([(await call(simulator, "/agents/count")).status, (await call(simulator, "/agents")).status]).toEqual([200, 500]);
  });

  it("disturbs the way through a listing", async () => {
    plan({ kind: "empty-page" });
    const empty = await call(simulator, "/agents");
    expect([rows(empty), pagination(empty).nextCursor === null]).toEqual([[], false]);
    plan({ kind: "endless-cursor" });
    await expect(walk(simulator, "/agents", undefined, 20)).rejects.toThrow(/did not end/u);
    plan({ kind: "cycle-cursor" });
    await expect(walk(simulator, "/agents", undefined, 20)).rejects.toThrow(/did not end/u);
    plan({ kind: "repeat-cursor" });
    const next = await second();
    expect(pagination(await call(simulator, `/agents?cursor=${next}`)).nextCursor).toBe(next);
    plan({ kind: "expire-cursor" });
    expect((await call(simulator, `/agents?cursor=${await second()}`)).status).toBe(400);
    expect(fired()).toBe(1);
  });

  it("repeats rows from one page to the next, loses rows, withholds them and miscounts", async () => {
    plan({ kind: "duplicates", rows: 2 });
    const doubled = await walk(simulator, "/agents");
    expect(doubled.length).toBe(60 + 2 * 5);
    expect(new Set(doubled.map((agent) => agent["id"])).size).toBe(60);
    plan({ kind: "lose-rows", fraction: 0.5 });
    const lost = await call(simulator, "/agents?limit=100");
    expect(rows(lost).length).toBeLessThan(pagination(lost).totalItems);
    plan({ kind: "withhold", fraction: 0.5 });
    const late = await call(simulator, "/agents?limit=100");
    expect(rows(late).length).toBe(pagination(late).totalItems);
    expect(rows(late).length).toBeLessThan(60);
    plan({ kind: "total", by: -3 });
    expect(pagination(await call(simulator, "/agents")).totalItems).toBe(57);
  });

  it("sends what is no listing", async () => {
    plan({ kind: "errors" });
    expect(Object.keys((await call(simulator, "/agents")).json)).toEqual(["errors"]);
    plan({ kind: "html" });
    expect((await call(simulator, "/agents")).text).toContain("Sign in");
    plan({ kind: "malformed" });
    const malformed = await call(simulator, "/agents");
    expect([malformed.status, malformed.json]).toEqual([200, {}]);
    plan({ kind: "missing-data" });
    expect(Object.keys((await call(simulator, "/agents")).json)).toEqual(["pagination"]);
    plan({ kind: "null-list" });
    expect((await call(simulator, "/agents")).json["data"]).toBeNull();
    plan({ kind: "numeric-id" });
    // Digit by digit: rounded ones would be other records.
    const [firstAgent] = simulator.truth("agents");
    expect((await call(simulator, "/agents?sortBy=id")).text).toMatch(new RegExp(`"id":${String(firstAgent?.["id"])}[,}]`));
    plan({ kind: "missing-id" });
    expect(rows(await call(simulator, "/agents"))[0]).not.toHaveProperty("id");
    plan({ kind: "content-type", value: "text/plain" });
    expect((await call(simulator, "/agents")).headers.get("content-type")).toBe("text/plain");
    plan({ kind: "clock-skew", ms: 3_600_000 });
    expect(new Date((await call(simulator, "/agents")).headers.get("date") ?? "").getTime()).toBe(NOW + 3_600_000);
  });

  it("waits before the first byte", async () => {
    plan({ kind: "slow", ms: 60 });
    const start = performance.now();
    await call(simulator, "/agents");
    expect(performance.now() - start).toBeGreaterThanOrEqual(55);
  });

  it("strikes GraphQL listings too", async () => {
    const list = async (): Promise<Row> => ((await graph(simulator, "{ alerts(first: 10) { totalCount edges { node { id } } pageInfo { hasNextPage endCursor } } }")).json["data"] as Row)["alerts"] as Row;
    plan({ kind: "empty-page" }, { path: "graphql" });
    expect(await list()).toMatchObject({ edges: [], totalCount: 60, pageInfo: { hasNextPage: true } });
    plan({ kind: "null-list" }, { path: "graphql" });
    expect((await list())["edges"]).toBeNull();
    plan({ kind: "expire-cursor" }, { path: "graphql" });
    const query = "query ($after: String) { alerts(first: 10, after: $after) { totalCount pageInfo { endCursor } } }";
    expect((await graph(simulator, query)).json["errors"]).toBeUndefined();
    expect((await graph(simulator, query, { after: "x" })).text).toContain("Invalid cursor");
    plan({ kind: "withhold", fraction: 0.5 }, { path: "graphql" });
    expect(Number((await list())["totalCount"])).toBeLessThan(60);
  });

  it("revokes a token in the middle of a run, for good", async () => {
    plan({ kind: "revoke-token" }, { after: 1, times: 1 });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await call(simulator, "/agents", { token: simulator.tokens.soc })).status);
    expect(statuses).toEqual([200, 401, 401]);
    expect((await call(simulator, "/sites", { token: simulator.tokens.soc })).status).toBe(401);
  });

  it("strikes by chance, the same way for the same seed", async () => {
    const run = async (): Promise<readonly number[]> => {
      plan({ kind: "status", status: 500 }, { probability: 0.5 });
      const statuses: number[] = [];
      for (let n = 0; n < 30; n += 1) statuses.push((await call(simulator, "/agents?limit=1")).status);
      return statuses;
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await run()).toEqual(first);
  });

  it.each([[{}], [{ rules: [{ path: "/agents" }] }], [{ rules: [{ path: "/agents", fault: { kind: "gremlins" } }] }], [{ rules: [{ path: "/agents", fault: { kind: "total" } }] }], [{ rules: [{ path: "", fault: { kind: "cut" } }] }]])(
    "refuses the plan %j",
    async (bad) => {
      expect((await call(simulator, "/_simulator/faults", { body: bad })).status).toBe(400);
    },
  );
});

describe("the vendor's rate limits", () => {
  it("answer 429 in HTML with how long to wait, per token and path class", async () => {
    const limited = await startSimulator({ now: NOW, agents: 10, rateLimits: "vendor" });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await call(limited, "/application-management/inventory")).status);
    const other = await call(limited, "/application-management/inventory", { token: limited.tokens.viewer });
    const sites = await call(limited, "/sites");
    await limited.close();
    expect(statuses[0]).toBe(200);
    expect(statuses).toContain(429);
    expect([other.status, sites.status]).toEqual([200, 200]);
  });
});
