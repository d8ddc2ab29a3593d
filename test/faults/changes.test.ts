/**
 * Faults met by the short readings of what changed, where no full reading stands behind them for a day: whatever they keep from the mirror
 * is there within that day, and the mirror holds nothing else meanwhile.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FaultCode } from "../../src/kernel/fault.ts";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import type { Fault } from "../../src/simulator/index.ts";
import { DAY, FaultBench, HOUR, MINUTE } from "./bench.ts";

const PATHS = { threats: "/threats", activities: "/activities", alerts: "graphql" } as const satisfies Partial<Record<StreamId, string>>;
const STREAMS = ["threats", "activities", "alerts"] as const;

interface Lasting {
  readonly fault: Fault;
  /** Code on the stream; null where nothing in the console's answers contradicts itself. */
  readonly code: FaultCode | null;
}

const LASTING: readonly Lasting[] = [
  { fault: { kind: "empty-page" }, code: "CHANGES_INCOMPLETE" },
  { fault: { kind: "lose-rows", fraction: 0.5 }, code: "CHANGES_INCOMPLETE" },
  { fault: { kind: "move-rows", rows: 2 }, code: null },
  { fault: { kind: "withhold", fraction: 0.5 }, code: null },
  { fault: { kind: "late" }, code: null },
  { fault: { kind: "null-field", field: "updatedAt" }, code: null },
  { fault: { kind: "expire-cursor" }, code: "S1_CURSOR_REFUSED" },
];
/** A threat's own time lies one step down. */
const NULL_OF: Readonly<Partial<Record<StreamId, Fault>>> = { threats: { kind: "null-field", field: "threatInfo.updatedAt" } };
const EVENTS: readonly Fault[] = [
  { kind: "clock-jump", ms: -2 * HOUR },
  { kind: "clock-jump", ms: 2 * HOUR },
  { kind: "equal-times", rows: 17 },
];

let bench: FaultBench;
beforeAll(async () => {
  bench = await FaultBench.open(STREAMS);
});
afterEach(() => {
  bench.faults();
});
afterAll(async () => bench.world.close());

/** Activities are written once and stay. */
function news(stream: StreamId): void {
  const { simulator } = bench.world;
  simulator.mutate({ stream, action: "add", count: 7 });
  if (stream !== "activities") simulator.mutate({ stream, action: "update", count: 5 });
}

/** Every record is there soon. What others changed in it is put right by the full reading of the day. */
async function expectThere(stream: StreamId): Promise<void> {
  bench.faults();
  bench.pass(2 * HOUR);
  await bench.tick();
  expect((await bench.differences(stream)).filter((line) => line.endsWith("is missing"))).toEqual([]);
  expect((await bench.seen(stream)).stream).toMatchObject({ fault: null, caughtUp: true });
}

async function expectHealed(stream: StreamId): Promise<void> {
  bench.faults();
  bench.pass(DAY + 2 * HOUR);
  await bench.tick();
  expect(await bench.differences(stream)).toEqual([]);
  expect(await bench.wrongfullyGone(stream)).toEqual([]);
  expect(await bench.seen(stream)).toMatchObject({ stream: { fault: null, caughtUp: true, gaps: 0 }, connection: { state: "Connected" } });
}

describe.each(STREAMS)("%s", (stream) => {
  it.each(LASTING.map((lasting) => [lasting.fault.kind, lasting] as const))("%s: is named where it shows, nothing is gone, and what it kept away is there soon, or a day later where nothing showed", async (_kind, lasting) => {
    const fault = (lasting.fault.kind === "null-field" ? NULL_OF[stream] : undefined) ?? lasting.fault;
    await bench.wake(stream);
    const before = bench.truth(stream);
    bench.faults({ path: PATHS[stream], exact: true, fault });
    bench.pass(10 * MINUTE);
    news(stream);
    await bench.tick();
    const shown = (await bench.seen(stream)).stream.fault;

    expect(shown?.code ?? null).toBe(lasting.code);
    expect(await bench.wrongfullyGone(stream)).toEqual([]);
    if (fault.kind !== "null-field") expect(await bench.neverTrue(stream, before)).toEqual([]);
    expect((await bench.world.ids(stream)).length).toBeGreaterThanOrEqual(before.size);
    if (lasting.code !== null) await expectThere(stream);
    await expectHealed(stream);
  });

  it.each(EVENTS.map((fault) => [`${fault.kind} ${"ms" in fault ? String(fault.ms) : ""}`, fault] as const))("%s: what happens from then on is there a day later", async (_kind, fault) => {
    await bench.wake(stream);
    const before = bench.truth(stream);
    bench.pass(10 * MINUTE);
    bench.faults({ path: PATHS[stream], exact: true, times: 1, fault });
    await bench.tick();
    news(stream);
    const then = bench.truth(stream);
    bench.pass(10 * MINUTE);
    await bench.tick();

    expect(await bench.wrongfullyGone(stream)).toEqual([]);
    expect(await bench.neverTrue(stream, before, then)).toEqual([]);
    await expectHealed(stream);
  });
});
