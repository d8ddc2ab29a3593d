/** That an agent is found by what it is recognised by, whatever version of ours wrote it down, and only by its own tenant. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { openMigrated } from "../../test/support/migrated.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import { migrate } from "../store/migrate.ts";
import { openSqlite } from "../store/sqlite.ts";
import { agentKeyMigrations, agentNumber, keyNumber, keysOf, sharing } from "./agent-keys.ts";
import { agent, NOW, OTHER, TEN, vulnerabilityBench } from "./test-bench.ts";
import { vulnerabilityMigrations } from "./tables.ts";

it("identifiers that an earlier version kept lead to their agents after an update, and no other tenant's do", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-agent-keys-"));
  const ids: ReadonlySet<string> = new Set(agentKeyMigrations.map(({ id }) => id));
  const before = await openMigrated(folder, { migrations: [...MIRROR_MIGRATIONS, ...vulnerabilityMigrations.filter(({ id }) => !ids.has(id))], streams: [] });
  await before.tx(async ({ db }) => {
    for (const id of ["1", "2"]) await sql`INSERT INTO vuln_agents (connection_id, id, tenant_id, asset_id, active, evidence_at, first_seen, scope, facts, assigned) VALUES ('con_1', ${id}, ${TEN}, ${`ast_${id}`}, 1, 0, 0, 'all', '{}', '')`.execute(db);
    for (const [tenant, key] of [[TEN, "x model 7"], [OTHER, "y model 7"]]) await sql`INSERT INTO vuln_agent_keys (tenant_id, kind, key, connection_id, agent_id) VALUES (${tenant}, 'serial', ${key}, 'con_1', '1')`.execute(db);
  });
  await before.close();
  const after = await openSqlite({ folder });
  await migrate(after, [...MIRROR_MIGRATIONS, ...vulnerabilityMigrations], 0);
  const found = async (tenant: string, key: string) => (await sharing("sqlite", tenant, [keyNumber(tenant, { kind: "serial", key })]).execute(after.read)).rows.map((row) => [row.id, Number(row.number) === agentNumber("con_1", row.id), keysOf(row)]);
  expect(await found(TEN, "x model 7")).toEqual([["1", true, [{ kind: "serial", key: "x model 7" }]]]);
  expect(await found(TEN, "y model 7")).toEqual([]);
  expect(await found(OTHER, "x model 7")).toEqual([]);
  await after.close();
  rmSync(folder, { recursive: true });
});

it("what an agent is no longer recognised by leads to it no more, and a heartbeat writes nothing of it", async () => {
  const bench = await vulnerabilityBench();
  const numbers = async () => (await sql<{ key: number }>`SELECT key FROM vuln_agent_numbers ORDER BY key`.execute(bench.store.read)).rows.map(({ key }) => key);
  const serial = (key: string) => keyNumber(TEN, { kind: "serial", key: `${key} model 7` });
  await bench.listing("agents", [agent("1", NOW)]);
  const before = await numbers();
  expect(before).toContain(serial("SER1X"));
  await bench.page("agents", [agent("1", NOW + 60_000, { externalIp: "203.0.113.10" })]);
  expect(await numbers()).toEqual(before);
  await bench.page("agents", [agent("1", NOW + 120_000, { serialNumber: "NEW1X" })]);
  expect([(await numbers()).includes(serial("SER1X")), (await numbers()).includes(serial("NEW1X")), (await numbers()).length]).toEqual([false, true, before.length]);
  await bench.close();
});
