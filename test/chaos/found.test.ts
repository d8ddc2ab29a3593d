/** What chaos has found, each told on its own. */
import { describe, expect, it } from "vitest";
import { DAY, HOUR, ReaderBench } from "../support/reader-bench.ts";

const bench = new ReaderBench();

describe("a hub whose clock is set back", () => {
  it("still sees what is gone: rows that seem to be from the future were there to be missed", async () => {
    await bench.open();
    await bench.sync("agents");
    bench.clock.set(-6 * HOUR);
    bench.world.simulator.mutate({ stream: "agents", action: "remove", count: 1 });

    expect(await bench.sync("agents", { full: true })).toMatchObject({ gone: 1, fault: null });
    expect(await bench.mismatches("agents")).toEqual([]);
  });
});

describe("a record whose time of change went backwards", () => {
  it("because the time was wrong once, or the console's clock was set back, is corrected by the next full listing", async () => {
    await bench.open();
    const set = { "agentDetectionInfo.agentVersion": "1.2.3", "threatInfo.updatedAt": "2031-01-01T00:00:00.000000Z" };
    const { ids } = bench.world.simulator.mutate({ stream: "threats", action: "update", count: 2, set });
    await bench.sync("threats");
    bench.pass(DAY);
    bench.world.simulator.mutate({ stream: "threats", action: "update", ids, set: { "agentDetectionInfo.agentVersion": "1.2.4" } });

    expect((await bench.sync("threats", { full: true })).changed).toBe(2);
    expect(await bench.mismatches("threats")).toEqual([]);
  });
});

describe("a page whose first record has no id", () => {
  it.each(["groups", "sites", "users"] as const)("of %s, whose records hold secrets, parks that record alone", async (stream) => {
    await bench.open();
    bench.faults({ path: `/${stream}`, exact: true, fault: { kind: "missing-id" } });
    const run = await bench.sync(stream);

    expect(run.phase).toBe("done");
    expect(run.parked).toBeGreaterThan(0);
    expect((await bench.mismatches(stream)).length).toBeLessThanOrEqual(run.parked);
  });
});
