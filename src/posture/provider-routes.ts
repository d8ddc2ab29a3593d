/** HTTP routes by which providers are set up. */
import Type from "typebox";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { ProviderAdded, ProviderDraft, ProviderView } from "../kernel/posture-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import { CLOUDFLARE_PATH } from "./cloudflare.ts";
import { ownerOf } from "./owner.ts";
import { addProvider, findProvider, listProviders, removeProvider, type Provider } from "./providers-store.ts";
import type { PostureRouteDeps } from "./routes.ts";

const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200, description: "Id, or name where it is the only one." }) });
const BASE = "/api/v1/posture/providers";

export function providerRoutes({ store, clock, findTenant, accessKeys, baseUrl }: PostureRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Access products that ask in words of their own",
      permission: "posture.read",
      audit: unaudited("reads only"),
      answer: Type.Object({ items: Type.Array(ProviderView), next: Type.Null() }),
      handle: async (_input, { scope }: RouteContext<Tx>) => ({ items: (await listProviders(store.read, scope)).map(providerView), next: null }),
    }),
    defineRoute({
      method: "POST",
      path: BASE,
      summary: "Add a provider; its secret is shown this once",
      permission: "posture.write",
      audit: audited("provider.added"),
      body: ProviderDraft,
      answer: ProviderAdded,
      async handle({ body }, { scope, actor, record }: RouteContext<Tx>) {
        if ((body.team === undefined) !== (body.audience === undefined)) throw new Fault("CONFIG_INVALID", "`team` and `audience` belong together: both, or neither.");
        const access = body.team === undefined || body.audience === undefined ? null : { team: accessKeys.team(body.team), audience: body.audience.trim() };
        const scores = { pass: body.scores?.pass ?? 100, warn: body.scores?.warn ?? 60, fail: body.scores?.fail ?? 0 };
        return store.tx(async (tx) => {
          const tenant = await ownerOf(tx.db, scope, body.tenant, findTenant);
          const { provider, secret } = await addProvider(tx, { kind: body.kind, name: body.name ?? "cloudflare", tenant, access, scores, createdBy: actor.id }, clock.now());
          await record(tx, { subject: provider.id, tenant, details: { kind: provider.kind, name: provider.name } });
          return { provider: providerView(provider), url: `${baseUrl().replace(/\/+$/, "")}${CLOUDFLARE_PATH}`, client_id: provider.clientId, client_secret: secret.reveal() };
        });
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id`,
      summary: "One provider",
      permission: "posture.read",
      audit: unaudited("reads only"),
      params: ById,
      answer: ProviderView,
      handle: async ({ params }, { scope }: RouteContext<Tx>) => providerView(await findProvider(store.read, scope, params.id)),
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/:id`,
      summary: "Remove a provider; it is turned away from the next request on",
      permission: "posture.write",
      audit: audited("provider.removed"),
      params: ById,
      answer: ProviderView,
      handle: ({ params }, { scope, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const provider = await removeProvider(tx, scope, params.id);
          await record(tx, { subject: provider.id, tenant: provider.tenant, details: { name: provider.name } });
          return providerView(provider);
        }),
    }),
  ];
}

function providerView(provider: Provider): ProviderView {
  const { access, createdAt, askedAt, scores, ...rest } = provider;
  return { ...rest, team: access?.team ?? null, audience: access?.audience ?? null, scores: { ...scores }, createdAt: isoTime(createdAt), askedAt: askedAt === null ? null : isoTime(askedAt) };
}
