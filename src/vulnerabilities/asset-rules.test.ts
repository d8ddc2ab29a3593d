import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPostgres, type PostgresServer } from "../../test/contract/postgres-server.ts";
import { onlyTenants } from "../kernel/scope.ts";
import { assign, DEFAULT_ASSET_RULES, like, type AssetRules } from "./asset-rules.ts";
import { assignedOf, isBeingJudged, setAssetRules } from "./asset-judging.ts";
import { sweepAssets } from "./asset-sweep.ts";
import { findAssets } from "./queries.ts";
import { storedSource } from "./stored-source.ts";
import { agent, CON, DAY, HOUR, NOW, risk, stamp, TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";

type Rule = AssetRules["rules"][number];
const rulesOf = (rules: readonly Rule[], deactivate: Partial<AssetRules["deactivate"]> = {}): AssetRules => ({ rules: [...rules], deactivate: { ...DEFAULT_ASSET_RULES.deactivate, ...deactivate } });
const SERVERS: Rule = { name: "Servers", match: { machineTypes: ["Server"] }, set: { groups: ["Servers"], owner: "ops@orchard.test", criticality: "high" } };
const LYON: Rule = { name: "Lyon", match: { sites: ["lyon"] }, set: { groups: ["Lyon", "servers"], owner: "lyon@orchard.test", exposure: "internal" } };

describe("what rules say of a device", () => {
  it("is what the first that fits and sets it says, value by value; groups add up, each with the rule it comes from", () => {
    const said = assign(rulesOf([SERVERS, LYON]), { machineType: "server", siteId: "11", siteName: "Lyon" });
    expect(said.owner).toEqual({ value: "ops@orchard.test", by: "rule", name: "Servers" });
    expect(said.exposure).toEqual({ value: "internal", by: "rule", name: "Lyon" });
    expect(said.groups).toEqual([{ value: "Servers", by: "rule", name: "Servers" }, { value: "Lyon", by: "rule", name: "Lyon" }]);
    expect(said.sensitivity).toBeNull();
  });

  it("is what its tags say where no rule speaks", () => {
    const tags = ["criticality:low", "Criticality:Critical", "exposure:public"];
    expect(assign(rulesOf([]), { tags })).toMatchObject({ criticality: { value: "critical", by: "tag", name: "Criticality:Critical" }, exposure: { value: "public", by: "tag", name: "exposure:public" }, owner: null });
    expect(assign(rulesOf([SERVERS]), { tags, machineType: "server" }).criticality).toEqual({ value: "high", by: "rule", name: "Servers" });
  });

  it("wants one of each kind that the rule names, in any case; a device that does not say it never fits", () => {
    const match = { names: ["srv-*"], tags: ["env"], domains: ["*.test"] };
    const fits = (facts: Parameters<typeof assign>[1]): boolean => assign(rulesOf([{ name: "x", match, set: { owner: "x" } }]), facts).owner !== null;
    expect([fits({ name: "SRV-1", tags: ["Env:prod"], domain: "orchard.test" }), fits({ name: "SRV-1", tags: ["env:prod"] }), fits({ name: "PC-1", tags: ["env:prod"], domain: "a.test" }), fits({ name: "srv-1", tags: ["environment:x"], domain: "a.test" })]).toEqual([true, false, false, false]);
    expect(assign(rulesOf([{ name: "all", set: { owner: "x" } }]), {}).owner?.value).toBe("x");
  });

  it("matches patterns piece by piece, also hostile ones at once", () => {
    expect([like("a*b*c", "axxbyyc"), like("a*b", "ab"), like("ab*ba", "aba"), like("*", ""), like("a*", "b"), like("*.test", "x.test")]).toEqual([true, true, false, true, false, true]);
    expect(like(`${"*a".repeat(90)}*b`, "a".repeat(50_000))).toBe(false);
  });
});

let postgres: PostgresServer | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());

