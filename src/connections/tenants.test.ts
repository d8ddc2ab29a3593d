import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants, type TenantScope } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { openBench, ORIGIN, START, type Bench } from "./test-bench.ts";
import { PURGE_DELAY_MS } from "./tenants.ts";
import { tables } from "./tables.ts";

let bench: Bench;
let acme: TenantId;
let birch: TenantId;
beforeEach(async () => {
  bench = await openBench();
  acme = (await bench.tenants.create(EVERY_TENANT, "Acme", bench.record)).id as TenantId;
  birch = (await bench.tenants.create(EVERY_TENANT, "Birch", bench.record)).id as TenantId;
});
afterEach(() => bench.close());

const signal = new AbortController().signal;

async function connect(tenant: string, name: string): Promise<ConnectionId> {
  const added = await bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret(name), tenant, name }, signal, bench.record);
  return added.connection.id as ConnectionId;
}

describe("tenants", () => {
  it("are made by who sees all, named once, and renamed", async () => {
    await expect(bench.tenants.create(onlyTenants(acme), "Cedar", bench.record)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(bench.tenants.create(EVERY_TENANT, "Acme", bench.record)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await expect(bench.tenants.rename(EVERY_TENANT, birch, "Acme", bench.record)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect((await bench.tenants.rename(onlyTenants(birch), birch, "Birch Ltd", bench.record)).name).toBe("Birch Ltd");
    await expect(bench.tenants.rename(onlyTenants(acme), birch, "x", bench.record)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await bench.tenants.list(onlyTenants(acme))).items.map((tenant) => tenant.id)).toEqual([acme]);
  });
});

describe("a list of ten thousand tenants", () => {
  beforeEach(async () => {
    await bench.store.tx(async (tx) => {
      for (let from = 0; from < 10_000; from += 500) {
        await tables(tx.db).insertInto("tenants").values(Array.from({ length: 500 }, (_unused, place) => ({ id: `ten_${String(from + place)}`, name: `Client ${String(from + place).padStart(5, "0")}`, created_at: new Date(START).toISOString(), leaving_since: null, purge_after: null }))).execute();
      }
    });
  });

  async function all(scope: TenantScope, query: Parameters<typeof bench.tenants.list>[1]): Promise<{ readonly names: readonly string[]; readonly pages: number }> {
    const names: string[] = [];
    let pages = 0;
    for (let after: string | undefined; ; ) {
      const page = await bench.tenants.list(scope, { ...query, ...(after === undefined ? {} : { after }) });
      pages += 1;
      names.push(...page.items.map(({ name }) => name));
      if (page.next === null) return { names, pages };
      after = page.next;
    }
  }

  it("comes page by page, each tenant once and by name, all of them or those whose name has a part", async () => {
    const whole = await all(EVERY_TENANT, { limit: 1_000 });
    expect([whole.names.length, new Set(whole.names).size, whole.pages]).toEqual([10_003, 10_003, 11]);
    expect(whole.names).toEqual(whole.names.toSorted());
    expect((await bench.tenants.list(EVERY_TENANT)).items).toHaveLength(200);
    expect(await all(EVERY_TENANT, { text: "client 0999" })).toEqual({ names: Array.from({ length: 10 }, (_unused, place) => `Client 0999${String(place)}`), pages: 2 });
    expect((await all(EVERY_TENANT, { text: "BIRCH" })).names).toEqual(["Birch"]);
  });

  it("gives those of some ids alone, and nothing that the caller does not see", async () => {
    expect((await all(EVERY_TENANT, { ids: `ten_7,${acme},ten_none` })).names).toEqual(["Acme", "Client 00007"]);
    expect((await all(onlyTenants(acme), { ids: `ten_7,${acme}` })).names).toEqual(["Acme"]);
    expect((await all(EVERY_TENANT, { ids: "," })).names).toEqual([]);
    expect((await all(onlyTenants(acme, "ten_12" as TenantId), { text: "client" })).names).toEqual(["Client 00012"]);
  });

  it("is a walk along the index of names, whatever is asked for", async () => {
    const { rows } = await sql<{ detail: string }>`EXPLAIN QUERY PLAN SELECT * FROM tenants WHERE name > ${"Client"} ORDER BY name LIMIT 500`.execute(bench.store.read);
    expect(rows.map(({ detail }) => detail)).toEqual(["SEARCH tenants USING INDEX tenants_name (name>?)"]);
  });
});

describe("sites", () => {
  it("belong to the tenant they are mapped to, by id, and are queued for the mirror in the same transaction", async () => {
    const console_ = await connect("default", "msp");
    bench.mirrored.set(console_, [{ id: "1", name: "Site one", accountName: "A" }, { id: "2", name: "Site two", accountName: "A" }]);

    const mapped = await bench.sites.map(EVERY_TENANT, "Acme", "msp", ["1", "1"], bench.record);

    expect(mapped).toEqual([{ connection: console_, site: "1", siteName: "Site one", accountName: "A", tenant: acme }]);
    expect(await bench.sites.unassigned(EVERY_TENANT)).toMatchObject([{ site: "2", tenant: null }]);
    expect(await bench.sites.pendingReassigns(10)).toEqual([{ connection: console_, site: "1" }]);
    expect((await bench.connections.readableOne(console_))?.siteTenants.get("1")).toBe(acme);
    await bench.store.tx((tx) => bench.sites.reassigned(tx, { connection: console_, site: "1" }));
    expect(await bench.sites.pendingReassigns(10)).toEqual([]);
  });

  it("are listed by connection, by name and page by page, without those of a tenant that the caller does not see", async () => {
    const console_ = await connect(acme, "shared");
    bench.mirrored.set(console_, [{ id: "3", name: "Cork", accountName: "North" }, { id: "1", name: "Arles", accountName: "South" }, { id: "2", name: "Bern", accountName: "North" }, { id: "4", name: "Bern", accountName: null }]);
    await bench.sites.map(EVERY_TENANT, birch, "shared", ["2"], bench.record);
    const seen = async (scope: TenantScope, page: Partial<Parameters<typeof bench.sites.ofConnection>[2]> = {}) => {
      const { items, next } = await bench.sites.ofConnection(scope, "shared", { limit: 10, ...page });
      return { sites: items.map(({ site, tenant }) => `${site} ${tenant ?? "own"}`), next };
    };

    expect(await seen(EVERY_TENANT)).toEqual({ sites: ["1 own", `2 ${birch}`, "4 own", "3 own"], next: null });
    expect(await seen(onlyTenants(acme))).toEqual({ sites: ["1 own", "4 own", "3 own"], next: null });
    expect((await seen(EVERY_TENANT, { text: "NORTH" })).sites).toEqual([`2 ${birch}`, "3 own"]);
    const first = await seen(EVERY_TENANT, { limit: 2 });
    expect([first.sites, (await seen(EVERY_TENANT, { limit: 2, after: first.next ?? "" })).sites]).toEqual([["1 own", `2 ${birch}`], ["4 own", "3 own"]]);
    await expect(bench.sites.ofConnection(onlyTenants(birch), "shared", { limit: 10 })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("keep their mapping when the console renames them", async () => {
    const console_ = await connect("default", "msp");
    bench.mirrored.set(console_, [{ id: "1", name: "Before", accountName: null }]);
    await bench.sites.map(EVERY_TENANT, acme, "msp", ["1"], bench.record);
    bench.mirrored.set(console_, [{ id: "1", name: "After", accountName: null }]);

    expect(await bench.sites.ofTenant(EVERY_TENANT, acme)).toMatchObject([{ site: "1", siteName: "After", tenant: acme }]);
  });

  it("go back to the connection's tenant when unmapped, and only by their own tenant", async () => {
    await connect("default", "msp");
    await bench.sites.map(EVERY_TENANT, acme, "msp", ["1", "2"], bench.record);

    expect(await bench.sites.unmap(EVERY_TENANT, birch, "msp", ["1"], bench.record)).toEqual([]);
    expect((await bench.sites.unmap(EVERY_TENANT, acme, "msp", ["1"], bench.record)).map((site) => site.site)).toEqual(["2"]);
  });

  it("cannot be taken from a tenant that the caller does not see", async () => {
    await connect(acme, "shared");
    await bench.sites.map(EVERY_TENANT, birch, "shared", ["1"], bench.record);

    await expect(bench.sites.map(onlyTenants(acme), acme, "shared", ["1"], bench.record)).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect((await bench.sites.ofTenant(EVERY_TENANT, birch)).map((site) => site.site)).toEqual(["1"]);
  });

  it("refuses what is no site id", async () => {
    await connect("default", "msp");
    for (const sites of [[], [""], ["../x"], ["1 or 1=1"], ["x".repeat(65)]]) {
      await expect(bench.sites.map(EVERY_TENANT, acme, "msp", sites, bench.record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    }
  });

  it("can be mapped a thousand at a time", async () => {
    await connect("default", "msp");
    const sites = Array.from({ length: 1000 }, (_, index) => String(index));

    expect(await bench.sites.map(EVERY_TENANT, acme, "msp", sites, bench.record)).toHaveLength(1000);
  });
});

describe("a tenant that leaves", () => {
  it("is confirmed by its name, read no more, purged after the delay in chunks, and gone only when the count is zero", async () => {
    const id = await connect(acme, "acme");
    bench.rows.set(acme, 1234);
    await expect(bench.tenants.leave(EVERY_TENANT, acme, "acme", bench.record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });

    const leaving = await bench.tenants.leave(EVERY_TENANT, acme, "Acme", bench.record);
    expect(leaving.leavingSince).not.toBeNull();
    expect((await bench.connections.readableOne(id))?.paused).toBe(true);
    expect(await bench.tenants.purgeDue(bench.record)).toEqual([]);
    expect(bench.rows.get(acme)).toBe(1234);

    bench.time.now = START + PURGE_DELAY_MS + 1;
    expect(await bench.tenants.purgeDue(bench.record, 2)).toEqual([]);
    expect(bench.rows.get(acme)).toBe(234);
    expect(await bench.tenants.purgeDue(bench.record)).toEqual([]);
    expect(bench.rows.get(acme)).toBe(0);
    await bench.store.tx((tx) => bench.connections.finishErase(tx, id));
    expect(await bench.tenants.purgeDue(bench.record)).toEqual([acme]);
    expect((await bench.tenants.list(EVERY_TENANT)).items.map((tenant) => tenant.name)).toEqual(["Birch", "default"]);
  });

  it("can stay after all while the delay runs, and not after it", async () => {
    await bench.tenants.leave(EVERY_TENANT, acme, "Acme", bench.record);
    expect((await bench.tenants.stay(EVERY_TENANT, acme, bench.record)).leavingSince).toBeNull();
    await bench.tenants.leave(EVERY_TENANT, acme, "Acme", bench.record);
    bench.time.now = START + PURGE_DELAY_MS;

    await expect(bench.tenants.stay(EVERY_TENANT, acme, bench.record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("takes no new connection and no new site, and never the default tenant", async () => {
    await connect("default", "msp");
    await bench.tenants.leave(EVERY_TENANT, acme, "Acme", bench.record);

    await expect(connect(acme, "late")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(bench.sites.map(EVERY_TENANT, acme, "msp", ["1"], bench.record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(bench.tenants.leave(EVERY_TENANT, "ten_default", "default", bench.record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("does not take along the rows of others that are read from its console", async () => {
    await connect(acme, "shared");
    await bench.sites.map(EVERY_TENANT, birch, "shared", ["1"], bench.record);

    await expect(bench.tenants.leave(EVERY_TENANT, acme, "Acme", bench.record)).rejects.toThrow("serves sites of others");
  });
});

it("exports everything of one tenant line by line, its tokens and other tenants excepted", async () => {
  await connect(acme, "acme-console");
  await connect(birch, "birch-console");
  bench.rows.set(acme, 3);
  let text = "";
  for await (const line of bench.tenants.exportLines(onlyTenants(acme), "Acme", signal)) text += line;

  const lines = text.trim().split("\n").map((line) => JSON.parse(line) as { table: string });
  expect(lines.map((line) => line.table)).toEqual(["tenant", "connection", "connection_log", "agents", "agents", "agents"]);
  expect(text).not.toContain("birch");
  expect(text).not.toMatch(/sealed|nonce/);
});
