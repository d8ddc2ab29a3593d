/**
 * The kinds of input: for each the operators it has, which values may stand beside them, and the comparison itself, prepared once per
 * condition. A comparison gives true, false, or null where the agent's record has no value: absence is never an answer.
 */
import { DURATION_FORM, readDuration } from "../kernel/durations.ts";
import { COMPARISONS, type Comparison, type DeviceFacts, type DeviceTag, type LeafValue, type Operator, type Received } from "./model.ts";
import { compareVersions, isVersion } from "./versions.ts";

/** Clocks may differ by this much; a time further ahead of ours is wrong and proves nothing. */
export const CLOCK_SKEW_MS = 300_000;

export type Answer = boolean | null;

export interface Comparer {
  readonly test: (facts: DeviceFacts, now: number) => Answer;
  /** The next moment from which `test` says something else of the same facts, where time alone can do that. */
  readonly turnsAt?: (facts: DeviceFacts, now: number) => number | null;
}

interface Shape {
  readonly operators: readonly Operator[];
  /** What may stand as value of that operator, in words; null where `value` is fine. */
  wrong(operator: Operator, value: unknown): string | null;
  /** For an operator and a value that are not `wrong`. */
  compile(operator: Operator, value: LeafValue): Comparer;
}

interface Words {
  /** SentinelOne's field of the agent. */
  readonly field: string;
  /** Completes "SentinelOne does not say …". */
  readonly subject: string;
  readonly meaning: string;
  /** To the user of the device, where it fails. */
  readonly advice: string;
}

export interface Input extends Words, Shape {
  readonly received: (facts: DeviceFacts) => Received;
}

type Read<T> = (facts: DeviceFacts) => T | null;

function compares(operator: Operator, difference: number): boolean {
  switch (operator) {
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
    case "==":
      return difference === 0;
    default:
      return false;
  }
}

const NEVER: Comparer = { test: () => null };
const EQUALITY: readonly Comparison[] = ["=="];
const MOST_IN_A_LIST = 1_000;

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MOST_IN_A_LIST && value.every((entry) => isText(entry));
}

/** Storable in both engines, and something. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= 500 && value.isWellFormed() && !value.includes("\0");
}

function asList(value: LeafValue): readonly string[] {
  return typeof value === "object" ? value : [String(value)];
}

export function flag(read: Read<boolean>, words: Words): Input {
  return {
    ...words,
    received: read,
    operators: EQUALITY,
    wrong: (_operator, value) => (typeof value === "boolean" ? null : "true or false"),
    compile: (_operator, wanted) => ({
      test(facts) {
        const found = read(facts);
        return found === null ? null : found === wanted;
      },
    }),
  };
}

export function count(read: Read<number>, words: Words): Input {
  return {
    ...words,
    received: read,
    operators: COMPARISONS,
    wrong: (_operator, value) => (typeof value === "number" && Number.isFinite(value) ? null : "a number"),
    compile(operator, wanted) {
      if (typeof wanted !== "number") return NEVER;
      return {
        test(facts) {
          const found = read(facts);
          return found === null ? null : compares(operator, found - wanted);
        },
      };
    },
  };
}

/** One of the vendor's words. A word the vendor adds later is known, and is none of those asked for. */
export function choice(read: Read<string>, choices: readonly string[], words: Words): Input {
  const known = new Set(choices);
  return {
    ...words,
    received: read,
    operators: ["==", "in"],
    wrong(operator, value) {
      if (operator === "in") return isTextList(value) && value.every((entry) => known.has(entry)) ? null : `a list of ${choices.join(", ")}`;
      return typeof value === "string" && known.has(value) ? null : `one of ${choices.join(", ")}`;
    },
    compile(_operator, value) {
      const wanted = new Set(asList(value));
      return {
        test(facts) {
          const found = read(facts);
          return found === null ? null : wanted.has(found);
        },
      };
    },
  };
}

