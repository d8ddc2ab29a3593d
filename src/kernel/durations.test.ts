import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDuration, writeDuration } from "./durations.ts";

describe("a duration", () => {
  it.each([
    ["1m", 60_000],
    ["5m", 300_000],
    ["10m", 600_000],
    ["90m", 5_400_000],
    ["1h", 3_600_000],
    ["12h", 43_200_000],
    ["24h", 86_400_000],
    ["8784h", 31_622_400_000],
  ])("%s is minutes or hours, as Cloudflare writes them", (text, ms) => {
    expect(readDuration(text)).toBe(ms);
  });

  it.each(["0m", "0h", "1d", "1h30m", "30s", "5", "m", "", " 5m", "5m ", "5M", "1H", "-5m", "+5m", "1.5h", "05m", "5 m", "1w", "8785h", "9999999h", "99999999m", "٥m", "5m\n", "1e3m"])("%j is refused and not guessed at", (text) => {
    expect(readDuration(text)).toBeNull();
  });

  it("is written so that it reads as the same", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8784 * 60 }), (minutes) => {
        expect(readDuration(writeDuration(minutes * 60_000))).toBe(minutes * 60_000);
      }),
    );
  });

  it("that is no whole number of minutes is never written as a shorter one", () => {
    expect(writeDuration(60_001)).toBe("2m");
    expect(writeDuration(0)).toBe("1m");
  });
});
