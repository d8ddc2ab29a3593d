/** HTTP routes of tenants and of the sites mapped to them. */
import Type from "typebox";
import { SiteMapping, TenantQuery, TenantView } from "../kernel/api.ts";
import { Fault } from "../kernel/fault.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Sites } from "./sites.ts";
import type { Tenants } from "./tenants.ts";

const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200, description: "Id or name." }) });
const Name = Type.String({ maxLength: 400 });
const Mappings = Type.Object({ items: Type.Array(SiteMapping), next: Type.Null() });
const SitesOfOne = Type.Object({ connection: Type.String({ minLength: 1, maxLength: 200 }), sites: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 1000 }) });
const Reading = "reads only";
const BASE = "/api/v1/tenants";

export function tenantRoutes(store: Store, tenants: Tenants, sites: Sites): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Tenants, by name",
      permission: "tenants.read",
      audit: unaudited(Reading),
      query: TenantQuery,
      answer: Type.Object({ items: Type.Array(TenantView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query }, context: RouteContext<Tx>) {
        const { items, next } = await tenants.list(context.scope, query);
        return { items: [...items], next };
      },
    }),
    defineRoute({
      method: "POST",
      path: BASE,
      summary: "A new tenant",
      permission: "tenants.write",
      audit: audited("tenant.created"),
      body: Type.Object({ name: Name }),
      answer: TenantView,
      handle: ({ body }, context: RouteContext<Tx>) => tenants.create(context.scope, body.name, context.record),
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/:id`,
      summary: "Rename a tenant, or (`leaving: false`) take back that it is leaving",
      permission: "tenants.write",
      audit: audited("tenant.changed"),
      params: ById,
      body: Type.Object({ name: Type.Optional(Name), leaving: Type.Optional(Type.Literal(false)) }),
      answer: TenantView,
      async handle({ params, body }, context: RouteContext<Tx>) {
        if ((body.name === undefined) === (body.leaving === undefined)) throw new Fault("CONFIG_INVALID", "Give either `name` or `leaving`.");
        return body.name === undefined ? tenants.stay(context.scope, params.id, context.record) : tenants.rename(context.scope, params.id, body.name, context.record);
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/:id`,
      summary: "Stop reading a tenant now and purge it after the delay",
      permission: "tenants.write",
      audit: audited("tenant.leaving"),
      params: ById,
      body: Type.Object({ confirm: Name }),
      answer: TenantView,
      handle: ({ params, body }, context: RouteContext<Tx>) => tenants.leave(context.scope, params.id, body.confirm, context.record),
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/export`,
      summary: "Everything of one tenant as NDJSON, tokens excepted",
      permission: "tenants.write",
      audit: audited("tenant.exported"),
      params: ById,
      answer: "stream",
      async handle({ params }, context: RouteContext<Tx>) {
        const tenant = await tenants.get(context.scope, params.id);
        await store.tx((tx) => context.record(tx, { subject: tenant.id, tenant: tenant.id }));
        return { contentType: "application/x-ndjson", fileName: `vedette-${tenant.id}.ndjson`, chunks: tenants.exportLines(context.scope, tenant.id, context.signal) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/sites`,
      summary: "Sites given to a tenant",
      permission: "tenants.read",
      audit: unaudited(Reading),
      params: ById,
      answer: Mappings,
      handle: async ({ params }, context: RouteContext<Tx>) => ({ items: [...(await sites.ofTenant(context.scope, params.id))], next: null }),
    }),
    defineRoute({
      method: "PUT",
      path: `${BASE}/:id/sites`,
      summary: "Give sites of a console to a tenant, beside those it has",
      permission: "tenants.write",
      audit: audited("sites.mapped"),
      params: ById,
      body: SitesOfOne,
      answer: Mappings,
      handle: async ({ params, body }, context: RouteContext<Tx>) => ({ items: Array.from(await sites.map(context.scope, params.id, body.connection, body.sites, context.record)), next: null }),
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/:id/sites`,
      summary: "Take sites away from a tenant",
      permission: "tenants.write",
      audit: audited("sites.unmapped"),
      params: ById,
      body: SitesOfOne,
      answer: Mappings,
      handle: async ({ params, body }, context: RouteContext<Tx>) => ({ items: [...(await sites.unmap(context.scope, params.id, body.connection, body.sites, context.record))], next: null }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/connections/:id/sites",
      summary: "Mirrored sites of a connection by name, each with the tenant it was given to",
      permission: "tenants.read",
      audit: unaudited(Reading),
      params: ById,
      query: Type.Object({ text: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Part of the site's name or id, or of its account's name." })), after: Type.Optional(Type.String({ minLength: 1, maxLength: 2000, description: "`next` of the page before." })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
      answer: Type.Object({ items: Type.Array(SiteMapping), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ params, query: { text, after, limit = 200 } }, context: RouteContext<Tx>) {
        const { items, next } = await sites.ofConnection(context.scope, params.id, { limit, ...(text === undefined ? {} : { text }), ...(after === undefined ? {} : { after }) });
        return { items: [...items], next };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/sites/unassigned",
      summary: "Mirrored sites that no tenant was given",
      permission: "tenants.read",
      audit: unaudited(Reading),
      answer: Mappings,
      handle: async (_input, context: RouteContext<Tx>) => ({ items: [...(await sites.unassigned(context.scope))], next: null }),
    }),
  ];
}
