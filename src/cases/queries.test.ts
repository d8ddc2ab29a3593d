import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { Volume } from "../kernel/plot-api.ts";
import { caseTechniques, caseVolume } from "./plots.ts";
import { everyCase, findCases, linksOfCase, membersPage, oneCase, relatedTo, timelineOf, type CaseFilter } from "./queries.ts";
import type { CaseRow } from "./tables.ts";
import { alert, caseBench, DAY, HOUR, NOW, OTHER, TARGET, TEN, threat, type CaseBench } from "./test-bench.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 120_000);
afterAll(async () => server?.stop());

describe.each(["sqlite", "postgres"] as const)("on %s", (kind) => {
  let bench: CaseBench;
  let all: readonly CaseRow[];

  beforeAll(async () => {
    if (kind === "postgres" && server === undefined) return;
    bench = await caseBench({ postgres: kind === "postgres" ? server : undefined });
    const severities = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];
    const some = (prefix: string) =>
      Array.from({ length: 60 }, (_, n) =>
        alert(`${prefix}${String(n)}`, NOW - n * HOUR, { name: `alert_${String(n)}%`, device: `${prefix}-${String(n)}`, severity: severities[n % 4] ?? "", status: n % 3 === 0 ? "RESOLVED" : n % 3 === 1 ? "IN_PROGRESS" : "NEW", hash: `${prefix}hash${String(n)}`, ...(prefix === "LT" && n === 3 ? { user: "Äpfel" } : {}) }),
      );
    await bench.page("alerts", some("LT"));
    await bench.page("alerts", some("WS"), { target: { ...TARGET, connection: "con_2" as ConnectionId, tenant: OTHER } });
    await bench.page("threats", Array.from({ length: 45 }, (_, n) => threat(`m${String(n)}`, NOW + n, { storyline: "many", hash: `many${String(n)}`, mitigation: n % 2 === 0 ? "mitigated" : "not_mitigated", device: `MANY-${String(n)}` })));
    await bench.page("threats", [threat("sub", NOW - 30 * HOUR, { device: "SUB", technique: "T1003.001 LSASS Memory" }), threat("whole", NOW - 31 * HOUR, { device: "WHOLE", technique: "T1003 OS Credential Dumping" }), threat("own", NOW - 32 * HOUR, { device: "OWN", technique: "Something of our own" })]);
    const [first, second] = await bench.cases();
    await bench.update(first?.id ?? "", { owner: "mara", status: "in-progress" });
    await bench.update(second?.id ?? "", { owner: "mara", status: "waiting" });
    all = await bench.cases();
  });
  afterAll(() => bench?.close());
  beforeEach((context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
  });

  async function pages(scope: TenantScope, filter: CaseFilter, limit = 7): Promise<readonly CaseRow[]> {
    const found: CaseRow[] = [];
    for (let after: string | null | undefined, page = 0; after !== null; page += 1) {
      if (page > 100) throw new Error("never done");
      const { rows, next } = await findCases(bench.store, scope, filter, { after, limit });
      expect(rows.length).toBeLessThanOrEqual(limit);
      found.push(...rows);
      after = next;
    }
    return found;
  }

  const newestFirst = (rows: readonly CaseRow[]): readonly string[] => rows.toSorted((left, right) => right.last_at - left.last_at || right.seq - left.seq).map(({ id }) => id);

  describe("what is drawn", () => {
    const total = ({ points }: Volume): number => points.reduce((sum, { counts }) => sum + Object.values(counts).reduce((all, one) => all + one, 0), 0);

    it("counts each case on the day of its newest alert, by severity, under the filters of the queue", async () => {
      const volume = await caseVolume(bench.store, EVERY_TENANT, { status: "any" }, 7, NOW + HOUR);
      const today = all.filter(({ last_at: at }) => at >= Date.parse("2026-06-01T00:00:00.000Z"));

      expect(volume).toMatchObject({ wholeSince: null });
      expect(volume.points.map(({ from }) => from)).toEqual(["2026-05-26", "2026-05-27", "2026-05-28", "2026-05-29", "2026-05-30", "2026-05-31", "2026-06-01"].map((day) => `${day}T00:00:00.000Z`));
      expect(total(volume)).toBe(all.filter(({ status }) => status !== "merged").length);
      expect(volume.points.at(-1)?.counts.critical).toBe(today.filter(({ severity }) => severity === FACT_SEVERITIES.indexOf("critical")).length);
      expect(total(await caseVolume(bench.store, EVERY_TENANT, {}, 7, NOW + HOUR))).toBe(all.filter(({ open }) => open === 1).length);
      expect(total(await caseVolume(bench.store, onlyTenants(OTHER), { status: "any", severity: "high" }, 7, NOW + HOUR))).toBe(all.filter(({ tenant_id: tenant, severity }) => tenant === OTHER && severity >= FACT_SEVERITIES.indexOf("high")).length);
      expect(total(await caseVolume(bench.store, onlyTenants(), { status: "any" }, 7, NOW + HOUR))).toBe(0);
    });

    it("looks at so many of the newest cases only, and says since when all are counted", async () => {
      const volume = await caseVolume(bench.store, EVERY_TENANT, { status: "resolved" }, 7, NOW + HOUR, 5);
      const resolved = all.filter(({ open, status }) => open === 0 && status !== "merged").toSorted((left, right) => right.last_at - left.last_at || right.seq - left.seq);

      expect([total(volume), volume.wholeSince]).toEqual([5, new Date(resolved[4]?.last_at ?? 0).toISOString()]);
    });

    it("puts each technique under its tactics with the cases it was seen in, a sub-technique under its own", async () => {
      expect(await caseTechniques(bench.store, onlyTenants(TEN), { status: "any" })).toEqual({
        cases: all.filter(({ status, tenant_id: tenant }) => status !== "merged" && tenant === TEN).length,
        whole: true,
        tactics: [
          { id: "TA0005", name: "Defense Evasion", techniques: [{ id: "T1564", name: "Hide Artifacts", cases: 1 }] },
          { id: "TA0006", name: "Credential Access", techniques: [{ id: "T1003", name: "OS Credential Dumping", cases: 2 }] },
        ],
        others: [{ id: null, name: "Something of our own", cases: 1 }],
      });
      expect(await caseTechniques(bench.store, onlyTenants(OTHER), { status: "any" })).toMatchObject({ tactics: [], others: [] });
      expect(await caseTechniques(bench.store, EVERY_TENANT, { status: "any" }, 2)).toMatchObject({ cases: 2, whole: false });
    });
  });

  describe("the queue", () => {
    const severityOf = (word: (typeof FACT_SEVERITIES)[number]): number => FACT_SEVERITIES.indexOf(word);
    const questions: readonly (readonly [string, CaseFilter, (row: CaseRow) => boolean])[] = [
      ["open ones when nothing is asked for", {}, ({ open }) => open === 1],
      ["all", { status: "any" }, () => true],
      ["resolved ones", { status: "resolved" }, ({ status }) => status === "resolved"],
      ["those in progress", { status: "in-progress" }, ({ status }) => status === "in-progress"],
      ["grave ones", { severity: "high" }, ({ open, severity }) => open === 1 && severity >= severityOf("high")],
      ["a person's", { owner: "mara" }, ({ owner }) => owner === "mara"],
      ["nobody's", { owner: "none" }, ({ open, owner }) => open === 1 && owner === null],
      ["those with alerts since", { status: "any", since: NOW - 10 * HOUR }, ({ last_at: at }) => at >= NOW - 10 * HOUR],
      ["of a type", { status: "any", type: "malware" }, ({ type }) => type === "malware"],
      ["by a device", { status: "any", text: "lt-7" }, ({ title }) => title.endsWith("on LT-7")],
      ["by a letter that has a capital", { status: "any", text: "ÄPFEL" }, ({ title }) => title.endsWith("LT-3")],
      ["by a hash", { status: "any", text: "WShash12" }, ({ title }) => title.endsWith("WS-12")],
      ["by a sign that stands for itself", { status: "any", text: "alert_5%" }, ({ title }) => title.includes("alert_5%")],
      ["by an id", { status: "any", text: "cas_" }, () => true],
      ["reopened ones", { status: "reopened" }, ({ reopened, open }) => open === 1 && reopened > 0],
    ];

    it.each(questions)("%s: whole and in order, page by page, within the scope", async (_, filter, fits) => {
      const wanted = all.filter(fits);
      expect((await pages(EVERY_TENANT, filter)).map(({ id }) => id)).toEqual(newestFirst(wanted));
      for (const tenant of [TEN, OTHER]) expect((await pages(onlyTenants(tenant), filter)).map(({ id }) => id)).toEqual(newestFirst(wanted.filter((row) => row.tenant_id === tenant)));
      expect((await pages(onlyTenants(TEN, OTHER), filter)).map(({ id }) => id)).toEqual(newestFirst(wanted));
      expect(await pages(onlyTenants(), filter)).toEqual([]);
    });

    it("is given out whole and in the order in which cases were opened", async () => {
      const out: string[] = [];
      for await (const row of everyCase(bench.store, onlyTenants(TEN), { status: "any", text: "lt-" }, AbortSignal.timeout(10_000))) out.push(row.id);
      expect(out).toEqual(all.filter((row) => row.tenant_id === TEN && / on LT-/.test(row.title)).toSorted((left, right) => left.seq - right.seq).map(({ id }) => id));
    });

    it("refuses a place that no page gave", async () => {
      await expect(findCases(bench.store, EVERY_TENANT, {}, { after: "1; drop", limit: 5 })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
      await expect(membersPage(bench.store.read, 1, { after: "x", limit: 5 })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
      await expect(timelineOf(bench.store.read, "cas_1", { after: "-", limit: 5 })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    });

    it.skipIf(kind === "postgres").each([
      ["cases_tenant_open", sql`SELECT seq, last_at, status, severity, owner FROM cases WHERE tenant_id = 'x' AND open = 1 AND (last_at, seq) < (5, 5) ORDER BY last_at DESC, seq DESC LIMIT 5`],
      ["cases_open", sql`SELECT seq, last_at, tenant_id, status, severity, owner FROM cases WHERE open = 1 AND last_at >= 4 ORDER BY last_at DESC, seq DESC LIMIT 5`],
      ["cases_tenant_settled", sql`SELECT seq, last_at, status, severity FROM cases WHERE tenant_id = 'x' AND open = 0 AND last_at >= 4 ORDER BY last_at DESC, seq DESC LIMIT 5`],
      ["cases_of_tenant", sql`SELECT seq, tenant_id FROM cases WHERE tenant_id = 'x' AND seq > 5 ORDER BY seq LIMIT 5`],
      ["cases_settled", sql`SELECT seq, last_at, tenant_id, status, reopened FROM cases WHERE open = 0 AND (last_at, seq) < (5, 5) ORDER BY last_at DESC, seq DESC LIMIT 5`],
    ])("is a walk along %s", async (index, query) => {
      const { rows } = await sql<{ detail: string }>`EXPLAIN QUERY PLAN ${query}`.execute(bench.store.read);
      expect(rows.map(({ detail }) => detail).join("\n")).toContain(`COVERING INDEX ${index} `);
      expect(rows.some(({ detail }) => detail.includes("TEMP B-TREE"))).toBe(false);
    });
  });

  describe("one case", () => {
    const many = () => all.find(({ title }) => title.includes("45 devices"));

    it("shows its members gravest first, page by page, each once", async () => {
      const found: (readonly [number, number])[] = [];
      for (let after: string | null | undefined; after !== null; ) {
        const { rows, next } = await membersPage(bench.store.read, many()?.grp ?? 0, { after, limit: 8 });
        found.push(...rows.map(({ severity, at }) => [severity, at] as const));
        after = next;
      }
      expect(found).toHaveLength(45);
      expect(found).toEqual(found.toSorted(([one, first], [other, second]) => other - one || first - second));
    });

    it("says what holds it together, and where the same behaviour was seen at other times", async () => {
      const row = many();
      if (row === undefined) throw new Error("no case");
      const links = await linksOfCase(bench.store.read, row.grp);
      expect(links[0]).toEqual({ key: "storyline:many", n: 45 });
      await bench.page("threats", [threat("later", NOW + 40 * DAY, { storyline: "many" }), threat("before", NOW - 40 * DAY, { storyline: "many" })]);
      expect((await relatedTo(bench.store, row, links)).map(({ last_at: at }) => at)).toEqual([NOW + 40 * DAY, NOW - 40 * DAY]);
    });

    it("is found by its own tenant alone", async () => {
      const row = many();
      expect((await oneCase(bench.store.read, onlyTenants(TEN), row?.id ?? "")).id).toBe(row?.id);
      await expect(oneCase(bench.store.read, onlyTenants(OTHER), row?.id ?? "")).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(oneCase(bench.store.read, onlyTenants(TEN), "cas_none")).rejects.toMatchObject({ code: "NOT_FOUND" });
    });
  });
});
