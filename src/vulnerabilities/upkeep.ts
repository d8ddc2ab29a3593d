/** What assets and vulnerabilities hand over when a tenant leaves, and let go of with a tenant or a connection. A bounded number of rows a call; nought when nothing is left. */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantRows } from "../store/tenant-rows.ts";
import { dropAgents } from "./agent-keys.ts";

/** Every table with a tenant, and the columns that name a row of it for good. */
const KEPT: readonly { readonly table: string; readonly key: readonly string[] }[] = [
  { table: "vuln_instances", key: ["id"] },
  { table: "vuln_history", key: ["seq"] },
  { table: "vuln_findings", key: ["id"] },
  { table: "vuln_agents", key: ["connection_id", "id"] },
  { table: "vuln_ambiguities", key: ["kind", "key", "connection_id", "agent_id", "other_connection_id", "other_agent_id"] },
  { table: "vuln_sla", key: ["tenant_id"] },
  { table: "vuln_asset_rules", key: ["tenant_id"] },
  { table: "vuln_connectors", key: ["id"] },
  { table: "vuln_rules", key: ["id"] },
  { table: "vuln_runs", key: ["id"] },
  { table: "vuln_software_changes", key: ["seq"] },
];
/** Under way, and nothing to hand over. */
const PASSING = ["vuln_held", "vuln_asset_sweeps"] as const;
/** Those with a connection; findings are many connections', and go with their tenant. */
const OF_CONNECTION = ["vuln_instances", "vuln_history", "vuln_agents", "vuln_ambiguities", "vuln_readings", "vuln_exposure_marks", "vuln_exposure_known", "vuln_connectors", "vuln_rules", "vuln_runs", "vuln_held", "vuln_walks", "vuln_scan_days", "vuln_software_changes", "vuln_software_known"] as const;

export async function eraseConnectionVulnerabilities(tx: Tx, connection: ConnectionId, limit: number): Promise<number> {
  for (const table of OF_CONNECTION) {
    const dropped = await dropSome(tx, table, "connection_id", connection, limit);
    if (dropped > 0) return dropped;
  }
  await sql`DELETE FROM vuln_ambiguities WHERE other_connection_id = ${connection}`.execute(tx.db);
  await dropRunCounts(tx);
  return dropUnused(tx, limit);
}

/** Findings that no instance is left of. */
async function dropUnused(tx: Tx, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM vuln_findings WHERE id IN (SELECT f.id FROM vuln_findings AS f WHERE NOT EXISTS (SELECT 1 FROM vuln_instances AS i WHERE i.finding_id = f.id) LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

export async function purgeTenantVulnerabilities(tx: Tx, tenant: TenantId, limit: number): Promise<number> {
  for (const table of [...KEPT.map((kept) => kept.table), ...PASSING]) {
    const dropped = await dropSome(tx, table, "tenant_id", tenant, limit);
    if (dropped > 0) return dropped;
  }
  await dropRunCounts(tx);
  await sql`DELETE FROM vuln_walks WHERE connection_id NOT IN (SELECT connection_id FROM vuln_runs WHERE ended_at IS NULL)`.execute(tx.db);
  await sql`DELETE FROM vuln_due_sweeps WHERE tenant_id = ${tenant}`.execute(tx.db);
  return 0;
}

/** Of runs that are gone: a handful of each. */
async function dropRunCounts(tx: Tx): Promise<void> {
  await sql`DELETE FROM vuln_run_counts WHERE run_id NOT IN (SELECT id FROM vuln_runs)`.execute(tx.db);
}

/** By the row's own place in the table, which both engines have under another name. */
async function dropSome(tx: Tx, table: string, column: "tenant_id" | "connection_id", value: string, limit: number): Promise<number> {
  if (table === "vuln_agents") return dropAgents(tx, column, value, limit);
  const place = sql.raw(tx.kind === "sqlite" ? "rowid" : "ctid");
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE ${place} IN (SELECT ${place} FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${value} LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

export async function countTenantVulnerabilities(store: Pick<Store, "read">, tenant: TenantId): Promise<number> {
  return countTenantRows(store, KEPT.map(({ table }) => table), tenant);
}

/** The large table is walked once in the order of its key; by its tenant's index every page would sort all of it. */
function ofTenant(table: string, tenant: TenantId) {
  return table === "vuln_instances" ? sql`tenant_id || '' = ${tenant}` : sql`tenant_id = ${tenant}`;
}

type Row = Readonly<Record<string, string | number | null>>;

export async function* tenantVulnerabilities(store: Pick<Store, "read">, tenant: TenantId, signal: AbortSignal): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  for (const { table, key } of KEPT) {
    const columns = sql.join(key.map((name) => sql.ref(name)));
    for (let behind = sql``; ; ) {
      if (signal.aborted) return;
      const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)} WHERE ${ofTenant(table, tenant)} ${behind} ORDER BY ${columns} LIMIT 500`.execute(store.read);
      for (const row of rows) yield { table, row };
      const last = rows.at(-1);
      if (last === undefined || rows.length < 500) break;
      behind = sql`AND (${columns}) > (${sql.join(key.map((name) => last[name] ?? null))})`;
    }
  }
}
