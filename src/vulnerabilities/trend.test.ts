/** How findings went over time, and that every view counts the same. */
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onlyTenants } from "../kernel/scope.ts";
import { decide } from "./decisions.ts";
import { countAssets, countBySeverity, countFindings, noCounts, addInto } from "./queries.ts";
import { summarize } from "./summary.ts";
import { agent, DAY, NOW, risk, TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";
import { trend, type TrendQuestion } from "./trend.ts";

const SCOPE = onlyTenants(TEN);
let bench: VulnerabilityBench;
beforeEach(async () => {
  bench = await vulnerabilityBench();
});
afterEach(() => bench.close());

const ask = (more: Partial<TrendQuestion> = {}) => trend(bench.store, SCOPE, { connection: undefined, severity: undefined, by: "day", periods: 5, ...more }, bench.now);
const row = (id: string, more: Readonly<Record<string, unknown>> = {}) => risk(id, "1", bench.now, { cveId: `CVE-2026-000${id}`, ...more });

describe("the trend", () => {
  it("tells for each day what came, came back, was fixed and was set aside, and how many were left", async () => {
    await bench.listing("agents", [agent("1", NOW), agent("2", NOW)]);
    await bench.listing("risks", [row("1"), row("2"), row("3"), row("4", { status: "Removed" })]);
    bench.now = NOW + DAY;
    await bench.page("risks", [row("1", { status: "Removed" }), row("5", { severity: "LOW", baseScore: "2" })]);
    bench.now = NOW + 2 * DAY;
    await bench.page("risks", [row("1")]);
    const [instance] = (await bench.instances()).filter(({ row_id: id }) => id === "2");
    await bench.store.tx((tx) => decide(tx, SCOPE, instance?.id ?? "", { status: "accepted-risk", by: "person", actor: "mara", reason: "r", expiresAt: NOW + 90 * DAY }, undefined, bench.now));
    bench.now = NOW + 3 * DAY;
    await bench.page("risks", [row("3", { status: "Removed" })]);

    const { points, counts, daysToFix, ages } = await ask();
    expect(points.map(({ from, found, fixed, setAside, active }) => [from.slice(0, 10), found, fixed, setAside, active])).toEqual([
      ["2026-05-31", 0, 0, 0, 0],
      ["2026-06-01", 3, 0, 0, 3],
      ["2026-06-02", 1, 1, 0, 3],
      ["2026-06-03", 1, 0, 1, 3],
      ["2026-06-04", 0, 1, 0, 2],
    ]);
    expect(counts).toMatchObject({ open: 2, stale: 0, fixed: 2, setAside: 1, total: 5 });
    // Detected two days before the first reading.
    expect(daysToFix.find(({ severity }) => severity === "high")).toEqual({ severity: "high", fixed: 2, mean: 3.5 });
    expect(ages.map(({ active }) => active)).toEqual([2, 0, 0, 0, 0, 0]);
    expect((await ask({ severity: "high" })).points.map(({ active }) => active)).toEqual([0, 3, 2, 2, 1]);
    expect((await ask({ by: "week", periods: 2 })).points.map(({ from, found, active }) => [from.slice(0, 10), found, active])).toEqual([["2026-05-25", 0, 0], ["2026-06-01", 5, 2]]);
  });

  it("is of what the scope sees, and of the connection named", async () => {
    await bench.listing("agents", [agent("1", NOW)]);
    await bench.listing("risks", [row("1")]);
    expect((await trend(bench.store, onlyTenants(), { connection: undefined, severity: undefined, by: "day", periods: 1 }, bench.now)).points).toMatchObject([{ found: 0, active: 0 }]);
    expect((await ask({ connection: "con_other", periods: 1 })).points).toMatchObject([{ found: 0, active: 0 }]);
  });
});

it("whatever happens, the numbers of every view add up to the same total, and so does the trend's last point", async () => {
  const one = fc.record({ id: fc.constantFrom("1", "2", "3", "4"), device: fc.constantFrom("1", "2"), status: fc.constantFrom("Detected", "Removed"), severity: fc.constantFrom("CRITICAL", "low"), result: fc.constantFrom("Succeeded", "Failed") });
  const step = fc.oneof(
    fc.record({ do: fc.constant("rows" as const), rows: fc.array(one, { minLength: 1, maxLength: 4 }) }),
    fc.record({ do: fc.constant("decide" as const), at: fc.nat(5), status: fc.constantFrom("accepted-risk" as const, "false-positive" as const, "manually-mitigated" as const, "in-progress" as const, null) }),
    fc.record({ do: fc.constant("wait" as const), days: fc.constantFrom(1, 20, 45) }),
    fc.record({ do: fc.constant("gone" as const), device: fc.constantFrom("1", "2"), gone: fc.boolean() }),
  );
  await bench.listing("agents", [agent("1", NOW), agent("2", NOW)]);
  await bench.listing("risks", [risk("1", "1", NOW), risk("2", "2", NOW)]);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
      for (const wanted of steps) {
        const rows = await bench.instances();
        if (wanted.do === "wait") bench.now += wanted.days * DAY;
        else if (wanted.do === "gone") await bench.page("agents", [agent(wanted.device, bench.now, { isDecommissioned: wanted.gone })]);
        else if (wanted.do === "rows") await bench.page("risks", wanted.rows.map(({ id, device, status, severity, result }) => risk(`${id}${device}`, device, bench.now, { cveId: `CVE-2026-000${id}`, status, severity, lastScanResult: result })));
        else {
          const chosen = rows[wanted.at % rows.length];
          await bench.store.tx((tx) => decide(tx, SCOPE, chosen?.id ?? "", { status: wanted.status, by: "person", actor: "mara", reason: "r", expiresAt: wanted.status === "accepted-risk" ? bench.now + 30 * DAY : null }, undefined, bench.now));
        }
        await bench.due();
      }
      const all = await bench.instances();
      const rows = { ...noCounts(), total: all.length };
      for (const { class: of, due_at: due } of all) {
        rows[of === "set-aside" ? "setAside" : (of as "open")] += 1;
        if ((of === "open" || of === "stale") && due !== null && Number(due) < bench.now) rows.overdue += 1;
      }
      const sum = (views: Iterable<typeof rows>) => {
        const total = noCounts();
        for (const view of views) addInto(total, view);
        return total;
      };
      const summary = await summarize(bench.store, SCOPE, bench.now);
      const went = await ask({ periods: 400 });
      expect(sum((await countBySeverity(bench.store, SCOPE, bench.now)).values())).toEqual(rows);
      expect(sum((await countFindings(bench.store, SCOPE, [...new Set(all.map((row_) => row_.finding_id))], bench.now)).values())).toEqual(rows);
      expect(sum((await countAssets(bench.store, SCOPE, (await bench.agents()).map((device) => device.asset_id), bench.now)).values())).toEqual(rows);
      expect({ ...summary.classes, overdue: summary.overdue, total: summary.total }).toEqual({ open: rows.open, stale: rows.stale, fixed: rows.fixed, "set-aside": rows.setAside, "out-of-scope": 0, overdue: rows.overdue, total: rows.total });
      expect(went.counts).toEqual(rows);
      expect(went.points.at(-1)?.active).toBe(rows.open + rows.stale);
      expect(went.ages.reduce((n, { active }) => n + active, 0)).toBe(rows.open + rows.stale);
      expect(went.ages.reduce((n, { overdue }) => n + overdue, 0)).toBe(rows.overdue);
      expect(went.points.every(({ found, fixed, setAside, active }) => Math.min(found, fixed, setAside, active) >= 0)).toBe(true);
      expect(went.points.reduce((left, { found, fixed, setAside }) => left + found - fixed - setAside, 0)).toBe(rows.open + rows.stale);
    }),
    { numRuns: 8, seed: 6 },
  );
}, 60_000);
