/**
 * Rules asked of a case: its score, the verdict that is suggested, and what would make it another. Pure: the same record and rules give the same result. What bears on the
 * verdict and what only says how soon somebody has to look add to the score alike; only the former decides the suggestion, because malware that was stopped was malware.
 */
import type { ChangeView, EvidenceView, HitView, TriageResult } from "../kernel/case-triage-api.ts";
import { asked, asksAlerts, subjectOf, type Found, type Subject } from "./triage-conditions.ts";
import type { RecordedCase, Rule, Verdict } from "./triage-model.ts";

const MIDDLE = 50;
/** Evidence from which on a verdict is suggested; what is at most the last speaks for a false positive. */
export const VERDICT_FROM = { "true-positive": 40, suspicious: 15, "false-positive": -20 } as const;
const SHOWN_EVIDENCE = 5;
const MOST_CHANGES = 10;

export function verdictFor(evidence: number): Verdict {
  if (evidence >= VERDICT_FROM["true-positive"]) return "true-positive";
  if (evidence >= VERDICT_FROM.suspicious) return "suspicious";
  return evidence <= VERDICT_FROM["false-positive"] ? "false-positive" : "undefined";
}

export function triage(record: RecordedCase, rules: readonly Rule[]): TriageResult {
  const subject = subjectOf(record);
  const enabled = rules.filter((rule) => rule.enabled);
  const hits = enabled.flatMap((rule) => {
    const found = spoken(rule, subject);
    return found === null ? [] : [hitOf(rule, found)];
  });
  const sum = (bears: Rule["bears"]): number => hits.filter((hit) => hit.bears === bears).reduce((total, { weight }) => total + weight, 0);
  const [evidence, urgency] = [sum("verdict"), sum("urgency")];
  return {
    score: scoreOf(evidence + urgency),
    verdict: verdictFor(evidence),
    evidence,
    urgency,
    hits: hits.toSorted((left, right) => Math.abs(right.weight) - Math.abs(left.weight) || (left.rule < right.rule ? -1 : 1)),
    changes: changesOf(hits, enabled, evidence, urgency),
    remarks: remarksOn(record, hits),
  };
}

/** Half the points away from the middle, so that what is grave and what is graver do not both end at 100. */
export function scoreOf(points: number): number {
  return Math.min(100, Math.max(0, MIDDLE + Math.round(points / 2)));
}

/** What makes the rule speak; null where it does not. */
function spoken(rule: Rule, subject: Subject): readonly Found[] | null {
  const { condition, of } = rule;
  if (!asksAlerts(condition)) return asked(condition, subject, null);
  const answers = subject.alerts.map((alert) => asked(condition, subject, alert));
  const found = answers.filter((answer) => answer !== null);
  if (found.length === 0 || (of === "every" && found.length < answers.length)) return null;
  return found.flat();
}

function hitOf({ id, title, weight, bears }: Rule, found: readonly Found[]): HitView {
  const evidence = new Map<string, EvidenceView>();
  const counted = new Map<string, Set<string>>();
  for (const { fact, value, alert } of found) {
    const key = `${fact} ${value}`;
    const alerts = counted.get(key) ?? new Set();
    if (alert !== null) alerts.add(alert);
    counted.set(key, alerts);
    evidence.set(key, { fact, value, alert: evidence.get(key)?.alert ?? alert, alerts: alerts.size });
  }
  const all = [...evidence.values()];
  return { rule: id, title, weight, bears, evidence: all.slice(0, SHOWN_EVIDENCE), evidenceLeft: Math.max(0, all.length - SHOWN_EVIDENCE) };
}

/** One rule more or less that makes it another verdict: first what people themselves can say, then the lightest. */
function changesOf(hits: readonly HitView[], enabled: readonly Rule[], evidence: number, urgency: number): ChangeView[] {
  const now = verdictFor(evidence);
  const change = (how: ChangeView["how"], { id, title, weight }: Pick<Rule, "id" | "title" | "weight">): ChangeView => {
    const by = how === "with" ? weight : -weight;
    return { how, rule: id, title, weight, verdict: verdictFor(evidence + by), score: scoreOf(evidence + urgency + by) };
  };
  const speaking = new Set(hits.map(({ rule }) => rule));
  const without = hits.filter(({ bears }) => bears === "verdict").map(({ rule, title, weight }) => change("without", { id: rule, title, weight }));
  const silent = enabled.filter(({ id, bears }) => bears === "verdict" && !speaking.has(id));
  const ordered = [...silent.filter(isPeoples), ...silent.filter((rule) => !isPeoples(rule))].map((rule) => change("with", rule));
  return [...without, ...ordered].filter(({ verdict }) => verdict !== now).slice(0, MOST_CHANGES);
}

/** Asks what people say: lists, knowledge and verdicts. */
function isPeoples({ condition }: Rule): boolean {
  const asks = (one: Rule["condition"]): boolean => (one.op === "all" || one.op === "any" ? one.of.some(asks) : one.op === "not" ? asks(one.of) : ["listed", "knowledge", "earlier-verdict", "console-verdict"].includes(one.fact));
  return asks(condition);
}

function remarksOn({ alerts, texts }: RecordedCase, hits: readonly HitView[]): string[] {
  const remarks: string[] = [];
  if (alerts.length === 0) remarks.push("None of its alerts can be looked at; only what is so of the case as a whole was asked.");
  const bearing = hits.filter(({ bears }) => bears === "verdict");
  const [against, speaking] = [bearing.filter(({ weight }) => weight <= VERDICT_FROM["false-positive"]), bearing.filter(({ weight }) => weight >= -VERDICT_FROM["false-positive"])];
  if (against.length > 0 && speaking.length > 0) remarks.push(`The evidence points both ways: ${speaking[0]?.rule ?? ""} against ${against[0]?.rule ?? ""}.`);
  const verdicts = new Set((texts["earlier-verdict"] ?? []).map(({ value }) => value));
  if (verdicts.has("true-positive") && verdicts.has("false-positive")) remarks.push("Earlier cases with the same content were decided both ways.");
  return remarks;
}
