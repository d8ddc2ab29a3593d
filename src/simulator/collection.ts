/**
 * One stream's records: a pure source (generated or loaded) under an overlay of what changed, appeared or was removed. A record
 * is named by its ordinal; ordinals rise with ids, so "by id" needs no sorting. A change is kept as the fields it sets, so that a
 * large estate may live long in little memory; whoever listens is told of every change after it has been made.
 */
import { comparePositions, firstAfter, Journal, Orders, PassingSets, type Position, type Test } from "./orders.ts";
import { firstScalar, readPath, withPath, type ApiRecord, type Value } from "./record.ts";

export type { Position, Test } from "./orders.ts";

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
  /** Ordinals that stand for no record, and how many those are. */
  readonly absent?: { readonly count: number; test(ordinal: number): boolean };
  /** Lets a record change as such records do all the time, at no cost in memory. */
  readonly beat?: (ordinal: number, stamp: number) => void;
}

export interface Shape {
  readonly id: string;
  /** Where a record's id is; `id` when left out. */
  readonly idPath?: string;
  /** Dotted paths that hold times. */
  readonly times: ReadonlySet<string>;
  /** Scopes of a changed or added record. */
  scopesOf(record: ApiRecord): readonly Scope[];
  /** What the record shows of other streams, as they stand. */
  asOfNow?(record: ApiRecord): ApiRecord;
}

export interface Order {
  readonly path: string;
  readonly descending: boolean;
}

export interface Change {
  readonly kind: "added" | "changed" | "beat" | "removed" | "restored";
  readonly ordinal: number;
  readonly stamp: number;
  /** Fields that a change set; undefined when it may be any. */
  readonly paths?: readonly string[];
}

/** A record that is not as generated: in place of the source's one (when it has a base) and with fields set. */
interface Changed {
  readonly base: ApiRecord | undefined;
  /** Dotted path, value, dotted path, value … */
  readonly fields: readonly unknown[];
}

const NO_FIELDS: readonly unknown[] = [];

export class Collection {
  readonly shape: Shape;
  readonly #source: Source;
  readonly #overlay = new Map<number, Changed | null>();
  readonly #touched = new Map<number, number>();
  readonly #addedIds = new Map<string, number>();
  readonly #listeners: ((change: Change) => void)[] = [];
  readonly #journal = new Journal();
  readonly #orders: Orders;
  readonly #passing: PassingSets;
  #added = 0;
  #live: number;
  #last: { readonly ordinal: number; readonly record: ApiRecord } | undefined;

  constructor(shape: Shape, source: Source) {
    this.shape = shape;
    this.#source = source;
    this.#live = source.size - (source.absent?.count ?? 0);
    this.#orders = new Orders(this, this.#journal);
    this.#passing = new PassingSets(this, this.#journal);
  }

  /** Ordinals run from 0 to here; some may be removed. */
  get end(): number {
    return this.#source.size + this.#added;
  }

  /** Records that stand now. */
  get live(): number {
    return this.#live;
  }

