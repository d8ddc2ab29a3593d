/**
 * A record being read: each reader gives a field as the type that OCSF asks for, or undefined, and remembers what it gave. Whatever was
 * never given, because OCSF has no home for it or because its value was of no use, is the rest, and goes to `unmapped` as it came.
 */
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { address, addresses, decimal, epoch, flag, hash, instant, list, port, text, whole } from "../values.ts";

const NOTHING: JsonObject = Object.freeze({});
const NONE: readonly Fields[] = Object.freeze([]);

const NO_KEYS: readonly string[] = Object.freeze([]);
/** Up to so many keys a list is looked through as fast as a set. */
const FEW = 10;

/** An object of the record that was looked into, or a list of them. */
interface Inner {
  readonly key: string;
  readonly one: Fields | undefined;
  readonly all: readonly Fields[] | undefined;
}

export class Fields {
  readonly #record: JsonObject;
  // Lists, not sets: most objects have a few fields, and one is looked through once, at the end.
  #used: string[] | undefined;
  #inner: Inner[] | undefined;

  constructor(record: JsonObject) {
    this.#record = record;
  }

  /** As it stands; does not count as used. */
  peek(key: string): Json | undefined {
    return this.#record[key];
  }

  keys(): readonly string[] {
    return Object.keys(this.#record);
  }

  use(key: string): void {
    if (this.#used === undefined) this.#used = [key];
    else this.#used.push(key);
  }

  isUsed(key: string): boolean {
    return this.#used?.includes(key) === true;
  }

  /** Text that says something; numbers and booleans as their text. */
  text(key: string): string | undefined {
    return this.#given(key, text(this.#record[key]));
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
    return this.#given(key, whole(this.#record[key]));
  }

  /** An integer that a JavaScript number holds (OCSF's integer, whose size the schema leaves open). */
  integer(key: string): number | undefined {
    const found = whole(this.#record[key]);
    return this.#given(key, typeof found === "number" ? found : undefined);
  }

  decimal(key: string): number | undefined {
    return this.#given(key, decimal(this.#record[key]));
  }

  flag(key: string): boolean | undefined {
    return this.#given(key, flag(this.#record[key]));
  }

  port(key: string): number | undefined {
    return this.#given(key, port(this.#record[key]));
  }

  ip(key: string): string | undefined {
    return this.#given(key, ip(address(this.#record[key])));
  }

  ips(key: string): readonly string[] {
    const found = addresses(this.#record[key]).flatMap((one) => ip(one) ?? []);
    if (found.length > 0) this.use(key);
    return found;
  }

  hash(key: string): string | undefined {
    return this.#given(key, hash(this.#record[key]));
  }

  mac(key: string): string | undefined {
    return this.#given(key, mac(this.#record[key]));
  }

  email(key: string): string | undefined {
    return this.#given(key, email(this.#record[key]));
  }

  /** Addresses of an array; used where it holds nothing else. */
  emails(key: string): readonly string[] {
    const value = list(this.#record[key]);
    const found = value.flatMap((one) => email(one) ?? []);
    if (found.length > 0 && found.length === value.length) this.use(key);
    return found;
  }

  /** Milliseconds since 1970. */
  time(key: string): number | undefined {
    return this.#given(key, time(this.#record[key]));
  }

  /** Texts of an array; used where it holds nothing else. */
  texts(key: string): readonly string[] {
    const value = this.#record[key];
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
    const value = this.#record[key];
    if (!isJsonObject(value)) return EMPTY;
    const one = new Fields(value);
    (this.#inner ??= []).push({ key, one, all: undefined });
    return one;
  }

  /** Objects of an array, each with fields of its own; an object that stands alone counts as an array of it. */
  objects(key: string): readonly Fields[] {
    const known = this.#known(key);
    if (known?.all !== undefined) return known.all;
    const value = this.#record[key];
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
    this.#inner = undefined;
  }

  get isEmpty(): boolean {
    for (const _ in this.#record) return false;
    return true;
  }

  /** What was never given, without what says nothing; undefined where that is all. */
  rest(): JsonObject | undefined {
    const used = this.#used === undefined ? NO_KEYS : this.#used.length > FEW ? new Set(this.#used) : this.#used;
    let found: Record<string, Json> | undefined;
    for (const key of Object.keys(this.#record)) {
      if (used instanceof Set ? used.has(key) : used.includes(key)) continue;
      const left = this.#restOf(key);
      if (left === undefined) continue;
      found ??= {};
      // A field of that name would otherwise become the prototype of what is left.
      if (key === "__proto__") Object.defineProperty(found, key, { value: left, enumerable: true, configurable: true, writable: true });
      else found[key] = left;
    }
    return found;
  }

  #restOf(key: string): Json | undefined {
    const inner = this.#known(key);
    if (inner?.one !== undefined) return inner.one.rest();
    if (inner?.all !== undefined) {
      const left = inner.all.map((one) => one.rest());
      // The places of the others are kept, so that a reader can tell which element this belongs to.
      return left.some((one) => one !== undefined) ? left.map((one) => one ?? NOTHING) : undefined;
    }
    const value = this.#record[key];
    return value === undefined || says(value) ? value : undefined;
  }

  #known(key: string): Inner | undefined {
    if (this.#inner !== undefined) for (const inner of this.#inner) if (inner.key === key) return inner;
    return undefined;
  }

  #given<T>(key: string, value: T | undefined): T | undefined {
    if (value !== undefined) this.use(key);
    return value;
  }
}

/** Of what is no object: nothing to give, so nothing to remember. */
const EMPTY: Fields = new Fields(NOTHING);

function says(value: Json): boolean {
  if (value === null || value === "") return false;
  if (typeof value !== "object") return true;
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
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

/** From text or from a number; the two forms that nearly all times have are read without any detour. */
export function time(value: Json | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "number" && value >= 1e11 && value < 1e14 && Number.isInteger(value)) return value;
  if (typeof value === "string" && PLAIN_TIME.test(value)) {
    const found = Date.parse(value);
    if (!Number.isNaN(found)) return found;
  }
  const found = instant(value);
  return found === undefined ? undefined : epoch(found);
}

/** No day that a month may lack: those are looked at more closely. */
const PLAIN_TIME = /^20\d\d-[01]\d-[012][0-8]T[012]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z$/;

const UUID = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i;

export function uuid(value: Json | undefined): string | undefined {
  return typeof value === "string" ? UUID.exec(value)?.[1] : undefined;
}
