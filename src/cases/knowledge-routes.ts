/** HTTP routes of knowledge: what a tenant knows of indicators, and what holds for all of them. */
import { sql } from "kysely";
import Type from "typebox";
import { KnowledgeChange, KnowledgeDraft, KnowledgeExportQuery, KnowledgeImport, KnowledgeImported, KnowledgeList, KnowledgeQuery, KnowledgeView } from "../kernel/case-knowledge-api.ts";
import { fieldsOf } from "../kernel/reading.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { CSV_HEADER, csvLine, draftAt, ndjsonLine, readKnowledge } from "./knowledge-file.ts";
import { addEntry, editEntry, everyEntry, findKnowledge, importEntries, knowledgeView, oneEntry, removeEntry, visibleTo } from "./knowledge-store.ts";
import type { CaseRouteDeps } from "./routes.ts";
import type { KnowledgeRow } from "./triage-tables.ts";
import { askedOf, assertMayChange, targetOf, tenantShown } from "./triage-target.ts";

const BASE = "/api/v1/cases/knowledge";
const Reading = "reads only";
const DEFAULT_PAGE = 100;
const IMPORT_LIMIT = 32 * 1_048_576;
const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) });

export function knowledgeRoutes(deps: CaseRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "What is known of indicators, newest first: the tenants' own, and what holds for all",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: KnowledgeQuery,
      answer: KnowledgeList,
      async handle({ query: { tenant, after, limit = DEFAULT_PAGE, ...filter } }, { scope }: RouteContext<Tx>) {
        const { rows, next } = await findKnowledge(store.read, visibleTo(await narrowed(deps, scope, tenant)), filter, { after, limit });
        const now = clock.now();
        return { items: rows.map((row) => knowledgeView(row, scope, now)), next };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/export`,
      summary: "What is known of indicators as NDJSON or CSV, as import takes it: of the tenant named, or the caller's only one; else what holds for all",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: KnowledgeExportQuery,
      answer: "stream",
      async handle({ query: { tenant, format = "ndjson", ...filter } }, context: RouteContext<Tx>) {
        const { scope, signal } = context;
        // Of one owner, as they are taken in: what a tenant knows may be known for all as well.
        const rows = everyEntry(store.read, sql<boolean>`tenant_id = ${await askedOf(deps, context, tenant)}`, filter, signal);
        const contentType = format === "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8";
        return { contentType, fileName: `vedette-knowledge.${format}`, chunks: linesOf(rows, format, scope, clock.now()) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id`,
      summary: "One entry",
      permission: "cases.read",
      audit: unaudited(Reading),
      params: ById,
      answer: KnowledgeView,
      handle: async ({ params }, { scope }: RouteContext<Tx>) => knowledgeView(await oneEntry(store.read, scope, params.id), scope, clock.now()),
    }),
    defineRoute({
      method: "POST",
      path: BASE,
      summary: "Say what you know of an indicator, for a tenant or for all; open cases are looked at again in the background",
      permission: "cases.write",
      audit: audited("case-knowledge.added"),
      body: KnowledgeDraft,
      answer: KnowledgeView,
      async handle({ body: { tenant: reference, ...given } }, context: RouteContext<Tx>) {
        const tenant = await targetOf(deps, context, reference);
        const place = { path: "body", value: given };
        const draft = draftAt(place, fieldsOf(place, ["type", "indicator", "meaning", "text", "expiresAt"], "An entry"));
        return changing(context, tenant, "added", (tx, now) => addEntry(tx, tenant, draft, { by: context.actor.name, now }));
      },
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/:id`,
      summary: "Change what is known: its meaning, text or expiry",
      permission: "cases.write",
      audit: audited("case-knowledge.changed"),
      params: ById,
      body: KnowledgeChange,
      answer: KnowledgeView,
      async handle({ params, body }, context: RouteContext<Tx>) {
        return changing(context, null, "changed", async (tx, now) => editEntry(tx, await changeable(tx, context, params.id), body, { by: context.actor.name, now }));
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/:id`,
      summary: "Take an entry away",
      permission: "cases.write",
      audit: audited("case-knowledge.removed"),
      params: ById,
      answer: KnowledgeView,
      async handle({ params }, context: RouteContext<Tx>) {
        return changing(context, null, "removed", async (tx) => {
          const row = await changeable(tx, context, params.id);
          await removeEntry(tx, row);
          return row;
        });
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/import`,
      summary: "Take in entries from NDJSON or CSV, all or none; an indicator that is there takes over meaning, text and expiry",
      permission: "cases.write",
      audit: audited("case-knowledge.imported"),
      body: KnowledgeImport,
      bodyLimit: IMPORT_LIMIT,
      answer: KnowledgeImported,
      async handle({ body }, context: RouteContext<Tx>) {
        const tenant = await targetOf(deps, context, body.tenant);
        const drafts = readKnowledge(body.format, body.text);
        return store.tx(async (tx) => {
          const done = await importEntries(tx, tenant, drafts, { by: context.actor.name, now: clock.now() });
          await context.record(tx, { subject: "knowledge", tenant: tenantShown(tenant), details: { ...done } });
          return { tenant: tenantShown(tenant), ...done };
        });
      },
    }),
  ];

  /** The text is the entry's, not the log's. */
  async function changing(context: RouteContext<Tx>, tenant: string | null, what: string, work: (tx: Tx, now: number) => Promise<KnowledgeRow>): Promise<KnowledgeView> {
    const now = clock.now();
    return store.tx(async (tx) => {
      const row = await work(tx, now);
      await context.record(tx, { subject: row.id, tenant: tenantShown(tenant ?? row.tenant_id), details: { change: what, type: row.type, indicator: row.indicator, meaning: row.meaning, version: row.version } });
      return knowledgeView(row, context.scope, now);
    });
  }
}

async function changeable(tx: Tx, context: RouteContext<Tx>, id: string): Promise<KnowledgeRow> {
  const row = await oneEntry(tx.db, context.scope, id);
  assertMayChange(context, row.tenant_id);
  return row;
}

async function narrowed({ store, findTenant }: CaseRouteDeps, scope: TenantScope, tenant: string | undefined): Promise<TenantScope> {
  return tenant === undefined ? scope : onlyTenants(await findTenant(store.read, scope, tenant));
}

async function* linesOf(rows: ReturnType<typeof everyEntry>, format: "ndjson" | "csv", scope: TenantScope, now: number): AsyncGenerator<string> {
  if (format === "csv") yield CSV_HEADER;
  for await (const row of rows) {
    const view = knowledgeView(row, scope, now);
    yield format === "csv" ? csvLine(view) : ndjsonLine(view);
  }
}
