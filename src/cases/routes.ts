/** HTTP routes of cases: the queue, one with everything about it, its members page by page, changes by people, and files of them. */
import Type from "typebox";
import { CaseDetail, CaseExportQuery, CaseList, CaseMemberList, CasePlotQuery, CaseQuery, CaseShowQuery, CaseUpdate, CaseView, CaseVolumeQuery, type EntityKind } from "../kernel/case-api.ts";
import type { Clock } from "../kernel/clock.ts";
import { csvRow } from "../kernel/csv.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { Techniques, Volume } from "../kernel/plot-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { eventView } from "./events.ts";
import { kindOf, valueOf } from "./links.ts";
import { caseTechniques, caseVolume } from "./plots.ts";
import { entitiesOf, everyCase, findCases, linksOfCase, membersPage, oneCase, relatedTo, timelineOf, twinsOf, type CaseFilter } from "./queries.ts";
import type { MemberRow } from "./tables.ts";
import type { TakePorts } from "./take.ts";
import { updateCase } from "./update.ts";
import { caseView, entityView, memberView, statusOf, verdictOf } from "./views.ts";

const BASE = "/api/v1/cases";
const Reading = "reads only";
const DEFAULT_PAGE = 100;
const TIMELINE_PAGE = 50;
const SHOWN_MEMBERS = 20;
const SHOWN_ENTITIES = 25;
const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) });
const ENTITIES: readonly EntityKind[] = ["device", "user", "file", "process"];
const INDICATORS: readonly EntityKind[] = ["sha1", "sha256", "md5", "address", "domain", "command-line", "signer", "technique"];

