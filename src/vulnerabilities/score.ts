/**
 * The risk score, 0-1000, with every term shown. Pure, and the same for the same input for ever: a change of a number here is a new version of the formula.
 * Version 1: severity (0-650, from one CVSS score) plus threat (0-350, what is known of its use), times a factor for the asset (0.7-1.3), cut at 1000.
 * Bands: critical from 900, high from 650, medium from 310. What is not known adds nothing and is said; no CVSS versions are averaged.
 */
import type { FindingFacts, VulnerabilitySeverity } from "./model.ts";

export const FORMULA_VERSION = 1;

const SEVERITY_POINTS = 650;
const THREAT_POINTS = 350;
const KEV_POINTS = 200;
const RANSOMWARE_POINTS = 50;
/** SentinelOne's own statement; the catalogue of exploited vulnerabilities counts instead where it has the CVE. */
const IN_THE_WILD_POINTS = 150;
const EPSS_POINTS = 100;
const MATURITY_POINTS: Readonly<Record<string, number>> = { high: 80, functional: 80, "proof of concept": 40, "proof-of-concept": 40, unproven: 0 };
/** In place of a CVSS score, the middle of the band. */
const SEVERITY_AS_SCORE: Readonly<Record<VulnerabilitySeverity, number | null>> = { critical: 9.5, high: 8, medium: 5.5, low: 2, informational: 0, unknown: null };
const UNKNOWN_SCORE = 5;
const LEVEL_FACTORS = { critical: 1.15, high: 1.05, medium: 1, low: 0.9 } as const;
const SENSITIVITY_FACTORS = { critical: 1.1, high: 1.05, medium: 1, low: 0.95 } as const;
const PUBLIC_FACTOR = 1.15;
const FACTOR_RANGE = [0.7, 1.3] as const;

export type Level = keyof typeof LEVEL_FACTORS;
export type RiskBand = "critical" | "high" | "medium" | "low";

/** Of the asset; null: nobody said. */
export interface AssetContext {
  readonly criticality: Level | null;
  readonly sensitivity: Level | null;
  /** Reachable from the internet, as somebody said: never concluded from the address it leaves the network by. */
  readonly exposed: boolean | null;
}

export const NO_CONTEXT: AssetContext = { criticality: null, sensitivity: null, exposed: null };

export interface ScoreInput {
  readonly severity: VulnerabilitySeverity;
  readonly facts: Pick<FindingFacts, "baseScore" | "nvdBaseScore" | "exploitedInTheWild" | "exploitMaturity">;
  /** Null: not in the catalogue, or no catalogue was given. */
  readonly kev: { readonly ransomware: boolean | null } | null;
  readonly epss: { readonly score: number } | null;
  readonly asset: AssetContext;
}

export interface ScoreTerm {
  readonly term: "severity" | "known-exploited" | "ransomware" | "exploited-in-the-wild" | "epss" | "exploit-maturity" | "threat-limit" | "criticality" | "sensitivity" | "exposure";
  /** Points of severity and threat; of the asset, the factor. */
  readonly points: number | null;
  readonly factor: number | null;
  /** In plain words, with the value it comes from. */
  readonly because: string;
}

export interface RiskScore {
  readonly score: number;
  readonly band: RiskBand;
  readonly formula: number;
  readonly terms: readonly ScoreTerm[];
}

export function riskScore(input: ScoreInput): RiskScore {
  const severity = severityTerm(input);
  const threat = threatTerms(input);
  const asset = assetTerms(input.asset);
  const factor = Math.min(FACTOR_RANGE[1], Math.max(FACTOR_RANGE[0], asset.reduce((product, term) => product * (term.factor ?? 1), 1)));
  const points = [severity, ...threat].reduce((sum, term) => sum + (term.points ?? 0), 0);
  const score = Math.max(0, Math.min(1000, Math.round(points * factor)));
  return { score, band: bandOf(score), formula: FORMULA_VERSION, terms: [severity, ...threat, ...asset] };
}

export function bandOf(score: number): RiskBand {
  return score >= 900 ? "critical" : score >= 650 ? "high" : score >= 310 ? "medium" : "low";
}

