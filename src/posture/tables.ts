/**
 * Tables of device posture. A device's row holds what the rules see of it and the verdict last told of each rule, so that a change is known by
 * comparing; keys lead from weaker identifiers to devices. Moments are integers, milliseconds since the epoch; lists and objects JSON text.
 */
import { sql, type Kysely } from "kysely";
import { providerMigrations } from "./provider-tables.ts";
import type { Database, Migration, Store } from "../store/store.ts";

export type PostureTables = {
  posture_rules: RuleRow;
  posture_devices: DeviceRow;
  posture_keys: { kind: "mac" | "email"; key: string; connection_id: string; id: string };
  posture_results: ResultRow;
  posture_sweeps: SweepRow;
  posture_exceptions: ExceptionRow;
  posture_serial_decisions: SerialDecisionRow;
  posture_risk_signals: RiskSignalRow;
  posture_user_risk: UserRiskRow;
};

export type RuleRow = {
  id: string;
  /** Null: for all tenants. */
  tenant_id: string | null;
  name: string;
  version: number;
  body: string;
  created_at: number;
  updated_at: number;
  removed_at: number | null;
};

export type DeviceRow = {
  connection_id: string;
  id: string;
  tenant_id: string;
  serial_key: string | null;
  hostname_key: string | null;
  facts: string;
  /** `{ruleId: Told}`. */
  verdicts: string;
  /** The agent's last heartbeat, to look at the newest of many first; `NEVER_LEFT_OUT` where absent or ahead of us. */
  last_active: number;
  /** When time alone may change a verdict; null for never. */
  turns_at: number | null;
  /** What each rule of its tenant makes of the facts, by the rules' names; null before it was met with any. */
  letters: string | null;
  /** Of all rules together, by its place in `FLEET_VERDICTS`; null before it was met with any. */
  verdict: number | null;
  /** Folded, as lists are sorted and searched. */
  site_key: string | null;
  os_key: string | null;
};

export type ResultRow = {
  seq: number;
  id: string;
  at: number;
  connection_id: string;
  device_id: string;
  tenant_id: string;
  rule_id: string;
  rule_version: number;
  rule_name: string;
  shadow: number;
  device_name: string | null;
  device_serial: string | null;
  device_manufacturer: string | null;
  device_model: string | null;
  device_type: string | null;
  os_version: string | null;
  client_version: string | null;
  email: string | null;
  user_uid: string | null;
  previous: string | null;
  outcome: string;
  reason: string;
  expected: string;
  received: string;
  evidence_at: number | null;
};

/** How far the devices of a connection have been met with `state`: the rules as they stand and which of them the evidence is too old for. `met`: the rules all were met with last. */
export type SweepRow = { connection_id: string; state: string; after_id: string | null; done_at: number | null; met: string | null };

export type ExceptionRow = {
  id: string;
  tenant_id: string;
  /** Null: every rule. */
  rule_id: string | null;
  connection_id: string;
  device_id: string;
  owner: string;
  reason: string;
  created_by: string;
  created_at: number;
  ends_at: number;
  /** When its end was told, by time or by hand. */
  ended_at: number | null;
  ended_by: string | null;
};

export type SerialDecisionRow = {
  tenant_id: string;
  /** `serial`: of a number several agents have; `device`: of one agent without a number that says anything. */
  kind: "serial" | "device";
  /** The folded serial number, or `connection/agent`. */
  key: string;
  decision: "prefer" | "accepted";
  connection_id: string | null;
  device_id: string | null;
  reason: string;
  decided_by: string;
  decided_at: number;
};

export type RiskSignalRow = {
  connection_id: string;
  stream: string;
  id: string;
  tenant_id: string;
  user_key: string;
  level: number;
  code: string;
  detail: string;
  device_id: string | null;
  raised_at: number;
  /** Null while it lasts. */
  ended_at: number | null;
};

export type UserRiskRow = {
  tenant_id: string;
  user_key: string;
  level: number;
  /** Ids of the signals that count, as JSON: the level is the highest of them. */
  reasons: string;
  since: number;
  /** When time alone lowers it; null for never. */
  turns_at: number | null;
  reset_at: number | null;
  reset_by: string | null;
  reset_reason: string | null;
};

/** An agent without a last heartbeat may be the live one of several: it is among those looked at. */
export const NEVER_LEFT_OUT = 9_000_000_000_000_000;

