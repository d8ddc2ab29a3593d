/** Values that a closed list of the vendor's did not hold yet, counted by field: the sign that a map wants a new line. */
import { stringifyExact, type Json } from "../kernel/json.ts";

export interface UnseenField {
  readonly field: string;
  readonly count: number;
  /** The first few different ones, as JSON, cut where they are long. */
  readonly examples: readonly string[];
}

const MAX_FIELDS = 1000;
const MAX_EXAMPLES = 5;
const MAX_LENGTH = 80;

export class Unseen {
  readonly #fields = new Map<string, { count: number; readonly examples: Set<string> }>();

  add(field: string, value: Json): void {
    const known = this.#fields.get(field);
    if (known === undefined) {
      // A hostile record must not make this grow without end.
      if (this.#fields.size < MAX_FIELDS) this.#fields.set(field, { count: 1, examples: new Set([shown(value)]) });
      return;
    }
    known.count += 1;
    if (known.examples.size < MAX_EXAMPLES) known.examples.add(shown(value));
  }

  /** Most frequent first. */
  list(): readonly UnseenField[] {
    return [...this.#fields].map(([field, { count, examples }]) => ({ field, count, examples: [...examples] })).toSorted((left, right) => right.count - left.count || (left.field < right.field ? -1 : 1));
  }
}

function shown(value: Json): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[…]" : "{…}";
  const text = stringifyExact(typeof value === "string" ? value.slice(0, MAX_LENGTH) : value);
  return typeof value === "string" && value.length > MAX_LENGTH ? `${text.slice(0, -1)}…"` : text;
}
