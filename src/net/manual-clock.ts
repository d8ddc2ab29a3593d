/** A clock that stands still until it is moved, for tests of waiting. */
import type { Clock } from "../kernel/clock.ts";

export interface ManualClock extends Clock {
  /** Moves time on, waking sleepers in order and letting what they start run before the next. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  readonly sleeping: number;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export function manualClock(startMs = Date.UTC(2026, 2, 2)): ManualClock {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => startMs + now,
    monotonic: () => now,
    get sleeping() {
      return sleepers.size;
    },
    sleep(ms, signal) {
      return new Promise((resolve) => {
        const sleeper = {
          at: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        if (signal?.aborted === true) return resolve();
        signal?.addEventListener("abort", sleeper.wake, { once: true });
        sleepers.add(sleeper);
      });
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const next = [...sleepers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        next.wake();
      }
      now = end;
      await settle();
    },
  };
}
