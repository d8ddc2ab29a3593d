/** The vendor's words for severity, status and verdict in ours. Each stream writes them in another way; one we have never seen is `other`, and is kept beside it. */
import type { AlertStatus, AlertVerdict } from "../kernel/alert-api.ts";
import type { FactSeverity } from "../kernel/fact.ts";

/** `IN_PROGRESS`, `in_progress` and `In progress` are one word. */
function folded(word: string | null): string {
  return word?.trim().toLowerCase().replace(/[\s_-]+/g, "-") ?? "";
}

const STATUSES: Readonly<Record<string, AlertStatus>> = { new: "new", unresolved: "new", "in-progress": "in-progress", resolved: "resolved" };

export function statusOf(word: string | null): AlertStatus {
  return own(STATUSES, folded(word)) ?? "other";
}

/** The console tells kinds of true and false positives apart (`TRUE_POSITIVE_MALWARE`). None given is undefined. */
export function verdictOf(word: string | null): AlertVerdict {
  const text = folded(word);
  if (text === "" || text === "undefined") return "undefined";
  if (text === "suspicious") return "suspicious";
  for (const verdict of ["true-positive", "false-positive"] as const) if (text === verdict || text.startsWith(`${verdict}-`)) return verdict;
  return "other";
}

const SEVERITIES: Readonly<Record<string, FactSeverity>> = { critical: "critical", high: "high", medium: "medium", low: "low", info: "info", informational: "info", unknown: "unknown" };

export function severityOf(word: string | null): FactSeverity {
  return own(SEVERITIES, folded(word)) ?? "unknown";
}

/** Threats have no severity; how sure the agent is stands for it. */
export function severityOfConfidence(word: string | null): FactSeverity {
  const text = folded(word);
  return text === "malicious" ? "high" : text === "suspicious" ? "medium" : "unknown";
}

function own<T>(words: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined;
}
