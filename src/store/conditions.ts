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

/** As `textList`, of whole numbers. */
export function numberList(kind: Store["kind"], numbers: readonly number[]): RawBuilder<unknown> {
  return kind === "sqlite" ? sql`(SELECT value FROM json_each(${JSON.stringify(numbers)}))` : sql`(SELECT unnest(${[...numbers]}::bigint[]))`;
}

/** As `textList`, of rows with several columns: `(a, b) IN rowList(…)`. Every row has `width` texts. */
export function rowList(kind: Store["kind"], width: number, rows: readonly (readonly string[])[]): RawBuilder<unknown> {
  const places = Array.from({ length: width }, (_, place) => place);
  if (kind === "sqlite") return sql`(SELECT ${sql.join(places.map((place) => sql`value ->> ${sql.lit(place)}`))} FROM json_each(${JSON.stringify(rows)}))`;
  return sql`(SELECT * FROM unnest(${sql.join(places.map((place) => sql`${rows.map((row) => row[place] ?? "")}::text[]`))}))`;
}
