/** Faults of time and place, faults at the wire, surprises in fields; when rules strike, and which of them never did. */
import { describe, expect, it } from "vitest";
import { startSimulator } from "./index.ts";
import { API, call, graph, insistent, insistentConsole, NOW, pagination, type Row, rows, sorted, walk } from "./simulator.test-kit.ts";

const DAY = 86_400_000;

const bench = insistentConsole({ agents: 60, sites: 3, alerts: 60, threats: 40, seed: 5 });

async function first(query = ""): Promise<Row> {
  return rows(await call(bench.simulator, `/agents?limit=1${query}`))[0] ?? {};
}

describe("at the wire", () => {
  it("a redirect leads to a page that is not there", async () => {
    bench.plan({ kind: "status", status: 302 });
    const answer = await fetch(`${bench.simulator.url}${API}/agents`, { redirect: "manual", headers: { authorization: `ApiToken ${bench.simulator.tokens.admin}` } });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/login"]);
    await answer.body?.cancel();
  });

  it("a slow body arrives whole, and late", async () => {
    bench.plan({ kind: "slow-body", ms: 80 });
    const start = performance.now();
    expect(rows(await call(bench.simulator, "/agents")).length).toBe(10);
    expect(performance.now() - start).toBeGreaterThanOrEqual(70);
  });

  it("a reset breaks the connection before the request is carried out, or once it is, or behind the answer", async () => {
    const wish = { body: { data: { apiToken: bench.simulator.tokens.viewer } } };
    for (const when of ["before", "unanswered"] as const) {
      bench.plan({ kind: "reset", when }, { path: "/users/login/by-api-token" });
      await expect(call(bench.simulator, "/users/login/by-api-token", wish)).rejects.toThrow(/fetch failed/u);
      expect(bench.fired()).toBe(1);
    }
    bench.plan({ kind: "reset", when: "after" });
    expect(rows(await call(bench.simulator, "/agents")).length).toBe(10);
    expect(bench.fired()).toBe(1);
  });
});

