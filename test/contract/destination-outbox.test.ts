/** What the outbox and its deliverer promise, on SQLite and on a real PostgreSQL. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { listDeliveries, replayDeliveries, showDelivery } from "../../src/delivery/deliveries.ts";
import { failingFor } from "../../src/delivery/health.ts";
import { BATCH, claim, settle } from "../../src/delivery/outbox.ts";
import { ACCEPTED, failed, MINE, openDeliveryBench, record, REFUSED, type DeliveryBench } from "../../src/delivery/test-bench.ts";
import { BODIES_KEPT_MS, countTenantDeliveries, purgeTenantDeliveries, RECEIPTS_KEPT_MS, tenantDeliveries, tidyDeliveries } from "../../src/delivery/upkeep.ts";
import { throughputOf } from "../../src/delivery/throughput.ts";
import { EVERY_TENANT, onlyTenants } from "../../src/kernel/scope.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { ConnectionId, TenantId } from "../../src/kernel/ids.ts";
import { revokeLeases } from "../../src/store/lease.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";

const OTHER = "ten_other" as TenantId;

let server: PostgresServer | undefined;
let folder = "";
let bench: DeliveryBench;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
});

async function open(kind: Store["kind"], context: Pick<TestContext, "skip">): Promise<Store> {
  if (kind === "sqlite") return openSqlite({ folder });
  if (server === undefined) return context.skip("SKIPPED: no PostgreSQL on this machine");
  return openPostgres({ url: await server.database() });
}

const keys = (): readonly string[] => bench.sent.map(({ delivery }) => delivery.key);
const ids = (): readonly string[] => bench.sent.map(({ delivery }) => delivery.id);

describe.each(["sqlite", "postgres"] as const)("the outbox on %s", (kind) => {
  beforeEach(async (context) => {
    folder = mkdtempSync(join(tmpdir(), "vedette-outbox-"));
    bench = await openDeliveryBench(await open(kind, context));
  });
  afterEach(async () => {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives a fact to each destination of its tenant that wants it, and to no other", async () => {
    await bench.add("all");
    await bench.add("posture", ["posture.*"]);
    await bench.add("exact", ["test.fact"]);
    await bench.add("elsewhere", undefined, OTHER);
    await bench.queue({ kind: "test.fact" }, { kind: "posture.verdict-changed" });
    await bench.deliver();

    expect(bench.sent.map(({ place, delivery }) => `${place} ${delivery.kind}`).toSorted()).toEqual(["all posture.verdict-changed", "all test.fact", "exact test.fact", "posture posture.verdict-changed"]);
  });

  it("absorbs a fact that was queued before, sent or not, and takes a new version of it as another", async () => {
    await bench.add("a");
    await bench.queue({ key: "k" }, { key: "k" });
    await bench.queue({ key: "k" });
    await bench.deliver();
    await bench.queue({ key: "k" }, { key: "k", version: 2 });
    await bench.deliver();

    expect(bench.sent.map(({ delivery }) => `${delivery.key} ${delivery.version}`)).toEqual(["k 1", "k 2"]);
    expect(new Set(ids()).size).toBe(2);
  });

  it("sends nothing to a destination that is paused, loses nothing, and goes on in order", async () => {
    const id = await bench.add("a");
    await bench.queue({ key: "first" });
    await bench.registry.change(EVERY_TENANT, id, { paused: true }, record);
    await bench.queue({ key: "second" });
    await bench.deliver();

    expect(bench.sent).toEqual([]);
    expect(await bench.registry.get(EVERY_TENANT, id)).toMatchObject({ queued: 2, fault: null, pausedAt: new Date(bench.clock.now()).toISOString() });
    await bench.registry.change(EVERY_TENANT, id, { paused: false }, record);
    await bench.deliver();
    expect(keys()).toEqual(["first", "second"]);
    expect(await bench.registry.get(EVERY_TENANT, id)).toMatchObject({ queued: 0, pausedAt: null });
  });

  it("counts what was accepted, set aside and tried again, and how long it took, by five minutes", async () => {
    const id = await bench.add("a");
    const other = await bench.add("b", ["nothing.like-it"]);
    bench.answer = ({ key }) => (key === "bad" ? REFUSED : ACCEPTED);
    await bench.queue({ key: "one" }, { key: "two" }, { key: "bad" });
    bench.clock.pass(30_000);
    await bench.deliver();
    bench.clock.pass(10 * 60_000);
    bench.answer = () => failed("delivery");
    await bench.queue({ key: "three" });
    await bench.deliver();
    bench.answer = () => ACCEPTED;
    bench.clock.pass(60_000);
    await bench.deliver();
    const of = async (span: "3h" | "24h") => throughputOf(bench.store, [{ id, name: "a" }, { id: other, name: "b" }], span, bench.clock.now());
    const [near, far] = [await of("3h"), await of("24h")];

    expect(near.periods.length).toBe(36);
    expect(near.destinations[0]?.accepted.slice(-3)).toEqual([2, 0, 1]);
    expect(near.destinations[0]?.parked.slice(-3)).toEqual([1, 0, 0]);
    expect(near.destinations[0]?.again.slice(-3)).toEqual([0, 0, 1]);
    expect(near.destinations[0]?.lag.slice(-3)).toEqual([30, null, 60]);
    expect(far.destinations.map(({ accepted, longest }) => [accepted.at(-1), longest.at(-1)])).toEqual([[3, 60], [0, null]]);
    await bench.registry.remove(EVERY_TENANT, id, record);
    await tidyDeliveries(bench.store, bench.clock.now());
    expect((await of("24h")).destinations[0]?.accepted.at(-1)).toBe(0);
  });

  it("forgets what was queued in a transaction that was undone, and refuses what is too large", async () => {
    await bench.add("a");
    await expect(bench.queue({ key: "fine" }, { key: "large", body: { text: "x".repeat(1_100_000) } })).rejects.toMatchObject({ code: "RECORD_INVALID" });
    await bench.deliver();

    expect(bench.sent).toEqual([]);
  });

  it("keeps the order within a key, and lets no key wait for another", async () => {
    await bench.add("a");
    await bench.queue(...[1, 2, 3].flatMap((version) => ["x", "y"].map((key) => ({ key, version }))));
    let ill = true;
    bench.answer = (delivery) => (ill && delivery.key === "x" ? failed("delivery") : ACCEPTED);
    await bench.deliver();
    expect(bench.sent.map(({ delivery }) => delivery.key + delivery.version).toSorted()).toEqual(["x1", "y1", "y2", "y3"]);

    ill = false;
    await bench.queue({ key: "x", version: 4 });
    bench.clock.pass(60_000);
    await bench.deliver();

    expect(bench.sent.map(({ delivery }) => delivery.key + delivery.version).filter((one) => one.startsWith("x"))).toEqual(["x1", "x1", "x2", "x3", "x4"]);
    expect(await bench.states()).toEqual({ delivered: 7 });
  });

  it("finds what may go behind thousands that may not", async () => {
    await bench.add("a");
    await bench.queue({ key: "stuck", version: 0 });
    bench.answer = (delivery) => (delivery.key === "stuck" ? failed("delivery", 600_000) : ACCEPTED);
    await bench.deliver();
    for (let part = 0; part < 3; part += 1) await bench.queue(...Array.from({ length: 1000 }, (_, place) => ({ key: "stuck", version: 1 + part * 1000 + place })));
    await bench.queue({ key: "free" });
    bench.clock.pass(1_000);
    await bench.deliver();
    expect(keys()).toEqual(["stuck", "free"]);

    // A window further on must not overtake what was held up in an earlier one.
    bench.answer = () => ACCEPTED;
    bench.clock.pass(2_000_000);
    await bench.deliver();
    expect(bench.sent.slice(2).map(({ delivery }) => Number(delivery.version))).toEqual(Array.from({ length: 3001 }, (_, place) => place));
  });

  it.each([
    ["is taken", ACCEPTED, [100, 50, 1], ["first 1", "first 2"]],
    ["has to wait", failed("delivery"), [100, 50], ["first 1"]],
    ["is refused", REFUSED, [100, 50, 1], ["first 1", "first 2"]],
  ] as const)("makes the next batch ready while one is sent, of other keys than those under way: what follows one that %s goes when it may", async (_what, answer, batches, first) => {
    await bench.add("a");
    const others = (count: number): readonly object[] => Array.from({ length: count }, () => ({}));
    await bench.queue({ key: "first", version: 1 }, ...others(99), { key: "first", version: 2 }, ...others(50));
    bench.answer = ({ key, version }) => (key === "first" && version === "1" ? answer : ACCEPTED);
    await bench.deliver();

    expect(bench.batches).toEqual(batches);
    expect(bench.sent.filter(({ delivery }) => delivery.key === "first").map(({ delivery }) => `first ${delivery.version}`)).toEqual(first);
    expect(new Set(ids()).size).toBe(bench.sent.length);
  });

  it("does not look past what is queued for a key in a window it has left behind", async () => {
    const id = await bench.add("a");
    await bench.queue({ key: "x", version: 1 }, { key: "y", version: 1 }, { key: "x", version: 2 }, { key: "z", version: 1 });
    const whole = await claim(bench.store, id, 0, bench.clock.now(), BATCH);
    const behind = await claim(bench.store, id, whole.batch[0]?.seq ?? 0, bench.clock.now(), BATCH);
    const beyond = await claim(bench.store, id, whole.batch[3]?.seq ?? 0, bench.clock.now(), BATCH);

    expect(whole.batch.map((row) => row.key + row.version)).toEqual(["x1", "y1", "x2", "z1"]);
    expect(behind.batch.map((row) => row.key + row.version)).toEqual(["y1", "z1"]);
    expect(beyond).toEqual({ batch: [], from: 0, end: true, empty: false });
  });

  it("waits longer after each failure, never beyond the maximum, and never gives up", async () => {
    await bench.add("a");
    await bench.queue({ key: "k" });
    bench.answer = () => failed("delivery");
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await bench.deliver();
      const [row] = (await listDeliveries(EVERY_TENANT, bench.store, { limit: 1 })).items;
      waits.push(Date.parse(row?.nextAt ?? "") - bench.clock.now());
      bench.clock.pass(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([750, 1500, 3000, 6000, 12_000, 24_000, 48_000, 96_000, 192_000, 225_000, 225_000, 225_000]);
    expect(new Set(ids()).size).toBe(1);

    bench.answer = () => ACCEPTED;
    await bench.deliver();
    expect(await bench.states()).toEqual({ delivered: 1 });
  });

  it("never comes back sooner than it was asked to", async () => {
    await bench.add("a");
    await bench.queue({ key: "k" });
    bench.answer = () => failed("destination", 120_000);
    await bench.deliver();
    bench.clock.pass(119_000);
    await bench.deliver();
    expect(bench.sent).toHaveLength(1);
    bench.clock.pass(15_000);
    await bench.deliver();
    expect(bench.sent).toHaveLength(2);
  });

  it("asks a destination in trouble with one delivery at a time, and tells why it takes nothing", async () => {
    const id = await bench.add("dead");
    await bench.queue(...Array.from({ length: 50 }, () => ({})));
    bench.answer = () => failed("destination");
    for (let round = 0; round < 4; round += 1) {
      await bench.deliver();
      bench.clock.pass(300_000);
    }
    // The first batch stops at the first sign of trouble; what was under way beside it is all that went out.
    expect(bench.sent.length).toBeLessThanOrEqual(4 + 3);
    expect(await bench.registry.get(EVERY_TENANT, id)).toMatchObject({ queued: 50, fault: { code: "DESTINATION_UNREACHABLE", reason: "not now", since: new Date(bench.clock.now() - 1_200_000).toISOString() } });

    bench.answer = () => ACCEPTED;
    await bench.deliver();
    expect(await bench.registry.get(EVERY_TENANT, id)).toMatchObject({ queued: 0, fault: null, deliveredAt: new Date(bench.clock.now()).toISOString() });
  });

  it("tells of a destination that has taken nothing for a while, to those who may see it, until it takes something", async () => {
    await bench.add("dead");
    await bench.queue({});
    bench.answer = () => failed("destination");
    await bench.deliver();
    const failing = async (tenant: TenantId) => failingFor(await bench.registry.list(onlyTenants(tenant)), bench.clock.now(), 900_000);
    expect(await failing(MINE)).toEqual([]);
    bench.clock.pass(900_000);
    expect([await failing(MINE), await failing(OTHER)]).toEqual([[{ name: "dead", code: "DESTINATION_UNREACHABLE" }], []]);

    bench.answer = () => ACCEPTED;
    await bench.deliver();
    expect(await failing(MINE)).toEqual([]);
  });

  it("lets a dead or hanging destination delay no other", async () => {
    await bench.add("dead");
    await bench.add("hanging");
    await bench.add("well");
    const hang = Promise.withResolvers<typeof ACCEPTED>();
    bench.answer = (_delivery, place) => (place === "dead" ? failed("destination") : place === "hanging" ? hang.promise : ACCEPTED);
    await bench.queue({}, {}, {});
    const work = bench.deliver();
    await expect.poll(() => bench.sent.filter(({ place }) => place === "well").length).toBe(3);
    await expect.poll(async () => (await bench.states())["delivered"]).toBe(3);
    hang.resolve(ACCEPTED);
    await work;
  });

  it("parks what is refused, with the reason, lets what comes after it go, and replays it under its own id", async () => {
    const id = await bench.add("a");
    await bench.queue({ key: "k", version: 1 }, { key: "k", version: 2 });
    bench.answer = (delivery) => (delivery.version === "1" ? REFUSED : ACCEPTED);
    await bench.deliver();
    const [parked] = (await listDeliveries(EVERY_TENANT, bench.store, { state: "parked", limit: 10 })).items;
    expect(parked).toMatchObject({ version: "1", state: "parked", attempts: 1, code: "DESTINATION_REFUSED", reason: "no" });
    expect(await bench.states()).toEqual({ parked: 1, delivered: 1 });

    bench.answer = () => ACCEPTED;
    expect(await replayDeliveries(EVERY_TENANT, bench.store, bench.clock, { destination: id }, record, AbortSignal.timeout(9_000))).toEqual({ replayed: 1, skipped: 0 });
    bench.clock.pass(1_000);
    await bench.deliver();
    expect(ids()[2]).toBe(ids()[0]);
    expect(await bench.states()).toEqual({ delivered: 2 });
    expect(await showDelivery(EVERY_TENANT, bench.store, parked?.id ?? "")).toMatchObject({ replays: 1, attempts: 1, code: null });
  });

  it("replays each parked delivery once, however it ends", async () => {
    await bench.add("a");
    for (let part = 0; part < 3; part += 1) await bench.queue(...Array.from({ length: 400 }, () => ({})));
    bench.answer = () => REFUSED;
    await bench.deliver();
    const work = replayDeliveries(EVERY_TENANT, bench.store, bench.clock, { all: true }, record, AbortSignal.timeout(9_000));

    expect(await work).toEqual({ replayed: 1200, skipped: 0 });
    await expect(replayDeliveries(onlyTenants(OTHER), bench.store, bench.clock, { ids: [ids()[0] ?? ""] }, record, AbortSignal.timeout(9_000))).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await replayDeliveries(onlyTenants(OTHER), bench.store, bench.clock, { all: true }, record, AbortSignal.timeout(9_000))).toEqual({ replayed: 0, skipped: 0 });
  });

  it("sends the same deliveries again, under the same ids, when the receipt was lost", async () => {
    await bench.add("a");
    await bench.queue({ key: "x" }, { key: "y" });
    let lost = 1;
    const forgetful = {
      ...bench.store,
      read: bench.store.read,
      fencedTx: async (...args: Parameters<Store["fencedTx"]>) => {
        if (lost > 0) {
          lost -= 1;
          throw new Error("the power went off");
        }
        return bench.store.fencedTx(...args);
      },
    } as Store;
    for (let round = 0; round < 4; round += 1) {
      await bench.deliver({ store: forgetful });
      bench.clock.pass(60_000);
    }
    // Both, then both again.
    expect(ids()).toHaveLength(4);
    expect(new Set(ids()).size).toBe(2);
    expect(await bench.states()).toEqual({ delivered: 2 });
  });

  it.each([
    ["accepted it", ACCEPTED, "delivered"],
    ["could not send it", failed("delivery"), "queued"],
  ] as const)("gives one receipt per delivery: a holder that was overtaken by one that %s cannot write another", async (_what, theirs, state) => {
    await bench.add("a");
    await bench.queue({ key: "k" });
    const paused = Promise.withResolvers<typeof REFUSED>();
    bench.answer = () => paused.promise;
    const first = bench.deliver({ holder: "one" });
    await expect.poll(() => bench.sent.length).toBe(1);
    // Its lease has run out, and another process takes over.
    await bench.store.tx((tx) => revokeLeases(tx, "deliver:"));
    bench.answer = () => theirs;
    await bench.deliver({ holder: "two" });
    paused.resolve(REFUSED);
    await first;

    expect(bench.sent).toHaveLength(2);
    expect(await bench.states()).toEqual({ [state]: 1 });
  });

  it("writes no second receipt for a delivery that has one", async () => {
    const id = await bench.add("a");
    await bench.queue({}, {}, {});
    const { batch } = await claim(bench.store, id, 0, bench.clock.now(), BATCH);
    await bench.store.tx((tx) => settle(tx, id, batch, [ACCEPTED, REFUSED, ACCEPTED], bench.clock.now(), () => 0));
    await bench.store.tx((tx) => settle(tx, id, batch, [REFUSED, ACCEPTED, failed("delivery")], bench.clock.now() + 5, () => 0));

    expect((await listDeliveries(EVERY_TENANT, bench.store, { limit: 9 })).items.map((row) => [row.state, row.endedAt, row.attempts])).toEqual(["delivered", "parked", "delivered"].map((state) => [state, new Date(bench.clock.now()).toISOString(), 1]));
  });

  it("is worked on by one process at a time", async () => {
    await bench.add("a");
    await bench.queue({}, {});
    await bench.deliver({ holder: "one" });
    await bench.queue({}, {});
    await bench.deliver({ holder: "two" });
    expect(bench.sent).toHaveLength(2);
    await bench.deliver({ holder: "one" });
    expect(bench.sent).toHaveLength(4);
  });

  it("delivers 3,000 in bounded batches, each once, in order within each key", async () => {
    await bench.add("a");
    for (let part = 0; part < 3; part += 1) await bench.queue(...Array.from({ length: 1000 }, (_, place) => ({ key: `k${String(place % 250)}`, version: part * 4 + Math.floor(place / 250) })));
    await bench.deliver();

    expect(bench.sent).toHaveLength(3_000);
    expect(new Set(ids()).size).toBe(3_000);
    expect(Math.max(...bench.batches)).toBe(100);
    const last = new Map<string, number>();
    for (const { delivery } of bench.sent) {
      expect(Number(delivery.version)).toBe((last.get(delivery.key) ?? -1) + 1);
      last.set(delivery.key, Number(delivery.version));
    }
  }, 60_000);

  it("takes no more bytes at once than a batch may hold", async () => {
    await bench.add("a");
    await bench.queue(...Array.from({ length: 12 }, () => ({ body: { text: "x".repeat(1_000_000) } })));
    await bench.deliver();
    expect(bench.batches).toEqual([4, 4, 4]);
  });

  it("goes on when the clock is set back by days", async () => {
    await bench.add("a");
    await bench.queue({ key: "k" });
    bench.answer = () => failed("delivery");
    await bench.deliver();
    bench.answer = () => ACCEPTED;
    bench.clock.set(-5 * 86_400_000);
    bench.clock.pass(1_000);
    await bench.deliver();
    expect(await bench.states()).toEqual({ delivered: 1 });
  });

  it("forgets bodies, then receipts, by age; what is queued or parked stays", async () => {
    await bench.add("a");
    await bench.queue({ key: "delivered" }, { key: "refused" });
    bench.answer = (delivery) => (delivery.key === "refused" ? REFUSED : ACCEPTED);
    await bench.deliver();
    const [id] = ids();
    bench.clock.pass(BODIES_KEPT_MS + 1);
    await tidyDeliveries(bench.store, bench.clock.now());
    expect(await showDelivery(EVERY_TENANT, bench.store, id ?? "")).toMatchObject({ state: "delivered", data: null });
    expect(await replayDeliveries(EVERY_TENANT, bench.store, bench.clock, { ids: [id ?? ""] }, record, AbortSignal.timeout(9_000))).toEqual({ replayed: 0, skipped: 1 });
    await bench.queue({ key: "delivered" });
    await bench.deliver();
    expect(bench.sent).toHaveLength(2);

    bench.clock.pass(RECEIPTS_KEPT_MS);
    await tidyDeliveries(bench.store, bench.clock.now());
    expect((await listDeliveries(EVERY_TENANT, bench.store, { limit: 10 })).items.map((row) => [row.state, row.key])).toEqual([["parked", "refused"]]);
  });

  it("forgets a removed destination with all that was queued for it, and gives its name back at once", async () => {
    const id = await bench.add("a");
    await bench.queue({}, {});
    await bench.registry.remove(EVERY_TENANT, id, record);
    await bench.deliver();
    expect(bench.sent).toEqual([]);
    expect([await bench.registry.list(EVERY_TENANT), (await listDeliveries(EVERY_TENANT, bench.store, { limit: 10 })).items]).toEqual([[], []]);
    await bench.add("a");
    await tidyDeliveries(bench.store, bench.clock.now());
    bench.clock.pass(7_200_000);
    await tidyDeliveries(bench.store, bench.clock.now());
    expect(await countTenantDeliveries(bench.store, MINE)).toBe(1);
  });

  it("hands over and purges all of a tenant and nothing of another", async () => {
    await bench.add("a");
    await bench.add("b", undefined, OTHER);
    await bench.queue({}, {}, { tenant: OTHER });
    const rows: string[] = [];
    for await (const { table } of tenantDeliveries(bench.store, MINE, AbortSignal.timeout(9_000))) rows.push(table);
    expect(rows).toEqual(["destinations", "deliveries", "deliveries"]);
    const destroyed: string[] = [];
    for (let left = 1; left > 0; ) left = await bench.store.tx((tx) => purgeTenantDeliveries(tx, MINE, 1, async (_tx, destination) => void destroyed.push(destination), bench.clock.now()));

    expect([await countTenantDeliveries(bench.store, MINE), await countTenantDeliveries(bench.store, OTHER), destroyed.length]).toEqual([0, 2, 1]);
  });

  it("stores a record once, sends it exactly, sends it again by time, and lets go of it with the last who was sent it", async () => {
    await bench.add("a");
    await bench.add("b", undefined, MINE, { filter: { streams: ["alerts"], severity: "high" } });
    const about = { kind: "alerts.new", body: {}, source: { connection: "con_1" as ConnectionId, console: null, stream: "alerts" as const, product: null, severity: "high" as const, siteId: null, raw: '{"n":9223372036854775807,"x":1.50}' } };
    await bench.queue({ ...about, key: "1" }, { ...about, key: "1" }, { ...about, key: "2" });
    await bench.queue({ ...about, key: "1" });
    await bench.deliver();
    expect([await countTenantDeliveries(bench.store, MINE), bench.sent.length]).toEqual([2 + 4 + 2, 4]);
    expect(bench.sent.every(({ delivery }) => delivery.text.endsWith('"data":{"record":{"n":9223372036854775807,"x":1.50}}}'))).toBe(true);

    const since = bench.clock.now();
    expect(await replayDeliveries(EVERY_TENANT, bench.store, bench.clock, { since, until: since }, record, AbortSignal.timeout(9_000))).toEqual({ replayed: 4, skipped: 0 });
    await bench.deliver();
    bench.clock.pass(RECEIPTS_KEPT_MS + 1);
    await tidyDeliveries(bench.store, bench.clock.now());
    expect([await countTenantDeliveries(bench.store, MINE), bench.sent.length]).toEqual([2, 8]);
  });

  it("shows each tenant its own destinations and deliveries, page by page", async () => {
    const id = await bench.add("a");
    await bench.add("b", undefined, OTHER);
    await bench.queue({ key: "1" }, { key: "2" }, { key: "3" }, { tenant: OTHER, key: "theirs" });
    const first = await listDeliveries(onlyTenants(MINE), bench.store, { limit: 2 });
    const second = await listDeliveries(onlyTenants(MINE), bench.store, { limit: 2, ...(first.next === null ? {} : { after: first.next }) });

    expect([...first.items, ...second.items].map((row) => row.key)).toEqual(["3", "2", "1"]);
    expect(second.next).toBeNull();
    expect((await bench.registry.list(onlyTenants(MINE))).map((one) => one.name)).toEqual(["a"]);
    await expect(bench.registry.get(onlyTenants(OTHER), id)).rejects.toBeInstanceOf(Fault);
    await expect(listDeliveries(onlyTenants(MINE), bench.store, { limit: 2, after: "1; drop" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect((await listDeliveries(onlyTenants(), bench.store, { limit: 2 })).items).toEqual([]);
  });
});
