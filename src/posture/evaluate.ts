/**
 * Meets a rule with a device. Pure: the time and the age of the evidence are arguments. Three values throughout: what the console did not
 * say is neither true nor false, and `not` of it is not either, so no rule passes on absence. Evidence older than the rule allows makes
 * every verdict unknown. An agent that was decommissioned or uninstalled fails a rule that does not speak of that itself: Cloudflare
 * never sees such agents, and their last values would pass for ever.
 */
import { CLOCK_SKEW_MS, type Answer, type Comparer } from "./comparers.ts";
import { INPUTS } from "./inputs.ts";
import type { Condition, DeviceFacts, Evaluation, InputId, Leaf, LeafResult, Outcome, RuleDraft } from "./model.ts";

export interface Moment {
  /** Ms to which this connection's agents are proven read. */
  readonly evidenceAt: number;
  readonly now: number;
  /** For a rule without an expiration: twice the connection's polling interval. */
  readonly defaultExpirationMs?: number;
}

/** Twice the five minutes at which agents are read unless somebody sets it otherwise. */
export const DEFAULT_EXPIRATION_MS = 600_000;

type EvaluatedRule = Pick<RuleDraft, "match" | "expirationMs" | "condition" | "messages">;

interface LeafPlan {
  readonly kind: "leaf";
  readonly leaf: Leaf;
  readonly comparer: Comparer;
}
type Plan = LeafPlan | { readonly kind: "all" | "any"; readonly parts: readonly Plan[] } | { readonly kind: "not"; readonly part: Plan };

interface Compiled {
  readonly root: Plan;
  readonly asksForRetirement: boolean;
  readonly asksForWeaknesses: boolean;
  readonly timed: readonly LeafPlan[];
}

/** By condition, which never changes: a rule met with a whole fleet is prepared once. */
const compiled = new WeakMap<Condition, Compiled>();

function compile(condition: Condition): Compiled {
  const known = compiled.get(condition);
  if (known !== undefined) return known;
  const leaves: LeafPlan[] = [];
  const root = planOf(condition, leaves);
  const made: Compiled = {
    root,
    asksForRetirement: leaves.some(({ leaf }) => leaf.input === "decommissioned" || leaf.input === "uninstalled"),
    asksForWeaknesses: leaves.some(({ leaf }) => leaf.input === "worst_open_cve" || leaf.input === "known_exploited"),
    timed: leaves.filter(({ comparer }) => comparer.turnsAt !== undefined),
  };
  compiled.set(condition, made);
  return made;
}

function planOf(condition: Condition, leaves: LeafPlan[]): Plan {
  if ("all" in condition) return { kind: "all", parts: condition.all.map((part) => planOf(part, leaves)) };
  if ("any" in condition) return { kind: "any", parts: condition.any.map((part) => planOf(part, leaves)) };
  if ("not" in condition) return { kind: "not", part: planOf(condition.not, leaves) };
  const plan: LeafPlan = { kind: "leaf", leaf: condition, comparer: INPUTS[condition.input].compile(condition.operator, condition.value) };
  leaves.push(plan);
  return plan;
}

/** Whether a rule goes by what is read of weaknesses as well. */
export function asksForWeaknesses({ condition }: Pick<RuleDraft, "condition">): boolean {
  return compile(condition).asksForWeaknesses;
}

export function evaluate(rule: EvaluatedRule, facts: DeviceFacts, at: Moment): Evaluation {
  const applies = rule.match.length === 0 ? true : facts.platform === null ? null : rule.match.includes(facts.platform);
  if (applies === false) return { outcome: "not-applicable", reason: "other-platform", conditions: [] };
  const plan = compile(rule.condition);
  const run: Run = { rule, facts, now: at.now, results: [] };
  const answer = answerOf(plan.root, false, run);
  const retired = plan.asksForRetirement ? false : addRetirement(run);
  const conditions: readonly LeafResult[] = run.results;
  if (!isFresh(rule, at)) return { outcome: "unknown", reason: "stale-evidence", conditions };
  if (applies === null) return { outcome: "unknown", reason: "platform-not-known", conditions };
  return { outcome: retired ? "fail" : outcomeOf(answer), reason: "conditions", conditions };
}

/** The first moment (ms) after `at.now` at which the same facts may give another outcome because time went by; null for never. */
export function nextTurn(rule: EvaluatedRule, facts: DeviceFacts, at: Moment): number | null {
  const moments = [at.evidenceAt - CLOCK_SKEW_MS, at.evidenceAt + expirationOf(rule, at) + 1];
  for (const { comparer } of compile(rule.condition).timed) moments.push(comparer.turnsAt?.(facts, at.now) ?? Number.NaN);
  const ahead = moments.filter((moment) => moment > at.now);
  return ahead.length === 0 ? null : Math.min(...ahead);
}

