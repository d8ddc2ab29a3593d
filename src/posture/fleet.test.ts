/** The list of devices against a plain model of it: every order, every part of a question, whatever is few or many, page by page. */
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { randomFrom } from "../../test/support/random.ts";
import { FLEET_SORTS, FLEET_VERDICTS, type FleetDevice, type FleetPage } from "../kernel/posture-api.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { agents } from "../sentinelone/streams/agents.ts";
import { coverageFigures } from "./coverage-figures.ts";
import { NOW } from "./fixtures.ts";
import { fleetPage, silentSince, type FleetBounds, type FleetFilter } from "./fleet.ts";
import type { TEN} from "./test-bench.ts";
import { agent, CLEAN, CON, OTHER, postureBench, rule, TARGET, type PostureBench } from "./test-bench.ts";

const SITES = ["Lyon Depot", "lyon yard", "Graz Works", null];
const SYSTEMS = ["Windows 11 Pro", "Windows Server 2022", "macOS 15", null];
/** So that a dozen devices are many. */
const SMALL: FleetBounds = { few: 4, window: 12, counted: 5 };

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe.each(["sqlite", "postgres"] as const)("the list of devices on %s", (kind) => {
  let bench: PostureBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await postureBench(kind === "postgres" ? server : undefined);
    await bench.rules([CLEAN]);
    const random = randomFrom(7);
    const any = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
    const devices = Array.from({ length: 60 }, (_unused, place) =>
      agent({
        id: String(1000 + place), uuid: `u${String(place)}`, computerName: any(["lt", "srv", "Lt"]) === "srv" ? `srv${String(place % 7)}` : place % 9 === 0 ? "" : `LT${String(place % 11)}`, serialNumber: place % 8 === 0 ? "none" : `SN${String(place % 40)}`,
        siteName: any(SITES), osName: any(SYSTEMS), infected: random() < 0.3, activeThreats: 0, lastActiveDate: new Date(bench.now - Math.floor(random() * 5) * 60_000).toISOString(),
      }),
    );
    await bench.page(agents, devices.slice(0, 45));
    await bench.page(agents, devices.slice(45), { target: { ...TARGET, tenant: OTHER } });
    await bench.proven();
    await bench.due();
  }, 30_000);
  afterEach(() => bench.close());

  async function all(filter: FleetFilter, scope = EVERY_TENANT, bounds = SMALL, limit = 9): Promise<{ readonly items: readonly FleetDevice[]; readonly pages: readonly FleetPage[] }> {
    const pages: FleetPage[] = [];
    for (let after: string | undefined; pages.length < 300; ) {
      const page = await fleetPage(bench.store, scope, filter, { after, limit }, bounds);
      pages.push(page);
      if (page.next === null) break;
      after = page.next;
    }
    expect(pages.at(-1)?.next, "it has an end").toBeNull();
    return { items: pages.flatMap(({ items }) => items), pages };
  }

  const keyOf = (device: FleetDevice, sort: FleetFilter["sort"]): string | number | null => {
    const word = (text: string | null): string | null => (text === null || text.trim() === "" ? null : text.trim().toLowerCase());
    if (sort === "name") return word(device.name);
    if (sort === "serial") return device.serial === "none" ? null : device.serial;
    if (sort === "site") return word(device.site);
    if (sort === "os") return word(device.os);
    return sort === "verdict" ? FLEET_VERDICTS.indexOf(device.verdict) : Date.parse(device.lastActive ?? "");
  };

  const FILTERS: readonly Partial<FleetFilter>[] = [
    {}, { site: "lyon" }, { site: "Graz Works" }, { site: "nowhere" }, { os: "windows" }, { verdict: "fail" }, { verdict: "pass", os: "macos" }, { search: "lt1" }, { search: "SN3" }, { search: "sn3", site: "lyon", verdict: "pass" }, { search: "srv", os: "windows s" },
    { serial: "none" }, { serial: "none", site: "lyon" }, { reportedBefore: NOW - 90_000 }, { reportedBefore: NOW - 30_000, os: "windows" },
  ];

  it.each(FLEET_SORTS)("by %s, in either direction, gives each device that fits once and in order", async (sort) => {
    const whole = (await all({ sort: "seen", descending: false }, EVERY_TENANT, { few: 0, window: 1000, counted: 1000 }, 200)).items;
    expect(new Set(whole.map(({ agentId }) => agentId)).size).toBe(60);
    // The questions are the same in both engines; a server answers them ten times as slowly.
    const filters = FILTERS.filter((_filter, place) => kind === "sqlite" || place % 4 === FLEET_SORTS.indexOf(sort) % 4);
    for (const scope of [EVERY_TENANT, onlyTenants(OTHER)]) {
      for (const given of filters) {
        for (const descending of [false, true]) {
          const filter = { sort, descending, ...given };
          const { items, pages } = await all(filter, scope);
          const begins = (text: string | null, wanted: string | undefined): boolean => wanted === undefined || (text ?? "").toLowerCase().startsWith(wanted.toLowerCase());
          const wanted = whole.filter(
            (one) => (scope.all || scope.tenants.includes(one.tenant as typeof TEN)) && begins(one.site, given.site) && begins(one.os, given.os) && (given.verdict === undefined || one.verdict === given.verdict) && (given.serial === undefined || one.serial === "none") && (given.reportedBefore === undefined || Date.parse(one.lastActive ?? "") < given.reportedBefore) && (begins(one.name, given.search) || begins(one.serial, given.search)),
          );
          const what = `${sort} ${String(descending)} ${JSON.stringify(given)} ${JSON.stringify(scope)}`;
          expect(items.map(({ agentId }) => agentId).toSorted(), what).toEqual(wanted.map(({ agentId }) => agentId).toSorted());
          const keys = items.map((one) => keyOf(one, sort));
          const said = keys.filter((one) => one !== null);
          const sorted = said.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          expect(keys, what).toEqual([...(descending ? sorted.toReversed() : sorted), ...keys.filter((one) => one === null)]);
          const { total } = pages[0] ?? { total: null };
          if (total?.is === "exact") expect(total.count, what).toBe(wanted.length);
          else if (total !== null) expect(total.count, what).toBeLessThanOrEqual(wanted.length);
        }
      }
    }
  }, 60_000);

  it("a device that fits by its name and by its serial number is counted once", async () => {
    const { items, pages } = await all({ sort: "name", descending: false, search: "s" }, EVERY_TENANT, { few: 0, window: 1000, counted: 1000 }, 200);
    const both = items.filter(({ name, serial }) => name?.startsWith("s") === true && serial?.startsWith("S") === true);

    expect(both.length).toBeGreaterThan(0);
    expect(pages[0]?.total).toEqual({ count: items.length, is: "exact" });
  });

  it("is what coverage counts, for all tenants and for one", async () => {
    for (const scope of [EVERY_TENANT, onlyTenants(OTHER)]) {
      bench.now += 8 * 24 * 3_600_000;
      const figures = await coverageFigures(bench.store, scope, bench.now);
      const { items } = await all({ sort: "name", descending: false }, scope);
      const numbered = Map.groupBy(items.filter(({ serial }) => serial !== "none"), ({ serial }) => serial);
      const shared = [...numbered.values()].filter((devices) => devices.length > 1);
      const of = async (filter: Partial<FleetFilter>): Promise<number> => (await all({ sort: "name", descending: false, ...filter }, scope)).items.length;

      expect(figures.devices).toBe(items.length);
      expect(figures.serials).toEqual({ own: numbered.size - shared.length, shared: { numbers: shared.length, devices: shared.flat().length }, ambiguous: { count: shared.length, is: "exact" }, none: await of({ serial: "none" }) });
      for (const verdict of FLEET_VERDICTS) expect(figures.verdicts[verdict], verdict).toBe(await of({ verdict }));
      for (const { days, devices } of figures.silent) expect(devices, String(days)).toBe(await of({ reportedBefore: silentSince(bench.now, days) }));
      expect(figures.connections).toEqual([{ connection: CON, devices: items.length, readTo: new Date(NOW).toISOString(), evidence: "stale", setAside: 0 }]);
    }
    expect((await coverageFigures(bench.store, EVERY_TENANT, bench.now, 1)).serials.ambiguous).toEqual({ count: 1, is: "at-least" });
    await bench.page(agents, [], { rejected: ["1001", "gone"] });
    await bench.proven();

    expect((await coverageFigures(bench.store, EVERY_TENANT, bench.now)).connections).toEqual([{ connection: CON, devices: 60, readTo: new Date(bench.now).toISOString(), evidence: "fresh", setAside: 1 }]);
  });

  it("a verdict is that of all rules that count, as they are now", async () => {
    const verdicts = async (): Promise<Readonly<Record<string, number>>> => {
      await bench.due();
      const counts: Record<string, number> = {};
      for (const { verdict } of (await all({ sort: "name", descending: false })).items) counts[verdict] = (counts[verdict] ?? 0) + 1;
      return counts;
    };
    const before = await verdicts();
    expect(before["fail"]).toBeGreaterThan(5);

    await bench.rules([{ ...(CLEAN as object), shadow: true }], null, true);
    expect(await verdicts()).toEqual({ none: 60 });

    await bench.rules([{ ...(CLEAN as object), warn_only: true }], null, true);
    expect(await verdicts()).toEqual({ warn: before["fail"], pass: before["pass"] });

    await bench.rules([rule("Seen", { input: "last_seen", operator: "within", value: "1h" })], null, true);
    expect(await verdicts()).toEqual({ pass: 60 });

    bench.now += 24 * 3_600_000;
    expect(await verdicts()).toEqual({ unknown: 60 });
  });

  it("was made of what an earlier version kept too, and refuses a place that is none", async () => {
    await bench.store.tx(async (tx) => {
      await sql`UPDATE posture_devices SET verdict = NULL, site_key = NULL, os_key = NULL`.execute(tx.db);
    });
    await bench.rebuild();
    await bench.due();
    expect((await all({ sort: "name", descending: false, site: "lyon" })).items.length).toBeGreaterThan(5);
    for (const after of ["", "x", Buffer.from("[1]").toString("base64url"), Buffer.from('[null,null]').toString("base64url"), Buffer.from('{"a":1}').toString("base64url")]) {
      await expect(fleetPage(bench.store, EVERY_TENANT, { sort: "name", descending: false }, { after, limit: 5 })).rejects.toThrow("query/after");
    }
  });
});
