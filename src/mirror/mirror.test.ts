/** The mirror's promises, run on both engines. */
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { type Bench, bench, COLUMNS, CONNECTION, type FakeCapability, fakeCapability, fakeStream, record, rejected, RUN, TENANT } from "../../test/contract/mirror-fakes.ts";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { rebuildPage, type RebuildPlace, runDue, unhealthyCapabilities } from "./capability-runs.ts";
import { createMirror } from "./create.ts";
import { diskUse } from "./disk.ts";
import type { MirrorTarget } from "./mirror.ts";
import { countParked, listParked, replayParked, showParked } from "./parked.ts";
import { prepareMirror } from "./tables.ts";

const agents = fakeStream("agents", { retentionColumn: "updated_at" });
const threats = fakeStream("threats");
const many = (count: number, prefix = "r") => Array.from({ length: count }, (_, place) => record(`${prefix}${String(place).padStart(5, "0")}`));

let server: PostgresServer | undefined;
let b: Bench;
let cases: FakeCapability;
let posture: FakeCapability;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
});

async function rows(view: string): Promise<readonly Record<string, unknown>[]> {
  return (await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(view)} ORDER BY id`.execute(b.store.read)).rows;
}
const idsOf = async (view: string) => (await rows(view)).map((row) => row["id"]);

describe.each(["sqlite", "postgres"] as const)("the mirror on %s", (kind) => {
  beforeEach(async (context: Pick<TestContext, "skip">) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    cases = fakeCapability("cases", ["agents"]);
    posture = fakeCapability("posture", ["agents", "threats"]);
    b = await bench([agents, threats], [cases, posture], kind === "postgres" ? server : undefined);
  });
  afterEach(async () => {
    await b.close();
  });

  it("tells inserted, changed and unchanged apart, and the books balance", async () => {
    await b.page(agents, [record("1"), record("2"), record("3")]);

    const outcome = await b.page(agents, [record("1"), record("2", { score: 5 }), record("4")], { rejected: [rejected("9")], repeated: 2, now: 2000 });

    expect(outcome).toEqual({ received: 6, inserted: 1, changed: 1, unchanged: 3, parked: 1 });
    expect(await idsOf("agents")).toEqual(["1", "2", "3", "4"]);
  });

  it("shows columns by their documented names, the key first", async () => {
    await b.page(agents, [record("1", { name: "host", score: 7 })], { now: 1234 });

    const [row] = await rows("agents");
    expect(Object.keys(row ?? {})).toEqual(["id", "connection_id", "tenant_id", "name", "score", "active", "updated_at", "raw", "mirrored_at", "changed_at"]);
    expect(row).toMatchObject({ id: "1", connection_id: CONNECTION, tenant_id: TENANT, name: "host", score: 7, active: 1, mirrored_at: 1234, changed_at: 1234 });
  });

  it("keeps a record's new text without calling it a change where only unmapped fields differ", async () => {
    await b.page(agents, [record("1")], { now: 1000 });
    cases.sets.length = 0;

    const outcome = await b.page(agents, [record("1", { extra: "news" })], { now: 2000 });

    expect(outcome).toMatchObject({ unchanged: 1, changed: 0 });
    expect((await rows("agents"))[0]).toMatchObject({ changed_at: 1000, raw: expect.stringContaining("news") });
    expect(cases.sets).toEqual([]);
  });

  it("never lets an older version overwrite a newer row", async () => {
    await b.page(agents, [record("1", { score: 9, version: "2026-02-02T00:00:00.000000Z" })]);

    const outcome = await b.page(agents, [record("1", { score: 1, version: "2026-02-01T00:00:00.000000Z" })]);

    expect(outcome).toMatchObject({ unchanged: 1, changed: 0 });
    expect((await rows("agents"))[0]).toMatchObject({ score: 9 });
  });

  it("counts one id twice in a page once, the newer version winning", async () => {
    const outcome = await b.page(agents, [record("1", { score: 2, version: "2026-02-02T00:00:00.000000Z" }), record("1", { score: 1 })]);

    expect(outcome).toEqual({ received: 2, inserted: 1, changed: 0, unchanged: 1, parked: 0 });
    expect((await rows("agents"))[0]).toMatchObject({ score: 2 });
  });

  it("moves the checkpoint in the page's own transaction, and not without it", async () => {
    await b.page(agents, [record("1")], { now: 1 });
    const failing = b.store.tx(async (tx) => {
      await b.mirror.applyPage(tx, { target: b.target, stream: agents, run: RUN, snapshot: null, page: { records: [record("2")], rejected: [], repeated: 0 }, checkpoint: { format: 1, body: "later" }, watermark: null, now: 2 });
      throw new Error("killed before commit");
    });

    await expect(failing).rejects.toThrow("killed before commit");
    expect(await b.mirror.readCheckpoint(CONNECTION, agents)).toEqual({ format: 1, body: '{"at":1}' });
    expect(await idsOf("agents")).toEqual(["1"]);
    expect(await b.mirror.readCheckpoint(CONNECTION, threats)).toBeNull();
  });

  it("gives the capabilities of a stream what changed, before and after", async () => {
    await b.page(agents, [record("1", { score: 1 })]);
    await b.page(agents, [record("1", { score: 2 }), record("2")], { watermark: "2026-03-01T00:00:00.000000Z" });
    await b.page(threats, [record("t")]);

    const set = cases.sets[1];
    expect(set).toMatchObject({ connection: CONNECTION, tenant: TENANT, stream: "agents", watermark: "2026-03-01T00:00:00.000000Z" });
    expect(set?.inserted).toMatchObject([{ id: "2", before: null, after: { id: "2", name: "n" } }]);
    expect(set?.changed).toMatchObject([{ id: "1", before: { score: 1 }, after: { score: 2 } }]);
    expect(cases.sets).toHaveLength(2);
    expect(posture.sets).toHaveLength(3);
  });

  it("commits the mirror although one capability fails: its part is undone and parked, the other's is kept", async () => {
    cases.failing = true;
    const outcome = await b.page(agents, [record("1"), record("2")]);

    expect(outcome).toMatchObject({ inserted: 2, parked: 0 });
    expect(await idsOf("agents")).toEqual(["1", "2"]);
    expect(await idsOf("fake_facts")).toEqual(["posture:1", "posture:2"]);
    expect(await listParked(EVERY_TENANT, b.store, { kind: "cases" })).toMatchObject([{ code: "CAPABILITY_FAILED", reason: "this capability is broken" }, {}]);
    expect(await unhealthyCapabilities(b.store)).toMatchObject([{ capability: "cases", failedAt: 1000 }]);
  });

  it("heals a capability by replay, with the rows as they stand today", async () => {
    cases.failing = true;
    await b.page(agents, [record("1", { score: 1 })]);
    await b.page(agents, [record("1", { score: 2 })]);
    const [parked] = await listParked(EVERY_TENANT, b.store);
    expect(parked).toMatchObject({ kind: "cases", key: "1", times: 2 });
    cases.failing = false;

    const replayed = await b.store.tx((tx) => replayParked(EVERY_TENANT, b.context, tx, parked?.id ?? "", async () => b.target, 3000));

    expect(replayed.applied).toBe(true);
    expect(cases.sets.flatMap((set) => [...set.inserted, ...set.changed])).toMatchObject([{ id: "1", after: { score: 2 } }]);
    expect(await countParked(EVERY_TENANT, b.store)).toBe(0);
    expect(await unhealthyCapabilities(b.store)).toEqual([]);
  });

  it("parks what cannot be read once, counts its returns, and lets go of it when the key arrives well", async () => {
    await b.page(agents, [], { rejected: [rejected("1")], now: 1000 });
    await b.page(agents, [], { rejected: [rejected("1")], now: 2000 });

    const [parked] = await listParked(EVERY_TENANT, b.store);
    expect(parked).toMatchObject({ kind: "record", stream: "agents", key: "1", code: "RECORD_INVALID", times: 2, firstAt: 1000, lastAt: 2000, codeVersion: "1.0.0" });
    expect((await showParked(EVERY_TENANT, b.store, parked?.id ?? "")).raw).toBe('{"id":"1","score":"bad"}');

    await b.page(agents, [record("1")]);
    expect(await countParked(EVERY_TENANT, b.store)).toBe(0);
  });

  it("shows parked records within the tenant scope only; another tenant's looks like none", async () => {
    await b.page(agents, [], { rejected: [rejected("1")] });
    const [parked] = await listParked(onlyTenants(TENANT), b.store);
    const other = onlyTenants("ten_other" as TenantId);

    expect(parked).toBeDefined();
    expect(await listParked(other, b.store)).toEqual([]);
    expect(await countParked(onlyTenants(), b.store)).toBe(0);
    await expect(showParked(other, b.store, parked?.id ?? "")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(b.store.tx((tx) => replayParked(other, b.context, tx, parked?.id ?? "", async () => b.target, 1))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("replays a parked record with the code of today: applied where it can be read, else parked on with its new reason", async () => {
    await b.page(agents, [], { rejected: [rejected("1", '{"id":"1","score":3,"big":9007199254740993}'), rejected("2"), rejected(null, "not json")] });

    const outcomes = [];
    for (const parked of await listParked(EVERY_TENANT, b.store)) {
      outcomes.push(await b.store.tx((tx) => replayParked(EVERY_TENANT, b.context, tx, parked.id, async () => b.target, 2)));
    }

    expect(outcomes.map(({ applied, parked }) => `${String(parked.key)} ${String(applied)}`).sort()).toEqual(["1 true", "2 false", "null false"]);
    expect(await rows("agents")).toMatchObject([{ id: "1", score: 3 }]);
    expect(await countParked(EVERY_TENANT, b.store)).toBe(2);
  });

  it("declares gone what a complete snapshot missed, tells the capabilities, and keeps the row in the history", async () => {
    await b.snapshot(agents, many(30), 1000);
    cases.sets.length = 0;

    const settled = await b.snapshot(agents, many(29), 5000);

    expect(settled).toMatchObject({ gone: 1, heldBack: 0 });
    expect(await rows("agents_history")).toMatchObject([{ id: "r00029", gone_at: 5010 }]);
    expect(cases.sets.flatMap((set) => set.gone)).toMatchObject([{ id: "r00029", before: { id: "r00029" }, after: null }]);
    expect(await b.mirror.rowCounts(CONNECTION, agents)).toEqual({ live: 29, gone: 1 });
  });

  it("takes a row that comes back as inserted, and the history forgets it", async () => {
    await b.snapshot(agents, many(3), 1000);
    await b.snapshot(agents, many(2), 5000);
    const outcome = await b.page(agents, many(3), { now: 9000 });

    expect(outcome).toMatchObject({ inserted: 1, unchanged: 2 });
    expect(await rows("agents_history")).toEqual([]);
    expect((await rows("agents"))[2]).toMatchObject({ mirrored_at: 1001, changed_at: 9000 });
  });

  it("holds back a loss of more than max(20, 10 %) until a second snapshot misses the same rows", async () => {
    await b.snapshot(agents, many(100), 1000);

    expect(await b.snapshot(agents, many(70), 5000)).toMatchObject({ gone: 0, heldBack: 30 });
    expect(await b.mirror.rowCounts(CONNECTION, agents)).toEqual({ live: 100, gone: 0 });
    expect(await b.snapshot(agents, many(71), 9000)).toMatchObject({ gone: 29, heldBack: 0 });
  });

  it("lets exactly 20 of a small estate, and 10 % of a large one, go at once", async () => {
    await b.snapshot(agents, many(40), 1000);
    expect(await b.snapshot(agents, many(20), 5000)).toMatchObject({ gone: 20, heldBack: 0 });
    await b.snapshot(threats, many(300), 1000);
    expect(await b.snapshot(threats, many(270), 5000)).toMatchObject({ gone: 30, heldBack: 0 });
    await b.snapshot(threats, many(270), 6000);
    expect(await b.snapshot(threats, many(242), 7000)).toMatchObject({ gone: 0, heldBack: 28 });
  });

  it("starts over with a held-back row that is seen in between", async () => {
    await b.snapshot(agents, many(100), 1000);
    await b.snapshot(agents, many(70), 5000);
    await b.page(agents, many(100).slice(70, 90), { now: 6000 });

    expect(await b.snapshot(agents, many(70), 9000)).toMatchObject({ gone: 10, heldBack: 20 });
  });

  it("from a snapshot whose count does not agree takes only what the one before missed too", async () => {
    await b.snapshot(agents, many(30), 1000);

    expect(await b.snapshot(agents, many(25), 5000, "uncounted")).toMatchObject({ gone: 0, heldBack: 5 });
    expect(await b.snapshot(agents, many(24), 9000, "uncounted")).toMatchObject({ gone: 5, heldBack: 1 });
  });

  it("never declares gone what was first seen, or changed, after the snapshot began, nor what it could not read", async () => {
    await b.snapshot(agents, many(10), 1000);
    const number = await b.store.tx((tx) => b.mirror.beginSnapshot(tx, CONNECTION, agents));
    await b.page(agents, many(6), { snapshot: number, now: 5001, rejected: [rejected("r00006")] });
    await b.page(agents, [record("new")], { now: 5002 });
    await b.page(agents, [record("r00007", { score: 8 })], { now: 5003 });
    await b.page(agents, [record("r00008")], { snapshot: number, now: 5004 });

    expect(await b.settle(agents, number, 5000)).toMatchObject({ gone: 1 });
    expect((await rows("agents_history")).map((row) => row["id"])).toEqual(["r00009"]);
  });

  it("counts the distinct ids a snapshot has seen, in a first read and later, rejects not among them", async () => {
    for (const start of [1000, 5000]) {
      const number = await b.store.tx((tx) => b.mirror.beginSnapshot(tx, CONNECTION, agents));
      await b.page(agents, many(3), { snapshot: number, now: start + 1 });
      await b.page(agents, many(5), { snapshot: number, now: start + 2, rejected: [rejected("bad")] });
      expect(await b.mirror.seenCount(CONNECTION, agents, number)).toBe(5);
    }
  });

  it("forgets what an unfinished snapshot had seen, and refuses pages that still belong to it", async () => {
    await b.snapshot(agents, many(10), 1000);
    const unfinished = await b.store.tx((tx) => b.mirror.beginSnapshot(tx, CONNECTION, agents));
    await b.page(agents, many(9), { snapshot: unfinished, now: 5001 });
    const next = await b.store.tx((tx) => b.mirror.beginSnapshot(tx, CONNECTION, agents));

    expect(await b.mirror.seenCount(CONNECTION, agents, next)).toBe(0);
    await expect(b.page(agents, many(1), { snapshot: unfinished })).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(b.settle(agents, unfinished, 1)).rejects.toMatchObject({ code: "INTERNAL" });
  });

  it("settles a large loss in several transactions of at most 1,000 rows", async () => {
    await b.snapshot(threats, many(2300), 1000);
    await b.snapshot(threats, many(100), 5000);

    expect(await b.snapshot(threats, many(100), 9000)).toEqual({ gone: 2200, heldBack: 0, calls: 3 });
    expect(posture.sets.filter((set) => set.gone.length > 0).map((set) => set.gone.length)).toEqual([1000, 1000, 200]);
  });

  it("keeps two connections apart: rows, snapshots and what is gone", async () => {
    const other = { ...b.target, connection: "con_b" as ConnectionId };
    await b.snapshot(agents, many(5), 1000);
    await b.page(agents, many(5), { target: other });
    await b.snapshot(agents, many(4), 5000);

    expect(await b.mirror.rowCounts(CONNECTION, agents)).toEqual({ live: 4, gone: 1 });
    expect(await b.mirror.rowCounts(other.connection, agents)).toEqual({ live: 5, gone: 0 });
  });

  it("gives each row the tenant of its site, of its agent's site, else the connection's; a change set speaks of one tenant", async () => {
    const acme = "ten_acme" as TenantId;
    const target: MirrorTarget = { ...b.target, siteTenants: new Map([["s1", acme]]) };
    await b.page(agents, [record("a1", { site: "s1" }), record("a2", { site: "s2" })], { target });
    await b.page(threats, [record("t1", { agent: "a1" }), record("t2", { agent: "a2" }), record("t3", { agent: "unknown" })], { target });

    expect((await rows("agents")).map((row) => row["tenant_id"])).toEqual([acme, TENANT]);
    expect((await rows("threats")).map((row) => row["tenant_id"])).toEqual([acme, TENANT, TENANT]);
    expect(posture.sets.map((set) => [set.tenant, set.inserted.length])).toEqual([[acme, 1], [TENANT, 1], [acme, 1], [TENANT, 2]]);
  });

  it("re-owns rows when a mapping changes, in steps; for the old tenant they are gone, for the new one inserted", async () => {
    const acme = "ten_acme" as TenantId;
    await b.page(agents, [record("a1", { site: "s1" }), record("a2", { site: "s1" }), record("a3", { site: "s2" })]);
    await b.page(threats, [record("t1", { agent: "a1" })]);
    posture.sets.length = 0;
    const mapped: MirrorTarget = { ...b.target, siteTenants: new Map([["s1", acme]]) };
    const steps = [];
    for (let moved = -1; moved !== 0; ) {
      moved = await b.store.tx((tx) => b.mirror.reassign(tx, mapped, "s1", 2));
      steps.push(moved);
    }

    expect(steps).toEqual([2, 1, 0]);
    expect((await rows("agents")).map((row) => row["tenant_id"])).toEqual([acme, acme, TENANT]);
    expect((await rows("threats")).map((row) => row["tenant_id"])).toEqual([acme]);
    expect(posture.sets.filter((set) => set.gone.length > 0).every((set) => set.tenant === TENANT)).toBe(true);
    expect(posture.sets.filter((set) => set.inserted.length > 0).every((set) => set.tenant === acme)).toBe(true);

    expect(await b.store.tx((tx) => b.mirror.reassign(tx, b.target, null, 100))).toBe(3);
    expect((await rows("threats")).map((row) => row["tenant_id"])).toEqual([TENANT]);
  });

  it("ages out by the retention column and by tombstone, a few at a time, without calling it gone", async () => {
    await b.snapshot(agents, [...many(3, "old"), record("new", { version: "2026-06-01T00:00:00.000000Z" })], 1000);
    await b.snapshot(threats, many(2), 1000);
    await b.snapshot(threats, many(1), 5000);
    cases.sets.length = 0;
    const before = "2026-03-01T00:00:00.000000Z";
    const prune = (stream: typeof agents) => b.store.tx((tx) => b.mirror.prune(tx, CONNECTION, stream, before, 2));

    expect([await prune(agents), await prune(agents), await prune(agents)]).toEqual([2, 1, 0]);
    expect([await prune(threats), await prune(threats)]).toEqual([1, 0]);
    expect(await idsOf("agents")).toEqual(["new"]);
    expect(await idsOf("threats_history")).toEqual([]);
    expect(cases.sets).toEqual([]);
  });

  it("erases everything of a removed connection, and nothing of another", async () => {
    const other = { ...b.target, connection: "con_b" as ConnectionId };
    await b.snapshot(agents, many(25), 1000);
    await b.snapshot(agents, many(24), 5000);
    await b.page(threats, many(3), { rejected: [rejected("x")] });
    await b.page(agents, many(2), { target: other });
    let deleted = 0;
    for (let step = -1; step !== 0; deleted += step) step = await b.store.tx((tx) => b.mirror.erase(tx, CONNECTION, 10));

    expect(deleted).toBe(29);
    expect(await b.mirror.readCheckpoint(CONNECTION, agents)).toBeNull();
    expect(await countParked(EVERY_TENANT, b.store)).toBe(0);
    expect((await sql`SELECT * FROM mirror_seen`.execute(b.store.read)).rows).toEqual([]);
    expect(await b.mirror.rowCounts(other.connection, agents)).toEqual({ live: 2, gone: 0 });
  });

  it("counts live rows between two times, bounds included, before and after the indexes are made", async () => {
    await b.snapshot(agents, [1, 2, 3, 4].map((day) => record(String(day), { version: `2026-01-0${String(day)}T00:00:00.000000Z` })), 1000);
    await b.snapshot(agents, [1, 2, 4].map((day) => record(String(day), { version: `2026-01-0${String(day)}T00:00:00.000000Z` })), 5000);
    const count = () => b.mirror.countBetween(CONNECTION, agents, "updated_at", "2026-01-02T00:00:00.000000Z", "2026-01-04T00:00:00.000000Z");

    expect(await count()).toBe(2);
    await b.mirror.ensureIndexes(agents);
    await b.mirror.ensureIndexes(agents);
    expect(await count()).toBe(2);
    await expect(b.mirror.countBetween(CONNECTION, agents, "raw; DROP", "a", "b")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("takes one more column from a newer version at start, and keeps the rows", async () => {
    await b.page(agents, [record("1")]);
    const wider = fakeStream("agents", { columns: [...COLUMNS, { name: "os_name", type: "text", source: "osName", indexed: false }] });
    await prepareMirror(b.store, [wider, threats]);
    await prepareMirror(b.store, [wider, threats]);
    const mirror = createMirror({ store: b.store, streams: [wider, threats], capabilities: [], codeVersion: "2" });
    const two = record("2");
    await b.store.tx((tx) => mirror.applyPage(tx, { target: b.target, stream: wider, run: RUN, snapshot: null, page: { records: [{ ...two, valuesJson: JSON.stringify([...two.values, "linux"]) }], rejected: [], repeated: 0 }, checkpoint: { format: 1, body: "" }, watermark: null, now: 1 }));

    expect((await rows("agents")).map((row) => row["os_name"])).toEqual([null, "linux"]);
  });

  it("refuses a version in which a column has moved: what is stored would mean something else", async () => {
    const moved = fakeStream("agents", { columns: COLUMNS.toReversed() });

    await expect(prepareMirror(b.store, [moved, threats])).rejects.toThrow("only be added at the end");
  });

  it("asks every capability what is due although one fails, and says nothing of the failure's content", async () => {
    cases.failing = true;

    expect(await runDue(b.store, [cases, posture], 7)).toEqual([
      { capability: "cases", next: null, failed: "Unexpected failure (TypeError)." },
      { capability: "posture", next: 5, failed: null },
    ]);
    expect(await unhealthyCapabilities(b.store)).toMatchObject([{ capability: "cases" }]);
    cases.failing = false;
    await runDue(b.store, [cases], 8);
    expect(await unhealthyCapabilities(b.store)).toEqual([]);
  });

  it("replays the live mirror for a rebuild, every row once, resuming from its place", async () => {
    await b.snapshot(agents, many(12), 1000);
    await b.snapshot(agents, many(11), 5000);
    await b.page(threats, many(4, "t"));
    posture.sets.length = 0;
    let place: RebuildPlace | null = null;
    do {
      const from: RebuildPlace | null = place;
      place = await b.store.tx((tx) => rebuildPage(b.context, tx, posture, from, 5));
    } while (place !== null);

    const replayed = posture.sets.flatMap((set) => set.inserted.map((change) => `${set.stream} ${change.id}`));
    expect(replayed).toHaveLength(15);
    expect(new Set(replayed).size).toBe(15);
  });

  it("says how full the disk budget is", async () => {
    expect(await diskUse(b.store, 1)).toMatchObject({ full: true });
    expect(await diskUse(b.store, null)).toMatchObject({ full: false, share: null });
  });

  it("refuses a stream it was made without", async () => {
    await expect(b.page(fakeStream("users"), [record("1")])).rejects.toThrow(Fault);
  });
});
