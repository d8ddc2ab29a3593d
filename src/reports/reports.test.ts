import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { casesInSpan } from "../cases/index.ts";
import { readCsv } from "../kernel/csv.ts";
import type { TenantId } from "../kernel/ids.ts";
import { DAY, HOUR, MINUTE, notifyBench, TEN, type NotifyBench } from "../notify/test-bench.ts";
import { exposureInSpan } from "../vulnerabilities/index.ts";
import { monthOf } from "./month.ts";
import { csvOf, htmlOf, type Report } from "./report.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const LATER = Date.UTC(2030, 0, 1);

describe("a month", () => {
  it.each([
    ["2026-11", "UTC", "2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"],
    ["2026-03", "Europe/Berlin", "2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z"],
    ["2026-10", "Europe/Berlin", "2026-09-30T22:00:00.000Z", "2026-10-31T23:00:00.000Z"],
    ["2026-01", "America/Los_Angeles", "2026-01-01T08:00:00.000Z", "2026-02-01T08:00:00.000Z"],
    ["2026-12", "Pacific/Kiritimati", "2026-11-30T10:00:00.000Z", "2026-12-31T10:00:00.000Z"],
    ["2028-02", "Asia/Kolkata", "2028-01-31T18:30:00.000Z", "2028-02-29T18:30:00.000Z"],
  ])("%s in %s", (name, zone, from, to) => {
    const month = monthOf(name, zone, LATER);
    expect([iso(month.from), iso(month.to)]).toEqual([from, to]);
  });

  it("that has not begun, or in no time zone, is refused", () => {
    expect(() => monthOf("2030-02", "UTC", LATER)).toThrow("has not begun");
    expect(() => monthOf("2026-02", "Mars/Olympus", LATER)).toThrow("no time zone");
  });
});

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 120_000);
afterAll(async () => server?.stop());

describe.each(["sqlite", "postgres"] as const)("a report on %s", (kind) => {
  let bench: NotifyBench;
  beforeAll(async () => {
    if (kind === "sqlite" || server !== undefined) bench = await notifyBench(kind === "postgres" ? server : undefined);
  });
  afterAll(() => bench?.close());
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    await bench.wipe();
    bench.clock.set(Date.UTC(2026, 10, 20) - bench.clock.now());
  });

  async function reported(tenant: TenantId = TEN): Promise<Report> {
    const month = monthOf("2026-11", "UTC", LATER);
    return { tenant: "Orchard", month, until: month.to, cases: await casesInSpan(bench.store, tenant, month.from, month.to), exposure: await exposureInSpan(bench.store, tenant, month.from, month.to) };
  }

  it("counts what was opened, looked at and closed in the month, row by row, of that tenant alone", async () => {
    await bench.alerts(["a1", { severity: "CRITICAL" }], ["a2"], ["a3"], ["old", { status: "RESOLVED" }]);
    await bench.alert("theirs", { tenant: "ten_other" as TenantId });
    bench.clock.pass(30 * MINUTE);
    await bench.update("a1", { owner: "mara", verdict: "true-positive" });
    bench.clock.pass(3 * HOUR + 30 * MINUTE);
    await bench.update("a1", { status: "resolved" });
    await bench.alert("a2", { status: "RESOLVED" });
    bench.clock.pass(20 * DAY);
    await bench.alert("december");
    await bench.alert("a3", { status: "RESOLVED" });

    const { cases } = await reported();
    expect(cases).toMatchObject({
      opened: [{ severity: 5, verdict: "true-positive", cases: 1 }, { severity: 4, verdict: "undefined", cases: 2 }],
      settled: 1, resolved: 2, open: 1, unseen: 1, firstLook: { cases: 1, median: 30 * MINUTE, ninth: 30 * MINUTE }, closing: { cases: 2, median: 4 * HOUR, ninth: 4 * HOUR }, agents: { opened: 0, resolved: 0, open: 0 },
    });
    expect([cases.gravest[0]?.title, cases.gravest.slice(1).map(({ title }) => title).toSorted()]).toEqual(["DCSync on a1", ["DCSync on a2", "DCSync on a3"]]);
    expect((await reported("ten_other" as TenantId)).cases).toMatchObject({ open: 1, resolved: 0 });
  });

  it("says how exposed devices were at the end, whatever was fixed since", async () => {
    const at = Date.UTC(2026, 10, 10);
    const row = (id: string, severity: number, more: { readonly class?: string; readonly fixed?: number; readonly agent?: string; readonly found?: number } = {}) => [id, TEN, severity, more.class ?? "open", more.found ?? at, more.fixed ?? null, at + DAY, more.agent ?? "d1"] as const;
    const rows = [row("1", 4), row("2", 4, { agent: "d2", class: "fixed", fixed: at + 60 * DAY }), row("3", 3, { class: "fixed", fixed: at + DAY }), row("4", 3, { class: "set-aside" }), row("5", 2, { found: at + 60 * DAY })];
    await bench.store.tx(async (tx) => {
      await sql`DELETE FROM vuln_instances`.execute(tx.db);
      for (const [id, tenant, severity, of, found, fixed, due, agent] of rows) {
        await sql`INSERT INTO vuln_instances (id, tenant_id, connection_id, agent_id, finding_id, row_id, severity, status, decided_by, class, first_seen, detected_at, fixed_at, reopened, due_at, present, facts) VALUES (${id}, ${tenant}, 'con_1', ${agent}, ${id}, ${id}, ${severity}, 'x', 'x', ${of}, ${found}, ${found}, ${fixed}, 0, ${due}, 1, '{}')`.execute(tx.db);
      }
    });

    const { exposure } = await reported();
    expect([exposure.open.filter(({ findings }) => findings > 0).map(({ findings, overdue }) => [findings, overdue]), exposure.devices, exposure.found, exposure.fixed]).toEqual([[[2, 2]], 2, 4, 1]);
  });

  it("is the same bytes every time, and text in it stays text, on the page and in a spreadsheet", async () => {
    const hostile = '=cmd|"/c calc"!A1 <script>alert(1)</script>\u202e';
    await bench.alert("a1", { name: hostile });
    const report = { ...(await reported()), tenant: hostile };
    const [html, csv] = [htmlOf(report), csvOf(report)];

    expect([htmlOf({ ...(await reported()), tenant: hostile }), csvOf({ ...(await reported()), tenant: hostile })]).toEqual([html, csv]);
    expect(html).not.toMatch(/<script|<img|http-equiv="refresh/i);
    expect(html).toContain("&lt;script&gt;alert(1)");
    const rows = [...readCsv(csv)];
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([9]));
    expect(rows.flat().filter((cell) => /^[=+@-]/.test(cell))).toEqual([]);
    expect(rows.find((row) => row[4] === "cases" && row[5] === "opened" && row[6] === "high" && row[7] === "undefined")?.[8]).toBe("1");
  });
});
