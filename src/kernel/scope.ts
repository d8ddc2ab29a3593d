/**
 * Which tenants a caller may see. First argument of every query: there is no way to ask the store for "everything" without
 * saying so.
 */
import type { TenantId } from "./ids.ts";

export type TenantScope = { readonly all: true } | { readonly all: false; readonly tenants: readonly TenantId[] };

/** The hub's own background work and the operator on the machine. */
export const EVERY_TENANT: TenantScope = { all: true };

export function onlyTenants(...tenants: readonly TenantId[]): TenantScope {
  return { all: false, tenants };
}

export function scopeAllows(scope: TenantScope, tenant: TenantId): boolean {
  return scope.all || scope.tenants.includes(tenant);
}

/** The same for the same tenants: what may be answered once for all who see them. */
export function scopeKey(scope: TenantScope): string {
  return scope.all ? "*" : scope.tenants.toSorted().join(" ");
}
