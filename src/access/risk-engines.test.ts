/** The same rules, lists, differences and farewells on both engines. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPostgres, type PostgresServer } from "../../test/contract/postgres-server.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { settleActors } from "./actors.ts";
import { diff } from "./diff.ts";
import { readPeople } from "./list-csv.ts";
import { putList } from "./lists.ts";
import { eraseConnectionRisks, purgeTenantRisks, tenantRisks } from "./risk-upkeep.ts";
import { listFindings, summarize, type RiskPlace } from "./risks.ts";
import { CON, daysAgo, NOW, riskBench, TEN, type RiskBench } from "./test-risk-bench.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe.each(["sqlite", "postgres"] as const)("risks and changes on %s", (kind) => {
  let bench: RiskBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await riskBench(kind === "postgres" ? server : undefined);
  }, 30_000);
  afterEach(() => bench.close());

  it("every rule finds what it looks for, page by page", async () => {
    const all = Array.from({ length: 10 }, (_, n) => `Endpoints.p${String(n)}`);
    await bench.role("r-admin", "Admin", all, true);
    await bench.role("r-near", "Ops", all.slice(0, 9));
    await bench.sites(12);
    await bench.proven("users", NOW);
    await bench.principals(
      { id: "1", source: "local", twoFaEnabled: false, lastUsed: daysAgo(100) },
      { id: "2", email: "new@orchard.test", name: "N", status: "never-signed-in", firstLogin: null, lastUsed: null },
      { id: "3", email: "mara.voss+x@orchard.test", name: "Mara V" },
      { id: "s1", kind: "service-user", token: { createdAt: daysAgo(100), expiresAt: daysAgo(-3) }, lastUsed: daysAgo(99) },
      { id: "s2", kind: "service-user", token: { createdAt: daysAgo(100), expiresAt: daysAgo(1) } },
      { id: "s3", kind: "service-user", token: { createdAt: daysAgo(10), expiresAt: null } },
    );
    await bench.bind("1", "r-admin", ["account", "a1"]);
    await bench.bind("s1", "r-admin", ["global", "t"], { principal_kind: "service-user" });
    await bench.store.tx((tx) => putList(tx, { tenant: TEN, kind: "hr", name: "hr", people: readPeople("email\nnew@orchard.test\n").people }, "x", NOW));
    const found = await bench.findings();

    expect(new Set(found.map(({ risk }) => risk)).size).toBe(14);
    const paged: string[] = [];
    for (let from: RiskPlace | null = null; ; ) {
      const page: Awaited<ReturnType<typeof listFindings>> = await listFindings({ store: bench.store, scope: EVERY_TENANT, filter: {}, now: NOW, signal: AbortSignal.timeout(30_000) }, from, 3);
      paged.push(...page.items.map(({ id }) => id));
      from = page.next;
      if (from === null) break;
    }
    expect(paged).toEqual(found.map(({ id }) => id));
    expect((await summarize({ store: bench.store, scope: EVERY_TENANT, filter: { principal: "1" }, now: NOW, signal: AbortSignal.timeout(30_000) }, 5)).worst.length).toBeGreaterThan(3);
  });

  it("takes names and addresses of any length", async () => {
    await bench.principals({ id: "1", name: `${"n".repeat(50_000)} ${"m".repeat(50_000)}`, email: `${"x".repeat(100_000)}@orchard.test` });

    expect(await bench.findings({ risks: ["several-accounts"] })).toEqual([]);
  });

  it("tells the net difference and who did it, and lets go of all of it", async () => {
    await bench.principals({ id: "ann", email: "ann@orchard.test" }, { id: "boss", name: "Boss", email: "boss@orchard.test" });
    await bench.proven("activities", NOW + 1);
    const ann = { principal_kind: "user", principal_id: "ann", role_id: "r", scope_kind: "site", scope_id: "s1", labels: '{"principal":"ann@orchard.test"}' };
    await bench.change({ subject: "binding", change: "added", ...ann });
    await bench.change({ subject: "binding", change: "added", ...ann, role_id: "r2", at: NOW - 20 });
    await bench.change({ subject: "binding", change: "removed", ...ann, role_id: "r2", at: NOW - 10 });
    await bench.activity("a1", 24, NOW - 60_000, { userId: "boss", data: { username: "ann@orchard.test" } });
    await bench.store.tx((tx) => settleActors(tx, NOW));
    const lines: unknown[] = [];
    for await (const line of diff({ store: bench.store, readings: async () => [], nameOf: async () => "emea", scope: EVERY_TENANT, connection: CON, from: NOW - 1_000, to: NOW, now: NOW, signal: AbortSignal.timeout(30_000) })) lines.push(line);

    expect(lines).toMatchObject([{ ranges: [{ basis: "moments" }] }, { change: { role: "r", by: { kind: "user", id: "boss", confidence: "high" } } }]);
    const handed: unknown[] = [];
    for await (const row of tenantRisks(bench.store, TEN, AbortSignal.timeout(30_000))) handed.push(row);
    expect(handed).toHaveLength(3);
    expect(await bench.store.tx((tx) => eraseConnectionRisks(tx, CON, 100))).toBe(3);
    expect(await bench.store.tx((tx) => eraseConnectionRisks(tx, CON, 100))).toBe(1);
    expect(await bench.store.tx((tx) => purgeTenantRisks(tx, TEN, 100))).toBe(0);
  });
});
