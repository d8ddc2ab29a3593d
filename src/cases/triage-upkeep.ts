/** What triage and knowledge hand over when a tenant leaves, and let go of with it. A bounded number of rows a call; nought when nothing is left. */
import { sql } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantRows } from "../store/tenant-rows.ts";

/** Hashes hang on their list. */
const OF_TENANT = [
  ["case_triage", "case_id"], ["case_traits", "trait, tenant_id, verdict, case_id"], ["case_triage_due", "tenant_id, case_id"], ["case_triage_sweeps", "tenant_id"], ["case_rules", "tenant_id, id"], ["case_knowledge", "id"], ["case_hash_lists", "id"],
] as const;

export async function purgeTenantTriage(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  const hashes = sql`SELECT hash, list_id FROM case_listed_hashes WHERE list_id IN (SELECT id FROM case_hash_lists WHERE tenant_id = ${tenant}) LIMIT ${limit}`;
  const { numAffectedRows: listed } = await sql`DELETE FROM case_listed_hashes WHERE (hash, list_id) IN (${hashes})`.execute(tx.db);
  if (Number(listed ?? 0) > 0) return Number(listed);
  for (const [table, key] of OF_TENANT) {
    const columns = sql.raw(key);
    const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE (${columns}) IN (SELECT ${columns} FROM ${sql.table(table)} WHERE tenant_id = ${tenant} LIMIT ${limit})`.execute(tx.db);
    if (Number(numAffectedRows ?? 0) > 0) return Number(numAffectedRows);
  }
  return 0;
}

export async function countTenantTriage(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  return countTenantRows(store, OF_TENANT.map(([table]) => table), tenant);
}

type Row = Readonly<Record<string, string | number | null>>;

/** By a column that is the same for good, a page at a time. What is made of cases can be made again, and is theirs with its result. */
const EXPORTED = [["case_triage", "case_id"], ["case_rules", "id"], ["case_knowledge", "id"], ["case_hash_lists", "id"]] as const;

export async function* tenantTriage(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const [table, key] of EXPORTED) {
    for (let after = ""; !signal.aborted; ) {
      const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)} WHERE tenant_id = ${tenant} AND ${sql.ref(key)} > ${after} ORDER BY ${sql.ref(key)} LIMIT 500`.execute(store.read);
      for (const row of rows) yield { table, row };
      const last = rows.at(-1);
      if (last === undefined || rows.length < 500) break;
      after = String(last[key]);
    }
  }
  for (let after = ["", ""]; !signal.aborted; ) {
    const { rows } = await sql<Row>`
      SELECT h.list_id, h.hash FROM case_listed_hashes AS h JOIN case_hash_lists AS l ON l.id = h.list_id WHERE l.tenant_id = ${tenant} AND (h.list_id, h.hash) > (${after[0] ?? ""}, ${after[1] ?? ""}) ORDER BY h.list_id, h.hash LIMIT 500`.execute(store.read);
    for (const row of rows) yield { table: "case_listed_hashes", row };
    const last = rows.at(-1);
    if (last === undefined || rows.length < 500) return;
    after = [String(last["list_id"]), String(last["hash"])];
  }
}