/** One of words that have an order. */
export function level(read: Read<string>, order: readonly string[], words: Words): Input {
  return {
    ...words,
    received: read,
    operators: COMPARISONS,
    wrong: (_operator, value) => (typeof value === "string" && order.includes(value) ? null : `one of ${order.join(", ")}`),
    compile(operator, value) {
      const wanted = order.indexOf(String(value));
      return {
        test(facts) {
          const found = read(facts);
          const place = found === null ? -1 : order.indexOf(found);
          return place < 0 || wanted < 0 ? null : compares(operator, place - wanted);
        },
      };
    },
  };
}

export function version(read: Read<string>, words: Words): Input {
  return {
    ...words,
    received: read,
    operators: COMPARISONS,
    wrong: (_operator, value) => (typeof value === "string" && isVersion(value) ? null : 'a version as text, "24.2" or "25.1.4.434"'),
    compile: (operator, wanted) => ({
      test(facts) {
        const found = read(facts);
        const difference = found === null ? null : compareVersions(found, String(wanted));
        return difference === null ? null : compares(operator, difference);
      },
    }),
  };
}

/** A time that must not lie further back than the value. */
export function recency(read: Read<string>, words: Words): Input {
  return {
    ...words,
    received: read,
    operators: ["within"],
    wrong: (_operator, value) => (typeof value === "string" && readDuration(value) !== null ? null : DURATION_FORM),
    compile(_operator, value) {
      const limit = readDuration(String(value));
      if (limit === null) return NEVER;
      const timeOf = (facts: DeviceFacts): number => Date.parse(read(facts) ?? "");
      return {
        test(facts, now) {
          const age = now - timeOf(facts);
          return age >= -CLOCK_SKEW_MS ? age <= limit : null;
        },
        turnsAt(facts, now) {
          const time = timeOf(facts);
          if (Number.isNaN(time)) return null;
          const next = time - now > CLOCK_SKEW_MS ? time - CLOCK_SKEW_MS : time + limit + 1;
          return next > now ? next : null;
        },
      };
    },
  };
}

export function list(read: Read<readonly string[]>, words: Words): Input {
  return {
    ...words,
    received: read,
    operators: ["empty", "includes"],
    wrong: (operator, value) => wrongOfList(operator, value),
    compile(operator, value) {
      const wanted = new Set(asList(value).map((entry) => entry.toLowerCase()));
      return {
        test(facts) {
          const found = read(facts);
          if (found === null) return null;
          return operator === "empty" ? (found.length === 0) === value : found.some((entry) => wanted.has(entry));
        },
      };
    },
  };
}

function wrongOfList(operator: Operator, value: unknown): string | null {
  if (operator === "empty") return typeof value === "boolean" ? null : "true or false";
  return isText(value) || isTextList(value) ? null : "text or a list of texts, not empty";
}

/** Known by an id, which stays, and by a name, which people may change. */
export function place(readId: Read<string>, readName: Read<string>, words: Words): Input {
  return {
    ...words,
    received: (facts) => readName(facts) ?? readId(facts),
    operators: ["==", "in"],
    wrong(operator, value) {
      if (operator === "in") return isTextList(value) ? null : "a list of ids or names, not empty";
      return isText(value) ? null : "an id or a name";
    },
    compile(_operator, value) {
      const wanted = new Set(asList(value));
      return {
        test(facts) {
          const id = readId(facts);
          const name = readName(facts);
          if ((id !== null && wanted.has(id)) || (name !== null && wanted.has(name))) return true;
          return id === null || name === null ? null : false;
        },
      };
    },
  };
}

function tagText({ key, value }: DeviceTag): string {
  return value === "" ? key : `${key}:${value}`;
}

export function tags(words: Words): Input {
  return {
    ...words,
    received: (facts) => facts.tags?.map(tagText) ?? null,
    operators: ["includes", "empty"],
    wrong: (operator, value) => wrongOfList(operator, value),
    compile(operator, value) {
      const wanted = new Set(asList(value));
      return {
        test({ tags: found }) {
          if (found === null) return null;
          return operator === "empty" ? (found.length === 0) === value : found.some((tag) => wanted.has(tag.key) || wanted.has(tagText(tag)));
        },
      };
    },
  };
}
