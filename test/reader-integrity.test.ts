/**
 * The reader in a world that changes under it: a connection remapped or removed while it is read, another process at the same work, a clock set
 * right, a disk that fills, a store that fails, a console that hangs or refuses a part. Nothing may be stored for whom it no longer is, nothing
 * may be left unread for good, nothing may keep the hub from stopping.
 */
import { sql } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import type { RunView, StatusView } from "../src/kernel/api.ts";
import type { RunId } from "../src/kernel/ids.ts";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { Secret } from "../src/kernel/secret.ts";
import type { StreamId } from "../src/kernel/stream-ids.ts";
import type { SimulatorOptions } from "../src/simulator/index.ts";
import { STREAMS } from "../src/sentinelone/streams/index.ts";
import { dueStreams } from "../src/sync/schedule.ts";
import { readStates } from "../src/sync/stream-state.ts";
import { skippingClock, type SkippingClock } from "./support/clock.ts";
import type { Asked } from "./support/front.ts";
import { differences } from "./support/truth.ts";
import { openWorld, truthIds, type World, type WorldOptions } from "./support/world.ts";

const DAY = 86_400_000;
const TINY: SimulatorOptions = { seed: 5, agents: 60, users: 14, sites: 3, accounts: 2, alerts: 40, risks: 60, threats: 30, activities: 60 };
const record = async (): Promise<void> => {};

let world: World;
let clock: SkippingClock;
afterEach(async () => world.close());

async function open(options: WorldOptions = {}): Promise<void> {
  clock = skippingClock();
  world = await openWorld({ pageSize: 10, clock, ...options, estate: { ...TINY, ...options.estate } });
}

function of(run: RunView, stream: StreamId): RunView["streams"][number] {
  const found = run.streams.find((entry) => entry.stream === stream);
  if (found === undefined) throw new Error(`${stream} was not part of the run`);
  return found;
}

