/** HTTP routes by which providers are set up. */
import Type from "typebox";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { readDuration } from "../kernel/durations.ts";
import { ProviderAdded, ProviderDraft, ProviderEdit, ProviderRotation, ProviderView } from "../kernel/posture-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import type { Secret } from "../kernel/secret.ts";
import type { TenantId } from "../kernel/ids.ts";
import { oneByReference } from "../kernel/reference.ts";
import type { Tx } from "../store/store.ts";
import { CLOUDFLARE_PATH } from "./cloudflare.ts";
import { ownerOf } from "./owner.ts";
import { addProvider, changeProvider, findProvider, LONGEST_OVERLAP_MS, listProviders, removeProvider, rotateProvider, type Provider } from "./providers-store.ts";
import type { PostureRouteDeps } from "./routes.ts";
import { liveRules } from "./rules-store.ts";

const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200, description: "Id, or name where it is the only one." }) });
const BASE = "/api/v1/posture/providers";

export function providerRoutes({ store, clock, findTenant, accessKeys, baseUrl }: PostureRouteDeps): readonly Route<Tx>[] {
  const added = (provider: Provider, secret: Secret): ProviderAdded => ({ provider: providerView(provider), url: `${baseUrl().replace(/\/+$/, "")}${CLOUDFLARE_PATH}`, client_id: provider.clientId, client_secret: secret.reveal() });
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
          const rules = await chosenRules(tx, tenant, body.rules ?? null);
          const { provider, secret } = await addProvider(tx, { kind: body.kind, name: body.name ?? "cloudflare", tenant, access, scores, rules, createdBy: actor.id }, clock.now());
          await record(tx, { subject: provider.id, tenant, details: { kind: provider.kind, name: provider.name, rules: rules === null ? "all" : rules.length } });
          return added(provider, secret);
        });
      },
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/:id`,
      summary: "Change a provider's name, scores, or the rules that count for it",
      permission: "posture.write",
      audit: audited("provider.changed"),
      params: ById,
      body: ProviderEdit,
      answer: ProviderView,
      handle: ({ params, body }, { scope, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const { tenant } = await findProvider(tx.db, scope, params.id);
          const { name, scores, rules } = body;
          const given = Object.fromEntries(Object.entries(scores ?? {}).filter(([, score]) => score !== undefined));
          const provider = await changeProvider(tx, scope, params.id, { ...(name === undefined ? {} : { name }), scores: given, ...(rules === undefined ? {} : { rules: await chosenRules(tx, tenant, rules) }) });
          await record(tx, { subject: provider.id, tenant, details: { name: provider.name, rules: provider.rules === null ? "all" : provider.rules.length, ...provider.scores } });
          return providerView(provider);
        }),
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/:id/rotate`,
      summary: "Give a provider another secret, shown this once; the one before ends at once, or after a stated overlap",
      permission: "posture.write",
      audit: audited("provider.rotated"),
      params: ById,
      body: ProviderRotation,
      answer: ProviderAdded,
      async handle({ params, body }, { scope, record }: RouteContext<Tx>) {
        const overlapMs = overlapOf(body.overlap);
        return store.tx(async (tx) => {
          const { provider, secret } = await rotateProvider(tx, scope, params.id, overlapMs, clock.now());
          await record(tx, { subject: provider.id, tenant: provider.tenant, details: { name: provider.name, overlapMs } });
          return added(provider, secret);
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

/** Nought where none is stated. */
function overlapOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = readDuration(text);
  if (ms === null || ms > LONGEST_OVERLAP_MS) throw new Fault("CONFIG_INVALID", "`overlap` is a whole number of minutes or hours such as 30m or 24h, at most 168h.", { cure: "Leave it out, and the secret before ends at once." });
  return ms;
}

/** Ids of rules that may speak of the provider's devices; who chooses none of them lets nobody in. */
async function chosenRules(tx: Tx, tenant: TenantId | null, references: readonly string[] | null): Promise<readonly string[] | null> {
  if (references === null) return null;
  const live = await liveRules(tx.db, tenant === null ? EVERY_TENANT : onlyTenants(tenant));
  const ids = references.map((reference) => oneByReference(live.filter(({ id, name }) => id === reference || name === reference), reference, "posture rule", "vedette posture rules list").id);
  return [...new Set(ids)];
}

function providerView(provider: Provider): ProviderView {
  const { access, createdAt, askedAt, previousUntil, rules, scores, ...rest } = provider;
  return { ...rest, rules: rules === null ? null : [...rules], previousUntil: previousUntil === null ? null : isoTime(previousUntil), team: access?.team ?? null, audience: access?.audience ?? null, scores: { ...scores }, createdAt: isoTime(createdAt), askedAt: askedAt === null ? null : isoTime(askedAt) };
}