  /** Rises with every change. */
  get version(): number {
    return this.#journal.version;
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  has(ordinal: number): boolean {
    const changed = this.#overlay.get(ordinal);
    if (changed !== undefined) return changed !== null;
    return ordinal >= 0 && ordinal < this.#source.size && this.#source.absent?.test(ordinal) !== true;
  }

  /** Whether the record is another than the source's, beats apart. */
  isChanged(ordinal: number): boolean {
    return this.#overlay.size > 0 && this.#overlay.has(ordinal);
  }

  get(ordinal: number): ApiRecord | undefined {
    if (this.#last?.ordinal === ordinal) return this.#last.record;
    if (!this.has(ordinal)) return undefined;
    const changed = this.#overlay.get(ordinal);
    let record = changed?.base ?? this.#source.make(ordinal);
    record = this.shape.asOfNow?.(record) ?? record;
    const fields = changed?.fields ?? NO_FIELDS;
    for (let at = 0; at < fields.length; at += 2) record = withPath(record, String(fields[at]), fields[at + 1]);
    this.#last = { ordinal, record };
    return record;
  }

  /** `$touched` is the time of the last significant change of streams whose records do not show it. */
  value(ordinal: number, path: string): Value {
    const column = this.#source.columns?.[path];
    if (path === "$touched") return this.#touched.get(ordinal) ?? column?.(ordinal) ?? null;
    // A `$` column answers what the record does not show, so a change of the record does not change it.
    if (column !== undefined && ordinal < this.#source.size && (path.startsWith("$") || !this.#sets(ordinal, path))) return column(ordinal);
    return readPath(this.get(ordinal), path, this.shape.times.has(path));
  }

  /** Whether a change may have set the field. */
  #sets(ordinal: number, path: string): boolean {
    const changed = this.#overlay.size === 0 ? undefined : this.#overlay.get(ordinal);
    if (changed === undefined) return false;
    if (changed === null || changed.base !== undefined) return true;
    for (let at = 0; at < changed.fields.length; at += 2) {
      const set = String(changed.fields[at]);
      if (set === path || set.startsWith(`${path}.`) || path.startsWith(`${set}.`)) return true;
    }
    return false;
  }

  scopes(ordinal: number): readonly Scope[] {
    const changed = this.#overlay.size === 0 ? undefined : this.#overlay.get(ordinal);
    if (changed === undefined || changed === null) return this.#source.scopes(ordinal);
    const scopes = this.shape.scopesOf(this.get(ordinal) ?? {});
    // Some API shapes do not name their scope: then it stays what the source says.
    return scopes.every((scope) => scope.account === undefined && scope.site === undefined) && ordinal < this.#source.size ? this.#source.scopes(ordinal) : scopes;
  }

  find(id: string): readonly number[] {
    const added = this.#addedIds.get(id);
    if (added !== undefined) return this.has(added) ? [added] : [];
    const found = this.#source.find?.(id) ?? this.#search(id);
    return found.filter((ordinal) => this.has(ordinal));
  }

  #search(id: string): readonly number[] {
    const found: number[] = [];
    for (let ordinal = 0; ordinal < this.#source.size; ordinal += 1) {
      if (String(this.value(ordinal, this.shape.idPath ?? "id")) === id) found.push(ordinal);
    }
    return found;
  }

  /** Puts a record in the place of the one that stands. */
  update(ordinal: number, record: ApiRecord, stamp: number): void {
    this.#set(ordinal, { base: record, fields: NO_FIELDS }, stamp, { kind: "changed", ordinal, stamp });
  }

  /** Sets fields of a record, named by dotted paths. */
  patch(ordinal: number, changes: Readonly<Record<string, unknown>>, stamp: number): void {
    const before = this.#overlay.get(ordinal);
    const paths = Object.keys(changes);
    const fields: unknown[] = [];
    const kept = before?.fields ?? NO_FIELDS;
    for (let at = 0; at < kept.length; at += 2) if (!Object.hasOwn(changes, String(kept[at]))) fields.push(kept[at], kept[at + 1]);
    for (const [path, value] of Object.entries(changes)) fields.push(path, value);
    this.#set(ordinal, { base: before?.base, fields }, stamp, { kind: "changed", ordinal, stamp, paths });
  }

  /** The change such records make by themselves; only for a source that has one. */
  beat(ordinal: number, stamp: number): void {
    this.#source.beat?.(ordinal, stamp);
    this.#announce({ kind: "beat", ordinal, stamp });
  }

  /** Nothing of the record was set, but what it shows of other streams changed. With a stamp that counts as a significant change. */
  note(ordinal: number, stamp?: number): void {
    if (stamp !== undefined) this.#touched.set(ordinal, stamp);
    this.#last = undefined;
    this.#journal.note(ordinal);
  }

  add(make: (id: string, n: number) => ApiRecord, stamp: number): number {
    const ordinal = this.end;
    const id = this.#source.newId(this.#added);
    const record = make(id, this.#added);
    this.#added += 1;
    this.#addedIds.set(id, ordinal);
    this.#set(ordinal, { base: record, fields: NO_FIELDS }, stamp, { kind: "added", ordinal, stamp });
    return ordinal;
  }

  remove(ordinal: number, stamp = 0): void {
    if (!this.has(ordinal)) return;
    this.#set(ordinal, null, stamp, { kind: "removed", ordinal, stamp });
  }

  /** Brings back a removed record of the source, as generated. */
  restore(ordinal: number, stamp: number): void {
    if (this.has(ordinal) || ordinal < 0 || ordinal >= this.#source.size) return;
    this.#set(ordinal, { base: undefined, fields: NO_FIELDS }, stamp, { kind: "restored", ordinal, stamp });
  }

  #set(ordinal: number, changed: Changed | null, stamp: number, change: Change): void {
    const stood = this.has(ordinal);
    this.#overlay.set(ordinal, changed);
    if (changed === null) this.#touched.delete(ordinal);
    else this.#touched.set(ordinal, stamp);
    this.#live += Number(this.has(ordinal)) - Number(stood);
    this.#announce(change);
  }

  #announce(change: Change): void {
    this.#last = undefined;
    this.#journal.note(change.ordinal);
    for (const listener of this.#listeners) listener(change);
  }

  /** Every ordinal that stands, in the order asked, strictly after `from` when given. */
  *walk(order: Order, from?: Position): Generator<number, void, undefined> {
    if (order.path === "id") {
      yield* this.#walkNatural(order.descending, from?.ordinal);
      return;
    }
    const sign = order.descending ? -1 : 1;
    const ordinals = this.#orders.by(order.path);
    const at = (index: number): number => ordinals[order.descending ? ordinals.length - 1 - index : index] ?? 0;
    const isAfter = (index: number): boolean => {
      if (from === undefined) return true;
      const ordinal = at(index);
      return sign * comparePositions({ value: firstScalar(this.value(ordinal, order.path)), ordinal }, from) > 0;
    };
    for (let index = firstAfter(ordinals.length, isAfter); index < ordinals.length; index += 1) {
      // A change while somebody walks leaves the walk as it was begun, without what went away.
      if (this.has(at(index))) yield at(index);
    }
  }

  *#walkNatural(descending: boolean, from: number | undefined): Generator<number, void, undefined> {
    const step = descending ? -1 : 1;
    for (let ordinal = from === undefined ? (descending ? this.end - 1 : 0) : from + step; ordinal >= 0 && ordinal < this.end; ordinal += step) {
      if (this.has(ordinal)) yield ordinal;
    }
  }

  /** How many standing records pass; remembered under `key`. */
  count(key: string, test: Test | undefined): number {
    return test === undefined ? this.live : this.#passing.count(key, test);
  }

  /** A test that was counted under this key, in its quick form; good until the next change. */
  quick(key: string, test: Test | undefined): Test | undefined {
    return test === undefined ? undefined : this.#passing.quick(key, test);
  }
}
