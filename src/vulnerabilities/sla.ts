/**
 * Due dates by rule. Days run from the console's date of detection, or from when the finding was first seen here where it gives none; of a known exploited one also from
 * the later of that and its entry in the catalogue, shorter where ransomware uses it; the earliest of them counts. Pure: the same input gives the same date, and a
 * device that is away does not stop the clock.
 */
import Type, { type Static } from "typebox";
import { dayStart, type KevEntry } from "./kev.ts";
import { VULNERABILITY_SEVERITIES, type VulnerabilitySeverity } from "./model.ts";

export const DAY_MS = 86_400_000;

const Days = Type.Integer({ minimum: 1, maximum: 3650 });

export const SlaPolicy = Type.Object(
  {
    /** Days by severity, all of them: a finding without a due date is never overdue, and so never noticed. */
    severities: Type.Object({ critical: Days, high: Days, medium: Days, low: Days, informational: Days, unknown: Days }, { additionalProperties: false }),
    /** Days for a known exploited one; null: the catalogue sets no date. */
    knownExploited: Type.Union([Days, Type.Null()]),
    ransomware: Type.Union([Days, Type.Null()]),
  },
  { additionalProperties: false },
);
export type SlaPolicy = Static<typeof SlaPolicy>;

export const DEFAULT_POLICY: SlaPolicy = {
  severities: { critical: 15, high: 30, medium: 60, low: 90, informational: 365, unknown: 60 },
  knownExploited: 14,
  ransomware: 7,
};

/** When the clock of severity runs, and that of the catalogue; ms to be added to where each starts. */
export interface DueTerms {
  readonly afterMs: number;
  readonly kevAfterMs: number | null;
  readonly kevAddedAt: number | null;
}

export interface DueDate {
  readonly at: number;
  readonly rule: `severity-${VulnerabilitySeverity}` | "known-exploited" | "ransomware";
  readonly from: number;
  readonly days: number;
}

type KevFacts = Pick<KevEntry, "added" | "ransomware">;

/** What of a finding's due dates is the same for all its instances. */
export function dueTerms(policy: SlaPolicy, severity: VulnerabilitySeverity, kev: KevFacts | null): DueTerms {
  const days = kevDays(policy, kev);
  return { afterMs: policy.severities[severity] * DAY_MS, kevAfterMs: days === null ? null : days * DAY_MS, kevAddedAt: days === null || kev === null ? null : dayStart(kev.added) };
}

/** `since`: detected, or first seen, ms. */
export function dueAt({ afterMs, kevAfterMs, kevAddedAt }: DueTerms, since: number): number {
  const bySeverity = since + afterMs;
  return kevAfterMs === null || kevAddedAt === null ? bySeverity : Math.min(bySeverity, Math.max(since, kevAddedAt) + kevAfterMs);
}

/** The due date, with the rule that set it. */
export function dueDate(policy: SlaPolicy, severity: VulnerabilitySeverity, kev: KevFacts | null, since: number): DueDate {
  const terms = dueTerms(policy, severity, kev);
  const at = dueAt(terms, since);
  const days = kevDays(policy, kev);
  if (days === null || terms.kevAddedAt === null || at === since + terms.afterMs) return { at, rule: `severity-${severity}`, from: since, days: policy.severities[severity] };
  return { at, rule: days === policy.ransomware && kev?.ransomware === true ? "ransomware" : "known-exploited", from: Math.max(since, terms.kevAddedAt), days };
}

/** Ransomware only ever shortens. */
function kevDays({ knownExploited, ransomware }: SlaPolicy, kev: KevFacts | null): number | null {
  if (kev === null) return null;
  const known = [knownExploited, kev.ransomware === true ? ransomware : null].filter((days) => days !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** A severity by its place in `VULNERABILITY_SEVERITIES`, as tables keep it. */
export function severityAt(place: number): VulnerabilitySeverity {
  return VULNERABILITY_SEVERITIES[place] ?? "unknown";
}
