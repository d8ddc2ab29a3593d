/** Which index answers what is asked of large tables, and when the indexes that first readings do without are made. */
import { sql, type RawBuilder } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { onlyTenants } from "../kernel/scope.ts";
import { keyNumber, sharing } from "./agent-keys.ts";
import { fixFirst } from "./answers.ts";
import { agent, NOW, risk, TEN, vulnerabilityBench, type VulnerabilityBench } from "./test-bench.ts";

let bench: VulnerabilityBench;
beforeEach(async () => {
  bench = await vulnerabilityBench();
});
afterEach(() => bench.close());

const plan = async (query: RawBuilder<unknown>) => (await sql<{ detail: string }>`EXPLAIN QUERY PLAN ${query}`.execute(bench.store.read)).rows.map((row) => row.detail).join("\n");
const indexes = async () => (await sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE type = 'index' AND name IN ('vuln_instances_finding', 'vuln_instances_class') ORDER BY name`.execute(bench.store.read)).rows.map((row) => row.name);

it("agents that share an identifier are found by the identifier, never by going through the tenant's agents", async () => {
  const text = await plan(sharing("sqlite", TEN, [keyNumber(TEN, { kind: "serial", key: "x model 7" }), keyNumber(TEN, { kind: "mac", key: "02:11:22:33:44:55" })]));
  expect(text).toMatch(/SEARCH n USING PRIMARY KEY \(key=\?\)/);
  expect(text).toMatch(/SEARCH a USING INDEX vuln_agents_number \(number=\?\)/);
  expect(text).not.toMatch(/SCAN (a|n)\b/);
});

it("findings are counted by the hundred from their index alone", async () => {
  const text = await plan(sql`SELECT finding_id, count(DISTINCT agent_id), min(due_at) FROM vuln_instances WHERE finding_id IN ('a', 'b') AND class = 'open' GROUP BY finding_id`);
  expect(text).toContain("USING COVERING INDEX vuln_instances_finding (finding_id=? AND class=?)");
});

it("a first reading of all does without the indexes that its rows are scattered in, and they are there when it is taken in; later readings keep them", async () => {
  expect(await indexes()).toHaveLength(2);
  await bench.listing("agents", [agent("1", NOW)]);
  await bench.listing("risks", [risk("1", "1", NOW), risk("2", "1", NOW, { cveId: "CVE-2026-0002" })]);
  expect(await indexes()).toEqual([]);
  expect(await fixFirst(bench.store, onlyTenants(TEN), 5, NOW)).toHaveLength(2);
  await bench.due();
  expect(await indexes()).toHaveLength(2);
  await bench.listing("risks", [risk("1", "1", NOW), risk("3", "1", NOW, { cveId: "CVE-2026-0003" })]);
  expect(await indexes()).toHaveLength(2);
});
