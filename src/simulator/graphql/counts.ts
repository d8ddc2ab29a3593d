/** How alerts spread over the values of a field: counts for filters, and suggestions while someone types. */
import { GraphQLError } from "graphql";
import type { Collection } from "../collection.ts";
import type { ApiRecord, Scalar } from "../record.ts";
import type { Caller } from "../tokens.ts";
import { ALERT_FIELDS } from "./fields.ts";
import { selectAlerts } from "./filters.ts";

type Args = Readonly<Record<string, unknown>>;

const DEFAULT_VALUES = 20;
const LEAST_SEARCH = 3;

function tally(collection: Collection, caller: Caller, args: Args, fieldId: string): readonly (readonly [value: string, count: number])[] {
  const field = Object.hasOwn(ALERT_FIELDS, fieldId) ? ALERT_FIELDS[fieldId] : undefined;
  if (field === undefined) throw new GraphQLError(`Field '${fieldId}' does not exist or not supported for GROUP_BY API call`);
  const { test } = selectAlerts(collection, caller, args);
  const counts = new Map<string, number>();
  for (const ordinal of collection.walk({ path: "id", descending: false })) {
    if (!test(ordinal)) continue;
    const value = collection.value(ordinal, field.path);
    const values: readonly Scalar[] = Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar];
    for (const one of new Set(values)) if (one !== null) counts.set(String(one), (counts.get(String(one)) ?? 0) + 1);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** The commonest values of each field asked for. */
export function countByField(collection: Collection, caller: Caller, args: Args): ApiRecord {
  const fieldIds = Array.isArray(args["fieldIds"]) ? (args["fieldIds"] as readonly unknown[]).map(String) : [];
  const limit = typeof args["limit"] === "number" ? args["limit"] : DEFAULT_VALUES;
  return {
    data: fieldIds.map((fieldId) => {
      const counts = tally(collection, caller, args, fieldId);
      return { fieldId, hasNextPage: counts.length > limit, values: counts.slice(0, limit).map(([value, count]) => ({ value, label: value, count })) };
    }),
  };
}

/** Values of a field that hold the search text. */
export function autocomplete(collection: Collection, caller: Caller, args: Args): ApiRecord {
  const fieldId = args["fieldId"] as string;
  const text = (args["searchText"] as string).toLowerCase();
  if (ALERT_FIELDS[fieldId]?.comparators !== "match") throw new GraphQLError("Field doesn't support auto-complete.");
  if (text.length < LEAST_SEARCH) throw new GraphQLError("Autocomplete requires minimum 3 characters");
  const found = tally(collection, caller, args, fieldId).filter(([value]) => value.toLowerCase().includes(text));
  return { fieldId, values: found.slice(0, DEFAULT_VALUES).map(([value, count]) => ({ value, count })) };
}
