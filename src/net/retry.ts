/**
 * Trying again, bounded: only what another moment may cure (429, 5xx, the network), waiting a random part of a span that doubles from
 * one second to sixty, so that many callers do not come back together. A wait the console asked for is never cut short.
 */
import type { Clock } from "../kernel/clock.ts";
import { Fault, type FaultCode } from "../kernel/fault.ts";

export interface RetryPolicy {
  /** Calls in all, the first included. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly maxMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, firstMs: 1_000, maxMs: 60_000 };

const CURED_BY_TIME: ReadonlySet<FaultCode> = new Set(["S1_RATE_LIMITED", "S1_SERVER_ERROR", "S1_UNREACHABLE", "S1_BODY_CUT"]);

export function isTransient(error: unknown): error is Fault {
  return error instanceof Fault && CURED_BY_TIME.has(error.code);
}

/** Full jitter: anywhere between nothing and the span. `random` gives [0, 1). */
export function retryDelayMs(attempt: number, policy: RetryPolicy, random: () => number): number {
  return Math.floor(random() * Math.min(policy.maxMs, policy.firstMs * 2 ** attempt));
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly random?: () => number;
  readonly policy?: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
  /** Told of each failure that will be tried again. */
  readonly onRetry?: (fault: Fault, attempt: number, delayMs: number) => void;
}

/** Calls `work` until it succeeds, fails for good, or has used up its attempts; then its last Fault comes out unchanged. */
export async function withRetry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const policy = options.policy ?? DEFAULT_RETRY;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!isTransient(error) || attempt + 1 >= policy.attempts) throw error;
      const delayMs = Math.max(error.retryAfterMs ?? 0, retryDelayMs(attempt, policy, options.random ?? Math.random));
      options.onRetry?.(error, attempt + 1, delayMs);
      await options.clock.sleep(delayMs, options.signal);
      if (options.signal?.aborted === true) throw new Fault("CANCELLED", "The request was stopped on request.", { cause: error });
    }
  }
}
