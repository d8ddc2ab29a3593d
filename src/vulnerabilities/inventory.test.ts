/** Asset rules and the inventory of software, on both engines: what a rule says of devices and their findings, and what is otherwise at another date. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPostgres, type PostgresServer } from "../../test/contract/postgres-server.ts";
import { onlyTenants } from "../kernel/scope.ts";
import { DEFAULT_ASSET_RULES, type AssetRules } from "./asset-rules.ts";
import { assignedOf, isBeingJudged, setAssetRules } from "./asset-judging.ts";
import { sweepAssets } from "./asset-sweep.ts";
import { findAssets } from "./queries.ts";
import { deviceByReference, diffSoftware, knownLater, listSoftware } from "./software/queries.ts";
import { storedSource } from "./stored-source.ts";
import { agent, CON, DAY, HOUR, NOW, OTHER, risk, stamp, TARGET, TEN, vulnerabilityBench, type ApiRecord, type VulnerabilityBench } from "./test-bench.ts";

type Rule = AssetRules["rules"][number];
const rulesOf = (rules: readonly Rule[], deactivate: Partial<AssetRules["deactivate"]> = {}): AssetRules => ({ rules: [...rules], deactivate: { ...DEFAULT_ASSET_RULES.deactivate, ...deactivate } });
const SERVERS: Rule = { name: "Servers", match: { machineTypes: ["Server"] }, set: { groups: ["Servers"], owner: "ops@orchard.test", criticality: "high" } };
const LYON: Rule = { name: "Lyon", match: { sites: ["lyon"] }, set: { groups: ["Lyon", "servers"], owner: "lyon@orchard.test", exposure: "internal" } };

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe.each(["sqlite", "postgres"] as const)("devices on %s", (kind) => {
  let bench: VulnerabilityBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await vulnerabilityBench(kind === "postgres" ? server : undefined);
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
    expect(exported.map((one) => String(one.criticality)).toSorted()).toEqual(["high", "high", "null"]);
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

const SCOPE = onlyTenants(TEN);

function installed(id: string, on: string, version: string, more: ApiRecord = {}): ApiRecord {
  return { id, endpointUuid: `uuid-${on}`, endpointId: on, applicationName: "PackStation", applicationVendor: "Gable Soft", version, ...more };
}

describe.each(["sqlite", "postgres"] as const)("software on %s", (kind) => {
  let bench: VulnerabilityBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await vulnerabilityBench(kind === "postgres" ? server : undefined);
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW)]);
  }, 30_000);
  afterEach(() => bench.close());

  const list = async (filter: object = {}) => (await listSoftware(bench.store, SCOPE, { limit: 100, ...filter })).items.map((one) => `${one.application} ${one.version ?? "-"} on ${String(one.devices)}, ${String(one.cves)} ${one.worst ?? ""}`.trim());
  const diff = async (from: number, to: number, filter: object = {}, scope = SCOPE) =>
    (await diffSoftware(bench.store, scope, { from, to, limit: 100, ...filter })).items.map((one) => `${one.change} ${one.application} ${one.was ?? ""}>${one.now ?? ""} on ${String(one.devices)}`);

  it("is listed by version with its devices and the CVEs open in it; a vendor that one side does not state speaks against nothing", async () => {
    await bench.listing("risks", [risk("900", "1", NOW), risk("901", "1", NOW, { cveId: "CVE-2026-0002", severity: "CRITICAL" }), risk("902", "2", NOW, { status: "Removed", applicationVersion: "4.10.0", application: "PackStation 4.10.0" })]);
    await bench.listing("applications", [installed("1", "1", "4.2.0"), installed("2", "1", "4.2.0", { applicationInstallationPath: "D:\\" }), installed("3", "2", "4.10.0"), installed("4", "2", "1", { applicationName: "Archiver", applicationVendor: null })]);
    expect(await list()).toEqual(["Archiver 1 on 1, 0", "PackStation 4.2.0 on 1, 2 critical", "PackStation 4.10.0 on 1, 0"]);
    expect([await list({ cves: "with" }), await list({ cves: "without" })]).toEqual([["PackStation 4.2.0 on 1, 2 critical"], ["Archiver 1 on 1, 0", "PackStation 4.10.0 on 1, 0"]]);
    expect(await list({ device: await deviceByReference(bench.store, SCOPE, "pc-2") })).toEqual(["Archiver 1 on 1, 0", "PackStation 4.10.0 on 1, 0"]);
    expect([await list({ application: "arch*" }), await list({ connection: "con_x" }), await list({ application: "%" })]).toEqual([["Archiver 1 on 1, 0"], [], []]);
    const paged = [];
    for (let after: string | undefined; ; ) {
      const { items, next } = await listSoftware(bench.store, SCOPE, { limit: 1, after });
      paged.push(...items);
      if (next === null) break;
      after = next;
    }
    expect(paged.map(({ version }) => version)).toEqual(["1", "4.2.0", "4.10.0"]);
    await expect(list({ after: '["x"]' })).rejects.toThrow("query/after");
    await expect(deviceByReference(bench.store, SCOPE, "nobody")).rejects.toThrow("no such device");
    expect(await listSoftware(bench.store, onlyTenants(OTHER), { limit: 5 })).toEqual({ items: [], next: null });
  });

  it("differs from one date to another by what was added, removed and updated; what came and went in between is no difference", async () => {
    await bench.listing("applications", [installed("1", "1", "4.2.0"), installed("2", "2", "4.2.0"), installed("3", "1", "1", { applicationName: "Archiver" })]);
    expect(await diff(0, bench.now)).toEqual([]);
    const first = bench.now;
    bench.now += DAY;
    await bench.page("applications", [installed("1", "1", "4.3.0"), installed("2", "2", "4.3.0"), installed("4", "2", "9", { applicationName: "Passing" })]);
    const second = bench.now;
    bench.now += DAY;
    // Without a count, what is missing is gone when a second complete listing misses it too.
    for (const _ of [1, 2]) await bench.listing("applications", [installed("5", "1", "4.4.0"), installed("2", "2", "4.3.0")]);

    expect(await diff(first, second)).toEqual(["updated PackStation 4.2.0>4.3.0 on 2", "added Passing >9 on 1"]);
    expect(await diff(first, bench.now)).toEqual(["removed Archiver 1> on 1", "updated PackStation 4.2.0>4.3.0 on 1", "updated PackStation 4.2.0>4.4.0 on 1"]);
    expect(await diff(second, bench.now, { change: "removed" })).toEqual(["removed Archiver 1> on 1", "removed Passing 9> on 1"]);
    expect(await diff(first, bench.now, { device: await deviceByReference(bench.store, SCOPE, "2") })).toEqual(["updated PackStation 4.2.0>4.3.0 on 1"]);
    expect(await diff(first, bench.now, { application: "archiver" })).toEqual(["removed Archiver 1> on 1"]);
    const paged = [];
    for (let after: string | undefined; ; ) {
      const { items, next } = await diffSoftware(bench.store, SCOPE, { from: first, to: bench.now, limit: 1, after });
      paged.push(...items.map(({ now }) => now));
      if (next === null) break;
      after = next;
    }
    expect(paged).toEqual([null, "4.3.0", "4.4.0"]);
  });

  it("is not changed by a reading that broke off, by a second path of the same version, or by the console's new row for it", async () => {
    await bench.listing("applications", [installed("1", "1", "4.2.0"), installed("2", "2", "4.2.0")]);
    bench.now += DAY;
    await bench.page("applications", [installed("3", "1", "4.2.0", { applicationInstallationPath: "D:\\" })]);
    await bench.page("applications", [installed("1", "1", "4.2.0", { fileSize: 9 })]);
    expect(await diff(0, bench.now)).toEqual([]);
    for (const _ of [1, 2]) await bench.listing("applications", [installed("3", "1", "4.2.0"), installed("9", "2", "4.2.0")]);
    expect(await diff(0, bench.now)).toEqual([]);
    for (const _ of [1, 2]) await bench.listing("applications", [installed("9", "2", "4.2.0")]);
    expect(await diff(0, bench.now)).toEqual(["removed PackStation 4.2.0> on 1"]);
  });

  it("says since when it is known, and goes with its device to another tenant", async () => {
    const lyon = { siteName: "Lyon", siteId: "11" };
    await bench.page("applications", [installed("1", "1", "4.2.0", lyon)], { firstRead: true });
    expect(await knownLater(bench.store, [CON], NOW)).toEqual([{ connection: CON, since: null }]);
    await bench.listing("applications", [installed("1", "1", "4.2.0", lyon)]);
    const since = (await knownLater(bench.store, [CON], 0))[0]?.since;
    expect(since).toBeGreaterThan(NOW);
    await bench.page("applications", [installed("1", "1", "4.3.0", lyon)]);
    await bench.proven("applications", bench.now + DAY);
    expect((await knownLater(bench.store, [CON], 0))[0]?.since).toBe(since);
    expect(await knownLater(bench.store, [CON], bench.now)).toEqual([]);
    await bench.page("applications", [installed("2", "2", "1")], { target: { ...TARGET, tenant: OTHER } });
    expect([await diff(0, bench.now), await diff(0, bench.now, {}, onlyTenants(OTHER))]).toEqual([["updated PackStation 4.2.0>4.3.0 on 1"], ["added PackStation >1 on 1"]]);
  });
});