describe("what is there", () => {
  it("rows slip over a page's edge: some are never listed, some twice, and the number is right", async () => {
    bench.plan({ kind: "move-rows", rows: 2 }, { times: 1 });
    const listed = await walk(bench.simulator, "/agents");
    expect([listed.length, new Set(listed.map(({ id }) => id)).size]).toEqual([60, 58]);
    bench.plan({ kind: "move-rows" }, { path: "graphql" });
    const query = "query ($after: String) { alerts(first: 20, after: $after) { edges { node { id } } pageInfo { endCursor } } }";
    const ids = (answer: Row): readonly string[] => ((answer["edges"] as readonly Row[]) ?? []).map((edge) => String((edge["node"] as Row)["id"]));
    const page = async (after: unknown): Promise<Row> => ((await graph(bench.simulator, query, { after })).json["data"] as Row)["alerts"] as Row;
    const one = await page(null);
    expect(ids(await page((one["pageInfo"] as Row)["endCursor"])).slice(0, 3)).toEqual(ids(one).slice(-3));
  });

  it("totals move with every answer", async () => {
    bench.plan({ kind: "moving-total", by: 2 });
    const totals: number[] = [];
    for (let n = 0; n < 3; n += 1) totals.push(pagination(await call(bench.simulator, "/agents")).totalItems);
    expect(totals).toEqual([62, 64, 66]);
  });

  it("records become visible late, each at its own moment, all of them in the end", async () => {
    const [{ id = "" } = {}] = rows(await call(bench.simulator, "/threats?limit=1"));
    bench.plan({ kind: "late", ms: 7 * DAY }, { path: "/threats" });
    const made = bench.simulator.mutate({ stream: "threats", action: "add", count: 30 }).ids;
    const seen: number[] = [];
    for (let day = 0; day <= 7; day += 1) {
      const listed = new Set((await walk(bench.simulator, "/threats?limit=1000")).map((threat) => threat["id"]));
      seen.push(made.filter((one) => listed.has(one)).length);
      expect(listed.has(id), "what was there stays").toBe(true);
      bench.simulator.advance(DAY);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect([(seen[0] ?? 30) < 10, new Set(seen).size > 3, seen[7]]).toEqual([true, true, 30]);
    expect(bench.fired()).toBeGreaterThan(3);
  });

  it("records move to another site while a listing is under way, with or without a word", async () => {
    const place = (): ReadonlyMap<unknown, unknown> => new Map([...bench.simulator.truth("agents")].map((agent) => [agent["id"], `${String(agent["siteId"])} ${String(agent["accountId"])}`]));
    const times = (): ReadonlyMap<unknown, unknown> => new Map([...bench.simulator.truth("agents")].map((agent) => [agent["id"], agent["updatedAt"]]));
    for (const silent of [false, true]) {
      const [before, stamps] = [place(), times()];
      bench.plan({ kind: "move-sites", rows: 3, silent }, { times: 1 });
      await walk(bench.simulator, "/agents");
      const moved = [...place()].filter(([id, where]) => before.get(id) !== where).map(([id]) => id);
      expect(moved.length).toBe(3);
      expect(moved.filter((id) => times().get(id) !== stamps.get(id)).length).toBe(silent ? 0 : 3);
    }
    const sites = new Set([...bench.simulator.truth("sites")].map((site) => `${String(site["id"])} ${String(site["accountId"])}`));
    expect([...place().values()].every((where) => sites.has(String(where)))).toBe(true);
    for (const path of ["/threats", "/activities", "/cloud-detection/alerts", "graphql"]) {
      bench.plan({ kind: "move-sites" }, { path, times: 1 });
      await (path === "graphql" ? graph(bench.simulator, "{ alerts(first: 1) { totalCount } }") : call(bench.simulator, path));
      expect(bench.fired(), path).toBe(1);
    }
  });

  it("records share one time over the edge of pages", async () => {
    bench.plan({ kind: "equal-times", rows: 25 }, { times: 1 });
    await call(bench.simulator, "/agents");
    const newest = await walk(bench.simulator, "/agents?sortBy=updatedAt&sortOrder=desc");
    expect(new Set(newest.slice(0, 25).map((agent) => agent["updatedAt"])).size).toBe(1);
    expect(newest[25]?.["updatedAt"]).not.toBe(newest[0]?.["updatedAt"]);
    expect(sorted(newest.map(({ id }) => id))).toEqual(sorted([...bench.simulator.truth("agents")].map(({ id }) => id)));
    bench.plan({ kind: "equal-times", rows: 4 }, { path: "/activities", times: 1 });
    const before = [...bench.simulator.truth("activities")].length;
    await call(bench.simulator, "/activities");
    expect([...bench.simulator.truth("activities")].length).toBe(before + 4);
  });
});

describe("surprises in a field", () => {
  it("a field is left out, null, renamed, of another type, or a number no double can carry", async () => {
    bench.plan({ kind: "missing-field", field: "computerName" });
    expect(await first()).not.toHaveProperty("computerName");
    bench.plan({ kind: "null-field", field: "computerName" });
    expect((await first())["computerName"]).toBeNull();
    const name = [...bench.simulator.truth("agents")][0]?.["computerName"];
    bench.plan({ kind: "renamed-field", field: "computerName" });
    const renamed = await first("&sortBy=id");
    expect([renamed["computerNameNew"], Object.hasOwn(renamed, "computerName")]).toEqual([name, false]);
    bench.plan({ kind: "wrong-type", field: "computerName" });
    expect(typeof (await first())["computerName"]).toBe("number");
    bench.plan({ kind: "wrong-type", field: "coreCount" });
    expect(typeof (await first())["coreCount"]).toBe("string");
    bench.plan({ kind: "big-number", field: "totalMemory" });
    expect((await call(bench.simulator, "/agents")).text).toContain('"totalMemory":9223372036854775807');
  });

  it("deep inside a record, and in GraphQL", async () => {
    bench.plan({ kind: "missing-field", field: "threatInfo.sha1" }, { path: "/threats" });
    const [threat] = rows(await call(bench.simulator, "/threats"));
    const info = (threat ?? {})["threatInfo"] as Row;
    expect([Object.hasOwn(info, "sha1"), info["threatId"]]).toEqual([false, threat?.["id"]]);
    bench.plan({ kind: "null-field", field: "name" }, { path: "graphql" });
    expect((await graph(bench.simulator, "{ alerts(first: 1) { edges { node { name } } } }")).text).toContain('"name":null');
  });

  it("that no record has is never counted as a fault that happened", async () => {
    bench.plan({ kind: "null-field", field: "shoeSize" });
    await call(bench.simulator, "/agents");
    expect([bench.fired(), bench.simulator.faults().rules[0]?.matched]).toEqual([0, 1]);
    expect(() => bench.plan({ kind: "cut" })).toThrow(/never happened: .*shoeSize/u);
    await expect(call(bench.simulator, "/agents")).rejects.toThrow(/terminated|fetch failed/u);
  });
});

describe("tokens and clocks", () => {
  it("a token sees less in the middle of a run, for good", async () => {
    bench.plan({ kind: "narrow-token" }, { after: 1, times: 1 });
    const totals: number[] = [];
    for (let n = 0; n < 3; n += 1) totals.push(pagination(await call(bench.simulator, "/agents", { token: bench.simulator.tokens.soc })).totalItems);
    expect(totals[0]).toBe(60);
    expect(totals[1]).toBeLessThan(60);
    expect(totals[2]).toBe(totals[1]);
    bench.plan({ kind: "narrow-token", role: "Inventory Reader" }, { path: "/threats" });
    expect((await call(bench.simulator, "/threats", { token: bench.simulator.tokens.soc })).status).toBe(403);
    bench.simulator.changeToken("soc", { level: "tenant", role: "SOC" });
  });

  it("a clock that jumps stays where it is, and what changes then is stamped by it", async () => {
    const date = async (): Promise<number> => Date.parse((await call(bench.simulator, "/agents?limit=1")).headers.get("date") ?? "");
    const before = await date();
    for (const ms of [3_600_000, -7_200_000]) {
      const was = await date();
      bench.plan({ kind: "clock-jump", ms }, { times: 1 });
      expect(Math.round(((await date()) - was) / 1000)).toBe(ms / 1000);
      expect(Math.abs((await date()) - was - ms)).toBeLessThan(2000);
    }
    const [id = ""] = bench.simulator.mutate({ stream: "agents", action: "update", count: 1 }).ids;
    const changed = [...bench.simulator.truth("agents")].find((agent) => agent["id"] === id);
    expect(Date.parse(String(changed?.["updatedAt"]))).toBeLessThan(before);
  });
});

describe("when a rule strikes", () => {
  it("only in its window of the console's time", async () => {
    bench.plan({ kind: "status", status: 500 }, { afterMs: 60_000, forMs: 60_000 });
    const statuses: number[] = [];
    for (let minute = 0; minute < 4; minute += 1) {
      statuses.push((await call(bench.simulator, "/agents?limit=1")).status);
      bench.simulator.advance(45_000);
    }
    expect(statuses).toEqual([200, 200, 500, 200]);
  });

  it("only for its method", async () => {
    bench.plan({ kind: "status", status: 500 }, { path: "/users/login/by-api-token", method: "POST" });
    expect((await call(bench.simulator, "/users/login/by-api-token")).status).not.toBe(500);
    expect((await call(bench.simulator, "/users/login/by-api-token", { body: { data: { apiToken: bench.simulator.tokens.viewer } } })).status).toBe(500);
  });

  it("and is used up only by what it did", async () => {
    bench.plan({ kind: "empty-page" }, { times: 1 });
    const counted = await call(bench.simulator, "/agents?countOnly=true");
    expect([pagination(counted).totalItems, bench.fired()]).toEqual([60, 0]);
    expect([rows(await call(bench.simulator, "/agents")).length, rows(await call(bench.simulator, "/agents")).length]).toEqual([0, 10]);
  });

  it("a rule that never did is told by name, after its plan was replaced too, and fails who asks for it", async () => {
    const other = await startSimulator({ now: NOW, agents: 5 });
    other.setFaults({ rules: [{ path: "/sites", fault: { kind: "cut" } }, { path: "/agents", fault: { kind: "html" } }] });
    await call(other, "/agents");
    expect((await call(other, "/_simulator/faults/unfired")).status).toBe(409);
    await call(other, "/_simulator/faults", { body: { rules: [{ path: "/groups", fault: { kind: "errors" } }] } });
    expect((await call(other, "/_simulator/faults")).json["unfired"]).toEqual([
      { at: 0, plan: 1, path: "/sites", fault: { kind: "cut" }, matched: 0 },
      { at: 0, plan: 2, path: "/groups", fault: { kind: "errors" }, matched: 0 },
    ]);
    const forgetful = await startSimulator({ now: NOW, agents: 5, faults: { rules: [{ path: "/sites", fault: { kind: "cut" } }] } });
    expect((await call(forgetful, "/_simulator/faults/reset", { body: {} })).json).toEqual({ rules: [], unfired: [] });
    await insistent(forgetful).close();
    await expect(insistent(other).close()).rejects.toThrow(/rule 0 of plan 1, \{"kind":"cut"\} at \/sites/u);
    const calm = await startSimulator({ now: NOW, agents: 5 });
    expect((await call(calm, "/_simulator/faults/unfired")).status).toBe(200);
    await insistent(calm).close();
  });

  it.each([
    [{ path: "/agents", fault: { kind: "cut", by: 3 } }, /takes nothing more, not "by"/u],
    [{ path: "/agents", fault: { kind: "withhold", fraction: 2 } }, /fraction of a withhold fault must be a number between 0 and 1/u],
    [{ path: "/agents", fault: { kind: "null-field" } }, /needs "field": a field's name/u],
    [{ path: "/agents", fault: { kind: "status", status: 418 } }, /one of 302, 400/u],
    [{ path: "/agents", fault: { kind: "reset", when: "later" } }, /before, unanswered or after/u],
    [{ path: "/agents", until: 5, fault: { kind: "cut" } }, /"until" is unknown/u],
    [{ path: "/agents", forMs: -1, fault: { kind: "cut" } }, /forMs must be/u],
    [{ path: "/agents", fault: { kind: "constructor" } }, /needs a fault with a kind/u],
  ])("a rule it cannot read is refused with the reason: %j", async (rule, reason) => {
    const answer = await call(bench.simulator, "/_simulator/faults", { body: { rules: [rule] } });
    expect([answer.status, answer.json["error"]]).toEqual([400, expect.stringMatching(reason)]);
  });
});
