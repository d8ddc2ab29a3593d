/** A small world for tests of reading, opened anew by each test, with a clock that skips: what goes by for the hub goes by for the console too. */
import { afterEach } from "vitest";
import type { RunView, StatusView } from "../../src/kernel/api.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import type { FaultRule, SimulatorOptions } from "../../src/simulator/index.ts";
import { skippingClock, type SkippingClock } from "./clock.ts";
import { differences } from "./truth.ts";
import { openWorld, type World, type WorldOptions } from "./world.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const TINY: SimulatorOptions = { seed: 5, agents: 60, users: 14, sites: 3, accounts: 2, alerts: 40, risks: 60, threats: 30, activities: 60 };

export class ReaderBench {
  #world: World | undefined;
  #openWorld: typeof openWorld = openWorld;
  clock: SkippingClock = skippingClock();

  constructor() {
    afterEach(async () => {
      await this.#world?.close();
      this.#world = undefined;
      this.#openWorld = openWorld;
    });
  }

  /** Until the test ends, worlds are opened with another copy of the hub. */
  openWith(copy: typeof openWorld): void {
    this.#openWorld = copy;
  }

  get world(): World {
    if (this.#world === undefined) throw new Error("open the bench first");
    return this.#world;
  }

  async open(options: WorldOptions = {}): Promise<void> {
    this.clock = skippingClock();
    this.#world = await this.#openWorld({ pageSize: 10, clock: this.clock, ...options, estate: { ...TINY, ...options.estate } });
  }

  async reopen(): Promise<void> {
    this.#world = await this.world.reopen();
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.world.simulator.advance(ms);
  }

  /** Replaces the fault plan; none ends it. */
  faults(...rules: readonly FaultRule[]): void {
    this.world.simulator.setFaults({ rules });
  }

  /** How often each rule of the plan struck. */
  fired(): readonly number[] {
    return this.world.simulator.faults().rules.map((rule) => rule.fired);
  }

  async sync(stream: StreamId, options: { readonly full?: boolean } = {}): Promise<RunView["streams"][number]> {
    return of(await this.world.sync({ ...options, streams: [stream] }), stream);
  }

  async status(stream: StreamId): Promise<StatusView["streams"][number]> {
    const found = (await this.world.hub.status(EVERY_TENANT)).streams.find((entry) => entry.stream === stream);
    if (found === undefined) throw new Error(`${stream} has no status`);
    return found;
  }

  /** One line for each record in which mirror and console differ; empty when the mirror equals the truth. */
  async mismatches(...streams: readonly StreamId[]): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const stream of streams) for (const line of await differences(this.world, stream)) lines.push(`${stream}: ${line}`);
    return lines;
  }
}

export function of(run: RunView, stream: StreamId): RunView["streams"][number] {
  const found = run.streams.find((entry) => entry.stream === stream);
  if (found === undefined) throw new Error(`${stream} was not part of the run`);
  return found;
}
