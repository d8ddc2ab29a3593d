/** HTTP routes of alerts: the list, one with its history, its record as it came, and the versions as they come. */
import Type, { type Static } from "typebox";
import { ALERT_STANDARDS, AlertDetail, AlertExportQuery, AlertList, AlertQuery, AlertShowQuery, AlertView, AlertVolumeQuery, VersionList, VersionQuery, type AlertStandard, type EventStream } from "../kernel/alert-api.ts";
import { csvRow } from "../kernel/csv.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { Fault } from "../kernel/fault.ts";
import { Volume } from "../kernel/plot-api.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, type TenantScope } from "../kernel/scope.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { sectionsOf } from "./detail.ts";
import type { Origin } from "./facts.ts";
import { linkOf } from "./links.ts";
import { alertVolume } from "./plots.ts";
import { findItems, findLog, findVersions, historyOf, seqOf, sitesNamed, type Filter, type ItemFilter } from "./queries.ts";
import { oneRecord, recordOf, type FoundRecord } from "./records.ts";
import { itemView, logView, versionView } from "./views.ts";

const BASE = "/api/v1/alerts";
const Reading = "reads only";
const DEFAULT_PAGE = 100;
const DEFAULT_DAYS = 30;
const HISTORY_PAGE = 50;
const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 512 }) });
const WHICH = { stream: AlertShowQuery.properties.stream, connection: AlertShowQuery.properties.connection } as const;
const Which = Type.Object(WHICH);
const DocumentQuery = Type.Object({ as: Type.Optional(Type.Enum([...ALERT_STANDARDS], { description: "`ecs` when left out; `sekoia`: ECS as Sekoia's own intakes write it." })), ...WHICH });
/** Rows of a file that are asked for at a time. */
const FILE_PAGE = 500;

export interface AlertRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly origin: (db: Database, connection: ConnectionId) => Promise<Origin>;
  /** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findTenant: (db: Database, scope: TenantScope, reference: string) => Promise<TenantId>;
  /** The id of a connection the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findConnection: (scope: TenantScope, reference: string) => Promise<ConnectionId>;
  /** A record as a document of a standard, one line of JSON; a Fault where it cannot be written so. */
  readonly document: (record: { readonly stream: EventStream; readonly raw: string; readonly console: string | null }, as: AlertStandard) => string;
}

export function alertRoutes(deps: AlertRouteDeps): readonly Route<Tx>[] {
  const { store, origin } = deps;
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Alerts, newest first",
      permission: "alerts.read",
      audit: unaudited(Reading),
      query: AlertQuery,
      answer: AlertList,
      async handle({ query: { limit = DEFAULT_PAGE, ...given } }, { scope }: RouteContext<Tx>) {
        return (await asked(deps, scope, given))(limit, given.after);
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/export`,
      summary: "Alerts as NDJSON or CSV, newest first",
      permission: "alerts.read",
      audit: unaudited(Reading),
      query: AlertExportQuery,
      answer: "stream",
      async handle({ query: { format = "ndjson", ...given } }, { scope, signal }: RouteContext<Tx>) {
        const rows = everyAlert(await asked(deps, scope, given), signal);
        if (format === "csv") return { contentType: "text/csv; charset=utf-8", fileName: "vedette-alerts.csv", chunks: csvOf(rows) };
        return { contentType: "application/x-ndjson; charset=utf-8", fileName: "vedette-alerts.ndjson", chunks: linesOf(rows) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/volume`,
      summary: "How many alerts were detected, by day and by severity",
      permission: "alerts.read",
      audit: unaudited(Reading),
      query: AlertVolumeQuery,
      answer: Volume,
      async handle({ query: { tenant, connection, site, days = DEFAULT_DAYS, ...given } }, { scope: all }: RouteContext<Tx>) {
        const { scope, ...named } = await narrowed(deps, all, { tenant, connection, site });
        return alertVolume(store, scope, { ...given, ...named }, days, deps.clock.now());
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/versions`,
      summary: "Versions of alerts as they come: the newest, or what came after an earlier answer",
      permission: "alerts.read",
      audit: unaudited(Reading),
      query: VersionQuery,
      answer: VersionList,
      async handle({ query: { tenant, connection, site, after, limit = DEFAULT_PAGE, ...given } }, { scope: all }: RouteContext<Tx>) {
        const { scope, ...named } = await narrowed(deps, all, { tenant, connection, site });
        const { rows, next, more } = await findVersions(store, scope, { ...given, ...named, after: seqOf(after), limit });
        return { items: rows.map(versionView), next: String(next), more };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id`,
      summary: "One alert: what the console says of it, and all that became of it, newest first",
      permission: "alerts.read",
      audit: unaudited(Reading),
      params: ById,
      query: AlertShowQuery,
      answer: AlertDetail,
      async handle({ params, query: { stream, connection, after, limit = HISTORY_PAGE } }, { scope }: RouteContext<Tx>) {
        const found = await oneRecord(store, scope, params.id, { stream, connection: connection === undefined ? undefined : await connectionSeen(deps, scope, connection) });
        const { connection_id: id, tenant_id: tenant, stream: of, view } = found;
        const row = await recordOf(store, found);
        const { rows, next } = await historyOf(store, { connection_id: id, stream: of, id: params.id, tenant_id: tenant }, { after, limit });
        const { console } = await origin(store.read, id as ConnectionId);
        return { alert: view, link: linkOf(console, of, params.id), ...sectionsOf(of, row ?? {}), recordGone: row === null, history: rows.map(versionView), next };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/record`,
      summary: "The record as SentinelOne gave it, its details with it: one line of JSON, every digit kept",
      permission: "alerts.read",
      audit: unaudited(Reading),
      params: ById,
      query: Which,
      answer: "stream",
      async handle({ params, query: { stream, connection } }, { scope }: RouteContext<Tx>) {
        const { raw } = await rawOf(deps, scope, params.id, { stream, connection });
        return { contentType: "application/x-ndjson", chunks: oneChunk(`${raw}\n`) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/document`,
      summary: "The record as a document of a standard, as destinations of that format get it: one line of JSON",
      permission: "alerts.read",
      audit: unaudited(Reading),
      params: ById,
      query: DocumentQuery,
      answer: "stream",
      async handle({ params, query: { as = "ecs", stream, connection } }, { scope }: RouteContext<Tx>) {
        const { found, raw } = await rawOf(deps, scope, params.id, { stream, connection });
        const { console } = await origin(store.read, found.connection_id as ConnectionId);
        return { contentType: "application/x-ndjson", chunks: oneChunk(`${deps.document({ stream: found.stream, raw, console }, as)}\n`) };
      },
    }),
  ];
}

