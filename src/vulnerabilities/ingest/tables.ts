/**
 * Tables of what is ingested, by which rules, and when: connectors, their rules, the runs of rules, what is held for a run, and walks through a connection after its rules
 * changed. Moments are integers, milliseconds since the epoch; matches, counts, faults and places JSON text.
 */
import { sql, type Kysely } from "kysely";
import type { Database, Migration } from "../../store/store.ts";

export type IngestTables = {
  vuln_connectors: ConnectorRow;
  vuln_rules: RuleRow;
  vuln_runs: RunRow;
  vuln_run_counts: RunCountsRow;
  vuln_held: HeldRow;
  vuln_walks: WalkRow;
};

export type ConnectorRow = {
  id: string;
  /** The connection's. */
  tenant_id: string;
  connection_id: string;
  name: string;
  description: string;
  /** What its rules do unless they say otherwise. */
  mode: string;
  created_at: number;
  created_by: string;
};

export type RuleRow = {
  id: string;
  tenant_id: string;
  connection_id: string;
  connector_id: string;
  name: string;
  /** Null: the connector's. */
  mode: string | null;
  /** `RuleMatch`. */
  covers: string;
  floor: string | null;
  /** `continuous`, or five fields of cron. */
  schedule: string;
  timezone: string;
  paused: number;
  /** The moment that is waited for, and when that was worked out. */
  next_at: number | null;
  looked_at: number;
  /** The last moment that a run was begun for. */
  last_slot: number | null;
  /** `FaultReport` of the run that failed last; null once one has worked. */
  fault: string | null;
  failing_since: number | null;
  created_at: number;
  created_by: string;
  updated_at: number;
  version: number;
};

export type RunRow = {
  id: string;
  tenant_id: string;
  connection_id: string;
  connector_id: string;
  rule_id: string;
  rule_name: string;
  begun_by: string;
  state: string;
  mode: string;
  /** The moment it was begun for; of `continuous`, the day it tells of. */
  slot: number | null;
  started_at: number;
  /** What had changed at the console before this is to be here before it ingests. */
  asked_at: number;
  ended_at: number | null;
  /** The reader's run it waits for. */
  reading: string | null;
  /** `FaultReport`s by stream, as the reading ended with. */
  faults: string;
};

/** Apart from the run, by stream: two streams that are read side by side would otherwise undo each other's transaction. */
export type RunCountsRow = { run_id: string; stream: string; counts: string };

/** A row of the mirror that is to be taken in: in the next run of the rule, or at once where that is empty. */
export type HeldRow = {
  rule_id: string;
  connection_id: string;
  stream: string;
  id: string;
  agent_id: string;
  tenant_id: string;
  /** 1: it could not be taken in, and waits for the next run. */
  failed: number;
};

/** A connection whose rules changed, gone through device by device. */
export type WalkRow = {
  connection_id: string;
  /** `mirror`: devices that are there; `kept`: devices that we know; `named`: risks of devices nobody lists. */
  phase: string;
  after_id: string;
  /** The run that its figures are counted in. */
  run_id: string;
};

export function ingestTables(db: Database): Kysely<IngestTables> {
  return db.withTables<IngestTables>();
}

async function createAll(db: Database): Promise<void> {
  const statements = [
    "alter table vuln_agents add column scope text not null default 'all'",
    "alter table vuln_instances add column out_of_scope_at bigint",
    "create index vuln_instances_out on vuln_instances (connection_id) where out_of_scope_at is not null",
    `create table vuln_connectors (
      id text not null primary key, tenant_id text not null, connection_id text not null, name text not null, description text not null, mode text not null, created_at bigint not null, created_by text not null)`,
    "create unique index vuln_connectors_name on vuln_connectors (tenant_id, name)",
    "create index vuln_connectors_connection on vuln_connectors (connection_id)",
    `create table vuln_rules (
      id text not null primary key, tenant_id text not null, connection_id text not null, connector_id text not null, name text not null, mode text, covers text not null, floor text, schedule text not null,
      timezone text not null, paused integer not null, next_at bigint, looked_at bigint not null, last_slot bigint, fault text, failing_since bigint, created_at bigint not null, created_by text not null,
      updated_at bigint not null, version integer not null)`,
    "create unique index vuln_rules_name on vuln_rules (connector_id, name)",
    "create index vuln_rules_connection on vuln_rules (connection_id)",
    "create index vuln_rules_tenant on vuln_rules (tenant_id)",
    `create table vuln_runs (
      id text not null primary key, tenant_id text not null, connection_id text not null, connector_id text not null, rule_id text not null, rule_name text not null, begun_by text not null, state text not null,
      mode text not null, slot bigint, started_at bigint not null, asked_at bigint not null, ended_at bigint, reading text, faults text not null)`,
    // A rule reads the console once at a time; what is continuous tells of a day, and a change of rules goes through what is here.
    "create unique index vuln_runs_going on vuln_runs (rule_id) where ended_at is null and begun_by not in ('continuous', 'rule-changed')",
    "create unique index vuln_runs_day on vuln_runs (rule_id, slot) where begun_by = 'continuous'",
    "create index vuln_runs_open on vuln_runs (state, started_at) where ended_at is null",
    "create index vuln_runs_rule on vuln_runs (rule_id, started_at)",
    "create index vuln_runs_tenant on vuln_runs (tenant_id, started_at)",
    "create index vuln_runs_connection on vuln_runs (connection_id)",
    "create table vuln_run_counts (run_id text not null, stream text not null, counts text not null, primary key (run_id, stream))",
    `create table vuln_held (
      rule_id text not null, connection_id text not null, stream text not null, id text not null, agent_id text not null, tenant_id text not null, failed integer not null,
      primary key (rule_id, connection_id, stream, id))`,
    "create index vuln_held_agent on vuln_held (connection_id, agent_id)",
    "create index vuln_held_tenant on vuln_held (tenant_id)",
    "create table vuln_walks (connection_id text not null primary key, phase text not null, after_id text not null, run_id text not null)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const ingestMigrations: readonly Migration[] = [{ id: "0740-vulnerability-ingest", up: createAll }];
