/** What rules ask: read from JSON that people wrote, with the place of what is wrong in it, and asked of a case. Pure, and bounded: no expression can take longer than its texts are long. */
import { ALERT_FACTS, CASE_NUMBERS, CASE_TEXTS, type AlertFact, type CaseNumber, type CaseText } from "../kernel/case-triage-api.ts";
import { entriesOf, expected, fieldsOf, flagAt, isObject, textAt, wordAt, wrong, type Place } from "../kernel/reading.ts";
import type { Condition, FactName, RecordedAlert, RecordedCase, Said } from "./triage-model.ts";

/** Of `all`, `any` and `not` in each other. */
const DEEPEST = 8;
const MOST_TESTS = 100;
const MOST_TEXTS = 500;
const LONGEST_TEXT = 500;
const FACTS: readonly FactName[] = [...CASE_NUMBERS, ...CASE_TEXTS, ...ALERT_FACTS];
const OPERATORS = ["is", "has", "like", "atLeast", "atMost", "known"] as const;
const JOINTS = ["all", "any", "not"] as const;

/** CONFIG_INVALID with the path of the first thing that is wrong. */
export function readCondition(place: Place): Condition {
  return conditionAt(place, 0, { tests: 0 });
}

function conditionAt(place: Place, depth: number, counted: { tests: number }): Condition {
  if (!isObject(place.value)) throw expected(place, "a condition: an object with a fact and a test, or with all, any or not");
  if (depth > DEEPEST) throw wrong(place, `more than ${String(DEEPEST)} conditions in each other.`);
  const joint = JOINTS.find((key) => Object.hasOwn(place.value as object, key));
  if (joint !== undefined) {
    const inner = fieldsOf(place, [joint], `A condition with ${joint}`).get(joint);
    if (inner === undefined) throw expected(place, "conditions");
    if (joint === "not") return { op: "not", of: conditionAt(inner, depth + 1, counted) };
    const of = entriesOf(inner, "a list of conditions", MOST_TESTS).map((entry) => conditionAt(entry, depth + 1, counted));
    if (of.length === 0) throw wrong(inner, "an empty list asks nothing.");
    return { op: joint, of };
  }
  counted.tests += 1;
  if (counted.tests > MOST_TESTS) throw wrong(place, `more than ${String(MOST_TESTS)} tests in one rule.`);
  return testAt(place);
}

function testAt(place: Place): Condition {
  const fields = fieldsOf(place, ["fact", ...OPERATORS], "A condition");
  const named = fields.get("fact");
  if (named === undefined) throw wrong(place, "neither a fact nor all, any or not is in it.");
  const fact = wordAt(named, FACTS);
  const tests = [...fields].filter(([key]) => key !== "fact");
  const [first, second] = tests;
  if (first === undefined || second !== undefined) throw wrong(place, `one test is expected, ${tests.length === 0 ? "and there is none" : "not several"}: ${OPERATORS.join(", ")}.`);
  const [op, value] = first as [(typeof OPERATORS)[number], Place];
  if (op === "known") return { op, fact, known: flagAt(value) };
  if (op === "atLeast" || op === "atMost") {
    if (!isNumberFact(fact)) throw wrong(place, `${fact} is a text; ${op} is for ${CASE_NUMBERS.join(", ")}.`);
    if (!Number.isSafeInteger(value.value)) throw expected(value, "a whole number");
    return { op, fact, number: value.value as number };
  }
  if (isNumberFact(fact)) throw wrong(place, `${fact} is a number; atLeast and atMost are for it.`);
  const texts = (Array.isArray(value.value) ? entriesOf(value, "texts", MOST_TEXTS) : [value]).map((entry) => folded(textAt(entry, "a text", LONGEST_TEXT)));
  if (texts.length === 0 || texts.includes("")) throw expected(value, "a text, or a list of them, none empty");
  return { op, fact, texts };
}

function isNumberFact(fact: FactName): fact is CaseNumber {
  return (CASE_NUMBERS as readonly string[]).includes(fact);
}

function isAlertFact(fact: FactName): fact is AlertFact {
  return (ALERT_FACTS as readonly string[]).includes(fact);
}

