/**
 * Recorded cases: what rules are asked about, as JSON that people keep, change and test rules on. `vedette cases triage CASE --record` writes one of a case that there is.
 */
import { ALERT_FACTS, CASE_NUMBERS, CASE_TEXTS, type RulesTested } from "../kernel/case-triage-api.ts";
import { CASE_VERDICTS } from "../kernel/case-api.ts";
import { entriesOf, expected, fieldsOf, required, textAt, wordAt, wrong, type Fields, type Place } from "../kernel/reading.ts";
import type { RecordedAlert, RecordedCase, Rule, Said, Verdict } from "./triage-model.ts";
import { triage } from "./triage-score.ts";

const MOST_CASES = 1000;
const MOST_ALERTS = 200;
const MOST_TEXTS = 200;
const LONGEST_TEXT = 4000;

interface Expectation {
  readonly verdict: Verdict | null;
  /** Least and most. */
  readonly score: readonly [number, number] | null;
  readonly speak: readonly string[];
  readonly silent: readonly string[];
}

export interface TestCase {
  readonly name: string;
  readonly record: RecordedCase;
  readonly expect: Expectation;
}

/** CONFIG_INVALID with the path of the first thing that is wrong. */
export function parseTestCases(json: unknown): readonly TestCase[] {
  return entriesOf({ path: "$", value: json }, "A list of recorded cases", MOST_CASES).map((place, index) => {
    const fields = fieldsOf(place, ["name", "case", "alerts", "expect"], "A recorded case");
    const name = fields.get("name");
    const alerts = fields.get("alerts");
    return {
      name: name === undefined ? `case ${String(index + 1)}` : textAt(name, "a name", 200),
      record: { ...readCase(fields.get("case")), alerts: alerts === undefined ? [] : entriesOf(alerts, "a list of alerts", MOST_ALERTS).map(readAlert) },
      expect: readExpectation(fields.get("expect")),
    };
  });
}

function readCase(place: Place | undefined): Omit<RecordedCase, "alerts"> {
  if (place === undefined) return { numbers: {}, texts: {} };
  const fields = fieldsOf(place, [...CASE_NUMBERS, ...CASE_TEXTS], "A case");
  const numbers = CASE_NUMBERS.flatMap((fact) => {
    const at = fields.get(fact);
    if (at === undefined) return [];
    if (!Number.isSafeInteger(at.value) || (at.value as number) < 0) throw expected(at, "a whole number of 0 or more");
    return [[fact, at.value as number] as const];
  });
  const texts = CASE_TEXTS.flatMap((fact) => (fields.has(fact) ? [[fact, textsAt(fields.get(fact)).map(saidAt)] as const] : []));
  return { numbers: Object.fromEntries(numbers), texts: Object.fromEntries(texts) };
}

/** One, or a list. */
function textsAt(place: Place | undefined): readonly Place[] {
  if (place === undefined) return [];
  return Array.isArray(place.value) ? entriesOf(place, "texts", MOST_TEXTS) : [place];
}

function saidAt(place: Place): Said {
  if (typeof place.value === "string") return { value: textAt(place, "a text", LONGEST_TEXT), because: null };
  const fields = fieldsOf(place, ["value", "because"], "A text with what is behind it");
  const because = fields.get("because");
  return { value: textAt(required(fields, place, "value", "a text"), "a text", LONGEST_TEXT), because: because === undefined ? null : textAt(because, "a text", LONGEST_TEXT) };
}

function readAlert(place: Place, index: number): RecordedAlert {
  const fields = fieldsOf(place, ["id", ...ALERT_FACTS], "An alert");
  const id = fields.get("id");
  const facts = ALERT_FACTS.flatMap((fact) => (fields.has(fact) ? [[fact, textsAt(fields.get(fact)).map((at) => textAt(at, "a text", LONGEST_TEXT))] as const] : []));
  return { id: id === undefined ? `alert ${String(index + 1)}` : textAt(id, "an id", 200), facts: Object.fromEntries(facts) };
}

function readExpectation(place: Place | undefined): Expectation {
  if (place === undefined) return { verdict: null, score: null, speak: [], silent: [] };
  const fields = fieldsOf(place, ["verdict", "score", "speak", "silent"], "What is expected");
  const verdict = fields.get("verdict");
  return { verdict: verdict === undefined ? null : wordAt(verdict, CASE_VERDICTS), score: scoreAt(fields.get("score")), speak: idsAt(fields, "speak"), silent: idsAt(fields, "silent") };
}

function idsAt(fields: Fields, key: string): readonly string[] {
  return textsAt(fields.get(key)).map((at) => textAt(at, "a rule's id", 60));
}

function scoreAt(place: Place | undefined): readonly [number, number] | null {
  if (place === undefined) return null;
  const ends = (Array.isArray(place.value) ? place.value : [place.value, place.value]) as readonly unknown[];
  const [least, most] = ends;
  if (ends.length !== 2 || !Number.isSafeInteger(least) || !Number.isSafeInteger(most)) throw expected(place, "a score, or the least and the most of it in a list");
  if ((least as number) > (most as number)) throw wrong(place, "the least is more than the most.");
  return [least as number, most as number];
}

export function testRules(cases: readonly TestCase[], rules: readonly Rule[]): RulesTested {
  const known = new Set(rules.map(({ id }) => id));
  const items = cases.map(({ name, record, expect }) => {
    const result = triage(record, rules);
    const speaking = new Set(result.hits.map(({ rule }) => rule));
    const failures: string[] = [];
    if (expect.verdict !== null && expect.verdict !== result.verdict) failures.push(`suggests ${result.verdict}, not ${expect.verdict}`);
    if (expect.score !== null && (result.score < expect.score[0] || result.score > expect.score[1])) failures.push(`scores ${String(result.score)}, not ${expect.score[0] === expect.score[1] ? String(expect.score[0]) : `${String(expect.score[0])} to ${String(expect.score[1])}`}`);
    for (const id of expect.speak) if (!speaking.has(id)) failures.push(known.has(id) ? `${id} does not speak` : `there is no rule ${id}`);
    for (const id of expect.silent) if (speaking.has(id)) failures.push(`${id} speaks`);
    return { name, passed: failures.length === 0, failures, triage: result };
  });
  return { items, passed: items.filter(({ passed }) => passed).length, failed: items.filter(({ passed }) => !passed).length };
}

/** As `parseTestCases` reads it. */
export function writeRecorded(name: string, { numbers, texts, alerts }: RecordedCase): Readonly<Record<string, unknown>> {
  const one = <T>(list: readonly T[]): T | readonly T[] => (list.length === 1 && list[0] !== undefined ? list[0] : list);
  const said = (list: readonly Said[]) => one(list.map(({ value, because }) => (because === null ? value : { value, because })));
  return {
    name,
    case: { ...numbers, ...Object.fromEntries(Object.entries(texts).flatMap(([fact, list]) => (list.length === 0 ? [] : [[fact, said(list)]]))) },
    alerts: alerts.map(({ id, facts }) => ({ id, ...Object.fromEntries(Object.entries(facts).map(([fact, list]) => [fact, one(list)])) })),
  };
}
