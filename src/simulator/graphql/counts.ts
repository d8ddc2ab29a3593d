/** How alerts spread over the values of a field: counts for filters, groups with summaries, and suggestions while someone types. */
import { GraphQLError } from "graphql";
import type { Collection } from "../collection.ts";
import { compareScalars, type ApiRecord, type Scalar } from "../record.ts";
import { millis } from "../times.ts";
import type { Caller } from "../tokens.ts";
import { ALERT_FIELDS, groups, suggests, type AlertField } from "./fields.ts";
import { fieldValue, scalars, selectAlerts } from "./filters.ts";
import { listWindow } from "./listing.ts";
import { enumValues } from "./schema.ts";

type Args = Readonly<Record<string, unknown>>;
type Counts = ReadonlyMap<string | null, number>;

const DEFAULT_VALUES = 20;
const LEAST_SEARCH = 3;
/** Values shown in the summary of a group. */
const SUMMARY_VALUES = 10;

function fieldFor(fieldId: string, call: string): AlertField {
  const field = Object.hasOwn(ALERT_FIELDS, fieldId) ? ALERT_FIELDS[fieldId] : undefined;
  if (field === undefined) throw new GraphQLError(`Field ${fieldId} does not exist or not supported for ${call} API call`);
  return field;
}

function shown(value: Scalar, field: AlertField): string | null {
  if (value === null || value === "") return null;
  return field.comparators === "date" && typeof value === "number" ? millis(value) : String(value);
}

/** The values one alert has in a field, each once; null when it has none. */
function valuesOf(collection: Collection, ordinal: number, fieldId: string, field: AlertField): ReadonlySet<string | null> {
  const values = scalars(fieldValue(collection, ordinal, fieldId, field)).map((value) => shown(value, field));
  const present = values.filter((value) => value !== null);
  return new Set(present.length === 0 ? [null] : present);
}

function tally(collection: Collection, caller: Caller, args: Args, fieldId: string, call: string): Map<string | null, number> {
  const field = fieldFor(fieldId, call);
  const { test } = selectAlerts(collection, caller, args);
  const counts = new Map<string | null, number>();
  for (const ordinal of collection.walk({ path: "id", descending: false })) {
    if (!test(ordinal)) continue;
    for (const value of valuesOf(collection, ordinal, fieldId, field)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** Commonest first, equal ones by name, what has no value last. */
function ranked(counts: Counts): readonly ApiRecord[] {
  return [...counts]
    .toSorted(([a, n], [b, m]) => m - n || compareScalars(a, b))
    .map(([value, count]) => ({ value, label: value, count }));
}

function listed(args: Args, name: string): readonly string[] {
  const value = args[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** The commonest values of each field asked for. As a filter, what an enum could hold is listed even where nothing does. */
export function countByField(collection: Collection, caller: Caller, args: Args, as: "filter" | "group"): ApiRecord {
  const limit = typeof args["limit"] === "number" ? args["limit"] : DEFAULT_VALUES;
  return {
    data: listed(args, "fieldIds").map((fieldId) => {
      const counts = tally(collection, caller, args, fieldId, as === "filter" ? "FILTER_COUNT" : "GROUP_BY");
      const field = ALERT_FIELDS[fieldId];
      const possible = field?.choices === undefined ? (field?.comparators === "boolean" || field?.comparators === "flag" ? ["true", "false"] : []) : enumValues(field.choices);
      if (as === "filter") for (const value of possible) if (!counts.has(value)) counts.set(value, 0);
      const values = ranked(counts);
      return { fieldId, hasNextPage: values.length > limit, values: values.slice(0, limit) };
    }),
  };
}

interface Group {
  count: number;
  readonly ordinals: number[];
}

function summary(collection: Collection, fieldId: string, ordinals: readonly number[]): ApiRecord {
  const field = fieldFor(fieldId, "GROUP_BY");
  if (field.comparators === "date") {
    const times = ordinals.flatMap((ordinal) => [...valuesOf(collection, ordinal, fieldId, field)]).filter((value) => value !== null).toSorted();
    return times.length === 0 ? { __typename: "MissingCountSummary", fieldId, missingCount: ordinals.length } : { __typename: "MinMaxSummary", fieldId, min: times[0], max: times.at(-1) };
  }
  const counts = new Map<string | null, number>();
  for (const ordinal of ordinals) for (const value of valuesOf(collection, ordinal, fieldId, field)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return { __typename: "ValueCountSummary", fieldId, values: ranked(counts).slice(0, SUMMARY_VALUES) };
}

/** Alerts by the value of one field, the largest group first unless sorted otherwise, each with summaries of other fields. */
export function groupAlerts(collection: Collection, caller: Caller, args: Args): ApiRecord {
  const fieldId = String(args["groupByFieldId"]);
  const field = fieldFor(fieldId, "GROUP_BY");
  if (!groups(fieldId)) throw new GraphQLError(`Field ${fieldId} does not exist or not supported for GROUP_BY API call`);
  const { test } = selectAlerts(collection, caller, args);
  const found = new Map<string | null, Group>();
  for (const ordinal of collection.walk({ path: "id", descending: false })) {
    if (!test(ordinal)) continue;
    for (const value of valuesOf(collection, ordinal, fieldId, field)) {
      const group = found.get(value) ?? { count: 0, ordinals: [] };
      group.count += 1;
      group.ordinals.push(ordinal);
      found.set(value, group);
    }
  }
  const sort = args["sort"] as { readonly by?: unknown; readonly order?: unknown } | null | undefined;
  const byValue = sort?.by === fieldId;
  const sign = sort?.order === "ASC" ? 1 : -1;
  const nodes = [...found].toSorted(([a, x], [b, y]) => (byValue ? sign * compareScalars(a, b) : sign * (x.count - y.count) || compareScalars(a, b)));
  const window = listWindow(
    nodes.map(([value, group]) => ({ value, label: value, count: group.count, ordinals: group.ordinals })),
    args,
  );
  const edges = window["edges"] as readonly { readonly cursor: string; readonly node: ApiRecord }[];
  const summaries = listed(args, "summaryFieldIds");
  return {
    ...window,
    edges: edges.map(({ cursor, node: { ordinals, ...node } }) => ({ cursor, node: { ...node, fieldSummaries: summaries.map((id) => summary(collection, id, ordinals as readonly number[])) } })),
  };
}

/** Values of a field that hold the search text. */
export function autocomplete(collection: Collection, caller: Caller, args: Args): ApiRecord {
  const fieldId = String(args["fieldId"]);
  const text = String(args["searchText"]).toLowerCase();
  if (!suggests(fieldId)) throw new GraphQLError("Field doesn't support auto-complete.");
  if (text.length < LEAST_SEARCH) throw new GraphQLError("Autocomplete requires minimum 3 characters");
  const found = ranked(tally(collection, caller, args, fieldId, "AUTOCOMPLETE")).filter(({ value }) => typeof value === "string" && value.toLowerCase().includes(text));
  return { fieldId, values: found.slice(0, DEFAULT_VALUES).map(({ value, count }) => ({ value, count })) };
}
