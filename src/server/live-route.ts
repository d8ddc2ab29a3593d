/** The live stream as a route: server-sent events, which a browser opens again by itself. */
import { EventsQuery } from "../kernel/overview-api.ts";
import type { TenantId } from "../kernel/ids.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import type { Live } from "./live.ts";
import type { Sessions } from "./sessions.ts";

export interface LiveRoutePorts {
  readonly live: Live;
  readonly sessions: Pick<Sessions, "lives">;
  findTenant(scope: TenantScope, reference: string): Promise<TenantId>;
}

export function liveRoute({ live, sessions, findTenant }: LiveRoutePorts): Route<Tx> {
  return defineRoute({
    method: "GET",
    path: "/api/v1/events",
    summary: "What changes while one looks, as server-sent events: `sync`, `connection`, `figures`, and `reload` where something was missed",
    permission: "status.read",
    audit: unaudited("reads only"),
    query: EventsQuery,
    headers: ["last-event-id"],
    answer: "stream",
    async handle({ query: { tenant, once } }, { actor, scope: given, headers, signal, answerHeader }: RouteContext<Tx>) {
      const scope = tenant === undefined ? given : onlyTenants(await findTenant(given, tenant));
      // A proxy that gathers an answer before it hands it on would hold back what is told.
      answerHeader("x-accel-buffering", "no");
      // A connection kept for another request would keep a hub that stops waiting for it.
      answerHeader("connection", "close");
      const chunks = once === true ? live.once(scope) : live.listen({ caller: `${actor.kind} ${actor.id}`, scope, lastEventId: headers["last-event-id"] ?? null, signal, stillAllowed: async () => actor.session === undefined || sessions.lives(actor.session) });
      return { contentType: "text/event-stream; charset=utf-8", chunks };
    },
  });
}
