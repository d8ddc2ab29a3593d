/** Alerts that turn up late are found by a reading that looks back, for few requests, and told once. */
import { describe, expect, it } from "vitest";
import { of } from "../support/reader-bench.ts";
import { DAY, HOUR, IntakeBench, MINUTE } from "./bench.ts";

const bench = new IntakeBench();
const ago = (ms: number): string => new Date(bench.clock.now() - ms).toISOString();

/** All of an alert's own times: as if the console's index had been behind. */
const TIMES = {
  alerts: (at: string) => ({ detectedAt: at, createdAt: at, updatedAt: at, firstSeenAt: at, lastSeenAt: at }),
  threats: (at: string) => ({ "threatInfo.createdAt": at, "threatInfo.updatedAt": at, "threatInfo.identifiedAt": at }),
  "cloud-detection-alerts": (at: string) => ({ "alertInfo.createdAt": at, "alertInfo.reportedAt": at, "alertInfo.updatedAt": at }),
} as const;

describe.each(["alerts", "threats", "cloud-detection-alerts"] as const)("late %s", (stream) => {
  it("one that was indexed hours late is found within the hour without a full listing, one that is six days late within the day, each told once", async () => {
    await bench.begin([stream]);
    // Something newer has moved the watermark on.
    bench.pass(MINUTE);
    const [fresh] = bench.add(stream, 1);
    await bench.world.sync({ streams: [stream] });
    expect(await bench.told()).toEqual([`${stream}.new ${String(fresh)}`]);

    const [hours] = bench.add(stream, 1, TIMES[stream](ago(22 * HOUR)));
    bench.pass(HOUR);
    const run = await bench.world.sync({ streams: [stream] });
    expect([run.mode, await bench.told()]).toEqual(["delta", [`${stream}.new ${String(hours)}`]]);
    // A list for each pass, and details where there are any, asked for once more where the console left some out.
    expect(of(run, stream).requests).toBeLessThanOrEqual(6);

    const [days] = bench.add(stream, 1, TIMES[stream](ago(6 * DAY)));
    bench.pass(DAY);
    await bench.world.sync({ streams: [stream] });
    expect(await bench.told()).toEqual([`${stream}.new ${String(days)}`]);
    bench.pass(DAY);
    await bench.world.sync({ streams: [stream] });
    expect(await bench.told()).toEqual([]);
  });
});

it("a verdict that becomes visible late, its time long past, is found within the hour", async () => {
  await bench.begin(["alerts", "threats"]);
  bench.add("alerts", 1);
  bench.add("threats", 1);
  await bench.world.sync({ streams: ["alerts", "threats"] });
  await bench.told();
  const [alert] = await bench.world.ids("alerts");
  const [threat] = await bench.world.ids("threats");
  bench.change("alerts", [alert ?? ""], { analystVerdict: "TRUE_POSITIVE_PHISHING_ATTACK", updatedAt: ago(5 * HOUR) });
  bench.change("threats", [threat ?? ""], { "threatInfo.analystVerdict": "true_positive", "threatInfo.updatedAt": ago(5 * HOUR) });
  bench.pass(HOUR);
  await bench.world.sync({ streams: ["alerts", "threats"] });
  expect((await bench.told()).toSorted()).toEqual([`alerts.updated ${String(alert)}`, `threats.updated ${String(threat)}`]);
});
