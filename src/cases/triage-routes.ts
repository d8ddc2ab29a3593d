/** HTTP routes of triage: the queue by score, one case explained, rules and their test, lists of hashes. They suggest; no case is changed by any of them. */
import Type from "typebox";
import { CASE_TYPES } from "../kernel/case-api.ts";
import { HashListDraft, HashLists, HashListView, OfTenantQuery, RuleList, RulesApplied, RulesDraft, RulesTestDraft, RulesTested, TriageQueue, TriageQueueQuery, TriageView } from "../kernel/case-triage-api.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { oneCase } from "./queries.ts";
import type { CaseRouteDeps } from "./routes.ts";
import type { CaseRow } from "./tables.ts";
import { gather, otherTenants } from "./triage-context.ts";
import { listsIn, listView, oneList, putList, readHashes, removeList } from "./triage-lists.ts";
import { byScore, isPending } from "./triage-queue.ts";
import { parseTestCases, testRules, writeRecorded } from "./triage-recorded.ts";
import { effectiveRules, parseRuleDrafts } from "./triage-rules.ts";
import { storedAlike } from "./triage-run.ts";
import { triage } from "./triage-score.ts";
import { applyRules, asksOthers, rulesFor, rulesVersion, ruleView, takingPart } from "./triage-store.ts";
import { askedOf, assertMayChange, isMsp, targetOf, tenantShown } from "./triage-target.ts";
import { caseView, statusOf, verdictOf } from "./views.ts";

const BASE = "/api/v1/cases";
const Reading = "reads only";
const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) });
const ListPut = Type.Object({ name: Type.String({ minLength: 1, maxLength: 100 }), ...HashListDraft.properties }, { additionalProperties: false });
const DEFAULT_PAGE = 50;
/** 200,000 hashes with what stands behind each. */
const LIST_LIMIT = 32 * 1_048_576;
const RULES_LIMIT = 8 * 1_048_576;

