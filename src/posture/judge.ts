/**
 * Compares what a device's verdicts are with what was last told of them. Pure. The first verdict a device gets under a rule is a beginning and no
 * change; evidence that is too old tells nothing new of a device that was never judged. What a page has just brought is as fresh as can
 * be, yet says nothing while the connection as a whole is stale: the answers of that time say unknown, and so does the log.
 * Beside what is told stand letters: what each rule makes of the facts as they are, the age of the evidence left aside.
 */
import { asksForWeaknesses, DEFAULT_EXPIRATION_MS, evaluate, nextTurn } from "./evaluate.ts";
import { FLEET_VERDICTS, type FleetVerdict } from "../kernel/posture-api.ts";
import { INPUTS } from "./inputs.ts";
import { CLOCK_SKEW_MS } from "./comparers.ts";
import type { Condition, DeviceFacts, Evaluation, LeafResult, Outcome, Rule } from "./model.ts";
import { evidenceOf, lastProven, type Evidence, type Told, type ToldByRule, type VerdictReason } from "./verdicts.ts";

export interface Flip {
  readonly rule: Rule;
  readonly device: DeviceFacts;
  /** Null where the device had none. */
  readonly previous: Outcome | null;
  readonly outcome: Outcome;
  readonly reason: VerdictReason | "device-gone";
  readonly conditions: readonly LeafResult[];
  readonly evidenceAt: number | null;
}

export interface Judged {
  readonly told: ToldByRule;
  /** Whether `told` is another one than before. */
  readonly changed: boolean;
  readonly flips: readonly Flip[];
  /** When time alone may change one of them, or a letter. */
  readonly turnsAt: number | null;
  /** One for each rule, in their order: true of these facts, under these rules, until `turnsAt`. */
  readonly letters: string;
  /** Of all that count, together. */
  readonly verdict: FleetVerdict;
}

/** `x`: unknown because the platform is not known; `u`: because of a condition. */
export type Letter = "p" | "f" | "u" | "x" | "n";

/** `page`: the facts of the agent were read just now. `sweep`: they are as old as the connection's evidence. */
export type Occasion = "page" | "sweep";

/** Long enough to be never, short enough to be added to. */
const FOREVER_MS = Number.MAX_SAFE_INTEGER / 4;

export function isStale(rule: Pick<Rule, "expirationMs" | "condition">, evidence: Omit<Evidence, "setAside">, now: number): boolean {
  const { at, everyMs } = evidenceOf(rule, evidence);
  if (at === null) return true;
  const age = now - at;
  return age < -CLOCK_SKEW_MS || age > (rule.expirationMs ?? (everyMs === null ? DEFAULT_EXPIRATION_MS : 2 * everyMs));
}

/** `rules`: those that hold for the device's tenant. */
export function judge(rules: readonly Rule[], device: DeviceFacts, before: ToldByRule, evidence: Evidence, occasion: Occasion, now: number): Judged {
  const told: Record<string, Told> = {};
  const flips: Flip[] = [];
  let changed = false;
  let turnsAt = Infinity;
  let letters = "";
  for (const rule of rules) {
    const known = Object.hasOwn(before, rule.id) ? before[rule.id] : undefined;
    const stale = isStale(rule, evidence, now);
    const ageless = evaluate(timeless(rule), device, { evidenceAt: now, now });
    letters += letterOf(ageless);
    if (isTimed(rule.condition)) turnsAt = Math.min(turnsAt, nextTurn(timeless(rule), device, { evidenceAt: now, now }) ?? Infinity);
    if (stale && (occasion === "page" || known === undefined)) {
      if (known !== undefined) told[rule.id] = known;
      continue;
    }
    // Its weaknesses come later than the device itself: without them nothing has begun yet.
    if (known === undefined && ageless.outcome === "unknown" && asksForWeaknesses(rule)) continue;
    const own = evidenceOf(rule, evidence);
    const evidenceAt = occasion === "page" && own === evidence ? now : own.at;
    const { outcome, reason, conditions } = stale ? evaluate(rule, device, { evidenceAt: Number.NEGATIVE_INFINITY, now }) : ageless;
    if (known?.o === outcome) {
      told[rule.id] = known;
      continue;
    }
    changed = true;
    told[rule.id] = tellingOf(outcome, known, own, now);
    const previous = known?.o ?? null;
    // People ask why a device was refused on its first day, and nobody why it was let in.
    if (previous !== null || outcome === "fail") flips.push({ rule, device, previous, outcome, reason: stale && evidence.setAside ? "record-set-aside" : reason, conditions, evidenceAt });
  }
  // What is told of a rule that is no more goes without a word: the rule went, the device did not change.
  if (!changed) for (const id of Object.keys(before)) changed ||= !Object.hasOwn(told, id);
  return { told, changed, flips, turnsAt: turnsAt >= FOREVER_MS ? null : turnsAt, letters, verdict: verdictOf(rules, told) };
}

