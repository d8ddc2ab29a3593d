/** Risks, exceptions, lists and differences through a whole hub: from the simulated console's records and its activity log to the answers over HTTP, audited. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AccessDiffLine, AccessExceptionView, AccessFinding, AccessListUploaded, AccessRiskSummary, AccessThresholdsView } from "../../src/kernel/access-risk-api.ts";
import { AccessBench, HOUR, STREAMS } from "./bench.ts";

let bench: AccessBench;
beforeEach(async () => {
  bench = await AccessBench.open();
});
afterEach(() => bench.close());

async function call<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T> {
  const { hub } = bench.world;
  const answer = await hub.app.inject({ method, url: `/api/v1/access/${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` }, ...(body === undefined ? {} : { payload: body }) });
  const value = answer.json<T & { readonly fault?: { readonly code: string; readonly message: string } }>();
  if (answer.statusCode !== 200) throw new Error(`${String(answer.statusCode)} ${value.fault?.code ?? ""} ${value.fault?.message ?? ""}`);
  return value;
}

async function streamed(path: string): Promise<string> {
  const { hub } = bench.world;
  const answer = await hub.app.inject({ method: "GET", url: `/api/v1/access/${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` } });
  expect(answer.statusCode).toBe(200);
  return answer.body;
}

async function audited(): Promise<readonly string[]> {
  const { hub } = bench.world;
  const answer = await hub.app.inject({ method: "GET", url: "/api/v1/audit?limit=20", headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` } });
  return answer.json<{ readonly items: readonly { readonly event: string }[] }>().items.map(({ event }) => event);
}

async function difference(query = ""): Promise<{ readonly ranges: readonly { readonly from: string | null; readonly note: string | null }[]; readonly changes: readonly Extract<AccessDiffLine, { change: unknown }>["change"][] }> {
  const lines = (await streamed(`diff${query}`)).trim().split("\n").map((line) => JSON.parse(line) as AccessDiffLine);
  return { ranges: lines.flatMap((line) => ("ranges" in line ? line.ranges : [])), changes: lines.flatMap((line) => ("change" in line ? [line.change] : [])) };
}

async function listed(query = ""): Promise<readonly AccessFinding[]> {
  return (await bench.get<{ readonly items: readonly AccessFinding[] }>(`risks?limit=1000${query}`)).items;
}

describe("risks", () => {
  it("of local users without a second factor are those of the console's records", async () => {
    const truth = [...bench.simulator.truth("users")].filter((user) => user["twoFaEnabled"] === false && user["source"] === "mgmt").map((user) => String(user["id"]));

    expect((await listed("&risk=no-2fa")).map(({ principal }) => principal?.id ?? "").toSorted()).toEqual(truth.toSorted());
    expect(truth.length).toBeGreaterThan(0);
  });

  it("are the same listed, counted and handed over, as NDJSON and as CSV", async () => {
    const all = await listed();
    const summary = await bench.get<AccessRiskSummary>("risks/summary?worst=5");
    const ndjson = (await streamed("risks/export")).trim().split("\n").map((line) => (JSON.parse(line) as AccessFinding).id);
    const csv = (await streamed("risks/export?format=csv")).trim().split("\r\n");

    expect(all.length).toBeGreaterThan(10);
    expect(ndjson).toEqual(all.map(({ id }) => id));
    expect(csv).toHaveLength(all.length + 1);
    expect(summary.counts.reduce((sum, { findings }) => sum + findings, 0)).toBe(all.length);
    expect(summary.worst).toHaveLength(5);
    expect(new Set(all.map(({ risk }) => risk)).size).toBeGreaterThan(6);
  });

  it("are let off until an end, by id, and each step is audited", async () => {
    const [first] = await listed();
    const until = new Date(bench.clock.now() + 30 * 24 * HOUR).toISOString();
    const exception = await call<AccessExceptionView>("POST", "risks/exceptions", { finding: first?.id, owner: "soc@orchard.test", reason: "known", endsAt: until });
    expect((await listed()).map(({ id }) => id)).not.toContain(first?.id);
    expect((await listed("&exceptions=only")).map(({ exception: held }) => held?.id)).toEqual([exception.id]);

    await call("POST", `risks/exceptions/${exception.id}/end`);
    expect((await listed()).find(({ id }) => id === first?.id)?.exceptionOver).toMatchObject({ id: exception.id, owner: "soc@orchard.test" });
    await expect(call("POST", "risks/exceptions", { finding: "stale-0000000000000000", owner: "o", reason: "r", endsAt: until })).rejects.toThrow("NOT_FOUND");
    expect(await audited()).toEqual(expect.arrayContaining(["access-exception.ended", "access-exception.added"]));
  });

  it("follow thresholds, of which a wrong one is refused", async () => {
    const before = (await listed("&risk=stale")).length;
    const view = await call<AccessThresholdsView>("PUT", "risks/thresholds", { values: { staleDays: 36_000 } });

    expect(view).toMatchObject({ tenant: null, set: ["staleDays"], values: { staleDays: 36_000, tokenExpiringDays: 30 } });
    expect((await listed("&risk=stale")).length).toBeLessThan(before);
    for (const values of [{ staleDays: -1 }, { nearAdminShare: 2 }, { adminRoles: [] }, { weather: 1 }, { staleDays: "9" }]) await expect(call("PUT", "risks/thresholds", { values })).rejects.toThrow("CONFIG_INVALID");
    await call("PUT", "risks/thresholds", { values: { staleDays: null } });
    expect(await listed("&risk=stale")).toHaveLength(before);
    expect(await audited()).toContain("access-thresholds.set");
  });

  it("compare users with an uploaded list, whose faulty lines are named", async () => {
    const [known] = [...bench.simulator.truth("users")].map((user) => String(user["email"]));
    await expect(call("PUT", "risks/lists", { name: "people", kind: "hr", csv: "email\nnobody\n" })).rejects.toThrow("line 2 has no address");
    const uploaded = await call<AccessListUploaded>("PUT", "risks/lists", { name: "people", kind: "hr", csv: `email\n${known ?? ""}\n` });

    expect(uploaded.list).toMatchObject({ name: "people", entries: 1, gone: 0 });
    const strangers = await listed("&risk=not-in-list");
    expect(strangers.length).toBeGreaterThan(20);
    expect(strangers.map(({ principal }) => principal?.email)).not.toContain(known);
    await call("DELETE", "risks/lists/people");
    expect(await listed("&risk=not-in-list")).toEqual([]);
    expect(await audited()).toEqual(expect.arrayContaining(["access-list.removed", "access-list.uploaded"]));
  });

  it.each(["risk=weather", "severity=huge", "connection=nobody", "after=x", "exceptions=maybe"])("refuse %s", async (query) => {
    await expect(bench.get(`risks?${query}`)).rejects.toThrow(/400|404/);
  });
});

describe("the difference", () => {
  async function again(): Promise<void> {
    bench.pass(2 * HOUR);
    await bench.read({ streams: [...STREAMS, "activities"] });
  }

  it("of one reading says so; of two alike is empty", async () => {
    expect((await difference()).ranges[0]?.note).toMatch(/one completed reading/);

    await again();

    const { ranges, changes } = await difference();
    expect(changes).toEqual([]);
    expect(ranges[0]).toMatchObject({ note: null });
  });

  it("names who gained and lost what, and by whom from the console's log; the next one is empty again", async () => {
    await again();
    const users = [...bench.simulator.truth("users")];
    const [boss, moved, left] = [users[0], users[5], users[6]];
    const held = (user: Readonly<Record<string, unknown>> | undefined) => (user?.["scopeRoles"] ?? []) as readonly Readonly<Record<string, unknown>>[];
    const roles = held(moved).map((role) => ({ ...role, roleId: held(boss)[0]?.["roleId"], roleName: "Admin", roles: ["Admin"] }));
    bench.simulator.mutate({ stream: "users", action: "update", ids: [String(moved?.["id"])], set: { scopeRoles: roles }, by: String(boss?.["id"]) });
    bench.simulator.mutate({ stream: "users", action: "remove", ids: [String(left?.["id"])], by: String(boss?.["id"]) });
    bench.pass(23 * HOUR);
    await bench.read({ streams: [...STREAMS, "activities"], full: true });

    const { changes } = await difference();
    expect(changes.filter((one) => one.subject === "binding" && one.change === "added" && one.principal?.id === moved?.["id"])).toHaveLength(roles.length);
    expect(changes.filter((one) => one.subject === "principal" && one.change === "removed").map(({ principal }) => principal?.id)).toEqual([left?.["id"]]);
    for (const { by } of changes.filter((one) => one.subject === "principal" || one.principal?.id === moved?.["id"])) expect(by).toMatchObject({ kind: "user", id: boss?.["id"], confidence: expect.stringMatching(/high|medium/) as string });

    await again();
    expect((await difference()).changes).toEqual([]);
    expect((await difference("?from=2026-01-01T00:00:00Z")).changes).toHaveLength(changes.length);
    expect((await bench.get<{ readonly items: readonly unknown[] }>("changes")).items.length).toBeGreaterThanOrEqual(changes.length);
  });
});
