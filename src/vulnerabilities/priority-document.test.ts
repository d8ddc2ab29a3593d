import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { VULNERABILITY_EXPORT_FORMATS } from "../kernel/vulnerability-priority-api.ts";
import { LIMITS } from "./export/flexconnect.ts";
import { FORMULA_VERSION, NO_CONTEXT, riskScore } from "./score.ts";
import { DEFAULT_POLICY } from "./sla.ts";

const TEXT = readFileSync(new URL("../../docs/vulnerability-priority.md", import.meta.url), "utf8");
const row = (first: string): readonly string[] => (TEXT.split("\n").find((line) => line.startsWith(`| ${first} |`)) ?? "").split("|").map((cell) => cell.trim());
const facts = { baseScore: null, nvdBaseScore: 0, exploitedInTheWild: null, exploitMaturity: null };
const input = { severity: "unknown", facts, kev: null, epss: null, asset: NO_CONTEXT } as const;

describe("the document about priority", () => {
  it("has the formula as it is", () => {
    expect(TEXT).toContain(`**Formula ${String(FORMULA_VERSION)}**`);
    expect(riskScore({ ...input, facts: { ...facts, nvdBaseScore: 10 } }).score).toBe(Number(/× (\d+)/.exec(row("severity")[2] ?? "")?.[1]));
    expect(String(riskScore({ ...input, kev: { ransomware: null } }).score)).toBe(row("known exploited")[2]);
    expect(String(riskScore({ ...input, facts: { ...facts, exploitedInTheWild: true } }).score)).toBe(row("exploited in the wild")[2]);
    expect(riskScore({ ...input, epss: { score: 1 } }).score).toBe(Number(/× (\d+)/.exec(row("EPSS")[2] ?? "")?.[1]));
  });

  it("has the due dates as they are where nobody set others", () => {
    const { severities, knownExploited, ransomware } = DEFAULT_POLICY;
    expect(row("default, days").slice(2, 9)).toEqual([severities.critical, severities.high, severities.medium, severities.low, "never", knownExploited, ransomware].map(String));
    expect([severities.informational, severities.unknown]).toEqual([null, null]);
  });

  it("has every format, and every length that is held", () => {
    for (const format of VULNERABILITY_EXPORT_FORMATS) expect(row(`\`${format}\``).length, format).toBeGreaterThan(2);
    for (const [field, limit] of Object.entries(LIMITS)) expect(TEXT).toContain(`\`${field}\` ${String(limit)}`);
  });
});