/** What tags of the agent say: `criticality:high`, `data-sensitivity:low`, `exposure:public` or `exposure:internal`; case does not count, of several the graver does. */
export function contextOf(tags: readonly string[]): AssetContext {
  let { criticality, sensitivity, exposed } = NO_CONTEXT;
  for (const tag of tags) {
    const at = tag.indexOf(":");
    const key = tag.slice(0, at).trim().toLowerCase();
    const value = tag.slice(at + 1).trim().toLowerCase();
    if (key === "criticality") criticality = graver(criticality, value);
    if (key === "data-sensitivity" || key === "sensitivity") sensitivity = graver(sensitivity, value);
    if (key === "exposure" && (value === "public" || value === "internal")) exposed = exposed === true || value === "public";
  }
  return { criticality, sensitivity, exposed };
}

function graver(known: Level | null, value: string): Level | null {
  if (value !== "critical" && value !== "high" && value !== "medium" && value !== "low") return known;
  return known === null || LEVEL_FACTORS[value] > LEVEL_FACTORS[known] ? value : known;
}

function severityTerm({ severity, facts }: ScoreInput): ScoreTerm {
  const [score, from] = facts.nvdBaseScore !== null ? [facts.nvdBaseScore, "CVSS of the NVD"] : facts.baseScore !== null ? [facts.baseScore, "CVSS of SentinelOne"] : [null, ""];
  if (score !== null && score >= 0 && score <= 10) return points("severity", (score / 10) * SEVERITY_POINTS, `${from} ${score.toFixed(1)}`);
  const middle = SEVERITY_AS_SCORE[severity];
  if (middle !== null) return points("severity", (middle / 10) * SEVERITY_POINTS, `no CVSS score; ${severity} counts as ${middle.toFixed(1)}`);
  return points("severity", (UNKNOWN_SCORE / 10) * SEVERITY_POINTS, `neither score nor severity; counts as ${UNKNOWN_SCORE.toFixed(1)}`);
}

function threatTerms({ facts, kev, epss }: ScoreInput): readonly ScoreTerm[] {
  const terms: ScoreTerm[] = [];
  if (kev !== null) terms.push(points("known-exploited", KEV_POINTS, "in the catalogue of known exploited vulnerabilities"));
  if (kev?.ransomware === true) terms.push(points("ransomware", RANSOMWARE_POINTS, "used by ransomware, says the catalogue"));
  if (kev === null && facts.exploitedInTheWild === true) terms.push(points("exploited-in-the-wild", IN_THE_WILD_POINTS, "exploited in the wild, says SentinelOne"));
  if (epss !== null) terms.push(points("epss", epss.score * EPSS_POINTS, `EPSS ${epss.score.toFixed(3)}`));
  const maturity = facts.exploitMaturity === null ? undefined : MATURITY_POINTS[facts.exploitMaturity.trim().toLowerCase()];
  if (maturity !== undefined) terms.push(points("exploit-maturity", maturity, `exploit maturity ${facts.exploitMaturity ?? ""}`));
  const sum = terms.reduce((total, term) => total + (term.points ?? 0), 0);
  return sum <= THREAT_POINTS ? terms : [...terms, points("threat-limit", THREAT_POINTS - sum, `threat counts ${String(THREAT_POINTS)} at most`)];
}

function assetTerms({ criticality, sensitivity, exposed }: AssetContext): readonly ScoreTerm[] {
  const terms: ScoreTerm[] = [];
  if (criticality !== null) terms.push(factor("criticality", LEVEL_FACTORS[criticality], `the device's criticality is ${criticality}`));
  if (sensitivity !== null) terms.push(factor("sensitivity", SENSITIVITY_FACTORS[sensitivity], `its data's sensitivity is ${sensitivity}`));
  if (exposed !== null) terms.push(factor("exposure", exposed ? PUBLIC_FACTOR : 1, exposed ? "reachable from the internet" : "not reachable from the internet"));
  return terms;
}

function points(term: ScoreTerm["term"], value: number, because: string): ScoreTerm {
  return { term, points: Math.round(value * 10) / 10, factor: null, because };
}

function factor(term: ScoreTerm["term"], value: number, because: string): ScoreTerm {
  return { term, points: null, factor: value, because };
}
