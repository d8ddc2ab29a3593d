/** Traps that records of a console set: what looks like something else than it is. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { onlyTenants } from "../kernel/scope.ts";
import { storedSource } from "./stored-source.ts";
import { agent, NOW, risk, TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";

let bench: VulnerabilityBench;
beforeEach(async () => {
  bench = await vulnerabilityBench();
});
afterEach(() => bench.close());

const assets = async () => {
  const found = [];
  for await (const { asset } of storedSource(bench.store, onlyTenants(TEN)).devices()) found.push(asset);
  return found;
};

it("the address a device's network is seen from (NAT) neither exposes it nor is one of its own", async () => {
  await bench.listing("agents", [agent("1", NOW, { externalIp: "203.0.113.9" })]);
  const [one] = await assets();
  expect([one?.context.exposed, one?.facts.addresses, one?.facts.publicEgress]).toEqual([null, ["10.0.0.1"], "203.0.113.9"]);
});

it("a site that is renamed is the same site: devices and findings stay what they are, and only the label changes", async () => {
  await bench.listing("agents", [agent("1", NOW)]);
  await bench.listing("risks", [risk("1", "1", NOW)]);
  const before = [await bench.instances(), (await bench.agents()).map((row) => row.asset_id)];
  await bench.page("agents", [agent("1", NOW + 1000, { siteName: "Lyon, renamed" })]);
  await bench.page("risks", [risk("1", "1", NOW, { siteName: "Lyon, renamed" })]);
  expect([await bench.instances(), (await bench.agents()).map((row) => row.asset_id)]).toEqual(before);
  expect([(await assets())[0]?.facts.siteId, (await assets())[0]?.facts.siteName, await bench.history()]).toEqual(["11", "Lyon, renamed", []]);
});

it("times with six digits are read to the millisecond, and one that nobody can read is none", async () => {
  await bench.listing("agents", [agent("1", NOW)]);
  await bench.listing("risks", [risk("1", "1", NOW, { detectionDate: "2026-05-01T10:00:00.123456Z", lastScanDate: "2026-05-30T08:00:00.000001Z" }), risk("2", "1", NOW, { cveId: "CVE-2026-0002", detectionDate: "soon" })]);
  expect((await bench.instances()).map((row) => row.detected_at)).toEqual([Date.parse("2026-05-01T10:00:00.123Z"), null]);
  expect((await bench.instances())[0]?.scanned_at).toBe(Date.parse("2026-05-30T08:00:00.000Z"));
});

it("a device that was installed anew has two records: the active one that spoke last speaks for it, whichever is read first", async () => {
  const old = agent("1", NOW - 86_400_000, { isDecommissioned: true, computerName: "OLD", tags: { sentinelone: [{ key: "criticality", value: "low" }] } });
  const young = agent("2", NOW, { serialNumber: "SER1X", registeredAt: new Date(NOW - 3_600_000).toISOString(), computerName: "NEW", tags: { sentinelone: [{ key: "criticality", value: "high" }] } });
  for (const order of [[old, young], [young, old]]) {
    for (const one of order) await bench.page("agents", [one]);
    const [device, other] = await assets();
    expect([device?.facts.name, device?.context.criticality, device?.active, device?.agents, other]).toEqual(["NEW", "high", true, ["2", "1"], undefined]);
    await bench.close();
    bench = await vulnerabilityBench();
  }
});
