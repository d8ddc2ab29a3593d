/**
 * One window of the alerts: forward from a cursor or backward before one, in one order or several. A window holds nothing but its own
 * records, however many alerts there are, as long as one order is asked for.
 */
import { GraphQLError } from "graphql";
import type { Collection, Order, Position, Test } from "../collection.ts";
import { compareScalars, firstScalar, type ApiRecord, type Scalar } from "../record.ts";
import { decodeCursor, encodeCursor } from "../rest/cursor.ts";

export const DEFAULT_PAGE = 50;
export const MOST_PAGE = 1000;

type Args = Readonly<Record<string, unknown>>;

/** How many items a window holds, and from which end it is taken. */
export interface Span {
  readonly size: number;
  readonly backward: boolean;
}

/** Reads `first` and `last`; throws a GraphQLError for a number that is no size of a page. */
export function spanOf(args: Args): Span {
  const read = (name: "first" | "last"): number | undefined => {
    const value = args[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number" || value < 0 || value > MOST_PAGE) throw new GraphQLError(`'${name}' must be between 0 and ${String(MOST_PAGE)}`);
    return value;
  };
  const first = read("first");
  const last = read("last");
  if (first !== undefined && last !== undefined) throw new GraphQLError("Only one of 'first' and 'last' can be specified");
  const backward = last !== undefined || (first === undefined && cursorOf(args, "before") !== undefined);
  return { size: first ?? last ?? DEFAULT_PAGE, backward };
}

export function cursorOf(args: Args, name: "after" | "before"): string | undefined {
  const value = args[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Every standing alert in one or several orders, from a place on. Several orders need all that pass in memory; consoles keep tens of thousands. */
class Walk {
  readonly #collection: Collection;
  readonly #orders: readonly Order[];
  readonly #listing: string;

  constructor(collection: Collection, orders: readonly Order[]) {
    this.#collection = collection;
    this.#orders = orders;
    // Clients drop the lower time bound once they have a cursor, so the cursor is bound to the order alone.
    this.#listing = `alerts|${orders.map(({ path, descending }) => `${path}|${String(descending)}`).join("|")}`;
  }

  position(ordinal: number): Position {
    const path = this.#orders[0]?.path ?? "id";
    return { ordinal, value: path === "id" ? null : firstScalar(this.#collection.value(ordinal, path)) };
  }

  cursor(ordinal: number): string {
    return encodeCursor(this.#listing, this.position(ordinal));
  }

  read(cursor: string | undefined): Position | undefined {
    if (cursor === undefined) return undefined;
    try {
      return decodeCursor(this.#listing, cursor);
    } catch {
      throw new GraphQLError("Invalid cursor");
    }
  }

  compare(a: Position, b: Position): number {
    const [order = { path: "id", descending: false }, ...others] = this.#orders;
    const sign = order.descending ? -1 : 1;
    const main = order.path === "id" ? a.ordinal - b.ordinal : compareScalars(a.value, b.value);
    if (main !== 0) return sign * main;
    for (const other of others) {
      const value = (position: Position): Scalar => firstScalar(this.#collection.value(position.ordinal, other.path));
      const next = compareScalars(value(a), value(b));
      if (next !== 0) return other.descending ? -next : next;
    }
    return sign * (a.ordinal - b.ordinal);
  }

  *from(start: Position | undefined, backward: boolean, test: Test): Generator<number, void, undefined> {
    const [order] = this.#orders;
    if (order !== undefined && this.#orders.length === 1) {
      for (const ordinal of this.#collection.walk({ path: order.path, descending: order.descending !== backward }, start)) if (test(ordinal)) yield ordinal;
      return;
    }
    const passing = [...this.#collection.walk({ path: "id", descending: false })].filter(test).map((ordinal) => this.position(ordinal));
    const sign = backward ? -1 : 1;
    passing.sort((a, b) => sign * this.compare(a, b));
    for (const position of passing) if (start === undefined || sign * this.compare(position, start) > 0) yield position.ordinal;
  }
}

/** A connection over the alerts that pass; `show` makes a node of an ordinal. */
export function alertWindow(collection: Collection, orders: readonly Order[], args: Args, test: Test, show: (ordinal: number) => ApiRecord): ApiRecord {
  const { size, backward } = spanOf(args);
  const walk = new Walk(collection, orders);
  const after = walk.read(cursorOf(args, "after"));
  const before = walk.read(cursorOf(args, "before"));
  const [start, end] = backward ? [before, after] : [after, before];
  const found: number[] = [];
  let more = false;
  for (const ordinal of walk.from(start, backward, test)) {
    if (end !== undefined && (backward ? -1 : 1) * walk.compare(walk.position(ordinal), end) >= 0) break;
    if (found.length === size) {
      more = true;
      break;
    }
    found.push(ordinal);
  }
  if (backward) found.reverse();
  const edges = found.map((ordinal) => ({ cursor: walk.cursor(ordinal), node: show(ordinal) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: backward ? before !== undefined : more,
      hasPreviousPage: backward ? more : after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function place(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const at = Buffer.from(cursor, "base64").toString("utf8");
  if (!/^\d{1,9}$/u.test(at)) throw new GraphQLError("Invalid cursor");
  return Number(at);
}

/** A connection over a short list; its cursors are places, counted from one. */
export function listWindow(items: readonly ApiRecord[], args: Args): ApiRecord {
  const { size, backward } = spanOf(args);
  const low = place(cursorOf(args, "after")) ?? 0;
  const high = Math.min(items.length, (place(cursorOf(args, "before")) ?? items.length + 1) - 1);
  const from = backward ? Math.max(low, high - size) : low;
  const to = Math.max(from, backward ? high : Math.min(high, low + size));
  const edges = items.slice(from, to).map((node, at) => ({ cursor: Buffer.from(String(from + at + 1)).toString("base64url"), node }));
  return {
    edges,
    pageInfo: { hasNextPage: to < items.length, hasPreviousPage: from > 0, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: items.length,
  };
}