export function triageRoutes(deps: CaseRouteDeps): readonly Route<Tx>[] {
  const { store, clock, findTenant } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/triage`,
      summary: "Open cases by the score of triage, highest first, each with what it suggests and which rules speak",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: TriageQueueQuery,
      answer: TriageQueue,
      async handle({ query: { tenant, verdict, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const within = tenant === undefined ? scope : onlyTenants(await findTenant(store.read, scope, tenant));
        const { rows, next } = await byScore(store.read, within, { verdict, after, limit });
        const items = rows.map(({ row, score, suggested, because, since }) => ({ ...headOf(row), score, suggested, because: because.map(([rule, weight]) => ({ rule, weight })), lastAt: caseView(row).lastAt, since }));
        return { items, next, pending: await isPending(store.read, within) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id/triage`,
      summary: "One case explained: its score, every rule that speaks with its weight and evidence, and what would change the suggestion",
      permission: "cases.read",
      audit: unaudited(Reading),
      params: ById,
      answer: TriageView,
      async handle({ params }, { scope, actor }: RouteContext<Tx>) {
        const row = await oneCase(store.read, scope, params.id);
        const reading = { db: store.read, kind: store.kind };
        const found = (await gather(reading, [row], clock.now())).get(row.id);
        const record = found?.record ?? { numbers: {}, texts: {}, alerts: [] };
        const rules = (await rulesFor(store.read, row.tenant_id)).map(({ rule }) => rule);
        const counts = isMsp({ scope, actor }) && rules.some((rule) => rule.enabled && asksOthers(rule));
        const asked = counts ? { ...record, numbers: { ...record.numbers, "other-tenants": await otherTenants(reading, row.tenant_id, found?.traits ?? [], await takingPart(store.read)) } } : record;
        return { ...headOf(row), triage: triage(asked, counts ? rules : storedAlike(rules)), alertsLooked: record.alerts.length, alertsLeft: Math.max(0, (record.numbers.alerts ?? 0) - record.alerts.length), recorded: writeRecorded(row.title, asked) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/rules`,
      summary: "The rules of triage that hold for a tenant, or where a tenant has set nothing",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: OfTenantQuery,
      answer: RuleList,
      async handle({ query }, context: RouteContext<Tx>) {
        const tenant = await askedOf(deps, context, query.tenant);
        return { tenant: tenantShown(tenant), version: await rulesVersion(store.read, tenant), items: (await rulesFor(store.read, tenant)).map(ruleView) };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/rules`,
      summary: "Add rules, change them, switch them on and off and weigh them anew, for a tenant or for all; open cases are looked at again in the background",
      permission: "cases.write",
      audit: audited("case-rules.applied"),
      body: RulesDraft,
      bodyLimit: RULES_LIMIT,
      answer: RulesApplied,
      async handle({ body }, context: RouteContext<Tx>) {
        const tenant = await targetOf(deps, context, body.tenant);
        const drafts = parseRuleDrafts(body.rules);
        return store.tx(async (tx) => {
          const items = await applyRules(tx, drafts, { tenant, replaceAll: body.replaceAll ?? false, takeBack: body.takeBack ?? [], version: body.version, msp: isMsp(context), by: context.actor.name, now: clock.now() });
          const changed = items.filter(({ change }) => change !== "unchanged");
          await context.record(tx, { subject: "rules", tenant: tenantShown(tenant), details: { changed: changed.length, rules: changed.map(({ id, change }) => `${change} ${id}`).join(", ").slice(0, 1000) } });
          return { tenant: tenantShown(tenant), items };
        });
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/rules/test`,
      summary: "Ask rules about recorded cases and compare what comes of it with what is expected; nothing is kept",
      permission: "cases.read",
      audit: unaudited("changes nothing"),
      body: RulesTestDraft,
      bodyLimit: RULES_LIMIT,
      answer: RulesTested,
      async handle({ body }, context: RouteContext<Tx>) {
        const cases = parseTestCases(body.cases);
        const given = body.rules === undefined ? null : parseRuleDrafts(body.rules);
        const effective = given === null ? await rulesFor(store.read, await askedOf(deps, context, body.tenant)) : effectiveRules([], given.map((draft) => ({ draft, by: "", at: 0 })));
        return testRules(cases, effective.map(({ rule }) => rule));
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/lists`,
      summary: "Lists of hashes that were given, and how many are on each",
      permission: "cases.read",
      audit: unaudited(Reading),
      query: OfTenantQuery,
      answer: HashLists,
      async handle({ query: { tenant } }, { scope }: RouteContext<Tx>) {
        const within = tenant === undefined ? scope : onlyTenants(await findTenant(store.read, scope, tenant));
        return { items: (await listsIn(store.read, within)).map(listView) };
      },
    }),
    defineRoute({
      method: "PUT",
      path: `${BASE}/lists`,
      summary: "Give a list of hashes, whole, for a tenant or for all: malicious to you, or trusted",
      permission: "cases.write",
      audit: audited("case-list.given"),
      body: ListPut,
      bodyLimit: LIST_LIMIT,
      answer: HashListView,
      async handle({ body }, context: RouteContext<Tx>) {
        const tenant = await targetOf(deps, context, body.tenant);
        const hashes = readHashes(body.text);
        return store.tx(async (tx) => {
          const row = await putList(tx, { tenant, name: body.name.trim(), meaning: body.meaning, hashes, by: context.actor.name, now: clock.now() });
          await context.record(tx, { subject: row.id, tenant: tenantShown(tenant), details: { name: row.name, meaning: row.meaning, hashes: row.hashes } });
          return listView(row);
        });
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/lists/:id`,
      summary: "Take a list of hashes away",
      permission: "cases.write",
      audit: audited("case-list.removed"),
      params: ById,
      answer: HashListView,
      async handle({ params }, context: RouteContext<Tx>) {
        return store.tx(async (tx) => {
          const row = await oneList(tx.db, context.scope, params.id);
          assertMayChange(context, row.tenant_id);
          await removeList(tx, row);
          await context.record(tx, { subject: row.id, tenant: tenantShown(row.tenant_id), details: { name: row.name } });
          return listView(row);
        });
      },
    }),
  ];
}

function headOf(row: CaseRow) {
  return {
    id: row.id, tenant: row.tenant_id, title: row.title, type: CASE_TYPES.find((type) => type === row.type) ?? ("other" as const), severity: FACT_SEVERITIES[row.severity] ?? ("unknown" as const), status: statusOf(row), decided: verdictOf(row),
  };
}
