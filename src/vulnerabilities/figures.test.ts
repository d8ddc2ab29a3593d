/** Whatever happens, every instance is counted once, and the figures of every view add up to the same total. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { decide } from "./decisions.ts";
import { VULNERABILITY_SEVERITIES } from "./model.ts";
import { addInto, assetFigures, countAssets, countBySeverity, countFindings, findAssets, findFindings, historyOf, instancesOf, noCounts, type Counts } from "./queries.ts";
import { agent, CON, DAY, NOW, risk, stamp, TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";
import { countTenantVulnerabilities, eraseConnectionVulnerabilities, purgeTenantVulnerabilities, tenantVulnerabilities } from "./upkeep.ts";
import { instanceView } from "./views.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

/** The same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const STATUSES = ["accepted-risk", "in-progress", "false-positive", "manually-mitigated", "duplicate", null] as const;

async function live(bench: VulnerabilityBench, seed: number, steps: number): Promise<void> {
  const draw = numbers(seed);
  const device = () => String(1 + draw(6));
  const found = () => {
    const cve = draw(8);
    const id = device();
    return risk(`${id}-${String(cve)}`, id, bench.now - draw(40) * DAY, {
      cveId: `CVE-2026-${String(cve)}`, severity: VULNERABILITY_SEVERITIES[cve % 6]?.toUpperCase(), status: draw(3) === 0 ? "Removed" : "Detected", lastScanResult: draw(5) === 0 ? "Failed" : "Succeeded",
      mitigationStatus: ["Not mitigated", "On hold", "To be patched"][draw(3)], analystVerdict: draw(9) === 0 ? "False Positive" : "Default", detectionDate: stamp(NOW - draw(90) * DAY),
    });
  };
  for (let step = 0; step < steps; step += 1) {
    bench.now += draw(6) * DAY;
    const kind = draw(6);
    if (kind === 0) await bench.page("agents", [agent(device(), bench.now - draw(50) * DAY, { isDecommissioned: draw(4) === 0, serialNumber: draw(3) === 0 ? "SAME77X" : `SER${String(draw(6))}X` })]);
    else if (kind < 4) await bench.page("risks", [...new Map(Array.from({ length: 1 + draw(12) }, found).map((one) => [one["id"], one])).values()]);
    else if (kind === 4) {
      const rows = await bench.instances();
      const row = rows[draw(Math.max(rows.length, 1))];
      const status = STATUSES[draw(STATUSES.length)] ?? null;
      if (row !== undefined) await bench.store.tx((tx) => decide(tx, EVERY_TENANT, draw(2) === 0 ? row.finding_id : row.id, { status, by: draw(3) === 0 ? "automation" : "person", actor: "x", reason: "y", expiresAt: status === "accepted-risk" ? bench.now + DAY * (1 + draw(20)) : null }, undefined, bench.now));
    } else {
      await bench.proven("risks");
      await bench.due();
    }
  }
}

async function viewsOf(bench: VulnerabilityBench): Promise<readonly Counts[]> {
  const { store } = bench;
  const rows = await bench.instances();
  const model = noCounts();
  for (const row of rows) {
    const kind = row.class === "set-aside" ? "setAside" : (row.class as "open" | "stale" | "fixed");
    model[kind] += 1;
    model.total += 1;
    if ((kind === "open" || kind === "stale") && row.due_at !== null && Number(row.due_at) < bench.now) model.overdue += 1;
  }
  const summed = (all: Iterable<Counts>): Counts => {
    const sum = noCounts();
    for (const one of all) addInto(sum, one);
    return sum;
  };
  const findings = (await findFindings(store, EVERY_TENANT, { class: null, limit: 1000 }, bench.now)).rows.map((row) => row.id);
  const devices = (await findAssets(store, EVERY_TENANT, { limit: 1000 })).rows.flatMap(([first]) => (first === undefined ? [] : [first.asset_id]));
  const shown = noCounts();
  for (const id of findings) {
    for (const row of (await instancesOf(store, EVERY_TENANT, id, { limit: 1000 })).rows) {
      const view = instanceView(row, bench.now);
      shown[view.class === "set-aside" ? "setAside" : view.class] += 1;
      shown.total += 1;
      if (view.overdue) shown.overdue += 1;
    }
  }
  return [model, summed((await countBySeverity(store, EVERY_TENANT, bench.now)).values()), summed((await countFindings(store, EVERY_TENANT, findings, bench.now)).values()), summed((await countAssets(store, EVERY_TENANT, devices, bench.now)).values()), shown];
}

describe("figures", () => {
  it("add up in every view, whatever happened", async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const bench = await vulnerabilityBench();
      try {
        await live(bench, seed, 40);
        const [model, ...views] = await viewsOf(bench);
        expect(model?.total, String(seed)).toBeGreaterThan(5);
        for (const view of views) expect(view, String(seed)).toEqual(model);
        expect((model?.open ?? 0) + (model?.stale ?? 0) + (model?.fixed ?? 0) + (model?.setAside ?? 0)).toBe(model?.total);
        const { rows } = await sql<{ n: number }>`
          SELECT count(*) AS n FROM vuln_instances AS i LEFT JOIN vuln_agents AS a ON a.connection_id = i.connection_id AND a.id = i.agent_id
          WHERE (i.class = 'open' AND a.stale IS NOT NULL) OR (i.class = 'stale' AND a.stale IS NULL) OR (i.status = 'scan-mitigated' AND i.class <> 'fixed') OR (i.present = 1 AND i.status = 'scan-mitigated')`.execute(bench.store.read);
        expect(Number(rows[0]?.n), String(seed)).toBe(0);
      } finally {
        await bench.close();
      }
    }
  }, 60_000);
});

describe.each(["sqlite", "postgres"] as const)("on %s", (kind) => {
  it("lives the same life, pages its lists, hands all over, and lets go of all", async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    const bench = await vulnerabilityBench(kind === "postgres" ? server : undefined);
    try {
      const many = Array.from({ length: 60 }, (_, place) => risk(String(100 + place), place < 40 ? "1" : "2", NOW, { cveId: `CVE-2026-${String(1000 + place)}`, severity: place % 2 === 0 ? "HIGH" : "low", applicationName: 'Quote " \u0000 %' }));
      await bench.listing("agents", [agent("1", NOW - 200 * DAY, { isDecommissioned: true }), agent("2", NOW, { registeredAt: stamp(NOW - DAY), serialNumber: "SER1X" }), agent("3", NOW, { computerName: "PC-2" })]);
      await bench.listing("risks", many);
      const worked = (await bench.instances()).find((row) => row.row_id === "103")?.id ?? "";
      await bench.store.tx((tx) => decide(tx, EVERY_TENANT, worked, { status: "in-progress", by: "person", actor: "mara", reason: null, expiresAt: null }, undefined, bench.now));
      await bench.page("risks", many.slice(0, 10).map((row) => ({ ...row, status: "Removed", lastScanDate: stamp(NOW + DAY) })));
      await bench.page("risks", many.slice(10, 55).map((row) => ({ ...row, status: "Removed", lastScanDate: stamp(NOW + DAY) })));
      expect((await bench.instances()).filter((row) => row.closing_at !== null)).toHaveLength(55);
      expect((await bench.instances()).find((row) => row.id === worked)).toMatchObject({ status: "in-progress", decided_by: "person", actor: "mara" });
      bench.now += DAY;
      await bench.proven("risks");
      await bench.due();
      expect(await assetFigures(bench.store, EVERY_TENANT)).toMatchObject({ devices: 2, agents: 3, superseded: 1, ambiguities: 1, awaitingProof: 0 });
      const [model, ...views] = await viewsOf(bench);
      expect(model).toMatchObject({ total: 60, fixed: 55, open: 5 });
      for (const view of views) expect(view).toEqual(model);

      const pages: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await findFindings(bench.store, onlyTenants(TEN), { class: null, limit: 7, ...(after === undefined ? {} : { after }) }, bench.now);
        pages.push(...page.rows.map((row) => row.id));
        if (page.next === null) break;
        after = page.next;
      }
      expect([pages.length, new Set(pages).size]).toEqual([60, 60]);
      expect((await findFindings(bench.store, onlyTenants(), { class: null, limit: 7 }, bench.now)).rows).toEqual([]);
      expect((await findFindings(bench.store, EVERY_TENANT, { class: "open", severity: "high", exploited: false, application: "quote \" ", limit: 100 }, bench.now)).rows.length).toBeGreaterThan(0);
      expect((await findFindings(bench.store, EVERY_TENANT, { class: null, application: "Q%e", limit: 100 }, bench.now)).rows).toEqual([]);
      const [first] = await bench.instances();
      if (first === undefined) throw new Error("nothing");
      expect((await historyOf(bench.store, first, { limit: 100 })).rows.map((row) => row.event)).toEqual(["fixed", "closure-undone", "fixed"]);

      const rows: string[] = [];
      for await (const { table } of tenantVulnerabilities(bench.store, TEN, AbortSignal.timeout(10_000))) rows.push(table);
      expect(rows).toHaveLength(await countTenantVulnerabilities(bench.store, TEN));
      expect(new Set(rows)).toEqual(new Set(["vuln_instances", "vuln_history", "vuln_findings", "vuln_agents", "vuln_agent_keys", "vuln_ambiguities"]));
      const left = async (table: string) => Number((await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)}`.execute(bench.store.read)).rows[0]?.n);
      for (let dropped = 1; dropped > 0; ) dropped = await bench.store.tx((tx) => (kind === "sqlite" ? eraseConnectionVulnerabilities(tx, CON, 50) : purgeTenantVulnerabilities(tx, TEN, 50)));
      for (const table of ["vuln_instances", "vuln_history", "vuln_findings", "vuln_agents", "vuln_agent_keys", "vuln_ambiguities"]) expect(await left(table), table).toBe(0);
    } finally {
      await bench.close();
    }
  }, 60_000);
});
