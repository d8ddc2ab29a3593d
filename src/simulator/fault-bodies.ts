/** What faults do to the body of a listing, REST or GraphQL, before it is sent. Undefined means: nothing, the fault had no hold on it. */
import type { Strike } from "./fault-book.ts";
import type { Fault } from "./faults.ts";
import { distortRows } from "./fault-rows.ts";
import { hashText } from "./random.ts";
import { isRecord, type ApiRecord } from "./record.ts";

/** Which page of what was asked for. */
export interface PageAsked {
  /** Empty on the first page. */
  readonly cursor: string;
  /** The same for every page of one listing, another for another one. */
  readonly listing: string;
}

/** A listing's rows and way on, wherever its surface keeps them. */
interface ListingView {
  readonly rows: readonly unknown[];
  readonly next: string | null;
  with(rows: unknown, next: string | null, totalBy: number): ApiRecord;
}

function restView(body: ApiRecord, pagination: ApiRecord): ListingView {
  const data = body["data"];
  const nested = isRecord(data) && Array.isArray(data["sites"]);
  const rows = nested ? (data["sites"] as readonly unknown[]) : Array.isArray(data) ? (data as readonly unknown[]) : [];
  const next = pagination["nextCursor"];
  return {
    rows,
    next: typeof next === "string" ? next : null,
    with: (changed, nextCursor, totalBy) => ({
      ...body,
      data: nested ? { ...data, sites: changed } : changed,
      pagination: { ...pagination, nextCursor, totalItems: Number(pagination["totalItems"]) + totalBy },
    }),
  };
}

function graphqlView(body: ApiRecord, data: ApiRecord, field: string, connection: ApiRecord): ListingView {
  const pageInfo = isRecord(connection["pageInfo"]) ? connection["pageInfo"] : {};
  const end = pageInfo["endCursor"];
  return {
    rows: Array.isArray(connection["edges"]) ? (connection["edges"] as readonly unknown[]) : [],
    // A client need not ask whether more follows.
    next: pageInfo["hasNextPage"] !== false && typeof end === "string" ? end : null,
    with: (edges, next, totalBy) => ({
      ...body,
      data: {
        ...data,
        [field]: {
          ...connection,
          edges,
          ...(isRecord(connection["pageInfo"]) ? { pageInfo: { ...pageInfo, ...("hasNextPage" in pageInfo ? { hasNextPage: next !== null } : {}), endCursor: next ?? end ?? null } } : {}),
          ...("totalCount" in connection ? { totalCount: Number(connection["totalCount"]) + totalBy } : {}),
        },
      },
    }),
  };
}

function viewOf(body: ApiRecord): ListingView | undefined {
  if (isRecord(body["pagination"])) return restView(body, body["pagination"]);
  const data = body["data"];
  if (!isRecord(data)) return undefined;
  const found = Object.entries(data).find(([, value]) => isRecord(value) && Array.isArray(value["edges"]));
  return found !== undefined && isRecord(found[1]) ? graphqlView(body, data, found[0], found[1]) : undefined;
}

const ENDLESS = /^ZW5kbGVzcy[\w-]*$/u;

/** Whether a cursor is one an endless listing invented. */
export function isEndlessCursor(cursor: string): boolean {
  return ENDLESS.test(cursor);
}

function rowId(row: unknown): string {
  if (!isRecord(row)) return "";
  const record = isRecord(row["node"]) ? row["node"] : row;
  return JSON.stringify(record["id"] ?? record);
}

/** The body after one fault, or undefined where the fault changes nothing of it. */
export function distort(body: unknown, strike: Strike, asked: PageAsked): unknown {
  if (!isRecord(body)) return undefined;
  const { fault } = strike;
  if (fault.kind === "errors") return { errors: [{ code: 5_000_010, detail: "Server could not process the request.", title: "Internal server error", message: "Internal Server Error(s) while executing query" }] };
  if (fault.kind === "missing-data") return Object.hasOwn(body, "data") ? Object.fromEntries(Object.entries(body).filter(([key]) => key !== "data")) : undefined;
  const view = viewOf(body);
  if (view === undefined) return undefined;
  if (!strike.strikes) {
    if (fault.kind === "cycle-cursor") cycled(view, strike, asked);
    else neighbours(view, strike, asked);
    return undefined;
  }
  return distortListing(view, strike, asked);
}

function distortListing(view: ListingView, strike: Strike, asked: PageAsked): ApiRecord | undefined {
  const { fault, memory } = strike;
  switch (fault.kind) {
    case "null-list":
      return view.with(null, view.next, 0);
    case "empty-page":
      return view.rows.length === 0 ? undefined : view.with([], view.next, 0);
    case "repeat-cursor":
      return view.with(view.rows, asked.cursor, 0);
    case "cycle-cursor":
      return cycled(view, strike, asked);
    case "endless-cursor": {
      const turn = Number(memory.get("turn") ?? 0) + 1;
      memory.set("turn", turn);
      return view.with(view.rows, Buffer.from(`endless-${String(turn)}`).toString("base64url"), 0);
    }
    case "duplicates":
    case "move-rows":
      return displaced(view, strike, asked, fault);
    case "total":
      return fault.by === 0 ? undefined : view.with(view.rows, view.next, fault.by);
    case "moving-total":
      return fault.by === 0 ? undefined : view.with(view.rows, view.next, fault.by * strike.turn);
    case "lose-rows": {
      const kept = view.rows.filter((row) => hashText(rowId(row)) >= fault.fraction * 4_294_967_296);
      return kept.length === view.rows.length ? undefined : view.with(kept, view.next, 0);
    }
    default: {
      const rows = distortRows(view.rows, fault);
      return rows === undefined ? undefined : view.with(rows, view.next, 0);
    }
  }
}

/** Every page leads to the one after the first, which this remembers. */
function cycled(view: ListingView, { memory }: Strike, { cursor, listing }: PageAsked): ApiRecord | undefined {
  const second = memory.get(listing);
  if (cursor === "" && view.next !== null) memory.set(listing, view.next);
  return cursor === "" || typeof second !== "string" || second === view.next ? undefined : view.with(view.rows, second, 0);
}

const MOST_PAGES = 256;
const DISPLACED_ROWS = 3;

/** The rows of the page that led to this one, undefined on a first page; remembers this page's for the next. */
function neighbours(view: ListingView, { memory }: Strike, { cursor }: PageAsked): readonly unknown[] | undefined {
  if (view.next !== null) memory.set(view.next, view.rows);
  if (memory.size > MOST_PAGES) memory.delete([...memory.keys()][0] ?? "");
  const before = memory.get(cursor);
  return Array.isArray(before) ? before : undefined;
}

function displaced(view: ListingView, strike: Strike, asked: PageAsked, fault: Extract<Fault, { kind: "duplicates" | "move-rows" }>): ApiRecord | undefined {
  const before = neighbours(view, strike, asked);
  const rows = Math.min(fault.rows ?? DISPLACED_ROWS, before?.length ?? 0, fault.kind === "move-rows" ? view.rows.length : Number.POSITIVE_INFINITY);
  if (before === undefined || rows === 0) return undefined;
  return view.with([...before.slice(-rows), ...view.rows.slice(fault.kind === "move-rows" ? rows : 0)], view.next, 0);
}
