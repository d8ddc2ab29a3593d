/** The vendor's token buckets: per path class and token, requests a second and burst, as its Go SDK states them. Real time, not simulated. */
interface Bucket {
  tokens: number;
  at: number;
}

interface Limit {
  readonly prefix: string;
  readonly perSecond: number;
  readonly burst: number;
}

/** Longest prefix first. */
const LIMITS: readonly Limit[] = [
  { prefix: "/application-management/inventory", perSecond: 3, burst: 1 },
  { prefix: "/users/login", perSecond: 1, burst: 1 },
  { prefix: "/system/status", perSecond: 1, burst: 1 },
  { prefix: "/unifiedalerts/graphql", perSecond: 25, burst: 25 },
  { prefix: "/service-users", perSecond: 5, burst: 10 },
  { prefix: "/activities", perSecond: 10, burst: 30 },
  { prefix: "/accounts", perSecond: 100, burst: 10 },
  { prefix: "/threats/", perSecond: 100, burst: 1000 },
  { prefix: "/threats", perSecond: 10, burst: 50 },
  { prefix: "/agents", perSecond: 25, burst: 1 },
  { prefix: "/sites", perSecond: 100, burst: 10 },
  { prefix: "/users", perSecond: 40, burst: 80 },
  { prefix: "/rbac", perSecond: 50, burst: 100 },
  { prefix: "/user", perSecond: 2, burst: 5 },
  { prefix: "", perSecond: 60, burst: 60 },
];

export class RateLimits {
  readonly #buckets = new Map<string, Bucket>();

  /** Seconds to wait when the request is one too many, else undefined. */
  take(path: string, token: string, nowMs: number): number | undefined {
    const limit = LIMITS.find(({ prefix }) => path.startsWith(prefix));
    if (limit === undefined) return undefined;
    const key = `${limit.prefix}\n${token}`;
    const bucket = this.#buckets.get(key) ?? { tokens: limit.burst, at: nowMs };
    this.#buckets.set(key, bucket);
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((nowMs - bucket.at) / 1000) * limit.perSecond);
    bucket.at = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return undefined;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / limit.perSecond));
  }
}
