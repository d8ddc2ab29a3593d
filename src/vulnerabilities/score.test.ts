import { describe, expect, it } from "vitest";
import { bandOf, contextOf, FORMULA_VERSION, NO_CONTEXT, riskScore, type ScoreInput } from "./score.ts";

const FACTS = { baseScore: null, nvdBaseScore: null, exploitedInTheWild: null, exploitMaturity: null };
const scored = (change: Partial<ScoreInput> = {}): ReturnType<typeof riskScore> => riskScore({ severity: "critical", facts: FACTS, kev: null, epss: null, asset: NO_CONTEXT, ...change });

describe("the risk score", () => {
  it("is the sum of its terms times its factors, and shows them all", () => {
    const { score, band, formula, terms } = scored({ facts: { ...FACTS, nvdBaseScore: 9.8, baseScore: 7 }, kev: { ransomware: true }, epss: { score: 0.5 }, asset: { criticality: "high", sensitivity: null, exposed: null } });
    const points = terms.reduce((sum, term) => sum + (term.points ?? 0), 0);
    const factor = terms.reduce((product, term) => product * (term.factor ?? 1), 1);

    expect(terms.map((one) => one.term)).toEqual(["severity", "known-exploited", "ransomware", "epss", "criticality"]);
    expect(score).toBe(Math.min(1000, Math.round(points * factor)));
    expect({ score, band, formula }).toEqual({ score: 984, band: "critical", formula: FORMULA_VERSION });
  });

  it("never leaves 0 to 1000, whatever is known", () => {
    const most = scored({ facts: { nvdBaseScore: 10, baseScore: 10, exploitedInTheWild: true, exploitMaturity: "High" }, kev: { ransomware: true }, epss: { score: 1 }, asset: { criticality: "critical", sensitivity: "critical", exposed: true } });

    expect(most.score).toBe(1000);
    expect(most.terms.map((one) => one.term)).toContain("threat-limit");
    expect(scored({ severity: "informational", asset: { criticality: "low", sensitivity: "low", exposed: false } }).score).toBe(0);
  });

  it("rises with each thing that is known to be worse, and falls with none of them", () => {
    const plain = scored({ severity: "high" }).score;

    expect(scored({ severity: "critical" }).score).toBeGreaterThan(plain);
    expect(scored({ severity: "high", kev: { ransomware: null } }).score).toBeGreaterThan(scored({ severity: "high", facts: { ...FACTS, exploitedInTheWild: true } }).score);
    expect(scored({ severity: "high", facts: { ...FACTS, exploitedInTheWild: true } }).score).toBeGreaterThan(plain);
    expect(scored({ severity: "high", facts: { ...FACTS, exploitMaturity: "Proof of Concept" } }).score).toBeGreaterThan(plain);
    expect(scored({ severity: "high", asset: { ...NO_CONTEXT, exposed: true } }).score).toBeGreaterThan(plain);
  });

  it("does not count the same exploitation twice: the catalogue's word stands for SentinelOne's", () => {
    const kev = { ransomware: null };

    expect(scored({ kev, facts: { ...FACTS, exploitedInTheWild: true } }).score).toBe(scored({ kev }).score);
  });

  it("says what it stands on where there is no score, and takes a score out of range for none", () => {
    expect(scored({ severity: "unknown" }).terms[0]?.because).toContain("neither score nor severity");
    expect(scored({ facts: { ...FACTS, nvdBaseScore: 98 } }).terms[0]?.because).toContain("no CVSS score");
  });

  it("has the bands of 900, 650 and 310", () => {
    expect([1000, 900, 899, 650, 649, 310, 309, 0].map(bandOf)).toEqual(["critical", "critical", "high", "high", "medium", "medium", "low", "low"]);
  });

  it("takes the asset's weight from tags, the graver where they differ, and ignores every other tag", () => {
    expect(contextOf(["Criticality: HIGH", "criticality:low", "data-sensitivity:critical", "exposure:public", "exposure:internal", "owner:criticality", "", "criticality:huge"])).toEqual({ criticality: "high", sensitivity: "critical", exposed: true });
    expect(contextOf([])).toEqual(NO_CONTEXT);
  });
});
