import { describe, expect, it } from "vitest";
import { startSimulator } from "./index.ts";
import { call, graph, insistentConsole, NOW, pagination, type Row, rows, walk } from "./simulator.test-kit.ts";

const bench = insistentConsole({ agents: 60, alerts: 60, seed: 5 });

async function second(path = "/agents"): Promise<string> {
  return pagination(await call(bench.simulator, path)).nextCursor ?? "";
}

describe("faults", () => {
  it.each([400, 401, 403, 404, 500] as const)("%i comes as the vendor's JSON", async (status) => {
    bench.plan({ kind: "status", status });
    const answer = await call(bench.simulator, "/agents");
    expect([answer.status, Array.isArray(answer.json["errors"]), bench.fired()]).toEqual([status, true, 1]);
  });

  it.each([
    [429, "7"],
    [429, "soon"],
    [429, undefined],
    [502, undefined],
    [503, undefined],
    [504, undefined],
  ] as const)("%i comes as HTML (Retry-After %s)", async (status, retryAfter) => {
    bench.plan({ kind: "status", status, ...(retryAfter === undefined ? {} : { retryAfter }) });
    const answer = await call(bench.simulator, "/agents");
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("retry-after")]).toEqual([status, "text/html", retryAfter ?? null]);
    expect(answer.text).toContain("<html>");
  });

  it.each(["cut", "short", "reset"] as const)("%s breaks the answer", async (kind) => {
    bench.plan({ kind });
    await expect(call(bench.simulator, "/agents")).rejects.toThrow(/fetch failed|terminated|other side/u);
    expect(bench.fired()).toBe(1);
  });

  it("lets requests through first, strikes so often and heals", async () => {
    bench.plan({ kind: "status", status: 500 }, { after: 1, times: 2 });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await call(bench.simulator, "/agents")).status);
    expect(statuses).toEqual([200, 500, 500, 200, 200]);
    expect(bench.simulator.faults().rules[0]).toMatchObject({ matched: 5, fired: 2 });
  });

  it("strikes its path and what lies below, or the path alone", async () => {
    bench.plan({ kind: "status", status: 500 });
    expect([(await call(bench.simulator, "/agents/count")).status, (await call(bench.simulator, "/sites")).status]).toEqual([500, 200]);
    bench.plan({ kind: "status", status: 500 }, { exact: true, path: "/web/api/v2.1/agents" });
    expect([(await call(bench.simulator, "/agents/count")).status, (await call(bench.simulator, "/agents")).status]).toEqual([200, 500]);
  });

  it("disturbs the way through a listing", async () => {
    bench.plan({ kind: "empty-page" });
    const empty = await call(bench.simulator, "/agents");
    expect([rows(empty), pagination(empty).nextCursor === null]).toEqual([[], false]);
    bench.plan({ kind: "endless-cursor" });
    await expect(walk(bench.simulator, "/agents", undefined, 20)).rejects.toThrow(/did not end/u);
    bench.plan({ kind: "cycle-cursor" });
    await expect(walk(bench.simulator, "/agents", undefined, 20)).rejects.toThrow(/did not end/u);
    bench.plan({ kind: "repeat-cursor" });
    const next = await second();
    expect(pagination(await call(bench.simulator, `/agents?cursor=${next}`)).nextCursor).toBe(next);
    bench.plan({ kind: "expire-cursor" });
    expect((await call(bench.simulator, `/agents?cursor=${await second()}`)).status).toBe(400);
    expect(bench.fired()).toBe(1);
  });

  it("repeats rows from one page to the next, loses rows, withholds them and miscounts", async () => {
    bench.plan({ kind: "duplicates", rows: 2 });
    const doubled = await walk(bench.simulator, "/agents");
    expect(doubled.length).toBe(60 + 2 * 5);
    expect(new Set(doubled.map((agent) => agent["id"])).size).toBe(60);
    bench.plan({ kind: "lose-rows", fraction: 0.5 });
    const lost = await call(bench.simulator, "/agents?limit=100");
    expect(rows(lost).length).toBeLessThan(pagination(lost).totalItems);
    bench.plan({ kind: "withhold", fraction: 0.5 });
    const late = await call(bench.simulator, "/agents?limit=100");
    expect(rows(late).length).toBe(pagination(late).totalItems);
    expect(rows(late).length).toBeLessThan(60);
    bench.plan({ kind: "total", by: -3 });
    expect(pagination(await call(bench.simulator, "/agents")).totalItems).toBe(57);
  });

  it("sends what is no listing", async () => {
    bench.plan({ kind: "errors" });
    expect(Object.keys((await call(bench.simulator, "/agents")).json)).toEqual(["errors"]);
    bench.plan({ kind: "html" });
    expect((await call(bench.simulator, "/agents")).text).toContain("Sign in");
    bench.plan({ kind: "malformed" });
    const malformed = await call(bench.simulator, "/agents");
    expect([malformed.status, malformed.json]).toEqual([200, {}]);
    bench.plan({ kind: "missing-data" });
    expect(Object.keys((await call(bench.simulator, "/agents")).json)).toEqual(["pagination"]);
    bench.plan({ kind: "null-list" });
    expect((await call(bench.simulator, "/agents")).json["data"]).toBeNull();
    bench.plan({ kind: "numeric-id" });
    // Digit by digit: rounded ones would be other records.
    const [firstAgent] = bench.simulator.truth("agents");
    expect((await call(bench.simulator, "/agents?sortBy=id")).text).toMatch(new RegExp(`"id":${String(firstAgent?.["id"])}[,}]`));
    bench.plan({ kind: "missing-id" });
    expect(rows(await call(bench.simulator, "/agents"))[0]).not.toHaveProperty("id");
    bench.plan({ kind: "content-type", value: "text/plain" });
    expect((await call(bench.simulator, "/agents")).headers.get("content-type")).toBe("text/plain");
    bench.plan({ kind: "clock-skew", ms: 3_600_000 });
    expect(new Date((await call(bench.simulator, "/agents")).headers.get("date") ?? "").getTime()).toBe(NOW + 3_600_000);
  });

  it("waits before the first byte", async () => {
    bench.plan({ kind: "slow", ms: 60 });
    const start = performance.now();
    await call(bench.simulator, "/agents");
    expect(performance.now() - start).toBeGreaterThanOrEqual(55);
  });

  it("strikes GraphQL listings too", async () => {
    const list = async (): Promise<Row> => ((await graph(bench.simulator, "{ alerts(first: 10) { totalCount edges { node { id } } pageInfo { hasNextPage endCursor } } }")).json["data"] as Row)["alerts"] as Row;
    bench.plan({ kind: "empty-page" }, { path: "graphql" });
    expect(await list()).toMatchObject({ edges: [], totalCount: 60, pageInfo: { hasNextPage: true } });
    bench.plan({ kind: "null-list" }, { path: "graphql" });
    expect((await list())["edges"]).toBeNull();
    bench.plan({ kind: "expire-cursor" }, { path: "graphql" });
    const query = "query ($after: String) { alerts(first: 10, after: $after) { totalCount pageInfo { endCursor } } }";
    expect((await graph(bench.simulator, query)).json["errors"]).toBeUndefined();
    expect((await graph(bench.simulator, query, { after: "x" })).text).toContain("Invalid cursor");
    bench.plan({ kind: "withhold", fraction: 0.5 }, { path: "graphql" });
    expect(Number((await list())["totalCount"])).toBeLessThan(60);
  });

  it("revokes a token in the middle of a run, for good", async () => {
    bench.plan({ kind: "revoke-token" }, { after: 1, times: 1 });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await call(bench.simulator, "/agents", { token: bench.simulator.tokens.soc })).status);
    expect(statuses).toEqual([200, 401, 401]);
    expect((await call(bench.simulator, "/sites", { token: bench.simulator.tokens.soc })).status).toBe(401);
  });

  it("strikes by chance, the same way for the same seed", async () => {
    const run = async (): Promise<readonly number[]> => {
      bench.plan({ kind: "status", status: 500 }, { probability: 0.5 });
      const statuses: number[] = [];
      for (let n = 0; n < 30; n += 1) statuses.push((await call(bench.simulator, "/agents?limit=1")).status);
      return statuses;
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await run()).toEqual(first);
  });

  it.each([[{}], [{ rules: [{ path: "/agents" }] }], [{ rules: [{ path: "/agents", fault: { kind: "gremlins" } }] }], [{ rules: [{ path: "/agents", fault: { kind: "total" } }] }], [{ rules: [{ path: "", fault: { kind: "cut" } }] }]])(
    "refuses the plan %j",
    async (bad) => {
      expect((await call(bench.simulator, "/_simulator/faults", { body: bad })).status).toBe(400);
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
