/** Whose something becomes, and who may change what holds for all tenants: whoever runs them all, and nobody who sees only some of them or only looks after their cases. */
import { Fault } from "../kernel/fault.ts";
import type { RouteContext } from "../kernel/route.ts";
import { scopeAllows } from "../kernel/scope.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Tx } from "../store/store.ts";
import type { CaseRouteDeps } from "./routes.ts";
import { ALL_TENANTS } from "./triage-tables.ts";

type Asking = Pick<RouteContext<Tx>, "scope" | "actor">;

export function isMsp({ scope, actor }: Asking): boolean {
  return scope.all && actor.permissions.includes("tenants.write");
}

/** The tenant named; where none is, the caller's only one, or all ('') for whoever runs them. */
export async function targetOf({ store, findTenant }: CaseRouteDeps, asking: Asking, reference: string | undefined): Promise<string> {
  const { scope } = asking;
  if (reference !== undefined) return findTenant(store.read, scope, reference);
  if (isMsp(asking)) return ALL_TENANTS;
  const [own, another] = scope.all ? [] : scope.tenants;
  if (own !== undefined && another === undefined) return own;
  throw new Fault("CONFIG_INVALID", "It is not said for which tenant, and only who runs all of them can do it for all.", { cure: "Name one with tenant (--tenant)." });
}

/** For questions: the tenant named, or the caller's only one; else what holds where a tenant has set nothing. */
export async function askedOf({ store, findTenant }: CaseRouteDeps, { scope }: Asking, reference: string | undefined): Promise<string> {
  if (reference !== undefined) return findTenant(store.read, scope, reference);
  const [own, another] = scope.all ? [] : scope.tenants;
  return own !== undefined && another === undefined ? own : ALL_TENANTS;
}

/** Of something that the caller sees. */
export function assertMayChange(asking: Asking, tenant: string): void {
  if (tenant === ALL_TENANTS ? isMsp(asking) : scopeAllows(asking.scope, tenant as TenantId)) return;
  throw new Fault("FORBIDDEN", "It holds for all tenants: only who runs all of them can change it.", { cure: "Add one for your own tenant, or ask your MSP's administrator." });
}

/** In answers and in the log: null for all. */
export function tenantShown(tenant: string): string | null {
  return tenant === ALL_TENANTS ? null : tenant;
}