/** The worst that is told of a rule that is not in shadow: exceptions are left aside. A rule of which nothing could be told yet is unknown. */
function verdictOf(rules: readonly Rule[], told: ToldByRule): FleetVerdict {
  let worst: FleetVerdict = "none";
  for (const { id, shadow, warnOnly } of rules) {
    if (shadow) continue;
    const outcome = told[id]?.o ?? "unknown";
    if (outcome === "not-applicable") continue;
    const one = outcome === "fail" && warnOnly ? "warn" : outcome;
    if (FLEET_VERDICTS.indexOf(one) < FLEET_VERDICTS.indexOf(worst)) worst = one;
  }
  return worst;
}

function letterOf({ outcome, reason }: Evaluation): Letter {
  if (outcome === "pass") return "p";
  if (outcome === "fail") return "f";
  if (outcome === "not-applicable") return "n";
  return reason === "platform-not-known" ? "x" : "u";
}

/** Whether the device's row says anything else by now. */
export function differs(judged: Judged, row: { readonly turns_at: number | null; readonly letters: string | null; readonly verdict: number | null }): boolean {
  return judged.changed || judged.turnsAt !== row.turns_at || judged.letters !== row.letters || row.verdict === null || FLEET_VERDICTS[row.verdict] !== judged.verdict;
}

/** A device that is no more: whoever relied on its verdicts has to hear it. */
export function farewell(rules: ReadonlyMap<string, Rule>, device: DeviceFacts, before: ToldByRule, evidenceAt: number | null): readonly Flip[] {
  return Object.entries(before).flatMap(([id, { o: previous }]) => {
    const rule = rules.get(id);
    if (rule === undefined || (previous !== "pass" && previous !== "fail")) return [];
    return [{ rule, device, previous, outcome: "unknown" as const, reason: "device-gone" as const, conditions: [], evidenceAt }];
  });
}

function tellingOf(outcome: Outcome, known: Told | undefined, evidence: Evidence, now: number): Told {
  if (outcome !== "unknown") return { o: outcome, s: now };
  const last = lastProven(known, evidence);
  return last === null ? { o: outcome, s: now } : { o: outcome, s: now, p: [last.outcome, last.at] };
}

type Timeless = Pick<Rule, "match" | "expirationMs" | "condition" | "messages">;
const withoutAge = new WeakMap<Rule, Timeless>();

/** The rule without its expiration: whether evidence counts was decided before. */
function timeless(rule: Rule): Timeless {
  const known = withoutAge.get(rule);
  if (known !== undefined) return known;
  const made: Timeless = { match: rule.match, expirationMs: 2 * FOREVER_MS, condition: rule.condition, messages: rule.messages };
  withoutAge.set(rule, made);
  return made;
}

const timed = new WeakMap<Condition, boolean>();

function isTimed(condition: Condition): boolean {
  const known = timed.get(condition);
  if (known !== undefined) return known;
  const answer = asksTime(condition);
  timed.set(condition, answer);
  return answer;
}

function asksTime(condition: Condition): boolean {
  if ("all" in condition) return condition.all.some(asksTime);
  if ("any" in condition) return condition.any.some(asksTime);
  if ("not" in condition) return asksTime(condition.not);
  return INPUTS[condition.input].compile(condition.operator, condition.value).turnsAt !== undefined;
}
