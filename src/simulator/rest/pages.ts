/** Pages of a list that is worked out rather than stored: notes, timelines, groupings. */
import { badRequest } from "../errors.ts";
import { compareScalars, firstScalar, readPath, type ApiRecord } from "../record.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { boolParam, intParam, refuseUnknown, type Params } from "./filters.ts";
import type { Page } from "./listing.ts";

/** What turns the pages of any list. */
export const PAGING: readonly string[] = ["cursor", "limit", "skip", "sortBy", "sortOrder", "countOnly", "skipCount"];

/** In a strict console, throws the vendor's 400 for parameters that are neither paging nor among `known`. */
export function onlyKnown(console: { readonly strict: boolean }, params: Params, known: readonly string[]): void {
  if (console.strict) refuseUnknown([...params.keys()].filter((name) => !PAGING.includes(name) && !known.includes(name)));
}

/**
 * One page of `all`, in its own order or sorted by one of `sorts`. `listing` names what is listed, filters included: a cursor is
 * good for that alone. `paths` has the fields of sorts that are named otherwise. Throws the vendor's 400 for parameters it cannot read.
 */
export function pageOf(all: readonly ApiRecord[], params: Params, sorts: readonly string[], listing: string, paths: Readonly<Record<string, string>> = {}): Page {
  const limit = intParam(params, "limit", 1, 1000) ?? 10;
  const skip = intParam(params, "skip", 0, 1000) ?? 0;
  const sortBy = params.get("sortBy")?.at(-1) ?? "";
  const sortOrder = params.get("sortOrder")?.at(-1) ?? "";
  if (sortBy !== "" && !sorts.includes(sortBy)) throw badRequest(`sortBy: "${sortBy}" is not a valid choice.`);
  if (sortOrder !== "" && sortOrder !== "asc" && sortOrder !== "desc") throw badRequest(`sortOrder: "${sortOrder}" is not a valid choice.`);
  if (boolParam(params, "countOnly") === true) return { records: [], nextCursor: null, totalItems: all.length };
  const path = paths[sortBy] ?? sortBy;
  const value = (record: ApiRecord): ReturnType<typeof firstScalar> => firstScalar(readPath(record, path));
  const sorted = sortBy === "" ? [...all] : all.toSorted((a, b) => compareScalars(value(a), value(b)));
  if (sortOrder === "desc") sorted.reverse();
  const name = `${listing}|${sortBy}|${sortOrder}`;
  const given = params.get("cursor")?.at(-1) ?? "";
  const start = given === "" ? skip : decodeCursor(name, given).ordinal;
  const end = start + limit;
  return {
    records: sorted.slice(start, end),
    nextCursor: end < sorted.length ? encodeCursor(name, { ordinal: end, value: null }) : null,
    totalItems: boolParam(params, "skipCount") === true ? 0 : sorted.length,
  };
}
