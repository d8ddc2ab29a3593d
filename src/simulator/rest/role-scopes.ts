/**
 * Which roles a request is shown. A role belongs to the place it is defined in; asked from a place, a console shows that place's own roles, with
 * `includeParents` (the default) those of the places above it, with `includeChildren` those of the places below. Source: the vendor's spec, `GET /rbac/roles`.
 */
import type { Scope } from "../collection.ts";
import { placeScope } from "../estate/people.ts";
import type { Caller } from "../tokens.ts";
import { boolParam, listParam, type Params } from "./filters.ts";
import type { KeyedTest } from "./listing.ts";
import type { RestConsole } from "./route.ts";

type Where = "here" | "above" | "below" | "elsewhere";

const LEVELS = ["account", "site", "group"] as const;

/** Ids from the account down to the place itself; empty: the whole console. */
function pathOf(scope: Scope): readonly string[] {
  return LEVELS.flatMap((level) => scope[level] ?? []);
}

/** Where a role is, seen from a place. */
function whereIs(role: Scope, from: Scope): Where {
  const there = pathOf(role);
  const here = pathOf(from);
  const shared = Math.min(there.length, here.length);
  if (there.slice(0, shared).some((id, at) => id !== here[at])) return "elsewhere";
  return there.length === here.length ? "here" : there.length < here.length ? "above" : "below";
}

function placesOf(console: RestConsole, level: string, ids: Iterable<string>): readonly Scope[] {
  return [...ids].map((id) => placeScope(console.estate.streams, id, level));
}

function callersPlaces(console: RestConsole, caller: Caller): readonly Scope[] {
  return caller.level === "tenant" ? [{}] : placesOf(console, caller.level, caller.ids);
}

/** Whether a caller may know of a role: of their own places, and of those above and below them. */
export function seesRole(console: RestConsole, caller: Caller, scopes: readonly Scope[]): boolean {
  return callersPlaces(console, caller).some((from) => scopes.some((scope) => whereIs(scope, from) !== "elsewhere"));
}

/** The tests that stand in for the scope parameters of other listings. */
export function roleTests(console: RestConsole, params: Params, caller: Caller, most: number): readonly KeyedTest[] {
  const { roles } = console.estate.streams;
  const named = [["account", "accountIds"], ["site", "siteIds"], ["group", "groupIds"]] as const;
  const asked = named.flatMap(([level, name]) => placesOf(console, level, listParam(params, name, most) ?? []));
  const from = asked.length > 0 ? asked : callersPlaces(console, caller);
  const shown = new Set<Where>(["here"]);
  if (boolParam(params, "includeParents") ?? true) shown.add("above");
  if (boolParam(params, "includeChildren") ?? false) shown.add("below");
  return [
    {
      key: `roles of ${JSON.stringify(from)} ${[...shown].join(" ")} to ${caller.level} ${[...caller.ids].join(",")}`,
      test: (ordinal) => {
        const scopes = roles.scopes(ordinal);
        return scopes.some((scope) => from.some((place) => shown.has(whereIs(scope, place)))) && seesRole(console, caller, scopes);
      },
    },
  ];
}