async function count(table: string, where = "1 = 1"): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)} WHERE ${sql.raw(where)}`.execute(world.hub.store.read);
  return rows[0]?.n ?? 0;
}

async function run(statement: string): Promise<void> {
  await world.hub.store.tx(async (tx) => {
    await sql.raw(statement).execute(tx.db);
  });
}

/** Lets pages of agents through until the given one, which does something first. */
function atPage(number: number, what: () => Promise<void>): { readonly instead: (asked: Asked) => Promise<undefined>; arm(): void } {
  let left = Number.POSITIVE_INFINITY;
  return {
    arm: () => {
      left = number;
    },
    instead: async (asked) => {
      if (asked.path !== "/agents" || asked.query.has("countOnly") || !asked.query.has("cursor")) return undefined;
      left -= 1;
      if (left === 0) await what();
      return undefined;
    },
  };
}

describe("what a repeated reading asks for", () => {
  const PEOPLE = ["accounts", "sites", "groups", "roles", "users", "service-users"] as const;

  it("is each page, each listing's count once, and what the token reaches at most once a listing; a count that does not agree still proves nothing", async () => {
    const asked: Asked[] = [];
    let lying = false;
    await open({
      pageSize: 200,
      async instead(one, answer) {
        asked.push(one);
        const body = lying && one.path === "/users" && !one.query.has("countOnly") ? ((await answer()) as { readonly data: readonly unknown[]; readonly pagination: object }) : undefined;
        return body === undefined ? undefined : { body: { data: body.data.slice(1), pagination: { ...body.pagination, totalItems: body.data.length - 1 } } };
      },
    });
    await world.sync({ streams: PEOPLE });
    asked.length = 0;
    const again = await world.sync({ streams: PEOPLE, full: true });
    expect(again.streams.map(({ fault, gone }) => [fault, gone])).toEqual(PEOPLE.map(() => [null, 0]));
    for (const path of ["/sites", "/groups", "/rbac/roles", "/users", "/service-users"]) expect([path, asked.filter((one) => one.path === path && one.query.has("countOnly")).length]).toEqual([path, 1]);
    expect(asked.filter(({ path }) => path === "/user").length).toBeLessThanOrEqual(PEOPLE.length);

    lying = true;
    expect(of(await world.sync({ streams: ["users"], full: true }), "users")).toMatchObject({ gone: 0, fault: { code: "SNAPSHOT_UNPROVEN" } });
    expect(await count("users")).toBe(14);
  });
});

describe("a connection that changes while it is read", () => {
  it("a site given to another tenant: what the run under way still holds goes to nobody's, and in the end all of it is the new tenant's", async () => {
    let site = "";
    let tenant = "";
    const remap = atPage(2, async () => {
      await world.hub.sites.map(EVERY_TENANT, tenant, world.connection, [site], record);
      await world.hub.upkeep.once();
    });
    await open({ instead: remap.instead, estate: { sites: 1 } });
    [site = ""] = truthIds(world.simulator, "sites");
    tenant = (await world.hub.tenants.create(EVERY_TENANT, "Customer", record)).id;
    remap.arm();
    const first = await world.sync({ streams: ["agents"] });
    await world.sync({ streams: ["agents"] });
    await world.hub.upkeep.once();

    expect(of(first, "agents").fault?.code).toBe("LEASE_LOST");
    expect(await differences(world, "agents")).toEqual([]);
    expect([...new Set((await world.rows("agents")).map((row) => row["tenant_id"]))]).toEqual([tenant]);
  });

  it("a removed one leaves nothing behind, not even by a run that was begun with what was known of it before", async () => {
    await open();
    await world.sync({ streams: ["sites", "agents"] });
    const known = await world.hub.connections.readableOne(world.connection);
    if (known === undefined) throw new Error("the connection is gone");
    await world.hub.connections.remove(EVERY_TENANT, world.connection, record);
    await world.hub.upkeep.once();
    const started = await world.hub.runner.start({ connection: known, streams: STREAMS, full: false, trigger: "request" });
    await world.hub.runner.finished(started.id as RunId);

    for (const table of ["mirror_sites", "mirror_agents", "mirror_checkpoints", "stream_state"]) expect(await count(table), table).toBe(0);
  });

  it("a new token takes over at once: the old one, refused by now, is not held against the connection", async () => {
    let rotated: Promise<unknown> = Promise.resolve();
    const rotate = atPage(2, async () => {
      rotated = world.hub.connections.rotate(EVERY_TENANT, world.connection, new Secret(world.simulator.tokens.admin), true, AbortSignal.timeout(20_000), record);
      await rotated;
      world.simulator.changeToken("viewer", { revoked: true });
    });
    await open({ instead: rotate.instead });
    rotate.arm();
    const first = await world.sync({ streams: ["agents"] });
    const second = await world.sync({ streams: ["agents"] });

    await rotated;
    expect(first.state).toBe("cancelled");
    expect(second.state).toBe("succeeded");
    expect((await world.hub.connections.readableOne(world.connection))?.credentialFault).toBe(false);
    expect(await differences(world, "agents")).toEqual([]);
  });
});

describe("another process at the same work", () => {
  it("is left to it, without beginning run after run", async () => {
    await open();
    for (const { id } of STREAMS) await world.hub.store.lease(`sync:${world.connection}:${id}`, "another", 60_000);
    for (let tick = 0; tick < 5; tick += 1) {
      await world.hub.schedule.tick();
      await Promise.all(world.hub.runner.liveOf(world.connection).map(async ({ id }) => world.hub.runner.finished(id as RunId)));
    }

    expect(await count("sync_runs")).toBe(1);
  });

  it("of a run that lasts longer than the history is long, the run stays in it", async () => {
    await open();
    const columns = "(id, connection_id, tenant_id, state, started_at, body)";
    await run(`INSERT INTO sync_runs ${columns} VALUES ('long', '${world.connection}', 't', 'running', 1, '{}')`);
    await run(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 600) INSERT INTO sync_runs ${columns} SELECT 'r' || i, '${world.connection}', 't', 'succeeded', i, '{}' FROM n`);
    await world.sync({ streams: ["users"] });

    expect(await count("sync_runs", "id = 'long'")).toBe(1);
    expect(await count("sync_runs")).toBe(501);
  });

  it("is not repeated where it has just been done", async () => {
    await open();
    await world.sync({ streams: ["users"] });
    const connection = await world.hub.connections.readableOne(world.connection);
    if (connection === undefined) throw new Error("the connection is gone");
    const started = await world.hub.runner.start({ connection, streams: STREAMS.filter(({ id }) => id === "users"), full: false, trigger: "schedule" });
    const again = (await world.hub.runner.finished(started.id as RunId)) ?? started;

    expect(of(again, "users")).toMatchObject({ phase: "skipped", requests: 0 });
  });
});

