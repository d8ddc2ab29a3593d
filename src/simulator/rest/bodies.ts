/** Reads what a write sends: `data` with its fields, and `filter` with the same names as the parameters of the listing it acts on. */
import type { Actor } from "../actions.ts";
import { badRequest } from "../errors.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { ownName, type Caller } from "../tokens.ts";
import type { ListEndpoint } from "./endpoints.ts";
import type { Params } from "./filters.ts";
import { joinTests } from "./joins.ts";
import { selected } from "./listing.ts";
import type { Call, RestRequest } from "./route.ts";

/** The most records one write may change: a console would work such a command off over hours. */
const MOST_CHANGED = 50_000;

/** `data` of a body, or nothing at all; throws the vendor's 400 when it is no object. */
export function dataOf(request: RestRequest): ApiRecord {
  const inner = isRecord(request.body) ? request.body["data"] : undefined;
  if (inner === undefined || inner === null) return {};
  if (!isRecord(inner)) throw badRequest("data: Invalid input type.");
  return inner;
}

export function textField(data: ApiRecord, key: string): string {
  const value = data[key];
  if (value === undefined || value === null || value === "") throw badRequest(`${key}: Missing data for required field.`);
  if (typeof value !== "string") throw badRequest(`${key}: Not a valid string.`);
  return value;
}

/** One of `choices`; undefined when the field is left out and not required. */
export function choiceField<Choice extends string>(data: ApiRecord, key: string, choices: readonly Choice[], required: true): Choice;
export function choiceField<Choice extends string>(data: ApiRecord, key: string, choices: readonly Choice[], required: false): Choice | undefined;
export function choiceField<Choice extends string>(data: ApiRecord, key: string, choices: readonly Choice[], required: boolean): Choice | undefined {
  const value = data[key];
  if (value === undefined || value === null) {
    if (required) throw badRequest(`${key}: Missing data for required field.`);
    return undefined;
  }
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) throw badRequest(`${key}: ${JSON.stringify(value)} is not a valid choice.`);
  return chosen;
}

function filterTexts(name: string, value: unknown): readonly string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item) => filterTexts(name, item));
  if (typeof value === "string") return value === "" ? [] : [value];
  if (typeof value === "number" || typeof value === "boolean") return [String(value)];
  return [JSON.stringify(value)];
}

/** A body's `filter` as parameters; throws the vendor's 400 when there is none. Empty values filter nothing, as in a query. */
function filterParams(request: RestRequest): Params {
  const filter = isRecord(request.body) ? request.body["filter"] : undefined;
  if (filter === undefined || filter === null) throw badRequest("filter: Missing data for required field.");
  if (!isRecord(filter)) throw badRequest("filter: Invalid input type.");
  const params = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(filter)) {
    const texts = filterTexts(name, value);
    if (texts.length > 0) params.set(name, texts);
  }
  return params;
}

/** The records a write's filter selects. A filter of a name nobody knows is a 400: to ignore it would widen the write to everything. */
export function targets(call: Call, endpoint: ListEndpoint): readonly number[] {
  const params = filterParams(call.request);
  const collection = call.console.estate.streams[endpoint.stream];
  return selected(collection, endpoint, params, call.caller, MOST_CHANGED, { tests: joinTests(call.console, endpoint, params), strict: true });
}

/** Who a caller is in the activities a write leaves. */
export function actorOf(caller: Caller): Actor {
  const { id, fullName } = ownName(caller);
  return { id, name: fullName };
}
