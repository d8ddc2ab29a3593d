import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { bindingsOf, principalsOf } from "./graph.ts";
import { account, accessBench, changeLine, CON, gathered, GLOBAL_ID, group, held, OTHER, role, site, TARGET, TEN, user, type AccessBench, type ApiRecord } from "./test-bench.ts";

let bench: AccessBench;
beforeEach(async () => {
  bench = await accessBench();
});
afterEach(() => bench.close());

const changes = async (): Promise<readonly string[]> => (await bench.changes()).map(changeLine);

const ESTATE = {
  accounts: [account("1"), account("2")],
  sites: [site("11", "1"), site("12", "1"), site("21", "2")],
  groups: [group("111", "11"), group("211", "21")],
  roles: [role("51", "Viewer", ["Endpoints.view"]), role("52", "Admin", ["Endpoints.view", "Endpoints.disconnectFromNetwork"])],
  users: [user("1", "site", [held("11", "51"), held("21", "52")]), user("2", "account", [held("1", "52")]), user("3", "tenant", [held(GLOBAL_ID, "51")])],
  "service-users": [{ id: "1", name: "siem-reader", scope: "account", scopeRoles: [held("2", "51")], apiToken: { createdAt: "2026-01-01T00:00:00Z", expiresAt: null }, createdBy: { id: "3", name: "User 3" } }],
} as const satisfies Readonly<Record<string, readonly ApiRecord[]>>;

const BINDINGS = ["service-user 1: 51 on account 2", "user 1: 51 on site 11", "user 1: 52 on site 21", "user 2: 52 on account 1", `user 3: 51 on global ${GLOBAL_ID}`];
const SCOPES = [`account 1 in global ${GLOBAL_ID}`, `account 2 in global ${GLOBAL_ID}`, `global ${GLOBAL_ID}`, "group 111 in site 11", "group 211 in site 21", "site 11 in account 1", "site 12 in account 1", "site 21 in account 2"];

async function read(order: readonly (keyof typeof ESTATE)[] = ["accounts", "sites", "groups", "roles", "users", "service-users"]): Promise<void> {
  for (const stream of order) await bench.listing(stream, ESTATE[stream]);
}

describe("a first reading", () => {
  it.each([
    ["in the order people expect", ["accounts", "sites", "groups", "roles", "users", "service-users"]],
    ["in reverse", ["service-users", "users", "roles", "groups", "sites", "accounts"]],
    ["with the people in the middle", ["groups", "users", "sites", "service-users", "accounts", "roles"]],
  ] as const)("gives the same graph %s, and writes no history", async (_, order) => {
    await read(order);

    expect(await bench.bindings()).toEqual(BINDINGS);
    expect(await bench.scopes()).toEqual(SCOPES);
    expect(await bench.roles()).toEqual(["51 Viewer 1", "52 Admin 2"]);
    expect(await changes()).toEqual([]);
    const all = await gathered(bindingsOf(bench.store.read, EVERY_TENANT, CON));
    expect(all.every((binding) => binding.absentAt === null && binding.doubtedAt === null)).toBe(true);
  });

  it("is the same after a rebuild, and after the same pages come again", async () => {
    await read();
    await bench.rebuild();
    await read();

    expect(await bench.bindings()).toEqual(BINDINGS);
    expect(await changes()).toEqual([]);
  });

  it("keeps what is known of people and their tokens", async () => {
    await read();

    const [service, first] = await bench.principals();
    expect(service).toMatchObject({ kind: "service-user", facts: { name: "siem-reader", source: "service", email: null, token: { createdAt: "2026-01-01T00:00:00.000000Z", expiresAt: null }, createdBy: { id: "3", name: "User 3" }, twoFaEnabled: null } });
    expect(first).toMatchObject({ kind: "user", id: "1", facts: { email: "u1@orchard.test", source: "local", status: "active", level: "site", twoFaEnabled: true, token: null } });
  });
});

describe("a scope that only a binding names", () => {
  it("is kept as inferred under the name it has there, and so is its role", async () => {
    await bench.listing("users", [user("1", "site", [held("11", "51")])]);

    expect(await bench.scopes()).toEqual(["site 11 (inferred)"]);
    expect(await bench.roles()).toEqual(["51 Role 51 unread (inferred)"]);
  });

  it("goes when nobody holds a role there any more", async () => {
    await bench.listing("users", [user("1", "site", [held("11", "51"), held("12", "51")])]);
    await bench.listing("users", [user("1", "site", [held("12", "51")])]);

    expect(await bench.scopes()).toEqual(["site 12 (inferred)"]);
  });

  it("is what becomes of a site that is gone while somebody holds a role on it", async () => {
    await read();
    await bench.listing("sites", [site("12", "1"), site("21", "2")]);

    expect(await bench.scopes()).toContain("site 11 in account 1 (inferred)");
    expect(await bench.bindings()).toEqual(BINDINGS);
    expect(await changes()).toEqual(["scope removed site 11"]);
  });
});

