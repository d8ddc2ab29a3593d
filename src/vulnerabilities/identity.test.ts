/** Which agents are one device, which are two, and why. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { agentOf } from "./agent-facts.ts";
import { IDENTIFIER_KINDS } from "./model.ts";
import { assetById } from "./queries.ts";
import { agent, DAY, HOUR, NOW, risk, stamp, TARGET, vulnerabilityBench, type ApiRecord, type VulnerabilityBench } from "./test-bench.ts";
import { assetView } from "./views.ts";

let bench: VulnerabilityBench;
beforeEach(async () => {
  bench = await vulnerabilityBench();
});
afterEach(() => bench.close());

const fresh = (id: string, more: ApiRecord = {}): ApiRecord => agent(id, NOW + DAY, { registeredAt: stamp(NOW), serialNumber: `N${id}-77`, networkInterfaces: [], ...more });
const assets = async () => new Set((await bench.agents()).map((row) => row.asset_id)).size;
const matched = async () => (await bench.agents()).map((row) => `${row.id} ${row.matched_by ?? "-"} ${row.stale ?? "fresh"}`);

describe("agents of one device", () => {
  it.each([
    ["serial", { serialNumber: " ser1x ", modelName: "MODEL 7" }],
    ["mac", { serialNumber: null, networkInterfaces: [{ physical: "02-11-22-33-44-01" }] }],
    ["fqdn", { computerName: "pc-1", serialNumber: null }],
    ["cloud-instance", { cloudProviders: { AWS: { cloudInstanceId: "i-0abc" } } }],
  ])("are found by %s when one followed the other, and findings of the first are stale and not fixed", async (by, more) => {
    const cloud = by === "cloud-instance" ? { cloudProviders: { aws: { cloudInstanceId: "I-0ABC" } } } : {};
    await bench.listing("agents", [agent("1", NOW - HOUR, cloud)]);
    await bench.listing("risks", [risk("9", "1", NOW - HOUR)]);
    await bench.page("agents", [fresh("2", more)]);
    expect([await assets(), await matched()]).toEqual([1, ["1 - superseded", `2 ${by} fresh`]]);
    expect(await bench.states()).toEqual(["stale active"]);
    const [first] = await bench.agents();
    expect(assetView(await assetById(bench.store, EVERY_TENANT, first?.asset_id ?? ""), undefined)).toMatchObject({ name: by === "fqdn" ? "pc-1" : "PC-2", active: true });
  });

  it("go by the best identifier, in the published order", () => {
    const row = { connection_id: "con_1", uuid: "U", computer_name: "PC", domain: "x.test", serial_number: "S123X", model_name: "M", network_interfaces: '[{"physical":"02:11:22:33:44:01"}]', cloud_providers: '{"Azure":{"cloudInstanceId":"Z"}}' };
    expect([...new Set(agentOf(row).keys.map(({ kind }) => kind))]).toEqual(IDENTIFIER_KINDS.filter((kind) => kind !== "agent-id"));
  });

  it("one decommissioned and installed anew are one, whatever it last said of itself", async () => {
    await bench.listing("agents", [agent("1", NOW + HOUR * 5, { isDecommissioned: true }), fresh("2", { serialNumber: "SER1X" })]);
    expect(await matched()).toEqual(["1 - superseded", "2 serial fresh"]);
  });

  it("become two, with the reason, as soon as both are active at once", async () => {
    await bench.listing("agents", [agent("1", NOW - HOUR), fresh("2", { serialNumber: "SER1X" })]);
    expect(await assets()).toBe(1);
    await bench.page("agents", [agent("1", NOW + 2 * DAY)]);
    await bench.page("agents", [fresh("2", { serialNumber: "SER1X", lastActiveDate: stamp(NOW + 2 * DAY) })]);
    expect([await assets(), await matched()]).toEqual([2, ["1 - fresh", "2 - fresh"]]);
    expect((await bench.ambiguities()).map((row) => row.reason)).toContain("they were one device until both were active at the same time");
  });
});

describe("agents of two devices", () => {
  it("share a serial number, an address or a name while both are active: an ambiguity is written down and nothing is made one", async () => {
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW, { serialNumber: "SER1X" }), agent("3", NOW, { networkInterfaces: [{ physical: "02:11:22:33:44:01" }] }), agent("4", NOW, { computerName: "PC-1" })]);
    expect(await assets()).toBe(4);
    expect((await bench.ambiguities()).map((row) => `${row.agent_id}-${row.other_agent_id} ${row.kind}: ${row.reason}`)).toEqual(["1-2 serial: both were active at the same time", "1-3 mac: both were active at the same time", "1-4 fqdn: both were active at the same time"]);
  });

  it("have serial numbers that differ: a name that was given again joins nothing", async () => {
    await bench.listing("agents", [agent("1", NOW - HOUR)]);
    await bench.page("agents", [fresh("2", { computerName: "PC-1" })]);
    expect(await assets()).toBe(2);
    expect((await bench.ambiguities()).map((row) => row.reason)).toEqual(["their serial numbers or models differ"]);
  });

  it("fit one newcomer alike: it is neither", async () => {
    await bench.listing("agents", [agent("1", NOW - 9 * DAY, { serialNumber: null }), agent("2", NOW - HOUR, { serialNumber: null, computerName: "PC-1", registeredAt: stamp(NOW - 50 * DAY), lastActiveDate: stamp(NOW - HOUR) })]);
    await bench.page("agents", [agent("1", NOW - 60 * DAY, { serialNumber: null, registeredAt: stamp(NOW - 90 * DAY) }), fresh("3", { computerName: "PC-1", serialNumber: null })]);
    expect((await bench.agents()).find((row) => row.id === "3")?.matched_by).toBeNull();
    expect((await bench.ambiguities()).filter((row) => row.other_agent_id === "3").map((row) => row.reason)).toEqual(["2 devices fit", "2 devices fit"]);
  });

  it.each([
    ["a placeholder for a serial number", { serialNumber: "To be filled by O.E.M.", networkInterfaces: [], computerName: "a" }],
    ["the address their network leaves by, or one that was lent to both", { serialNumber: null, networkInterfaces: [{ inet: ["10.0.0.5"], physical: null }], computerName: "b", externalIp: "203.0.113.9" }],
    ["a name in a workgroup", { serialNumber: null, networkInterfaces: [], computerName: "desktop", domain: "WORKGROUP" }],
  ])("are not made one, nor an ambiguity, by %s", async (_what, more) => {
    const own = (id: string) => (more.computerName === "desktop" ? {} : { computerName: `PC-${id}` });
    await bench.listing("agents", [agent("1", NOW - HOUR, { ...more, ...own("1") })]);
    await bench.page("agents", [fresh("2", { ...more, ...own("2") })]);
    expect([await assets(), await bench.ambiguities()]).toEqual([2, []]);
  });

  it("are of two tenants: what one has is no identifier for the other", async () => {
    await bench.listing("agents", [agent("1", NOW - HOUR)]);
    await bench.page("agents", [fresh("2", { serialNumber: "SER1X", siteId: "12" })], { target: { ...TARGET, siteTenants: new Map([["12", "ten_other" as (typeof TARGET)["tenant"]]]) } });
    expect([await assets(), await bench.ambiguities()]).toEqual([2, []]);
  });
});

describe("what is kept of a device", () => {
  it("has its own addresses, and what its network is seen from apart", () => {
    const read = (more: object) => agentOf({ connection_id: "con_1", external_ip: "203.0.113.9", last_ip_to_mgmt: "10.9.9.9", ...more });
    expect(read({ network_interfaces: '[{"inet":["10.0.0.7"]},{"inet":[7,null]}]' }).facts).toMatchObject({ addresses: ["10.0.0.7"], publicEgress: "203.0.113.9" });
    expect(read({ network_interfaces: "not json" }).facts.addresses).toEqual(["10.9.9.9"]);
  });

  it("follows a site's new name as a label: it is the same device with the same history", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("9", "1", NOW)]);
    const before = await bench.agents();
    await bench.page("agents", [agent("1", NOW, { siteName: "Lyon (new)", groupName: "Renamed" })]);
    expect((await bench.agents()).map((row) => row.asset_id)).toEqual(before.map((row) => row.asset_id));
    expect(JSON.parse((await bench.agents())[0]?.facts ?? "")).toMatchObject({ siteId: "11", siteName: "Lyon (new)" });
    expect([await bench.states(), await bench.history(), await bench.ambiguities()]).toEqual([["open active"], [], []]);
  });

  it("is a name alone where only a risk has named it, until its agent is read", async () => {
    await bench.listing("risks", [risk("9", "1", NOW)]);
    expect((await bench.agents()).map((row) => row.facts)).toEqual(["{}"]);
    await bench.listing("agents", [agent("1", NOW)]);
    expect((await bench.agents()).map((row) => [row.id, row.name_key])).toEqual([["1", "pc-1"]]);
    expect(await bench.states()).toEqual(["open active"]);
  });

  it("of a device that is proven gone, findings are stale; when it is back they are open", async () => {
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW)]);
    await bench.listing("risks", [risk("9", "1", NOW)]);
    bench.now += DAY;
    await bench.listing("agents", [agent("2", NOW)]);
    expect([await bench.states(), await matched()]).toEqual([["stale active"], ["1 - device-gone", "2 - fresh"]]);
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW)]);
    expect(await bench.states()).toEqual(["open active"]);
  });
});
