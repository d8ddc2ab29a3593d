/** What a tenant has in a capability's own tables. */
import { sql } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import type { Store } from "./store.ts";

/** Rows of the tenant in all these tables together; each has a column `tenant_id`. */
export async function countTenantRows(store: Pick<Store, "read">, tables: readonly string[], tenant: TenantId): Promise<number> {
  let total = 0;
  for (const table of tables) {
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)} WHERE tenant_id = ${tenant}`.execute(store.read);
    total += Number(rows[0]?.n ?? 0);
  }
  return total;
}
