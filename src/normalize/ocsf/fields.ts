/**
 * A record being read: each reader gives a field as the type that OCSF asks for, or undefined, and remembers what it gave. Whatever was
 * never given, because OCSF has no home for it or because its value was of no use, is the rest, and goes to `unmapped` as it came.
 */
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { FieldTable, type Values } from "../field-table.ts";
import { address, addresses, decimal, flag, hash, list, moment, port, text, whole } from "../values.ts";

const NOTHING: JsonObject = Object.freeze({});
const NONE: readonly Fields[] = Object.freeze([]);

/** Up to so many fields an object is asked by name, and what it gave is kept in a list; others are read in one pass (see `field-table.ts`). */
const FEW = 8;
/** Names that the maps ask for. Those that a record makes up must not fill the memory: beyond so many they are asked for by name. */
const MOST_NAMES = 2_000;
const NAMES = new FieldTable();
const NO_PLACES: readonly number[] = Object.freeze([]);
/** By place, while what a record has left is worked out. */
const MARKS = new Uint8Array(MOST_NAMES);

function hasFew(record: JsonObject): boolean {
  let count = 0;
  for (const _ in record) {
    count += 1;
    if (count > FEW) return false;
  }
  return true;
}

/** An object of the record that was looked into, or a list of them. */
interface Inner {
  readonly key: string;
  readonly one: Fields | undefined;
  readonly all: readonly Fields[] | undefined;
}

export class Fields {
  readonly #record: JsonObject;
  readonly #names: FieldTable;
  /** By the places of names; undefined for an object of few fields. */
  readonly #values: Values | undefined;
  /** The places of its fields, in their order, where there are `values`. */
  readonly #order: readonly number[] = NO_PLACES;
  #usedPlaces: number[] | undefined;
  /** Those that have no place. */
  #used: string[] | undefined;
  #inner: Inner[] | undefined;

  /** `names`: of a kind of record that has names of its own. */
  constructor(record: JsonObject, names: FieldTable = NAMES) {
    this.#record = record;
    this.#names = names;
    if (hasFew(record)) return;
    const { values, order } = names.readInOrder(record);
    this.#values = values;
    this.#order = order;
  }

  /** As it stands; does not count as used. */
  peek(key: string): Json | undefined {
    return this.#at(this.#place(key), key);
  }

