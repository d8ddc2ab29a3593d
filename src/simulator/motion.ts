/** Time that moves: agents report in, things happen, now and then a threat. Bounded: however fast time runs, a tick changes only so much. */
import type { Estate } from "./estate/estate.ts";
import type { Mutation, Mutator } from "./mutation.ts";
import type { StreamId } from "../kernel/stream-ids.ts";

/** Changes per simulated second and agent. */
const RATES: readonly { readonly stream: StreamId; readonly action: Mutation["action"]; readonly rate: number }[] = [
  { stream: "agents", action: "update", rate: 1 / 600 },
  { stream: "activities", action: "add", rate: 1 / 3600 },
  { stream: "alerts", action: "add", rate: 1 / 40_000 },
  { stream: "alerts", action: "update", rate: 1 / 60_000 },
  { stream: "threats", action: "add", rate: 1 / 90_000 },
  { stream: "threats", action: "update", rate: 1 / 90_000 },
  { stream: "cloud-detection-alerts", action: "add", rate: 1 / 90_000 },
  { stream: "risks", action: "update", rate: 1 / 90_000 },
];

const MOST_PER_TICK = 200;
const TICK_MS = 1000;

export class Motion {
  readonly #estate: Estate;
  readonly #mutator: Mutator;
  readonly #owed = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(estate: Estate, mutator: Mutator) {
    this.#estate = estate;
    this.#mutator = mutator;
  }

  /** Lets the estate live through this many simulated seconds. */
  pass(seconds: number): void {
    const agents = this.#estate.streams.agents.live;
    for (const [at, { stream, action, rate }] of RATES.entries()) {
      const due = (this.#owed.get(at) ?? 0) + rate * agents * seconds;
      const count = Math.min(Math.floor(due), MOST_PER_TICK);
      this.#owed.set(at, Math.min(due - count, MOST_PER_TICK));
      if (count > 0 && this.#estate.streams[stream].live > 0) this.#mutator.apply({ stream, action, count });
    }
  }

  start(speed: number): void {
    this.#timer = setInterval(() => {
      this.pass((TICK_MS / 1000) * speed);
    }, TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
