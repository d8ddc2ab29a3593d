/**
 * Tables of what is known of CVEs beside SentinelOne, the same for every tenant, and of each tenant's due dates. The catalogue's changes are kept: entries get withdrawn
 * and dated anew. Moments are integers, milliseconds since the epoch; entries and policies JSON text.
 */
import { sql, type Kysely } from "kysely";
import type { Database, Migration, Store } from "../store/store.ts";

export type IntelligenceTables = {
  /** `entry` is a `KevEntry`. */
  vuln_kev: { cve: string; entry: string };
  vuln_kev_changes: { seq: number; at: number; version: string; cve: string; change: "added" | "withdrawn" | "changed"; before: string | null; after: string | null };
  vuln_epss: { cve: string; score: number; percentile: number };
  /** The file that the rows come from, one of each kind. */
  vuln_intelligence: { kind: "kev" | "epss"; version: string | null; released_at: number; loaded_at: number; entries: number; sha256: string };
  /** `policy` is an `SlaPolicy`; a tenant without a row goes by the default. */
  vuln_sla: { tenant_id: string; policy: string; version: number; updated_at: number; updated_by: string };
  /** Due dates that are being worked out again, and after which finding. */
  vuln_due_sweeps: { tenant_id: string; after_id: string };
};

export function intelligenceTables(db: Database): Kysely<IntelligenceTables> {
  return db.withTables<IntelligenceTables>();
}

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const statements = [
    "create table vuln_kev (cve text not null primary key, entry text not null)",
    `create table vuln_kev_changes (seq ${seq}, at bigint not null, version text not null, cve text not null, change text not null, before text, after text)`,
    "create index vuln_kev_changes_cve on vuln_kev_changes (cve, seq)",
    "create table vuln_epss (cve text not null primary key, score double precision not null, percentile double precision not null)",
    "create table vuln_intelligence (kind text not null primary key, version text, released_at bigint not null, loaded_at bigint not null, entries integer not null, sha256 text not null)",
    "create table vuln_sla (tenant_id text not null primary key, policy text not null, version integer not null, updated_at bigint not null, updated_by text not null)",
    "create table vuln_due_sweeps (tenant_id text not null primary key, after_id text not null)",
    "create index vuln_findings_application on vuln_findings (application)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const intelligenceMigrations: readonly Migration[] = [{ id: "0710-vulnerability-intelligence", up: createAll }];
