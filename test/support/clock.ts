/** A clock whose waits are over at once and count as passed, and that can be moved on: tests of waiting and of long stops take no time. */
import { systemClock, type Clock } from "../../src/kernel/clock.ts";

export interface SkippingClock extends Clock {
  /** Moves on (or, negative, back) without anybody having waited. */
  advance(ms: number): void;
  /** Milliseconds waited so far, all waits added up. */
  readonly waited: number;
}

export function skippingClock(): SkippingClock {
  let moved = 0;
  let waited = 0;
  return {
    now: () => Date.now() + moved + waited,
    monotonic: () => systemClock.monotonic() + waited,
    async sleep(ms) {
      waited += ms;
    },
    advance(ms) {
      moved += ms;
    },
    get waited() {
      return waited;
    },
  };
}
