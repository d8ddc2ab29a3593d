/** The same questions about priority and the same exports on both engines. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { onlyTenants } from "../kernel/scope.ts";
import { fixDevices, fixes, fixFirst } from "./answers.ts";
import { plainCsv } from "./export/csv.ts";
import { flexConnectCsv, flexConnectJson } from "./export/flexconnect.ts";
import { ndjson } from "./export/ndjson.ts";
import type { ExportOptions } from "./export/source.ts";
import { vex } from "./export/vex.ts";
import { exposures } from "./exposure.ts";
import { loadedOf, loadEpss, loadKev } from "./intelligence.ts";
import { setPolicy, sweepDueDates } from "./sla-dates.ts";
import { DEFAULT_POLICY } from "./sla.ts";
import { storedSource } from "./stored-source.ts";
import { summarize } from "./summary.ts";
import { agent, DAY, NOW, risk, TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

const SCOPE = onlyTenants(TEN);

describe.each(["sqlite", "postgres"] as const)("priority on %s", (kind) => {
  let bench: VulnerabilityBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await vulnerabilityBench(kind === "postgres" ? server : undefined);
    await bench.listing("agents", Array.from({ length: 12 }, (_, place) => agent(String(place + 1), NOW)));
    await bench.listing("risks", [
      ...Array.from({ length: 12 }, (_, place) => risk(`a${String(place)}`, String(place + 1), NOW, { applicationVersion: `4.${String(place)}.0`, application: `PackStation 4.${String(place)}.0` })),
      risk("b", "1", NOW, { cveId: "CVE-2026-0002", severity: "LOW", baseScore: "2", applicationName: "Other", applicationVendor: null, application: "Other", applicationVersion: null }),
      risk("c", "2", NOW, { cveId: "CVE-2026-0003", status: "Removed" }),
    ]);
  }, 30_000);
  afterEach(() => bench.close());

  it("weaknesses are told to posture alike", async () => {
    await bench.due();
    const told = await bench.store.tx(async (tx) => {
      const { devices } = await exposures.waiting(tx, 50);
      const known = await exposures.of(tx, devices);
      return devices.map(({ connection, agent: id }) => `${id} ${String(known.get(`${connection} ${id}`)?.worstOpenCve)}`).toSorted();
    });
    expect(told).toEqual(Array.from({ length: 12 }, (_, place) => `${String(place + 1)} high`).toSorted());
  });

  it("lists, due dates, scores, updates and numbers are the same", async () => {
    const { store } = bench;
    await store.tx((tx) => loadKev(tx, JSON.stringify({ catalogVersion: "1", dateReleased: "2026-05-30T00:00:00Z", count: 1, vulnerabilities: [{ cveID: "CVE-2026-0002", dateAdded: "2026-05-31" }] }), NOW));
    await store.tx((tx) => loadKev(tx, JSON.stringify({ catalogVersion: "2", dateReleased: "2026-05-31T00:00:00Z", count: 1, vulnerabilities: [{ cveID: "CVE-2026-0002", dateAdded: "2026-06-01", knownRansomwareCampaignUse: "Known" }] }), NOW));
    await store.tx((tx) => loadEpss(tx, "#model_version:v1,score_date:2026-05-31\ncve,epss,percentile\nCVE-2026-0001,0.25,0.5\n", NOW));
    await store.tx((tx) => setPolicy(tx, TEN, { ...DEFAULT_POLICY, severities: { ...DEFAULT_POLICY.severities, low: null } }, { by: "me", now: NOW }));
    while (await store.tx((tx) => sweepDueDates(tx)));
    const first = await fixFirst(store, SCOPE, 10, NOW);
    const devices = [];
    for await (const one of fixDevices(store, SCOPE, "PackStation", "Gable Soft")) devices.push(String(one.name));
    const { classes, overdue, severities } = await summarize(store, SCOPE, NOW + 40 * DAY);

    expect(first.map(({ facts, risk: { score }, devices: many, dueAt }) => [facts.cve, score, many, dueAt])).toEqual([
      ["CVE-2026-0001", 552, 12, NOW + 28 * DAY],
      ["CVE-2026-0002", 380, 1, Date.UTC(2026, 5, 8)],
    ]);
    expect((await fixes(store, SCOPE, 5, NOW)).map(({ application, above, instances, knownExploited }) => [application, above, instances, knownExploited])).toEqual([["PackStation", "4.11.0", 12, 0], ["Other", null, 1, 1]]);
    expect(devices.toSorted()).toEqual(Array.from({ length: 12 }, (_, place) => `PC-${String(place + 1)}`).toSorted());
    expect([classes, overdue, severities.high, severities.low]).toEqual([{ open: 13, stale: 0, fixed: 1, "set-aside": 0, "out-of-scope": 0 }, 13, 12, 1]);
  });

  it("every export is whole", async () => {
    const { store } = bench;
    const source = storedSource(store, SCOPE);
    const options: ExportOptions = { now: NOW, setAside: true, kev: await loadedOf(store.read, "kev"), epss: null, version: "0" };
    const lines = async (chunks: AsyncIterable<string>): Promise<readonly string[]> => {
      let all = "";
      for await (const chunk of chunks) all += chunk;
      return all.trimEnd().split("\n");
    };

    expect((await lines(flexConnectJson(source, options))).filter((line) => line.includes('"finding_number"'))).toHaveLength(13);
    expect(await lines(plainCsv(source))).toHaveLength(15);
    expect((await lines(flexConnectCsv(source, options)))[0]).toContain("nucleus_import_version");
    expect(JSON.parse((await lines(ndjson(source, options))).at(-1) ?? "")).toEqual({ record: "end", counts: { assets: 12, instances: 14, findings: 3, history: 0 } });
    expect((JSON.parse((await lines(vex(source, options))).join("\n")) as { readonly vulnerabilities: readonly object[] }).vulnerabilities).toHaveLength(3);
  });
});
