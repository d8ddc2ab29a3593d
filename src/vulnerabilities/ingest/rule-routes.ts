/** HTTP routes of ingest rules and their runs. */
import Type from "typebox";
import { sql } from "kysely";
import { Ok } from "../../kernel/api.ts";
import { Fault, wrongPlace } from "../../kernel/fault.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../../kernel/route.ts";
import type { TenantScope } from "../../kernel/scope.ts";
import { IngestPreview, IngestPreviewRequest, IngestRuleDraft, IngestRuleList, IngestRuleSaved, IngestRuleSettings, IngestRuleView, IngestRunList, IngestRunView } from "../../kernel/vulnerability-ingest-api.ts";
import { withinScope } from "../../store/conditions.ts";
import type { Tx } from "../../store/store.ts";
import { BASE, ById, Paged, Reading, within } from "../finding-routes.ts";
import type { VulnerabilityRouteDeps } from "../routes.ts";
import { oneConnection } from "./connector-routes.ts";
import type { IngestMode } from "./match.ts";
import { previewOf, settingsOf } from "./rule-drafts.ts";
import { ruleFrom, SELECT_RULES, type Rule, type RuleWithConnector } from "./rules.ts";
import { startRun } from "./runs.ts";
import { addRule, connectorByReference, editRule, pauseRule, removeRule, ruleByReference } from "./settings.ts";
import type { RunRow } from "./tables.ts";
import { behind, ruleViews, runViews } from "./views.ts";

const PAGE = 200;
const Reference = Type.String({ minLength: 1, maxLength: 400 });

