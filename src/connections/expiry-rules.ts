/** How near a token's end is, and when people are told: 30, 14, 7 and 1 days ahead, and when it has passed. Pure. */
const DAY_MS = 86_400_000;

export const EXPIRY_DAYS = [30, 14, 7, 1] as const;

export type ExpiryThreshold = "30" | "14" | "7" | "1" | "expired";

export interface Expiry {
  /** Whole days left, rounded down; negative after the end. */
  readonly daysLeft: number;
  /** The nearest threshold passed, or null while more than 30 days are left. */
  readonly threshold: ExpiryThreshold | null;
  readonly level: "info" | "warning" | "error" | null;
  /** One sentence for people, or null where there is nothing to say. */
  readonly warning: string | null;
}

/** Null for a token without a known end. */
export function expiryOf(expiresAt: string | null, now: number): Expiry | null {
  const end = expiresAt === null ? Number.NaN : Date.parse(expiresAt);
  if (Number.isNaN(end)) return null;
  const left = end - now;
  const daysLeft = Math.floor(left / DAY_MS);
  if (left <= 0) return { daysLeft, threshold: "expired", level: "error", warning: "The token has expired." };
  const passed = EXPIRY_DAYS.filter((days) => left <= days * DAY_MS).at(-1);
  if (passed === undefined) return { daysLeft, threshold: null, level: null, warning: null };
  const level = passed === 30 ? "info" : passed === 1 ? "error" : "warning";
  const when = daysLeft < 1 ? "within a day" : `in ${daysLeft} ${daysLeft === 1 ? "day" : "days"}`;
  return { daysLeft, threshold: String(passed) as ExpiryThreshold, level, warning: `The token expires ${when}.` };
}
