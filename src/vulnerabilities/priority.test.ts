import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { fixDevices, fixes, fixFirst } from "./answers.ts";
import { areScored, scoreAnew } from "./finding-scores.ts";
import { intelligenceTables } from "./intelligence-tables.ts";
import { loadedOf, loadEpss, loadKev } from "./intelligence.ts";
import { knownOf } from "./known.ts";
import { policyOf, setPolicy } from "./sla-dates.ts";
import { DEFAULT_POLICY } from "./sla.ts";
import { compareVersions, highestVersion } from "./software-versions.ts";
import { summarize } from "./summary.ts";
import { agent, DAY, NOW, OTHER, risk, TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";

const kevFile = (day: string, ...entries: readonly (readonly [cve: string, added: string, ransomware?: string])[]): string =>
  JSON.stringify({ catalogVersion: day, dateReleased: `${day}T10:00:00Z`, count: entries.length, vulnerabilities: entries.map(([cveID, dateAdded, use = "Unknown"]) => ({ cveID, dateAdded, vendorProject: "Gable", product: "PackStation", vulnerabilityName: "PackStation overflow", dueDate: dateAdded, requiredAction: "Update.", knownRansomwareCampaignUse: use })) });
const epssFile = (day: string, ...rows: readonly string[]): string => `#model_version:v2025.03.14,score_date:${day}T00:00:00+0000\ncve,epss,percentile\n${rows.join("\n")}\n`;

let bench: VulnerabilityBench;
beforeAll(async () => {
  bench = await vulnerabilityBench();
  await bench.listing("agents", ["1", "2", "3"].map((id) => agent(id, NOW)));
  await bench.listing("risks", [
    risk("r1", "1", NOW),
    risk("r2", "2", NOW, { applicationVersion: "4.10.0", application: "PackStation 4.10.0" }),
    risk("r3", "1", NOW, { cveId: "CVE-2026-0002", severity: "CRITICAL", baseScore: "9.8" }),
    risk("r4", "3", NOW, { cveId: "CVE-2026-0003", applicationName: "Zip Tool", applicationVendor: "Arc", application: "Zip Tool 1.0", applicationVersion: "1.0", severity: "LOW", baseScore: "2" }),
  ]);
});
afterAll(() => bench.close());
const tx = <T>(work: Parameters<typeof bench.store.tx<T>>[0]): Promise<T> => bench.store.tx(work);
const dueOf = async (cve: string): Promise<readonly number[]> => (await sql<{ due_at: number }>`SELECT i.due_at FROM vuln_instances AS i JOIN vuln_findings AS f ON f.id = i.finding_id WHERE f.cve = ${cve} ORDER BY i.agent_id`.execute(bench.store.read)).rows.map((row) => Number(row.due_at));

describe("lists of exploited vulnerabilities", () => {
  it("move due dates when one is given, and keep what was withdrawn", async () => {
    const since = NOW - 2 * DAY;
    expect(await dueOf("CVE-2026-0001")).toEqual([since + 30 * DAY, since + 30 * DAY]);
    const first = await tx((one) => loadKev(one, kevFile("2026-05-01", ["CVE-2026-0001", "2026-04-01"], ["CVE-2020-9999", "2020-01-01"]), NOW));
    while ((await bench.due()) !== null && (await intelligenceTables(bench.store.read).selectFrom("vuln_due_sweeps").selectAll().execute()).length > 0);
    expect(first.changes).toEqual({ added: 2, withdrawn: 0, changed: 0 });
    expect(await dueOf("CVE-2026-0001")).toEqual([since + 14 * DAY, since + 14 * DAY]);

    const second = await tx((one) => loadKev(one, kevFile("2026-05-02", ["CVE-2026-0001", "2026-04-01", "Known"]), NOW));
    await bench.due();
    expect(second.changes).toEqual({ added: 0, withdrawn: 1, changed: 1 });
    expect(await dueOf("CVE-2026-0001")).toEqual([since + 7 * DAY, since + 7 * DAY]);
    const log = await intelligenceTables(bench.store.read).selectFrom("vuln_kev_changes").select(["cve", "change", "version"]).orderBy("seq").execute();
    expect(log).toEqual([{ cve: "CVE-2026-0001", change: "changed", version: "2026-05-02" }, { cve: "CVE-2020-9999", change: "withdrawn", version: "2026-05-02" }]);
  });

  it("are not replaced by an older one, and the same one again changes nothing", async () => {
    const same = kevFile("2026-05-02", ["CVE-2026-0001", "2026-04-01", "Known"]);
    expect(await tx((one) => loadKev(one, same, NOW))).toMatchObject({ unchanged: true, changes: { withdrawn: 0 } });
    await expect(tx((one) => loadKev(one, kevFile("2026-04-30", ["CVE-2026-0001", "2026-04-01"]), NOW))).rejects.toThrow("newer");
    expect(await loadedOf(bench.store.read, "kev")).toMatchObject({ version: "2026-05-02", entries: 1 });
  });

  it("that cannot be read to the end leave those that were there", async () => {
    await tx((one) => loadEpss(one, epssFile("2026-05-01", "CVE-2026-0001,0.5,0.9"), NOW));
    await expect(tx((one) => loadEpss(one, epssFile("2026-05-02", "CVE-2026-0001,0.6,0.9", "CVE-2026-0002,x,1"), NOW))).rejects.toThrow("Line 4");
    expect((await knownOf(bench.store.read, bench.store.kind, ["CVE-2026-0001", "CVE-2026-0002"])).get("CVE-2026-0001")?.epss?.score).toBe(0.5);
    expect(await loadedOf(bench.store.read, "epss")).toMatchObject({ version: "v2025.03.14", releasedAt: Date.UTC(2026, 4, 1) });
  });
});

describe("what to fix first", () => {
  it("goes by the score, with its terms, its devices and its due date", async () => {
    const [first, second, third, ...more] = await fixFirst(bench.store, EVERY_TENANT, 10, NOW);

    expect([first, second, third].map((one) => one?.facts.cve)).toEqual(["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"]);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ instances: 2, devices: 2, overdue: 0, severity: "high", kev: { ransomware: true }, epss: { score: 0.5 }, dueAt: NOW + 5 * DAY });
    expect(first?.risk.terms.map((term) => term.term)).toEqual(["severity", "known-exploited", "ransomware", "epss"]);
    expect(await fixFirst(bench.store, EVERY_TENANT, 1, NOW)).toHaveLength(1);
  });

  it("counts what is overdue, and shows another tenant nothing", async () => {
    expect((await fixFirst(bench.store, onlyTenants(TEN), 1, NOW + 6 * DAY))[0]?.overdue).toBe(2);
    expect(await fixFirst(bench.store, onlyTenants(OTHER), 10, NOW)).toEqual([]);
    expect(await fixes(bench.store, onlyTenants(OTHER), 10, NOW)).toEqual([]);
  });

  it("is grouped by update: above the highest version that has an open finding, number by number", async () => {
    expect(await fixes(bench.store, EVERY_TENANT, 10, NOW)).toEqual([
      { application: "PackStation", vendor: "Gable Soft", above: "4.10.0", instances: 3, devices: 2, cves: 2, overdue: 0, worst: "critical", knownExploited: 2 },
      { application: "Zip Tool", vendor: "Arc", above: "1.0", instances: 1, devices: 1, cves: 1, overdue: 0, worst: "low", knownExploited: 0 },
    ]);
  });

  it("has a list of devices to hand over for each update", async () => {
    const devices = [];
    for await (const one of fixDevices(bench.store, EVERY_TENANT, "PackStation", "Gable Soft")) devices.push(`${one.name ?? ""} ${one.version ?? ""} ${String(one.findings)} ${one.worst}`);

    expect(devices).toEqual(["PC-1 4.2.0 2 critical", "PC-2 4.10.0 1 high"]);
  });

  it("knows the order of versions", () => {
    expect(highestVersion(["9.9", "10.0", "v9.10"])).toBe("10.0");
    expect(compareVersions("1.0", "1")).toBe(0);
    expect(compareVersions("1.2.3-beta", "1.2.3-alpha")).toBeGreaterThan(0);
    expect(compareVersions("99999999999999999999.1", "9999999999999999999.2")).toBeGreaterThan(0);
    expect(highestVersion([])).toBeNull();
  });
});

