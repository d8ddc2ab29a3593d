import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamId } from "../kernel/stream-ids.ts";
import { startSimulator, type Simulator } from "./index.ts";
import { readPath } from "./record.ts";
import { call, NOW, walk, type Row } from "./simulator.test-kit.ts";

const HOUR = 3_600_000;
const DAYS = 6;

type Told = ReadonlyMap<string, Row>;

function told(simulator: Simulator, stream: StreamId): Told {
  return new Map([...simulator.truth(stream)].map((row) => [String(row["id"]), row]));
}

/** Ids whose value went from one to another between two looks. */
function went(before: Told, after: Told, path: string, from: unknown, to: unknown): number {
  return [...after].filter(([id, row]) => readPath(before.get(id), path) === from && readPath(row, path) === to).length;
}

describe("an estate that lives for some days", () => {
  let simulator: Simulator;
  const looks = new Map<StreamId, Told[]>();
  beforeAll(async () => {
    simulator = await startSimulator({ now: NOW, seed: 4, agents: 250, sites: 4, accounts: 2, users: 30, serviceUsers: 14, threats: 80, alerts: 120, activities: 200, risks: 2000 });
    for (let day = 0; day <= DAYS; day += 1) {
      for (const stream of ["agents", "alerts", "threats", "risks", "service-users", "activities"] as const) looks.set(stream, [...(looks.get(stream) ?? []), told(simulator, stream)]);
      if (day < DAYS) simulator.advance(24 * HOUR, true);
    }
  });
  afterAll(async () => {
    await simulator.close();
  });

  /** How often it was seen from one day to the next. */
  function seen(stream: StreamId, test: (before: Told, after: Told) => number): number {
    const days = looks.get(stream) ?? [];
    return days.slice(1).reduce((sum, after, at) => sum + test(days[at] ?? new Map(), after), 0);
  }

  it("has agents that come, leave, return, are forgotten, report in and are isolated", () => {
    expect(seen("agents", (before, after) => [...after.keys()].filter((id) => !before.has(id)).length)).toBeGreaterThan(0);
    expect(seen("agents", (before, after) => [...before.keys()].filter((id) => !after.has(id)).length)).toBeGreaterThan(0);
    expect(seen("agents", (before, after) => went(before, after, "isDecommissioned", false, true))).toBeGreaterThan(0);
    expect(seen("agents", (before, after) => went(before, after, "isDecommissioned", true, false))).toBeGreaterThan(0);
    expect(seen("agents", (before, after) => went(before, after, "networkStatus", "connected", "disconnected"))).toBeGreaterThan(0);
    expect(seen("agents", (before, after) => [...after].filter(([id, row]) => before.has(id) && before.get(id)?.["lastActiveDate"] !== row["lastActiveDate"]).length)).toBeGreaterThan(200);
  });

  it("has alerts that come late, are worked on, closed and opened again", () => {
    const fresh = [...(looks.get("alerts")?.at(-1) ?? new Map<string, Row>()).values()].filter((row) => Date.parse(String(row["createdAt"])) > NOW);
    const late = fresh.filter((row) => Date.parse(String(row["createdAt"])) - Date.parse(String(row["detectedAt"])) > 10 * 60_000);
    expect(late.length).toBeGreaterThan(0);
    expect(late.length).toBeLessThan(fresh.length / 2);
    expect(seen("alerts", (before, after) => went(before, after, "status", "NEW", "RESOLVED") + went(before, after, "status", "IN_PROGRESS", "RESOLVED"))).toBeGreaterThan(0);
    expect(seen("alerts", (before, after) => went(before, after, "status", "RESOLVED", "NEW") + went(before, after, "status", "RESOLVED", "IN_PROGRESS"))).toBeGreaterThan(0);
  });

  it("has findings that are fixed and return", () => {
    expect(seen("risks", (before, after) => went(before, after, "status", "Detected", "Removed"))).toBeGreaterThan(0);
    expect(seen("risks", (before, after) => went(before, after, "status", "Removed", "Detected"))).toBeGreaterThan(0);
  });

  it("renews service users' tokens that ran out", () => {
    const ends = (row: Row | undefined): number => Date.parse(String(readPath(row, "apiToken.expiresAt")));
    expect(seen("service-users", (before, after) => [...after].filter(([id, row]) => ends(before.get(id)) < NOW && ends(row) > NOW).length)).toBeGreaterThan(0);
  });

  it("spreads what happens over the time that passed, each with a time of its own", () => {
    const times = [...(looks.get("activities")?.at(-1) ?? new Map<string, Row>()).values()].map((row) => String(row["createdAt"])).filter((at) => Date.parse(at) > NOW);
    expect(new Set(times.map((at) => at.slice(0, 13))).size).toBeGreaterThan(24);
    expect(new Set(times).size).toBe(times.length);
  });

  it("shows a reader by updatedAt everything that changed, in order", async () => {
    const since = new Date(NOW + (DAYS - 1) * 24 * HOUR).toISOString();
    const listed = await walk(simulator, `/agents?limit=50&sortBy=updatedAt&updatedAt__gte=${since}`);
    const changed = [...simulator.truth("agents")].filter((row) => Date.parse(String(row["updatedAt"])) >= Date.parse(since));
    expect(listed.map((row) => row["updatedAt"])).toEqual(changed.map((row) => String(row["updatedAt"])).toSorted());
    expect(listed.length).toBeGreaterThan(0);
  });
});

describe("time", () => {
  it("stands still unless it is told to move, and then tokens run out", async () => {
    const simulator = await startSimulator({ now: NOW, agents: 30 });
    const before = JSON.stringify([...simulator.truth("agents")]);
    await call(simulator, "/_simulator/advance", { body: { ms: 11 * 24 * HOUR } });
    const standing = JSON.stringify([...simulator.truth("agents")]);
    const expired = (await call(simulator, "/agents", { token: simulator.tokens.expiring })).status;
    await call(simulator, "/_simulator/advance", { body: { ms: HOUR, live: true } });
    const lived = JSON.stringify([...simulator.truth("agents")]);
    const refused = (await call(simulator, "/_simulator/advance", { body: { ms: 1, live: "yes" } })).status;
    await simulator.close();
    expect([standing === before, lived === before, expired, refused]).toEqual([true, false, 401, 400]);
  });

  it("may run while nothing happens by itself, so that nobody finds the clock drifting", async () => {
    const simulator = await startSimulator({ agents: 30, clockRuns: true });
    const before = JSON.stringify([...simulator.truth("agents")]);
    await delay(1100);
    const date = Date.parse((await call(simulator, "/agents")).headers.get("date") ?? "");
    const after = JSON.stringify([...simulator.truth("agents")]);
    await simulator.close();
    expect(Math.abs(date - Date.now())).toBeLessThan(2100);
    expect(after).toBe(before);
  });
});
