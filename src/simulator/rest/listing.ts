/** One page of one listing: scope, filters, sort, cursor, count. */
import type { Collection, Order, Position, Test } from "../collection.ts";
import { badRequest } from "../errors.ts";
import { firstScalar, type ApiRecord } from "../record.ts";
import { sees, type Caller } from "../tokens.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { boolParam, intParam, listParam, queryTest, readConditions, refuseUnknown, type Condition, type Params } from "./filters.ts";
import type { ListEndpoint } from "./tables.ts";

/** A test with the key that tells it apart in counts and cursors. */
export interface KeyedTest {
  readonly key: string;
  readonly test: Test;
  /** What else the test's outcome hangs on, such as the version of other records: a count is remembered with it, a cursor outlives it. */
  readonly moment?: string;
}

/** What a request makes of a listing besides its parameters. */
export interface Extra {
  /** Tests that no filter parameter states, such as "not removed". */
  readonly tests?: readonly KeyedTest[];
  /** Records a fault keeps out of sight; not part of the cursor, since the listing is the same when they appear. */
  readonly withheld?: KeyedTest | undefined;
  readonly strict?: boolean;
  /** In place of the scope parameters and the caller's own scope, where a listing takes them otherwise. */
  readonly scopes?: readonly KeyedTest[];
}

export interface Page {
  readonly records: readonly ApiRecord[];
  readonly nextCursor: string | null;
  readonly totalItems: number;
}

const STANDARD = new Set(["skip", "limit", "cursor", "countOnly", "skipCount", "sortBy", "sortOrder", "accountIds", "siteIds", "groupIds", "query", "tenant"]);

function orderOf(endpoint: ListEndpoint, params: Params): Order {
  const sortBy = params.get("sortBy")?.at(-1) ?? "";
  const sortOrder = params.get("sortOrder")?.at(-1) ?? "";
  if (sortOrder !== "" && sortOrder !== "asc" && sortOrder !== "desc") throw badRequest(`sortOrder: "${sortOrder}" is not a valid choice.`);
  const path = sortBy === "" ? "id" : Object.hasOwn(endpoint.sorts, sortBy) ? endpoint.sorts[sortBy] : undefined;
  if (path === undefined) throw badRequest(`sortBy: "${sortBy}" is not a valid choice.`);
  return { path, descending: sortOrder === "desc" };
}

/** Scope parameters and the caller's own scope. A record whose scope is not known belongs to every one. */
function scopeTests(collection: Collection, params: Params, caller: Caller, most: number): readonly KeyedTest[] {
  const tests: KeyedTest[] = [];
  if (caller.level !== "tenant") tests.push({ key: `${caller.level}:${[...caller.ids].join(",")}`, test: (ordinal) => sees(caller, collection.scopes(ordinal)) });
  for (const [name, level] of [
    ["accountIds", "account"],
    ["siteIds", "site"],
    ["groupIds", "group"],
  ] as const) {
    const ids = listParam(params, name, most);
    if (ids === undefined || ids.length === 0) continue;
    const wanted = new Set(ids);
    tests.push({
      key: `${name}=${ids.join(",")}`,
      test: (ordinal) =>
        collection.scopes(ordinal).some((scope) => {
          const id = scope[level];
          return id === undefined ? scope.account === undefined && scope.site === undefined : wanted.has(id);
        }),
    });
  }
  return tests;
}

function conditionTest(collection: Collection, condition: Condition): KeyedTest {
  return { key: condition.key, test: (ordinal) => condition.paths.some((path) => condition.test(collection.value(ordinal, path))) };
}

function every(tests: readonly Test[]): Test | undefined {
  const [only, second] = tests;
  if (only === undefined) return undefined;
  if (second === undefined) return only;
  return (ordinal) => tests.every((test) => test(ordinal));
}

interface Selection {
  /** Names endpoint, scope and filters; the same for the same selection. */
  readonly key: string;
  readonly moment: string;
  readonly test: Test | undefined;
}

