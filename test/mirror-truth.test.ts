import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STREAM_IDS, viewName } from "../src/kernel/stream-ids.ts";
import { openWorld, recordId, truthIds, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => world.close());

describe("the first sync of an estate", () => {
  it("reads every stream, and the books balance", async () => {
    const run = await world.sync();

    expect(run.streams.filter((stream) => stream.fault !== null).map((stream) => `${stream.stream}: ${stream.fault?.message ?? ""}`)).toEqual([]);
    expect(run.state).toBe("succeeded");
    expect(run.mode).toBe("first");
    for (const stream of run.streams) expect(stream.received, stream.stream).toBe(stream.inserted + stream.changed + stream.unchanged + stream.parked);
  });

  it.each(STREAM_IDS)("mirrors %s exactly as the console has it, every field of every record, secrets left out", async (stream) => {
    const rows = await world.rows(viewName(stream));
    const truth = new Map([...world.simulator.truth(stream)].map((record) => [recordId(stream, record), record]));

    expect(rows.map((row) => row["id"])).toEqual(truthIds(world.simulator, stream));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const raw = JSON.parse(String(row["raw"])) as Record<string, unknown>;
      // The endpoint's record does not name its vendor; the reader adds it from the inventory it asked by.
      if (stream === "applications") delete raw["applicationVendor"];
      const expected = { ...truth.get(String(row["id"])) };
      delete expected["registrationToken"];
      const whole = JSON.parse(JSON.stringify(expected)) as Record<string, unknown>;
      // GraphQL gives what was asked for: all of it has to be right, the record may hold more.
      if (stream === "alerts") expect(whole).toMatchObject(raw);
      else expect(raw).toEqual(whole);
    }
  });

  it("holds no registration token anywhere", async () => {
    for (const view of ["sites", "groups"]) {
      for (const row of await world.rows(view)) expect(JSON.stringify(row)).not.toContain("registrationToken");
    }
  });

  it("reads nothing twice when nothing has changed", async () => {
    const run = await world.sync();

    expect(run.mode).toBe("delta");
    expect(run.streams.map((stream) => stream.inserted + stream.changed + stream.gone)).toEqual(run.streams.map(() => 0));
  });

  it("follows what changes, comes and goes", async () => {
    const [gone, touched] = truthIds(world.simulator, "agents");
    world.simulator.mutate({ stream: "agents", action: "update", ids: [touched ?? ""], set: { computerName: "renamed-01" } });
    world.simulator.mutate({ stream: "agents", action: "remove", ids: [gone ?? ""] });
    world.simulator.mutate({ stream: "threats", action: "add", count: 3 });

    await world.sync();
    expect((await world.rows("agents")).find((row) => row["id"] === touched)?.["computer_name"]).toBe("renamed-01");
    expect(await world.ids("threats")).toEqual(truthIds(world.simulator, "threats"));
    expect(await world.ids("agents")).toContain(gone);

    const full = await world.sync({ full: true });
    expect(full.state).toBe("succeeded");
    expect(await world.ids("agents")).toEqual(truthIds(world.simulator, "agents"));
    expect((await world.rows("agents_history")).map((row) => row["id"])).toEqual([gone]);
  });
});
