/** How far agents are proven read: what posture calls evidence moves with every complete reading, and with nothing else. How often they are read is the connection's own. */
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { evidenceByConnection } from "../src/posture/index.ts";
import { agents } from "../src/sentinelone/streams/agents.ts";
import { dueStreams } from "../src/sync/schedule.ts";
import { readStates } from "../src/sync/stream-state.ts";
import { HOUR, MINUTE, ReaderBench } from "./support/reader-bench.ts";

const bench = new ReaderBench();
const record = async (): Promise<void> => {};

async function evidence(): Promise<{ readonly ageMs: number | null; readonly everyMs: number | null }> {
  const { connection, hub } = bench.world;
  const found = (await evidenceByConnection(hub.store.read)).get(connection);
  const at = found?.at ?? null;
  return { ageMs: at === null ? null : bench.clock.now() - at, everyMs: found?.everyMs ?? null };
}

const near = (ms: number) => ({ asymmetricMatch: (found: unknown) => typeof found === "number" && Math.abs(found - ms) < 30_000, toString: () => `about ${String(ms)}` });

describe("evidence", () => {
  it("is as old as the last complete reading, in a fleet at rest too", async () => {
    await bench.open();
    expect((await evidence()).ageMs).toBeNull();
    await bench.sync("agents");
    expect(await evidence()).toEqual({ ageMs: near(0), everyMs: 5 * MINUTE });
    for (let poll = 0; poll < 3; poll += 1) {
      bench.pass(10 * MINUTE);
      expect((await evidence()).ageMs).toEqual(near(10 * MINUTE));
      await bench.sync("agents");
      expect((await evidence()).ageMs).toEqual(near(0));
    }
  });

  it("grows old while the console does not answer", async () => {
    await bench.open();
    await bench.sync("agents");
    bench.pass(20 * MINUTE);
    bench.faults({ path: "/agents", fault: { kind: "status", status: 500 } });
    await bench.sync("agents");
    expect(bench.fired()).not.toEqual([0]);

    expect((await evidence()).ageMs).toEqual(near(20 * MINUTE));
  });

  it("is not as old as a full reading was long, for what changed meanwhile is read at its end", async () => {
    await bench.open();
    await bench.sync("agents");
    bench.pass(6 * MINUTE);
    const before = bench.clock.now();
    bench.faults({ path: "/agents", fault: { kind: "status", status: 429, retryAfter: "300" }, after: 3, times: 3 });
    await bench.sync("agents", { full: true });
    expect([bench.fired(), bench.clock.now() - before > 4 * MINUTE]).toEqual([[3], true]);

    expect((await evidence()).ageMs).toEqual(near(0));
  });

  it("of a stream that no pass tells the changes of is as old as the beginning of its full reading", async () => {
    await bench.open();
    await bench.sync("users");
    bench.pass(6 * MINUTE);
    bench.faults({ path: "/users", fault: { kind: "status", status: 429, retryAfter: "300" }, after: 1, times: 1 });
    const before = bench.clock.now();
    await bench.sync("users");
    expect([bench.fired(), bench.clock.now() - before > 4 * MINUTE]).toEqual([[1], true]);

    const { hub, connection } = bench.world;
    const { rows } = await sql<{ read_to: number }>`SELECT read_to FROM mirror_checkpoints WHERE connection_id = ${connection} AND stream = 'users'`.execute(hub.store.read);
    expect(bench.clock.now() - Number(rows[0]?.read_to)).toEqual(near(5 * MINUTE));
  });

  it("stays where it was when a page lacks records, until everything was read again", async () => {
    await bench.open();
    await bench.sync("agents");
    bench.pass(6 * MINUTE);
    bench.world.simulator.mutate({ stream: "agents", action: "update", count: 30 });
    bench.faults({ path: "/agents", fault: { kind: "lose-rows", fraction: 0.5 } });
    expect((await bench.sync("agents")).fault?.code).toBe("CHANGES_INCOMPLETE");
    bench.faults();
    expect((await evidence()).ageMs).toEqual(near(6 * MINUTE));

    bench.pass(2 * MINUTE);
    await bench.sync("agents");
    expect((await evidence()).ageMs).toEqual(near(8 * MINUTE));
    await bench.sync("agents", { full: true });
    expect((await evidence()).ageMs).toEqual(near(0));
  });
});

describe("the polling frequency", () => {
  it("of a connection decides when its agents are read, at once when it is shortened", async () => {
    await bench.open();
    const { hub, connection } = bench.world;
    const isDue = async () => {
      const readable = await hub.connections.readableOne(connection);
      return readable !== undefined && dueStreams({ ...readable, siteTenants: new Map() }, [agents], await readStates(hub.store, connection), bench.clock.now()).length > 0;
    };
    const polling = (text: string | null) => hub.connections.update(EVERY_TENANT, connection, { polling: text }, record);
    expect((await polling("12h")).polling).toBe("12h");
    await bench.sync("agents");
    expect((await evidence()).everyMs).toBe(12 * HOUR);
    bench.pass(2 * HOUR);
    expect(await isDue()).toBe(false);
    await polling("1h");
    expect(await isDue()).toBe(true);
    await bench.sync("agents");
    expect(await isDue()).toBe(false);
    expect((await polling(null)).polling).toBe("5m");
    bench.pass(10 * MINUTE);
    expect(await isDue()).toBe(true);
  });

  it.each(["1d", "1h30m", "0m", "90s", "", "5", "48h"])("%j is refused", async (text) => {
    await bench.open();
    await expect(bench.world.hub.connections.update(EVERY_TENANT, bench.world.connection, { polling: text }, record)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
