/** HTTP routes of what decides about findings: exceptions, thresholds, and the lists of people that users are compared with. */
import Type from "typebox";
import { AccessExceptionDraft, AccessExceptionView, AccessListDraft, AccessListUploaded, AccessListView, AccessThresholdsDraft, AccessThresholdsView } from "../kernel/access-risk-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { momentAt } from "../kernel/moments.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Tx } from "../store/store.ts";
import { addException, endException, exceptionView, listExceptions } from "./exceptions.ts";
import { readPeople } from "./list-csv.ts";
import { allLists, listView, putList, removeList } from "./lists.ts";
import { estatesOf } from "./risk-estate.ts";
import { aboutOf, findFinding } from "./risks.ts";
import type { AccessRouteDeps } from "./routes.ts";
import { setThresholds, thresholdsOf } from "./thresholds.ts";

const BASE = "/api/v1/access/risks";
const Reading = "reads only";
const DEFAULT_PAGE = 100;
const LIST_LIMIT = 64 * 1_048_576;
const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) });

export function riskRecordRoutes(deps: AccessRouteDeps): readonly Route<Tx>[] {
  return [...exceptionRoutes(deps), ...thresholdRoutes(deps), ...peopleRoutes(deps)];
}

function exceptionRoutes({ store, clock }: AccessRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/exceptions`,
      summary: "Findings that are let off, newest first",
      permission: "access.read",
      audit: unaudited(Reading),
      query: Type.Object({ all: Type.Optional(Type.Boolean({ description: "Those that hold no more too." })), after: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
      answer: Type.Object({ items: Type.Array(AccessExceptionView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query: { all, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const now = clock.now();
        const items = await listExceptions(store.read, scope, { limit, ...(all === undefined ? {} : { all }), ...(after === undefined ? {} : { after }) }, now);
        return { items: items.map((one) => exceptionView(one, now)), next: items.length < limit ? null : (items.at(-1)?.id ?? null) };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/exceptions`,
      summary: "Let one finding off until a stated end",
      permission: "access.write",
      audit: audited("access-exception.added"),
      body: AccessExceptionDraft,
      answer: AccessExceptionView,
      async handle({ body }, { scope, actor, signal, record }: RouteContext<Tx>) {
        const now = clock.now();
        const endsAt = momentAt("body/endsAt", body.endsAt);
        const finding = await findFinding({ store, scope, now, signal }, body.finding);
        return store.tx(async (tx) => {
          const about = { id: finding.id, risk: finding.risk, tenant: finding.tenant as TenantId, connection: finding.connection as ConnectionId, about: aboutOf(finding) };
          const exception = await addException(tx, { finding: about, owner: body.owner, reason: body.reason, endsAt }, actor.id, now);
          await record(tx, { subject: exception.id, tenant: exception.tenant, details: { finding: exception.finding, endsAt: body.endsAt } });
          return exceptionView(exception, now);
        });
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/exceptions/:id/end`,
      summary: "End an exception before its time",
      permission: "access.write",
      audit: audited("access-exception.ended"),
      params: ById,
      answer: AccessExceptionView,
      handle: ({ params }, { scope, actor, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const now = clock.now();
          const exception = await endException(tx, scope, params.id, actor.id, now);
          await record(tx, { subject: exception.id, tenant: exception.tenant, details: { finding: exception.finding } });
          return exceptionView(exception, now);
        }),
    }),
  ];
}

function thresholdRoutes({ store, clock, findTenant }: AccessRouteDeps): readonly Route<Tx>[] {
  /** Null = for all tenants, which whoever sees only some may look at and not set. */
  const owner = async (db: Database, scope: TenantScope, reference: string | null | undefined): Promise<TenantId | null> => (typeof reference === "string" ? findTenant(db, scope, reference) : (onlyTenant(scope) ?? null));
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/thresholds`,
      summary: "From when on something counts as a risk",
      permission: "access.read",
      audit: unaudited(Reading),
      query: Type.Object({ tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) }),
      answer: AccessThresholdsView,
      async handle({ query }, { scope }: RouteContext<Tx>) {
        const tenant = await owner(store.read, scope, query.tenant);
        const { values, set } = await thresholdsOf(store.read, tenant);
        return { tenant, values, set: [...set] };
      },
    }),
    defineRoute({
      method: "PUT",
      path: `${BASE}/thresholds`,
      summary: "Set thresholds for a tenant, or for all",
      permission: "access.write",
      audit: audited("access-thresholds.set"),
      body: AccessThresholdsDraft,
      answer: AccessThresholdsView,
      handle: ({ body }, { scope, actor, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const tenant = await owner(tx.db, scope, body.tenant);
          if (tenant === null && !scope.all) throw new Fault("FORBIDDEN", "A key limited to certain tenants cannot speak for all of them.", { cure: "Name the tenant." });
          await setThresholds(tx, tenant, body.values, actor.id, clock.now());
          await record(tx, { subject: tenant ?? "all-tenants", tenant, details: { thresholds: Object.keys(body.values).join(", ") } });
          const { values, set } = await thresholdsOf(tx.db, tenant);
          return { tenant, values, set: [...set] };
        }),
    }),
  ];
}

