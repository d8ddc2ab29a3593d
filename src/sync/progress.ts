/** Live figures of one stream in one run: what `sync`, `status` and the progress bars show. Rates come from the monotonic clock. */
import type { Clock } from "../kernel/clock.ts";
import type { Fault } from "../kernel/fault.ts";
import type { Drift, StreamRun } from "../kernel/api.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { PageOutcome } from "../mirror/mirror.ts";

export type Phase = StreamRun["phase"];

const ENDED: readonly Phase[] = ["done", "skipped", "failed"];

export class StreamProgress {
  readonly stream: StreamId;
  readonly #clock: Clock;
  #startedAt: number | null = null;
  #endedAt: number | null = null;
  #phase: Phase = "waiting";
  #fault: Fault | null = null;
  #counts = { pages: 0, received: 0, inserted: 0, changed: 0, unchanged: 0, parked: 0, gone: 0 };
  #client: { readonly requests: number } | null = null;
  expected: number | null = null;
  caughtUp = false;
  /** What a full reading brought although what had changed was read right before it. */
  drift: Drift | null = null;

  constructor(stream: StreamId, clock: Clock) {
    this.stream = stream;
    this.#clock = clock;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get fault(): Fault | null {
    return this.#fault;
  }

  get parked(): number {
    return this.#counts.parked;
  }

  enter(phase: Phase, fault: Fault | null = null): void {
    this.#startedAt ??= this.#clock.monotonic();
    this.#phase = phase;
    this.#fault = fault;
    if (ENDED.includes(phase)) this.#endedAt = this.#clock.monotonic();
  }

  /** Counts the requests of the client this stream is read with. */
  follow(client: { readonly requests: number }): void {
    this.#client = client;
  }

  add(outcome: PageOutcome): void {
    this.#counts.pages += 1;
    this.#counts.received += outcome.received;
    this.#counts.inserted += outcome.inserted;
    this.#counts.changed += outcome.changed;
    this.#counts.unchanged += outcome.unchanged;
    this.#counts.parked += outcome.parked;
  }

  addGone(count: number): void {
    this.#counts.gone += count;
  }

  view(): StreamRun {
    const until = this.#endedAt ?? this.#clock.monotonic();
    const seconds = this.#startedAt === null ? 0 : (until - this.#startedAt) / 1000;
    const rate = seconds > 0 ? this.#counts.received / seconds : 0;
    const left = this.expected === null ? null : Math.max(0, this.expected - this.#counts.received);
    return {
      stream: this.stream,
      phase: this.#phase,
      ...this.#counts,
      requests: this.#client?.requests ?? 0,
      expected: this.expected,
      rowsPerSecond: Math.round(rate * 10) / 10,
      etaSeconds: left === null || rate === 0 || this.#endedAt !== null ? null : Math.round(left / rate),
      caughtUp: this.caughtUp,
      ...(this.drift === null ? {} : { drift: this.drift }),
      fault: this.#fault === null ? null : this.#fault.toJSON(),
    };
  }
}
