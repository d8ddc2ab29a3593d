/** HTTP routes of findings: lists, one with its instances, one instance with its history, figures that add up, and what people decide. */
import Type from "typebox";
import { Fault } from "../kernel/fault.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, type TenantScope } from "../kernel/scope.ts";
import { DecisionAnswer, DecisionDraft, FindingDetail, FindingList, FindingQuery, InstanceDetail, VULNERABILITY_SEVERITIES, VulnerabilitySummary } from "../kernel/vulnerability-api.ts";
import { TrendAnswer, TrendQuery } from "../kernel/vulnerability-trend-api.ts";
import type { Tx } from "../store/store.ts";
import { decide } from "./decisions.ts";
import { addInto, assetFigures, countBySeverity, countFindings, findFindings, findingById, historyOf, instanceById, instancesOf, noCounts } from "./queries.ts";
import type { VulnerabilityRouteDeps } from "./routes.ts";
import { trend } from "./trend.ts";
import { findingView, foundView, historyView, instanceView } from "./views.ts";

export const BASE = "/api/v1/vulnerabilities";
export const Reading = "reads only";
export const DEFAULT_PAGE = 100;
export const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) });
export const Paged = Type.Object({ after: FindingQuery.properties.after, limit: FindingQuery.properties.limit });

/** Of the tenant named, where one is. */
export async function within({ store, findTenant }: Pick<VulnerabilityRouteDeps, "store" | "findTenant">, scope: TenantScope, tenant: string | undefined): Promise<TenantScope> {
  return tenant === undefined ? scope : onlyTenants(await findTenant(store.read, scope, tenant));
}

export function findingRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock, findConnection } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/summary`,
      summary: "How many instances are open, stale, fixed and set aside, how many of them overdue, and how many devices they are on",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: Type.Object({ tenant: FindingQuery.properties.tenant }),
      answer: VulnerabilitySummary,
      async handle({ query }, { scope: given }: RouteContext<Tx>) {
        const scope = await within(deps, given, query.tenant);
        const found = await countBySeverity(store, scope, clock.now());
        const counts = noCounts();
        for (const one of found.values()) addInto(counts, one);
        const { awaitingProof, ...assets } = await assetFigures(store, scope);
        return { counts, bySeverity: VULNERABILITY_SEVERITIES.map((severity, place) => ({ severity, counts: found.get(place) ?? noCounts() })), awaitingProof, assets };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/trend`,
      summary: "What was found, fixed and set aside per day or week and how many were left, how fast findings were fixed, how old and how late they are",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: TrendQuery,
      answer: TrendAnswer,
      async handle({ query: { tenant, connection, severity, by = "day", periods = 30 } }, { scope: given }: RouteContext<Tx>) {
        const scope = await within(deps, given, tenant);
        return trend(store, scope, { connection: connection === undefined ? undefined : await findConnection(scope, connection), severity, by, periods }, clock.now());
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/findings`,
      summary: "Findings, a CVE in an application each, gravest first, with what their instances are",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: FindingQuery,
      answer: FindingList,
      async handle({ query: { tenant, connection, all, limit = DEFAULT_PAGE, class: kind, ...filter } }, { scope: given }: RouteContext<Tx>) {
        if (all === true && kind !== undefined) throw new Fault("CONFIG_INVALID", "query/all and query/class exclude each other.");
        const scope = await within(deps, given, tenant);
        const now = clock.now();
        const only = connection === undefined ? undefined : await findConnection(scope, connection);
        // What is overdue may be stale.
        const ofClass = all === true || (filter.overdue === true && kind === undefined) ? null : (kind ?? "open");
        const { rows, next } = await findFindings(store, scope, { ...filter, connection: only, class: ofClass, limit }, now);
        const counts = await countFindings(store, scope, rows.map((row) => row.id), now);
        return { items: rows.map((row) => findingView(row, counts.get(row.id))), next };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/findings/:id`,
      summary: "One finding with its instances, a device and version each",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      params: ById,
      query: Paged,
      answer: FindingDetail,
      async handle({ params, query: { after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const now = clock.now();
        const finding = await findingById(store, scope, params.id);
        const { rows, next } = await instancesOf(store, scope, finding.id, { after, limit });
        const counts = await countFindings(store, scope, [finding.id], now);
        return { finding: findingView(finding, counts.get(finding.id)), items: rows.map((row) => instanceView(row, now)), next };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/instances/:id`,
      summary: "One instance with all that happened to it, oldest first",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      params: ById,
      query: Paged,
      answer: InstanceDetail,
      async handle({ params, query: { after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const instance = await instanceById(store, scope, params.id);
        const finding = await findingById(store, scope, instance.finding_id);
        const { rows, next } = await historyOf(store, instance, { after, limit });
        return { instance: instanceView(instance, clock.now()), cve: finding.cve, application: finding.application, history: [...(after === undefined ? [foundView(instance)] : []), ...rows.map(historyView)], next };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/decisions`,
      summary: "Decide about one instance, or all of a finding: accept it until a date, dismiss it, say that it is being worked on, or take a decision back",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability.decided"),
      body: DecisionDraft,
      answer: DecisionAnswer,
      handle: ({ body }, { scope, actor, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const now = clock.now();
          const expiresAt = body.expiresAt === undefined ? null : momentAt(body.expiresAt);
          const { tenant, changed, left, next } = await decide(tx, scope, body.id, { status: body.status, by: "person", actor: actor.name, reason: body.reason ?? null, expiresAt }, body.after, now);
          await record(tx, { subject: body.id, tenant, details: { status: body.status, changed, expiresAt: body.expiresAt ?? null } });
          return { changed, left, next };
        }),
    }),
  ];
}

function momentAt(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new Fault("CONFIG_INVALID", "body/expiresAt is no moment like 2027-01-31T00:00:00Z.");
  return ms;
}
