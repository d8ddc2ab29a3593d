/**
 * What a collection remembers of its own listings, so that a page deep in a large one costs no more than the first: orders over a field, and which
 * records pass a test. Both are brought up to date from the journal of changes instead of being made again; an order that cannot be is.
 */
import { compareScalars, firstScalar, type Scalar, type Value } from "./record.ts";

export interface Position {
  readonly value: Scalar;
  readonly ordinal: number;
}

export type Test = (ordinal: number) => boolean;

/** What the orders and sets read of their collection. */
export interface Readable {
  readonly end: number;
  readonly version: number;
  has(ordinal: number): boolean;
  value(ordinal: number, path: string): Value;
}

const LONGEST_JOURNAL = 200_000;

/** Which ordinals changed, in order; old entries are dropped, after which whoever is behind them starts afresh. */
export class Journal {
  #entries: number[] = [];
  #dropped = 0;

  get version(): number {
    return this.#dropped + this.#entries.length;
  }

  note(ordinal: number): void {
    this.#entries.push(ordinal);
    if (this.#entries.length <= LONGEST_JOURNAL) return;
    const half = LONGEST_JOURNAL / 2;
    this.#entries = this.#entries.slice(half);
    this.#dropped += half;
  }

  /** What changed since that version, each once; undefined when that is no longer known. */
  since(version: number): ReadonlySet<number> | undefined {
    if (version < this.#dropped) return undefined;
    return new Set(this.#entries.slice(version - this.#dropped));
  }
}

export function comparePositions(a: Position, b: Position): number {
  return compareScalars(a.value, b.value) || a.ordinal - b.ordinal;
}

/** The first index in 0..length at which `isAfter` holds, which must stay true from there on. */
export function firstAfter(length: number, isAfter: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

interface Known {
  readonly version: number;
  readonly ordinals: Uint32Array;
}

const MOST_ORDERS = 12;

/** Standing records by a field, ascending, equal ones by ordinal. */
export class Orders {
  readonly #records: Readable;
  readonly #journal: Journal;
  readonly #known = new Map<string, Known>();

  constructor(records: Readable, journal: Journal) {
    this.#records = records;
    this.#journal = journal;
  }

  by(path: string): Uint32Array {
    const known = this.#known.get(path);
    const version = this.#journal.version;
    if (known?.version === version) return known.ordinals;
    const changed = known === undefined ? undefined : this.#journal.since(known.version);
    const ordinals = known === undefined || changed === undefined ? this.#made(path) : this.#moved(path, known.ordinals, changed);
    this.#known.delete(path);
    this.#known.set(path, { version, ordinals });
    const oldest = this.#known.keys().next();
    if (this.#known.size > MOST_ORDERS && oldest.done !== true) this.#known.delete(oldest.value);
    return ordinals;
  }

  #position(ordinal: number, path: string): Position {
    return { value: firstScalar(this.#records.value(ordinal, path)), ordinal };
  }

  #made(path: string): Uint32Array {
    const { end } = this.#records;
    const ordinals = new Uint32Array(end);
    const values: Scalar[] = new Array<Scalar>(end).fill(null);
    let standing = 0;
    let numeric = true;
    for (let ordinal = 0; ordinal < end; ordinal += 1) {
      if (!this.#records.has(ordinal)) continue;
      const value = firstScalar(this.#records.value(ordinal, path));
      numeric &&= typeof value === "number";
      values[ordinal] = value;
      ordinals[standing] = ordinal;
      standing += 1;
    }
    const made = ordinals.subarray(0, standing);
    if (!numeric) return made.sort((a, b) => compareScalars(values[a] ?? null, values[b] ?? null) || a - b);
    const numbers = Float64Array.from(values as readonly number[]);
    return made.sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0) || a - b);
  }

  /** The same order with the changed records taken out and put where they belong now. */
  #moved(path: string, before: Uint32Array, changed: ReadonlySet<number>): Uint32Array {
    const kept = without(before, changed, this.#records.end);
    const placed = [...changed].filter((ordinal) => this.#records.has(ordinal)).map((ordinal) => this.#position(ordinal, path));
    placed.sort(comparePositions);
    const after = new Uint32Array(kept.length + placed.length);
    let from = 0;
    for (const [at, position] of placed.entries()) {
      const to = from + firstAfter(kept.length - from, (index) => comparePositions(this.#position(kept[from + index] ?? 0, path), position) > 0);
      after.set(kept.subarray(from, to), from + at);
      after[to + at] = position.ordinal;
      from = to;
    }
    after.set(kept.subarray(from), from + placed.length);
    return after;
  }
}

/** A plain loop over marks: ten times as quick as a filter that asks a set, and half a million are asked every second. */
function without(ordinals: Uint32Array, changed: ReadonlySet<number>, end: number): Uint32Array {
  const marks = new Uint8Array(end);
  for (const ordinal of changed) marks[ordinal] = 1;
  const kept = new Uint32Array(ordinals.length);
  let count = 0;
  for (const ordinal of ordinals) {
    if (marks[ordinal] === 1) continue;
    kept[count] = ordinal;
    count += 1;
  }
  return kept.subarray(0, count);
}

interface Passing {
  version: number;
  count: number;
  bits: Uint8Array;
}

const MOST_BYTES = 12 * 1024 * 1024;
const MOST_SETS = 128;
/** Room for records that are added before a set has to be copied. */
const HEADROOM = 4096;

function bit(set: Passing, ordinal: number): boolean {
  return (((set.bits[ordinal >>> 3] ?? 0) >>> (ordinal & 7)) & 1) === 1;
}

/** Which standing records pass a test, remembered under the test's key. */
export class PassingSets {
  readonly #records: Readable;
  readonly #journal: Journal;
  readonly #sets = new Map<string, Passing>();

  constructor(records: Readable, journal: Journal) {
    this.#records = records;
    this.#journal = journal;
  }

  count(key: string, test: Test): number {
    return this.#current(key, test).count;
  }

  /** The test itself, or where it has been counted a much quicker one that says the same. Good until the next change. */
  quick(key: string, test: Test): Test {
    if (!this.#sets.has(key)) return test;
    const set = this.#current(key, test);
    return (ordinal) => bit(set, ordinal);
  }

  #current(key: string, test: Test): Passing {
    const known = this.#sets.get(key);
    const version = this.#journal.version;
    if (known?.version === version) return known;
    const changed = known === undefined ? undefined : this.#journal.since(known.version);
    const set = known === undefined || changed === undefined ? this.#made(test) : this.#changed(known, changed, test);
    set.version = version;
    this.#sets.delete(key);
    this.#sets.set(key, set);
    this.#forget();
    return set;
  }

  #made(test: Test): Passing {
    const { end } = this.#records;
    const bits = new Uint8Array((end >>> 3) + HEADROOM);
    let count = 0;
    for (let ordinal = 0; ordinal < end; ordinal += 1) {
      if (!this.#records.has(ordinal) || !test(ordinal)) continue;
      bits[ordinal >>> 3] = (bits[ordinal >>> 3] ?? 0) | (1 << (ordinal & 7));
      count += 1;
    }
    return { version: 0, count, bits };
  }

  #changed(set: Passing, changed: ReadonlySet<number>, test: Test): Passing {
    if (this.#records.end >>> 3 >= set.bits.length) return this.#made(test);
    for (const ordinal of changed) {
      const passes = this.#records.has(ordinal) && test(ordinal);
      if (passes === bit(set, ordinal)) continue;
      set.bits[ordinal >>> 3] = (set.bits[ordinal >>> 3] ?? 0) ^ (1 << (ordinal & 7));
      set.count += passes ? 1 : -1;
    }
    return set;
  }

  #forget(): void {
    const most = Math.max(4, Math.min(MOST_SETS, Math.floor(MOST_BYTES / (this.#records.end >>> 3 || 1))));
    for (const key of this.#sets.keys()) {
      if (this.#sets.size <= most) return;
      this.#sets.delete(key);
    }
  }
}
