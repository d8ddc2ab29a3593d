/** What security signals get wrong elsewhere, of ours: one change in a message, about one device, in times that cannot be taken for others; what a receiver refuses is not sent again and again. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { MINUTE, openWorldWithReceiver, SICK, WELL, type PostureWorld } from "./bench.ts";

let bench: PostureWorld;
beforeEach(async () => {
  bench = await openWorldWithReceiver();
});
afterEach(() => bench.close());

/** Every value of a document, with the name that it has there. */
function* values(document: unknown, name = ""): Generator<readonly [name: string, value: unknown]> {
  if (typeof document !== "object" || document === null) yield [name, document];
  else for (const [key, value] of Object.entries(document)) yield* values(value, Array.isArray(document) ? name : key);
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
/** Smaller than any second of this century. */
const MOMENT = 946_684_800;

it("two devices that change at once are two messages, each of one device, stamped in seconds; in what they say no moment is a bare number", async () => {
  bench.become(bench.device, SICK);
  bench.become(bench.other, SICK);
  await bench.round();

  expect(bench.receiver.taken.map(({ body }) => `${body.type} ${body.data.device.agentId}`).toSorted()).toEqual([bench.device, bench.other].map(({ id }) => `posture.verdict-changed ${id}`).toSorted());
  expect(new Set(bench.receiver.taken.map(({ id }) => id)).size).toBe(2);
  for (const { timestamp, body } of bench.receiver.taken) {
    expect(Math.abs(Number(timestamp) - bench.clock.now() / 1000)).toBeLessThan(3600);
    const all = [...values(body)];
    expect(all.filter(([, value]) => typeof value === "number" && value >= MOMENT)).toEqual([]);
    const moments = all.filter(([, value]) => typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value));
    expect(moments.length).toBeGreaterThan(0);
    for (const [name, value] of moments) expect(value, name).toMatch(RFC3339);
  }
});

it("a change that the receiver says it cannot take (400) is not sent again, and does not hold back the next one", async () => {
  bench.receiver.status = 400;
  bench.become(bench.device, SICK);
  await bench.round();
  bench.receiver.status = 204;
  bench.become(bench.device, WELL);
  await bench.round();
  for (let times = 0; times < 3; times += 1) {
    bench.clock.advance(60 * MINUTE);
    await bench.world.hub.deliverer.once();
  }

  expect(bench.receiver.taken.map(({ body: { data } }) => [data.device.agentId, data.previous, data.outcome])).toEqual([[bench.device.id, "fail", "pass"]]);
});
