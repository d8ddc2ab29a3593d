/**
 * Reads JSON that people wrote, with the path of every value at hand: the first wrong thing ends in a Fault that names its place, what is
 * there and what belongs there. An unknown key is a wrong thing: a misspelt one would leave out what it was meant to ask.
 */
import { Fault } from "./fault.ts";

export interface Place {
  readonly path: string;
  readonly value: unknown;
}

export type Fields = ReadonlyMap<string, Place>;

export function wrong(place: Place, message: string): Fault {
  return new Fault("CONFIG_INVALID", `${place.path}: ${message}`, { details: { path: place.path }, cure: "Correct it at the place named; nothing was taken over." });
}

/** What is there, short enough for a message. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === null) return "null";
  if (typeof value === "object") return "an object";
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export function expected(place: Place, what: string): Fault {
  return wrong(place, `${what} is expected, not ${shown(place.value)}.`);
}

/** Own keys only, in the order written; one that is not listed is refused. `told`: the keys that a message names, where some of the known ones are only tolerated. */
export function fieldsOf(place: Place, known: readonly string[], what: string, told: readonly string[] = known): Fields {
  const { value } = place;
  if (!isObject(value)) throw expected(place, what);
  const fields = new Map<string, Place>();
  for (const [key, found] of Object.entries(value)) {
    const at = { path: pathOf(place.path, key), value: found };
    if (!known.includes(key)) throw wrong(at, `unknown key. ${what} has ${told.join(", ")}.`);
    if (found !== undefined) fields.set(key, at);
  }
  return fields;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `$.a.b`, and `$.a["odd key"]` where dots would mislead. */
function pathOf(path: string, key: string): string {
  return /^[A-Za-z_]\w{0,60}$/.test(key) ? `${path}.${key}` : `${path}[${shown(key)}]`;
}

export function entriesOf(place: Place, what: string, most: number): readonly Place[] {
  const { value } = place;
  if (!Array.isArray(value)) throw expected(place, what);
  if (value.length > most) throw wrong(place, `${String(value.length)} entries; at most ${String(most)} are taken.`);
  return (value as readonly unknown[]).map((entry, index) => ({ path: `${place.path}[${String(index)}]`, value: entry }));
}

export function required(fields: Fields, owner: Place, key: string, what: string): Place {
  const place = fields.get(key);
  if (place === undefined) throw wrong({ path: pathOf(owner.path, key), value: undefined }, `missing; ${what} is expected.`);
  return place;
}

/** Text that both stores can keep. */
export function textAt(place: Place, what: string, most: number): string {
  const { value } = place;
  if (typeof value !== "string") throw expected(place, what);
  if (value.length > most) throw wrong(place, `${String(value.length)} characters; at most ${String(most)} are taken.`);
  if (!value.isWellFormed() || value.includes("\0")) throw wrong(place, "holds characters that cannot be stored (NUL or half of a pair).");
  return value;
}

export function flagAt(place: Place): boolean {
  if (typeof place.value !== "boolean") throw expected(place, "true or false");
  return place.value;
}

export function wordAt<const Word extends string>(place: Place, words: readonly Word[]): Word {
  const word = words.find((known) => known === place.value);
  if (word === undefined) throw expected(place, `one of ${words.join(", ")}`);
  return word;
}
