/** How long until the next attempt: a span that doubles from one second to five minutes, of which at least half is waited. It never ends. */

export const FIRST_WAIT_MS = 1_000;
/** No wait of ours is longer; what is due later than this was put there by a clock that has been set back since. */
export const LONGEST_WAIT_MS = 5 * 60_000;
/** Of what a receiver asks for (Retry-After); jitter comes on top. */
export const LONGEST_ASKED_MS = 15 * 60_000;
const JITTER = 0.1;

/** `failures` so far, at least one. A wait that was asked for is never cut short, but for its maximum. `random` gives [0, 1). */
export function waitMs(failures: number, askedMs: number | null, random: () => number): number {
  const span = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 30));
  const own = Math.floor(span / 2 + (random() * span) / 2);
  if (askedMs === null) return own;
  const asked = Math.min(Math.max(0, askedMs), LONGEST_ASKED_MS);
  return Math.max(own, Math.ceil(asked * (1 + random() * JITTER)));
}

/** The furthest a waiting row may be ahead of now. */
export const HORIZON_MS = LONGEST_ASKED_MS * (1 + JITTER) + 1_000;
