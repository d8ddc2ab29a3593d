/** HTTP routes of the rules. */
import Type from "typebox";
import { isoTime } from "../kernel/clock.ts";
import { PostureRuleQuery, PostureRulesApplied, PostureRulesDraft, PostureRuleView } from "../kernel/posture-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { ownerOf } from "./owner.ts";
import type { PostureRouteDeps } from "./routes.ts";
import { parseRules, writeRule } from "./rule-form.ts";
import { applyRules, findRule, removeRule, rulesPage, type AppliedRule, type StoredRule } from "./rules-store.ts";

const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 400, description: "Id, or name where it is the only one." }) });
const DEFAULT_PAGE = 200;
const BASE = "/api/v1/posture/rules";
/** A thousand rules of two hundred conditions each are more than anybody writes. */
const BODY_LIMIT = 16 * 1_048_576;

export function ruleRoutes({ store, clock, findTenant }: PostureRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Posture rules, by name",
      permission: "posture.read",
      audit: unaudited("reads only"),
      query: PostureRuleQuery,
      answer: Type.Object({ items: Type.Array(PostureRuleView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query: { text, tenant, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const { items, next } = await rulesPage(store.read, tenant === undefined ? scope : onlyTenants(await findTenant(store.read, scope, tenant)), { text, after, limit });
        return { items: items.map(ruleView), next };
      },
    }),
    defineRoute({
      method: "POST",
      path: BASE,
      summary: "Apply a list of rules: Cloudflare's objects, our own form, or both; all of it or nothing",
      permission: "posture.write",
      audit: audited("posture-rules.applied"),
      body: PostureRulesDraft,
      bodyLimit: BODY_LIMIT,
      answer: PostureRulesApplied,
      async handle({ body }, { scope, record }: RouteContext<Tx>) {
        const drafts = parseRules(body.rules);
        const applied = await store.tx(async (tx) => {
          const tenant = await ownerOf(tx.db, scope, body.tenant, findTenant);
          const done = await applyRules(tx, { scope, tenant }, drafts, { replaceAll: body.replaceAll ?? false }, clock.now());
          await record(tx, { subject: "posture-rules", tenant, details: counts(done) });
          return done;
        });
        return { items: applied.map(appliedView) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/:id`,
      summary: "One posture rule",
      permission: "posture.read",
      audit: unaudited("reads only"),
      params: ById,
      answer: PostureRuleView,
      handle: async ({ params }, { scope }: RouteContext<Tx>) => ruleView(await findRule(store.read, scope, params.id)),
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/:id`,
      summary: "Remove a posture rule; what was told by it stays in the log",
      permission: "posture.write",
      audit: audited("posture-rule.removed"),
      params: ById,
      answer: PostureRuleView,
      handle: ({ params }, { scope, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const { rule } = await removeRule(tx, scope, params.id, clock.now());
          await record(tx, { subject: rule.id, tenant: rule.tenant, details: { name: rule.name } });
          return ruleView(rule);
        }),
    }),
  ];
}

function ruleView(rule: StoredRule): PostureRuleView {
  return { id: rule.id, tenant: rule.tenant, name: rule.name, version: rule.version, shadow: rule.shadow, createdAt: isoTime(rule.createdAt), updatedAt: isoTime(rule.updatedAt), rule: { ...writeRule(rule) } };
}

function appliedView({ change, rule, remarks }: AppliedRule): PostureRulesApplied["items"][number] {
  return { change, rule: ruleView(rule), remarks: [...remarks] };
}

function counts(applied: readonly AppliedRule[]): Readonly<Record<string, number>> {
  return Object.fromEntries((["added", "changed", "removed", "unchanged"] as const).map((change) => [change, applied.filter((one) => one.change === change).length]));
}
