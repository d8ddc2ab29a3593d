/** The same life of a graph on both engines: read in any order, changed, doubted, asked, handed over, purged. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { hasHiddenPrincipals } from "./coverage.ts";
import { chainOf, countHeld, countHolders, EVERY_ROLE, heldBy, heldWithin, holdersOf, reachOf, rolesThatCan, wholeReach } from "./effective.ts";
import { connectionsOf } from "./graph.ts";
import { findPrincipal, findRoles, findScope } from "./lookup.ts";
import { resolvePermission } from "./permission-words.ts";
import { account, accessBench, changeLine, CON, gathered, GLOBAL_ID, group, held, OTHER, role, site, TARGET, TEN, user, type AccessBench } from "./test-bench.ts";
import { scopesBelow } from "./tree.ts";
import { countTenantAccess, eraseConnectionAccess, purgeTenantAccess, tenantAccess } from "./upkeep.ts";

const ISOLATE = "Endpoints.disconnectFromNetwork";
let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe.each(["sqlite", "postgres"] as const)("the access graph on %s", (kind) => {
  let bench: AccessBench;
  const people = (but: number) => [user("1", "site", [held("11", "51"), held("12", "52")]), user("2", "tenant", [], { tenantRoles: ["Admin"] }), ...Array.from({ length: 40 }, (_, place) => user(String(100 + place), "account", place < but ? [] : [held("1", "51")]))];
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await accessBench(kind === "postgres" ? server : undefined);
    await bench.listing("users", people(0));
    await bench.listing("roles", [role("51", "Viewer", ["Endpoints.view"]), role("52", "Admin", ["Endpoints.view", ISOLATE])]);
    await bench.listing("groups", [group("111", "11")]);
    await bench.listing("sites", [site("11", "1"), site("12", "1")]);
    await bench.listing("accounts", [account("1", { name: "Quote \u0000 and \"marks\"" })]);
  }, 30_000);
  afterEach(() => bench.close());

  it("finds roles that are named without an id, and the console's own id, whenever they come", async () => {
    expect((await bench.bindings()).slice(-3)).toEqual(["user 1: 51 on site 11", "user 1: 52 on site 12", `user 2: 52 on global ${GLOBAL_ID}`]);
    expect(await bench.scopes()).toEqual([`account 1 in global ${GLOBAL_ID}`, `global ${GLOBAL_ID}`, "group 111 in site 11", "site 11 in account 1", "site 12 in account 1"]);
    expect(await bench.changes()).toEqual([]);
  });

  it("logs what changes, takes few losses at once and doubts many", async () => {
    await bench.listing("users", [user("1", "site", [held("12", "52")], { twoFaEnabled: false }), ...people(0).slice(1)]);
    expect((await bench.changes()).map(changeLine)).toEqual(["principal changed 1 twoFaEnabled", "binding removed 1 51 site 11"]);

    await bench.listing("users", [user("1", "site", [held("12", "52")], { twoFaEnabled: false }), ...people(30).slice(1)]);
    await bench.due();
    expect((await bench.bindings()).filter((line) => line.endsWith("?"))).toHaveLength(30);
    bench.now += 1000;
    await bench.proven("users");
    await bench.due();
    expect(await bench.bindings()).toHaveLength(12);
  });

  it("brings back, in doubt, what the first pages of a mass loss took", async () => {
    await bench.page("users", people(15).slice(0, 17));
    await bench.page("users", people(30));

    expect(await bench.bindings()).toHaveLength(43);
    expect((await bench.bindings()).filter((line) => line.endsWith("?"))).toHaveLength(30);
  });

  it("answers who, what and why", async () => {
    const { store } = bench;
    const scope = await findScope(store, EVERY_TENANT, "group:group 111", undefined);
    const chain = await chainOf(store.read, scope);
    expect(chain.scopes.map(({ id }) => id)).toEqual(["111", "11", "1", GLOBAL_ID]);
    const can = await rolesThatCan(store.read, CON, await resolvePermission(store.read, CON, "isolate"));
    const able = await holdersOf(store, EVERY_TENANT, chain, can, { after: null, limit: 10 });
    expect(able.items.map(({ facts, roleName, level }) => [facts?.name, roleName, level])).toEqual([["User 2", "Admin", 3]]);
    expect(await countHolders(store, EVERY_TENANT, chain, EVERY_ROLE)).toEqual({ total: 42, totalIs: "exact" });
    const first = await holdersOf(store, EVERY_TENANT, chain, EVERY_ROLE, { after: null, limit: 20 });
    const second = await holdersOf(store, EVERY_TENANT, chain, EVERY_ROLE, { after: first.next, limit: 40 });
    expect([first.items.length, second.items.length, second.next]).toEqual([20, 22, null]);

    const begins = await scopesBelow(store, onlyTenants(TEN), CON, null, { after: null, limit: 10 });
    expect(begins.items.map(({ scope: { kind }, holders, below }) => [kind, holders?.total, below.total])).toEqual([["global", 1, 1]]);
    const sites = await scopesBelow(store, EVERY_TENANT, CON, { kind: "account", id: "1" }, { after: ["2", "", ""], limit: 1 });
    expect(sites.items.map(({ scope: { id }, holders, below }) => [id, holders?.total, below.total])).toEqual([["11", 1, 1]]);
    expect(sites.next).toEqual(["2", "site 11", "11"]);

    const one = await findPrincipal(store, EVERY_TENANT, "U1@orchard.test", undefined);
    const { items } = await heldBy(store, one, { after: null, limit: 10 });
    const reach = await reachOf(store, EVERY_TENANT, CON, items.map(({ binding }) => binding.scope));
    expect(items.map(({ binding }) => reach(binding.scope))).toEqual([{ accounts: 0, sites: 1, groups: 1 }, { accounts: 0, sites: 1, groups: 0 }]);
    expect([await wholeReach(store, EVERY_TENANT, one), await countHeld(store.read, one)]).toEqual([{ accounts: 0, sites: 2, groups: 1 }, 2]);
    expect((await heldWithin(store, one, chain)).map(({ roleName, level }) => [roleName, level])).toEqual([["Viewer", 1]]);
    expect((await findRoles(store, EVERY_TENANT, CON, "VIEWER")).map(({ id }) => id)).toEqual(["51"]);
    await expect(findPrincipal(store, EVERY_TENANT, "u1@orchrad.test", undefined)).rejects.toMatchObject({ code: "NOT_FOUND", cure: expect.stringContaining('"u1@orchard.test"') as string });
    await expect(findScope(store, EVERY_TENANT, "grup 111", undefined)).rejects.toMatchObject({ code: "NOT_FOUND", cure: expect.stringContaining('"group:Group 111"') as string });
  });

  it("gives sites to another tenant, who sees them and not the people", async () => {
    await bench.reassign({ ...TARGET, siteTenants: new Map([["11", OTHER]]) }, "11");

    expect(await connectionsOf(bench.store.read, onlyTenants(OTHER))).toEqual([CON]);
    expect(await connectionsOf(bench.store.read, onlyTenants())).toEqual([]);
    expect([await hasHiddenPrincipals(bench.store.read, onlyTenants(OTHER), CON), await hasHiddenPrincipals(bench.store.read, onlyTenants(TEN), CON)]).toEqual([true, false]);
  });

  it("hands over all that a tenant has, and lets go of all of it", async () => {
    const { store } = bench;
    await bench.listing("users", people(0).slice(1));
    const rows = await gathered(tenantAccess(store, TEN, AbortSignal.timeout(5_000)));
    expect(rows).toHaveLength(await countTenantAccess(store, TEN));
    expect(new Set(rows.map(({ table }) => table))).toEqual(new Set(["access_bindings", "access_principals", "access_scopes", "access_roles", "access_changes"]));

    for (let dropped = 1, calls = 0; dropped > 0 && calls < 200; calls += 1) {
      dropped = await store.tx((tx) => purgeTenantAccess(tx, TEN, 10));
      expect(dropped).toBeLessThanOrEqual(10);
    }
    expect(await countTenantAccess(store, TEN)).toBe(0);
  });

  it("lets go of a connection whole", async () => {
    const { store } = bench;
    await bench.listing("users", people(30));
    for (let dropped = 1, calls = 0; dropped > 0 && calls < 200; calls += 1) dropped = await store.tx((tx) => eraseConnectionAccess(tx, CON, 50));

    for (const table of ["access_bindings", "access_principals", "access_scopes", "access_roles", "access_role_permissions", "access_changes", "access_losses"] as const) {
      expect((await store.read.withTables<Record<typeof table, { connection_id: ConnectionId }>>().selectFrom(table).selectAll().execute()).length, table).toBe(0);
    }
  });
});
