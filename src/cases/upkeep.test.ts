import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { benchOn } from "../../test/support/bench-on.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { agent, caseBench, CON, HOUR, NOW, OTHER, picture, TARGET, TEN, threat, type CaseBench } from "./test-bench.ts";
import { countTenantCases, eraseConnectionCases, purgeTenantCases, tenantCases } from "./upkeep.ts";

const TABLES = ["cases", "case_members", "case_links", "case_entities", "case_events", "case_health", "case_turns", "case_since"] as const;
const SECOND = { ...TARGET, connection: "con_2" as ConnectionId, tenant: OTHER };

describe.each(["sqlite", "postgres"] as const)("on %s", (kind) => {
  let bench: CaseBench;
  benchOn(kind, (postgres) => caseBench({ postgres }), (opened) => {
    bench = opened;
  });
  beforeEach(async () => {
    for (const target of [TARGET, SECOND]) {
      await bench.firstRead("threats", []);
      await bench.page("threats", Array.from({ length: 12 }, (_, n) => threat(`t${String(n)}`, NOW + n, { hash: `h${String(n % 6)}`, device: `D${String(n)}` })), { target });
      await bench.page("threats", [threat("b", NOW, { hash: "h1", storyline: "S", device: "D9" }), threat("c", NOW, { hash: "h2", storyline: "S", device: "D9" })], { target });
      await bench.page("agents", [agent("A1", { operationalState: "fully_disabled" })], { target });
    }
    bench.now += HOUR;
    await bench.due();
    for (const { id } of await bench.cases()) await bench.update(id, { note: "seen" });
  });

  const left = async (): Promise<readonly number[]> => Promise.all(TABLES.map(async (table) => Number((await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)}`.execute(bench.store.read)).rows[0]?.n ?? 0)));

  it("a tenant that has left leaves nothing, a few rows at a time, and takes nothing of another's", async () => {
    const others = await picture(bench, OTHER);
    const counted = await countTenantCases(bench.store, TEN);
    expect(counted).toBeGreaterThan(50);
    let dropped = 0;
    for (let rows = 1; rows > 0; dropped += rows) {
      rows = await bench.store.tx((tx) => purgeTenantCases(tx, TEN, 7));
      expect(rows).toBeLessThanOrEqual(7);
    }
    expect(dropped).toBeGreaterThanOrEqual(counted - (await left()).length - 100);
    expect(await countTenantCases(bench.store, TEN)).toBe(0);
    expect(await picture(bench, OTHER)).toEqual(others);
    for (let rows = 1; rows > 0; ) rows = await bench.store.tx((tx) => purgeTenantCases(tx, OTHER, 100));
    expect((await left()).slice(0, -1)).toEqual(TABLES.slice(0, -1).map(() => 0));
  });

  it("a connection that was removed takes its records out of their cases; what a person worked on stays, closed", async () => {
    const others = await picture(bench, OTHER);
    await bench.page("threats", [threat("fresh", NOW, { device: "D77" })]);
    for (let rows = 1; rows > 0; ) rows = await bench.store.tx((tx) => eraseConnectionCases(tx, CON, 5));
    const own = (await bench.cases()).filter((row) => row.tenant_id === TEN);
    expect((await bench.members()).filter(({ connection_id: connection }) => connection === CON)).toEqual([]);
    expect(own.length).toBeGreaterThan(3);
    expect(own.filter((row) => row.open === 1 || row.first_look_at === null)).toEqual([]);
    expect(await picture(bench, OTHER)).toEqual(others);
  });

  it("a tenant that leaves is handed its cases, their members and their timelines", async () => {
    const rows: { readonly table: string; readonly tenant: unknown }[] = [];
    for await (const { table, row } of tenantCases(bench.store, TEN, AbortSignal.timeout(10_000))) rows.push({ table, tenant: row["tenant_id"] });
    expect(new Set(rows.map(({ tenant }) => tenant))).toEqual(new Set([TEN]));
    expect(rows.filter(({ table }) => table === "case_members")).toHaveLength((await bench.members()).filter((row) => row.tenant_id === TEN).length);
    expect(new Set(rows.map(({ table }) => table))).toEqual(new Set(["cases", "case_members", "case_events", "case_health"]));
  });
});
