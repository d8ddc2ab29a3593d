import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Fact, FactSource } from "../kernel/fact.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { listDeliveries, replayDeliveries, showDelivery } from "./deliveries.ts";
import { ACCEPTED, MINE, openDeliveryBench, record, REFUSED, type DeliveryBench } from "./test-bench.ts";
import { BODIES_KEPT_MS, countTenantDeliveries, dropDelivered, purgeTenantDeliveries, RECEIPTS_KEPT_MS, tenantDeliveries, tidyDeliveries } from "./upkeep.ts";

const OTHER = "ten_other" as TenantId;
/** As a console answers: digits beyond 2^53, a fraction's zeros, line ends between its parts. */
const RAW = '{"id":"1",\n  "hash":9223372036854775807, "score":1.50,\r\n"name":"a\\nb"}';
const SENT = RAW.replace("\n", " ").replace("\r\n", " ");

let bench: DeliveryBench;
beforeEach(async () => {
  bench = await openDeliveryBench();
});
afterEach(async () => bench.close());

function about(key: string, source: Partial<FactSource> = {}, more: Partial<Fact> = {}): Partial<Fact> {
  return { kind: "alerts.new", key, body: { change: "new" }, source: { connection: "con_1" as ConnectionId, console: null, stream: "alerts", product: "EDR", severity: "high", siteId: "1", raw: RAW, ...source }, ...more };
}

