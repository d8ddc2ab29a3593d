import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Static } from "typebox";
import type { ScopeTreeNode } from "../kernel/access-api.ts";
import { systemClock } from "../kernel/clock.ts";
import type { RouteContext } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { createCoverage } from "./coverage.ts";
import { listRoutes } from "./list-routes.ts";
import { account, accessBench, CON, GLOBAL_ID, group, held, OTHER, role, site, TARGET, TEN, user, type AccessBench } from "./test-bench.ts";

type Node = Static<typeof ScopeTreeNode>;
interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

let bench: AccessBench;
beforeEach(async () => {
  bench = await accessBench();
  await bench.listing("accounts", [account("1", { name: "Orchard" }), account("2", { name: "Halden" })]);
  await bench.listing("sites", [site("11", "1", { name: "Lyon 100% new" }), site("12", "1", { name: "Arles" }), site("21", "2", { name: "Aarhus" })]);
  await bench.listing("groups", [group("111", "11"), group("112", "11")]);
  await bench.listing("roles", [role("51", "Viewer", ["Endpoints.view"]), role("52", "Admin", ["Endpoints.view"])]);
  await bench.listing("users", [
    user("1", "site", [held("11", "51"), held("11", "52")], { email: "ann@orchard.test", fullName: "Ann Vale" }),
    user("2", "account", [held("1", "52")], { email: "bo@orchard.test", fullName: "Bo Lind" }),
    user("3", "tenant", [held(GLOBAL_ID, "51")], { email: "cy@orchard.test", fullName: "Cy_Ann" }),
  ]);
});
afterEach(() => bench.close());

async function ask<T>(path: string, query: Readonly<Record<string, string | number>>, scope: TenantScope = EVERY_TENANT, lookedAt?: number): Promise<Page<T>> {
  const coverage = createCoverage(async () => ({ name: "emea", tenant: TEN, paused: false, level: "global", streams: new Map(), refused: new Map() }));
  const deps = { store: bench.store, clock: { ...systemClock, now: () => bench.now }, coverage, findConnection: async () => CON, findTenant: async (_: unknown, __: unknown, reference: string) => reference as never, readings: async () => [], exportFolder: "", ...(lookedAt === undefined ? {} : { lookedAt }) };
  const route = listRoutes(deps).find((each) => each.path.endsWith(`/${path}`));
  if (route === undefined) throw new Error(path);
  return (await route.handle({ params: undefined, query, body: undefined }, { scope } as RouteContext<Tx>)) as Page<T>;
}

const line = ({ kind, name, holders, below }: Node): string => `${kind} ${kind === "global" ? "" : (name ?? "?")}: ${holders === null ? "hidden" : String(holders.total)} held, ${String(below.total)} below`;
const tree = async (parent?: string, scope?: TenantScope): Promise<readonly string[]> => (await ask<Node>("tree", parent === undefined ? {} : { parent }, scope)).items.map(line);

describe("the tree of scopes", () => {
  it("opens a level at a time by name, and counts who holds a role on each once, however many roles", async () => {
    expect(await tree()).toEqual(["global : 1 held, 2 below"]);
    expect(await tree(`global:${GLOBAL_ID}`)).toEqual(["account Halden: 0 held, 1 below", "account Orchard: 1 held, 2 below"]);
    expect(await tree("account:1")).toEqual(["site Arles: 0 held, 0 below", "site Lyon 100% new: 1 held, 2 below"]);
    expect(await tree("site:11")).toEqual(["group Group 111: 0 held, 0 below", "group Group 112: 0 held, 0 below"]);
    expect(await tree("site:77")).toEqual([]);
  });

  it("comes page by page, everything once", async () => {
    const paged: string[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const page: Page<Node> = await ask("tree", { parent: "site:11", limit: 1, ...(after === "" ? {} : { after }) });
      paged.push(...page.items.map(line));
      after = page.next;
    }
    expect(paged).toEqual(await tree("site:11"));
  });

  it("begins at what somebody sees, and never says that nobody is there where the people are another tenant's", async () => {
    await bench.reassign({ ...TARGET, siteTenants: new Map([["11", OTHER]]) }, "11");

    expect(await tree(undefined, onlyTenants(OTHER))).toEqual(["site Lyon 100% new: hidden held, 2 below"]);
    expect(await tree("account:1", onlyTenants(OTHER))).toEqual(["site Lyon 100% new: hidden held, 2 below"]);
    expect(await tree("account:1", onlyTenants(TEN))).toEqual(["site Arles: 0 held, 0 below"]);
    expect((await ask<Node>("tree", { tenant: OTHER })).items.map(({ id }) => id)).toEqual(["11"]);
  });

  it("shows where it begins what lies in nothing that is known", async () => {
    await bench.listing("users", [user("1", "site", [held("77", "51")])]);

    expect(await tree()).toEqual(["global : 0 held, 2 below", "site Scope 77: 1 held, 0 below"]);
  });

  it("counts to a thousand and says that there are more", async () => {
    await bench.page("users", Array.from({ length: 1001 }, (_, place) => user(String(1000 + place), "site", [held("12", "51")])));

    expect((await ask<Node>("tree", { parent: "account:1" })).items[0]?.holders).toEqual({ total: 1000, totalIs: "at-least" });
  });
});

describe("a search", () => {
  const found = async (list: string, text: string, more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => (await ask<{ readonly id: string }>(list, { text, ...more })).items.map(({ id }) => id);

  it("finds people by part of their name or address, and scopes by part of theirs, signs meaning themselves", async () => {
    expect(await found("principals", "ANN")).toEqual(["1", "3"]);
    expect(await found("principals", "bo@")).toEqual(["2"]);
    expect(await found("principals", "y_a")).toEqual(["3"]);
    expect(await found("principals", "%")).toEqual([]);
    expect(await found("scopes", "100% n")).toEqual(["11"]);
    expect(await found("principals", "ann", { tenant: OTHER })).toEqual([]);
  });

  it("looks at no more than so many for one answer, says where to go on, and finds everybody once", async () => {
    await bench.page("users", Array.from({ length: 40 }, (_, place) => user(String(1000 + place), "site", [held("12", "51")], { fullName: place % 13 === 0 ? `Ann ${String(place)}` : "Nobody" })));
    for (const scope of [EVERY_TENANT, onlyTenants(TEN)]) {
      const ids: string[] = [];
      let pages = 0;
      for (let after: string | null = ""; after !== null; pages += 1) {
        const page: Page<{ readonly id: string }> = await ask("principals", { text: "ann", limit: 2, ...(after === "" ? {} : { after }) }, scope, 10);
        ids.push(...page.items.map(({ id }) => id));
        after = page.next;
      }

      expect(ids).toEqual(["1", "1000", "1013", "1026", "1039", "3"]);
      expect(pages).toBeGreaterThan(4);
    }
  });
});
