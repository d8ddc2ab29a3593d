import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bench, CONNECTION, fakeCapability, fakeStream, record, RUN, type Bench, type FakeCapability } from "../../test/contract/mirror-fakes.ts";
import { systemClock } from "../kernel/clock.ts";
import type { MappedRecord } from "../sentinelone/streams/stream.ts";
import type { Lease } from "../store/store.ts";
import { unpackCheckpoint } from "./checkpoint.ts";
import type { KeptPage } from "./job.ts";
import { PageWriter } from "./page-writer.ts";
import { StreamProgress } from "./progress.ts";

const agents = fakeStream("agents");
function page(...records: readonly MappedRecord[]): KeptPage {
  return { records, rejected: [], repeated: 0, aged: [], cursor: null, total: null, state: "more", bytes: 0 };
}

describe("pages of a first read", () => {
  let posture: FakeCapability;
  let cases: FakeCapability;
  let b: Bench;
  let lease: Lease;
  let writer: PageWriter;
  let commits: number;

  beforeEach(async () => {
    [posture, cases] = [fakeCapability("posture", ["agents"]), fakeCapability("cases", ["agents"])];
    b = await bench([agents], [posture, cases]);
    const taken = await b.store.lease("reading", "me", 60_000);
    if (taken === undefined) throw new Error("no lease");
    lease = taken;
    commits = 0;
    const counting = { ...b.store, fencedTx: ((...args) => ((commits += 1), b.store.fencedTx(...args))) as typeof b.store.fencedTx };
    writer = new PageWriter({ store: counting, mirror: b.mirror, clock: systemClock, target: b.target, stream: agents, run: RUN, progress: new StreamProgress("agents", systemClock), pagesPerTransaction: 3, lease: () => lease }, unpackCheckpoint(null));
  });
  afterEach(() => b.close());

  const stored = async () => (await sql<{ id: string }>`SELECT id FROM agents ORDER BY id`.execute(b.store.read)).rows.map(({ id }) => id);
  const parked = async () => (await sql<{ kind: string; record_key: string }>`SELECT kind, record_key FROM mirror_parked ORDER BY kind, record_key`.execute(b.store.read)).rows.map(({ kind, record_key: key }) => `${kind} ${key}`);
  const facts = async () => (await sql<{ id: string }>`SELECT id FROM fake_facts ORDER BY id`.execute(b.store.read)).rows.map(({ id }) => id);

  it("that wait share a transaction, and each is shown to the capabilities once", async () => {
    await Promise.all(["1", "2", "3"].map((id) => writer.write(page(record(id)), (checkpoint) => checkpoint)));

    expect(commits).toBe(2);
    expect(await stored()).toEqual(["1", "2", "3"]);
    expect(posture.sets.map(({ inserted, firstRead }) => [inserted.map(({ id }) => id), firstRead])).toEqual([[["1"], true], [["2"], true], [["3"], true]]);
  });

  it("are stored though a capability fails, which is set apart with what it could not take in; the others lose nothing", async () => {
    await writer.write(page(record("1")), (checkpoint) => checkpoint);
    posture.failing = true;
    await Promise.all(["2", "3"].map((id) => writer.write(page(record(id)), (checkpoint) => checkpoint)));

    expect(await stored()).toEqual(["1", "2", "3"]);
    expect(await parked()).toEqual(["posture 2", "posture 3"]);
    expect(await facts()).toEqual(["cases:1", "cases:2", "cases:3", "posture:1"]);
    expect((await sql<{ capability: string }>`SELECT capability FROM capability_health`.execute(b.store.read)).rows).toEqual([{ capability: "posture" }]);
  });

  it("are not stored once one of them could not be, however late they come", async () => {
    await b.store.tx(async (tx) => void (await sql.raw("CREATE TRIGGER refuse_row BEFORE INSERT ON mirror_agents WHEN NEW.id = '2' BEGIN SELECT RAISE(ABORT, 'refused'); END").execute(tx.db)));
    await writer.write(page(record("1")), (checkpoint) => checkpoint);
    await expect(writer.write(page(record("2")), (checkpoint) => checkpoint)).rejects.toThrow("refused");

    await expect(writer.write(page(record("3")), (checkpoint) => checkpoint)).rejects.toThrow("refused");
    expect(await stored()).toEqual(["1"]);
  });

  it("are not stored under a lease that was lost, nor any behind them", async () => {
    await b.store.release(lease);
    await b.store.lease("reading", "another", 60_000);
    const outcomes = await Promise.allSettled(["1", "2"].map((id) => writer.write(page(record(id)), (checkpoint) => checkpoint)));

    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await b.mirror.readCheckpoint(CONNECTION, agents)).toBeNull();
    expect(await stored()).toEqual([]);
  });
});
