/**
 * Rules as people write them: Cloudflare's rule objects, our own form, or both in one list. Strict: an unknown key, a wrong word or a
 * wrong type is a Fault (CONFIG_INVALID) that names the JSON path of the first wrong thing, and nothing is taken over. `writeRule` gives
 * our own form back, which reads as the same rule.
 */
import { isCloudflareRule, LONGEST, nameAt, readCloudflareRule, readExpiration } from "./cloudflare-form.ts";
import { DURATION_FORM, readDuration, writeDuration } from "../kernel/durations.ts";
import { INPUTS, isInputId } from "./inputs.ts";
import { IDENTIFIERS, INPUT_IDS, PLATFORMS, type CloudflareSource, type Condition, type FailMode, type Identifier, type InputId, type Leaf, type LeafValue, type RuleDraft } from "./model.ts";
import { entriesOf, expected, fieldsOf, flagAt, isObject, required, textAt, wordAt, wrong, type Fields, type Place } from "../kernel/reading.ts";

const MOST_RULES = 1_000;
/** Of `all`, `any` and `not` in each other. */
const DEEPEST = 12;
const MOST_LEAVES = 200;

const RULE_KEYS = ["id", "name", "description", "shadow", "match", "expiration", "fail", "warn_only", "match_by", "condition", "messages", "cloudflare"] as const;

/** A list of rules, each in Cloudflare's form or ours. */
export function parseRules(json: unknown): readonly RuleDraft[] {
  return entriesOf({ path: "$", value: json }, "A list of rules", MOST_RULES).map((place) => {
    if (!isObject(place.value)) throw expected(place, "A rule (an object)");
    if (isCloudflareRule(place.value)) return readCloudflareRule(place);
    if (Object.hasOwn(place.value, "condition")) return readOwnRule(place);
    fieldsOf(place, RULE_KEYS, "A rule");
    throw wrong(place, "neither a Cloudflare rule (it has type and input) nor one of ours (it has condition).");
  });
}

function readOwnRule(place: Place): RuleDraft {
  const fields = fieldsOf(place, RULE_KEYS, "A rule");
  const leaves = { count: 0 };
  return {
    id: idAt(fields.get("id")),
    name: nameAt(required(fields, place, "name", "the rule's name")),
    description: optional(fields, "description", (at) => textAt(at, "text", LONGEST.description)) ?? "",
    shadow: optional(fields, "shadow", flagAt) ?? false,
    match: optional(fields, "match", (at) => wordsAt(at, PLATFORMS)) ?? [],
    expirationMs: readExpiration(fields.get("expiration")),
    failMode: optional(fields, "fail", readFailMode) ?? { kind: "closed" },
    warnOnly: optional(fields, "warn_only", flagAt) ?? false,
    matchBy: optional(fields, "match_by", readMatchBy) ?? ["serial"],
    condition: readCondition(required(fields, place, "condition", "what the rule asks"), 0, leaves),
    messages: optional(fields, "messages", readMessages) ?? {},
    source: optional(fields, "cloudflare", readSource) ?? null,
  };
}

function optional<T>(fields: Fields, key: string, read: (place: Place) => T): T | undefined {
  const place = fields.get(key);
  return place === undefined ? undefined : read(place);
}

function idAt(place: Place | undefined): string | null {
  if (place === undefined || place.value === null) return null;
  const id = textAt(place, "the rule's id", LONGEST.id);
  if (id.trim() === "") throw expected(place, "the rule's id, or none");
  return id;
}

/** In the table's order, each once. */
function wordsAt<const Word extends string>(place: Place, words: readonly Word[]): readonly Word[] {
  const found = entriesOf(place, `A list of ${words.join(", ")}`, 100).map((entry) => wordAt(entry, words));
  return words.filter((word) => found.includes(word));
}

function readMatchBy(place: Place): readonly Identifier[] {
  const found = wordsAt(place, IDENTIFIERS);
  if (found.length === 0) throw expected(place, `at least one of ${IDENTIFIERS.join(", ")}`);
  return found;
}

function readFailMode(place: Place): FailMode {
  const what = `"closed", "open" or {"last_known": "30m"}`;
  if (place.value === "closed" || place.value === "open") return { kind: place.value };
  if (!isObject(place.value)) throw expected(place, what);
  const fields = fieldsOf(place, ["last_known"], "A fail mode");
  const time = required(fields, place, "last_known", DURATION_FORM);
  const forMs = typeof time.value === "string" ? readDuration(time.value) : null;
  if (forMs === null) throw expected(time, DURATION_FORM);
  return { kind: "last-known", forMs };
}

