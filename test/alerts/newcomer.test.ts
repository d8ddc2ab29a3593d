/** A destination that is added when alerts have been read already is told of those of its look-back, once, and nobody else hears of them again. */
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { DAY, HOUR, IntakeBench, MINUTE } from "./bench.ts";

const bench = new IntakeBench();
const STREAMS = ["alerts", "threats", "activities"] as const;
const record = async (): Promise<void> => {};

async function add(name: string, more: { readonly lookBackDays?: number; readonly facts?: string[] }): Promise<string> {
  const { destination } = await bench.world.hub.destinations.add(EVERY_TENANT, { name, kind: "file", config: { file: `${name}.ndjson` }, ...more }, AbortSignal.timeout(20_000), record);
  return destination.id;
}

/** What is in the outbox for it: `alerts.new 019a…`. */
async function queuedFor(destination: string): Promise<readonly string[]> {
  const { rows } = await sql<{ kind: string; fact_key: string }>`SELECT kind, fact_key FROM outbox WHERE destination_id = ${destination} ORDER BY seq`.execute(bench.world.hub.store.read);
  return rows.map(({ kind, fact_key: key }) => `${kind} ${key.split("/").at(-1) ?? ""}`);
}

/** Of the console's own records, those detected from this moment on. */
function detectedSince(stream: "alerts" | "threats" | "activities", since: number): readonly string[] {
  return [...bench.world.simulator.truth(stream)].flatMap((entry) => {
    const info = stream === "threats" ? (entry["threatInfo"] as Readonly<Record<string, unknown>>) : entry;
    return Date.parse(String(info[stream === "alerts" ? "detectedAt" : "createdAt"])) >= since ? [`${stream}.new ${String(entry["id"])}`] : [];
  });
}

describe("a destination that is added later", () => {
  it("is told of the days it asks for, of the kinds it wants, and of what comes from then on as it comes", async () => {
    await bench.open({ estate: { alerts: 60, threats: 40, activities: 300 } });
    const old = await add("old", { lookBackDays: 0 });
    await bench.world.sync({ streams: STREAMS });
    const before = await queuedFor(old);
    bench.pass(HOUR);

    const added = bench.clock.now();
    const siem = await add("siem", { lookBackDays: 20, facts: ["alerts.*", "threats.*"] });
    const archive = await add("archive", {});
    const none = await add("none", { lookBackDays: 0 });
    const [fresh] = bench.add("alerts", 1);
    await bench.world.sync({ streams: STREAMS });
    await bench.world.hub.upkeep.once();

    const twenty = [...detectedSince("alerts", added - 20 * DAY), ...detectedSince("threats", added - 20 * DAY)];
    expect((await queuedFor(siem)).toSorted()).toEqual(twenty.toSorted());
    const seven = STREAMS.flatMap((stream) => detectedSince(stream, added - 7 * DAY));
    expect(seven.length).toBeGreaterThan(10);
    expect((await queuedFor(archive)).toSorted()).toEqual(seven.toSorted());
    expect([await queuedFor(none), await queuedFor(old)]).toEqual([[`alerts.new ${String(fresh)}`], [...before, `alerts.new ${String(fresh)}`]]);
  });

  it("is told once of an alert that changes while it is told, and nothing again after a stop", async () => {
    await bench.open();
    await bench.world.sync({ streams: ["alerts"] });
    bench.pass(HOUR);
    const siem = await add("siem", { lookBackDays: 60, facts: ["alerts.*"] });
    const [id = ""] = await bench.world.ids("alerts");
    bench.change("alerts", [id], { status: "RESOLVED", analystVerdict: "FALSE_POSITIVE_BENIGN" });
    await bench.world.sync({ streams: ["alerts"] });
    expect(await queuedFor(siem)).toEqual([`alerts.updated ${id}`]);
    await bench.world.hub.upkeep.once();
    const all = await queuedFor(siem);
    expect(all.filter((line) => line.endsWith(id))).toEqual([`alerts.updated ${id}`]);
    expect(all.length).toBe((await bench.world.ids("alerts")).length);

    await bench.reopen();
    bench.pass(MINUTE);
    await bench.world.sync({ streams: ["alerts"] });
    await bench.world.hub.upkeep.once();
    expect(await queuedFor(siem)).toEqual(all);
  });
});