export function folded(text: string): string {
  return text.trim().toLowerCase();
}

/** Whether what it asks is asked of an alert, or of the case alone. */
export function asksAlerts(condition: Condition): boolean {
  if (condition.op === "all" || condition.op === "any") return condition.of.some(asksAlerts);
  return condition.op === "not" ? asksAlerts(condition.of) : isAlertFact(condition.fact);
}

export interface Found {
  readonly fact: FactName;
  readonly value: string;
  /** Null: of the case as a whole. */
  readonly alert: string | null;
}

/** What is asked, with the texts of alerts as they are compared: made once for all rules. */
export interface Subject {
  readonly record: RecordedCase;
  readonly texts: ReadonlyMap<CaseText, readonly Compared[]>;
  readonly alerts: readonly ComparedAlert[];
}

interface Compared extends Said {
  readonly folded: string;
}

export interface ComparedAlert {
  readonly id: string;
  readonly facts: ReadonlyMap<AlertFact, readonly Compared[]>;
}

export function subjectOf(record: RecordedCase): Subject {
  const compared = (said: Said): Compared => ({ ...said, folded: folded(said.value) });
  return {
    record,
    texts: new Map(CASE_TEXTS.map((fact) => [fact, (record.texts[fact] ?? []).map(compared)])),
    alerts: record.alerts.map(({ id, facts }: RecordedAlert) => ({ id, facts: new Map(ALERT_FACTS.flatMap((fact) => (facts[fact] === undefined ? [] : [[fact, facts[fact].map((value) => compared({ value, because: null }))]]))) })),
  };
}

/** What makes it true, or null where it is not. What is asked of alerts is not true of none. */
export function asked(condition: Condition, subject: Subject, alert: ComparedAlert | null): readonly Found[] | null {
  switch (condition.op) {
    case "all": {
      const found: Found[] = [];
      for (const inner of condition.of) {
        const one = asked(inner, subject, alert);
        if (one === null) return null;
        found.push(...one);
      }
      return found;
    }
    case "any": {
      const found = condition.of.map((inner) => asked(inner, subject, alert)).filter((one) => one !== null);
      return found.length === 0 ? null : found.flat();
    }
    case "not":
      return asked(condition.of, subject, alert) === null ? [] : null;
    case "atLeast":
    case "atMost": {
      const number = subject.record.numbers[condition.fact];
      if (number === undefined || (condition.op === "atLeast" ? number < condition.number : number > condition.number)) return null;
      return [{ fact: condition.fact, value: String(number), alert: null }];
    }
    case "known": {
      const { fact } = condition;
      const known = isNumberFact(fact) ? subject.record.numbers[fact] !== undefined : textsOf(fact, subject, alert).length > 0;
      return known === condition.known ? [] : null;
    }
    default: {
      const { fact, op, texts } = condition;
      const fits = textsOf(fact, subject, alert).filter((said) => texts.some((text) => COMPARE[op](said.folded, text)));
      return fits.length === 0 ? null : fits.map(({ value, because }) => ({ fact, value: because ?? value, alert: isAlertFact(fact) ? (alert?.id ?? null) : null }));
    }
  }
}

function textsOf(fact: AlertFact | CaseText, subject: Subject, alert: ComparedAlert | null): readonly Compared[] {
  return (isAlertFact(fact) ? alert?.facts.get(fact) : subject.texts.get(fact)) ?? [];
}

const COMPARE: Readonly<Record<"is" | "has" | "like", (value: string, text: string) => boolean>> = {
  is: (value, text) => value === text,
  has: (value, text) => value.includes(text),
  like: isLike,
};

/** `*` is any text, `?` any one character. At most as many steps as the two are long, multiplied: no pattern can make it stand still. */
export function isLike(value: string, pattern: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let mark = 0;
  while (at < value.length) {
    if (pattern[place] === "*") {
      star = place;
      mark = at;
      place += 1;
    } else if (place < pattern.length && (pattern[place] === "?" || pattern[place] === value[at])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      place = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (pattern[place] === "*") place += 1;
  return place === pattern.length;
}
