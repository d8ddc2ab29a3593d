/** The life of findings over simulated months, row by row, and what must never close one. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onlyTenants } from "../kernel/scope.ts";
import { decide } from "./decisions.ts";
import { historyOf } from "./queries.ts";
import { historyView } from "./views.ts";
import { agent, DAY, historyLine, HOUR, NOW, risk, stamp, TARGET, TEN, OTHER, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";

let bench: VulnerabilityBench;
beforeEach(async () => {
  bench = await vulnerabilityBench();
});
afterEach(() => bench.close());

const removed = { status: "Removed" };
const person = (status: "accepted-risk" | "in-progress" | "false-positive" | "manually-mitigated" | null, more: { reason?: string | null; expiresAt?: number | null } = {}) => ({ status, by: "person" as const, actor: "mara", reason: "agreed", expiresAt: null, ...more });
const decideOn = (id: string, decision: Parameters<typeof decide>[3]) => bench.store.tx((tx) => decide(tx, onlyTenants(TEN), id, decision, undefined, bench.now));
const only = async () => {
  const [row] = await bench.instances();
  if (row === undefined) throw new Error("there is no instance");
  return row;
};

describe("the life of a finding", () => {
  it("is told row by row: found, fixed, back, accepted, expired, device gone, device back", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("900", "1", NOW)]);
    expect(await bench.states()).toEqual(["open active"]);

    bench.now = NOW + 10 * DAY;
    await bench.page("risks", [risk("900", "1", bench.now, removed)]);
    expect(await bench.states()).toEqual(["fixed scan-mitigated"]);
    expect(JSON.parse((await only()).proof ?? "")).toMatchObject({ kind: "removed", scanAt: NOW + 10 * DAY, scanResult: "Succeeded", was: "4.2.0", second: false });

    bench.now = NOW + 20 * DAY;
    await bench.page("risks", [risk("901", "1", bench.now)]);
    expect(await bench.states()).toEqual(["open active"]);
    expect(await only()).toMatchObject({ reopened: 1, first_seen: NOW + 60_000 + 4, row_id: "901", fixed_at: null });

    bench.now = NOW + 21 * DAY;
    const until = NOW + 40 * DAY;
    expect(await decideOn((await only()).id, person("accepted-risk", { expiresAt: until }))).toMatchObject({ changed: 1, left: 0 });
    expect(await bench.states()).toEqual(["set-aside accepted-risk"]);
    bench.now = NOW + 35 * DAY;
    await bench.page("agents", [agent("1", bench.now)]);
    await bench.page("risks", [risk("901", "1", bench.now)]);
    expect(await bench.due()).toBe(until);
    expect(await bench.states()).toEqual(["set-aside accepted-risk"]);

    bench.now = until + 1;
    await bench.due();
    expect(await bench.states()).toEqual(["open active"]);

    bench.now = NOW + 50 * DAY;
    await bench.page("agents", [agent("1", NOW + 45 * DAY, { isDecommissioned: true })]);
    expect(await bench.states()).toEqual(["stale active"]);

    bench.now = NOW + 60 * DAY;
    await bench.page("agents", [agent("1", bench.now)]);
    expect(await bench.states()).toEqual(["open active"]);

    expect((await bench.history()).map(historyLine)).toEqual([
      "10d fixed active>scan-mitigated",
      "20d reopened scan-mitigated>active",
      "21d decided active>accepted-risk by mara",
      "40d expired accepted-risk>active",
      "50d stale active>active",
      "60d fresh active>active",
    ]);
    const { rows } = await historyOf(bench.store, await only(), { limit: 10 });
    expect(rows.map((row) => historyView(row).details)).toMatchObject([
      { proof: "removed", scanAt: stamp(NOW + 10 * DAY), scanResult: "Succeeded", was: "4.2.0" },
      { fixedAt: stamp(NOW + 10 * DAY), times: 1 },
      { reason: "agreed", expiresAt: stamp(until) },
      { until: stamp(until), reason: "agreed" },
      { why: "device-gone" },
      {},
    ]);
  });

  it("closes with the version that came after, as far as the inventory tells", async () => {
    const installed = (version: string) => ({ id: `app-${version}`, endpointUuid: "uuid-1", endpointId: "1", applicationName: "PackStation", version });
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("900", "1", NOW), risk("901", "1", NOW, { cveId: "CVE-2026-0002" })]);
    await bench.page("applications", [installed("4.2.0")]);
    await bench.page("risks", [risk("901", "1", NOW + DAY, { ...removed, cveId: "CVE-2026-0002" })]);
    await bench.page("applications", [installed("4.3.1")]);
    await bench.page("risks", [risk("900", "1", NOW + DAY, removed)]);
    expect((await bench.instances()).map((row) => (JSON.parse(row.proof ?? "") as { now: string | null }).now)).toEqual(["4.2.0, 4.3.1", null]);
  });

  it("remembers across a new row id and a new spelling: the same CVE in the same software on the same device is one instance", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("900", "1", NOW)]);
    await bench.listing("risks", [risk("977", "1", NOW + HOUR, { cveId: "cve-2026-0001", applicationName: "packstation", applicationVendor: "GABLE  Soft" })]);
    expect(await bench.instances()).toHaveLength(1);
    expect(await bench.states()).toEqual(["open active"]);
    expect(await bench.history()).toEqual([]);
  });

  it("is the same after the mirror is replayed", async () => {
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW), risk("2", "2", NOW, removed)]);
    await decideOn((await only()).id, person("false-positive"));
    const before = [await bench.instances(), await bench.history(), await bench.agents()];
    bench.now += DAY;
    await bench.rebuild();
    expect([await bench.instances(), await bench.history(), await bench.agents()]).toEqual(before);
  });

  it("starts anew with another tenant, who is told nothing of what the first decided", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW)]);
    await decideOn((await only()).id, person("false-positive", { reason: "ours alone" }));
    await bench.reassign({ ...TARGET, siteTenants: new Map([["11", OTHER]]) }, "11");
    expect((await bench.instances()).map((row) => [row.tenant_id, row.class, row.status, row.reason])).toEqual([[OTHER, "open", "active", null]]);
    expect((await bench.history()).map((row) => row.tenant_id)).toEqual([TEN]);
  });
});

describe("who wins", () => {
  beforeEach(async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("900", "1", NOW)]);
  });

  it("SentinelOne's own decisions are carried over, and followed as they change", async () => {
    await bench.page("risks", [risk("900", "1", NOW, { mitigationStatus: "To be patched", mitigationStatusReason: "next window", mitigationStatusChangedBy: "Ines" })]);
    expect(await only()).toMatchObject({ status: "in-progress", decided_by: "source", actor: "Ines", reason: "next window", class: "open" });
    await bench.page("risks", [risk("900", "1", NOW, { analystVerdict: "False Positive", markedBy: "Ines", reason: "not reachable" })]);
    expect(await only()).toMatchObject({ status: "false-positive", actor: "Ines", reason: "not reachable", class: "set-aside" });
    await bench.page("risks", [risk("900", "1", NOW)]);
    expect(await bench.states()).toEqual(["open active"]);
  });

  it("a person's judgement outlives scans and SentinelOne's decisions, there or gone", async () => {
    await decideOn((await only()).id, person("false-positive"));
    await bench.page("risks", [risk("900", "1", NOW, { mitigationStatus: "On hold" })]);
    expect(await bench.states()).toEqual(["set-aside false-positive"]);
    await bench.page("risks", [risk("900", "1", NOW + DAY, removed)]);
    expect(await bench.states()).toEqual(["set-aside false-positive"]);
    await bench.page("risks", [risk("900", "1", NOW + 2 * DAY)]);
    expect(await bench.states()).toEqual(["set-aside false-positive"]);
  });

  it("a person's work on it ends when it is proven gone", async () => {
    await decideOn((await only()).id, person("in-progress", { reason: null }));
    await bench.page("risks", [risk("900", "1", NOW + DAY, removed)]);
    expect(await bench.states()).toEqual(["fixed scan-mitigated"]);
  });

  it("automation does not overrule a person, and says so", async () => {
    await decideOn((await only()).id, person("in-progress"));
    expect(await decideOn((await only()).id, { ...person("false-positive"), by: "automation" })).toMatchObject({ changed: 0, left: 1 });
    expect(await bench.states()).toEqual(["open in-progress"]);
  });

  it("an accepted risk that went away meanwhile is fixed when its time is over", async () => {
    await decideOn((await only()).id, person("accepted-risk", { expiresAt: bench.now + 5 * DAY }));
    await bench.page("risks", [risk("900", "1", NOW + DAY, removed)]);
    bench.now += 6 * DAY;
    await bench.due();
    expect(await bench.states()).toEqual(["fixed scan-mitigated"]);
  });

  it("takes a decision back to what SentinelOne says", async () => {
    await bench.page("risks", [risk("900", "1", NOW, { mitigationStatus: "On hold" })]);
    await decideOn((await only()).id, person("manually-mitigated"));
    expect(await bench.states()).toEqual(["fixed manually-mitigated"]);
    await decideOn((await only()).id, person(null));
    expect(await bench.states()).toEqual(["open waiting-for-third-party"]);
  });

  it("wants an end of what is accepted, a reason of what is dismissed, and nothing in the past", async () => {
    const { id } = await only();
    await expect(decideOn(id, person("accepted-risk"))).rejects.toThrow("ends some day");
    await expect(decideOn(id, person("false-positive", { reason: null }))).rejects.toThrow("wants a reason");
    await expect(decideOn(id, person("in-progress", { expiresAt: 5 }))).rejects.toThrow("over already");
    await expect(bench.store.tx((tx) => decide(tx, onlyTenants(OTHER), id, person("in-progress"), undefined, bench.now))).rejects.toThrow("no such finding");
  });
});

describe("what closes nothing", () => {
  const many = Array.from({ length: 60 }, (_, place) => risk(String(100 + place), "1", NOW, { cveId: `CVE-2026-${String(1000 + place)}` }));
  const gone = (from: number, to: number, at: number) => many.slice(from, to).map((row) => ({ ...row, ...removed, lastScanDate: stamp(at) }));
  const classes = async () => {
    const counts = new Map<string, number>();
    for (const row of await bench.instances()) counts.set(row.class, (counts.get(row.class) ?? 0) + 1);
    return Object.fromEntries(counts);
  };
  const waiting = async () => (await bench.instances()).filter((row) => row.closing_at !== null).length;

  it("a page that failed: what was read of a listing proves nothing about the rest", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", many);
    await bench.page("risks", many.slice(0, 10));
    await bench.due();
    expect(await classes()).toEqual({ open: 60 });
  });

  it("a removed row that was never seen opens nothing", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW, removed), risk("2", "1", NOW, { ...removed, cveId: "CVE-2026-2", lastScanResult: "Failed" }), risk("3", "1", NOW, { status: "resolved", cveId: "CVE-2026-3" })]);
    expect(await bench.states()).toEqual(["fixed scan-mitigated", "fixed scan-mitigated"]);
  });

  it("a scan that failed closes nothing, and is noted once", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW)]);
    await bench.page("risks", [risk("1", "1", NOW + DAY, { ...removed, lastScanResult: "Failed" })]);
    await bench.page("risks", [risk("1", "1", NOW + DAY, { ...removed, lastScanResult: "Failed", endpointName: "renamed" })]);
    expect(await bench.states()).toEqual(["open active"]);
    expect((await bench.history()).map((row) => row.event)).toEqual(["closure-refused"]);
  });

  it("a laptop that is offline is neither fixed nor new: its evidence grows stale and its due date stays", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW)]);
    const { due_at: due } = await only();
    bench.now = NOW + 31 * DAY;
    await bench.due();
    expect(await bench.states()).toEqual(["stale active"]);
    expect(await only()).toMatchObject({ due_at: due, fixed_at: null });
    await bench.page("risks", [risk("1", "1", NOW + 31 * DAY)]);
    expect(await bench.states()).toEqual(["open active"]);
    expect((await bench.history()).map(historyLine)).toEqual(["31d stale active>active", "31d fresh active>active"]);
  });

  it("a mass of removals waits for a second proof, what the first pages closed among them", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", many);
    await bench.page("risks", gone(0, 15, NOW + DAY));
    expect(await classes()).toEqual({ open: 45, fixed: 15 });
    await bench.page("risks", gone(15, 40, NOW + DAY));
    expect([await classes(), await waiting()]).toEqual([{ open: 60 }, 40]);

    await bench.due();
    expect(await classes()).toEqual({ open: 60 });
    await bench.page("risks", many.slice(0, 1));
    expect(await waiting()).toBe(39);
    bench.now += HOUR;
    await bench.proven("risks");
    await bench.due();
    expect([await classes(), await waiting()]).toEqual([{ open: 21, fixed: 39 }, 0]);
    expect(JSON.parse((await bench.instances()).find((row) => row.class === "fixed")?.proof ?? "")).toMatchObject({ kind: "removed", second: true });
  });

  it("a token that sees less closes nothing: what vanishes waits for a device that is alive, and a reading that agrees", async () => {
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW), risk("2", "2", NOW)]);
    bench.now = NOW + DAY;
    await bench.listing("risks", []);
    await bench.due();
    expect([await bench.states(), await waiting()]).toEqual([["open active", "open active"], 2]);
    bench.now += HOUR;
    await bench.page("agents", [agent("1", bench.now)]);
    bench.now += HOUR;
    await bench.proven("risks");
    await bench.due();
    expect(await bench.states()).toEqual(["fixed scan-mitigated", "open active"]);
    expect((await bench.history()).map((row) => row.event)).toEqual(["closure-awaits-proof", "closure-awaits-proof", "fixed"]);
  });

  it("a row that a decommissioned device leaves behind is not fixed by that", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [risk("1", "1", NOW)]);
    await bench.page("agents", [agent("1", NOW, { isDecommissioned: true })]);
    await bench.page("risks", [risk("1", "1", NOW, removed)]);
    bench.now += 2 * DAY;
    await bench.proven("risks");
    await bench.due();
    expect(await bench.states()).toEqual(["stale active"]);
  });
});