export interface Decision {
  readonly allow: boolean;
  readonly because: "verdict" | "not-applicable" | "fail-closed" | "fail-open" | "last-known";
}

/** What an access product is told. `last`: the newest verdict that was proven, and the evidence time of that proof. A rule in shadow is the caller's to leave out. */
export function decide(rule: Pick<RuleDraft, "failMode">, outcome: Outcome, last: { readonly outcome: "pass" | "fail"; readonly at: number } | null, now: number): Decision {
  if (outcome === "not-applicable") return { allow: true, because: "not-applicable" };
  if (outcome !== "unknown") return { allow: outcome === "pass", because: "verdict" };
  const mode = rule.failMode;
  if (mode.kind === "open") return { allow: true, because: "fail-open" };
  if (mode.kind === "last-known" && last !== null && now - last.at <= mode.forMs) return { allow: last.outcome === "pass", because: "last-known" };
  return { allow: false, because: "fail-closed" };
}

function expirationOf(rule: EvaluatedRule, at: Moment): number {
  return rule.expirationMs ?? at.defaultExpirationMs ?? DEFAULT_EXPIRATION_MS;
}

/** Evidence dated ahead of us is as good as none: one wrong time in the console would otherwise keep it fresh for years. */
function isFresh(rule: EvaluatedRule, at: Moment): boolean {
  const age = at.now - at.evidenceAt;
  return age >= -CLOCK_SKEW_MS && age <= expirationOf(rule, at);
}

function outcomeOf(answer: Answer): Outcome {
  return answer === null ? "unknown" : answer ? "pass" : "fail";
}

interface Run {
  readonly rule: EvaluatedRule;
  readonly facts: DeviceFacts;
  readonly now: number;
  readonly results: LeafResult[];
}

/** What the rule wants of this part, `not` above it taken into account. */
function answerOf(plan: Plan, negated: boolean, run: Run): Answer {
  if (plan.kind === "leaf") return leafAnswer(plan, negated, run);
  if (plan.kind === "not") return answerOf(plan.part, !negated, run);
  const start = run.results.length;
  // Under `not`, all is any of the opposites.
  const answer = combine(plan.kind === "all" ? !negated : negated, plan.parts, negated, run);
  if (answer === true) silence(run.results, start);
  return answer;
}

function combine(everyPart: boolean, parts: readonly Plan[], negated: boolean, run: Run): Answer {
  // No part is skipped: each is shown with what was received. A rule that asks for nothing proves nothing.
  let answer: Answer = parts.length === 0 ? null : everyPart;
  for (const part of parts) {
    const next = answerOf(part, negated, run);
    if (next === null) {
      if (answer === everyPart) answer = null;
    } else if (next !== everyPart) answer = next;
  }
  return answer;
}

function leafAnswer({ leaf, comparer }: LeafPlan, negated: boolean, run: Run): Answer {
  const compared = comparer.test(run.facts, run.now);
  const met = compared === null ? null : compared !== negated;
  run.results.push({
    input: leaf.input,
    operator: leaf.operator,
    negated,
    expected: leaf.value,
    received: INPUTS[leaf.input].received(run.facts),
    met,
    message: met === true ? null : met === null ? unsaid(leaf.input) : (leaf.message ?? advice(leaf.input, run.rule)),
  });
  return met;
}

function unsaid(input: InputId): string {
  return `SentinelOne does not say ${INPUTS[input].subject}. Connect the device to the internet and try again; if that does not help, ask your IT team.`;
}

function advice(input: InputId, rule: EvaluatedRule): string {
  return rule.messages[input] ?? INPUTS[input].advice;
}

/** Where another branch is enough, what fails here is nobody's concern. */
function silence(results: LeafResult[], start: number): void {
  for (let index = start; index < results.length; index += 1) {
    const result = results[index];
    if (result !== undefined && result.message !== null) results[index] = { ...result, message: null };
  }
}

/** Adds what every rule asks unless it asks itself, where it is not met. */
function addRetirement({ rule, facts, results }: Run): boolean {
  const before = results.length;
  for (const input of ["decommissioned", "uninstalled"] as const) {
    if (facts[input] !== true) continue;
    results.push({ input, operator: "==", negated: false, expected: false, received: true, met: false, message: advice(input, rule) });
  }
  return results.length > before;
}