  /** Every field that a table knows, in one pass. */
  read(table: FieldTable): Values {
    return table.read(this.#record);
  }

  keys(): readonly string[] {
    return Object.keys(this.#record);
  }

  use(key: string): void {
    this.#use(this.#place(key), key);
  }

  isUsed(key: string): boolean {
    return this.#used?.includes(key) === true || this.#usedPlaces?.includes(this.#place(key)) === true;
  }

  /** Text that says something; numbers and booleans as their text. */
  text(key: string): string | undefined {
    return this.#given(key, text);
  }

  /** The first of several fields that says something; only that one counts as used. */
  firstText(...keys: readonly string[]): string | undefined {
    for (const key of keys) {
      const found = this.text(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** An integer of 64 bits (OCSF's long). */
  long(key: string): number | bigint | undefined {
    return this.#given(key, whole);
  }

  /** An integer that a JavaScript number holds (OCSF's integer, whose size the schema leaves open). */
  integer(key: string): number | undefined {
    return this.#given(key, integer);
  }

  decimal(key: string): number | undefined {
    return this.#given(key, decimal);
  }

  flag(key: string): boolean | undefined {
    return this.#given(key, flag);
  }

  port(key: string): number | undefined {
    return this.#given(key, port);
  }

  ip(key: string): string | undefined {
    return this.#given(key, ipAddress);
  }

  ips(key: string): readonly string[] {
    const found = addresses(this.peek(key)).flatMap((one) => ip(one) ?? []);
    if (found.length > 0) this.use(key);
    return found;
  }

  hash(key: string): string | undefined {
    return this.#given(key, hash);
  }

  mac(key: string): string | undefined {
    return this.#given(key, mac);
  }

  email(key: string): string | undefined {
    return this.#given(key, email);
  }

  /** Addresses of an array; used where it holds nothing else. */
  emails(key: string): readonly string[] {
    const value = list(this.peek(key));
    const found = value.flatMap((one) => email(one) ?? []);
    if (found.length > 0 && found.length === value.length) this.use(key);
    return found;
  }

  /** Milliseconds since 1970. */
  time(key: string): number | undefined {
    return this.#given(key, time);
  }

  /** Texts of an array; used where it holds nothing else. */
  texts(key: string): readonly string[] {
    const value = this.peek(key);
    if (!Array.isArray(value)) {
      const one = this.text(key);
      return one === undefined ? [] : [one];
    }
    const found = (value as readonly Json[]).flatMap((one) => text(one) ?? []);
    if (found.length > 0 && found.length === value.length) this.use(key);
    return found;
  }

  /** An object's fields; those of none where there is no object. */
  object(key: string): Fields {
    const known = this.#known(key);
    if (known?.one !== undefined) return known.one;
    const value = this.peek(key);
    if (!isJsonObject(value)) return EMPTY;
    const one = new Fields(value);
    (this.#inner ??= []).push({ key, one, all: undefined });
    return one;
  }

  /** Objects of an array, each with fields of its own; an object that stands alone counts as an array of it. */
  objects(key: string): readonly Fields[] {
    const known = this.#known(key);
    if (known?.all !== undefined) return known.all;
    const value = this.peek(key);
    if (!Array.isArray(value)) return isJsonObject(value) ? [this.object(key)] : NONE;
    const all = value as readonly Json[];
    if (!all.every(isJsonObject)) return NONE;
    const found = all.map((one) => new Fields(one));
    (this.#inner ??= []).push({ key, one: undefined, all: found });
    return found;
  }

  /** Nothing of it was given after all. */
  release(): void {
    this.#used = undefined;
    this.#usedPlaces = undefined;
    this.#inner = undefined;
  }

  get isEmpty(): boolean {
    for (const _ in this.#record) return false;
    return true;
  }

  /** What was never given, without what says nothing; undefined where that is all. */
  rest(): JsonObject | undefined {
    const record = this.#record;
    const used = this.#used;
    const isGiven = this.#marks();
    let left: Record<string, Json> | undefined;
    let at = 0;
    for (const key in record) {
      const given = isGiven !== undefined && isGiven[at] === true;
      at += 1;
      if (given || used?.includes(key) === true) continue;
      const value = this.#inner === undefined ? saying(record[key]) : this.#restOf(key, record[key]);
      if (value === undefined) continue;
      left ??= {};
      // A record may call a field so: assigned, it would be something else.
      if (key === "__proto__") Object.defineProperty(left, key, { value, enumerable: true, writable: true, configurable: true });
      else left[key] = value;
    }
    return left;
  }

  /** Whether each field was given, in the record's order; undefined where none was, by its place. */
  #marks(): readonly boolean[] | undefined {
    const used = this.#usedPlaces;
    if (used === undefined) return undefined;
    for (const place of used) MARKS[place] = 1;
    const given = this.#order.map((place) => place >= 0 && MARKS[place] === 1);
    for (const place of used) MARKS[place] = 0;
    return given;
  }

  #restOf(key: string, value: Json | undefined): Json | undefined {
    const inner = this.#known(key);
    if (inner?.one !== undefined) return inner.one.rest();
    if (inner?.all === undefined) return saying(value);
    const left = inner.all.map((one) => one.rest());
    // The places of the others are kept, so that a reader can tell which element this belongs to.
    return left.some((one) => one !== undefined) ? left.map((one) => one ?? NOTHING) : undefined;
  }

  #known(key: string): Inner | undefined {
    if (this.#inner !== undefined) for (const inner of this.#inner) if (inner.key === key) return inner;
    return undefined;
  }

  /** The place of a name, which it gets when it is first asked for; beyond all places where there are too many names. */
  #place(key: string): number {
    // Asked by name, it needs none.
    if (this.#values === undefined) return 0;
    const names = this.#names;
    return names.known(key) ?? (names.size < MOST_NAMES ? names.place(key) : Number.POSITIVE_INFINITY);
  }

  /** The value at a place that was looked up already. */
  #at(place: number, key: string): Json | undefined {
    const values = this.#values;
    // A name that was asked for after the record was read has no value there.
    return values !== undefined && place < values.length ? values[place] : this.#record[key];
  }

  #use(place: number, key: string): void {
    const values = this.#values;
    if (values !== undefined && place < values.length) (this.#usedPlaces ??= []).push(place);
    else (this.#used ??= []).push(key);
  }

  /** What a field gives, which then counts as used. */
  #given<T>(key: string, read: (value: Json | undefined) => T | undefined): T | undefined {
    const place = this.#place(key);
    const found = read(this.#at(place, key));
    if (found !== undefined) this.#use(place, key);
    return found;
  }
}

/** Of what is no object: nothing to give, so nothing to remember. */
const EMPTY: Fields = new Fields(NOTHING);

/** The value, unless it says nothing. */
function saying(value: Json | undefined): Json | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  if (typeof value !== "object" || (Array.isArray(value) && value.length > 0)) return value;
  for (const _ in value as JsonObject) return value;
  return undefined;
}

function integer(value: Json | undefined): number | undefined {
  const found = whole(value);
  return typeof found === "number" ? found : undefined;
}

function ipAddress(value: Json | undefined): string | undefined {
  return ip(address(value));
}

/** OCSF takes at most forty characters, which no address needs unless it spells out an IPv4 address within an IPv6 one. */
export function ip(value: string | undefined): string | undefined {
  return value === undefined || value.length > 40 ? undefined : value;
}

const MAC = /^[0-9A-F]{12}$/;

/** Six pairs with colons between them, in upper case. */
export function mac(value: Json | undefined): string | undefined {
  if (typeof value !== "string" || value.length > 30) return undefined;
  const digits = value.replace(/[-:. ]/g, "").toUpperCase();
  if (!MAC.test(digits) || digits === "000000000000") return undefined;
  return `${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}:${digits.slice(6, 8)}:${digits.slice(8, 10)}:${digits.slice(10)}`;
}

const EMAIL = /^[\w!#$%&'*+./=?^`{|}~-]{1,256}@[a-zA-Z0-9-]{1,64}\.[a-zA-Z0-9.-]{1,256}$/;

export function email(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.includes("@") && EMAIL.test(value) ? value : undefined;
}

/** From text or from a number; the form that nearly all times have is read without any detour. */
export function time(value: Json | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string" && PLAIN_TIME.test(value)) {
    const found = Date.parse(value);
    if (!Number.isNaN(found)) return found;
  }
  return moment(value);
}

/** No day that a month may lack: those are looked at more closely. */
const PLAIN_TIME = /^20\d\d-[01]\d-[012][0-8]T[012]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z$/;

const UUID = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i;

export function uuid(value: Json | undefined): string | undefined {
  return typeof value === "string" ? UUID.exec(value)?.[1] : undefined;
}
