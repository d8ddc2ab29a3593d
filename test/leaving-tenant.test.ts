/**
 * A tenant that leaves, on the whole hub: everything of it is handed over, nothing is deleted before its time, and then nothing of it is left in any table, whoever keeps it. What tables there are is asked of the
 * store itself, so that one that is added later is held to this too.
 */
import { sql } from "kysely";
import { expect, it } from "vitest";
import { addEntry } from "../src/cases/knowledge-store.ts";
import { putList, readHashes } from "../src/cases/triage-lists.ts";
import type { ConnectionId, RunId, TenantId } from "../src/kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../src/kernel/scope.ts";
import { Secret } from "../src/kernel/secret.ts";
import { addException, applyRules, parseRules } from "../src/posture/index.ts";
import { STREAMS } from "../src/sentinelone/streams/index.ts";
import { LOCAL_ACTOR } from "../src/server/auth.ts";
import { skippingClock } from "./support/clock.ts";
import { openWorld, type World } from "./support/world.ts";

const DAY = 86_400_000;
const record = async (): Promise<void> => {};

async function tablesOf({ hub }: World): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`.execute(hub.store.read);
  return rows.map(({ name }) => name);
}

/** Rows of each table in which one of these words stands, in whichever column. */
async function mentions(world: World, ...words: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (const table of await tablesOf(world)) {
    const { rows: columns } = await sql<{ name: string }>`SELECT name FROM pragma_table_info(${table})`.execute(world.hub.store.read);
    const any = sql.join(columns.flatMap(({ name }) => words.map((word) => sql`instr(${sql.ref(name)}, ${word}) > 0`)), sql` OR `);
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)} WHERE ${any}`.execute(world.hub.store.read);
    if (Number(rows[0]?.n) > 0) found[table] = Number(rows[0]?.n);
  }
  return found;
}

/** What is mirrored of a tenant. */
async function mirrored(world: World, tenant: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { id } of STREAMS) {
    const { rows } = await sql<{ id: string }>`SELECT id FROM ${sql.table(`mirror_${id.replaceAll("-", "_")}`)} WHERE tenant_id = ${tenant} AND gone_at IS NULL ORDER BY id`.execute(world.hub.store.read);
    found.push(...rows.map((row) => `${id} ${row.id}`));
  }
  return found;
}

async function sync({ hub }: World, id: ConnectionId): Promise<void> {
  const connection = await hub.connections.readableOne(id);
  if (connection === undefined) throw new Error("the connection is not readable");
  const run = await hub.runner.start({ connection, streams: STREAMS, full: false, trigger: "request" });
  await hub.runner.finished(run.id as RunId);
  await hub.runner.tidied();
  for (let turn = 0; turn < 4; turn += 1) await hub.upkeep.once();
}

/** A bit of everything that people make, beside what is read. */
async function work({ hub }: World, tenant: TenantId, name: string): Promise<void> {
  const scope = onlyTenants(tenant);
  const { destination } = await hub.destinations.add(scope, { name: `${name}-file`, kind: "file", config: { file: `${name}.ndjson` } }, AbortSignal.timeout(20_000), record);
  await hub.store.tx((tx) => hub.queueFact(tx, { tenant, kind: "test.fact", key: "1", version: 1, body: { of: name }, orderKey: "1" }));
  await hub.keys.create(LOCAL_ACTOR, { name: `${name}-key`, role: "viewer", tenants: [tenant] }, record);
  const ask = async (method: "POST" | "PATCH", path: string, payload: object): Promise<void> => {
    const answer = await hub.app.inject({ method, url: `/api/v1${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` }, payload });
    expect(answer.statusCode, answer.body).toBeLessThan(300);
  };
  await ask("POST", "/notifications", { name: `${name}-rule`, destination: destination.id, tenant });
  const { rows } = await sql<{ id: string }>`SELECT id FROM cases WHERE tenant_id = ${tenant} AND status <> 'merged' LIMIT 3`.execute(hub.store.read);
  expect(rows).toHaveLength(3);
  for (const { id } of rows) await ask("PATCH", `/cases/${id}`, { note: `of ${name}`, owner: "mara", verdict: "false-positive" });
  const { rows: [agent] } = await sql<{ id: string; connection_id: string }>`SELECT id, connection_id FROM agents WHERE tenant_id = ${tenant} LIMIT 1`.execute(hub.store.read);
  await hub.store.tx(async (tx) => {
    await addEntry(tx, tenant, { type: "device", indicator: `host-${name}`, folded: `host-${name}`, meaning: "context", text: name, expiresAt: null }, { by: "test", now: 1 });
    await putList(tx, { tenant, name: `${name} list`, meaning: "trusted", hashes: readHashes("0".repeat(32)), by: "test", now: 1 });
    await applyRules(tx, { scope, tenant }, parseRules([{ name: `${name}-rule`, condition: { input: "infected", value: false } }]), { replaceAll: false }, 1);
    await addException(tx, scope, { connection: (agent?.connection_id ?? "") as ConnectionId, agentId: agent?.id ?? "", rule: null, owner: "owner", reason: name, endsAt: Date.now() + DAY }, "test", Date.now());
  });
  await hub.upkeep.once();
}

