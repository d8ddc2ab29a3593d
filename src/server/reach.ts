/**
 * How far the holder of a key or an account reaches: one role, and one set of tenants or all. Nobody gives, changes or takes away more than
 * he holds himself, and whoever reaches further than he sees does not exist for him.
 */
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import { ROLES, type Role } from "../kernel/permissions.ts";
import type { Actor } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants, scopeAllows, type TenantScope } from "../kernel/scope.ts";

/** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
export type ResolveTenant = (scope: TenantScope, reference: string) => Promise<string>;

/** Null = every tenant. */
type Tenants = readonly TenantId[] | null;

export function isRole(text: string): text is Role {
  return Object.hasOwn(ROLES, text);
}

export function refuseMoreThan(actor: Actor, role: Role): void {
  const missing = ROLES[role].filter((permission) => !actor.permissions.includes(permission));
  if (missing.length > 0) throw new Fault("FORBIDDEN", `You lack what the role ${role} holds: ${missing.join(", ")}.`);
}

/** Null = every tenant, which only who sees every tenant may give. */
export async function tenantsFor(actor: Actor, draft: { readonly role: Role; readonly tenants?: readonly string[] | null }, resolveTenant: ResolveTenant): Promise<Tenants> {
  if (draft.tenants === undefined || draft.tenants === null) return actor.scope.all ? null : actor.scope.tenants;
  if (draft.role === "operator") throw new Fault("CONFIG_INVALID", "An operator runs the whole hub; that role cannot be limited to tenants.");
  if (draft.tenants.length === 0) throw new Fault("CONFIG_INVALID", "Whoever has no tenant would see nothing; leave `tenants` out for all that you see.");
  const ids = new Set<TenantId>();
  for (const reference of draft.tenants) {
    const id = (await resolveTenant(actor.scope, reference)) as TenantId;
    if (!scopeAllows(actor.scope, id)) throw new Fault("NOT_FOUND", "There is no tenant of that name or id.");
    ids.add(id);
  }
  return [...ids];
}

/** A key or an account is shown to who sees all of its tenants. */
export function seesAll(scope: TenantScope, tenants: Tenants): boolean {
  if (tenants === null) return scope.all;
  return tenants.every((tenant) => scopeAllows(scope, tenant));
}

export function reachOf(tenants: Tenants): TenantScope {
  return tenants === null ? EVERY_TENANT : onlyTenants(...tenants);
}

export function storedTenants(text: string | null): Tenants {
  return text === null ? null : (JSON.parse(text) as TenantId[]);
}

/** Whose line of the audit log it is, where it is one tenant's. */
export function oneTenant(tenants: Tenants): TenantId | null {
  return tenants?.length === 1 ? (tenants[0] ?? null) : null;
}
