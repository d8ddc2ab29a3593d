/** What goes missing: at once where somebody was let go, after a second proof where everybody seems to be. And what a token may not read is said, not guessed. */
import { afterEach, describe, expect, it } from "vitest";
import { AccessBench, HOUR } from "./bench.ts";

let bench: AccessBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function open(...options: Parameters<typeof AccessBench.open>): Promise<AccessBench> {
  bench = await AccessBench.open(...options);
  return bench;
}

/** A record that states nothing in any of the fields that could. */
const NOTHING = { scopeRoles: [], siteRoles: [], tenantRoles: [], lowestRole: null } as const;
const MANY = { estate: { users: 90 }, pageSize: 25 } as const;

async function again(of: AccessBench): Promise<void> {
  of.pass(25 * HOUR);
  await of.read({ full: true });
}

function stated(user: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(NOTHING).map((field) => [field, user?.[field]]));
}

describe("a grant that is taken away", () => {
  it("ends with the next reading, and so do those of somebody who was deleted", async () => {
    const it = await open();
    const [first, second] = [...it.simulator.truth("users")].slice(5, 7).map((user) => String(user["id"]));
    it.simulator.mutate({ stream: "users", action: "update", ids: [first ?? ""], set: NOTHING });
    it.simulator.mutate({ stream: "users", action: "remove", ids: [second ?? ""] });
    const before = await it.assignments();
    await again(it);
    expect(await it.assignments()).toEqual(it.truth());
    expect(before.filter((line) => line.includes(` ${first ?? ""} `) || line.includes(` ${second ?? ""} `)).length).toBeGreaterThan(1);
  });
});

describe("a mass of grants that are no longer stated", () => {
  it("stays, in doubt, until a second full reading does not state them either", async () => {
    const it = await open(MANY);
    const before = await it.assignments();
    it.simulator.mutate({ stream: "users", action: "update", fraction: 0.7, set: NOTHING });
    await again(it);
    expect(await it.assignments()).toEqual(before);
    const doubted = (await it.bindings()).filter(({ since }) => since.doubtedAt !== null);
    expect(doubted.length).toBe(before.length - it.truth().length);
    await again(it);
    expect(await it.assignments()).toEqual(it.truth());
  });

  it("comes back without a trace when the console states them again", async () => {
    const it = await open(MANY);
    const before = await it.bindings();
    const records = new Map([...it.simulator.truth("users")].map((user) => [String(user["id"]), user]));
    const { ids } = it.simulator.mutate({ stream: "users", action: "update", fraction: 0.7, set: NOTHING });
    await again(it);
    for (const id of ids) it.simulator.mutate({ stream: "users", action: "update", ids: [id], set: stated(records.get(id)) });
    await again(it);
    expect(await it.bindings()).toEqual(before);
    await again(it);
    expect(await it.bindings()).toEqual(before);
  });
});

describe("a mass of people whom the console neither lists nor counts", () => {
  it("keep what they hold until a second full reading misses them too, and get it back when they return", async () => {
    const it = await open();
    const before = await it.assignments();
    it.faults({ path: "/users", exact: true, fault: { kind: "withhold", fraction: 0.6 } });
    await again(it);
    expect(await it.assignments()).toEqual(before);
    expect((await it.coverage()).streams.find(({ stream }) => stream === "users")?.state).not.toBe("complete");
    await again(it);
    const fewer = await it.assignments();
    expect([fewer.length < before.length * 0.7, fewer.every((line) => before.includes(line))]).toEqual([true, true]);
    it.faults();
    await again(it);
    expect(await it.assignments()).toEqual(before);
  });
});

describe("a token that reads users but not roles", () => {
  it("gives every grant with the names of its roles, and says that roles and their permissions are missing", async () => {
    const it = await open({ estate: { faults: { rules: [{ path: "/rbac", fault: { kind: "status", status: 403 } }] } }, faultsMayMiss: true });
    expect(await it.assignments()).toEqual(it.truth());
    const names = new Map([...it.simulator.truth("roles")].map((role) => [role["id"], role["name"]]));
    for (const { role } of await it.bindings()) expect(role.name).toBe(names.get(role.id));
    const coverage = await it.coverage();
    expect([coverage.complete, coverage.streams.filter(({ state }) => state !== "complete").map(({ stream, state }) => [stream, state])]).toEqual([false, [["roles", "refused"]]]);
    expect(coverage.notes.join()).toMatch(/roles: .*(?:permission|Roles\.view|refuse)/i);
  });

  it("says so of permissions alone, where roles are listed but may not be opened, and knows them when they may", async () => {
    const it = await open({ estate: { faults: { rules: [{ path: "/rbac/role", fault: { kind: "status", status: 403 } }] } }, faultsMayMiss: true });
    const known = async (): Promise<number> => (await it.get<{ readonly items: readonly { readonly permissions: readonly string[] | null }[] }>("roles")).items.filter(({ permissions }) => permissions !== null).length;
    expect([await it.assignments(), await known()]).toEqual([it.truth(), 0]);
    expect((await it.coverage()).notes).toEqual(["what 11 roles permit could not be read"]);
    it.faults();
    await again(it);
    expect([await known(), (await it.coverage()).notes]).toEqual([11, []]);
  });
});

describe("a token of one account", () => {
  it("shows who holds what there, and that whoever holds a role above is not shown", async () => {
    const it = await open({ token: "account" });
    const all = new Set(it.truth());
    const shown = await it.assignments();
    expect([shown.length > 5, shown.every((line) => all.has(line)), shown.some((line) => line.includes(" global "))]).toEqual([true, true, false]);
    expect((await it.coverage()).notes.join()).toMatch(/the token sees accounts only/);
  });
});
