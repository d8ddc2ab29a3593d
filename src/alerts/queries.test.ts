/** Lists are whole, in order and within their scope, page by page; each page is answered from an index, however many alerts there are. */
import { sql, type CompiledQuery } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { EVERY_TENANT, onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { Database } from "../store/store.ts";
import { createMirror } from "../mirror/create.ts";
import { activities } from "../sentinelone/streams/activities.ts";
import type { Volume } from "../kernel/plot-api.ts";
import { alertVolume } from "./plots.ts";
import { findItems, findLog, findVersions, historyOf, sitesNamed, type ItemFilter } from "./queries.ts";
import { activity, alert, alertBench, type AlertBench, CON, DAY, HOUR, MINUTE, NOW, OTHER, stamp, TEN } from "./test-bench.ts";
import { countTenantAlerts, eraseConnectionAlerts, purgeTenantAlerts, tenantAlerts } from "./upkeep.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 120_000);
afterAll(() => server?.stop());

const ROWS = 13_000;

/** As many alerts as a page never looks through at once, a minute apart; each tenth the other tenant's, one in 5,000 critical, one gone. */
async function fill(db: Database, kind: "sqlite" | "postgres"): Promise<void> {
  const series = kind === "sqlite" ? sql`(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ROWS}) SELECT n FROM s)` : sql`(SELECT generate_series(1, ${ROWS}) AS n)`;
  await sql`
    INSERT INTO alert_items (connection_id, stream, id, tenant_id, at, severity, status, verdict, product, site_id, gone_at, updated_at, state, version, number, read_at, facts, search)
    SELECT ${CON}, 'alerts', 'a' || n, CASE WHEN n % 10 = 0 THEN ${OTHER} ELSE ${TEN} END, ${sql.lit(NOW)} - n * ${sql.lit(MINUTE)}, CASE WHEN n % 5000 = 1 THEN 5 ELSE 3 END, CASE WHEN n % 3 = 0 THEN 'new' ELSE 'resolved' END, 'undefined',
      CASE WHEN n % 4 = 0 THEN 'Identity' ELSE 'EDR' END, '11', CASE WHEN n = 7 THEN 1 END, NULL, '[]', 'v' || n, 1, 1, '{"siteName":"Lyon"}', 'a' || n || ' some 100% device' FROM ${series} AS numbers`.execute(db);
}

/** What was asked of the engine, beside its answers. */
function listening(db: Database): { readonly db: Database; readonly asked: CompiledQuery[] } {
  const executor = db.getExecutor();
  const asked: CompiledQuery[] = [];
  const heard: Pick<typeof executor, "transformQuery" | "compileQuery" | "executeQuery"> = {
    transformQuery: (node, id) => executor.transformQuery(node, id),
    compileQuery: (node, id) => executor.compileQuery(node, id),
    executeQuery<R>(query: CompiledQuery<R>) {
      asked.push(query);
      return executor.executeQuery(query);
    },
  };
  return { db: { getExecutor: () => heard } as unknown as Database, asked };
}

async function planOf(db: Database, { sql: text, parameters, ...query }: CompiledQuery): Promise<string> {
  const answer = await db.getExecutor().executeQuery({ ...query, sql: `EXPLAIN QUERY PLAN ${text}`, parameters });
  return (answer.rows as readonly { readonly detail: string }[]).map(({ detail }) => detail).join("\n");
}

describe.each(["sqlite", "postgres"] as const)("lists on %s", (kind) => {
  let bench: AlertBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await alertBench(kind === "postgres" ? server : undefined);
  }, 60_000);
  afterEach(() => bench.close());

  it("counts alerts by the day and severity they were detected with, and says since when it is all of them", async () => {
    await bench.store.tx(({ db }) => fill(db, kind));
    const sum = ({ points }: Volume): number => points.reduce((total, { counts }) => total + Object.values(counts).reduce((all, one) => all + one, 0), 0);
    const volume = await alertVolume(bench.store, EVERY_TENANT, {}, 30, NOW);

    expect([sum(volume), volume.wholeSince, volume.points.length]).toEqual([ROWS - 1, null, 30]);
    expect(volume.points.reduce((total, { counts }) => total + counts.critical, 0)).toBe(3);
    expect(sum(await alertVolume(bench.store, onlyTenants(OTHER), { product: "identity" }, 30, NOW))).toBe(ROWS / 20);
    expect(sum(await alertVolume(bench.store, onlyTenants(), {}, 30, NOW))).toBe(0);
    const [fewer, since] = await alertVolume(bench.store, EVERY_TENANT, {}, 30, NOW, 500).then((few) => [sum(few), few.wholeSince]);
    expect([fewer, since]).toEqual([499, new Date(NOW - 500 * MINUTE).toISOString()]);
  });

  async function all(scope: TenantScope, filter: Omit<ItemFilter, "limit" | "after">, limit = 1000): Promise<{ readonly ids: readonly string[]; readonly pages: number }> {
    const ids: string[] = [];
    let pages = 0;
    for (let after: string | null | undefined; after !== null; pages += 1) {
      const { rows, next } = await findItems(bench.store, scope, { ...filter, limit, after });
      ids.push(...rows.map(({ id }) => id));
      if (pages > 200) throw new Error("never done");
      after = next;
    }
    return { ids, pages };
  }

  it("every page goes on where the one before ended, few or many fitting, and what is gone or another tenant's is in none", async () => {
    await bench.store.tx((tx) => fill(tx.db, kind));
    const numbers = Array.from({ length: ROWS }, (_, place) => place + 1).filter((n) => n !== 7);
    const ids = (fits: (n: number) => boolean) => numbers.filter(fits).map((n) => `a${String(n)}`);

    expect((await all(EVERY_TENANT, {})).ids).toEqual(ids(() => true));
    const rare = await all(EVERY_TENANT, { severity: "critical" }, 2);
    expect(rare.ids).toEqual(ids((n) => n % 5000 === 1));
    expect(rare.pages).toBeLessThan(6);
    expect((await all(onlyTenants(OTHER), { status: "new", product: "identity" })).ids).toEqual(ids((n) => n % 60 === 0));
    expect((await all(onlyTenants(OTHER, TEN), { verdict: "true-positive" })).ids).toEqual([]);
    expect((await all(onlyTenants(), {})).ids).toEqual([]);
    expect((await all(EVERY_TENANT, { text: "A12345 SOME 100% " })).ids).toEqual(["a12345"]);
    expect((await all(EVERY_TENANT, { text: "a1_345" })).ids).toEqual([]);
    expect((await all(EVERY_TENANT, { since: NOW - 10 * MINUTE, until: NOW - 4 * MINUTE })).ids).toEqual(["a5", "a6", "a8", "a9", "a10"]);
    expect((await all(EVERY_TENANT, { sites: ["12"], connection: CON })).ids).toEqual([]);
  }, 60_000);

  it("a place that was never given is refused", async () => {
    for (const after of ["x", "1", "1.2.3", "1;drop"]) await expect(findItems(bench.store, EVERY_TENANT, { limit: 1, after })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(findLog(bench.store, EVERY_TENANT, { limit: 1, after: "2026" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("the console's log comes newest first, page by page, from the mirror", async () => {
    const entries = Array.from({ length: 4_100 }, (_, place) => activity(String(10_000 + place), NOW - Math.floor(place / 3) * MINUTE, { siteId: place % 2 === 0 ? "11" : "12" }));
    await bench.page("activities", entries);
    const ids: string[] = [];
    let after: string | null | undefined;
    while (after !== null) {
      const page = await findLog(bench.store, EVERY_TENANT, { limit: 900, after, sites: ["12"] });
      ids.push(...page.rows.map(({ id }) => id));
      after = page.next;
    }
    const wanted = entries.filter(({ siteId }) => siteId === "12");
    expect(ids.toSorted()).toEqual(wanted.map(({ id }) => String(id)).toSorted());
    const times = new Map(wanted.map((entry) => [String(entry["id"]), String(entry["createdAt"])]));
    expect(ids.every((id, place) => place === 0 || String(times.get(ids[place - 1] ?? "")) >= String(times.get(id)))).toBe(true);
    expect((await findLog(bench.store, EVERY_TENANT, { limit: 5, text: "LOGGED IN (10007)" })).rows.map(({ id }) => id)).toEqual(["10007"]);
    expect((await findLog(bench.store, onlyTenants(OTHER), { limit: 5 })).rows).toEqual([]);
  });

  it("versions are followed from any place, each once, and history is an alert's own", async () => {
    await bench.page("alerts", [alert("a1", NOW), alert("a2", NOW)]);
    const first = await findVersions(bench.store, EVERY_TENANT, { limit: 1 });
    expect([first.rows.map(({ alert_id: id }) => id), first.more]).toEqual([["a2"], false]);
    for (const status of ["IN_PROGRESS", "RESOLVED", "NEW"]) await bench.page("alerts", [alert("a1", NOW, { status, updatedAt: stamp((bench.now += MINUTE)) })]);
    const seen: string[] = [];
    let { next } = first;
    for (let more = true; more; ) {
      const answer = await findVersions(bench.store, EVERY_TENANT, { after: next, limit: 1 });
      seen.push(...answer.rows.map(({ kind: what }) => what));
      ({ next, more } = answer);
    }
    expect(seen).toEqual(["updated", "updated", "reopened"]);
    expect(await findVersions(bench.store, EVERY_TENANT, { after: next, limit: 5 })).toEqual({ rows: [], next, more: false });
    expect((await findVersions(bench.store, EVERY_TENANT, { limit: 9, kind: "reopened" })).rows).toHaveLength(1);
    expect((await findVersions(bench.store, onlyTenants(OTHER), { after: 0, limit: 9 })).rows).toEqual([]);
    // A store put back to an earlier day has not come so far yet.
    expect((await findVersions(bench.store, EVERY_TENANT, { after: next + 1000, limit: 5 })).next).toBe(next);

    const of = { connection_id: CON, stream: "alerts", id: "a1", tenant_id: TEN };
    const { rows, next: older } = await historyOf(bench.store, of, { limit: 3 });
    expect(rows.map(({ number }) => number)).toEqual([4, 3, 2]);
    expect((await historyOf(bench.store, of, { limit: 3, after: older ?? "" })).rows.map(({ number }) => number)).toEqual([1]);
  });

  it("a site is meant by id or name, and those of others are not found by name", async () => {
    await bench.page("sites", [{ id: "11", name: "Lyon Depot" }, { id: "12", name: "Elsewhere" }]);
    expect([await sitesNamed(bench.store, EVERY_TENANT, "lyon depot"), await sitesNamed(bench.store, onlyTenants(OTHER), "Lyon Depot"), await sitesNamed(bench.store, EVERY_TENANT, "12")]).toEqual([["lyon depot", "11"], ["Lyon Depot"], ["12"]]);
  });

  it("a tenant's history is handed over whole, and a tenant or a connection is let go of whole", async () => {
    const target = { connection: CON, tenant: OTHER, siteTenants: new Map() };
    await bench.page("alerts", Array.from({ length: 700 }, (_, place) => alert(`a${String(place)}`, NOW)));
    await bench.page("alerts", [alert("b1", NOW)], { target });
    const rows: number[] = [];
    for await (const { row } of tenantAlerts(bench.store, TEN, AbortSignal.timeout(20_000))) rows.push(Number(row["seq"]));
    expect([rows.length, new Set(rows).size, await countTenantAlerts(bench.store, TEN), await countTenantAlerts(bench.store, OTHER)]).toEqual([700, 700, 1400, 2]);
    for (let left = 1; left > 0; ) left = await bench.store.tx((tx) => purgeTenantAlerts(tx, TEN, 500));
    expect([await countTenantAlerts(bench.store, TEN), await countTenantAlerts(bench.store, OTHER)]).toEqual([0, 2]);
    for (let left = 1; left > 0; ) left = await bench.store.tx((tx) => eraseConnectionAlerts(tx, CON, 500));
    expect(await countTenantAlerts(bench.store, OTHER)).toBe(0);
  });
});

describe("the engine's plan of a page", () => {
  it("is a walk along an index for every question there is, never a sort of the table", async () => {
    const bench = await alertBench();
    try {
      await bench.firstRead("activities", [activity("1", NOW)]);
      await createMirror({ store: bench.store, streams: [activities], capabilities: [], codeVersion: "1" }).ensureIndexes(activities);
      const { db, asked } = listening(bench.store.read);
      const reads = { read: db, kind: "sqlite" } as const;
      for (const scope of [EVERY_TENANT, onlyTenants(TEN), onlyTenants(TEN, OTHER)]) {
        for (const filter of [{}, { severity: "high", status: "new", product: "EDR", verdict: "undefined", sites: ["11"], stream: "alerts" }, { since: NOW - DAY, until: NOW, after: `${String(NOW - HOUR)}.5` }, { text: "x", connection: CON }] as const) await findItems(reads, scope, { ...filter, limit: 10 });
        await findVersions(reads, scope, { limit: 10 });
        await findVersions(reads, scope, { limit: 10, after: 3, status: "new" });
      }
      await findLog(reads, EVERY_TENANT, { limit: 10, since: NOW - DAY, after: "2026-06-01T11:00:00.000000Z con_1 5" });
      await historyOf(reads, { connection_id: CON, stream: "alerts", id: "a1", tenant_id: TEN }, { limit: 10 });

      expect(asked.length).toBeGreaterThan(30);
      for (const query of asked) {
        const plan = await planOf(bench.store.read, query);
        const walks = plan.split("\n").filter((line) => /\b(alert_items|alert_versions|mirror_activities)\b/.test(line));
        expect(walks.length, query.sql).toBeGreaterThan(0);
        // By the order of an index or of the table's own key: never all of it.
        for (const line of walks) expect(line, `${query.sql}\n${plan}`).toMatch(/USING (COVERING )?INDEX|USING INTEGER PRIMARY KEY|^SCAN alert_versions$/);
        if (query.sql.includes("FROM alert_items WHERE") && !query.sql.includes("SELECT * FROM alert_items") && !query.sql.includes("search")) expect(walks.every((line) => line.includes("COVERING INDEX")), `${query.sql}\n${plan}`).toBe(true);
        if (!query.sql.includes("activities") && !query.sql.includes("alert_id =") && !query.sql.includes("seq IN") && !query.sql.includes("fitting AS")) expect(plan, query.sql).not.toContain("TEMP B-TREE");
      }
    } finally {
      await bench.close();
    }
  });
});