describe("due dates of a tenant", () => {
  it("are changed by it alone, once by whoever read them last", async () => {
    const policy = { ...DEFAULT_POLICY, severities: { ...DEFAULT_POLICY.severities, low: 10 } };
    const stored = await tx((one) => setPolicy(one, TEN, policy, { by: "me", now: NOW, version: 0 }));
    await expect(tx((one) => setPolicy(one, TEN, policy, { by: "you", now: NOW, version: 0 }))).rejects.toThrow("version 1");
    await bench.due();

    expect(stored.version).toBe(1);
    expect(await dueOf("CVE-2026-0003")).toEqual([NOW + 8 * DAY]);
    expect((await policyOf(bench.store.read, OTHER)).policy).toEqual(DEFAULT_POLICY);
  });
});

describe("the numbers of a report", () => {
  it("add up: classes to all, severities and ages to what is open", async () => {
    const { classes, total, severities, ages, months } = await summarize(bench.store, EVERY_TENANT, NOW);
    const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

    expect([total, sum(Object.values(classes)), sum(Object.values(severities)), sum(ages), sum(months.map((one) => one.found))]).toEqual([4, 4, 4, 4, 4]);
    expect(months).toHaveLength(12);
    expect(months.at(-1)?.month).toBe("2026-06");
  });
});

it("what to fix first is the same whether scores are stored or still being worked out", async () => {
  await bench.due();
  expect(await areScored(bench.store.read)).toBe(true);
  const stored = await fixFirst(bench.store, EVERY_TENANT, 10, NOW);
  expect(stored.map((one) => one.risk.score)).toEqual((await sql<{ score: number }>`SELECT f.score FROM vuln_findings AS f WHERE EXISTS (SELECT 1 FROM vuln_instances AS i WHERE i.finding_id = f.id AND i.class = 'open') ORDER BY f.score DESC, f.id`.execute(bench.store.read)).rows.map((row) => row.score));
  await tx(scoreAnew);
  expect([await areScored(bench.store.read), await fixFirst(bench.store, EVERY_TENANT, 10, NOW)]).toEqual([false, stored]);
  await tx((one) => loadEpss(one, epssFile("2026-05-09", "CVE-2026-0003,0.99,0.99"), NOW));
  const moved = await fixFirst(bench.store, EVERY_TENANT, 10, NOW);
  await bench.due();
  expect([await areScored(bench.store.read), await fixFirst(bench.store, EVERY_TENANT, 10, NOW)]).toEqual([true, moved]);
  expect(moved).not.toEqual(stored);
});