describe("old rows", () => {
  it("that are not kept are not missing: a listing with them proves itself, the first time and every time", async () => {
    await open({ env: { VEDETTE_RETENTION: "threats=30" } });
    const old = world.simulator.mutate({ stream: "threats", action: "add", count: 15, set: { "threatInfo.createdAt": "2020-01-01T00:00:00Z" } }).ids;
    const first = of(await world.sync({ streams: ["threats"] }), "threats");
    const kept = await world.ids("threats");
    const [gone] = kept;
    world.simulator.mutate({ stream: "threats", action: "remove", ids: [gone ?? ""] });
    clock.advance(60_000);
    world.simulator.advance(60_000);
    const second = of(await world.sync({ streams: ["threats"], full: true }), "threats");

    expect(kept.filter((id) => old.includes(id))).toEqual([]);
    expect(kept.length).toBeGreaterThan(0);
    expect(first.fault).toBeNull();
    expect(second).toMatchObject({ fault: null, gone: 1 });
    expect(await world.ids("threats")).toEqual(kept.slice(1));
  });

  it("that were stored before they became old are neither missing nor stored again", async () => {
    await open();
    await world.sync({ streams: ["threats"] });
    const before = (await world.ids("threats")).length;
    world = await world.reopen({ VEDETTE_RETENTION: "threats=1" });
    clock.advance(40 * DAY);
    world.simulator.advance(40 * DAY);
    for (let turn = 0; turn < 3; turn += 1) expect(of(await world.sync({ streams: ["threats"], full: true }), "threats")).toMatchObject({ gone: 0, fault: null });
    expect((await world.ids("threats")).length).toBe(before);

    await world.hub.schedule.tick();
    await world.hub.runner.stop();
    await world.sync({ streams: ["threats"], full: true });
    expect(await world.ids("threats")).toEqual([]);
  });
});

describe("a store that fails", () => {
  it("when a run begins: the next one reads all the same, and a stop does not wait for the one that never was", async () => {
    await open();
    await run("CREATE TRIGGER refuse_run BEFORE INSERT ON sync_runs BEGIN SELECT RAISE(ABORT, 'refused'); END");
    await expect(world.sync({ streams: ["users"] })).rejects.toThrow("refused");
    await run("DROP TRIGGER refuse_run");

    expect(world.hub.runner.liveOf(world.connection)).toEqual([]);
    expect(of(await world.sync({ streams: ["users"] }), "users").phase).toBe("done");
    expect(await differences(world, "users")).toEqual([]);
  });

  it("a disk budget that is reached ends a run before its next page, by name", async () => {
    await open({ env: { VEDETTE_DISK_BUDGET: "1" } });
    const ended = await world.sync({ streams: ["agents"] });

    expect(of(ended, "agents")).toMatchObject({ phase: "failed", received: 0, fault: { code: "DISK_BUDGET" } });
  });

  it("indexes that a kill after the first read left out are made by the next run", async () => {
    await open();
    await world.sync({ streams: ["activities"] });
    const indexes = async (): Promise<number> => count("sqlite_schema", "type = 'index' AND (name LIKE 'mirror_activities_by_%' OR name LIKE 'mirror_activities_of_%')");
    const made = await indexes();
    for (const name of ["mirror_activities_by_created_at", "mirror_activities_of_activity_type"]) await run(`DROP INDEX ${name}`);
    world = await world.reopen();
    await world.sync({ streams: ["activities"] });

    expect(made).toBeGreaterThan(1);
    expect(await indexes()).toBe(made);
  });
});

