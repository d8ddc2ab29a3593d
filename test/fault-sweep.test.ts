/**
 * Every fault the simulated console knows, at the first, a middle and the last page of a listing, struck once and struck until the reader
 * gives up: nothing the console has may be declared gone, what the mirror holds stays readable, and the run after it ends with the truth.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamId } from "../src/kernel/stream-ids.ts";
import type { Simulator } from "../src/simulator/index.ts";
import { skippingClock } from "./support/clock.ts";
import { differences, wrongfullyGone } from "./support/truth.ts";
import { openWorld, type World } from "./support/world.ts";

type Fault = Parameters<Simulator["setFaults"]>[0]["rules"][number]["fault"];

const FAULTS: readonly Fault[] = [
  { kind: "status", status: 401 },
  { kind: "status", status: 403 },
  { kind: "status", status: 404 },
  { kind: "status", status: 429, retryAfter: "5" },
  { kind: "status", status: 500 },
  { kind: "status", status: 502 },
  { kind: "status", status: 503 },
  { kind: "status", status: 504 },
  { kind: "cut" },
  { kind: "short" },
  { kind: "html" },
  { kind: "errors" },
  { kind: "empty-page" },
  { kind: "repeat-cursor" },
  { kind: "cycle-cursor" },
  { kind: "endless-cursor" },
  { kind: "expire-cursor" },
  { kind: "duplicates", rows: 3 },
  { kind: "total", by: 7 },
  { kind: "total", by: -7 },
  { kind: "withhold", fraction: 0.3 },
  { kind: "lose-rows", fraction: 0.3 },
  { kind: "slow", ms: 5 },
  { kind: "reset" },
  { kind: "content-type", value: "text/html" },
  { kind: "malformed" },
  { kind: "missing-data" },
  { kind: "null-list" },
  { kind: "missing-id" },
  { kind: "revoke-token" },
  { kind: "clock-skew", ms: 7_200_000 },
];

/** After the requests for the newest time and the count come the pages, then those of what changed meanwhile, then the count again. */
const PLACES = {
  agents: { path: "/agents", pages: { first: 2, middle: 4, last: 7 }, cursors: { first: 0, middle: 2, last: 4 } },
  alerts: { path: "graphql", pages: { first: 3, middle: 7, last: 9 }, cursors: { first: 0, middle: 1, last: 2 } },
} as const;
/** Faults that strike only requests with a cursor, counted by those. */
const BY_CURSOR: ReadonlySet<string> = new Set(["repeat-cursor", "expire-cursor", "duplicates"]);
const UNTIL_IT_GIVES_UP = 8;

let world: World;
beforeAll(async () => {
  world = await openWorld({ pageSize: 10, clock: skippingClock(), estate: { seed: 5, agents: 57, users: 4, sites: 2, accounts: 1, alerts: 37, risks: 0, threats: 0, activities: 0 } });
  await world.sync({ streams: ["agents", "alerts"] });
});
afterAll(async () => world.close());

function named(fault: Fault): string {
  return fault.kind === "status" ? `status ${String(fault.status)}` : fault.kind === "total" ? `total ${String(fault.by)}` : fault.kind;
}

async function strike(stream: keyof typeof PLACES, place: "first" | "middle" | "last", fault: Fault, times: number): Promise<void> {
  const spot = PLACES[stream];
  const where = `${stream}, ${named(fault)}, ${place} page, ${String(times)} times`;
  world.simulator.setFaults({ rules: [{ path: spot.path, exact: true, after: (BY_CURSOR.has(fault.kind) ? spot.cursors : spot.pages)[place], times, fault }] });
  const run = await world.sync({ streams: [stream], full: true });
  const report = run.streams[0];

  expect(world.simulator.faults().rules[0]?.fired, `${where}: it happened`).toBeGreaterThan(0);
  expect(await wrongfullyGone(world, stream), where).toEqual([]);
  expect(report?.gone, where).toBe(0);
  expect(report?.received, `${where}: the books balance`).toBe((report?.inserted ?? 0) + (report?.changed ?? 0) + (report?.unchanged ?? 0) + (report?.parked ?? 0));

  world.simulator.setFaults({ rules: [] });
  world.simulator.changeToken("viewer", { revoked: false });
  const healed = await world.sync({ streams: [stream], full: true });
  expect(healed.streams[0]?.fault ?? null, `${where}: the next run`).toBeNull();
  expect(await differences(world, stream), `${where}: the next run`).toEqual([]);
}

describe.each(["agents", "alerts"] as const satisfies readonly StreamId[])("%s", (stream) => {
  it.each(FAULTS.map((fault) => [named(fault), fault] as const))("%s, wherever and however often it strikes, makes nothing gone and is healed by the next run", async (_name, fault) => {
    for (const place of ["first", "middle", "last"] as const) await strike(stream, place, fault, 1);
    await strike(stream, "middle", fault, UNTIL_IT_GIVES_UP);
    expect(await differences(world, stream)).toEqual([]);
  });
});
