import { describe, expect, it } from "vitest";
import { Fault, type FaultCode } from "../kernel/fault.ts";
import { manualClock } from "./manual-clock.ts";
import { DEFAULT_RETRY, retryDelayMs, withRetry } from "./retry.ts";

function failing(code: FaultCode, times: number, retryAfterMs?: number): { readonly work: () => Promise<string>; calls(): number } {
  let calls = 0;
  return {
    calls: () => calls,
    work: async () => {
      calls += 1;
      if (calls <= times) throw new Fault(code, "planted", retryAfterMs === undefined ? {} : { retryAfterMs });
      return "done";
    },
  };
}

describe("trying again", () => {
  it.each(["S1_RATE_LIMITED", "S1_SERVER_ERROR", "S1_UNREACHABLE", "S1_BODY_CUT"] as const)("%s is tried again until it works", async (code) => {
    const clock = manualClock();
    const planted = failing(code, 3);
    const result = withRetry(planted.work, { clock, random: () => 0.5 });
    await clock.advance(60_000);

    await expect(result).resolves.toBe("done");
    expect(planted.calls()).toBe(4);
  });

  it.each(["S1_TOKEN_REJECTED", "S1_FORBIDDEN", "S1_BAD_REQUEST", "S1_NOT_FOUND", "S1_NOT_JSON", "S1_TLS", "S1_CURSOR_REFUSED", "OUTBOUND_ADDRESS_REFUSED"] as const)("%s comes out at once", async (code) => {
    const planted = failing(code, 1);

    await expect(withRetry(planted.work, { clock: manualClock() })).rejects.toMatchObject({ code });
    expect(planted.calls()).toBe(1);
  });

  it("gives up after its attempts with the last fault", async () => {
    const clock = manualClock();
    const planted = failing("S1_SERVER_ERROR", 99);
    const result = withRetry(planted.work, { clock, random: () => 0.99 }).catch((error: unknown) => error);
    await clock.advance(300_000);

    expect(await result).toMatchObject({ code: "S1_SERVER_ERROR" });
    expect(planted.calls()).toBe(5);
  });

  it("waits anywhere in a span that doubles from one second to sixty", () => {
    const spans = [0, 1, 2, 3, 4, 5, 6, 9].map((attempt) => retryDelayMs(attempt, DEFAULT_RETRY, () => 0.999999));

    expect(spans).toEqual([999, 1999, 3999, 7999, 15999, 31999, 59999, 59999]);
    expect(retryDelayMs(4, DEFAULT_RETRY, () => 0)).toBe(0);
  });

  it("never asks again before the console said it may", async () => {
    const clock = manualClock();
    const planted = failing("S1_RATE_LIMITED", 1, 30_000);
    const result = withRetry(planted.work, { clock, random: () => 0 });

    await clock.advance(29_999);
    expect(planted.calls()).toBe(1);
    await clock.advance(1);
    await expect(result).resolves.toBe("done");
  });

  it("stops waiting when the work is cancelled", async () => {
    const abort = new AbortController();
    const result = withRetry(failing("S1_SERVER_ERROR", 9).work, { clock: manualClock(), signal: abort.signal });
    await Promise.resolve();
    abort.abort();

    await expect(result).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