/** What parameters select, whatever page of it is shown; throws the vendor's 400 for what it cannot read. */
function selection(collection: Collection, endpoint: ListEndpoint, params: Params, caller: Caller, extra: Extra): Selection {
  const { conditions, unknown } = readConditions(endpoint, params);
  const strange = unknown.filter((name) => !STANDARD.has(name) && endpoint.joined?.includes(name) !== true);
  if (extra.strict === true) refuseUnknown(strange);
  const all = [...(extra.tests ?? []), ...conditions.map((condition) => conditionTest(collection, condition))];
  const scopes = extra.scopes ?? scopeTests(collection, params, caller, endpoint.scopeIds);
  const query = params.get("query")?.at(-1) ?? "";
  const tests: Test[] = [...scopes.map((scope) => scope.test), ...all.map((condition) => condition.test)];
  if (query !== "" && endpoint.query.length > 0) tests.push(queryTest(collection, endpoint, query));
  if (extra.withheld !== undefined) tests.push(extra.withheld.test);
  const moment = (extra.tests ?? []).map((one) => one.moment ?? "").join("&");
  return { moment, key: [endpoint.path, ...scopes.map((scope) => scope.key), ...all.map((condition) => condition.key), query].join("&"), test: every(tests) };
}

/** Every record that parameters select, by id; throws the vendor's 400 when there are more than `most`. */
export function selected(collection: Collection, endpoint: ListEndpoint, params: Params, caller: Caller, most: number, extra: Extra = {}): readonly number[] {
  const { test } = selection(collection, endpoint, params, caller, extra);
  const ordinals = take(collection, { path: "id", descending: false }, undefined, test, 0, most + 1);
  if (ordinals.length > most) throw badRequest(`filter: More than ${String(most)} items match. Please narrow your filter and try again.`);
  return ordinals;
}

/** Reads one page; throws the vendor's 400 for what it cannot read. */
export function listPage(collection: Collection, endpoint: ListEndpoint, params: Params, caller: Caller, extra: Extra = {}): Page {
  const limit = endpoint.joined?.includes("disablePagination") === true && boolParam(params, "disablePagination") === true ? MOST_UNPAGED : (intParam(params, "limit", 1, 1000) ?? 10);
  const skip = intParam(params, "skip", 0, 1000) ?? 0;
  const countOnly = boolParam(params, "countOnly") ?? false;
  const skipCount = boolParam(params, "skipCount") ?? false;
  const order = orderOf(endpoint, params);
  if (extra.strict === true) refuseUnknown((endpoint.lacks ?? []).filter((name) => params.has(name)));
  const { key, moment, test } = selection(collection, endpoint, params, caller, extra);
  const counted = `${key}&${moment}&${extra.withheld?.key ?? ""}`;
  const totalItems = skipCount && !countOnly ? 0 : collection.count(counted, test);
  if (countOnly) return { records: [], nextCursor: null, totalItems };
  const listing = `${key}|${order.path}|${String(order.descending)}`;
  const given = params.get("cursor")?.at(-1) ?? "";
  const from = given === "" ? undefined : decodeCursor(listing, given);
  // A fault that hides records has to see each one it hides.
  const ordinals = take(collection, order, from, extra.withheld === undefined ? collection.quick(counted, test) : test, skip, limit + 1);
  const more = ordinals.length > limit;
  const shown = more ? ordinals.slice(0, limit) : ordinals;
  const last = shown.at(-1);
  const position: Position | undefined = last === undefined ? undefined : { ordinal: last, value: order.path === "id" ? null : firstScalar(collection.value(last, order.path)) };
  return {
    records: shown.map((ordinal) => collection.get(ordinal)).filter((record) => record !== undefined),
    nextCursor: more && position !== undefined ? encodeCursor(listing, position) : null,
    totalItems,
  };
}

/** A listing without pages still ends somewhere. */
const MOST_UNPAGED = 20_000;

function take(collection: Collection, order: Order, from: Position | undefined, test: Test | undefined, skip: number, wanted: number): readonly number[] {
  const taken: number[] = [];
  let left = skip;
  for (const ordinal of collection.walk(order, from)) {
    if (test !== undefined && !test(ordinal)) continue;
    if (left > 0) {
      left -= 1;
      continue;
    }
    taken.push(ordinal);
    if (taken.length === wanted) break;
  }
  return taken;
}
