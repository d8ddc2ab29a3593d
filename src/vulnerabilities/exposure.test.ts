/** What posture is told of a device's open weaknesses, and that it is told when they change. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onlyTenants } from "../kernel/scope.ts";
import { decide } from "./decisions.ts";
import { exposures } from "./exposure.ts";
import { loadKev } from "./intelligence.ts";
import { agent, CON, DAY, NOW, risk, STREAMS, TEN, vulnerabilityBench, type ApiRecord, type VulnerabilityBench } from "./test-bench.ts";

let bench: VulnerabilityBench;
beforeEach(async () => {
  bench = await vulnerabilityBench();
});
afterEach(() => bench.close());

const known = (...ids: readonly string[]) =>
  bench.store.tx(async (tx) => {
    const found = await exposures.of(tx, ids.map((id) => ({ connection: CON, agent: id })));
    return ids.map((id) => {
      const one = found.get(`${CON} ${id}`);
      return one === undefined ? null : `${one.tenant} ${String(one.worstOpenCve)} ${String(one.knownExploited)}`;
    });
  });
/** Whose weaknesses posture would ask for now. */
const waiting = () =>
  bench.store.tx(async (tx) => {
    const ids: string[] = [];
    for (let more = true; more; ) {
      const page = await exposures.waiting(tx, 2);
      ids.push(...page.devices.map((device) => device.agent));
      more = page.more;
    }
    return [...new Set(ids)].toSorted();
  });
const low = (id: string, device: string, more: ApiRecord = {}) => risk(id, device, NOW, { cveId: `CVE-2026-000${id}`, severity: "LOW", exploitedInTheWild: "No", ...more });
const begin = async (...rows: readonly ApiRecord[]) => {
  await bench.listing("agents", [agent("1", NOW), agent("2", NOW), agent("3", NOW, { appsVulnerabilityStatus: "up_to_date" })]);
  await bench.listing("risks", rows);
  await bench.due();
};

describe("what posture is told of a device", () => {
  it("is nothing until its connection's risks are proven read and taken in; then all its devices are told of", async () => {
    await bench.listing("agents", [agent("1", NOW), agent("3", NOW, { appsVulnerabilityStatus: "up_to_date" })]);
    await bench.page("risks", [low("1", "1")], { firstRead: true });
    await bench.due();
    expect([await known("1", "3"), await waiting()]).toEqual([[null, null], []]);
    await bench.listing("risks", [low("1", "1")]);
    await bench.due();
    expect([await known("1", "3"), await waiting()]).toEqual([[`${TEN} low false`, `${TEN} none false`], ["1", "3"]]);
  });

  it("is the worst of what is open; a device that nobody has scanned is not without findings", async () => {
    await begin(low("1", "1"), low("2", "1", { severity: "High" }), low("3", "1", { severity: "critical", analystVerdict: "False Positive" }), low("4", "1", { status: "Removed", severity: "CRITICAL" }));
    expect(await known("1", "2", "3")).toEqual([`${TEN} high false`, null, `${TEN} none false`]);
  });

  it("is no severity where one is not rated, unless another is critical already", async () => {
    await begin(low("1", "1"), low("2", "1", { severity: null, baseScore: null }), low("3", "2", { severity: null, baseScore: null }), low("4", "2", { severity: "CRITICAL" }));
    expect(await known("1", "2")).toEqual([`${TEN} null false`, `${TEN} critical false`]);
  });

  it("is exploited by SentinelOne's word or the catalogue's; where neither says anything, that is not known", async () => {
    await begin(low("1", "1", { exploitedInTheWild: "Yes" }), low("2", "2", { exploitedInTheWild: undefined }));
    expect(await known("1", "2")).toEqual([`${TEN} low true`, `${TEN} low null`]);
    await waiting();
    const catalogue = (cve: string, at: string) => JSON.stringify({ catalogVersion: at, dateReleased: `${at}T00:00:00.000Z`, count: 1, vulnerabilities: [{ cveID: cve, vendorProject: "v", product: "p", vulnerabilityName: "n", dateAdded: "2026-01-01", shortDescription: "d", requiredAction: "a", dueDate: "2026-01-20", knownRansomwareCampaignUse: "Unknown", notes: "" }] });
    await bench.store.tx((tx) => loadKev(tx, catalogue("CVE-2026-0009", "2026-05-01"), bench.now));
    expect([await known("1", "2"), await waiting()]).toEqual([[`${TEN} low true`, `${TEN} low false`], ["1", "2", "3"]]);
    await bench.store.tx((tx) => loadKev(tx, catalogue("CVE-2026-0002", "2026-05-02"), bench.now));
    expect(await known("2")).toEqual([`${TEN} low true`]);
  });

  it("is nothing of a device whose findings are no evidence of today", async () => {
    await begin(low("1", "1"), low("2", "2"));
    await waiting();
    await bench.page("agents", [agent("1", NOW, { isDecommissioned: true })]);
    expect([await known("1", "2"), await waiting()]).toEqual([[null, `${TEN} low false`], ["1"]]);
    bench.now = NOW + 31 * DAY;
    await bench.due();
    expect([await known("1", "2"), await waiting()]).toEqual([[null, null], ["2", "3"]]);
  });
});

describe("a device is asked about again", () => {
  it("when a finding comes, goes, changes its severity or is decided about, and not when it is merely read again", async () => {
    await begin(low("1", "1"), low("2", "2"));
    await waiting();
    await bench.page("risks", [low("1", "1", { lastScanDate: "2026-06-02T00:00:00Z" })]);
    expect(await waiting()).toEqual([]);
    await bench.page("risks", [low("1", "1", { severity: "HIGH" })]);
    expect(await waiting()).toEqual(["1"]);
    await bench.page("risks", [low("9", "2")]);
    expect(await waiting()).toEqual(["2"]);
    await bench.page("risks", [low("9", "2", { status: "Removed", lastScanDate: "2026-06-03T00:00:00Z" })]);
    expect(await waiting()).toEqual(["2"]);
    await bench.page("risks", [low("2", "2", { exploitedInTheWild: "Yes" })]);
    expect([await waiting(), await known("2")]).toEqual([["2"], [`${TEN} low true`]]);
    const [row] = await bench.instances();
    await bench.store.tx((tx) => decide(tx, onlyTenants(TEN), row?.id ?? "", { status: "false-positive", by: "person", actor: "mara", reason: "r", expiresAt: null }, undefined, bench.now));
    expect([await waiting(), await known("1")]).toEqual([["1"], [`${TEN} none false`]]);
    await bench.page("agents", [agent("2", NOW, { computerName: "renamed" })]);
    expect(await waiting()).toEqual([]);
  });

  it("when the console's word on its applications changes, and when it is new", async () => {
    await begin();
    await waiting();
    await bench.page("agents", [agent("2", NOW, { appsVulnerabilityStatus: "up_to_date" }), agent("4", NOW)]);
    expect([await waiting(), await known("2", "4")]).toEqual([["2", "4"], [`${TEN} none false`, null]]);
  });

  it("by nobody while its connection's risks begin anew", async () => {
    await begin(low("1", "1"));
    await waiting();
    await bench.store.tx(async (tx) => {
      await tx.db.updateTable("mirror_checkpoints" as never).set({ read_to: null } as never).where("stream" as never, "=", STREAMS.risks.id as never).execute();
    });
    await bench.due();
    expect(await known("1")).toEqual([null]);
    await bench.proven("risks");
    await bench.due();
    expect([await known("1"), await waiting()]).toEqual([[`${TEN} low false`], ["1", "2", "3"]]);
  });
});
