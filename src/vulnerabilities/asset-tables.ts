/** Tables of asset rules: each tenant's list, the days on which a connection's devices were scanned, and where judging anew has come to. */
import { sql, type Kysely } from "kysely";
import type { Database, Migration } from "../store/store.ts";

export type AssetTables = {
  /** `rules` is an `AssetRules`; a tenant without a row goes by the default. `timed`: 1 where time alone changes what it says. `judged_at`: when judging last began. */
  vuln_asset_rules: { tenant_id: string; rules: string; version: number; updated_at: number; updated_by: string; timed: number; judged_at: number };
  /** Devices that are being judged anew, and after which asset. */
  vuln_asset_sweeps: { tenant_id: string; after_id: string };
  /** `day`: since the epoch, UTC. */
  vuln_scan_days: { connection_id: string; day: number };
};

export function assetTables(db: Database): Kysely<AssetTables> {
  return db.withTables<AssetTables>();
}

async function createAll(db: Database): Promise<void> {
  const statements = [
    "create table vuln_asset_rules (tenant_id text not null primary key, rules text not null, version integer not null, updated_at bigint not null, updated_by text not null, timed integer not null, judged_at bigint not null)",
    "create table vuln_asset_sweeps (tenant_id text not null primary key, after_id text not null)",
    "create table vuln_scan_days (connection_id text not null, day integer not null, primary key (connection_id, day))",
    // An `Assigned`, or empty where nothing is said.
    "alter table vuln_agents add column assigned text not null default ''",
    // Tags of devices that are there say something already.
    "insert into vuln_asset_sweeps (tenant_id, after_id) select distinct tenant_id, '' from vuln_agents",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** A device is asked for by its id alone, whosever it is. */
async function byId(db: Database): Promise<void> {
  await sql.raw("create index vuln_agents_by_asset on vuln_agents (asset_id)").execute(db);
}

export const assetMigrations: readonly Migration[] = [{ id: "0770-vulnerability-assets-by-id", up: byId }, { id: "0750-vulnerability-asset-rules", up: createAll }];
