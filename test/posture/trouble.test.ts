/** What cannot be proven is not passed on as healthy: verdicts age with their evidence, say so, and come back when it does. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MINUTE, openWorldWithReceiver, SICK, type PostureWorld } from "./bench.ts";

let bench: PostureWorld;
beforeEach(async () => {
  bench = await openWorldWithReceiver();
});
afterEach(() => bench.close());

const told = (): readonly (readonly [string | null, string, string])[] => bench.receiver.taken.filter(({ body }) => body.data.device.agentId === bench.device.id).map(({ body: { data } }) => [data.previous, data.outcome, data.reason]);

/** Longer than twice the polling interval, read every few minutes meanwhile as the schedule would. */
async function wait(): Promise<readonly string[]> {
  const ends: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    bench.clock.advance(4 * MINUTE);
    ends.push(await bench.round());
  }
  return ends;
}

const AGENTS = { path: "/agents" } as const;

const TROUBLES: readonly (readonly [string, () => void, () => void])[] = [
  ["the console is down", () => bench.faults({ path: "*", fault: { kind: "status", status: 503 } }), () => bench.faults()],
  ["the token has expired", () => bench.world.simulator.changeToken("viewer", { expiresInMs: -1000 }), () => bench.world.simulator.changeToken("viewer", { expiresInMs: 3_600_000_000 })],
  ["pages of agents come cut off", () => bench.faults({ ...AGENTS, fault: { kind: "cut" } }), () => bench.faults()],
  ["pages of agents come without their records", () => bench.faults({ ...AGENTS, fault: { kind: "missing-data" } }), () => bench.faults()],
];

describe.each(TROUBLES)("while %s", (_what, begin, end) => {
  it("a device that was healthy is unknown once its evidence is old, is told so once, and is judged by what it has become when it is read again", async () => {
    const before = await bench.ask({ serial: bench.device.serial });
    begin();
    bench.become(bench.device, SICK);
    const ends = await wait();

    expect(ends, "no reading may succeed").not.toContain("succeeded");
    const meanwhile = await bench.ask({ serial: bench.device.serial });
    expect(meanwhile.evidenceAt).toBe(before.evidenceAt);
    expect(meanwhile.evidenceAgeMs).toBeGreaterThan(10 * MINUTE);
    expect([meanwhile.score, meanwhile.verdicts.map(({ outcome, reason }) => [outcome, reason])]).toEqual([0, [["unknown", "stale-evidence"]]]);
    expect(told()).toEqual([["pass", "unknown", "stale-evidence"]]);

    end();
    bench.clock.advance(4 * MINUTE);
    for (let round = 0; round < 3; round += 1) await bench.round();
    expect((await bench.ask({ serial: bench.device.serial })).verdicts).toMatchObject([{ outcome: "fail", reason: "conditions" }]);
    expect(told()).toEqual([["pass", "unknown", "stale-evidence"], ["unknown", "fail", "conditions"]]);
  });
});

it("evidence that runs out while nothing is asked of the console turns unknown by itself, and no verdict is older than its answer says", async () => {
  bench.clock.advance(11 * MINUTE);
  const answer = await bench.ask({ serial: bench.device.serial });
  expect(answer.verdicts).toMatchObject([{ outcome: "unknown", reason: "stale-evidence" }]);
  expect(answer.evidenceAgeMs).toBeGreaterThanOrEqual(11 * MINUTE);

  await bench.world.hub.upkeep.once();
  await bench.world.hub.deliverer.once();
  expect(told()).toEqual([["pass", "unknown", "stale-evidence"]]);
});

it("an agent's heartbeat does not make old evidence fresh", async () => {
  bench.become(bench.device, { lastActiveDate: new Date(bench.clock.now() + 3_600_000).toISOString() });
  await bench.round();
  bench.clock.advance(11 * MINUTE);

  expect((await bench.ask({ serial: bench.device.serial })).verdicts).toMatchObject([{ outcome: "unknown", reason: "stale-evidence" }]);
});