function readMessages(place: Place): Readonly<Partial<Record<InputId, string>>> {
  const messages: Partial<Record<InputId, string>> = {};
  for (const [key, text] of fieldsOf(place, INPUT_IDS, "The texts by input")) if (isInputId(key)) messages[key] = messageAt(text);
  return messages;
}

function messageAt(place: Place): string {
  const message = textAt(place, "a text for the user", LONGEST.message);
  if (message.trim() === "") throw expected(place, "a text that is not blank");
  return message;
}

function readSource(place: Place): CloudflareSource | null {
  if (place.value === null) return null;
  const fields = fieldsOf(place, ["id", "account_id", "connection_id", "schedule"], "What is kept of a Cloudflare rule");
  const text = (at: Place): string | null => (at.value === null ? null : textAt(at, "text", LONGEST.id));
  return {
    id: optional(fields, "id", text) ?? null,
    accountId: optional(fields, "account_id", text) ?? null,
    connectionId: optional(fields, "connection_id", text) ?? null,
    schedule: optional(fields, "schedule", text) ?? null,
  };
}

function readCondition(place: Place, depth: number, leaves: { count: number }): Condition {
  if (depth > DEEPEST) throw wrong(place, `conditions stand more than ${String(DEEPEST)} deep in each other.`);
  const { value } = place;
  if (!isObject(value)) throw expected(place, 'A condition ({"input": …, "operator": …, "value": …}, {"all": […]}, {"any": […]} or {"not": …})');
  const inner = (at: Place): Condition => readCondition(at, depth + 1, leaves);
  if (Object.hasOwn(value, "all")) return { all: partsAt(place, "all").map(inner) };
  if (Object.hasOwn(value, "any")) return { any: partsAt(place, "any").map(inner) };
  if (Object.hasOwn(value, "not")) return { not: inner(required(fieldsOf(place, ["not"], "A negation"), place, "not", "a condition")) };
  leaves.count += 1;
  if (leaves.count > MOST_LEAVES) throw wrong(place, `more than ${String(MOST_LEAVES)} conditions in one rule.`);
  return readLeaf(place);
}

function partsAt(place: Place, key: "all" | "any"): readonly Place[] {
  const list = required(fieldsOf(place, [key], "A list of conditions"), place, key, "a list of conditions");
  const parts = entriesOf(list, "A list of conditions", MOST_LEAVES);
  if (parts.length === 0) throw wrong(list, "an empty list asks for nothing; give at least one condition.");
  return parts;
}

function readLeaf(place: Place): Leaf {
  const fields = fieldsOf(place, ["input", "operator", "value", "message"], "A condition");
  const input = wordAt(required(fields, place, "input", `one of ${INPUT_IDS.join(", ")}`), INPUT_IDS);
  const { operators, wrong: wrongValue } = INPUTS[input];
  const [only] = operators;
  const operatorAt = fields.get("operator");
  // Where there is one way to compare, it need not be written.
  if (operatorAt === undefined && (operators.length > 1 || only === undefined)) throw wrong({ path: `${place.path}.operator`, value: undefined }, `missing; ${input} is compared by one of ${operators.join(", ")}.`);
  const operator = operatorAt === undefined ? (only ?? "==") : wordAt(operatorAt, operators);
  const value = required(fields, place, "value", wrongValue(operator, undefined) ?? "a value");
  const message = optional(fields, "message", messageAt);
  const problem = wrongValue(operator, value.value);
  if (problem !== null) throw expected(value, problem);
  return { input, operator, value: value.value as LeafValue, ...(message === undefined ? {} : { message }) };
}

/** Our own form as JSON: `parseRules([writeRule(rule)])` is the rule again (of a saved rule, all but its tenant and version). */
export function writeRule(rule: RuleDraft): Readonly<Record<string, unknown>> {
  const { source } = rule;
  return {
    ...(rule.id === null ? {} : { id: rule.id }),
    name: rule.name,
    ...(rule.description === "" ? {} : { description: rule.description }),
    ...(rule.shadow ? { shadow: true } : {}),
    ...(rule.match.length === 0 ? {} : { match: rule.match }),
    ...(rule.expirationMs === null ? {} : { expiration: writeDuration(rule.expirationMs) }),
    fail: rule.failMode.kind === "last-known" ? { last_known: writeDuration(rule.failMode.forMs) } : rule.failMode.kind,
    ...(rule.warnOnly ? { warn_only: true } : {}),
    match_by: rule.matchBy,
    condition: rule.condition,
    ...(Object.keys(rule.messages).length === 0 ? {} : { messages: rule.messages }),
    ...(source === null ? {} : { cloudflare: { id: source.id, account_id: source.accountId, connection_id: source.connectionId, schedule: source.schedule } }),
  };
}
