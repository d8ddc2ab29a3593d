/** What the REST paths under `/web/api/v2.1` answer: finds the route, checks who asks, lets it answer. */
import type { Answer } from "../errors.ts";
import { requirePermission } from "../tokens.ts";
import { AGENT_ROUTES } from "./agent-routes.ts";
import { LIST_ROUTES } from "./list-routes.ts";
import { PLACE_ROUTES } from "./place-routes.ts";
import { refusal } from "./refusals.ts";
import { RouteTable, type RestConsole, type RestRequest, type Route } from "./route.ts";
import { OPEN_ROUTES, SESSION_ROUTES } from "./session-routes.ts";
import { THREAT_ROUTES } from "./threat-routes.ts";

export type { RestConsole, RestRequest } from "./route.ts";

/** Every route that asks for a token. */
export const ROUTES: readonly Route[] = [...LIST_ROUTES, ...SESSION_ROUTES, ...THREAT_ROUTES, ...AGENT_ROUTES, ...PLACE_ROUTES];

const OPEN = new RouteTable(OPEN_ROUTES);
const SIGNED_IN = new RouteTable(ROUTES);

/** Answers one request, or throws an ApiError. */
export function answerRest(console: RestConsole, request: RestRequest): Answer {
  const open = OPEN.find(request.method, request.path);
  if (open !== undefined) return open.route.answer(console, request);
  const caller = console.tokens.authenticate(request.authorization);
  const found = SIGNED_IN.find(request.method, request.path);
  if (found === undefined) throw refusal(request.method, request.path);
  requirePermission(caller, ...found.route.needs);
  return found.route.answer({ console, request, caller, ids: found.ids });
}
