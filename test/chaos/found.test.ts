/** What chaos has found, each told on its own. */
import { describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { DAY, HOUR, ReaderBench } from "../support/reader-bench.ts";
import { truthIds } from "../support/world.ts";

const bench = new ReaderBench();

describe("a hub whose clock is set back", () => {
  it("still sees what is gone: rows that seem to be from the future were there to be missed", async () => {
    await bench.open();
    await bench.sync("agents");
    bench.clock.set(-6 * HOUR);
    bench.world.simulator.mutate({ stream: "agents", action: "remove", count: 1 });

    expect(await bench.sync("agents", { full: true })).toMatchObject({ gone: 1, fault: null });
    expect(await bench.mismatches("agents")).toEqual([]);
  });
});

describe("a record whose time of change went backwards", () => {
  it("because the time was wrong once, or the console's clock was set back, is corrected by the next full listing", async () => {
    await bench.open();
    const set = { "agentDetectionInfo.agentVersion": "1.2.3", "threatInfo.updatedAt": "2031-01-01T00:00:00.000000Z" };
    const { ids } = bench.world.simulator.mutate({ stream: "threats", action: "update", count: 2, set });
    await bench.sync("threats");
    bench.pass(DAY);
    bench.world.simulator.mutate({ stream: "threats", action: "update", ids, set: { "agentDetectionInfo.agentVersion": "1.2.4" } });

    expect((await bench.sync("threats", { full: true })).changed).toBe(2);
    expect(await bench.mismatches("threats")).toEqual([]);
  });
});

describe("a page whose first record has no id", () => {
  it.each(["groups", "sites", "users"] as const)("of %s, whose records hold secrets, parks that record alone", async (stream) => {
    await bench.open();
    bench.faults({ path: `/${stream}`, exact: true, fault: { kind: "missing-id" } });
    const run = await bench.sync(stream);

    expect(run.phase).toBe("done");
    expect(run.parked).toBeGreaterThan(0);
    expect((await bench.mismatches(stream)).length).toBeLessThanOrEqual(run.parked);
  });
});

it("alerts whose ids come as numbers are not other alerts: those that are there stay, and nothing is made up", async () => {
  await bench.open();
  await bench.sync("alerts");
  bench.faults({ path: "graphql", fault: { kind: "numeric-id" } });
  for (let turn = 0; turn < 2; turn += 1) expect(await bench.sync("alerts", { full: true })).toMatchObject({ inserted: 0, gone: 0, fault: { code: "SNAPSHOT_UNPROVEN" } });
  bench.faults();
  await bench.sync("alerts", { full: true });
  expect(await bench.mismatches("alerts")).toEqual([]);
});

describe("a listing that nothing counts as a whole", () => {
  it("of applications, whose inventory or whose endpoints lack records the console counted or name some twice, proves nothing, however often it is read", async () => {
    await bench.open({ estate: { applications: 60 } });
    await bench.sync("applications");
    for (const path of ["/application-management/inventory", "/application-management/inventory/endpoints"]) {
      bench.faults({ path, exact: true, fault: { kind: "lose-rows", fraction: 0.2 } });
      for (let turn = 0; turn < 2; turn += 1) expect(await bench.sync("applications"), path).toMatchObject({ gone: 0, fault: { code: "SNAPSHOT_UNPROVEN" } });
      expect(await bench.mismatches("applications"), path).toEqual([]);
    }
    // Asked for by another vendor than theirs, applications have no endpoints.
    bench.faults({ path: "/application-management/inventory", exact: true, fault: { kind: "renamed-field", field: "applicationVendor" } });
    for (let turn = 0; turn < 2; turn += 1) expect(await bench.sync("applications")).toMatchObject({ gone: 0, fault: { code: "SNAPSHOT_UNPROVEN" } });
    bench.faults({ path: "/application-management/inventory", exact: true, fault: { kind: "move-rows", rows: 3 } });
    expect(await bench.sync("applications")).toMatchObject({ gone: 0, fault: { code: "SNAPSHOT_UNPROVEN" } });
    bench.faults();
    expect(await bench.sync("applications")).toMatchObject({ gone: 0, fault: null });
  });

  it("of accounts, read off sites of which some are missing, proves nothing either", async () => {
    await bench.open({ token: "site", estate: { sites: 6, accounts: 4 } });
    bench.world.simulator.changeToken("site", { level: "site", ids: truthIds(bench.world.simulator, "sites") });
    await bench.world.hub.connections.verify(EVERY_TENANT, bench.world.connection, true, AbortSignal.timeout(20_000), async () => {});
    await bench.sync("accounts");
    const before = await bench.world.ids("accounts");
    expect(before.length).toBe(4);
    bench.faults({ path: "/sites", exact: true, fault: { kind: "lose-rows", fraction: 0.9 } });
    for (let turn = 0; turn < 2; turn += 1) expect(await bench.sync("accounts")).toMatchObject({ gone: 0, fault: { code: "SNAPSHOT_UNPROVEN" } });
    expect(await bench.world.ids("accounts")).toEqual(before);
  });
});

it.each([["activities", "/activities"], ["alerts", "graphql"]] as const)("a count of %s below nothing is no count that is missing: two empty listings beside it do not agree that all is gone", async (stream, path) => {
  await bench.open({ estate: { activities: 12, alerts: 12 } });
  await bench.sync(stream);
  bench.faults({ path, exact: path !== "graphql", fault: { kind: "total", by: -500 } }, { path, exact: path !== "graphql", after: 1, fault: { kind: "empty-page" } });
  for (let turn = 0; turn < 3; turn += 1) expect(await bench.sync(stream, { full: true })).toMatchObject({ phase: "failed", gone: 0, fault: { code: "S1_ANSWER_SHAPE" } });
  expect(await bench.mismatches(stream)).toEqual([]);
});
