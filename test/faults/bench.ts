/**
 * A small hub over the simulated console for one fault after another: one stream awake, the others paused, a clock that skips. It tells
 * what a person would see, and whether the mirror holds anything that was never true.
 */
import { isDeepStrictEqual } from "node:util";
import { sql } from "kysely";
import type { ConnectionView, StatusView } from "../../src/kernel/api.ts";
import type { RunId } from "../../src/kernel/ids.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { STREAM_IDS, viewName, type StreamId } from "../../src/kernel/stream-ids.ts";
import type { FaultRule } from "../../src/simulator/index.ts";
import { patchState } from "../../src/sync/stream-state.ts";
import { skippingClock, type SkippingClock } from "../support/clock.ts";
import { differences, wrongfullyGone } from "../support/truth.ts";
import { openWorld, recordId, type World } from "../support/world.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

type ApiRecord = Readonly<Record<string, unknown>>;
/** Records by id. */
export type Records = ReadonlyMap<string, ApiRecord>;

export interface Seen {
  readonly stream: StatusView["streams"][number];
  readonly connection: ConnectionView;
}

export class FaultBench {
  readonly world: World;
  readonly clock: SkippingClock;
  #awake: StreamId | undefined;

  constructor(world: World, clock: SkippingClock) {
    this.world = world;
    this.clock = clock;
  }

  static async open(streams: readonly StreamId[]): Promise<FaultBench> {
    const clock = skippingClock();
    const world = await openWorld({ pageSize: 5, clock, estate: { seed: 11, agents: 36, users: 8, sites: 3, accounts: 2, alerts: 24, threats: 24, activities: 36, risks: 0, applications: 0 } });
    const bench = new FaultBench(world, clock);
    await world.sync({ streams: ["sites", ...streams] });
    await world.hub.store.tx(async (tx) => {
      for (const stream of STREAM_IDS) await patchState(tx, world.connection, stream, { paused: 1 });
    });
    return bench;
  }

  /** The schedule reads this stream and no other; it is up to date when this returns. */
  async wake(stream: StreamId): Promise<void> {
    const before = this.#awake;
    if (before === stream) return;
    this.#awake = stream;
    await this.world.hub.store.tx(async (tx) => {
      if (before !== undefined) await patchState(tx, this.world.connection, before, { paused: 1 });
      await patchState(tx, this.world.connection, stream, { paused: 0 });
    });
    // What a record shows of others has changed meanwhile.
    await this.world.sync({ streams: [stream], full: true });
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.world.simulator.advance(ms);
  }

  faults(...rules: readonly FaultRule[]): void {
    this.world.simulator.setFaults({ rules });
  }

  /** What the hub does of its own accord now; over when it returns. */
  async tick(): Promise<void> {
    const { hub, connection } = this.world;
    await hub.schedule.tick();
    for (const run of hub.runner.liveOf(connection)) await hub.runner.finished(run.id as RunId);
  }

  async seen(stream: StreamId): Promise<Seen> {
    const status = await this.world.hub.status(EVERY_TENANT);
    const found = status.streams.find((entry) => entry.stream === stream);
    const [connection] = status.connections;
    if (found === undefined || connection === undefined) throw new Error(`${stream} has no status`);
    return { stream: found, connection };
  }

  /** The console's records as they stand, by id. */
  truth(stream: StreamId): Records {
    return new Map([...this.world.simulator.truth(stream)].map((record) => [recordId(stream, record), JSON.parse(JSON.stringify(record)) as ApiRecord]));
  }

  async differences(stream: StreamId): Promise<readonly string[]> {
    return differences(this.world, stream);
  }

  async wrongfullyGone(stream: StreamId): Promise<readonly string[]> {
    return wrongfullyGone(this.world, stream);
  }

  /** Ids of what the console has and its last full listing did not bring. */
  async unseen(stream: StreamId): Promise<readonly string[]> {
    const { rows } = await sql<{ id: string }>`
      SELECT s.id FROM mirror_snapshots AS n JOIN mirror_seen AS s ON s.owner = n.owner AND s.snapshot = n.number WHERE n.connection_id = ${this.world.connection} AND n.stream = ${stream}`.execute(this.world.hub.store.read);
    const seen = new Set(rows.map(({ id }) => id));
    return [...this.truth(stream).keys()].filter((id) => !seen.has(id));
  }

  /** What nothing takes back by itself. */
  async discardParked(): Promise<void> {
    await this.world.hub.store.tx(async (tx) => {
      await sql`DELETE FROM mirror_parked`.execute(tx.db);
    });
  }

  /** Ids of rows that are no record as the console has it now or had it at one of the times given. */
  async neverTrue(stream: StreamId, ...times: readonly Records[]): Promise<readonly string[]> {
    const all = [this.truth(stream), ...times];
    return (await this.world.rows(viewName(stream))).flatMap((row) => {
      const id = String(row["id"]);
      const raw = JSON.parse(String(row["raw"])) as ApiRecord;
      return all.some((records) => sameRecord(stream, raw, records.get(id))) ? [] : [id];
    });
  }
}

function sameRecord(stream: StreamId, raw: ApiRecord, record: ApiRecord | undefined): boolean {
  if (record === undefined) return false;
  const { registrationToken: _secret, ...wanted } = record;
  if (stream !== "alerts") return isDeepStrictEqual(raw, wanted);
  // GraphQL gives what was asked for: each scalar of it has to be right.
  return Object.entries(raw).every(([key, value]) => typeof value === "object" || value === (wanted[key] ?? null));
}