export function ingestRuleRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;

  async function viewOf(rule: Rule): Promise<IngestRuleView> {
    const [view] = await ruleViews(store, [rule]);
    if (view === undefined) throw new Fault("NOT_FOUND", "There is no such rule.");
    return view;
  }

  const pausing = (verb: "pause" | "resume"): Route<Tx> =>
    defineRoute({
      method: "POST",
      path: `${BASE}/rules/:id/${verb}`,
      summary: verb === "pause" ? "Take nothing in by this rule until it goes on; what it covers stays covered, and changes are held" : "Go on, with a run that takes in what was held",
      permission: "vulnerabilities.write",
      audit: audited(`vulnerability-rule.${verb}d`),
      params: ById,
      answer: IngestRuleView,
      async handle({ params }, { scope, record }: RouteContext<Tx>) {
        const changed = await store.tx(async (tx) => {
          const rule = await ruleByReference(tx.db, scope, params.id);
          await record(tx, { subject: rule.id, tenant: rule.tenant });
          return pauseRule(tx, rule, verb === "pause", clock.now());
        });
        deps.wake();
        return viewOf(changed);
      },
    });

  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/rules`,
      summary: "Ingest rules: what each covers, when it runs, what waits for it and how its last run went",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: Type.Object({ tenant: Type.Optional(Reference), connector: Type.Optional(Reference), connection: Type.Optional(Reference), ...Paged.properties }),
      answer: IngestRuleList,
      async handle({ query: { tenant, connector, connection, after, limit = PAGE } }, { scope: given }: RouteContext<Tx>) {
        const scope = await within(deps, given, tenant);
        const where = [
          withinScope(scope, "r.tenant_id"), sql`r.id > ${after ?? ""}`,
          ...(connector === undefined ? [] : [sql`r.connector_id = ${(await connectorByReference(store.read, scope, connector)).id}`]),
          ...(connection === undefined ? [] : [sql`r.connection_id = ${await deps.findConnection(scope, connection)}`]),
        ];
        const { rows } = await sql<RuleWithConnector>`${SELECT_RULES} WHERE ${sql.join(where, sql` AND `)} ORDER BY r.id LIMIT ${limit + 1}`.execute(store.read);
        const shown = rows.slice(0, limit);
        return { items: [...(await ruleViews(store, shown.map(ruleFrom)))], next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/rules`,
      summary: "Add an ingest rule to a connector; what left out covers everything, continuously",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-rule.added"),
      body: IngestRuleDraft,
      answer: IngestRuleSaved,
      async handle({ body: { connector: reference, ...draft } }, { scope, actor, record }: RouteContext<Tx>) {
        const connector = await connectorByReference(store.read, scope, reference);
        const settings = await settingsOf(store.read, connector.connection_id, draft, null, clock.now());
        const preview = await previewOf(store, connector.connection_id, { ...settings, mode: settings.mode ?? (connector.mode as IngestMode) }, null, clock.now());
        const rule = await store.tx(async (tx) => {
          const added = await addRule(tx, await connectorByReference(tx.db, scope, connector.id), settings, { by: actor.name, now: clock.now() });
          await record(tx, { subject: added.id, tenant: added.tenant, details: { name: added.name, connector: connector.id, covers: preview.covers, mode: added.mode, severity: added.floor, schedule: added.cron } });
          return added;
        });
        deps.wake();
        return { rule: await viewOf(rule), preview };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/rules/preview`,
      summary: "What a rule would cover, counted now, and what would leave the figures or enter them; nothing is saved",
      permission: "vulnerabilities.read",
      audit: unaudited("nothing is stored"),
      body: IngestPreviewRequest,
      answer: IngestPreview,
      async handle({ body: { connector: of, connection, rule, ...draft } }, { scope }: RouteContext<Tx>) {
        const stored = rule === undefined ? null : await ruleByReference(store.read, scope, rule);
        const connector = stored !== null || of === undefined ? null : await connectorByReference(store.read, scope, of);
        const id = stored?.connection ?? connector?.connection_id ?? (await oneConnection(deps, scope, connection)).id;
        const settings = await settingsOf(store.read, id, draft, stored, clock.now());
        const mode = settings.mode ?? ((connector?.mode ?? (stored === null ? "scan" : (await connectorByReference(store.read, scope, stored.connector)).mode)) as IngestMode);
        return previewOf(store, id, { ...settings, mode }, stored, clock.now());
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/rules/:id`,
      summary: "One ingest rule",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      params: ById,
      answer: IngestRuleView,
      handle: async ({ params }, { scope }: RouteContext<Tx>) => viewOf(await ruleByReference(store.read, scope, params.id)),
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/rules/:id`,
      summary: "Change an ingest rule; what it no longer covers goes out of scope with its memory, and nothing is called fixed by it",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-rule.changed"),
      params: ById,
      body: IngestRuleSettings,
      answer: IngestRuleSaved,
      async handle({ params, body }, { scope, actor, record }: RouteContext<Tx>) {
        const stored = await ruleByReference(store.read, scope, params.id);
        const connector = await connectorByReference(store.read, scope, stored.connector);
        const settings = await settingsOf(store.read, stored.connection, body, stored, clock.now());
        const preview = await previewOf(store, stored.connection, { ...settings, mode: settings.mode ?? (connector.mode as IngestMode) }, stored, clock.now());
        const rule = await store.tx(async (tx) => {
          const before = await ruleByReference(tx.db, scope, stored.id);
          if (before.version !== stored.version) throw new Fault("CONFIG_INVALID", "Somebody else changed the rule meanwhile.", { cure: "Look at it again, then change it." });
          const changed = await editRule(tx, before, settings, { by: actor.name, now: clock.now() });
          await record(tx, { subject: changed.id, tenant: changed.tenant, details: { fields: Object.keys(body).toSorted().join(", "), covers: preview.covers, mode: changed.mode, severity: changed.floor, schedule: changed.cron, version: changed.version } });
          return changed;
        });
        deps.wake();
        return { rule: await viewOf(rule), preview };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/rules/:id`,
      summary: "Remove an ingest rule; what no other covers goes out of scope with its memory",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-rule.removed"),
      params: ById,
      answer: Ok,
      async handle({ params }, { scope, actor, record }: RouteContext<Tx>) {
        await store.tx(async (tx) => {
          const rule = await ruleByReference(tx.db, scope, params.id);
          await removeRule(tx, rule, { by: actor.name, now: clock.now() });
          await record(tx, { subject: rule.id, tenant: rule.tenant, details: { name: rule.name } });
        });
        deps.wake();
        return { ok: true as const };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/rules/:id/run`,
      summary: "Run a rule now: ask the console for what changed, and take in what was held",
      permission: "sync.run",
      audit: audited("vulnerability-rule.run"),
      params: ById,
      answer: IngestRunView,
      async handle({ params }, { scope, record }: RouteContext<Tx>) {
        const id = await store.tx(async (tx) => {
          const rule = await ruleByReference(tx.db, scope, params.id);
          const run = await startRun(tx, { rule, trigger: "request", slot: null, now: clock.now() });
          await record(tx, { subject: rule.id, tenant: rule.tenant, details: { run: run.id, fresh: run.fresh } });
          return run.id;
        });
        deps.wake();
        return runById(scope, id);
      },
    }),
    pausing("pause"),
    pausing("resume"),
    defineRoute({
      method: "GET",
      path: `${BASE}/runs`,
      summary: "Runs of ingest rules, newest first, with their figures",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: Type.Object({ tenant: Type.Optional(Reference), connector: Type.Optional(Reference), rule: Type.Optional(Reference), connection: Type.Optional(Reference), failed: Type.Optional(Type.Boolean()), ...Paged.properties }),
      answer: IngestRunList,
      async handle({ query: { tenant, connector, rule, connection, failed, after, limit = 50 } }, { scope: given }: RouteContext<Tx>) {
        if (after !== undefined && !/^\d{1,15} igr_[0-9a-z]{1,40}$/.test(after)) throw wrongPlace();
        const scope = await within(deps, given, tenant);
        const where = [
          withinScope(scope), behind(after),
          ...(connector === undefined ? [] : [sql`connector_id = ${(await connectorByReference(store.read, scope, connector)).id}`]),
          ...(rule === undefined ? [] : [sql`rule_id = ${(await ruleByReference(store.read, scope, rule)).id}`]),
          ...(connection === undefined ? [] : [sql`connection_id = ${await deps.findConnection(scope, connection)}`]),
          ...(failed === true ? [sql`state IN ('failed', 'partial')`] : []),
        ];
        const { rows } = await sql<RunRow>`SELECT * FROM vuln_runs WHERE ${sql.join(where, sql` AND `)} ORDER BY started_at DESC, id DESC LIMIT ${limit + 1}`.execute(store.read);
        const shown = rows.slice(0, limit);
        const last = shown.at(-1);
        return { items: [...(await runViews(store, shown))], next: rows.length > limit && last !== undefined ? `${String(last.started_at)} ${last.id}` : null };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/runs/:id`,
      summary: "One run of an ingest rule, as it stands",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      params: ById,
      answer: IngestRunView,
      handle: ({ params }, { scope }: RouteContext<Tx>) => runById(scope, params.id),
    }),
  ];

  async function runById(scope: TenantScope, id: string): Promise<IngestRunView> {
    const { rows } = await sql<RunRow>`SELECT * FROM vuln_runs WHERE id = ${id} AND ${withinScope(scope)}`.execute(store.read);
    const [view] = await runViews(store, rows);
    if (view === undefined) throw new Fault("NOT_FOUND", "There is no such run.", { cure: "`vedette vulnerabilities runs list` shows what there is." });
    return view;
  }
}
