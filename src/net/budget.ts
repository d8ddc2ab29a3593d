/**
 * How fast one console may be asked, shared by everything that asks it. Paths fall into classes with the vendor's documented rate and
 * burst; each class is a token bucket filled at a share of that rate, with a queue served in order. A 429 empties and pauses its class
 * for as long as the console says, lowers its rate, and after the pause lets one request through as a probe before the rest; several
 * 429 in a row without a success between them pause the whole console.
 */
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";

export interface PathClass {
  readonly id: string;
  /** Path prefix below `/web/api/v2.1`; the longest that fits wins. */
  readonly prefix: string;
  readonly perSecond: number;
  readonly burst: number;
}

/** Vendor's own client's table (requests per second, burst), reading paths only; what it does not list gets `default`. */
export const PATH_CLASSES: readonly PathClass[] = [
  { id: "default", prefix: "", perSecond: 10, burst: 10 },
  { id: "accounts", prefix: "/accounts", perSecond: 100, burst: 10 },
  { id: "sites", prefix: "/sites", perSecond: 100, burst: 10 },
  { id: "activities", prefix: "/activities", perSecond: 10, burst: 30 },
  { id: "agents", prefix: "/agents", perSecond: 25, burst: 1 },
  { id: "threats", prefix: "/threats", perSecond: 10, burst: 50 },
  { id: "threat-details", prefix: "/threats/", perSecond: 100, burst: 1_000 },
  { id: "inventory", prefix: "/application-management/inventory", perSecond: 3, burst: 1 },
  { id: "users", prefix: "/users", perSecond: 40, burst: 80 },
  { id: "user", prefix: "/user", perSecond: 2, burst: 5 },
  { id: "service-users", prefix: "/service-users", perSecond: 5, burst: 10 },
  { id: "rbac", prefix: "/rbac", perSecond: 50, burst: 100 },
  { id: "system-status", prefix: "/system/status", perSecond: 1, burst: 1 },
  { id: "graphql", prefix: "/unifiedalerts/graphql", perSecond: 25, burst: 25 },
];

const REPEATED = 3;
const DEFAULT_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 15 * 60_000;
const SLOWEST = 0.1;

export interface BudgetSnapshot {
  readonly class: string;
  /** Granted now, after the share and what 429s have taken away. */
  readonly perSecond: number;
  readonly available: number;
  readonly waiting: number;
  readonly pausedMs: number;
}

export interface Permit {
  /** Must be called once, with how the request ended; `retryAfterMs` null when the console named no time. */
  settle(outcome: "answered" | "throttled" | "failed", retryAfterMs?: number | null): void;
}

export interface Budget {
  /** Waits for a turn of the path's class. `path` is below `/web/api/v2.1`. */
  acquire(path: string, signal?: AbortSignal): Promise<Permit>;
  snapshot(): readonly BudgetSnapshot[];
  /** The class of a path, for labels. */
  classOf(path: string): string;
}

export interface BudgetOptions {
  readonly clock: Clock;
  /** Part of the documented rate to use; "off" for measurements: no rate, pauses still kept. */
  readonly share?: number | "off";
  readonly classes?: readonly PathClass[];
}

