/** Parked rows by connection and stream, in one query. */
import { sql } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store } from "../store/store.ts";

export async function parkedByStream(scope: TenantScope, store: Store): Promise<ReadonlyMap<string, number>> {
  const visible = scope.all ? sql`1 = 1` : scope.tenants.length === 0 ? sql`1 = 0` : sql`tenant_id IN (${sql.join(scope.tenants)})`;
  const { rows } = await sql<{ connection_id: string; stream: string; n: number | string }>`
    SELECT connection_id, stream, count(*) AS n FROM mirror_parked WHERE ${visible} GROUP BY connection_id, stream`.execute(store.read);
  return new Map(rows.map((row) => [`${row.connection_id} ${row.stream}`, Number(row.n)]));
}
