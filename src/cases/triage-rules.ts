/**
 * Rules and settings of rules as people write them. An entry with `when` is a whole rule; one without sets a rule that is there, on or off or another weight. What holds for a
 * tenant is what is shipped, under what was set for all tenants, under what was set for this one. Pure.
 */
import { HEAVIEST, RULE_BEARINGS, type RuleView } from "../kernel/case-triage-api.ts";
import { entriesOf, expected, fieldsOf, flagAt, required, textAt, wordAt, wrong, type Place } from "../kernel/reading.ts";
import { readCondition } from "./triage-conditions.ts";
import type { Rule } from "./triage-model.ts";
import { SHIPPED_RULES } from "./triage-shipped.ts";

export const MOST_RULES = 500;
const LONGEST_TITLE = 200;
const RULE_ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LONGEST_ID = 60;

/** Null: left as it is. */
export interface RuleSetting {
  readonly id: string;
  readonly enabled: boolean | null;
  readonly weight: number | null;
}

export type RuleDraft = { readonly kind: "rule"; readonly rule: Rule } | { readonly kind: "setting"; readonly setting: RuleSetting };

const KEYS = ["id", "title", "weight", "bears", "of", "enabled", "when"] as const;

/** CONFIG_INVALID with the path of the first thing that is wrong. */
export function parseRuleDrafts(json: unknown): readonly RuleDraft[] {
  const seen = new Set<string>();
  return entriesOf({ path: "$", value: json }, "A list of rules", MOST_RULES).map((place) => {
    const fields = fieldsOf(place, KEYS, "A rule");
    const id = idAt(required(fields, place, "id", "the rule's id"));
    if (seen.has(id)) throw wrong(place, `${id} is there twice.`);
    seen.add(id);
    const [enabled, weight, when] = [fields.get("enabled"), fields.get("weight"), fields.get("when")];
    if (when !== undefined) {
      const [bears, of] = [fields.get("bears"), fields.get("of")];
      const rule: Rule = {
        id, title: titleAt(required(fields, place, "title", "what it means that the rule speaks")), weight: weightAt(required(fields, place, "weight", "the rule's weight")),
        bears: bears === undefined ? "verdict" : wordAt(bears, RULE_BEARINGS), of: of === undefined ? "any" : wordAt(of, ["any", "every"]), enabled: enabled === undefined ? true : flagAt(enabled), condition: readCondition(when), when: when.value,
      };
      return { kind: "rule", rule };
    }
    for (const key of ["title", "bears", "of"]) if (fields.has(key)) throw wrong(place, `it has ${key} and no when: a rule needs what it asks, and a setting has enabled and weight only.`);
    if (enabled === undefined && weight === undefined) throw wrong(place, "it neither asks anything (when) nor sets anything (enabled, weight).");
    return { kind: "setting", setting: { id, enabled: enabled === undefined ? null : flagAt(enabled), weight: weight === undefined ? null : weightAt(weight) } };
  });
}

function idAt(place: Place): string {
  const id = textAt(place, "the rule's id", LONGEST_ID);
  if (!RULE_ID.test(id)) throw expected(place, "an id like signed-by-us (small letters, digits and single hyphens)");
  return id;
}

function titleAt(place: Place): string {
  const title = textAt(place, "a title", LONGEST_TITLE).trim();
  if (title === "") throw expected(place, "a title");
  return title;
}

function weightAt(place: Place): number {
  if (!Number.isSafeInteger(place.value) || Math.abs(place.value as number) > HEAVIEST) throw expected(place, `a whole number from -${String(HEAVIEST)} to ${String(HEAVIEST)}`);
  return place.value as number;
}

export const SHIPPED: readonly Rule[] = parseRuleDrafts(SHIPPED_RULES).flatMap((draft) => (draft.kind === "rule" ? [draft.rule] : []));

/** What was set, for all tenants or for one. */
export interface Stored {
  readonly draft: RuleDraft;
  readonly by: string;
  readonly at: number;
}

export interface Effective {
  readonly rule: Rule;
  readonly from: RuleView["from"];
  readonly changed: { readonly for: "all" | "tenant"; readonly by: string; readonly at: number } | null;
}

/** By id, in an order of their own. A setting of a rule that is no longer there says nothing. */
export function effectiveRules(all: readonly Stored[], tenant: readonly Stored[], shipped: readonly Rule[] = SHIPPED): readonly Effective[] {
  const rules = new Map<string, Effective>(shipped.map((rule) => [rule.id, { rule, from: "shipped", changed: null }]));
  for (const [level, stored] of [["all", all], ["tenant", tenant]] as const) {
    for (const { draft, by, at } of stored) {
      const changed = { for: level, by, at };
      if (draft.kind === "rule") rules.set(draft.rule.id, { rule: draft.rule, from: level, changed });
      else {
        const { id, enabled, weight } = draft.setting;
        const before = rules.get(id);
        if (before !== undefined) rules.set(id, { from: before.from, rule: { ...before.rule, enabled: enabled ?? before.rule.enabled, weight: weight ?? before.rule.weight }, changed });
      }
    }
  }
  return [...rules.values()].toSorted((left, right) => (left.rule.id < right.rule.id ? -1 : 1));
}

/** Of a draft, as it is kept and given back. */
export function writeDraft(draft: RuleDraft): Readonly<Record<string, unknown>> {
  if (draft.kind === "setting") {
    const { id, enabled, weight } = draft.setting;
    return { id, ...(enabled === null ? {} : { enabled }), ...(weight === null ? {} : { weight }) };
  }
  const { id, title, weight, bears, of, enabled, when } = draft.rule;
  return { id, title, weight, bears, of, enabled, when };
}
