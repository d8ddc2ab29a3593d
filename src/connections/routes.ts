/** HTTP routes of connections. Tokens in bodies become Secrets in the first line of the handler and go no further as text. */
import Type from "typebox";
import { ConnectionDraft, ConnectionLogLine, ConnectionQuery, ConnectionView, Ok, StreamName, VerifyReport } from "../kernel/api.ts";
import type { TenantId } from "../kernel/ids.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, type TenantScope } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import type { Tx } from "../store/store.ts";
import { expiryCalendar } from "./calendar.ts";
import type { Connections } from "./connections.ts";
import type { ConsoleRules } from "./ports.ts";

const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200, description: "Id, or name where it is the only one." }) });
const TokenText = Type.String({ minLength: 1, maxLength: 16_384 });
const Reading = "reads only";
const BASE = "/api/v1/connections";

const Draft = Type.Object({ ...ConnectionDraft.properties, token: TokenText });
const Edit = Type.Object({
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  labels: Type.Optional(Type.Record(Type.String(), Type.String())),
  owners: Type.Optional(Type.Array(Type.String())),
  streams: Type.Optional(Type.Union([Type.Array(StreamName), Type.Null()])),
  lookBackDays: Type.Optional(Type.Union([ConnectionDraft.properties.lookBackDays, Type.Null({ description: "As the hub does by itself: seven." })])),
  polling: Type.Optional(Type.Union([Type.String({ description: "How often agents are read: `5m`, `10m`, `1h`, `12h` …" }), Type.Null({ description: "As often as the hub does by itself." })])),
});
const Added = Type.Object({ connection: ConnectionView, verify: VerifyReport, warnings: Type.Array(Type.String()) });
const Guide = Type.Array(Type.Object({ title: Type.String(), steps: Type.Array(Type.String()) }));
const End = Type.Null({ description: "There is no further page." });

export function connectionRoutes(connections: Connections, rules: Pick<ConsoleRules, "guide">, findTenant: (scope: TenantScope, reference: string) => Promise<TenantId>): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/verify",
      summary: "Check a console address and a token without saving anything",
      permission: "connections.write",
      audit: unaudited("nothing is stored"),
      body: Type.Object({ url: Type.String({ minLength: 1, maxLength: 2048 }), token: TokenText }),
      answer: VerifyReport,
      handle: ({ body }, context: RouteContext<Tx>) => connections.verifyOnly(body.url, new Secret(body.token), context.signal),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/guide",
      summary: "How to make an API token in the console",
      permission: "status.read",
      audit: unaudited(Reading),
      answer: Guide,
      handle: async (_input, _context: RouteContext<Tx>) => rules.guide.map(({ title, steps }) => ({ title, steps: [...steps] })),
    }),
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Connections, by name",
      permission: "connections.read",
      audit: unaudited(Reading),
      query: ConnectionQuery,
      answer: Type.Object({ items: Type.Array(ConnectionView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query: { tenant, ...asked } }, { scope }: RouteContext<Tx>) {
        const { items, next } = await connections.page(tenant === undefined ? scope : onlyTenants(await findTenant(scope, tenant)), asked);
        return { items: [...items], next };
      },
    }),
    defineRoute({
      method: "POST",
      path: BASE,
      summary: "Verify a console and its token, and save them",
      permission: "connections.write",
      audit: audited("connection.added"),
      body: Draft,
      answer: Added,
      async handle({ body: { token, ...draft } }, context: RouteContext<Tx>) {
        const added = await connections.add(context.scope, { ...draft, token: new Secret(token) }, context.signal, context.record);
        return { ...added, warnings: [...added.warnings] };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id`,
      summary: "One connection",
      permission: "connections.read",
      audit: unaudited(Reading),
      params: ById,
      answer: ConnectionView,
      handle: ({ params }, context: RouteContext<Tx>) => connections.get(context.scope, params.id),
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/:id`,
      summary: "Change name, description, labels, owners, streams, polling frequency or look-back",
      permission: "connections.write",
      audit: audited("connection.changed"),
      params: ById,
      body: Edit,
      answer: ConnectionView,
      handle: ({ params, body }, context: RouteContext<Tx>) => connections.update(context.scope, params.id, body, context.record),
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/:id`,
      summary: "Destroy the token and erase what was mirrored",
      permission: "connections.write",
      audit: audited("connection.removed"),
      params: ById,
      answer: Ok,
      async handle({ params }, context: RouteContext<Tx>) {
        await connections.remove(context.scope, params.id, context.record);
        return { ok: true as const };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/:id/verify`,
      summary: "Verify the stored token again",
      permission: "connections.write",
      audit: audited("connection.verified"),
      params: ById,
      body: Type.Object({ acceptScope: Type.Optional(Type.Boolean()) }),
      answer: VerifyReport,
      handle: ({ params, body }, context: RouteContext<Tx>) => connections.verify(context.scope, params.id, body.acceptScope === true, context.signal, context.record),
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/:id/rotate`,
      summary: "Verify a new token and put it in place of the stored one",
      permission: "connections.write",
      audit: audited("token.rotated"),
      params: ById,
      body: Type.Object({ token: TokenText, force: Type.Optional(Type.Boolean()) }),
      answer: ConnectionView,
      handle: ({ params, body }, context: RouteContext<Tx>) => connections.rotate(context.scope, params.id, new Secret(body.token), body.force === true, context.signal, context.record),
    }),
    ...(["pause", "resume"] as const).map((verb) =>
      defineRoute({
        method: "POST",
        path: `${BASE}/:id/${verb}`,
        summary: verb === "pause" ? "Stop reading; what is mirrored stays" : "Read again, from where it stopped",
        permission: "connections.write",
        audit: audited(`connection.${verb}d`),
        params: ById,
        answer: ConnectionView,
        handle: ({ params }, context: RouteContext<Tx>) => connections.setPaused(context.scope, params.id, verb === "pause", context.record),
      }),
    ),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/log`,
      summary: "What happened to a connection: the newest lines, oldest of them first",
      permission: "connections.read",
      audit: unaudited(Reading),
      params: ById,
      query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })) }),
      answer: Type.Object({ items: Type.Array(ConnectionLogLine), next: End }),
      handle: async ({ params, query }, context: RouteContext<Tx>) => ({ items: [...(await connections.log(context.scope, params.id, query.limit ?? 100))], next: null }),
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/calendar`,
      summary: "The token's end as a calendar file",
      permission: "connections.read",
      audit: unaudited(Reading),
      params: ById,
      answer: "stream",
      async handle({ params }, context: RouteContext<Tx>) {
        const connection = await connections.get(context.scope, params.id);
        return { contentType: "text/calendar; charset=utf-8", fileName: `vedette-${connection.id}.ics`, chunks: once(expiryCalendar(connection)) };
      },
    }),
  ];
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