describe("what changes", () => {
  beforeEach(() => read());

  it("a role given is seen arriving between the last proven reading and this one", async () => {
    const before = (await sql<{ read_to: number }>`SELECT read_to FROM mirror_checkpoints WHERE stream = 'users'`.execute(bench.store.read)).rows[0]?.read_to;
    await bench.listing("users", [...ESTATE.users.slice(1), user("1", "site", [held("11", "51"), held("21", "52"), held("12", "52")])]);

    expect(await changes()).toEqual(["binding added 1 52 site 12"]);
    const added = (await gathered(bindingsOf(bench.store.read, EVERY_TENANT, CON))).find((binding) => binding.scope.id === "12");
    expect(added?.absentAt).toBe(before);
    expect(added?.seenAt).toBeGreaterThan(Number(before));
  });

  it("a role taken away ends at once and is named in the history", async () => {
    await bench.listing("users", [...ESTATE.users.slice(1), user("1", "site", [held("11", "51")])]);

    expect(await bench.bindings()).toEqual(BINDINGS.filter((line) => line !== "user 1: 52 on site 21"));
    const [change] = await bench.changes();
    expect(JSON.parse(change?.labels ?? "")).toEqual({ principal: "u1@orchard.test", role: "Admin", scope: "Site 21" });
  });

  it("a principal that is gone takes its bindings along, and brings them back", async () => {
    const without = ESTATE.users.slice(1);
    await bench.listing("users", without);
    expect(await bench.bindings()).toEqual(BINDINGS.filter((line) => !line.startsWith("user 1")));
    expect(await changes()).toEqual(["principal removed 1", "binding removed 1 51 site 11", "binding removed 1 52 site 21"]);

    await bench.listing("users", ESTATE.users);
    expect(await bench.bindings()).toEqual(BINDINGS);
    expect((await changes()).slice(3)).toEqual(["principal added 1", "binding added 1 51 site 11", "binding added 1 52 site 21"]);
  });

  it("is told by field, and use is no change", async () => {
    const used = user("1", "site", [held("11", "51"), held("21", "52")], { lastLogin: "2026-11-19T00:00:00Z", twoFaEnabled: false });
    await bench.listing("users", [used, ...ESTATE.users.slice(1)]);

    const [change, ...others] = await bench.changes();
    expect(others).toEqual([]);
    expect(change).toMatchObject({ subject: "principal", change: "changed", field: "twoFaEnabled", before: "true", after: "false" });
    expect((await bench.principals()).find(({ id, kind }) => id === "1" && kind === "user")?.facts.lastUsed).toBe("2026-11-19T00:00:00.000000Z");
  });

  it("a role's permissions are told; that they cannot be read any more is no change of them", async () => {
    const viewer = role("51", "Viewer", ["Endpoints.view", "Endpoints.remoteShell"]);
    await bench.listing("roles", [viewer, ESTATE.roles[1]]);
    expect(await changes()).toEqual(["role changed 51 permissions"]);

    await bench.listing("roles", [role("51", "Viewer", null), ESTATE.roles[1]]);
    expect(await changes()).toHaveLength(1);
    expect(await bench.roles()).toEqual(["51 Viewer unread", "52 Admin 2"]);
  });

  it("a site that moves to another account, and a state, are told by field", async () => {
    await bench.listing("sites", [site("11", "2", { state: "expired" }), ...ESTATE.sites.slice(1)]);

    expect(await changes()).toEqual(["scope changed site 11 parent", "scope changed site 11 state"]);
  });

  it("of one that was there before the graph was, only the difference is told", async () => {
    await bench.store.tx(async (tx) => {
      await sql`DELETE FROM access_principals`.execute(tx.db);
      await sql`DELETE FROM access_bindings`.execute(tx.db);
    });
    await bench.listing("users", [user("1", "site", [held("11", "51")], { fullName: "Renamed" }), ...ESTATE.users.slice(1)]);

    expect(await changes()).toEqual(["principal changed 1 name"]);
    expect((await gathered(bindingsOf(bench.store.read, EVERY_TENANT, CON))).map(({ absentAt }) => absentAt)).toEqual([null]);
  });
});

describe("tenants", () => {
  it("a site that goes over to another tenant is that one's from then on, and the people stay whose they were", async () => {
    await read();
    await bench.reassign({ ...TARGET, siteTenants: new Map([["11", OTHER]]) }, "11");

    const theirs = await sql<{ kind: string; id: string }>`SELECT kind, id FROM access_scopes WHERE tenant_id = ${OTHER} ORDER BY kind`.execute(bench.store.read);
    expect(theirs.rows).toEqual([{ kind: "group", id: "111" }, { kind: "site", id: "11" }]);
    expect(await gathered(principalsOf(bench.store.read, onlyTenants(OTHER), CON))).toEqual([]);
    expect(await gathered(principalsOf(bench.store.read, onlyTenants(TEN), CON))).toHaveLength(4);
    expect(await bench.bindings()).toEqual(BINDINGS);
  });
});