async function stored(): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM outbox_records`.execute(bench.store.read);
  return rows[0]?.n ?? -1;
}

const signal = (): AbortSignal => AbortSignal.timeout(9_000);
const idOf = (place: string): string => bench.sent.find((one) => one.place === place)?.delivery.id ?? "";

it("a record is stored once for all who want it, and goes out letter for letter", async () => {
  await bench.add("a");
  await bench.add("b", undefined, MINE, { filter: { severity: "medium" } });
  await bench.add("c", undefined, MINE, { filter: { severity: "critical" } });
  await bench.queue(about("1"), about("2"));
  expect(await stored()).toBe(2);
  await bench.deliver();

  expect(bench.sent.map(({ place }) => place).toSorted()).toEqual(["a", "a", "b", "b"]);
  for (const { delivery } of bench.sent) expect(delivery.text).toContain(`"data":{"change":"new","record":${SENT}}`);
  expect((await showDelivery(EVERY_TENANT, bench.store, idOf("a"))).data).toBe(`{"change":"new","record":${SENT}}`);
});

it("a fact that was queued before stores no record again, also when its body is long gone", async () => {
  await bench.add("a");
  await bench.queue(about("1"), about("1"));
  await bench.deliver();
  bench.clock.pass(BODIES_KEPT_MS + 1);
  await tidyDeliveries(bench.store, bench.clock.now());
  expect(await stored()).toBe(0);

  await bench.queue(about("1"));
  await bench.deliver();
  expect([await stored(), bench.sent.length]).toEqual([0, 1]);

  // A destination that came later gets it, and the others not again.
  await bench.add("late");
  await bench.queue(about("1"));
  await bench.deliver();
  expect([await stored(), bench.sent.map(({ place }) => place)]).toEqual([1, ["a", "late"]]);
});

it("a record stays as long as anybody may still be sent it, and no longer", async () => {
  const slow = await bench.add("slow");
  await bench.add("quick");
  bench.answer = (_delivery, place) => (place === "slow" ? REFUSED : ACCEPTED);
  await bench.queue(about("1"));
  await bench.deliver();
  bench.clock.pass(BODIES_KEPT_MS + 1);
  await tidyDeliveries(bench.store, bench.clock.now());
  // Delivered to one and let go of; parked for the other.
  expect(await stored()).toBe(1);

  bench.answer = () => ACCEPTED;
  await replayDeliveries(EVERY_TENANT, bench.store, bench.clock, { destination: slow }, record, signal());
  await bench.deliver();
  expect(bench.sent.at(-1)?.delivery.text).toContain(SENT);
  bench.clock.pass(RECEIPTS_KEPT_MS + 1);
  await tidyDeliveries(bench.store, bench.clock.now());
  expect([await stored(), await bench.states()]).toEqual([0, {}]);
});

it("a full disk lets go of what was delivered, never of what waits or is parked", async () => {
  await bench.add("a");
  await bench.queue(about("delivered"), about("refused"));
  bench.answer = (delivery) => (delivery.key === "refused" ? REFUSED : ACCEPTED);
  await bench.deliver();
  await bench.queue(about("waits"));
  expect(await dropDelivered(bench.store, bench.clock.now())).toBe(true);
  expect(await dropDelivered(bench.store, bench.clock.now())).toBe(false);
  expect([await stored(), await bench.states()]).toEqual([2, { delivered: 1, parked: 1, queued: 1 }]);

  await bench.deliver();
  expect(bench.sent.at(-1)?.delivery.text).toContain(SENT);
});

it.each([
  ["too large", `{"fill":"${"x".repeat(4_300_000)}"}`, "DELIVERY_TOO_LARGE", /4\.3 MB.*4\.2 MB/],
  ["no JSON object", "null", "RECORD_INVALID", /no JSON object/],
])("a record that is %s is parked with the reason, can be looked at, and fails nothing else", async (_what, raw, code, reason) => {
  await bench.add("a");
  await bench.queue(about("bad", { raw }), about("good"));
  await bench.deliver();

  expect(bench.sent.map(({ delivery }) => delivery.key)).toEqual(["good"]);
  const [parked] = (await listDeliveries(EVERY_TENANT, bench.store, { state: "parked", limit: 9 })).items;
  expect(parked).toMatchObject({ key: "bad", code, reason: expect.stringMatching(reason) as string, attempts: 0 });
  const { data } = await showDelivery(EVERY_TENANT, bench.store, parked?.id ?? "");
  expect(() => void JSON.parse(data ?? "")).not.toThrow();

  // Sent again it is the same: never half of it, never anything else.
  await replayDeliveries(EVERY_TENANT, bench.store, bench.clock, { all: true }, record, signal());
  await bench.deliver();
  expect([bench.sent.length, await bench.states()]).toEqual([1, { delivered: 1, parked: 1 }]);
});

it("a record that its destination's format cannot express is parked, the destination not asked and not blamed", async () => {
  const id = await bench.add("ecs", undefined, MINE, { format: "ecs" });
  await bench.queue(about("1", { stream: "roles" }), { key: "plain" });
  bench.answer = () => ({ outcome: "again-after", afterMs: null, blame: "destination", code: "DESTINATION_UNREACHABLE", reason: "dead" });
  await bench.deliver();

  expect(bench.sent.map(({ delivery }) => delivery.key)).toEqual(["plain"]);
  expect((await listDeliveries(EVERY_TENANT, bench.store, { state: "parked", limit: 9 })).items).toMatchObject([{ key: "1", code: "DELIVERY_NOT_MAPPED" }]);
  // That one was parked does not make the dead destination well.
  expect(await bench.registry.get(EVERY_TENANT, id)).toMatchObject({ queued: 1, parked: 1, fault: { code: "DESTINATION_UNREACHABLE" } });
});

it("one destination gets the facts of several tenants where whoever added it may speak for them; each sees its own deliveries", async () => {
  await bench.add("msp", undefined, MINE, { tenants: ["ten_other"] });
  await bench.add("own");
  await bench.queue(about("1"), about("2", {}, { tenant: OTHER }), about("3", {}, { tenant: "ten_third" as TenantId }));
  await bench.deliver();

  expect(bench.sent.map(({ place, delivery }) => `${place} ${delivery.key} ${delivery.tenant}`).toSorted()).toEqual(["msp 1 ten_mine", "msp 2 ten_other", "own 1 ten_mine"]);
  expect((await listDeliveries(onlyTenants(OTHER), bench.store, { limit: 9 })).items.map((row) => row.key)).toEqual(["2"]);
  const everybody = { name: "all", kind: "fake", config: { place: "all" }, tenant: MINE, tenants: ["*"] };
  await expect(bench.registry.add(onlyTenants(MINE), everybody, signal(), record)).rejects.toMatchObject({ code: "FORBIDDEN" });
});

it("a tenant that leaves takes its records along, those at another's destination too, and leaves that destination alone", async () => {
  await bench.add("msp", undefined, MINE, { tenants: ["*"] });
  await bench.add("theirs", undefined, OTHER);
  await bench.queue(about("1"), about("2", {}, { tenant: OTHER }));
  const tables: string[] = [];
  for await (const { table } of tenantDeliveries(bench.store, OTHER, signal())) tables.push(table);
  expect(tables).toEqual(["destinations", "deliveries", "deliveries", "delivery_records"]);
  for (let left = 1; left > 0; ) left = await bench.store.tx((tx) => purgeTenantDeliveries(tx, OTHER, 1, async () => undefined, bench.clock.now()));

  expect([await countTenantDeliveries(bench.store, OTHER), await stored(), (await bench.registry.list(EVERY_TENANT)).map((one) => one.name)]).toEqual([0, 1, ["msp"]]);
});

it("is sent again by the time it was accepted or parked, under its own id, and nothing outside that time", async () => {
  const id = await bench.add("a");
  await bench.add("b");
  const begin = bench.clock.now();
  bench.answer = (delivery) => (delivery.key === "refused" ? REFUSED : ACCEPTED);
  for (const key of ["1", "2", "refused", "3"]) {
    await bench.queue(about(key));
    await bench.deliver();
    bench.clock.pass(60_000);
  }
  const before = new Set(bench.sent.map(({ delivery }) => delivery.id));
  bench.sent.length = 0;
  const replay = (wish: Parameters<typeof replayDeliveries>[3]) => replayDeliveries(EVERY_TENANT, bench.store, bench.clock, wish, record, signal());
  expect(await replay({ destination: id, since: begin + 60_000, until: begin + 120_000 })).toEqual({ replayed: 2, skipped: 0 });
  await bench.deliver();
  expect(bench.sent.map(({ place, delivery }) => `${place} ${delivery.key}`).toSorted()).toEqual(["a 2", "a refused"]);
  expect(bench.sent.every(({ delivery }) => before.has(delivery.id))).toBe(true);

  expect(await replay({ since: begin, until: begin + 60_000, state: "delivered" })).toEqual({ replayed: 3, skipped: 0 });
  expect(await replay({ until: begin - 1 })).toEqual({ replayed: 0, skipped: 0 });
  for (const wish of [{}, { state: "delivered" as const, all: true as const }, { since: 5, until: 4 }, { ids: [idOf("a")], since: 1 }]) await expect(replay(wish)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});
