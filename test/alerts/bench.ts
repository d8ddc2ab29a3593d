/** A hub with a simulated console and one destination that wants every version of every stream: what was queued for it is what the world would have been told. */
import { sql } from "kysely";
import { afterEach } from "vitest";
import { VERSION_KINDS, type EventStream } from "../../src/kernel/alert-api.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { DAY, HOUR, MINUTE, ReaderBench } from "../support/reader-bench.ts";
import type { WorldOptions } from "../support/world.ts";

export { DAY, HOUR, MINUTE };

export interface Queued {
  readonly id: string;
  readonly kind: string;
  /** SentinelOne's. */
  readonly of: string;
  readonly version: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const record = async (): Promise<void> => {};

export class IntakeBench extends ReaderBench {
  #seen = 0;

  constructor() {
    super();
    afterEach(() => {
      this.#seen = 0;
    });
  }

  /** Opened and read for the first time; what that told is behind. */
  async begin(streams: readonly EventStream[], options: WorldOptions = {}): Promise<void> {
    await this.open(options);
    await this.addDestination();
    await this.world.sync({ streams });
    await this.told();
  }

  async addDestination(facts: readonly string[] = ["alerts", "threats", "cloud-detection-alerts", "activities"].flatMap((stream) => VERSION_KINDS.map((kind) => `${stream}.${kind}`))): Promise<void> {
    await this.world.hub.destinations.add(EVERY_TENANT, { name: "siem", kind: "file", config: { file: "siem.ndjson" }, facts: [...facts] }, AbortSignal.timeout(20_000), record);
  }

  /** What was queued since the last call, in its order. */
  async queued(): Promise<readonly Queued[]> {
    const { rows } = await sql<{ seq: number; id: string; kind: string; fact_key: string; version: string; body: string }>`SELECT seq, id, kind, fact_key, version, body FROM outbox WHERE seq > ${this.#seen} ORDER BY seq`.execute(this.world.hub.store.read);
    this.#seen = rows.at(-1)?.seq ?? this.#seen;
    return rows.map(({ id, kind, fact_key: key, version, body }) => ({ id, kind, of: key.split("/").at(-1) ?? "", version, body: JSON.parse(body) as Queued["body"] }));
  }

  /** As `alerts.new 019a…`. */
  async told(): Promise<readonly string[]> {
    return (await this.queued()).map(({ kind, of }) => `${kind} ${of}`);
  }

  add(stream: EventStream, count: number, set: Readonly<Record<string, unknown>> = {}): readonly string[] {
    return this.world.simulator.mutate({ stream, action: "add", count, set }).ids;
  }

  change(stream: EventStream, ids: readonly string[], set: Readonly<Record<string, unknown>>): void {
    const { changed } = this.world.simulator.mutate({ stream, action: "update", ids, set });
    if (changed !== ids.length) throw new Error(`the console changed ${String(changed)} of ${String(ids.length)}`);
  }
}
