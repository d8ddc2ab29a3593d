/**
 * Every fault the simulated console knows, over the whole hub: what people see and are told to do, what the mirror holds while it lasts, and
 * that the schedule heals everything by itself once it is over.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import { FAULT_KINDS, type Fault } from "../../src/simulator/index.ts";
import { DAY, FaultBench, HOUR, MINUTE, type Records } from "./bench.ts";
import { TROUBLES, type Trouble } from "./table.ts";

const PATHS: Readonly<Partial<Record<StreamId, string>>> = { agents: "/agents", threats: "/threats", activities: "/activities", alerts: "graphql" };

let bench: FaultBench;
beforeAll(async () => {
  bench = await FaultBench.open(["agents", "threats", "activities", "alerts"]);
});
// Ends the plan, and fails the test whose faults did not happen.
afterEach(() => {
  bench.faults();
  bench.world.simulator.changeToken("viewer", { revoked: false, level: "tenant", ids: [], role: "Viewer" });
});
afterAll(async () => bench.world.close());

function named({ fault, stream = "agents", rule }: Trouble): string {
  const { kind, ...more } = fault;
  const how = Object.entries({ ...more, ...rule }).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `${kind}${how.length === 0 ? "" : ` (${how.join(", ")})`}, ${stream}`;
}

/** What goes on at the console anyway. Activities are written once and stay. */
function news(stream: StreamId): void {
  const { simulator } = bench.world;
  simulator.mutate({ stream, action: "add", count: 1 });
  if (stream !== "activities") simulator.mutate({ stream, action: "update", count: 3 });
}

/** Machines leave, events do not: and so the fleet stays as large as it is. */
function leave(stream: StreamId): number {
  return stream === "agents" ? bench.world.simulator.mutate({ stream, action: "remove", count: 3 }).changed : 0;
}

function lasts({ rule }: Trouble): boolean {
  return rule?.times === undefined && rule?.probability === undefined && rule?.forMs === undefined;
}

async function expectNothingWrong(trouble: Trouble, stream: StreamId, ...times: readonly Records[]): Promise<void> {
  if (trouble.holds !== "hidden") expect(await bench.wrongfullyGone(stream), "nothing the console has is gone").toEqual([]);
  if (trouble.holds !== "said") expect(await bench.neverTrue(stream, ...times), "no row was ever otherwise").toEqual([]);
  const known = new Set([...bench.truth(stream).keys(), ...times.flatMap((records) => [...records.keys()])]);
  expect((await bench.world.ids(stream)).filter((id) => !known.has(id)), "no row the console never had").toEqual([]);
}

async function strike(trouble: Trouble): Promise<void> {
  const { fault, stream = "agents", rule, cure, attention } = trouble;
  await bench.wake(stream);
  const before = bench.truth(stream);
  const live = (await bench.world.ids(stream)).length;
  bench.pass(10 * MINUTE);
  news(stream);
  const left = leave(stream);
  bench.faults({ path: PATHS[stream] ?? "", exact: true, ...rule, fault });
  // Changes made under the fault: what is late is late from here on.
  news(stream);
  const run = (await bench.world.sync({ streams: [stream], full: true })).streams[0];
  const shown = await bench.seen(stream);

  const code = trouble.unseen !== undefined && (await bench.unseen(stream)).length > 0 ? trouble.unseen : trouble.code;
  expect(shown.stream.fault?.code ?? null).toBe(code);
  if (code !== null) expect(shown.stream.fault?.cure).toMatch(cure ?? /./);
  expect(shown.stream.fault?.message ?? "").not.toMatch(/undefined|\[object|NaN/);
  expect(shown.connection.state).toBe(attention === "at once" ? "Needs attention" : "Connected");
  if (attention === "at once") expect(shown.connection.fault).toMatchObject({ code, cure: expect.stringMatching(cure ?? /./) as string });
  expect(shown.stream.parked > 0, "set aside").toBe(trouble.parked !== undefined);
  expect(run?.received, "the books balance").toBe((run?.inserted ?? 0) + (run?.changed ?? 0) + (run?.unchanged ?? 0) + (run?.parked ?? 0));
  expect(Date.parse(shown.stream.nextRunAt ?? "") - bench.clock.now(), "it is tried again").toBeLessThan(70 * MINUTE);
  if (trouble.holds !== "hidden") expect((await bench.world.ids(stream)).length, "no row is lost").toBeGreaterThanOrEqual(live - left);
  await expectNothingWrong(trouble, stream, before);

  if (lasts(trouble)) await strikeOn(trouble, stream, before);
}

/** The schedule goes on under the fault. */
async function strikeOn(trouble: Trouble, stream: StreamId, before: Records): Promise<void> {
  const then = bench.truth(stream);
  bench.pass(20 * MINUTE);
  news(stream);
  await bench.tick();
  const { connection } = await bench.seen(stream);
  expect(connection.state, "after a while").toBe(trouble.attention === "never" ? "Connected" : "Needs attention");
  if (trouble.attention !== "never") expect(connection.fault?.code).toBe(trouble.code);
  await expectNothingWrong(trouble, stream, before, then);
}

/** Without anybody's help at this end: the schedule's own readings. */
async function heal(trouble: Trouble): Promise<void> {
  const { stream = "agents" } = trouble;
  bench.faults();
  trouble.help?.(bench);
  if (bench.world.simulator.faults().rules.length > 0) await fetch(`${bench.world.simulator.url}/web/api/v2.1/system/status`);
  // A refused token is tried once in a while only.
  for (let turn = 0, fault: unknown = "unknown"; turn < 2 && fault !== null; turn += 1) {
    bench.pass(HOUR + 10 * MINUTE);
    await bench.tick();
    ({ fault } = (await bench.seen(stream)).stream);
  }
  if (trouble.heals === "soon") {
    expect(await bench.seen(stream)).toMatchObject({ stream: { fault: null, caughtUp: true }, connection: { state: "Connected", fault: null } });
    // What is gone is proven once a day, and so is what an event shows of a machine that has changed since.
    const late = stream === "agents" ? /is not at the console$/ : /is not at the console$|is different$/;
    expect((await bench.differences(stream)).filter((line) => !late.test(line))).toEqual([]);
  }
  bench.pass(DAY + 2 * HOUR);
  await bench.tick();
  expect(await bench.differences(stream)).toEqual([]);
  expect(await bench.seen(stream)).toMatchObject({ stream: { fault: null, caughtUp: true, gaps: 0 }, connection: { state: "Connected", fault: null } });
  const { parked } = (await bench.seen(stream)).stream;
  expect(parked > 0, "still set aside").toBe(trouble.parked === "for good");
  if (parked > 0) await bench.discardParked();
}

describe.each(FAULT_KINDS)("%s", (kind) => {
  const troubles: readonly Trouble[] = TROUBLES[kind];
  it.each(troubles.map((trouble) => [named(trouble), trouble] as const))("%s: is named with what to do, leaves nothing wrong and nothing gone, and heals", async (_name, trouble) => {
    await strike(trouble);
    await heal(trouble);
    expect(await bench.wrongfullyGone(trouble.stream ?? "agents")).toEqual([]);
  });
});

it("each kind of fault has its row", () => {
  const kinds: readonly Fault["kind"][] = FAULT_KINDS;
  expect(Object.keys(TROUBLES).toSorted()).toEqual(kinds.toSorted());
  for (const kind of kinds) for (const { fault } of TROUBLES[kind]) expect(fault.kind).toBe(kind);
});
