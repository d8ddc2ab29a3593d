import { describe, expect, it } from "vitest";
import { DAY_MS, DEFAULT_POLICY, dueAt, dueDate, dueTerms } from "./sla.ts";
import { VULNERABILITY_SEVERITIES } from "./model.ts";

const DETECTED = Date.UTC(2026, 0, 1, 9);

describe("due dates", () => {
  it("run from the detection, by severity", () => {
    expect(dueDate(DEFAULT_POLICY, "high", null, DETECTED)).toEqual({ at: DETECTED + 30 * DAY_MS, rule: "severity-high", from: DETECTED, days: 30 });
  });

  it("of a known exploited one run from the later of detection and entry in the catalogue, shorter where ransomware uses it", () => {
    const early = { added: "2025-06-01", ransomware: null };
    const late = { added: "2026-01-05", ransomware: true };

    expect(dueDate(DEFAULT_POLICY, "high", early, DETECTED)).toEqual({ at: DETECTED + 14 * DAY_MS, rule: "known-exploited", from: DETECTED, days: 14 });
    expect(dueDate(DEFAULT_POLICY, "high", late, DETECTED)).toEqual({ at: Date.UTC(2026, 0, 12), rule: "ransomware", from: Date.UTC(2026, 0, 5), days: 7 });
  });

  it("never move back because a CVE entered the catalogue late: the earlier date counts", () => {
    expect(dueDate(DEFAULT_POLICY, "critical", { added: "2026-03-01", ransomware: null }, DETECTED)?.rule).toBe("severity-critical");
  });

  it("need no catalogue, and ransomware never lengthens", () => {
    const off = { ...DEFAULT_POLICY, knownExploited: null, ransomware: null };
    const odd = { ...DEFAULT_POLICY, knownExploited: 5, ransomware: 9 };

    expect(dueDate(off, "low", { added: "2025-01-01", ransomware: true }, DETECTED)?.days).toBe(90);
    expect(dueDate(odd, "low", { added: "2025-01-01", ransomware: true }, DETECTED)).toMatchObject({ days: 5, rule: "known-exploited" });
  });

  it("may be none by severity; a known exploited one has one all the same", () => {
    expect(dueDate(DEFAULT_POLICY, "unknown", null, DETECTED)).toBeNull();
    expect(dueDate(DEFAULT_POLICY, "unknown", { added: "2025-01-01", ransomware: null }, DETECTED)).toMatchObject({ days: 14, rule: "known-exploited" });
  });

  it("are the same worked out in one step or two", () => {
    for (const severity of VULNERABILITY_SEVERITIES) {
      const kev = { added: "2026-01-03", ransomware: true };
      expect(dueAt(dueTerms(DEFAULT_POLICY, severity, kev), DETECTED)).toBe(dueDate(DEFAULT_POLICY, severity, kev, DETECTED)?.at);
    }
  });
});
