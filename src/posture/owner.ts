/** Whose a new rule or provider is. */
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database } from "../store/store.ts";

/** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
export type FindTenant = (db: Database, scope: TenantScope, reference: string) => Promise<TenantId>;

/** Null = of all tenants. Nothing named is: all, for who sees all; the one tenant of who sees one. */
export async function ownerOf(db: Database, scope: TenantScope, reference: string | null | undefined, findTenant: FindTenant): Promise<TenantId | null> {
  if (typeof reference === "string") return findTenant(db, scope, reference);
  if (scope.all) return null;
  const [only, second] = scope.tenants;
  if (reference === undefined && only !== undefined && second === undefined) return only;
  throw new Fault("FORBIDDEN", "A key limited to certain tenants cannot speak for all of them.", { cure: "Name the tenant." });
}
