/** A clock whose waits are over at once and count as passed, and that can be moved on: tests of waiting and of long stops take no time. */
import { systemClock, type Clock } from "../../src/kernel/clock.ts";

export interface SkippingClock extends Clock {
  /** Time passes without anybody having waited. */
  advance(ms: number): void;
  /** Somebody sets the clock forward (or, negative, back): no time has passed. */
  set(ms: number): void;
  /** Milliseconds waited so far, all waits added up. */
  readonly waited: number;
}

export function skippingClock(): SkippingClock {
  let passed = 0;
  let set = 0;
  let waited = 0;
  return {
    now: () => Date.now() + passed + waited + set,
    monotonic: () => systemClock.monotonic() + passed + waited,
    async sleep(ms) {
      waited += ms;
    },
    advance(ms) {
      passed += ms;
    },
    set(ms) {
      set += ms;
    },
    get waited() {
      return waited;
    },
  };
}
