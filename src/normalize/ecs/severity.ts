/**
 * Severities as numbers: 21, 47, 73, 99 for low to critical, as the detection rules of Elastic's count. What is informational or unknown has
 * none: a 0 would sort as the mildest finding where the vendor made no statement of harm at all.
 */
import type { Json } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { text, whole } from "../values.ts";

const BY_WORD: ReadonlyMap<string, number | null> = new Map([
  ["LOW", 21],
  ["MEDIUM", 47],
  ["HIGH", 73],
  ["CRITICAL", 99],
  ["INFO", null],
  ["INFORMATIONAL", null],
  ["UNKNOWN", null],
  ["UNDEFINED", null],
  ["NONE", null],
]);

/** Undefined where nothing is said, null where it is said to be none. `E_HIGH`, as custom rules write it, is HIGH. */
export function severityOf(value: Json | undefined, field: string, context: MapContext): number | null | undefined {
  const word = text(value)?.toUpperCase();
  if (word === undefined) return undefined;
  const known = BY_WORD.get(word.startsWith("E_") ? word.slice(2) : word);
  if (known === undefined) context.unseen(field, word);
  return known;
}

/** OCSF's severity_id; it comes as a number and as text. */
export function severityOfId(value: Json | undefined, field: string, context: MapContext): number | null | undefined {
  const id = whole(value);
  if (id === undefined) return undefined;
  switch (id) {
    case 0:
    case 1:
    case 99:
      return null;
    case 2:
      return 21;
    case 3:
      return 47;
    case 4:
      return 73;
    case 5:
    case 6:
      return 99;
    default:
      context.unseen(field, id);
      return undefined;
  }
}

const BY_CONFIDENCE: ReadonlyMap<string, number | null> = new Map([
  ["MALICIOUS", 73],
  ["SUSPICIOUS", 47],
  ["INFORMATIONAL", null],
  ["N/A", null],
]);

/** Where the vendor has no severity, its confidence stands in: malicious is high, suspicious is medium. */
export function severityOfConfidence(value: Json | undefined, field: string, context: MapContext): number | null | undefined {
  const word = text(value)?.toUpperCase();
  if (word === undefined) return undefined;
  const known = BY_CONFIDENCE.get(word);
  if (known === undefined) context.unseen(field, word);
  return known;
}
