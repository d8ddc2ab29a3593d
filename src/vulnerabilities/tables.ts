/**
 * Tables of assets and vulnerabilities. Moments are integers, milliseconds since the epoch; facts, proofs and details JSON text. `vuln_instances` is the large
 * one (a million rows): it has what counts and orders go by in columns, and only what its device says in JSON; what the CVE says is in `vuln_findings`, once.
 */
import { sql, type Kysely } from "kysely";
import type { Database, Migration, Store } from "../store/store.ts";
import { agentKeyMigrations } from "./agent-keys.ts";
import { assetMigrations } from "./asset-tables.ts";
import { exposureMigrations } from "./exposure-tables.ts";
import { instanceIndexMigrations } from "./instance-indexes.ts";
import { scoreMigrations } from "./finding-scores.ts";
import { ingestMigrations } from "./ingest/tables.ts";
import { intelligenceMigrations } from "./intelligence-tables.ts";
import { softwareMigrations } from "./software/tables.ts";

export type VulnerabilityTables = {
  vuln_findings: FindingRow;
  vuln_instances: InstanceRow;
  vuln_history: HistoryRow;
  vuln_agents: AgentRow;
  vuln_ambiguities: AmbiguityRow;
  vuln_readings: ReadingRow;
};

export type FindingRow = {
  /** `fnd_` and a hash of tenant, CVE, vendor and application, folded. */
  id: string;
  tenant_id: string;
  cve: string;
  application: string;
  vendor: string | null;
  /** Place in `VULNERABILITY_SEVERITIES`: 0 is critical. */
  severity: number;
  /** 1: known to be exploited, 0: not, null: not said. */
  exploited: number | null;
  first_seen: number;
  /** `FindingFacts`. */
  facts: string;
  /** Of the formula, without a device: `finding-scores.ts` says when it counts. */
  score: number;
};

export type InstanceRow = {
  /** `ins_` and a hash of tenant, connection, agent, CVE, vendor, application and version, folded: row ids of the console do not survive its scans. */
  id: string;
  tenant_id: string;
  connection_id: string;
  agent_id: string;
  finding_id: string;
  version: string | null;
  /** The console's row that spoke last. */
  row_id: string;
  severity: number;
  status: string;
  decided_by: string;
  actor: string | null;
  reason: string | null;
  decided_at: number | null;
  expires_at: number | null;
  class: string;
  first_seen: number;
  detected_at: number | null;
  scanned_at: number | null;
  fixed_at: number | null;
  closing_at: number | null;
  reopened: number;
  due_at: number | null;
  /** 1 while the console's rows say that it is there. */
  present: number;
  /** Since when no ingest rule covers it; null while one does. */
  out_of_scope_at: number | null;
  /** `InstanceFacts`: compared as text. */
  facts: string;
  /** `ClosureProof`; of one that waits, the proof it waits with. */
  proof: string | null;
};

export type HistoryRow = {
  seq: number;
  tenant_id: string;
  connection_id: string;
  instance_id: string;
  at: number;
  event: string;
  from_status: string | null;
  to_status: string | null;
  decided_by: string;
  actor: string | null;
  details: string;
};

export type AgentRow = {
  connection_id: string;
  id: string;
  tenant_id: string;
  /** `ast_` and a hash of the first agent that it had. */
  asset_id: string;
  /** Folded, to be found by. */
  name_key: string | null;
  /** As the console's inventory of software names the device. */
  uuid: string | null;
  /** Neither decommissioned nor uninstalled nor gone. */
  active: number;
  registered_at: number | null;
  last_active: number | null;
  scanned_at: number | null;
  /** `scanned_at`, or else `last_active`, or else `first_seen`: what staleness counts from. */
  evidence_at: number;
  stale: string | null;
  matched_by: string | null;
  matched_key: string | null;
  first_seen: number;
  gone_at: number | null;
  /** What of it is ingested: an `IngestScope`. */
  scope: string;
  /** `AgentFacts`; `{}` where only a risk has named it. */
  facts: string;
  /** What asset rules and tags say of it: an `Assigned`, or empty where they say nothing. */
  assigned: string;
  /** Of its connection and id: `vuln_agent_numbers` leads to it. */
  number: number;
  /** What it is recognised by: `[[kind, key], …]`, best first. */
  keys: string;
};

