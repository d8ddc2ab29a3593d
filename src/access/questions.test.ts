import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sql } from "kysely";
import type { WhatAnswer, WhoAnswer, WhyAnswer } from "../kernel/access-api.ts";
import { systemClock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { EVERY_TENANT, onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { RouteContext } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import { createCoverage, type ReadingState } from "./coverage.ts";
import { EVERYDAY_WORDS } from "./permission-words.ts";
import { listRoutes } from "./list-routes.ts";
import { questionRoutes } from "./question-routes.ts";
import { account, accessBench, CON, GLOBAL_ID, group, held, OTHER, role, site, TARGET, TEN, user, type AccessBench } from "./test-bench.ts";

const ISOLATE = "Endpoints.disconnectFromNetwork";
const SIX = ["accounts", "sites", "groups", "roles", "users", "service-users"] as const;
let bench: AccessBench;
let state: ReadingState;

beforeEach(async () => {
  bench = await accessBench();
  state = { name: "emea", tenant: TEN, paused: false, level: "global", streams: new Map(SIX.map((stream) => [stream, null])), refused: new Map() };
  await bench.listing("accounts", [account("1", { name: "Orchard" }), account("2", { name: "Halden" })]);
  await bench.listing("sites", [site("11", "1", { name: "Lyon" }), site("12", "1", { name: "Lyon" }), site("21", "2", { name: "Aarhus" })]);
  await bench.listing("groups", [group("111", "11"), group("112", "11"), group("211", "21")]);
  await bench.listing("roles", [role("51", "Viewer", ["Endpoints.view", "Threats.view"]), role("52", "Admin", ["Endpoints.view", ISOLATE]), role("53", "Night Shift", null, { predefinedRole: false })]);
  await bench.listing("users", [
    user("1", "site", [held("11", "51"), held("21", "52")], { email: "ann@orchard.test", fullName: "Ann Vale" }),
    user("2", "account", [held("1", "52")], { email: "bo@orchard.test", fullName: "Bo Lind" }),
    user("3", "tenant", [held(GLOBAL_ID, "53")], { email: "cy@orchard.test", fullName: "Bo Lind" }),
  ]);
  await bench.listing("service-users", [{ id: "9", name: "reader", scope: "account", scopeRoles: [held("1", "51"), held("2", "51")], createdAt: "2026-02-01T00:00:00Z" }]);
});
afterEach(() => bench.close());

async function ask<T>(path: string, query: Readonly<Record<string, string | number>>, scope: TenantScope = EVERY_TENANT): Promise<T> {
  const coverage = createCoverage(async () => state);
  const deps = { store: bench.store, clock: { ...systemClock, now: () => bench.now }, coverage, findConnection: async () => CON, findTenant: async () => "ten_default" as never, readings: async () => [], exportFolder: "" };
  const route = [...questionRoutes(deps), ...listRoutes(deps)].find((each) => each.path.endsWith(`/${path}`));
  if (route === undefined) throw new Error(path);
  return (await route.handle({ params: undefined, query, body: undefined }, { scope } as RouteContext<Tx>)) as T;
}
const who = (query: Readonly<Record<string, string | number>>, scope?: TenantScope) => ask<WhoAnswer>("who", query, scope);
const what = (principal: string, more: Readonly<Record<string, string | number>> = {}) => ask<WhatAnswer>("what", { principal, ...more });
const why = (principal: string, of: string, scope: string) => ask<WhyAnswer>("why", { principal, role: of, scope });
const lines = ({ items }: WhoAnswer) => items.map(({ principal, role: { name }, path, grants, via }) => `${principal.name ?? "?"}: ${name} ${via} ${path.map(({ kind, id }) => `${kind} ${id}`).join(" > ")}${grants === null ? "" : ` ${grants}`}`);

describe("who", () => {
  it("finds whoever holds a role there, on its account and on the console, with the path", async () => {
    const answer = await who({ scope: "site:11" });

    expect(lines(answer)).toEqual(["Ann Vale: Viewer direct site 11", "reader: Viewer inherited account 1 > site 11", "Bo Lind: Admin inherited account 1 > site 11", `Bo Lind: Night Shift inherited global ${GLOBAL_ID} > account 1 > site 11`]);
    expect(answer).toMatchObject({ total: 4, ancestorsKnown: true, notes: [], lies: [{ kind: "account", id: "1" }, { kind: "global", id: GLOBAL_ID }] });
  });

  it("of a group counts roles on its site, account and console too; of the console only those on it", async () => {
    expect(lines(await who({ scope: "group:111" }))).toHaveLength(4);
    expect(lines(await who({ scope: "global" }))).toEqual([`Bo Lind: Night Shift direct global ${GLOBAL_ID}`]);
  });

  it("can isolate: by an everyday word, with those of whose role it cannot be said", async () => {
    const answer = await who({ scope: "site:11", can: "isolate" });

    expect(answer.permission).toEqual({ asked: "isolate", id: ISOLATE });
    expect(lines(answer)).toEqual(["Bo Lind: Admin inherited account 1 > site 11 yes", `Bo Lind: Night Shift inherited global ${GLOBAL_ID} > account 1 > site 11 may`]);
    expect(answer.notes).toEqual(["what 1 role permits could not be read: whoever holds one may be able to"]);
    expect(answer.coverage.notes).toEqual(["what 1 role permits could not be read"]);
  });

  it("holds a role, by name or id, alone and with a permission", async () => {
    expect(lines(await who({ scope: "site:11", role: "viewer" }))).toHaveLength(2);
    expect(lines(await who({ scope: "site:11", role: "52" }))).toHaveLength(1);
    expect(lines(await who({ scope: "site:11", role: "Viewer", can: "isolate" }))).toEqual([]);
    await expect(who({ scope: "site:11", role: "Nobody" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("is counted to a thousand, and said to be more where there are more", async () => {
    const more = (many: number) => Array.from({ length: many }, (_, place) => user(String(1000 + place), "site", [held("12", "51")]));
    // Beside the three who hold a role on what it lies in.
    await bench.page("users", more(997));
    expect(await who({ scope: "site:12", limit: 1 })).toMatchObject({ total: 1000, totalIs: "exact" });
    await bench.page("users", more(998));
    expect(await who({ scope: "site:12", limit: 1 })).toMatchObject({ total: 1000, totalIs: "at-least" });
  });

  it("comes page by page, everything once, in the same order", async () => {
    const all = lines(await who({ scope: "group:111" }));
    const paged: string[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const page: WhoAnswer = await who({ scope: "group:111", limit: 1, ...(after === "" ? {} : { after }) });
      paged.push(...lines(page));
      expect(page.total).toBe(4);
      after = page.next;
    }

    expect(paged).toEqual(all);
    for (const after of ["{}", '["near","1","user","1","51"]', '["7","1","user","1","51"]']) await expect(who({ scope: "global", after })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("says since when: at least since the first reading and no longer than the principal is there, or between two readings", async () => {
    await bench.listing("users", [user("1", "site", [held("11", "51"), held("21", "52"), held("12", "52")], { email: "ann@orchard.test", fullName: "Ann Vale" }), user("2", "account", [held("1", "52")], { email: "bo@orchard.test", fullName: "Bo Lind" }), user("3", "tenant", [held(GLOBAL_ID, "53")], { email: "cy@orchard.test" })]);
    const [fresh] = (await who({ scope: "site:12" })).items;
    const [old] = (await who({ scope: "site:11" })).items;

    expect(fresh?.since.evidence).toBe("seen-arriving");
    expect(Date.parse(fresh?.since.from ?? "")).toBeLessThan(Date.parse(fresh?.since.to ?? ""));
    expect(old?.since).toMatchObject({ evidence: "there-at-first-reading", from: "2026-01-01T00:00:00.000000Z", doubtedAt: null });
  });

  it("says where what a scope lies in is not known, and still finds who holds the whole console", async () => {
    await bench.listing("users", [user("1", "site", [held("77", "51")], { fullName: "Ann Vale" }), user("2", "account", [held("1", "52")]), user("3", "tenant", [held(GLOBAL_ID, "53")], { fullName: "Bo Lind" })]);
    const answer = await who({ scope: "site:77" });

    expect(lines(answer)).toEqual(["Ann Vale: Viewer direct site 77", `Bo Lind: Night Shift inherited global ${GLOBAL_ID} > site 77`]);
    expect(answer.ancestorsKnown).toBe(false);
    expect(answer.notes[0]).toContain("what account this site lies in is not known");
    await bench.listing("groups", [group("771", "77")]);
    expect((await who({ scope: "group:771" })).notes[0]).toContain("what account this group lies in is not known");
  });

  it("says that the people are another tenant's where they are, and never that there is nobody", async () => {
    await bench.reassign({ ...TARGET, siteTenants: new Map([["11", OTHER]]) }, "11");
    const answer = await who({ scope: "site:11" }, onlyTenants(OTHER));

    expect(answer).toMatchObject({ items: [], total: 0 });
    expect(answer.coverage.notes).toEqual(["the people of this console belong to another tenant and are not shown"]);
    expect(answer.coverage.complete).toBe(false);
    await expect(who({ scope: "site:12" }, onlyTenants(OTHER))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("references", () => {
  it("find a scope by name, whatever its case, and list those that share it", async () => {
    expect((await who({ scope: "account:ORCHARD" })).scope).toMatchObject({ kind: "account", id: "1" });
    expect((await who({ scope: "aarhus" })).scope).toMatchObject({ kind: "site", id: "21" });
    await expect(who({ scope: "site:Lyon" })).rejects.toMatchObject({ code: "CONFIG_INVALID", cure: expect.stringMatching(/site:11 \(Lyon in account Orchard.*site:12 /) as string });
    expect((await who({ scope: "group:lyon/group 112" })).scope.id).toBe("112");
    expect((await who({ scope: "group:21/Group 211" })).scope.id).toBe("211");
    await expect(who({ scope: "site:Orchard/Lyon" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(who({ scope: "group:Lyon" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("find a person by address, id or name, and list those that share it", async () => {
    expect((await what("ANN@orchard.test")).principal.id).toBe("1");
    expect((await what("2")).principal.email).toBe("bo@orchard.test");
    expect((await what("ann vale")).principal.id).toBe("1");
    expect((await what("reader")).principal.kind).toBe("service-user");
    await expect(what("Bo Lind")).rejects.toMatchObject({ code: "CONFIG_INVALID", cure: expect.stringMatching(/user:2 \(bo@orchard\.test.*user:3 \(cy@orchard\.test/) as string });
    expect([(await what("user:2")).principal.id, (await what("Service-User:reader")).principal.id]).toEqual(["2", "9"]);
    await expect(what("service-user:2")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(what("%")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("find a permission as the console names it or by its last word, and list those that fit alike", async () => {
    expect((await who({ scope: "global", can: ISOLATE.toUpperCase() })).permission?.id).toBe(ISOLATE);
    expect((await who({ scope: "global", can: "disconnect-from-network" })).permission?.id).toBe(ISOLATE);
    await expect(who({ scope: "global", can: "view" })).rejects.toMatchObject({ code: "CONFIG_INVALID", cure: expect.stringContaining("Endpoints.view, Threats.view") as string });
    await expect(who({ scope: "global", can: "fly" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("that nothing has name what is like them: people, scopes, roles and permissions, and nothing of another tenant's", async () => {
    const cureOf = (asked: Promise<unknown>) => asked.then(() => "none", (error: unknown) => (error instanceof Fault ? `${error.code} ${error.cure}` : "another"));

    expect(await cureOf(what("anne@orchard.tset"))).toBe('NOT_FOUND Like it: "ann@orchard.test". `vedette access list principals` shows what there is.');
    expect(await cureOf(what("Bo Linde"))).toContain('Like it: "bo lind". ');
    expect(await cureOf(who({ scope: "site:Aarhuus" }))).toContain('Like it: "site:Aarhus". ');
    expect(await cureOf(who({ scope: "group:Aarhus/Grup 211" }))).toContain('Like it: "group:Group 211"');
    expect(await cureOf(who({ scope: "global", role: "Viewr" }))).toContain('NOT_FOUND Like it: "Viewer". ');
    expect(await cureOf(who({ scope: "global", role: "Boss" }))).toContain('Roles there are: "Admin", "Night Shift", "Viewer". ');
    expect(await cureOf(why("ann vale", "Admn", "site:21"))).toContain('Like it: "Admin". ');
    expect(await cureOf(who({ scope: "global", can: "isolat e machine" }))).toContain('"isolate"');
    expect(await cureOf(ask("what", { principal: "anne@orchard.tset" }, onlyTenants(OTHER)))).toBe("NOT_FOUND `vedette access list principals` shows what there is.");
    expect(await cureOf(what("%"))).toBe("NOT_FOUND `vedette access list principals` shows what there is.");
  });

  it("lead from each everyday word to one permission, of the vendor's form", () => {
    for (const [word, permission] of Object.entries(EVERYDAY_WORDS)) expect([word, permission]).toEqual([expect.stringMatching(/^[a-z]+$/), expect.stringMatching(/^[A-Z][A-Za-z ]+\.[A-Za-z]+$/)]);
  });
});

describe("what", () => {
  it("counts what each role covers, and everything once", async () => {
    const answer = await what("bo@orchard.test");
    expect(answer.items).toMatchObject([{ role: { name: "Admin" }, scope: { kind: "account", id: "1", name: "Orchard" }, covers: { accounts: 1, sites: 2, groups: 2 } }]);
    expect((await what("ann@orchard.test")).covers).toEqual({ accounts: 0, sites: 2, groups: 3 });
    expect((await what("cy@orchard.test")).covers).toEqual({ accounts: 2, sites: 3, groups: 3 });
    expect((await what("reader")).covers).toEqual({ accounts: 2, sites: 3, groups: 3 });
  });

  it("tells what the roles permit, and where that could not be read", async () => {
    expect((await what("ann@orchard.test")).roles).toEqual([{ id: "51", name: "Viewer", permissions: ["Endpoints.view", "Threats.view"] }, { id: "52", name: "Admin", permissions: [ISOLATE, "Endpoints.view"] }]);
    expect((await what("cy@orchard.test")).notes).toEqual(["what Night Shift permits could not be read"]);
  });

  it("says of somebody whose roles could not all be read that there may be more, and is never sure that there is not", async () => {
    await bench.page("users", [user("4", "site", null, { email: "di@orchard.test", firstLogin: null, lastLogin: null }), user("5", "site", ["odd", held("11", "51")], { email: "ed@orchard.test" })]);
    const more = "not all that the console says of its roles could be read: it may hold more than is shown";

    expect(await what("di@orchard.test")).toMatchObject({ total: 0, notes: [more], principal: { unread: 1 } });
    expect(await why("di@orchard.test", "Admin", "site:11")).toMatchObject({ holds: "may", paths: [], notes: [more] });
    expect(await why("ed@orchard.test", "Viewer", "site:11")).toMatchObject({ holds: "yes", notes: [more] });
    expect((await what("ann@orchard.test")).notes).toEqual([]);
  });

  it("comes page by page", async () => {
    const first = await what("ann@orchard.test", { limit: 1 });
    const second = await what("ann@orchard.test", { limit: 1, after: first.next ?? "" });

    expect([first.total, ...first.items, ...second.items].map((item) => (typeof item === "number" ? item : item.scope.id))).toEqual([2, "11", "21"]);
    expect(second.next).toBeNull();
  });
});

describe("why", () => {
  it("goes step by step from what is held down to the scope", async () => {
    const { holds, paths } = await why("bo@orchard.test", "Admin", "group:111");

    expect(holds).toBe("yes");
    expect(paths).toMatchObject([{ role: { id: "52" }, steps: [{ step: "holds", scope: { kind: "account", id: "1" }, by: null }, { step: "contains", scope: { id: "1" }, contains: { id: "11" } }, { step: "contains", scope: { id: "11" }, contains: { id: "111" } }] }]);
  });

  it("answers for a permission as for a role", async () => {
    expect(await why("bo@orchard.test", "isolate", "site:12")).toMatchObject({ holds: "yes", asked: { permission: { id: ISOLATE } }, paths: [{ grants: "yes" }] });
    expect(await why("cy@orchard.test", "isolate", "site:12")).toMatchObject({ holds: "may", paths: [{ grants: "may" }] });
  });

  it("says no, and what is held there instead", async () => {
    expect(await why("ann@orchard.test", "Admin", "site:11")).toMatchObject({ holds: "no", paths: [], notes: ["holds there instead: Viewer"] });
    expect(await why("ann@orchard.test", "Admin", "site:12")).toMatchObject({ holds: "no", paths: [], notes: [] });
  });

  it("shows every path there is", async () => {
    await bench.listing("service-users", [{ id: "9", name: "reader", scope: "tenant", scopeRoles: [held(GLOBAL_ID, "51")] }, { id: "8", name: "both", scope: "account", scopeRoles: [held("1", "51"), held("1", "52")] }]);
    expect((await why("both", "Endpoints.view", "site:11")).paths.map((path) => path.role.name)).toEqual(["Viewer", "Admin"]);
  });
});

describe("lists", () => {
  it.each(["principals", "scopes", "roles", "bindings"])("of %s come page by page, the same for whoever sees one tenant as for whoever sees all, and empty for another tenant", async (list) => {
    const paged = async (scope: TenantScope): Promise<readonly unknown[]> => {
      const items: unknown[] = [];
      for (let after: string | null = ""; after !== null; ) {
        const page: { readonly items: readonly unknown[]; readonly next: string | null } = await ask(list, { limit: 2, ...(after === "" ? {} : { after }) }, scope);
        items.push(...page.items);
        after = page.next;
      }
      return items;
    };
    const all = await paged(EVERY_TENANT);

    expect(all.length).toBeGreaterThan(2);
    expect(await paged(onlyTenants(TEN))).toEqual(all);
    expect(await paged(onlyTenants(OTHER))).toEqual([]);
  });
});

describe("what an answer rests on", () => {
  const notes = async () => (await who({ scope: "global" })).coverage.notes.filter((note) => !note.startsWith("what 1 role"));

  it("is complete where all six streams are read to their end", async () => {
    expect(await notes()).toEqual([]);
    expect((await who({ scope: "global" })).coverage.streams.map(({ state: of }) => of)).toEqual(SIX.map(() => "complete"));
  });

  it.each([
    ["a stream the token may not read", () => ({ streams: new Map(SIX.filter((stream) => stream !== "roles").map((stream) => [stream, null])), refused: new Map([["roles", "it lacks Roles: View"]]) }), ["roles: it lacks Roles: View"]],
    ["a stream nobody asked for", () => ({ streams: new Map(SIX.filter((stream) => stream !== "groups").map((stream) => [stream, null])) }), ["groups: it was not asked for when the console was connected"]],
    ["a reading that failed", () => ({ streams: new Map(SIX.map((stream) => [stream, stream === "users" ? { kind: "unavailable", message: "The console did not answer." } : null])) }), ["users: the last reading failed: The console did not answer."]],
    ["a token that sees sites only", () => ({ level: "site" }), ["the token sees sites only: whoever holds a role above them may act there too, and is not shown"]],
  ] as const)("is missing %s, and says so", async (_, change, expected) => {
    state = { ...state, ...(change() as Partial<ReadingState>) };

    expect(await notes()).toEqual(expected);
    expect((await who({ scope: "global" })).coverage.complete).toBe(false);
  });

  it("is missing what was never read, was set aside, or could not be read of a record", async () => {
    await bench.store.tx((tx) => sql`UPDATE mirror_checkpoints SET read_to = NULL WHERE stream = 'groups'`.execute(tx.db));
    await bench.park("users", "77");
    await bench.page("service-users", [{ id: "9", name: "reader", scope: "region", scopeRoles: [held("1", "51")] }]);

    expect(await notes()).toEqual(["groups: its first reading has not ended", "users: 1 record was set aside as unreadable", "1 principal holds something that could not be read as a role on a scope"]);
  });

  it("misses a record without a key until a later reading is proven without it", async () => {
    await bench.park("users", null, bench.now + 1);
    expect(await notes()).toEqual(["users: 1 record was set aside as unreadable"]);

    await bench.proven("users", bench.now + 2);
    expect(await notes()).toEqual([]);
  });
});