export interface CaseRouteDeps extends TakePorts {
  readonly store: Store;
  readonly clock: Clock;
  /** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findTenant: (db: Database, scope: TenantScope, reference: string) => Promise<TenantId>;
}

export function queueRoutes(deps: CaseRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Cases, those with the newest alerts first; the open ones where nothing else is asked for",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: CaseQuery,
      answer: CaseList,
      async handle({ query: { tenant, after, limit = DEFAULT_PAGE, ...given } }, { scope }: RouteContext<Tx>) {
        const { rows, next } = await findCases(store, await narrowed(deps, scope, tenant), filterOf(given), { after, limit });
        return { items: rows.map(caseView), next };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/export`,
      summary: "Cases as NDJSON or CSV, oldest first",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: CaseExportQuery,
      answer: "stream",
      async handle({ query: { tenant, format = "ndjson", ...given } }, { scope, signal }: RouteContext<Tx>) {
        const rows = everyCase(store, await narrowed(deps, scope, tenant), filterOf(given), signal);
        if (format === "csv") return { contentType: "text/csv; charset=utf-8", fileName: "vedette-cases.csv", chunks: csvOf(rows) };
        return { contentType: "application/x-ndjson; charset=utf-8", fileName: "vedette-cases.ndjson", chunks: linesOf(rows) };
      },
    }),
    ...plotRoutes(deps),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id`,
      summary: "One case: what it is about, its gravest alerts, what holds them together, and what became of it",
      permission: "cases.read",
      audit: unaudited(Reading),
      params: ById,
      query: CaseShowQuery,
      answer: CaseDetail,
      async handle({ params, query: { after, limit = TIMELINE_PAGE } }, { scope }: RouteContext<Tx>) {
        const row = await oneCase(store.read, scope, params.id);
        const links = await linksOfCase(store.read, row.grp);
        const entities = await entitiesOf(store.read, row.grp, ENTITIES, SHOWN_ENTITIES);
        const indicators = await entitiesOf(store.read, row.grp, INDICATORS, SHOWN_ENTITIES);
        const members = await membersPage(store.read, row.grp, { limit: SHOWN_MEMBERS });
        const timeline = await timelineOf(store.read, row.id, { after, limit });
        const shown = caseView(row);
        return {
          case: shown,
          merged: row.id === params.id ? null : params.id,
          entities: entities.items.map(entityView),
          entitiesLeft: entities.left,
          indicators: indicators.items.map(entityView),
          indicatorsLeft: indicators.left,
          members: await memberViews(deps, members.rows),
          membersLeft: Math.max(0, shown.alerts - members.rows.length),
          links: links.map(({ key, n }) => ({ kind: kindOf(key), value: valueOf(key), alerts: n })),
          related: (await relatedTo(store, row, links)).map((other) => ({ id: other.id, title: other.title, status: statusOf(other), verdict: verdictOf(other), lastAt: caseView(other).lastAt })),
          timeline: timeline.rows.map(eventView),
          next: timeline.next,
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/members`,
      summary: "The alerts of a case, gravest first, each with the way to its record",
      permission: "cases.read",
      audit: unaudited(Reading),
      params: ById,
      query: CaseShowQuery,
      answer: CaseMemberList,
      async handle({ params, query: { after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const { grp } = await oneCase(store.read, scope, params.id);
        const { rows, next } = await membersPage(store.read, grp, { after, limit });
        return { items: await memberViews(deps, rows), next };
      },
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/:id`,
      summary: "Change what people decide of a case: status, owner, verdict, severity, a note",
      permission: "cases.write",
      audit: audited("case.updated"),
      params: ById,
      body: CaseUpdate,
      answer: CaseView,
      async handle({ params, body }, { scope, actor, record }: RouteContext<Tx>) {
        return store.tx(async (tx) => {
          const { row, done } = await updateCase(tx, scope, params.id, body, deps, { who: actor.name, now: clock.now() });
          // A note's text is the case's, not the log's.
          const { status = null, owner = null, verdict = null, severity = null } = body;
          await record(tx, { subject: row.id, tenant: row.tenant_id, details: { changed: done.join(",") || "nothing", status, owner, verdict, severity } });
          return caseView(row);
        });
      },
    }),
  ];
}

const DEFAULT_DAYS = 30;

function plotRoutes(deps: CaseRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/volume`,
      summary: "How many cases there were, by the day of their newest alert and by severity",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: CaseVolumeQuery,
      answer: Volume,
      async handle({ query: { tenant, days = DEFAULT_DAYS, ...given } }, { scope }: RouteContext<Tx>) {
        return caseVolume(store, await narrowed(deps, scope, tenant), given, days, clock.now());
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/techniques`,
      summary: "Techniques of ATT&CK in the newest cases, by tactic, with how many cases each was seen in",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: CasePlotQuery,
      answer: Techniques,
      async handle({ query: { tenant, ...given } }, { scope }: RouteContext<Tx>) {
        return caseTechniques(store, await narrowed(deps, scope, tenant), given);
      },
    }),
  ];
}

async function narrowed({ store, findTenant }: CaseRouteDeps, scope: TenantScope, tenant: string | undefined): Promise<TenantScope> {
  return tenant === undefined ? scope : onlyTenants(await findTenant(store.read, scope, tenant));
}

function filterOf({ since, ...given }: Omit<CaseFilter, "since"> & { readonly since?: string | undefined }): CaseFilter {
  return { ...given, since: since === undefined ? undefined : momentAt(since) };
}

function momentAt(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new Fault("CONFIG_INVALID", "query/since is no time like 2027-01-31T00:00:00Z or 2027-01-31.");
  return ms;
}

async function memberViews({ store, origin }: CaseRouteDeps, rows: readonly MemberRow[]) {
  const consoles = new Map<string, string | null>();
  for (const id of new Set(rows.map((row) => row.connection_id))) consoles.set(id, (await origin(store.read, id as ConnectionId)).console);
  const twins = Map.groupBy(await twinsOf(store, rows), ({ seq }) => seq);
  return rows.map((row) => memberView(row, consoles.get(row.connection_id) ?? null, twins.get(row.seq) ?? []));
}

type Rows = ReturnType<typeof everyCase>;

async function* linesOf(rows: Rows): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(caseView(row))}\n`;
}

const COLUMNS = Object.keys(CaseView.properties) as readonly (keyof CaseView)[];

async function* csvOf(rows: Rows): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  for await (const row of rows) {
    const view = caseView(row);
    yield csvRow(COLUMNS.map((column) => (column === "products" ? view.products.join(" ") : view[column])));
  }
}
