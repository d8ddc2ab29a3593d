/**
 * One stream's records: a pure source (generated or loaded) under an overlay of what changed, appeared or was removed. A record
 * is named by its ordinal; ordinals rise with ids, so "by id" needs no sorting. Orders over other fields are built when first
 * asked for and stay valid, because changed records are left out of them and merged back in.
 */
import { compareScalars, firstScalar, readPath, type ApiRecord, type Scalar, type Value } from "./record.ts";

/** Where a record lives. An id that is undefined is unknown: such a record belongs to every scope. */
export interface Scope {
  readonly account?: string | undefined;
  readonly site?: string | undefined;
  readonly group?: string | undefined;
}

export interface Source {
  readonly size: number;
  make(ordinal: number): ApiRecord;
  /** Cheap answers for fields often filtered or sorted on; times in microseconds. */
  readonly columns?: Readonly<Record<string, (ordinal: number) => Value>>;
  /** Every scope the record belongs to; people may hold several. */
  scopes(ordinal: number): readonly Scope[];
  /** Ordinals that carry this id; without it the records are searched. */
  find?(id: string): readonly number[];
  /** The id of the n-th record added after the start. */
  newId(n: number): string;
}

export interface Shape {
  readonly id: string;
  /** Where a record's id is; `id` when left out. */
  readonly idPath?: string;
  /** Dotted paths that hold times. */
  readonly times: ReadonlySet<string>;
  /** Scopes of a changed or added record. */
  scopesOf(record: ApiRecord): readonly Scope[];
}

export interface Position {
  readonly value: Scalar;
  readonly ordinal: number;
}

export interface Order {
  readonly path: string;
  readonly descending: boolean;
}

export type Test = (ordinal: number) => boolean;

const COUNT_CACHE = 128;

export class Collection {
  readonly shape: Shape;
  readonly #source: Source;
  readonly #overlay = new Map<number, ApiRecord | null>();
  readonly #touched = new Map<number, number>();
  readonly #orders = new Map<string, Uint32Array>();
  readonly #changedOrders = new Map<string, { readonly version: number; readonly ordinals: readonly number[] }>();
  readonly #counts = new Map<string, { readonly version: number; readonly count: number }>();
  readonly #addedIds = new Map<string, number>();
  #added = 0;
  #removed = 0;
  #version = 0;
  #last: { readonly ordinal: number; readonly record: ApiRecord } | undefined;

  constructor(shape: Shape, source: Source) {
    this.shape = shape;
    this.#source = source;
  }

  /** Ordinals run from 0 to here; some may be removed. */
  get end(): number {
    return this.#source.size + this.#added;
  }

  /** Records that stand now. */
  get live(): number {
    return this.end - this.#removed;
  }

  /** Rises with every change. */
  get version(): number {
    return this.#version;
  }

  has(ordinal: number): boolean {
    return ordinal >= 0 && ordinal < this.end && this.#overlay.get(ordinal) !== null;
  }

