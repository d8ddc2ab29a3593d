/** Whose a new rule or provider is, and times as callers write them. */
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

/** Milliseconds of an RFC 3339 time with its offset. */
export function momentAt(place: string, text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new Fault("CONFIG_INVALID", `${place} is not a time like 2026-03-01T12:00:00Z.`);
  return ms;
}
