import { describe, expect, it } from "vitest";
import { bytes, count, duration, plural, time } from "./format.ts";

describe("numbers as people read them", () => {
  it.each([[0, "0s"], [45.2, "45s"], [60, "1m"], [200, "3m 20s"], [300, "5m"], [3600, "1h"], [7500, "2h 05m"], [86_400, "1d"], [356_400, "4d 3h"], [-5, "0s"]])("%d seconds are %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it("counts, sizes and times", () => {
    expect([count(0), count(999), count(1000), count(1_234_567)]).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([bytes(0), bytes(999), bytes(1500), bytes(20_900_000)]).toEqual(["0 B", "999 B", "1.5 kB", "20.9 MB"]);
    expect([plural(1, "row"), plural(2, "row")]).toEqual(["1 row", "2 rows"]);
    expect([time("2026-11-20T16:00:00.123456Z"), time(null), time("odd")]).toEqual(["2026-11-20 16:00:00Z", "-", "odd"]);
  });
});