export type AmbiguityRow = {
  tenant_id: string;
  kind: string;
  key: string;
  connection_id: string;
  agent_id: string;
  other_connection_id: string;
  other_agent_id: string;
  reason: string;
  at: number;
};

/** Closures of the reading that followed the one of `read_to`: what the brake on mass closure goes by. */
export type ReadingRow = {
  connection_id: string;
  /** The last reading proven complete before these closures, ms; 0 for none. */
  read_to: number;
  closed: number;
  /** Present instances there were before the first of them. */
  held: number;
  /** When the first of them was written. */
  since: number;
};

export function tables(db: Database): Kysely<VulnerabilityTables> {
  return db.withTables<VulnerabilityTables>();
}

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const statements = [
    `create table vuln_findings (
      id text not null primary key, tenant_id text not null, cve text not null, application text not null, vendor text, severity integer not null, exploited integer,
      first_seen bigint not null, facts text not null)`,
    "create index vuln_findings_worst on vuln_findings (tenant_id, severity, id)",
    "create index vuln_findings_order on vuln_findings (severity, id)",
    "create index vuln_findings_cve on vuln_findings (cve)",
    `create table vuln_instances (
      id text not null primary key, tenant_id text not null, connection_id text not null, agent_id text not null, finding_id text not null, version text, row_id text not null,
      severity integer not null, status text not null, decided_by text not null, actor text, reason text, decided_at bigint, expires_at bigint, class text not null,
      first_seen bigint not null, detected_at bigint, scanned_at bigint, fixed_at bigint, closing_at bigint, reopened integer not null, due_at bigint, present integer not null,
      facts text not null, proof text)`,
    "create index vuln_instances_finding on vuln_instances (finding_id, class)",
    "create index vuln_instances_agent on vuln_instances (connection_id, agent_id)",
    "create index vuln_instances_class on vuln_instances (tenant_id, class, due_at)",
    "create index vuln_instances_present on vuln_instances (connection_id) where present = 1",
    "create index vuln_instances_expires on vuln_instances (expires_at) where expires_at is not null",
    "create index vuln_instances_closing on vuln_instances (connection_id, closing_at) where closing_at is not null",
    `create table vuln_history (
      seq ${seq}, tenant_id text not null, connection_id text not null, instance_id text not null, at bigint not null, event text not null, from_status text, to_status text,
      decided_by text not null, actor text, details text not null)`,
    "create index vuln_history_instance on vuln_history (instance_id, seq)",
    "create index vuln_history_tenant on vuln_history (tenant_id, seq)",
    `create table vuln_agents (
      connection_id text not null, id text not null, tenant_id text not null, asset_id text not null, name_key text, uuid text, active integer not null, registered_at bigint, last_active bigint,
      scanned_at bigint, evidence_at bigint not null, stale text, matched_by text, matched_key text, first_seen bigint not null, gone_at bigint, facts text not null, primary key (connection_id, id))`,
    "create index vuln_agents_asset on vuln_agents (tenant_id, asset_id)",
    "create index vuln_agents_evidence on vuln_agents (evidence_at) where stale is null",
    "create index vuln_agents_name on vuln_agents (name_key) where name_key is not null",
    `create table vuln_agent_keys (
      tenant_id text not null, kind text not null, key text not null, connection_id text not null, agent_id text not null, primary key (tenant_id, kind, key, connection_id, agent_id))`,
    "create index vuln_agent_keys_agent on vuln_agent_keys (connection_id, agent_id)",
    `create table vuln_ambiguities (
      tenant_id text not null, kind text not null, key text not null, connection_id text not null, agent_id text not null, other_connection_id text not null,
      other_agent_id text not null, reason text not null, at bigint not null,
      primary key (tenant_id, kind, key, connection_id, agent_id, other_connection_id, other_agent_id))`,
    "create index vuln_ambiguities_agent on vuln_ambiguities (connection_id, agent_id)",
    "create index vuln_ambiguities_other on vuln_ambiguities (other_connection_id, other_agent_id)",
    `create table vuln_readings (
      connection_id text not null primary key, read_to bigint not null, closed bigint not null, held bigint not null, since bigint not null)`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const vulnerabilityMigrations: readonly Migration[] = [{ id: "0700-vulnerabilities", up: createAll }, ...intelligenceMigrations, ...exposureMigrations, ...instanceIndexMigrations, ...ingestMigrations, ...assetMigrations, ...softwareMigrations, ...scoreMigrations, ...agentKeyMigrations];
