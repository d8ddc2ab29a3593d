/**
 * Due dates by rule. Days run from the console's date of detection, or from when the finding was first seen here where it gives none; of a known exploited one also from
 * the later of that and its entry in the catalogue, shorter where ransomware uses it; the earliest of them counts. Pure: the same input gives the same date, and a
 * device that is away does not stop the clock.
 */
import type { SlaPolicy } from "../kernel/vulnerability-priority-api.ts";
import { dayStart, type KevEntry } from "./kev.ts";
import { VULNERABILITY_SEVERITIES, type VulnerabilitySeverity } from "./model.ts";

export const DAY_MS = 86_400_000;

export type { SlaPolicy };

export const DEFAULT_POLICY: SlaPolicy = {
  severities: { critical: 15, high: 30, medium: 60, low: 90, informational: null, unknown: null },
  knownExploited: 14,
  ransomware: 7,
};

/** The clocks that run for a finding, ms: that of its severity, and that of the catalogue with where it starts at the earliest. */
export interface DueTerms {
  readonly afterMs: number | null;
  readonly kev: { readonly afterMs: number; readonly addedAt: number } | null;
}

type KevFacts = Pick<KevEntry, "added" | "ransomware">;

/** What of a finding's due dates is the same for all its instances. */
export function dueTerms(policy: SlaPolicy, severity: VulnerabilitySeverity, kev: KevFacts | null): DueTerms {
  const own = policy.severities[severity];
  const days = kevDays(policy, kev);
  return { afterMs: own === null ? null : own * DAY_MS, kev: days === null || kev === null ? null : { afterMs: days * DAY_MS, addedAt: dayStart(kev.added) } };
}

/** `since`: detected, or first seen, ms. Null: never due. */
export function dueAt({ afterMs, kev }: DueTerms, since: number): number | null {
  const clocks = [...(afterMs === null ? [] : [since + afterMs]), ...(kev === null ? [] : [Math.max(since, kev.addedAt) + kev.afterMs])];
  return clocks.length === 0 ? null : Math.min(...clocks);
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