describe.each(["sqlite", "postgres"] as const)("devices on %s", (kind) => {
  let bench: VulnerabilityBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && postgres === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await vulnerabilityBench(kind === "postgres" ? postgres : undefined);
  }, 30_000);
  afterEach(() => bench.close());

  const set = (rules: AssetRules) => bench.store.tx((tx) => setAssetRules(tx, TEN, rules, { by: "mara", now: bench.now }));
  const owners = async () => (await bench.agents()).map((row) => assignedOf(row).owner?.value ?? null);
  const stale = async () => (await bench.agents()).map((row) => row.stale);

  it("are judged anew when rules change, and as they are read; lists and exports go by it", async () => {
    await bench.listing("agents", [agent("1", NOW, { machineType: "server" }), agent("2", NOW)]);
    await set(rulesOf([SERVERS, LYON]));
    expect(await isBeingJudged(bench.store.read, TEN)).toBe(true);
    expect(await owners()).toEqual([null, null]);
    await bench.due();
    expect(await owners()).toEqual(["ops@orchard.test", "lyon@orchard.test"]);
    expect(await isBeingJudged(bench.store.read, TEN)).toBe(false);

    await bench.page("agents", [agent("3", NOW, { machineType: "server", siteName: "Paris" }), agent("2", NOW, { siteName: "Paris" })]);
    expect(await owners()).toEqual(["ops@orchard.test", null, "ops@orchard.test"]);
    const named = async (filter: object) => (await findAssets(bench.store, onlyTenants(TEN), { limit: 10, ...filter })).rows.flat().map((row) => row.id).toSorted();
    expect([await named({ owner: "ops@orchard.test" }), await named({ group: "Lyon" }), await named({ group: "Servers", criticality: "high" }), await named({ owner: "%" }), await named({ owner: "Servers" })]).toEqual([["1", "3"], ["1"], ["1", "3"], [], []]);
    const exported = [];
    for await (const { asset } of storedSource(bench.store, onlyTenants(TEN)).devices()) exported.push(asset.context);
    expect(exported.map((one) => one.criticality).toSorted()).toEqual(["high", "high", null]);
  });

  it("that were not seen for so long are out of service: their findings go stale, and are open again when one is back", async () => {
    await bench.listing("agents", [agent("1", NOW - 20 * DAY), agent("2", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW - 5 * DAY), risk("2", "2", NOW)]);
    expect(await bench.states()).toEqual(["open active", "open active"]);
    await set(rulesOf([], { notSeenDays: 14 }));
    await bench.due();
    expect([await bench.states(), await stale()]).toEqual([["stale active", "open active"], ["not-seen", null]]);

    // Time alone: nobody changes a rule, nothing is read.
    bench.now = NOW + 15 * DAY;
    expect(await bench.due()).toBeGreaterThan(bench.now);
    expect(await stale()).toEqual(["not-seen", "not-seen"]);

    await bench.page("agents", [agent("1", bench.now)]);
    expect([await bench.states(), await stale()]).toEqual([["open active", "stale active"], [null, "not-seen"]]);
    await set(rulesOf([]));
    await bench.due();
    expect(await stale()).toEqual([null, null]);
    expect((await bench.history()).map(({ event, details }) => `${event} ${details}`)).toEqual(['stale {"why":"not-seen"}', 'stale {"why":"not-seen"}', "fresh {}", "fresh {}"]);
  });

  it("that missed so many days of scans are out of service until they are scanned; one that was never scanned missed none", async () => {
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW), agent("3", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW - 3 * DAY), risk("2", "2", NOW - 3 * DAY)]);
    await set(rulesOf([], { missedScans: 3 }));
    await bench.due();
    for (const days of [2, 1]) await bench.page("risks", [risk("1", "1", NOW - days * DAY)]);
    bench.now += 7 * HOUR;
    await bench.due();
    expect(await stale()).toEqual([null, null, null]);
    await bench.page("risks", [risk("1", "1", NOW)]);
    bench.now += 7 * HOUR;
    await bench.due();
    expect([await stale(), await bench.states()]).toEqual([[null, "missed-scans", null], ["open active", "stale active"]]);
    await bench.page("agents", [agent("2", bench.now)]);
    expect(await stale()).toEqual([null, "missed-scans", null]);
    await bench.page("risks", [risk("2", "2", bench.now)]);
    expect([await stale(), await bench.states()]).toEqual([[null, null, null], ["open active", "open active"]]);
  });

  it("that the console decommissioned stay in service where rules say so, until they are gone", async () => {
    await set(rulesOf([], { decommissioned: false }));
    await bench.listing("agents", [agent("1", NOW, { isDecommissioned: true }), agent("2", NOW, { isUninstalled: true })]);
    expect(await stale()).toEqual([null, "device-gone"]);
    await bench.listing("agents", []);
    await bench.listing("agents", []);
    expect(await stale()).toEqual(["device-gone", "device-gone"]);
  });
});

it("a sweep goes on where it was when the process died, page by page, and writes nothing that is as it was", async () => {
  const bench = await vulnerabilityBench();
  try {
    const many = Array.from({ length: 250 }, (_, at) => agent(String(at + 1), NOW, { serialNumber: null, networkInterfaces: [], domain: "", lastActiveDate: stamp(NOW) }));
    await bench.listing("agents", many);
    await bench.due();
    await bench.store.tx((tx) => setAssetRules(tx, TEN, rulesOf([{ name: "all", set: { owner: "x" } }]), { by: "mara", now: bench.now }));
    const judged = async () => (await bench.agents()).filter((row) => row.assigned !== "").length;
    expect(await bench.store.tx((tx) => sweepAssets(tx, bench.now, 30 * DAY))).toBe(true);
    expect(await judged()).toBe(100);
    await expect(bench.store.tx(async (tx) => {
      await sweepAssets(tx, bench.now, 30 * DAY);
      throw new Error("killed");
    })).rejects.toThrow("killed");
    expect(await judged()).toBe(100);
    await bench.due();
    expect(await judged()).toBe(250);
    expect((await bench.agents()).every((row) => row.connection_id === CON)).toBe(true);
  } finally {
    await bench.close();
  }
});

it("two rules of one name, and rules somebody else changed meanwhile, are refused", async () => {
  const bench = await vulnerabilityBench();
  try {
    const put = (rules: AssetRules, version?: number) => bench.store.tx((tx) => setAssetRules(tx, TEN, rules, { by: "mara", now: NOW, version }));
    await expect(put(rulesOf([SERVERS, SERVERS]))).rejects.toThrow('Two rules are named "Servers"');
    expect((await put(rulesOf([SERVERS]), 0)).version).toBe(1);
    await expect(put(rulesOf([LYON]), 0)).rejects.toThrow("at version 1");
  } finally {
    await bench.close();
  }
});
