/** How many people, service accounts and roles there are, for the first page people see. */
import { sql } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";

export interface AccessFigures {
  readonly principals: number;
  readonly bindings: number;
}

export async function accessFigures({ read }: Pick<Store, "read">, scope: TenantScope): Promise<AccessFigures> {
  const { rows } = await sql<Record<"principals" | "bindings", number>>`
    SELECT (SELECT count(*) FROM access_principals WHERE ${withinScope(scope)}) AS principals, (SELECT count(*) FROM access_bindings WHERE ${withinScope(scope)}) AS bindings`.execute(read);
  return { principals: Number(rows[0]?.principals ?? 0), bindings: Number(rows[0]?.bindings ?? 0) };
}
