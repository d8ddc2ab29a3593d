import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import { afterQuiet, DEFAULTS, dueAt, isGraveEnough, isQuiet, reminderAt } from "./policy.ts";
import { shownTime } from "../kernel/zones.ts";

const BERLIN = { ...DEFAULTS, timeZone: "Europe/Berlin" };
const NIGHT = { from: "22:00", to: "07:00" };
const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

describe("when something is told", () => {
  it.each([
    ["at once", {}, "high", "2026-06-01T12:34:56Z", "2026-06-01T12:34"],
    ["with the next full hour", { pace: "hourly" }, "high", "2026-06-01T12:34:56Z", "2026-06-01T13:00"],
    ["with the next full hour where hours begin at the half", { pace: "hourly", timeZone: "Asia/Kolkata" }, "high", "2026-06-01T12:34:56Z", "2026-06-01T13:30"],
    ["in the morning", { pace: "daily" }, "high", "2026-06-01T12:34:56Z", "2026-06-02T06:00"],
    ["in the morning of winter", { pace: "daily" }, "high", "2026-12-01T12:34:56Z", "2026-12-02T07:00"],
    ["when the night is over", { quiet: NIGHT }, "high", "2026-06-01T21:00:00Z", "2026-06-02T05:00"],
    ["when the night is over, after midnight too", { quiet: NIGHT }, "high", "2026-06-02T03:00:00Z", "2026-06-02T05:00"],
    ["at once where it is grave enough for the night", { quiet: NIGHT }, "critical", "2026-06-01T21:00:00Z", "2026-06-01T21:00"],
    ["when the weekend is over, and its last night", { quiet: { ...NIGHT, days: ["sat", "sun"] } }, "high", "2026-06-05T21:30:00Z", "2026-06-08T05:00"],
    ["at the hour of the digest, however grave, where nothing breaks through", { pace: "daily", through: null }, "critical", "2026-06-01T12:00:00Z", "2026-06-02T06:00"],
    ["at once where it is too grave for a digest", { pace: "daily" }, "critical", "2026-06-01T12:00:00Z", "2026-06-01T12:00"],
    ["in the night the clock goes forward", { quiet: NIGHT }, "high", "2026-03-28T22:00:00Z", "2026-03-29T05:00"],
    ["in the night the clock goes back", { quiet: NIGHT }, "high", "2026-10-24T22:00:00Z", "2026-10-25T06:00"],
  ] as const)("%s", (_what, settings, severity, now, due) => {
    expect(iso(dueAt({ ...BERLIN, ...settings } as typeof BERLIN, severity, at(now)))).toBe(due);
  });

  it("never earlier than it happens, never in the quiet, and within a week", () => {
    const clock = fc.integer({ min: 0, max: 1439 }).map((minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`);
    const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Chatham");
    const days = fc.subarray(["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const, { maxLength: 6 });
    fc.assert(
      fc.property(clock, clock, days, zone, fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2027-01-01T00:00:00Z") }), (from, to, quietDays, timeZone, now) => {
        const quiet = { from, to, days: [...quietDays] };
        const due = afterQuiet(quiet, timeZone, now);
        expect(due).toBeGreaterThanOrEqual(now);
        expect(isQuiet(quiet, timeZone, due)).toBe(false);
        expect(due - now).toBeLessThan(8 * 86_400_000);
      }),
      { numRuns: 150 },
    );
  });

  it("a reminder waits for the morning and for no digest", () => {
    expect(iso(reminderAt({ ...BERLIN, pace: "daily", quiet: NIGHT, unansweredMinutes: 30 }, "high", at("2026-06-01T12:00:00Z")))).toBe("2026-06-01T12:30");
    expect(iso(reminderAt({ ...BERLIN, quiet: NIGHT, unansweredMinutes: 30 }, "high", at("2026-06-01T19:45:00Z")))).toBe("2026-06-02T05:00");
  });
});

it("what has no severity is let through, what is less grave than asked for is not", () => {
  expect(FACT_SEVERITIES.filter((severity) => isGraveEnough({ severity: "high" }, severity))).toEqual(["unknown", "high", "critical"]);
});

it("times are those of the rule's zone, and say so", () => {
  expect(shownTime("Europe/Berlin", at("2026-06-01T22:30:00Z"))).toBe("2026-06-02 00:30 (Europe/Berlin)");
});
