/** Conditions that every capability's queries need, in words of both engines. */
import { sql, type RawBuilder } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store } from "./store.ts";

/** The tenants a query may see, as its condition on `column`; a scope of no tenant sees no row. */
export function withinScope(scope: TenantScope, column = "tenant_id"): RawBuilder<boolean> {
  if (scope.all) return sql<boolean>`1 = 1`;
  if (scope.tenants.length === 0) return sql<boolean>`1 = 0`;
  return sql<boolean>`${sql.ref(column)} in (${sql.join(scope.tenants)})`;
}

/** `(…)` after IN: a list of any length as one parameter. */
export function textList(kind: Store["kind"], texts: readonly string[]): RawBuilder<unknown> {
  return kind === "sqlite" ? sql`(SELECT value FROM json_each(${JSON.stringify(texts)}))` : sql`(SELECT unnest(${[...texts]}::text[]))`;
}
