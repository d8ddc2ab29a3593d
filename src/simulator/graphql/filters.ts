/** Filters, scope, view and order of an alerts query, compiled to tests on records. */
import { GraphQLError } from "graphql";
import type { Collection, Order, Test } from "../collection.ts";
import { isRecord, type Scalar, type Value } from "../record.ts";
import { sees, type Caller } from "../tokens.ts";
import { ALERT_FIELDS, COMPARATORS, SORTABLE, type AlertField } from "./fields.ts";

type Input = Readonly<Record<string, unknown>>;

const COMPARATOR_NAMES = ["booleanEqual", "booleanIn", "dateTimeRange", "intEqual", "intIn", "intRange", "longEqual", "longIn", "longRange", "stringEqual", "stringIn", "match"] as const;

export function scalars(value: Value): readonly Scalar[] {
  return Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar];
}

function fieldOf(fieldId: string): AlertField {
  const field = Object.hasOwn(ALERT_FIELDS, fieldId) ? ALERT_FIELDS[fieldId] : undefined;
  if (field === undefined) throw new GraphQLError(`Field ${fieldId} does not exist or not supported for FILTER API call`);
  return field;
}

function list(input: unknown, key: string): readonly unknown[] {
  const value = isRecord(input) ? input[key] : undefined;
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** Equality as text, with null meaning "has no value". */
function among(wanted: readonly unknown[]): (value: Value) => boolean {
  const texts = new Set(wanted.filter((item) => item !== null).map(String));
  const absent = wanted.includes(null);
  return (value) => {
    const found = scalars(value).filter((item) => item !== null && item !== "");
    return found.length === 0 ? absent : found.some((item) => texts.has(String(item)));
  };
}

function within(range: Input, factor: number): (value: Value) => boolean {
  // A long may come as text.
  const bound = (value: unknown): number | undefined => (value === undefined || value === null ? undefined : Number(value) * factor);
  const start = bound(range["start"]);
  const end = bound(range["end"]);
  const startIn = range["startInclusive"] !== false;
  const endIn = range["endInclusive"] !== false;
  return (value) =>
    scalars(value).some((item) => {
      if (item === null) return start === undefined && end === undefined;
      const n = Number(item);
      return (start === undefined || (startIn ? n >= start : n > start)) && (end === undefined || (endIn ? n <= end : n < end));
    });
}

function fullText(input: Input): (value: Value) => boolean {
  const parts = [...list(input, "values"), ...list(input, "value")].filter((item) => typeof item === "string").map((item) => item.toLowerCase());
  const tests: Readonly<Record<string, (text: string, part: string) => boolean>> = {
    contains: (text, part) => text.includes(part),
    startsWith: (text, part) => text.startsWith(part),
    endsWith: (text, part) => text.endsWith(part),
    exactMatch: (text, part) => text === part,
  };
  const operator = typeof input["operator"] === "string" ? input["operator"] : "contains";
  const test = tests[operator] ?? ((text, part) => text.includes(part));
  return (value) => scalars(value).some((item) => item !== null && parts.some((part) => test(String(item).toLowerCase(), part)));
}

function compare(name: string, input: Input): (value: Value) => boolean {
  if (name === "match") return fullText(input);
  if (name === "dateTimeRange") return within(input, 1000);
  if (name.endsWith("Range")) return within(input, 1);
  return among(name.endsWith("In") ? list(input, "values") : [input["value"] ?? null]);
}

function filterTest(collection: Collection, filter: Input): Test {
  const fieldId = String(filter["fieldId"]);
  const field = fieldOf(fieldId);
  const given = COMPARATOR_NAMES.filter((name) => filter[name] !== undefined && filter[name] !== null);
  const [name] = given;
  if (name === undefined || given.length > 1) throw new GraphQLError(`Exactly one comparator must be specified for field '${fieldId}'`);
  if (!(COMPARATORS[field.comparators]).includes(name)) throw new GraphQLError(`Filter type ${name} is not supported for field '${fieldId}'`);
  const input = filter[name];
  const test = compare(name, isRecord(input) ? input : {});
  const negated = filter["isNegated"] === true;
  return (ordinal) => test(fieldValue(collection, ordinal, fieldId, field)) !== negated;
}

/** A few fields are questions about others. */
export function fieldValue(collection: Collection, ordinal: number, fieldId: string, field: AlertField): Value {
  if (fieldId === "ticketIdExists") return collection.value(ordinal, "ticketId") !== null;
  if (fieldId === "incidentExists") return collection.value(ordinal, "incident.id") !== null;
  if (fieldId === "mitigationHasQuarantineFiles") return scalars(collection.value(ordinal, "mitigationDetails.reports.mitigationActionType")).includes("QUARANTINE");
  return collection.value(ordinal, field.path);
}

const SCOPE_LEVELS: Readonly<Record<string, "account" | "site" | "group">> = { ACCOUNT: "account", SITE: "site", GROUP: "group" };

/** Which alerts a predefined view shows; undefined: all. */
export function viewTest(collection: Collection, view: string): Test | undefined {
  const surface = (name: string): Test => (ordinal) => scalars(collection.value(ordinal, "attackSurfaces")).includes(name);
  const source = (path: string, test: (text: string) => boolean): Test => (ordinal) => test(String(collection.value(ordinal, path) ?? ""));
  switch (view) {
    case "IDENTITY":
      return surface("IDENTITY");
    case "ENDPOINT":
      return surface("ENDPOINT");
    case "STAR":
    case "CUSTOM_ALERTS":
      return source("detectionSource.product", (text) => text === "STAR");
    case "CLOUD":
      return source("detectionSource.product", (text) => text === "CWS");
    case "DLP":
      return source("detectionSource.product", (text) => text === "DLP");
    case "THIRD_PARTY":
      return source("detectionSource.vendor", (text) => text !== "" && text !== "SentinelOne");
    default:
      return undefined;
  }
}

export interface Selection {
  readonly key: string;
  readonly test: Test;
}

/** What an alerts query may see; throws a GraphQLError for a field or comparator the console does not know. */
export function selectAlerts(collection: Collection, caller: Caller, args: Input): Selection {
  const tests: Test[] = [];
  if (caller.level !== "tenant") tests.push((ordinal) => sees(caller, collection.scopes(ordinal)));
  const filters = list(args, "filters");
  const either = args["orFilter"];
  if (isRecord(either) && filters.length > 0) throw new GraphQLError("Only one of 'filters' and 'orFilter' can be specified");
  for (const filter of filters) if (isRecord(filter)) tests.push(filterTest(collection, filter));
  if (isRecord(either)) {
    const branches = list(either, "or").map((branch) => list(branch, "and").filter(isRecord).map((filter) => filterTest(collection, filter)));
    if (branches.length > 0) tests.push((ordinal) => branches.some((branch) => branch.every((test) => test(ordinal))));
  }
  const scope = args["scope"];
  if (isRecord(scope)) {
    const ids = new Set(list(scope, "scopeIds").map(String));
    const level = SCOPE_LEVELS[String(scope["scopeType"])] ?? "site";
    tests.push((ordinal) => collection.scopes(ordinal).some((held) => (held[level] === undefined ? held.account === undefined && held.site === undefined : ids.has(held[level]))));
  }
  const view = viewTest(collection, typeof args["viewType"] === "string" ? args["viewType"] : "ALL");
  if (view !== undefined) tests.push(view);
  const key = JSON.stringify([caller.level, [...caller.ids], args["filters"], args["orFilter"], args["scope"], args["viewType"]]);
  return { key, test: (ordinal) => tests.every((test) => test(ordinal)) };
}

/** The order asked for: `sorts`, else `sort`, else newest first; throws a GraphQLError for a field that cannot be sorted by. */
export function ordersOf(args: Input): readonly Order[] {
  const several = list(args, "sorts");
  const asked = several.length > 0 ? several : args["sort"] === undefined || args["sort"] === null ? [] : [args["sort"]];
  const orders = asked.filter(isRecord).map((sort) => {
    const by = String(sort["by"]);
    const field = Object.hasOwn(ALERT_FIELDS, by) ? ALERT_FIELDS[by] : undefined;
    if (field === undefined || !SORTABLE.has(by)) throw new GraphQLError(`Field ${by} does not exist or not supported for SORT API call`);
    return { path: field.path, descending: sort["order"] === "DESC" };
  });
  return orders.length === 0 ? [{ path: "detectedAt", descending: true }] : orders;
}
