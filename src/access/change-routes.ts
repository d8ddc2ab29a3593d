/** HTTP routes of what changed: the net difference between two moments, and the history row by row, each with who did it as far as the console's log says. */
import Type from "typebox";
import { AccessChangeView } from "../kernel/access-risk-api.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { momentAt } from "../kernel/moments.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import { actorsOf } from "./actors.ts";
import { listChanges } from "./changes.ts";
import { asWritten, changeView, diff } from "./diff.ts";
import { narrowed } from "./list-routes.ts";
import type { AccessRouteDeps } from "./routes.ts";

const BASE = "/api/v1/access";
const Reading = "reads only";
const DEFAULT_PAGE = 100;
const Name = Type.Optional(Type.String({ minLength: 1, maxLength: 400 }));
const Moment = Type.Optional(Type.String({ minLength: 1, maxLength: 60, description: "RFC 3339, with its offset." }));

export function changeRoutes(deps: AccessRouteDeps): readonly Route<Tx>[] {
  const { store, clock, coverage, readings, findConnection } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/diff`,
      summary: "What changed between two moments, net, as NDJSON: a line with the moments of each connection, then one for each change",
      permission: "access.read",
      audit: unaudited(Reading),
      query: Type.Object({ from: Moment, to: Moment, connection: Name, tenant: Name }),
      answer: "stream",
      async handle({ query }, { scope, signal }: RouteContext<Tx>) {
        const from = query.from === undefined ? null : momentAt("query/from", query.from);
        const to = query.to === undefined ? null : momentAt("query/to", query.to);
        if (from !== null && from > (to ?? clock.now())) throw new Fault("CONFIG_INVALID", "query/from lies behind query/to.");
        const connection = query.connection === undefined ? null : await findConnection(scope, query.connection);
        const nameOf = async (id: ConnectionId): Promise<string | null> => (await coverage(store.read, id, scope)).name;
        const lines = diff({ store, readings, nameOf, scope: await narrowed(deps, scope, query.tenant), connection, from, to, now: clock.now(), signal });
        return { contentType: "application/x-ndjson", fileName: "access-diff.ndjson", chunks: linesOf(lines) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/changes`,
      summary: "The history, newest first: every change as it was seen",
      permission: "access.read",
      audit: unaudited(Reading),
      query: Type.Object({ connection: Name, tenant: Name, principal: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: "A principal's id." })), since: Moment, until: Moment, after: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
      answer: Type.Object({ items: Type.Array(AccessChangeView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query: { connection, tenant, principal, since, until, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const rows = await listChanges(store.read, await narrowed(deps, scope, tenant), {
          limit: limit + 1,
          ...(connection === undefined ? {} : { connection: await findConnection(scope, connection) }),
          ...(principal === undefined ? {} : { principal }),
          ...(since === undefined ? {} : { since: momentAt("query/since", since) }),
          ...(until === undefined ? {} : { until: momentAt("query/until", until) }),
          ...(after === undefined ? {} : { before: placeOf(after) }),
        });
        const shown = rows.slice(0, limit);
        const actors = await actorsOf({ db: store.read, kind: store.kind }, shown, clock.now());
        return { items: shown.map((row) => changeView(asWritten(row), actors)), next: rows.length > limit ? String(shown.at(-1)?.seq ?? "") : null };
      },
    }),
  ];
}

function placeOf(after: string): number {
  if (!/^\d{1,15}$/.test(after)) throw wrongPlace();
  return Number(after);
}

async function* linesOf(lines: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}
