/** What notifications hand over when a tenant leaves, and let go of. A bounded number of rows a call; nought when nothing is left. */
import { sql } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { healthTables } from "./health-tables.ts";
import { tables } from "./tables.ts";

const DAY = 86_400_000;
/** What was told of a case so long ago no longer keeps anything quiet. */
const REMEMBERED_MS = 90 * DAY;
const ROWS = 500;

export async function tidyNotifications(store: Store, now: number): Promise<void> {
  for (let step = 0; step < 200; step += 1) {
    const rows = await store.tx(async (tx) => {
      const { numAffectedRows } = await sql`
        DELETE FROM notification_items WHERE (rule_id, subject) IN (SELECT rule_id, subject FROM notification_items WHERE due_at IS NULL AND told_at < ${now - REMEMBERED_MS} LIMIT ${ROWS})`.execute(tx.db);
      return Number(numAffectedRows ?? 0);
    });
    if (rows < ROWS) return;
  }
}

export async function purgeTenantNotifications(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  const { numAffectedRows: items } = await sql`
    DELETE FROM notification_items WHERE (rule_id, subject) IN (SELECT rule_id, subject FROM notification_items WHERE tenant_id = ${tenant} OR rule_id IN (SELECT id FROM notification_rules WHERE tenant_id = ${tenant}) LIMIT ${limit})`.execute(tx.db);
  if (Number(items ?? 0) > 0) return Number(items);
  for (const table of ["notification_rules", "health_troubles", "health_marks"] as const) {
    const { numAffectedRows: rows } = await sql`DELETE FROM ${sql.table(table)} WHERE tenant_id = ${tenant}`.execute(tx.db);
    if (Number(rows ?? 0) > 0) return Number(rows);
  }
  return 0;
}

export async function countTenantNotifications(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT (SELECT count(*) FROM notification_items WHERE tenant_id = ${tenant}) + (SELECT count(*) FROM notification_rules WHERE tenant_id = ${tenant})
    + (SELECT count(*) FROM health_troubles WHERE tenant_id = ${tenant}) + (SELECT count(*) FROM health_marks WHERE tenant_id = ${tenant}) AS n`.execute(store.read);
  return Number(rows[0]?.n ?? 0);
}

type Row = Readonly<Record<string, string | number | null>>;

export async function* tenantNotifications(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const { under_way: _deliveries, ...row } of await tables(store.read).selectFrom("notification_rules").selectAll().where("tenant_id", "=", tenant).orderBy("id").execute()) yield { table: "notification_rules", row };
  for (const row of await healthTables(store.read).selectFrom("health_troubles").selectAll().where("tenant_id", "=", tenant).orderBy("key").execute()) yield { table: "health_troubles", row };
  for (let after: readonly [string, string] = ["", ""]; ; ) {
    if (signal.aborted) return;
    const { rows } = await sql<Row>`SELECT * FROM notification_items WHERE tenant_id = ${tenant} AND (rule_id, subject) > (${after[0]}, ${after[1]}) ORDER BY rule_id, subject LIMIT 500`.execute(store.read);
    for (const row of rows) yield { table: "notification_items", row };
    const last = rows.at(-1);
    if (last === undefined || rows.length < 500) return;
    after = [String(last["rule_id"]), String(last["subject"])];
  }
}
