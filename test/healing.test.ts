/**
 * Troubles as people meet them, with every stream awake: what the streams and the connection show while it lasts, what they are told to do, and that
 * the schedule heals everything by itself once the console is well: no command, no lost record, no tombstone. Fault by fault: test/faults.
 */
import { describe, expect, it } from "vitest";
import type { RunId } from "../src/kernel/ids.ts";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { STREAM_IDS } from "../src/kernel/stream-ids.ts";
import { DAY, HOUR, MINUTE, of, ReaderBench } from "./support/reader-bench.ts";
import { wrongfullyGone } from "./support/truth.ts";

const bench = new ReaderBench();

/** What the hub does of its own accord now; the requests of the runs that are due are over when it returns. */
async function tick(): Promise<void> {
  const { hub, connection } = bench.world;
  await hub.schedule.tick();
  for (const run of hub.runner.liveOf(connection)) await hub.runner.finished(run.id as RunId);
}

async function connection() {
  return bench.world.hub.connections.get(EVERY_TENANT, bench.world.connection);
}

async function events(): Promise<readonly string[]> {
  return (await bench.world.hub.connections.log(EVERY_TENANT, bench.world.connection, 50)).map(({ event }) => event);
}

/** A mirror that is up to date, and then something new of every kind at the console. */
async function openWithNews(): Promise<void> {
  await bench.open({ estate: { agents: 24, applications: 48, risks: 24, users: 8 } });
  await tick();
  expect((await connection()).state).toBe("Connected");
  bench.pass(2 * HOUR);
  // Activities are written once and never change.
  for (const stream of STREAM_IDS.filter((id) => id !== "activities")) bench.world.simulator.mutate({ stream, action: "update", count: 2 });
  for (const stream of ["threats", "alerts", "activities"] as const) bench.world.simulator.mutate({ stream, action: "add", count: 15 });
}

/** Healed without anybody's help: within two hours of the console being well again. */
async function expectHealed(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    bench.pass(HOUR + 20 * MINUTE);
    await tick();
  }
  expect((await connection()).state).toBe("Connected");
  expect((await connection()).fault).toBeNull();
  // Installed applications are read once a day.
  bench.pass(DAY + 3 * HOUR);
  await tick();
  expect(await bench.mismatches(...STREAM_IDS)).toEqual([]);
  for (const stream of STREAM_IDS) {
    expect(await wrongfullyGone(bench.world, stream), stream).toEqual([]);
    expect(await bench.status(stream), stream).toMatchObject({ fault: null, caughtUp: true });
  }
}

describe("a token that is refused", () => {
  it("stops the whole run, asks for a new token by name of the command, and is tried again about once in a while: a token that is good again needs nobody", async () => {
    await openWithNews();
    bench.world.simulator.changeToken("viewer", { revoked: true });
    await tick();
    const shown = await connection();

    expect(shown).toMatchObject({ state: "Needs attention", fault: { code: "S1_TOKEN_REJECTED", kind: "credential" } });
    expect(shown.fault?.cure).toMatch(/rotate/);
    bench.world.simulator.resetRequests();
    for (let minute = 0; minute < 30; minute += 1) {
      bench.pass(MINUTE);
      await tick();
    }
    expect(bench.world.simulator.requests().total).toBeLessThan(8);
    expect((await connection()).state).toBe("Needs attention");

    bench.world.simulator.changeToken("viewer", { revoked: false });
    await expectHealed();
    expect(await events()).toEqual(expect.arrayContaining(["reading.fault", "reading.recovered"]));
  });

  it("because its days are over is called expired, not wrong", async () => {
    await openWithNews();
    bench.pass(266 * DAY);
    await tick();

    expect(await connection()).toMatchObject({ state: "Needs attention", fault: { code: "S1_TOKEN_EXPIRED" }, token: { warning: expect.any(String) as string } });
  });
});

describe("a stream in trouble", () => {
  it("is named with its cure, leaves the others and for a quarter of an hour the connection alone, then asks for attention, and heals by itself", async () => {
    await openWithNews();
    bench.faults({ path: "/threats", fault: { kind: "status", status: 503 } });
    await tick();
    const shown = await bench.status("threats");

    expect(shown).toMatchObject({ caughtUp: false, fault: { code: "S1_SERVER_ERROR", cure: expect.stringMatching(/^Nothing/) as string } });
    // Tried again soon; the waits of other streams have moved the clock a little meanwhile.
    expect(Math.abs(Date.parse(shown.nextRunAt ?? "") - bench.clock.now())).toBeLessThan(10 * MINUTE);
    expect((await connection()).state).toBe("Connected");
    for (const other of STREAM_IDS.filter((id) => id !== "threats" && id !== "applications")) expect((await bench.status(other)).fault, other).toBeNull();

    for (let turn = 0; turn < 3; turn += 1) {
      bench.pass(10 * MINUTE);
      await tick();
    }
    expect(await connection()).toMatchObject({ state: "Needs attention", fault: { code: "S1_SERVER_ERROR" } });
    expect(await wrongfullyGone(bench.world, "threats")).toEqual([]);

    bench.faults();
    await expectHealed();
  });
});

it("a cursor that is refused once costs one restart of its listing and nobody hears of it", async () => {
  await openWithNews();
  bench.faults({ path: "/activities", times: 1, fault: { kind: "expire-cursor" } });
  const run = of(await bench.world.sync({ streams: ["activities"] }), "activities");

  expect(bench.fired()).toEqual([1]);
  expect(run).toMatchObject({ phase: "done", fault: null });
  expect(await bench.mismatches("activities")).toEqual([]);
  expect((await connection()).state).toBe("Connected");
});
