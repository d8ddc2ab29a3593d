/**
 * Time as readers lose records by it: stops longer than a look-back, records that turn up late or from the future, clocks that are wrong, many
 * records of one time, periods the console has let go of. Numbers are those of the collected cases.
 */
import { describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import type { StreamId } from "../src/kernel/stream-ids.ts";
import { listGaps } from "../src/sync/gaps.ts";
import { readers } from "./reading-losses/readers.ts";
import { DAY, HOUR, MINUTE, of, ReaderBench } from "./support/reader-bench.ts";
import { truthIds } from "./support/world.ts";

const EVENTS: readonly StreamId[] = ["threats", "alerts", "cloud-detection-alerts", "activities"];
const bench = new ReaderBench();

describe("time", () => {
  it.each(readers(bench, "3-checkpoint-clamped"))("#3 a stop of sixty days is caught up from where reading stopped, not from some days ago$planted", async ({ check }) => check(async () => {
    await bench.open();
    await bench.world.sync({ streams: [...EVENTS, "agents", "risks"] });
    for (let week = 0; week < 9; week += 1) {
      for (const stream of EVENTS) bench.world.simulator.mutate({ stream, action: "add", count: 2 });
      bench.world.simulator.mutate({ stream: "agents", action: "update", count: 5 });
      bench.world.simulator.mutate({ stream: "risks", action: "update", count: 5 });
      bench.pass(7 * DAY);
    }
    await bench.reopen();
    const run = await bench.world.sync({ streams: [...EVENTS, "agents", "risks"] });

    expect(run.state).toBe("succeeded");
    expect(await bench.mismatches(...EVENTS, "agents", "risks")).toEqual([]);
  }));

  for (const [late, wait, found] of [
    [10 * MINUTE, 0, "at once"],
    [DAY - MINUTE, HOUR, "within the hour"],
    [7 * DAY - MINUTE, DAY, "within the day"],
  ] as const) {
    it.each(readers(bench, ...(late === DAY - MINUTE ? (["10-no-looking-back"] as const) : [])))(`#4 #10 an activity that turns up ${String(late / MINUTE)} minutes late is found ${found}$planted`, async ({ check }) => check(async () => {
      await bench.open();
      await bench.world.sync({ streams: ["activities"] });
      bench.world.simulator.mutate({ stream: "activities", action: "add", count: 1 });
      await bench.world.sync({ streams: ["activities"] });
      const createdAt = new Date(Date.parse((await bench.status("activities")).watermark ?? "") - late).toISOString();
      bench.world.simulator.mutate({ stream: "activities", action: "add", count: 1, set: { createdAt } });
      if (wait > 0) {
        // Reading goes on meanwhile, and with it the point that is looked back from.
        bench.pass(wait - 2 * MINUTE);
        bench.world.simulator.mutate({ stream: "activities", action: "add", count: 1 });
        await bench.world.sync({ streams: ["activities"] });
        bench.pass(3 * MINUTE);
      }
      await bench.world.sync({ streams: ["activities"] });

      expect(await bench.mismatches("activities")).toEqual([]);
    }));
  }

  it.each(readers(bench, "4-creation-time-only"))("#4 a verdict given long after its threat is read, without a full listing$planted", async ({ check }) => check(async () => {
    await bench.open();
    await bench.world.sync({ streams: ["threats"] });
    bench.pass(12 * HOUR);
    const [id] = truthIds(bench.world.simulator, "threats");
    bench.world.simulator.mutate({ stream: "threats", action: "update", ids: [id ?? ""], set: { "threatInfo.analystVerdict": "false_positive" } });
    const run = await bench.world.sync({ streams: ["threats"] });

    expect(run.mode).toBe("delta");
    expect(of(run, "threats").changed).toBe(1);
    expect(await bench.mismatches("threats")).toEqual([]);
  }));

  for (const off of [3 * HOUR, -3 * HOUR]) {
    it.each(readers(bench, ...(off > 0 ? (["10-window-by-own-clock"] as const) : [])))(`#10 a hub whose clock is ${String(off / HOUR)} hours off reads every alert all the same$planted`, async ({ check }) => check(async () => {
      await bench.open();
      bench.clock.set(off);
      await bench.world.sync({ streams: EVENTS });
      for (let turn = 0; turn < 3; turn += 1) {
        bench.pass(5 * MINUTE);
        for (const stream of EVENTS) bench.world.simulator.mutate({ stream, action: "add", count: 2 });
        await bench.world.sync({ streams: EVENTS });
        expect(await bench.mismatches(...EVENTS)).toEqual([]);
      }
    }));
  }

  it("#10 alerts that were not listed yet are read when they are, however many runs were between", async () => {
    await bench.open();
    bench.faults({ path: "graphql", fault: { kind: "withhold", fraction: 0.3 } }, { path: "/activities", fault: { kind: "withhold", fraction: 0.3 } });
    await bench.world.sync({ streams: ["alerts", "activities"] });
    bench.pass(MINUTE);
    bench.world.simulator.mutate({ stream: "alerts", action: "add", count: 12 });
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 12 });
    for (let turn = 0; turn < 3; turn += 1) await bench.world.sync({ streams: ["alerts", "activities"] });
    expect((await bench.mismatches("alerts")).length).toBeGreaterThan(0);
    expect(bench.fired().every((count) => count > 5)).toBe(true);

    bench.faults();
    bench.pass(DAY);
    await bench.world.sync({ streams: ["alerts", "activities"] });
    bench.pass(DAY);
    await bench.world.sync({ streams: ["alerts", "activities"], full: true });
    expect(await bench.mismatches("alerts", "activities")).toEqual([]);
  });

  it.each(readers(bench, "11-restart-from-now"))("#11 what happened while the hub was down is read at the next start, from where it stopped and not from now$planted", async ({ check }) => check(async () => {
    await bench.open();
    await bench.world.sync({ streams: EVENTS });
    const before = await bench.status("activities");
    await bench.world.hub.close();
    bench.pass(3 * HOUR);
    for (const stream of EVENTS) bench.world.simulator.mutate({ stream, action: "add", count: 4 });
    // Longer than any look-back for late records, which would find them too.
    bench.pass(10 * DAY);
    await bench.reopen();
    expect((await bench.status("activities")).watermark).toBe(before.watermark);
    await bench.world.sync({ streams: EVENTS });

    expect(await bench.mismatches(...EVENTS)).toEqual([]);
  }));

  it.each(readers(bench, "4-strictly-after"))("#4 records of one and the same time lose none at a page's edge, nor where a run broke off between them$planted", async ({ check }) => check(async () => {
    await bench.open();
    await bench.world.sync({ streams: ["agents"] });
    bench.pass(HOUR);
    const updatedAt = new Date(Date.now() + HOUR - MINUTE).toISOString().replace("Z", "123Z");
    const { ids } = bench.world.simulator.mutate({ stream: "agents", action: "update", count: 37, set: { updatedAt, computerName: "moved" } });
    bench.faults({ path: "/agents", exact: true, after: 2, times: 1, fault: { kind: "html" } });
    const broken = await bench.world.sync({ streams: ["agents"] });
    expect(of(broken, "agents").fault?.code).toBe("S1_NOT_JSON");
    expect(bench.fired()).toEqual([1]);
    await bench.world.sync({ streams: ["agents"] });

    expect(ids.length).toBe(37);
    expect(await bench.mismatches("agents")).toEqual([]);
  }));

  it.each(["activities", "threats"] as const)("a record of %s from the future is mirrored and hides none that come after it, not even in the first read", async (stream) => {
    await bench.open();
    const time = stream === "threats" ? "threatInfo.updatedAt" : "createdAt";
    bench.world.simulator.mutate({ stream, action: "add", count: 1, set: { [time]: "2031-01-01T00:00:00.000001Z" } });
    await bench.world.sync({ streams: [stream] });
    expect(await bench.mismatches(stream)).toEqual([]);
    for (let turn = 0; turn < 3; turn += 1) {
      bench.pass(10 * MINUTE);
      bench.world.simulator.mutate({ stream, action: "add", count: 3 });
      if (turn === 1) bench.world.simulator.mutate({ stream, action: "add", count: 1, set: { [time]: "2032-01-01T00:00:00.000001Z" } });
      expect((await bench.world.sync({ streams: [stream] })).mode).toBe("delta");
      // A threat shows how its agent is now, which changes without it.
      expect((await bench.mismatches(stream)).filter((line) => !line.endsWith("is different"))).toEqual([]);
    }
    expect((await bench.status(stream)).watermark?.slice(0, 4)).toBe(new Date(bench.clock.now()).toISOString().slice(0, 4));
  });

  it("a hub whose clock is ahead does not believe a record from the future either: the console's clock decides", async () => {
    await bench.open();
    bench.clock.set(40 * DAY);
    const createdAt = new Date(bench.clock.now() - 10 * DAY).toISOString();
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 1, set: { createdAt } });
    await bench.sync("activities");
    bench.pass(10 * MINUTE);
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 3 });
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 1, set: { createdAt: new Date(bench.clock.now() - 5 * DAY).toISOString() } });
    await bench.sync("activities");
    bench.pass(10 * MINUTE);
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 3 });
    await bench.sync("activities");

    expect(await bench.mismatches("activities")).toEqual([]);
    expect(((await bench.status("activities")).watermark ?? "") < createdAt).toBe(true);
  });

  it("a period the console has let go of before it was read is a named gap, not a silent one", async () => {
    await bench.open();
    await bench.world.sync({ streams: ["activities"] });
    const { watermark } = await bench.status("activities");
    bench.pass(60 * DAY);
    bench.world.simulator.mutate({ stream: "activities", action: "remove", ids: truthIds(bench.world.simulator, "activities") });
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 3 });
    await bench.world.sync({ streams: ["activities"] });
    await bench.world.sync({ streams: ["activities"] });
    const gaps = await listGaps(EVERY_TENANT, bench.world.hub.store);

    expect(gaps.map((gap) => [gap.stream, gap.from_time])).toEqual([["activities", watermark]]);
    expect((await bench.status("activities")).gaps).toBe(1);
    await bench.world.hub.listen("127.0.0.1", 0);
    expect((await bench.world.hub.status(EVERY_TENANT)).health.reasons).toContain("test activities: 1 unacknowledged gap");
  });

  it("an empty page with a cursor before the records is no gap", async () => {
    await bench.open();
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 30 });
    await bench.world.sync({ streams: ["activities"] });
    bench.pass(10 * MINUTE);
    bench.world.simulator.mutate({ stream: "activities", action: "add", count: 3 });
    bench.faults({ path: "/activities", exact: true, times: 1, fault: { kind: "empty-page" } });
    await bench.world.sync({ streams: ["activities"] });

    expect(bench.fired()).toEqual([1]);
    expect(await listGaps(EVERY_TENANT, bench.world.hub.store)).toEqual([]);
  });

  it("risks, which show no time of change: the watermark is the console's clock from before the reading, not a time out of a record", async () => {
    let reading = false;
    await bench.open({
      instead: (asked) => {
        // While the pass is being read an hour goes by and something changes behind the page that is being sent.
        if (reading && asked.path === "/application-management/risks" && asked.query.has("riskUpdatedDate__gte")) {
          reading = false;
          bench.world.simulator.advance(HOUR);
        }
        return undefined;
      },
    });
    await bench.world.sync({ streams: ["risks"] });
    bench.pass(6 * HOUR);
    const then = bench.clock.now();
    bench.world.simulator.mutate({ stream: "risks", action: "update", count: 3, set: { riskUpdatedDate: "2031-01-01T00:00:00Z", status: "Removed" } });
    reading = true;
    await bench.world.sync({ streams: ["risks"] });
    const watermark = Date.parse((await bench.status("risks")).watermark ?? "");

    expect(reading).toBe(false);
    expect(watermark).toBeLessThan(then + MINUTE);
    expect(watermark).toBeGreaterThan(then - 15 * MINUTE);
    expect(await bench.mismatches("risks")).toEqual([]);
  });
});
