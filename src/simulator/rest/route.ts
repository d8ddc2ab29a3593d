/** What a REST route is: a method, a path as the vendor's spec writes it, who may call it, and its answer. */
import type { Actions } from "../actions.ts";
import type { SimulatedClock } from "../clock.ts";
import type { Collection } from "../collection.ts";
import { notFound, type Answer } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import type { ApiRecord } from "../record.ts";
import { sees, type Caller, type TokenBook } from "../tokens.ts";
import type { Params } from "./filters.ts";
import type { Inventory } from "./inventory.ts";
import type { KeyedTest, Page } from "./listing.ts";

export interface RestRequest {
  readonly method: string;
  /** Without `/web/api/v2.1`, without a trailing slash. */
  readonly path: string;
  readonly params: Params;
  readonly authorization: string | undefined;
  readonly body: unknown;
  /** Records a fault keeps out of sight; undefined where it hides none of them. */
  readonly hidden: (collection: Collection) => KeyedTest | undefined;
}

export interface RestConsole {
  readonly estate: Estate;
  readonly tokens: TokenBook;
  readonly clock: SimulatedClock;
  readonly inventory: Inventory;
  readonly actions: Actions;
  readonly strict: boolean;
}

export interface Call {
  readonly console: RestConsole;
  readonly request: RestRequest;
  readonly caller: Caller;
  /** What stands in the path's braces, in order. */
  readonly ids: readonly string[];
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `/threats/{threat_id}/notes`. */
  readonly path: string;
  /** Permission ids, of which one is enough; empty: whoever has a valid token. */
  readonly needs: readonly string[];
  readonly answer: (call: Call) => Answer;
}

/** A route for whoever asks, without credentials. */
export interface OpenRoute {
  readonly method: Route["method"];
  readonly path: string;
  readonly answer: (console: RestConsole, request: RestRequest) => Answer;
}

export function data(value: unknown): Answer {
  return { status: 200, body: { data: value } };
}

export function paged(page: Page, shape: (records: readonly ApiRecord[]) => unknown = (records) => records): Answer {
  return { status: 200, body: { data: shape(page.records), pagination: { nextCursor: page.nextCursor, totalItems: page.totalItems } } };
}

/** The record with this id that the caller may see; throws the vendor's 404. */
export function visible(collection: Collection, caller: Caller, id: string): { readonly ordinal: number; readonly record: ApiRecord } {
  const ordinal = collection.find(id).find((found) => sees(caller, collection.scopes(found)));
  const record = ordinal === undefined ? undefined : collection.get(ordinal);
  if (ordinal === undefined || record === undefined) throw notFound();
  return { ordinal, record };
}

interface Pattern<R> {
  readonly route: R;
  readonly segments: readonly string[];
}

/** Finds a route by method and path; a path spelled out goes before one with braces. */
export class RouteTable<R extends { readonly method: string; readonly path: string }> {
  readonly #exact = new Map<string, R>();
  readonly #patterns = new Map<string, Pattern<R>[]>();

  constructor(routes: readonly R[]) {
    for (const route of routes) {
      if (!route.path.includes("{")) {
        this.#exact.set(`${route.method} ${route.path}`, route);
        continue;
      }
      const segments = route.path.split("/");
      const key = `${route.method} ${String(segments.length)}`;
      this.#patterns.set(key, [...(this.#patterns.get(key) ?? []), { route, segments }]);
    }
  }

  find(method: string, path: string): { readonly route: R; readonly ids: readonly string[] } | undefined {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact !== undefined) return { route: exact, ids: [] };
    const given = path.split("/");
    for (const { route, segments } of this.#patterns.get(`${method} ${String(given.length)}`) ?? []) {
      const ids = segments.flatMap((segment, at) => (segment.startsWith("{") ? [given[at] ?? ""] : []));
      if (segments.every((segment, at) => segment.startsWith("{") || segment === given[at]) && ids.every((id) => /^[\w-]+$/u.test(id))) return { route, ids };
    }
    return undefined;
  }
}