export function tables(db: Database): Kysely<PostureTables> {
  return db.withTables<PostureTables>();
}

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const statements = [
    `create table posture_rules (
      id text primary key, tenant_id text, name text not null, version integer not null, body text not null, created_at bigint not null,
      updated_at bigint not null, removed_at bigint)`,
    // A removed rule gives its name back; its row stays, because the log names it.
    "create unique index posture_rules_name on posture_rules (coalesce(tenant_id, ''), name) where removed_at is null",
    `create table posture_devices (
      connection_id text not null, id text not null, tenant_id text not null, serial_key text, hostname_key text, facts text not null, verdicts text not null,
      last_active bigint not null, turns_at bigint, primary key (connection_id, id))`,
    "create index posture_devices_serial on posture_devices (serial_key, last_active) where serial_key is not null",
    "create index posture_devices_hostname on posture_devices (hostname_key, last_active) where hostname_key is not null",
    "create index posture_devices_tenant on posture_devices (tenant_id, connection_id, id)",
    "create index posture_devices_unnumbered on posture_devices (connection_id, id) where serial_key is null",
    "create index posture_devices_turn on posture_devices (turns_at) where turns_at is not null",
    "create index posture_devices_agent on posture_devices (id)",
    "create table posture_keys (kind text not null, key text not null, connection_id text not null, id text not null, primary key (kind, key, connection_id, id))",
    "create index posture_keys_device on posture_keys (connection_id, id)",
    `create table posture_results (
      seq ${seq}, id text not null, at bigint not null, connection_id text not null, device_id text not null, tenant_id text not null, rule_id text not null,
      rule_version integer not null, rule_name text not null, shadow integer not null, device_name text, device_serial text, device_manufacturer text,
      device_model text, device_type text, os_version text, client_version text, email text, user_uid text, previous text, outcome text not null,
      reason text not null, expected text not null, received text not null, evidence_at bigint)`,
    "create unique index posture_results_id on posture_results (id)",
    "create index posture_results_tenant on posture_results (tenant_id, seq)",
    "create index posture_results_device on posture_results (connection_id, device_id, seq)",
    "create index posture_results_rule on posture_results (rule_id, seq)",
    "create index posture_results_at on posture_results (at)",
    "create table posture_sweeps (connection_id text primary key, state text not null, after_id text, done_at bigint)",
    `create table posture_exceptions (
      id text primary key, tenant_id text not null, rule_id text, connection_id text not null, device_id text not null, owner text not null, reason text not null,
      created_by text not null, created_at bigint not null, ends_at bigint not null, ended_at bigint, ended_by text)`,
    "create index posture_exceptions_device on posture_exceptions (connection_id, device_id) where ended_at is null",
    "create index posture_exceptions_end on posture_exceptions (ends_at) where ended_at is null",
    "create index posture_exceptions_tenant on posture_exceptions (tenant_id, id)",
    `create table posture_serial_decisions (
      tenant_id text not null, kind text not null, key text not null, decision text not null, connection_id text, device_id text, reason text not null,
      decided_by text not null, decided_at bigint not null, primary key (tenant_id, kind, key))`,
    `create table posture_risk_signals (
      connection_id text not null, stream text not null, id text not null, tenant_id text not null, user_key text not null, level integer not null,
      code text not null, detail text not null, device_id text, raised_at bigint not null, ended_at bigint, primary key (connection_id, stream, id))`,
    "create index posture_risk_signals_ended on posture_risk_signals (ended_at) where ended_at is not null",
    "create index posture_risk_signals_user on posture_risk_signals (tenant_id, user_key)",
    `create table posture_user_risk (
      tenant_id text not null, user_key text not null, level integer not null, reasons text not null, since bigint not null, turns_at bigint,
      reset_at bigint, reset_by text, reset_reason text, primary key (tenant_id, user_key))`,
    "create index posture_user_risk_turn on posture_user_risk (turns_at) where turns_at is not null",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** A score is answered from the index alone: a device's row is twenty times as long. PostgreSQL asks the rows (see `scores.ts`). */
async function addLetters(db: Database, kind: Store["kind"]): Promise<void> {
  const statements = ["alter table posture_devices add column letters text", "alter table posture_sweeps add column met text"];
  const covering = ["drop index posture_devices_serial", "create index posture_devices_serial on posture_devices (serial_key, last_active, connection_id, id, tenant_id, letters, turns_at) where serial_key is not null"];
  for (const statement of kind === "sqlite" ? [...statements, ...covering] : statements) await sql.raw(statement).execute(db);
}

/** What a list of devices is sorted and narrowed by beside name and serial number. SQLite ends each of its indexes with the row's number; PostgreSQL has none. */
async function addList(db: Database, kind: Store["kind"]): Promise<void> {
  const tie = kind === "sqlite" ? "" : ", connection_id, id";
  const statements = [
    ...["verdict integer", "site_key text", "os_key text"].map((column) => `alter table posture_devices add column ${column}`),
    `create index posture_devices_verdict on posture_devices (verdict${tie})`,
    `create index posture_devices_site on posture_devices (site_key${tie})`,
    `create index posture_devices_os on posture_devices (os_key${tie})`,
    `create index posture_devices_seen on posture_devices (last_active${tie})`,
    "create index posture_devices_unnamed on posture_devices (connection_id, id) where hostname_key is null",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const postureMigrations: readonly Migration[] = [
  { id: "0500-posture", up: createAll },
  ...providerMigrations,
  { id: "0520-posture-letters", up: addLetters },
  { id: "0530-posture-list", up: addList },
];
