/**
 * Time that moves: agents report in, come, go and return; threats and alerts appear, some of them late, are worked on and opened again; findings are
 * fixed and come back; tokens are renewed. Bounded: however fast time runs, a tick changes only so much.
 */
import type { Actions } from "./actions.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Estate } from "./estate/estate.ts";
import type { Mutator } from "./mutation.ts";
import { movements, type Movement } from "./movements.ts";

const TICK_MS = 1000;
/** A long leap is lived through in so many steps, so that what happens in it has times all over it. */
const MOST_STEPS = 24;
const SHORTEST_STEP_MS = 60_000;

export interface MotionParts {
  readonly estate: Estate;
  readonly mutator: Mutator;
  readonly actions: Actions;
  readonly clock: SimulatedClock;
}

export class Motion {
  readonly #parts: MotionParts;
  readonly #movements: readonly Movement[];
  readonly #owed = new Map<Movement, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: MotionParts) {
    this.#parts = parts;
    this.#movements = movements(parts);
  }

  /** Moves the clock and lets the estate live through that time. */
  advance(ms: number): void {
    const steps = Math.max(1, Math.min(MOST_STEPS, Math.floor(ms / SHORTEST_STEP_MS)));
    for (let step = 0; step < steps; step += 1) {
      this.#parts.clock.advance(ms / steps);
      this.#pass(ms / steps / 1000);
    }
  }

  /** Lets the estate live through this many simulated seconds. Loaded records stay as they were loaded. */
  #pass(seconds: number): void {
    const { estate } = this.#parts;
    const agents = estate.streams.agents.live;
    if (estate.loaded || agents === 0) return;
    for (const movement of this.#movements) {
      const due = (this.#owed.get(movement) ?? 0) + Math.max(movement.slowest, Math.min(movement.perAgent * agents, movement.fastest)) * seconds;
      const count = Math.min(Math.floor(due), movement.most);
      this.#owed.set(movement, Math.min(due - count, movement.most));
      for (let n = 0; n < count; n += 1) movement.happen();
    }
  }

  start(speed: number): void {
    this.#timer = setInterval(() => {
      this.#pass((TICK_MS / 1000) * speed);
    }, TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