/** What is handed over under another name than its table's. */
const NAMES: Readonly<Record<string, string>> = { tenants: "tenant", connections: "connection", site_tenants: "site_mapping", outbox: "deliveries", outbox_records: "delivery_records" };

/** Made again from what is handed over, or nobody's to be handed. */
const NOT_HANDED_OVER: readonly string[] = [
  // What was last told of an alert; the alert and all that was told of it are handed over.
  "alert_items",
  // Keys, to be found by.
  "case_links", "case_traits", "posture_devices", "posture_risk_signals",
  // The hub's own: who may ask it, what was done in it, when it read.
  "api_keys", "audit_log", "secrets", "sync_runs",
];

function nameOf(table: string): string {
  return NAMES[table] ?? table.replace(/^mirror_/, "");
}

it("a tenant that leaves is handed everything, loses nothing for seven days, and leaves nothing in any table after them; of others nothing is missing", async () => {
  const clock = skippingClock();
  const world = await openWorld({ clock, estate: { agents: 20, sites: 3, accounts: 1, alerts: 24, threats: 16, risks: 20, activities: 20, users: 8 } });
  try {
    const { hub, simulator } = world;
    const tenant = (await hub.tenants.create(EVERY_TENANT, "Leaver", record)).id as TenantId;
    const { connection } = await hub.connections.add(EVERY_TENANT, { url: simulator.url, token: new Secret(simulator.tokens.site), tenant, name: "own", sync: false }, AbortSignal.timeout(20_000), record);
    await sync(world, connection.id as ConnectionId);
    const { rows: [site] } = await sql<{ id: string }>`SELECT id FROM sites WHERE connection_id = ${connection.id}`.execute(hub.store.read);
    // The wide connection of another tenant reads the same site: what it reads of it is the leaver's too.
    await hub.sites.map(EVERY_TENANT, tenant, world.connection, [site?.id ?? ""], record);
    await sync(world, world.connection);
    await work(world, tenant, "leaver");
    await work(world, "ten_default" as TenantId, "stayer");
    const before = await mentions(world, tenant);
    expect(before).toMatchObject({ case_twins: expect.any(Number) as number, case_health: expect.any(Number) as number });

    const handed = new Set<string>();
    for await (const line of hub.tenants.exportLines(EVERY_TENANT, "Leaver", AbortSignal.timeout(30_000))) handed.add((JSON.parse(line) as { table: string }).table);
    expect(Object.keys(before).filter((table) => !NOT_HANDED_OVER.includes(table) && !handed.has(nameOf(table)))).toEqual([]);

    await hub.tenants.leave(EVERY_TENANT, tenant, "Leaver", record);
    clock.advance(6 * DAY);
    await hub.upkeep.once();
    const sixth = await mentions(world, tenant);
    expect(Object.entries(before).filter(([table, rows]) => (sixth[table] ?? 0) < rows)).toEqual([]);
    const others = await mirrored(world, "ten_default");
    expect(others.length).toBeGreaterThan(10);
    clock.advance(2 * DAY);
    for (let turn = 0; turn < 6; turn += 1) {
      clock.advance(DAY / 2);
      await hub.upkeep.once();
    }
    // That it was there is written down, and a key that could see nothing else sees nothing.
    expect(Object.keys(await mentions(world, tenant))).toEqual(["api_keys", "audit_log"]);
    expect(Object.keys(await mentions(world, connection.id))).toEqual(["audit_log", "vedette_leases"]);
    expect((await hub.tenants.list(EVERY_TENANT)).items.map(({ name }) => name)).toEqual(["default"]);
    expect(await mirrored(world, "ten_default")).toEqual(others);
  } finally {
    await world.close();
  }
}, 60_000);