/** Milliseconds to wait by a Retry-After header (seconds or HTTP date), at most 15 minutes; null when it says nothing usable. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | null {
  const trimmed = text?.trim() ?? "";
  if (/^\d{1,15}(\.\d+)?$/.test(trimmed)) return Math.min(Math.ceil(Number(trimmed) * 1_000), MAX_PAUSE_MS);
  if (!/^[A-Za-z]{3,9},? /.test(trimmed)) return null;
  const at = Date.parse(trimmed);
  if (Number.isNaN(at)) return null;
  return Math.min(Math.max(at - nowMs, 0), MAX_PAUSE_MS);
}

interface Waiter {
  readonly resolve: (permit: Permit) => void;
  readonly reject: (fault: Fault) => void;
}

class Bucket {
  readonly #class: PathClass;
  readonly #clock: Clock;
  readonly #share: number | "off";
  readonly #onThrottled: (pauseMs: number) => void;
  readonly #onAnswered: () => void;
  readonly #queue: Waiter[] = [];
  #tokens: number;
  #filledAt: number;
  #factor = 1;
  #pausedUntil = 0;
  #throttledInARow = 0;
  #probe: "none" | "due" | "sent" = "none";
  #pumping = false;
  /** Ends the pump's wait once nobody waits for it: a timer would keep a stopped process alive. */
  #nobody = new AbortController();

  constructor(pathClass: PathClass, clock: Clock, share: number | "off", onThrottled: (pauseMs: number) => void, onAnswered: () => void) {
    this.#class = pathClass;
    this.#clock = clock;
    this.#share = share;
    this.#onThrottled = onThrottled;
    this.#onAnswered = onAnswered;
    this.#tokens = pathClass.burst;
    this.#filledAt = clock.monotonic();
  }

  get #rate(): number {
    return this.#share === "off" ? Number.POSITIVE_INFINITY : this.#class.perSecond * this.#share * this.#factor;
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const earned = this.#share === "off" ? this.#class.burst : ((now - this.#filledAt) / 1_000) * this.#rate;
    this.#tokens = Math.min(this.#class.burst, this.#tokens + earned);
    this.#filledAt = now;
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.monotonic() + ms);
    this.#probe = "due";
  }

  acquire(signal: AbortSignal | undefined): Promise<Permit> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(cancelled());
      const leave = (): void => this.#leave(waiter);
      const waiter: Waiter = {
        reject,
        resolve: (permit) => {
          signal?.removeEventListener("abort", leave);
          resolve(permit);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#queue.push(waiter);
      void this.#pump();
    });
  }

  #leave(waiter: Waiter): void {
    const at = this.#queue.indexOf(waiter);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    waiter.reject(cancelled());
    if (this.#queue.length === 0) this.#nobody.abort();
  }

  /** One loop per bucket hands out turns; it ends when nobody waits or a probe is out, and is started again by either. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length > 0 && this.#probe !== "sent") {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        if (this.#nobody.signal.aborted) this.#nobody = new AbortController();
        await this.#clock.sleep(waitMs, this.#nobody.signal);
        continue;
      }
      if (this.#share !== "off") this.#tokens -= 1;
      if (this.#probe === "due") this.#probe = "sent";
      this.#queue.shift()?.resolve(this.#permit());
    }
    this.#pumping = false;
  }

  #waitMs(): number {
    const pause = this.#pausedUntil - this.#clock.monotonic();
    if (pause > 0) return Math.ceil(pause);
    if (this.#share === "off") return 0;
    this.#fill();
    return this.#tokens >= 0.999 ? 0 : Math.max(1, Math.ceil(((1 - this.#tokens) / this.#rate) * 1_000));
  }

  #permit(): Permit {
    let settled = false;
    const wasProbe = this.#probe === "sent";
    return {
      settle: (outcome, retryAfterMs) => {
        if (settled) return;
        settled = true;
        if (wasProbe) this.#probe = outcome === "failed" ? "due" : "none";
        if (outcome === "throttled") this.#throttled(retryAfterMs ?? null);
        if (outcome === "answered") this.#answered();
        void this.#pump();
      },
    };
  }

  #throttled(retryAfterMs: number | null): void {
    this.#fill();
    this.#throttledInARow += 1;
    this.#factor = Math.max(SLOWEST, this.#factor / 2);
    this.#tokens = 0;
    const unnamed = Math.min(DEFAULT_PAUSE_MS * 2 ** (this.#throttledInARow - 1), 60_000);
    const pauseMs = Math.min(retryAfterMs ?? unnamed, MAX_PAUSE_MS);
    this.pause(pauseMs);
    this.#onThrottled(pauseMs);
  }

  #answered(): void {
    this.#fill();
    this.#throttledInARow = 0;
    this.#factor = Math.min(1, this.#factor + 0.02);
    this.#onAnswered();
  }

  snapshot(): BudgetSnapshot {
    this.#fill();
    return {
      class: this.#class.id,
      perSecond: this.#share === "off" ? this.#class.perSecond : this.#rate,
      available: Math.floor(this.#tokens * 100) / 100,
      waiting: this.#queue.length,
      pausedMs: Math.max(0, Math.ceil(this.#pausedUntil - this.#clock.monotonic())),
    };
  }
}

function cancelled(): Fault {
  return new Fault("CANCELLED", "The request was stopped while it waited for its turn.");
}

export function createBudget(options: BudgetOptions): Budget {
  const classes = options.classes ?? PATH_CLASSES;
  const share = options.share ?? 0.8;
  let throttledInARow = 0;
  const buckets = new Map<string, Bucket>();
  const onThrottled = (pauseMs: number): void => {
    throttledInARow += 1;
    if (throttledInARow >= REPEATED) for (const bucket of buckets.values()) bucket.pause(pauseMs);
  };
  const onAnswered = (): void => {
    throttledInARow = 0;
  };
  for (const pathClass of classes) buckets.set(pathClass.id, new Bucket(pathClass, options.clock, share, onThrottled, onAnswered));

  function classOf(path: string): string {
    let best: PathClass | undefined;
    for (const pathClass of classes) {
      const fits = path === pathClass.prefix || pathClass.prefix === "" || pathClass.prefix.endsWith("/") ? path.startsWith(pathClass.prefix) : path.startsWith(`${pathClass.prefix}/`);
      if (fits && (best === undefined || pathClass.prefix.length > best.prefix.length)) best = pathClass;
    }
    return best?.id ?? "default";
  }

  return {
    classOf,
    async acquire(path, signal) {
      const bucket = buckets.get(classOf(path));
      if (bucket === undefined) throw new Fault("INTERNAL", `No budget class for ${path}.`);
      return bucket.acquire(signal);
    },
    snapshot: () => [...buckets.values()].map((bucket) => bucket.snapshot()),
  };
}