function onlyTenant(scope: TenantScope): TenantId | undefined {
  return scope.all || scope.tenants.length !== 1 ? undefined : scope.tenants[0];
}

/** The caller's one tenant, or the one whose principals there are. */
async function tenantInHand(db: Database, scope: TenantScope): Promise<TenantId | undefined> {
  const tenants = new Set((await estatesOf(db, scope, null)).map(({ tenant }) => tenant));
  return onlyTenant(scope) ?? (tenants.size === 1 ? [...tenants][0] : undefined);
}

function peopleRoutes({ store, clock, findTenant }: AccessRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/lists`,
      summary: "Lists of people that users are compared with",
      permission: "access.read",
      audit: unaudited(Reading),
      answer: Type.Object({ items: Type.Array(AccessListView), next: Type.Null() }),
      handle: async (_input, { scope }: RouteContext<Tx>) => ({ items: (await allLists(store.read, scope)).map(listView), next: null }),
    }),
    defineRoute({
      method: "PUT",
      path: `${BASE}/lists`,
      summary: "Upload a list of people as CSV, in the place of one of that name; addresses are kept and nothing else of it",
      permission: "access.write",
      audit: audited("access-list.uploaded"),
      body: AccessListDraft,
      bodyLimit: LIST_LIMIT,
      answer: AccessListUploaded,
      async handle({ body }, { scope, actor, record }: RouteContext<Tx>) {
        const name = body.name.trim();
        if (name === "") throw new Fault("CONFIG_INVALID", "body/name is empty.");
        const read = readPeople(body.csv, { skipUnreadable: body.skipUnreadable === true });
        return store.tx(async (tx) => {
          const tenant = body.tenant === undefined ? await tenantInHand(tx.db, scope) : await findTenant(tx.db, scope, body.tenant);
          if (tenant === undefined) throw new Fault("CONFIG_INVALID", "Whose people are these?", { cure: "Name the tenant; `vedette tenants list` shows them." });
          const row = await putList(tx, { tenant, kind: body.kind, name, people: read.people }, actor.id, clock.now());
          await record(tx, { subject: row.id, tenant, details: { name, kind: body.kind, entries: row.entries, gone: row.gone } });
          const { people: _people, columns, remarks, ...counts } = read;
          return { list: listView(row), columns: { ...columns, addresses: [...columns.addresses] }, ...counts, remarks: remarks.map((one) => ({ ...one })) };
        });
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/lists/:id`,
      summary: "Forget a list of people (id or name)",
      permission: "access.write",
      audit: audited("access-list.removed"),
      params: ById,
      answer: AccessListView,
      handle: ({ params }, { scope, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const row = await removeList(tx, scope, params.id);
          await record(tx, { subject: row.id, tenant: row.tenant_id, details: { name: row.name } });
          return listView(row);
        }),
    }),
  ];
}
