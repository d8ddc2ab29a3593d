/** Triage rules as people write them, and a trial of some on open cases. Nothing here is kept by the hub. */
import { call, type Answer, type Query } from "../../api/client.ts";

export type Rule = Answer<"GET /api/v1/cases/rules">["items"][number];
export type Level = "all" | "tenant";
type Tested = Answer<"POST /api/v1/cases/rules/test">["items"][number]["triage"];

/** An entry of a list of rules: with `when` a rule, without one a setting of a rule that is there. */
export interface Draft {
  readonly id: string;
  readonly [field: string]: unknown;
}

const CASES = 40;
const AT_ONCE = 6;

function settingOf({ id, weight, enabled }: Rule): Draft {
  return { id, weight, enabled };
}

function ruleOf({ id, title, weight, bears, of, enabled, when }: Rule): Draft {
  return { id, title, weight, bears, of, ...(enabled ? {} : { enabled }), when };
}

/** What was set for all tenants, or for the tenant at hand: its own rules and settings of others. */
export function setAt(rules: readonly Rule[], level: Level): readonly Draft[] {
  return rules.flatMap((rule) => (rule.from === level ? [ruleOf(rule)] : rule.changedFor === level ? [settingOf(rule)] : []));
}

/** Why a text is no list of rules; an empty word where it is one. What each asks is for the hub to say. */
export function readDrafts(text: string): { readonly drafts: readonly Draft[]; readonly trouble: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { drafts: [], trouble: `Not JSON yet: ${error instanceof Error ? error.message : "it cannot be read"}` };
  }
  if (!Array.isArray(value) || !value.every((one: unknown): one is Draft => typeof one === "object" && one !== null && "id" in one && typeof one.id === "string")) return { drafts: [], trouble: "A list of objects, each with an id." };
  return { drafts: value, trouble: "" };
}

/** All that would hold beside what is shipped. */
function merged(rules: readonly Rule[], drafts: readonly Draft[]): readonly Draft[] {
  const all = new Map(rules.flatMap((rule) => (rule.from === "shipped" ? (rule.changedFor === null ? [] : [[rule.id, settingOf(rule)] as const]) : [[rule.id, ruleOf(rule)] as const])));
  for (const draft of drafts) all.set(draft.id, "when" in draft ? draft : { ...all.get(draft.id), ...draft });
  return [...all.values()];
}

export interface TriedCase {
  readonly id: string;
  readonly title: string;
  readonly now: Tested;
  readonly later: Tested;
}

/** The open cases with the highest scores, as the rules that hold take them and as they would with these. */
export async function tryOn(tenant: string | undefined, rules: readonly Rule[], drafts: readonly Draft[], signal: AbortSignal): Promise<readonly TriedCase[]> {
  const query: Query<"GET /api/v1/cases/triage"> = { limit: CASES, ...(tenant === undefined ? {} : { tenant }) };
  const { items } = await call("GET /api/v1/cases/triage", { query }, signal);
  const recorded: unknown[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const some = await Promise.all(items.slice(from, from + AT_ONCE).map(({ id }) => call("GET /api/v1/cases/{id}/triage", { params: { id } }, signal)));
    recorded.push(...some.map((view) => view.recorded));
  }
  if (recorded.length === 0) return [];
  const body = { cases: recorded, ...(tenant === undefined ? {} : { tenant }) };
  const [now, later] = await Promise.all([call("POST /api/v1/cases/rules/test", { body }, signal), call("POST /api/v1/cases/rules/test", { body: { ...body, rules: merged(rules, drafts) } }, signal)]);
  return items.flatMap(({ id, title }, place) => {
    const [before, after] = [now.items[place]?.triage, later.items[place]?.triage];
    return before === undefined || after === undefined ? [] : [{ id, title, now: before, later: after }];
  });
}
