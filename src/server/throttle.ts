/**
 * Limits on what may be tried: each key has a bucket of tries that fills up again one by one, so that whoever used his up waits for the next one
 * and is never shut out for good. Kept in memory, a bounded number of them: the fullest are forgotten first, since they say the least.
 */
import type { Clock } from "../kernel/clock.ts";

export interface Limit {
  readonly key: string;
  readonly burst: number;
  /** Until one more try is there. */
  readonly everyMs: number;
}

export interface Throttle {
  /** Takes one try of each, before its outcome is known: 0; or, where one has none left, takes none and tells the milliseconds until it has. */
  take(limits: readonly Limit[]): number;
  /** The try was none that counts. */
  giveBack(limits: readonly Limit[]): void;
}

const MOST_KEYS = 10_000;

interface Bucket {
  left: number;
  at: number;
}

export function createThrottle(clock: Pick<Clock, "now">, mostKeys = MOST_KEYS): Throttle {
  const buckets = new Map<string, Bucket>();

  function bucketOf({ key, burst, everyMs }: Limit): Bucket {
    const now = clock.now();
    const found = buckets.get(key);
    const passed = found === undefined ? 0 : Math.max(0, now - found.at);
    const bucket = found === undefined ? { left: burst, at: now } : { left: Math.min(burst, found.left + passed / everyMs), at: now };
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > mostKeys) forget(key);
    return bucket;
  }

  function forget(kept: string): void {
    // Those least recently asked about are looked at; a bucket in use is not lost because strangers invent names.
    let fullest: string | undefined;
    let most = -1;
    let looked = 0;
    for (const [key, { left }] of buckets) {
      if (key !== kept && left > most) [fullest, most] = [key, left];
      looked += 1;
      if (looked >= 100) break;
    }
    if (fullest !== undefined) buckets.delete(fullest);
  }

  return {
    take(limits) {
      const found = limits.map((limit) => ({ limit, bucket: bucketOf(limit) }));
      const wait = Math.max(0, ...found.map(({ limit, bucket }) => (bucket.left >= 1 ? 0 : Math.ceil((1 - bucket.left) * limit.everyMs))));
      if (wait === 0) for (const { bucket } of found) bucket.left -= 1;
      return wait;
    },
    giveBack(limits) {
      for (const limit of limits) {
        const bucket = bucketOf(limit);
        bucket.left = Math.min(limit.burst, bucket.left + 1);
      }
    },
  };
}
