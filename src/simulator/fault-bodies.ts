/** What faults do to the body of a listing, REST or GraphQL, before it is sent. */
import type { Fault, Strike } from "./faults.ts";
import { hashText } from "./random.ts";
import { exactNumber, isRecord, type ApiRecord } from "./record.ts";

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
    next: pageInfo["hasNextPage"] === true && typeof end === "string" ? end : null,
    with: (edges, next, totalBy) => ({
      ...body,
      data: {
        ...data,
        [field]: {
          ...connection,
          edges,
          pageInfo: { ...pageInfo, hasNextPage: next !== null, endCursor: next ?? end ?? null },
          totalCount: Number(connection["totalCount"] ?? 0) + totalBy,
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

function onRow(row: unknown, change: (record: ApiRecord) => ApiRecord): unknown {
  if (!isRecord(row)) return row;
  return isRecord(row["node"]) ? { ...row, node: change(row["node"]) } : change(row);
}

function rowId(row: unknown): string {
  if (!isRecord(row)) return "";
  const record = isRecord(row["node"]) ? row["node"] : row;
  return JSON.stringify(record["id"] ?? record);
}

function without(record: ApiRecord): ApiRecord {
  const { id: _id, ...rest } = record;
  return rest;
}

function numbered(record: ApiRecord): ApiRecord {
  const id = record["id"];
  return typeof id === "string" && /^\d+$/u.test(id) ? { ...record, id: exactNumber(id) } : { ...record, id: hashText(String(id)) };
}

/** The body after one fault; `cursor` is the one the request brought. */
export function distort(body: unknown, { fault, memory }: Strike, cursor: string): unknown {
  if (!isRecord(body)) return body;
  if (fault.kind === "errors") return { errors: [{ code: 5_000_010, detail: "Server could not process the request.", title: "Internal server error", message: "Internal Server Error(s) while executing query" }] };
  if (fault.kind === "missing-data") return Object.fromEntries(Object.entries(body).filter(([key]) => key !== "data"));
  const view = viewOf(body);
  return view === undefined ? body : distortListing(view, fault, memory, cursor) ?? body;
}

function distortListing(view: ListingView, fault: Fault, memory: Map<string, unknown>, cursor: string): ApiRecord | undefined {
  switch (fault.kind) {
    case "null-list":
      return view.with(null, view.next, 0);
    case "empty-page":
      return view.with([], view.next, 0);
    case "repeat-cursor":
      return view.with(view.rows, cursor, 0);
    case "cycle-cursor": {
      const second = memory.get("second");
      if (typeof second !== "string" && view.next !== null) memory.set("second", view.next);
      return view.with(view.rows, cursor === "" || typeof second !== "string" ? view.next : second, 0);
    }
    case "endless-cursor": {
      const turn = Number(memory.get("turn") ?? 0) + 1;
      memory.set("turn", turn);
      return view.with(view.rows, Buffer.from(`endless-${String(turn)}`).toString("base64url"), 0);
    }
    case "duplicates": {
      const before = memory.get("rows");
      memory.set("rows", view.rows.slice(-10));
      const rows = fault.rows ?? 3;
      return Array.isArray(before) && rows > 0 ? view.with([...(before as readonly unknown[]).slice(-rows), ...view.rows], view.next, 0) : undefined;
    }
    case "total":
      return view.with(view.rows, view.next, fault.by);
    case "lose-rows":
      return view.with(view.rows.filter((row) => hashText(rowId(row)) >= fault.fraction * 4_294_967_296), view.next, 0);
    case "numeric-id":
      return view.with(view.rows.map((row) => onRow(row, numbered)), view.next, 0);
    case "missing-id":
      return view.with(view.rows.map((row, at) => (at === 0 ? onRow(row, without) : row)), view.next, 0);
    default:
      return undefined;
  }
}
