/**
 * Every fault the simulated console knows, at the first, a middle and the last page of a full listing, struck once and struck until the reader
 * gives up: nothing the console has may be declared gone, the books balance, and the run after it ends with the truth.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { FAULT_KINDS, type Fault } from "../src/simulator/index.ts";
import { TROUBLES, type Trouble } from "./faults/table.ts";
import { skippingClock } from "./support/clock.ts";
import { differences, wrongfullyGone } from "./support/truth.ts";
import { openWorld, type World } from "./support/world.ts";

type Swept = "agents" | "alerts";

/** All but those of new records, of which there are none here, and those that hide too few to be met on any page. */
function faultsOf(stream: Swept): readonly Fault[] {
  const swept = FAULT_KINDS.filter((kind) => kind !== "late").flatMap((kind): readonly Trouble[] => TROUBLES[kind]);
  const faults = swept.filter((trouble) => (trouble.stream ?? "agents") === stream && trouble.holds !== "hidden").map(({ fault }) => JSON.stringify(fault));
  return [...new Set(faults)].map((text) => JSON.parse(text) as Fault);
}

/** After the requests for the newest time and the count come the pages, then those of what changed meanwhile, then the count again. */
const PLACES = {
  agents: { path: "/agents", pages: { first: 2, middle: 4, last: 7 }, cursors: { first: 0, middle: 2, last: 4 } },
  alerts: { path: "graphql", pages: { first: 3, middle: 7, last: 9 }, cursors: { first: 0, middle: 1, last: 2 } },
} as const;
/** Faults that strike only requests with a cursor, counted by those. */
const BY_CURSOR: ReadonlySet<string> = new Set(["repeat-cursor", "expire-cursor", "duplicates", "move-rows"]);
const UNTIL_IT_GIVES_UP = 8;
/** Else each fault strikes in the middle and, by turns, at the first or the last page. */
const ALL_PLACES = process.env["VEDETTE_SWEEP"] === "all";

let world: World;
beforeAll(async () => {
  world = await openWorld({ pageSize: 10, clock: skippingClock(), estate: { seed: 5, agents: 57, users: 4, sites: 2, accounts: 1, alerts: 37, risks: 0, threats: 0, activities: 0 } });
  await world.sync({ streams: ["agents", "alerts"] });
});
afterEach(() => {
  world.simulator.setFaults({ rules: [] });
});
afterAll(async () => world.close());

async function strike(stream: Swept, place: "first" | "middle" | "last", fault: Fault, times: number): Promise<void> {
  const spot = PLACES[stream];
  const where = `${stream}, ${JSON.stringify(fault)}, ${place} page, ${String(times)} times`;
  world.simulator.setFaults({ rules: [{ path: spot.path, exact: true, after: (BY_CURSOR.has(fault.kind) ? spot.cursors : spot.pages)[place], times, fault }] });
  const run = await world.sync({ streams: [stream], full: true });
  const report = run.streams[0];

  expect(await wrongfullyGone(world, stream), where).toEqual([]);
  expect(report?.gone, where).toBe(0);
  expect(report?.received, `${where}: the books balance`).toBe((report?.inserted ?? 0) + (report?.changed ?? 0) + (report?.unchanged ?? 0) + (report?.parked ?? 0));

  world.simulator.setFaults({ rules: [] });
  world.simulator.changeToken("viewer", { revoked: false, level: "tenant", ids: [] });
  if (report?.fault === null && (await differences(world, stream)).length === 0) return;
  const healed = await world.sync({ streams: [stream], full: true });
  expect(healed.streams[0]?.fault ?? null, `${where}: the next run`).toBeNull();
  expect(await differences(world, stream), `${where}: the next run`).toEqual([]);
}

describe.each(["agents", "alerts"] as const)("%s", (stream) => {
  it.each(faultsOf(stream).map((fault, place) => [JSON.stringify(fault), fault, place] as const))("%s, wherever and however often it strikes, makes nothing gone and is healed by the next run", async (_name, fault, place) => {
    // At the first page `test/faults` strikes with all of them too.
    if (ALL_PLACES || place % 2 === 0) await strike(stream, "first", fault, 1);
    if (ALL_PLACES || place % 2 === 1) await strike(stream, "last", fault, 1);
    await strike(stream, "middle", fault, UNTIL_IT_GIVES_UP);
    expect(await differences(world, stream)).toEqual([]);
  });
});