  get(ordinal: number): ApiRecord | undefined {
    const changed = this.#overlay.get(ordinal);
    if (changed !== undefined) return changed ?? undefined;
    if (ordinal < 0 || ordinal >= this.#source.size) return undefined;
    if (this.#last?.ordinal === ordinal) return this.#last.record;
    const record = this.#source.make(ordinal);
    this.#last = { ordinal, record };
    return record;
  }

  /** `$touched` is the time of the last significant change of streams whose records do not show it. */
  value(ordinal: number, path: string): Value {
    const column = this.#source.columns?.[path];
    if (path === "$touched") return this.#touched.get(ordinal) ?? column?.(ordinal) ?? null;
    // A `$` column answers what the record does not show, so a change of the record does not change it.
    if (column !== undefined && (path.startsWith("$") ? ordinal < this.#source.size : !this.#overlay.has(ordinal))) return column(ordinal);
    return readPath(this.get(ordinal), path, this.shape.times.has(path));
  }

  scopes(ordinal: number): readonly Scope[] {
    const changed = this.#overlay.get(ordinal);
    if (changed === undefined || changed === null) return this.#source.scopes(ordinal);
    const scopes = this.shape.scopesOf(changed);
    // Some API shapes do not name their scope: then it stays what the source says.
    return scopes.every((scope) => scope.account === undefined && scope.site === undefined) && ordinal < this.#source.size ? this.#source.scopes(ordinal) : scopes;
  }

  find(id: string): readonly number[] {
    const added = this.#addedIds.get(id);
    if (added !== undefined) return this.#overlay.get(added) === null ? [] : [added];
    const found = this.#source.find?.(id) ?? this.#search(id);
    return found.filter((ordinal) => this.#overlay.get(ordinal) !== null);
  }

  #search(id: string): readonly number[] {
    const found: number[] = [];
    for (let ordinal = 0; ordinal < this.#source.size; ordinal += 1) {
      if (String(this.value(ordinal, this.shape.idPath ?? "id")) === id) found.push(ordinal);
    }
    return found;
  }

  update(ordinal: number, record: ApiRecord, stamp: number): void {
    this.#overlay.set(ordinal, record);
    this.#touched.set(ordinal, stamp);
    this.#version += 1;
  }

  add(make: (id: string, n: number) => ApiRecord, stamp: number): number {
    const ordinal = this.end;
    const id = this.#source.newId(this.#added);
    this.#overlay.set(ordinal, make(id, this.#added));
    this.#touched.set(ordinal, stamp);
    this.#addedIds.set(id, ordinal);
    this.#added += 1;
    this.#version += 1;
    return ordinal;
  }

  remove(ordinal: number): void {
    if (this.#overlay.get(ordinal) === null) return;
    this.#overlay.set(ordinal, null);
    this.#removed += 1;
    this.#version += 1;
  }

  /** Every ordinal that stands, in the order asked, strictly after `from` when given. */
  *walk(order: Order, from?: Position): Generator<number, void, undefined> {
    if (order.path === "id") {
      yield* this.#walkNatural(order.descending, from?.ordinal);
      return;
    }
    const sign = order.descending ? -1 : 1;
    const compare = (a: Position, b: Position): number => sign * (compareScalars(a.value, b.value) || a.ordinal - b.ordinal);
    const at = (ordinal: number): Position => ({ value: firstScalar(this.value(ordinal, order.path)), ordinal });
    const base = this.#baseOrder(order.path);
    const changed = this.#changedOrder(order.path);
    const baseAt = (index: number): number => base[order.descending ? base.length - 1 - index : index] ?? 0;
    const changedAt = (index: number): number => changed[order.descending ? changed.length - 1 - index : index] ?? 0;
    let b = 0;
    let c = 0;
    if (from !== undefined) {
      b = firstAfter(base.length, (index) => compare(this.#basePosition(baseAt(index), order.path), from) > 0);
      c = firstAfter(changed.length, (index) => compare(at(changedAt(index)), from) > 0);
    }
    while (b < base.length || c < changed.length) {
      while (b < base.length && this.#overlay.has(baseAt(b))) b += 1;
      if (b >= base.length) {
        if (c < changed.length) yield changedAt(c);
        c += 1;
      } else if (c < changed.length && compare(at(changedAt(c)), at(baseAt(b))) < 0) {
        yield changedAt(c);
        c += 1;
      } else {
        yield baseAt(b);
        b += 1;
      }
    }
  }

  *#walkNatural(descending: boolean, from: number | undefined): Generator<number, void, undefined> {
    const step = descending ? -1 : 1;
    for (let ordinal = from === undefined ? (descending ? this.end - 1 : 0) : from + step; ordinal >= 0 && ordinal < this.end; ordinal += step) {
      if (this.#overlay.get(ordinal) !== null) yield ordinal;
    }
  }

  #basePosition(ordinal: number, path: string): Position {
    const column = this.#source.columns?.[path];
    const value = column === undefined ? readPath(this.#source.make(ordinal), path, this.shape.times.has(path)) : column(ordinal);
    return { value: firstScalar(value), ordinal };
  }

  #baseOrder(path: string): Uint32Array {
    const known = this.#orders.get(path);
    if (known !== undefined) return known;
    const size = this.#source.size;
    const values: Scalar[] = Array.from({ length: size }, (_, ordinal) => this.#basePosition(ordinal, path).value);
    const ordinals = Uint32Array.from({ length: size }, (_, ordinal) => ordinal);
    ordinals.sort((a, b) => compareScalars(values[a] ?? null, values[b] ?? null) || a - b);
    this.#orders.set(path, ordinals);
    return ordinals;
  }

  #changedOrder(path: string): readonly number[] {
    const known = this.#changedOrders.get(path);
    if (known?.version === this.#version) return known.ordinals;
    const positions: Position[] = [];
    for (const [ordinal, record] of this.#overlay) {
      if (record !== null) positions.push({ value: firstScalar(this.value(ordinal, path)), ordinal });
    }
    positions.sort((a, b) => compareScalars(a.value, b.value) || a.ordinal - b.ordinal);
    const ordinals = positions.map((position) => position.ordinal);
    this.#changedOrders.set(path, { version: this.#version, ordinals });
    return ordinals;
  }

  /** How many standing records pass; remembered under `key` until something changes. */
  count(key: string, test: Test | undefined): number {
    if (test === undefined) return this.live;
    const known = this.#counts.get(key);
    if (known?.version === this.#version) return known.count;
    let count = 0;
    for (const ordinal of this.#walkNatural(false, undefined)) if (test(ordinal)) count += 1;
    this.#counts.delete(key);
    this.#counts.set(key, { version: this.#version, count });
    if (this.#counts.size > COUNT_CACHE) {
      const oldest = this.#counts.keys().next();
      if (oldest.done !== true) this.#counts.delete(oldest.value);
    }
    return count;
  }
}

/** The first index in 0..length at which `isAfter` holds, which must stay true from there on. */
function firstAfter(length: number, isAfter: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
