import { describe, expect, it } from "vitest";
import { DAY_MS, DEFAULT_POLICY, dueAt, dueTerms } from "./sla.ts";

const DETECTED = Date.UTC(2026, 0, 1, 9);
const due = (...[policy, severity, kev]: Parameters<typeof dueTerms>): number | null => dueAt(dueTerms(policy, severity, kev), DETECTED);

describe("due dates", () => {
  it("run from the detection, by severity", () => {
    expect(due(DEFAULT_POLICY, "high", null)).toBe(DETECTED + 30 * DAY_MS);
  });

  it("of a known exploited one run from the later of detection and entry in the catalogue, shorter where ransomware uses it", () => {
    expect(due(DEFAULT_POLICY, "high", { added: "2025-06-01", ransomware: null })).toBe(DETECTED + 14 * DAY_MS);
    expect(due(DEFAULT_POLICY, "high", { added: "2026-01-05", ransomware: true })).toBe(Date.UTC(2026, 0, 12));
  });

  it("never move back because a CVE entered the catalogue late: the earlier date counts", () => {
    expect(due(DEFAULT_POLICY, "critical", { added: "2026-03-01", ransomware: null })).toBe(DETECTED + 15 * DAY_MS);
  });

  it("need no catalogue, and ransomware never lengthens", () => {
    const off = { ...DEFAULT_POLICY, knownExploited: null, ransomware: null };
    const odd = { ...DEFAULT_POLICY, knownExploited: 5, ransomware: 9 };

    expect(due(off, "low", { added: "2025-01-01", ransomware: true })).toBe(DETECTED + 90 * DAY_MS);
    expect(due(odd, "low", { added: "2025-01-01", ransomware: true })).toBe(DETECTED + 5 * DAY_MS);
  });

  it("may be none by severity; a known exploited one has one all the same", () => {
    expect(due(DEFAULT_POLICY, "unknown", null)).toBeNull();
    expect(due(DEFAULT_POLICY, "unknown", { added: "2025-01-01", ransomware: null })).toBe(DETECTED + 14 * DAY_MS);
  });
});
