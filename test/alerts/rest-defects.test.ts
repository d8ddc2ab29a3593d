/** The defects of connectors in wide use for threats and activities over REST, each as a promise of ours held on the real hub: what a destination would have been told. */
import { describe, expect, it } from "vitest";
import { of } from "../support/reader-bench.ts";
import { DAY, IntakeBench, MINUTE } from "./bench.ts";

const bench = new IntakeBench();
const BOTH = ["threats", "activities"] as const;

describe("threats and activities", () => {
  it("the watermark of threats moves although their times lie a step down, and each stream has its own: one that fails holds up no other and moves none", async () => {
    await bench.begin(BOTH);
    const start = await bench.status("threats");
    bench.pass(10 * MINUTE);
    const [threat] = bench.add("threats", 1);
    await bench.world.sync({ streams: BOTH });
    expect(await bench.told()).toEqual([`threats.new ${String(threat)}`]);
    const read = await bench.status("threats");
    expect((read.watermark ?? "") > (start.watermark ?? "")).toBe(true);

    bench.pass(10 * MINUTE);
    const [held] = bench.add("threats", 1);
    const [entry] = bench.add("activities", 1);
    bench.faults({ path: "/threats", fault: { kind: "html" } });
    const run = await bench.world.sync({ streams: BOTH });
    expect([of(run, "threats").fault?.code, of(run, "activities").fault, await bench.told()]).toEqual(["S1_NOT_JSON", null, [`activities.new ${String(entry)}`]]);
    expect((await bench.status("threats")).watermark).toBe(read.watermark);
    bench.faults();
    await bench.world.sync({ streams: BOTH });
    await bench.world.sync({ streams: BOTH });
    expect(await bench.told()).toEqual([`threats.new ${String(held)}`]);
  });

  it("an entry of exactly the time last read is told, and those that come again with it are not; all of its fields arrive, however long it is", async () => {
    await bench.begin(["activities"]);
    bench.pass(MINUTE);
    const [first] = bench.add("activities", 1);
    await bench.world.sync({ streams: ["activities"] });
    const { watermark } = await bench.status("activities");
    const [tie] = bench.add("activities", 1, { createdAt: watermark, data: { long: "x".repeat(400_000), n: "end" } });
    await bench.world.sync({ streams: ["activities"] });
    expect(await bench.told()).toEqual([`activities.new ${String(first)}`, `activities.new ${String(tie)}`]);
    const truth = [...bench.world.simulator.truth("activities")].find((record) => record["id"] === tie);
    expect(JSON.parse(String((await bench.world.rows("activities")).find((row) => row["id"] === tie)?.["raw"]))).toEqual(JSON.parse(JSON.stringify(truth)));
    expect(Object.keys(truth ?? {})).toEqual(expect.arrayContaining(["accountName", "siteName", "groupName", "activityUuid"]));
  });

  it("a verdict, a mitigation and a threat opened again are told though it was made long ago", async () => {
    await bench.begin(["threats"]);
    const id = (await bench.world.ids("threats"))[0] ?? "";
    bench.change("threats", [id], { "threatInfo.incidentStatus": "in_progress", "threatInfo.analystVerdict": "undefined", "threatInfo.mitigationStatus": "not_mitigated" });
    await bench.world.sync({ streams: ["threats"] });
    await bench.told();
    bench.pass(12 * 60 * MINUTE);
    for (const set of [{ "threatInfo.mitigationStatus": "mitigated" }, { "threatInfo.incidentStatus": "resolved", "threatInfo.analystVerdict": "true_positive" }, { "threatInfo.incidentStatus": "unresolved" }]) {
      bench.change("threats", [id], set);
      await bench.world.sync({ streams: ["threats"] });
    }
    expect((await bench.queued()).map(({ kind, body }) => [kind, (body["changes"] as readonly { field: string }[]).map(({ field }) => field)])).toEqual([
      ["threats.updated", ["mitigation"]],
      ["threats.updated", ["status", "verdict"]],
      ["threats.reopened", ["status"]],
    ]);
  });

  it("a stop of eleven days is caught up whole, and a refused token loses nothing and is not asked with again and again", async () => {
    await bench.begin(BOTH);
    const ids: string[] = [];
    for (let day = 0; day < 11; day += 1) {
      ids.push(...bench.add("threats", 1).map((id) => `threats.new ${id}`), ...bench.add("activities", 1).map((id) => `activities.new ${id}`));
      bench.pass(DAY);
    }
    bench.faults({ path: "*", fault: { kind: "status", status: 401 } });
    bench.world.simulator.resetRequests();
    const refused = await bench.world.sync({ streams: BOTH });
    expect(refused.streams.map(({ fault }) => fault?.kind)).toEqual(["credential", "credential"]);
    expect(bench.world.simulator.requests().total).toBeLessThanOrEqual(4);
    bench.faults();
    await bench.reopen();
    await bench.world.sync({ streams: BOTH });
    await bench.world.sync({ streams: BOTH, full: true });
    expect((await bench.told()).toSorted()).toEqual(ids.toSorted());
  });
});