describe("the schedule", () => {
  it("a clock that was ahead and has been set right keeps no stream waiting, and no proof", async () => {
    await open();
    clock.advance(400 * DAY);
    await world.sync({ streams: ["threats", "alerts", "applications"] });
    clock.advance(-400 * DAY);
    const connection = await world.hub.connections.readableOne(world.connection);
    if (connection === undefined) throw new Error("the connection is gone");
    const states = await readStates(world.hub.store, world.connection);
    const due = dueStreams(connection, STREAMS, states, clock.now()).map(({ id }) => id);

    expect(due).toEqual(expect.arrayContaining(["threats", "alerts", "applications"]));
    const again = await world.sync({ streams: ["threats"] });
    expect(of(again, "threats").received).toBeGreaterThanOrEqual(truthIds(world.simulator, "threats").length);
  });

  it("a stop ends at once although the console does not answer, wherever the run is waiting", async () => {
    let silent: (asked: Asked) => boolean = () => false;
    let asked = 0;
    await open({
      instead: (request) => {
        if (!silent(request)) return undefined;
        asked += 1;
        return new Promise(() => undefined);
      },
    });
    await world.sync({ streams: ["users", "agents"] });
    silent = ({ path }) => path === "/user" || path === "/agents";
    const connection = await world.hub.connections.readableOne(world.connection);
    if (connection === undefined) throw new Error("the connection is gone");
    await world.hub.runner.start({ connection, streams: STREAMS, full: true, trigger: "request" });
    while (asked < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const since = performance.now();
    await world.hub.close();

    expect(performance.now() - since).toBeLessThan(3_000);
  });
});

describe("what proves", () => {
  it("a site the console no longer knows does not keep a listing by site from ever ending", async () => {
    let refused = "";
    await open({ instead: ({ path, query }) => (path === "/agents" && refused !== "" && (query.get("siteIds") ?? "").includes(refused) ? { status: 400, body: { errors: [{ code: 4000010 }] } } : undefined) });
    await world.sync({ streams: ["sites"] });
    [refused = ""] = truthIds(world.simulator, "sites");
    const ended = await world.sync({ streams: ["agents"] });

    expect(of(ended, "agents")).toMatchObject({ phase: "done", fault: null });
    expect(await differences(world, "agents")).toEqual([]);
  });

  it("risks, read by site, which change sites without a word: one that no part held waits for a second listing, though the count agrees", async () => {
    let parts = 0;
    const asked = new Set<string>();
    await open({
      estate: { risks: 200 },
      instead: ({ path, query }) => {
        if (path === "/application-management/risks" && query.has("siteIds")) asked.add(query.get("siteIds") ?? "");
        if (path === "/application-management/risks" && query.has("siteIds") && !query.has("cursor")) parts += 1;
        return undefined;
      },
    });
    await world.sync({ streams: ["sites"] });
    await world.sync({ streams: ["risks"] });
    const [gone = ""] = truthIds(world.simulator, "risks");
    world.simulator.mutate({ stream: "risks", action: "remove", ids: [gone] });
    clock.advance(DAY);
    world.simulator.advance(DAY);
    const first = of(await world.sync({ streams: ["risks"], full: true }), "risks");
    const second = of(await world.sync({ streams: ["risks"], full: true }), "risks");

    expect(parts).toBe(9);
    // One site for each request: the console takes no more there.
    expect([...asked].toSorted()).toEqual(truthIds(world.simulator, "sites").toSorted());
    expect(first).toMatchObject({ gone: 0, fault: null });
    expect(second).toMatchObject({ gone: 1, fault: null });
  });

  it("applications, which nobody counts: one that is missing waits for a second listing, and that is no fault", async () => {
    await open({ estate: { applications: 40 } });
    await world.sync({ streams: ["applications"] });
    const [gone = ""] = truthIds(world.simulator, "applications");
    world.simulator.mutate({ stream: "applications", action: "remove", ids: [gone] });
    clock.advance(DAY);
    const first = of(await world.sync({ streams: ["applications"] }), "applications");
    const held = await world.ids("applications");
    const second = of(await world.sync({ streams: ["applications"] }), "applications");

    expect(first).toMatchObject({ gone: 0, fault: null });
    expect(held).toContain(gone);
    expect(second).toMatchObject({ gone: 1, fault: null });
    expect(await differences(world, "applications")).toEqual([]);
  });

  it("a full reading of risks tells how many it had to add, change and close that readings of changes had missed; what merely changed since the last one is none", async () => {
    await open();
    await world.sync({ streams: ["risks"] });
    const update = (some: number, set: Readonly<Record<string, unknown>>): void => void world.simulator.mutate({ stream: "risks", action: "update", ids: truthIds(world.simulator, "risks").slice(0, some), set });
    const later = (): void => {
      clock.advance(DAY);
      world.simulator.advance(DAY);
    };
    const full = async () => of(await world.sync({ streams: ["risks"], full: true }), "risks").drift;
    later();
    update(4, { mitigationStatus: "To be patched" });
    expect(await full()).toEqual({ added: 0, changed: 0, closed: 0 });

    update(5, { mitigationStatus: "On hold" });
    update(2, { status: "Removed" });
    world.simulator.mutate({ stream: "risks", action: "add", count: 1 });
    later();
    // As if the console had not told of them in time.
    const { rows } = await sql<{ body: string }>`SELECT body FROM mirror_checkpoints WHERE stream = 'risks'`.execute(world.hub.store.read);
    const body = JSON.parse(rows[0]?.body ?? "{}") as object;
    await world.hub.store.tx((tx) => sql`UPDATE mirror_checkpoints SET body = ${JSON.stringify({ ...body, watermarks: { updated: new Date(clock.now()).toISOString().replace("Z", "000Z") } })} WHERE stream = 'risks'`.execute(tx.db));
    expect(await full()).toEqual({ added: 1, changed: 3, closed: 2 });

    const { streams } = (await world.hub.app.inject({ url: "/api/v1/status", headers: { host: "127.0.0.1", authorization: `Bearer ${world.hub.credential.reveal()}` } })).json<StatusView>();
    expect(streams.find(({ stream }) => stream === "risks")?.drift).toMatchObject({ added: 1, changed: 3, closed: 2 });
    expect(await full()).toEqual({ added: 0, changed: 0, closed: 0 });
  });
});