type Given = Omit<Static<typeof AlertQuery>, "after" | "limit">;
type PageOf = (limit: number, after: string | undefined) => Promise<AlertList>;

/** What was asked for, with names turned into ids and what contradicts itself refused, before anything is read. */
async function asked(deps: AlertRouteDeps, all: TenantScope, { tenant, connection, site, since, until, ...given }: Given): Promise<PageOf> {
  const { store } = deps;
  const { scope, ...named } = await narrowed(deps, all, { tenant, connection, site });
  const filter: Omit<ItemFilter, "limit"> = { ...given, ...named, since: since === undefined ? undefined : momentAt(since, "since"), until: until === undefined ? undefined : momentAt(until, "until") };
  if (filter.stream === "activities") {
    refuseForLog(given);
    return async (limit, after) => {
      const { rows, next } = await findLog(store, scope, { ...filter, after, limit });
      return { items: rows.map(logView), next };
    };
  }
  return async (limit, after) => {
    const { rows, next } = await findItems(store, scope, { ...filter, after, limit });
    return { items: rows.map(itemView), next };
  };
}

async function* everyAlert(page: PageOf, signal: AbortSignal): AsyncGenerator<AlertView> {
  for (let after: string | undefined; !signal.aborted; ) {
    const { items, next } = await page(FILE_PAGE, after);
    yield* items;
    if (next === null) return;
    after = next;
  }
}

async function* linesOf(rows: AsyncIterable<AlertView>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

const COLUMNS = Object.keys(AlertView.properties) as readonly (keyof AlertView)[];

async function* csvOf(rows: AsyncIterable<AlertView>): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  for await (const row of rows) yield csvRow(COLUMNS.map((column) => (column === "site" ? (row.site?.name ?? row.site?.id ?? null) : row[column])));
}

/** Whoever has sites of a console that is another tenant's names it by the id that their records carry; of any other id they find nothing, like of one that is not there. */
async function connectionSeen({ findConnection }: AlertRouteDeps, scope: TenantScope, reference: string): Promise<ConnectionId> {
  return !scope.all && reference.startsWith("con_") ? (reference as ConnectionId) : findConnection(scope, reference);
}

async function rawOf(deps: AlertRouteDeps, scope: TenantScope, id: string, { stream, connection }: { readonly stream?: EventStream | undefined; readonly connection?: string | undefined }): Promise<{ readonly found: FoundRecord; readonly raw: string }> {
  const found = await oneRecord(deps.store, scope, id, { stream, connection: connection === undefined ? undefined : await connectionSeen(deps, scope, connection) });
  const raw = (await recordOf(deps.store, found))?.["raw"];
  if (typeof raw !== "string") throw new Fault("NOT_FOUND", "The mirror no longer has this record.", { cure: "`vedette alerts show` has what is kept of it." });
  return { found, raw };
}

async function* oneChunk(text: string): AsyncGenerator<string> {
  yield text;
}

async function narrowed(deps: AlertRouteDeps, given: TenantScope, { tenant, connection, site }: { readonly tenant: string | undefined; readonly connection: string | undefined; readonly site: string | undefined }): Promise<{ readonly scope: TenantScope } & Pick<Filter, "sites" | "connection">> {
  const { store, findTenant, findConnection } = deps;
  const scope = tenant === undefined ? given : onlyTenants(await findTenant(store.read, given, tenant));
  return {
    scope,
    ...(connection === undefined ? {} : { connection: await findConnection(scope, connection) }),
    ...(site === undefined ? {} : { sites: await sitesNamed(store, scope, site) }),
  };
}

/** What an entry of the log does not have, so that nobody takes an empty list for an answer. */
function refuseForLog(given: Readonly<Record<string, unknown>>): void {
  const wrong = (["product", "severity", "status", "verdict"] as const).find((name) => given[name] !== undefined);
  if (wrong !== undefined) throw new Fault("CONFIG_INVALID", `Activities have no ${wrong}: query/${wrong} and query/stream=activities exclude each other.`);
}

function momentAt(text: string, name: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new Fault("CONFIG_INVALID", `query/${name} is no time like 2027-01-31T00:00:00Z or 2027-01-31.`);
  return ms;
}

