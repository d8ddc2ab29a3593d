import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../index.ts";
import { call, NOW, walk, type Row } from "../simulator.test-kit.ts";

let simulator: Simulator;
let sites: readonly Row[];
beforeAll(async () => {
  simulator = await startSimulator({ now: NOW, seed: 3, agents: 20, sites: 6, accounts: 2, users: 40 });
  sites = [...simulator.truth("sites")];
});
afterAll(async () => {
  await simulator.close();
});

/** Names of the roles listed, without the vendor's. */
async function custom(query: string, token?: string): Promise<readonly unknown[]> {
  return (await walk(simulator, `/rbac/roles?limit=5&predefinedRole=false${query}`, token)).map((role) => String(role["name"])).toSorted();
}

const CONSOLE = ["Inventory Reader", "Night Shift"];
const sorted = (...names: readonly string[]): readonly string[] => [...CONSOLE, ...names].toSorted();

describe("the roles a request is shown", () => {
  it("are those of the whole console, and with includeChildren those of every account and site, held by somebody or not", async () => {
    expect(await custom("")).toEqual(CONSOLE);
    expect(await custom("&includeChildren=true")).toEqual(sorted("Contractor", "Depot Operator", "Regional Lead"));
  });

  it("are, asked from an account, its own and those above, without them, and with those below", async () => {
    const first = `&accountIds=${String(sites[0]?.["accountId"])}`;
    expect(await custom(first)).toEqual(sorted("Contractor"));
    expect(await custom(`${first}&includeParents=false`)).toEqual(["Contractor"]);
    expect(await custom(`${first}&includeChildren=true`)).toEqual(sorted("Contractor", "Depot Operator"));
  });

  it("are, asked from a site or a group of it, the site's and those of its account", async () => {
    const [group] = await walk(simulator, `/groups?siteIds=${String(sites[0]?.["id"])}`);
    expect(await custom(`&siteIds=${String(sites[0]?.["id"])}`)).toEqual(sorted("Contractor", "Depot Operator"));
    expect(await custom(`&groupIds=${String(group?.["id"])}`)).toEqual(sorted("Contractor", "Depot Operator"));
    expect(await custom(`&siteIds=${String(sites[0]?.["id"])}&includeParents=false`)).toEqual(["Depot Operator"]);
    expect(await custom(`&siteIds=${String(sites[5]?.["id"])}`)).toEqual(sorted("Regional Lead"));
  });

  it("never reach beyond the token's own account or site, listed or opened one by one", async () => {
    const { account, site } = simulator.tokens;
    expect(await custom("", account)).toEqual(sorted("Contractor"));
    expect(await custom("&includeChildren=true", account)).toEqual(sorted("Contractor", "Depot Operator"));
    expect(await custom("&includeChildren=true", site)).toEqual(sorted("Contractor", "Depot Operator"));
    expect(await custom(`&includeChildren=true&siteIds=${String(sites[5]?.["id"])}`, site)).toEqual(CONSOLE);
    const shown = new Set((await walk(simulator, "/rbac/roles?includeChildren=true", site)).map((role) => role["id"]));
    for (const { id } of simulator.truth("roles")) expect([id, (await call(simulator, `/rbac/role/${String(id)}`, { token: site })).status]).toEqual([id, shown.has(id) ? 200 : 404]);
  });
});

describe("loaded people and roles", () => {
  it("belong to the account and site their scopes lie in, those of groups too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "simulator-roles-"));
    const held = (...ids: readonly string[]): Row => ({ scopeRoles: ids.map((id) => ({ id, roleId: "9", roleName: "Viewer" })) });
    const files: Readonly<Record<string, readonly Row[]>> = {
      accounts: [{ id: "1", name: "A" }, { id: "2", name: "B" }],
      sites: [{ id: "11", name: "S", accountId: "1" }, { id: "22", name: "T", accountId: "2" }],
      groups: [{ id: "111", name: "G", siteId: "11" }, { id: "222", name: "H", siteId: "22" }],
      users: [{ id: "u1", scope: "group", ...held("111", "222") }, { id: "u2", scope: "group", ...held("222") }, { id: "u3", scope: "site", ...held("22", "11") }, { id: "u4", scope: "tenant", ...held("0") }, { id: "u5", scope: "site", scopeRoles: null }],
      roles: [{ id: "9", name: "Viewer", scope: "tenant", scopeId: "0" }, { id: "10", name: "Of a group", scope: "Group", scopeId: "222" }, { id: "12", name: "Of nowhere" }],
    };
    for (const [name, rows] of Object.entries(files)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(rows));
    const loaded = await startSimulator({ now: NOW, load: folder });
    const ids = async (path: string, token?: string): Promise<readonly unknown[]> => (await walk(loaded, path, token)).map((row) => row["id"]);
    const answers = [await ids("/users"), await ids("/users", loaded.tokens.account), await ids("/users", loaded.tokens.site), await ids("/users?groupIds=222"), await ids("/rbac/roles"), await ids("/rbac/roles?includeChildren=true", loaded.tokens.account), await ids("/rbac/roles?groupIds=222")];
    await loaded.close();
    rmSync(folder, { recursive: true });
    const everybody = ["u1", "u2", "u3", "u4", "u5"];
    expect(answers).toEqual([everybody, ["u1", "u3", "u5"], ["u1", "u3", "u5"], ["u1", "u2", "u5"], ["9", "12"], ["9", "12"], ["9", "10", "12"]]);
  });
});
