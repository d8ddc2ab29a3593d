import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { waitAfter } from "./stream-run.ts";

const MINUTE = 60_000;
const every = { everyMs: 5 * MINUTE };

describe("the wait until a stream's next turn", () => {
  it.each([0, 0.5, 0.999])("lets what is known grow no older than the interval, the time of reading included (jitter %d)", (random) => {
    for (const reading of [0, 2_000, MINUTE]) {
      const wait = waitAfter(every, null, 0, reading, () => random);
      expect(wait + 2 * reading).toBeLessThanOrEqual(5 * MINUTE);
      expect(wait + 2 * reading).toBeGreaterThan(4 * MINUTE);
    }
  });

  it("leaves a quarter of the interval to everybody else, however long the reading", () => {
    expect(waitAfter(every, null, 0, 20 * MINUTE, () => 1)).toBe(75_000);
  });

  it("is short after trouble that passes, as long as the console asked for, and an hour where a person has to act", () => {
    expect(waitAfter(every, new Fault("S1_SERVER_ERROR", "planted"), 1, 0, () => 0.5)).toBe(5_000);
    expect(waitAfter(every, new Fault("S1_SERVER_ERROR", "planted"), 9, 0, () => 0.5)).toBe(MINUTE);
    expect(waitAfter(every, new Fault("S1_RATE_LIMITED", "planted", { retryAfterMs: 90_000 }), 1, 0, () => 0.5)).toBe(90_000);
    expect(waitAfter(every, new Fault("S1_FORBIDDEN", "planted"), 1, 0, () => 0.5)).toBe(60 * MINUTE);
  });
});
