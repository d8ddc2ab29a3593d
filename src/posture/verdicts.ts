/**
 * What a device is told: one verdict per rule with what stands behind it, whether it is enforced, and the score of them all. Pure. A rule in shadow
 * and a rule under an exception never count against a device; a rule that asks for nothing on this platform does not either; but where a
 * tenant has no rule at all, nothing was checked and nothing passes.
 */
import { asksForWeaknesses, decide, evaluate, type Decision } from "./evaluate.ts";
import type { DeviceFacts, Evaluation, LeafResult, Outcome, Rule } from "./model.ts";

/** Why a verdict is what it is, where no device could be met with the rule, or its evidence does not count. */
export type VerdictReason =
  | Evaluation["reason"]
  /** The connection's agents were never read to the end. */
  | "never-read"
  /** The connection's agents were, its weaknesses were not, and the rule asks for those. */
  | "weaknesses-never-read"
  /** A newer record of this device could not be taken in: what is known of it is older than the rest. */
  | "record-set-aside"
  | "no-device"
  | "ambiguous-device"
  | "no-identifier"
  | "placeholder-serial";

export interface ActiveException {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  readonly endsAt: number;
}

export interface Verdict {
  readonly rule: { readonly id: string; readonly name: string; readonly version: number; readonly shadow: boolean; readonly warnOnly: boolean };
  readonly outcome: Outcome;
  /** False for a rule in shadow or under an exception: `decision` is then what it would be. */
  readonly enforced: boolean;
  readonly exception: ActiveException | null;
  /** What follows, with the rule's fail mode applied to an unknown. */
  readonly decision: Decision;
  readonly conditions: readonly LeafResult[];
  readonly reason: VerdictReason;
  /** Since when (ms) the outcome is this one; null where that is not known. */
  readonly since: number | null;
  /** For the user: the first thing that stands in the way; null where nothing does. */
  readonly message: string | null;
}

/** 100: nothing against it. 60: warnings only. 0: something refuses it, or nothing is known. */
export type Score = 0 | 60 | 100;

/** The verdict last told of one rule, as stored: outcome, since, and of an unknown one the last that was proven and until when. */
export interface Told {
  readonly o: Outcome;
  readonly s: number;
  readonly p?: readonly [outcome: "pass" | "fail", at: number];
}
export type ToldByRule = Readonly<Record<string, Told>>;

/** How far something of a connection is read. */
export interface Reading {
  /** Milliseconds by the hub's clock; null until a first reading was complete. */
  readonly at: number | null;
  /** How often it is read, or null where that is not known yet. */
  readonly everyMs: number | null;
}

/** Of one device: null where the connection was never read to the end. */
export interface Evidence {
  readonly at: number | null;
  /** A record of this device was set aside: `at` is when that began. */
  readonly setAside: boolean;
  /** Of the connection's polling; null where it is not known yet. */
  readonly everyMs: number | null;
  /** Read apart, and less often. */
  readonly weaknesses: Reading;
}

/** What one rule goes by: where it asks for weaknesses, the older of the two readings, and the rhythm of the slower. */
export function evidenceOf<Known extends Omit<Evidence, "setAside">>(rule: Pick<Rule, "condition">, evidence: Known): Known {
  if (!asksForWeaknesses(rule)) return evidence;
  const { at, everyMs, weaknesses } = evidence;
  const every = [everyMs, weaknesses.everyMs].filter((ms) => ms !== null);
  return { ...evidence, at: at === null || weaknesses.at === null ? null : Math.min(at, weaknesses.at), everyMs: every.length === 0 ? null : Math.max(...every) };
}

export function verdictOf(rule: Rule, device: DeviceFacts, told: Told | undefined, known: Evidence, exception: ActiveException | null, now: number): Verdict {
  const evidence = evidenceOf(rule, known);
  const defaultExpirationMs = evidence.everyMs === null ? undefined : 2 * evidence.everyMs;
  const evaluation = evaluate(rule, device, { evidenceAt: evidence.at ?? Number.NEGATIVE_INFINITY, now, ...(defaultExpirationMs === undefined ? {} : { defaultExpirationMs }) });
  const stale = evaluation.reason === "stale-evidence";
  const decision = decide(rule, evaluation.outcome, lastProven(told, evidence), now);
  const reason = stale && known.at === null ? "never-read" : stale && evidence.at === null ? "weaknesses-never-read" : stale && evidence.setAside ? "record-set-aside" : evaluation.reason;
  return {
    rule: named(rule),
    outcome: evaluation.outcome,
    enforced: !rule.shadow && exception === null,
    exception,
    decision,
    conditions: evaluation.conditions,
    reason,
    since: told?.o === evaluation.outcome ? told.s : null,
    message: messageOf(evaluation.outcome, reason, evaluation.conditions),
  };
}

/** Where no one device is meant, only the fail mode speaks. */
export function verdictWithoutDevice(rule: Rule, reason: VerdictReason, now: number): Verdict {
  return {
    rule: named(rule),
    outcome: "unknown",
    enforced: !rule.shadow,
    exception: null,
    decision: decide(rule, "unknown", null, now),
    conditions: [],
    reason,
    since: null,
    message: MESSAGES[reason] ?? null,
  };
}

function named(rule: Rule): Verdict["rule"] {
  return { id: rule.id, name: rule.name, version: rule.version, shadow: rule.shadow, warnOnly: rule.warnOnly };
}

export function lastProven(told: Told | undefined, evidence: Pick<Evidence, "at">): { readonly outcome: "pass" | "fail"; readonly at: number } | null {
  if (told === undefined) return null;
  if (told.o === "pass" || told.o === "fail") return evidence.at === null ? null : { outcome: told.o, at: evidence.at };
  return told.p === undefined ? null : { outcome: told.p[0], at: told.p[1] };
}

const MESSAGES: Readonly<Partial<Record<VerdictReason, string>>> = {
  "stale-evidence": "What SentinelOne said of this device is too old. Wait a few minutes and try again; if that does not help, ask your IT team.",
  "never-read": "SentinelOne's devices are still being read. Try again in a few minutes.",
  "weaknesses-never-read": "SentinelOne's list of weaknesses has not been read. Ask your IT team.",
  "record-set-aside": "What SentinelOne says of this device cannot be read. Ask your IT team.",
  "platform-not-known": "SentinelOne does not say what this device runs on. Ask your IT team.",
  "no-device": "SentinelOne does not know this device. Install its agent or ask your IT team.",
  "ambiguous-device": "Several devices answer to this one's serial number or name. Ask your IT team.",
  "no-identifier": "This device did not say which one it is. Ask your IT team.",
  "placeholder-serial": "This device has no serial number of its own. Ask your IT team.",
};

function messageOf(outcome: Outcome, reason: VerdictReason, conditions: readonly LeafResult[]): string | null {
  if (outcome === "pass" || outcome === "not-applicable") return null;
  return MESSAGES[reason] ?? conditions.find((condition) => condition.message !== null)?.message ?? null;
}

/** `matched`: whether the verdicts speak of a device. */
export function scoreOf(verdicts: readonly Verdict[], matched: boolean): Score {
  if (verdicts.length === 0) return 0;
  let score: Score = 100;
  for (const { rule, enforced, decision, reason } of verdicts) {
    if (!enforced || decision.allow) continue;
    // A warning is said of a device that was looked at; not of one that nothing is known of.
    if (!matched || !rule.warnOnly || reason !== "conditions") return 0;
    score = 60;
  }
  if (!matched && verdicts.every(({ enforced }) => !enforced)) return 0;
  return score;
}
