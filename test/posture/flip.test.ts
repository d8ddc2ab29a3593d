/** A device gets infected in the console, and whoever enforces access hears of it: once, signed, in order, later when it could not be heard. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { MINUTE, openWorldWithReceiver, SICK, WELL, type PostureWorld } from "./bench.ts";

let bench: PostureWorld;
beforeEach(async () => {
  bench = await openWorldWithReceiver();
});
afterEach(() => bench.close());

const outcomes = (): readonly (readonly [string, string | null, string])[] => bench.receiver.taken.map(({ body: { data } }) => [data.device.agentId, data.previous, data.outcome]);

it("a first reading tells nobody anything, and the device passes", async () => {
  expect(bench.receiver.taken).toEqual([]);
  expect(await bench.results()).toEqual([]);
  expect((await bench.ask({ serial: bench.device.serial })).score).toBe(100);
});

it("an infected device fails after one delta reading, with one line in the log and one signed webhook that says the same", async () => {
  bench.become(bench.device, SICK);
  await bench.round();

  const answer = await bench.ask({ serial: bench.device.serial });
  expect([answer.score, answer.device?.id]).toEqual([0, bench.device.id]);
  expect(answer.verdicts).toMatchObject([{ outcome: "fail", conditions: [{ input: "infected", expected: false, received: true, met: false }] }]);
  const [row, ...more] = await bench.results();
  expect(more).toEqual([]);
  expect(row).toMatchObject({ device_id: bench.device.id, device_serial: bench.device.serial, previous: "pass", outcome: "fail" });
  expect(bench.receiver.taken).toMatchObject([{ signed: true, body: { type: "posture.verdict-changed", data: { id: row?.["id"], device: { agentId: bench.device.id }, previous: "pass", outcome: "fail", conditions: [{ input: "infected", received: true }] } } }]);
});

it("is told once although it is read again, in part and whole", async () => {
  bench.become(bench.device, SICK);
  await bench.round();
  await bench.round();
  await bench.world.sync({ streams: ["agents"], full: true });
  await bench.world.hub.upkeep.once();
  await bench.world.hub.deliverer.once();

  expect([(await bench.results()).length, outcomes()]).toEqual([1, [[bench.device.id, "pass", "fail"]]]);
});

it("a receiver that is down gets every change when it is back, each once and in the order of its device, and another device's do not wait", async () => {
  bench.receiver.status = 503;
  for (const set of [SICK, WELL, SICK]) {
    bench.become(bench.device, set);
    await bench.round();
  }
  expect(bench.receiver.taken).toEqual([]);

  bench.become(bench.other, SICK);
  await bench.round();
  bench.receiver.status = 204;
  for (let times = 0; times < 10 && bench.receiver.taken.length < 4; times += 1) {
    bench.clock.advance(60 * MINUTE);
    await bench.world.hub.deliverer.once();
  }

  expect(outcomes().filter(([id]) => id === bench.device.id).map(([, previous, outcome]) => [previous, outcome])).toEqual([["pass", "fail"], ["fail", "pass"], ["pass", "fail"]]);
  expect(outcomes().filter(([id]) => id === bench.other.id)).toEqual([[bench.other.id, "pass", "fail"]]);
  expect(new Set(bench.receiver.taken.map(({ id }) => id)).size).toBe(4);
  expect(bench.receiver.taken.every(({ signed }) => signed)).toBe(true);
  expect((await bench.results()).map((row) => String(row["id"])).toSorted()).toEqual(bench.receiver.taken.map(({ body }) => body.data.id).toSorted());
});

it("a change that no rule asks about is told to nobody, and a decommissioned device that passed fails", async () => {
  bench.become(bench.device, { computerName: "renamed" });
  await bench.round();
  expect([await bench.results(), bench.receiver.taken]).toEqual([[], []]);

  bench.become(bench.device, { isDecommissioned: true });
  await bench.round();
  expect(outcomes()).toEqual([[bench.device.id, "pass", "fail"]]);
});

it("reaches the receiver within a second of the reading that brought it", async () => {
  const live = await openWorldWithReceiver({ clock: systemClock });
  try {
    live.world.hub.deliverer.start();
    live.become(live.device, SICK);
    await live.world.sync({ streams: ["agents"] });
    await expect.poll(() => live.receiver.taken.length, { timeout: 1_000, interval: 10 }).toBe(1);
  } finally {
    await live.close();
  }
});

it("answers without asking the console anything", async () => {
  bench.world.simulator.resetRequests();
  await bench.ask({ serial: bench.device.serial });
  await bench.ask({ serial: "nobody's" });

  expect(bench.world.simulator.requests().total).toBe(0);
});
