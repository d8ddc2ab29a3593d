/** HTTP routes of asset rules: a tenant's list, whole. */
import Type from "typebox";
import { isoTime } from "../kernel/clock.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { AssetRulesDraft, AssetRulesView } from "../kernel/vulnerability-asset-api.ts";
import type { Database, Tx } from "../store/store.ts";
import { assetRulesOf, isBeingJudged, setAssetRules } from "./asset-judging.ts";
import { BASE, Reading } from "./finding-routes.ts";
import { oneTenant } from "./priority-routes.ts";
import type { VulnerabilityRouteDeps } from "./routes.ts";

const OfTenant = Type.Object({ tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 400 })) });
const OWN = "asset rules";

export function assetRuleRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/asset-rules`,
      summary: "Rules for groups, owner, criticality, sensitivity and exposure of devices, and when a device is out of service",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: OfTenant,
      answer: AssetRulesView,
      async handle({ query }, { scope }: RouteContext<Tx>) {
        return view(store.read, await oneTenant(deps, scope, query.tenant, OWN));
      },
    }),
    defineRoute({
      method: "PUT",
      path: `${BASE}/asset-rules`,
      summary: "Set the asset rules of a tenant, all of them; devices and their findings follow in the background",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-asset-rules.changed"),
      query: OfTenant,
      body: AssetRulesDraft,
      answer: AssetRulesView,
      async handle({ query, body }, { scope, actor, record }: RouteContext<Tx>) {
        const tenant = await oneTenant(deps, scope, query.tenant, OWN);
        const changed = await store.tx(async (tx) => {
          const stored = await setAssetRules(tx, tenant, body.rules, { by: actor.name, now: clock.now(), version: body.version });
          await record(tx, { subject: "asset-rules", tenant, details: { version: stored.version, rules: stored.rules.rules.length } });
          return view(tx.db, tenant);
        });
        deps.wake();
        return changed;
      },
    }),
  ];
}

async function view(db: Database, tenant: string): Promise<AssetRulesView> {
  const { rules, version, updatedAt, updatedBy } = await assetRulesOf(db, tenant);
  return { tenant, rules, version, updatedAt: updatedAt === null ? null : isoTime(updatedAt), updatedBy, pending: await isBeingJudged(db, tenant) };
}
