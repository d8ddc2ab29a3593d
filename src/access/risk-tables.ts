/**
 * Tables beside the graph: how strict risks are judged, what is let off until when, lists of people to compare with, and who made a change, as far as the
 * activity log told before it aged. Moments are milliseconds since the epoch; what one person is called by is worked out by the engine, in indexes.
 */
import { sql, type Kysely } from "kysely";
import type { Database, Migration, Store } from "../store/store.ts";

export type RiskTables = {
  access_thresholds: { tenant_id: string; body: string; set_by: string; set_at: number };
  access_exceptions: ExceptionRow;
  access_lists: ListRow;
  access_list_entries: { list_id: string; key: string; here: number };
  access_change_actors: ActorRow;
  access_actor_places: { connection_id: string; seq: number };
};

export type ExceptionRow = {
  id: string;
  tenant_id: string;
  finding_id: string;
  risk: string;
  connection_id: string;
  /** Who and what it is about, in words of its day. */
  about: string;
  owner: string;
  reason: string;
  created_by: string;
  created_at: number;
  ends_at: number;
  /** When it was ended by hand, before its time. */
  ended_at: number | null;
  ended_by: string | null;
};

export type ListRow = {
  id: string;
  tenant_id: string;
  kind: "hr" | "idp";
  name: string;
  entries: number;
  /** Those whom the list itself calls gone. */
  gone: number;
  uploaded_by: string;
  uploaded_at: number;
};

/** One row per row of `access_changes` that was looked into. */
export type ActorRow = {
  connection_id: string;
  seq: number;
  tenant_id: string;
  /** `AccessChangeActor`. */
  body: string;
};

/** What an e-mail address delivers to: without the part between `+` and `@`. `email_key` is folded already. */
export function mailboxSql(kind: Store["kind"]): string {
  const at = (what: string): string => (kind === "sqlite" ? `instr(email_key, '${what}')` : `strpos(email_key, '${what}')`);
  return `CASE WHEN ${at("+")} > 1 AND ${at("+")} < ${at("@")} THEN substr(email_key, 1, ${at("+")} - 1) || substr(email_key, ${at("@")}) ELSE email_key END`;
}

/** The whole name with the domain of the address. */
export function namesakeSql(kind: Store["kind"]): string {
  return `name_key || ' @ ' || substr(email_key, ${kind === "sqlite" ? "instr" : "strpos"}(email_key, '@') + 1)`;
}

/** Longer texts are nobody's. */
export const HAS_MAILBOX = "kind = 'user' AND length(email_key) <= 320";
export function hasNamesakes(kind: Store["kind"]): string {
  return `kind = 'user' AND length(email_key) <= 320 AND length(name_key) <= 200 AND ${kind === "sqlite" ? "instr" : "strpos"}(name_key, ' ') > 0`;
}

export function riskTables(db: Database): Kysely<RiskTables> {
  return db.withTables<RiskTables>();
}

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const statements = [
    "create index access_principals_estate on access_principals (tenant_id, connection_id, kind, id)",
    "create index access_roles_estate on access_roles (tenant_id, connection_id, id)",
    `create index access_principals_mailbox on access_principals (tenant_id, connection_id, (${mailboxSql(kind)}), id) where ${HAS_MAILBOX}`,
    `create index access_principals_namesake on access_principals (tenant_id, connection_id, (${namesakeSql(kind)}), id) where ${hasNamesakes(kind)}`,
    "create table access_thresholds (tenant_id text primary key, body text not null, set_by text not null, set_at bigint not null)",
    `create table access_exceptions (
      id text primary key, tenant_id text not null, finding_id text not null, risk text not null, connection_id text not null, about text not null, owner text not null,
      reason text not null, created_by text not null, created_at bigint not null, ends_at bigint not null, ended_at bigint, ended_by text)`,
    "create index access_exceptions_finding on access_exceptions (finding_id)",
    "create index access_exceptions_tenant on access_exceptions (tenant_id, id)",
    "create index access_exceptions_connection on access_exceptions (connection_id)",
    `create table access_lists (
      id text primary key, tenant_id text not null, kind text not null, name text not null, entries integer not null, gone integer not null, uploaded_by text not null,
      uploaded_at bigint not null)`,
    "create unique index access_lists_name on access_lists (tenant_id, name)",
    "create table access_list_entries (list_id text not null, key text not null, here integer not null, primary key (list_id, key))",
    "create index access_changes_connection on access_changes (connection_id, seq)",
    "create table access_change_actors (connection_id text not null, seq bigint not null, tenant_id text not null, body text not null, primary key (connection_id, seq))",
    "create index access_change_actors_tenant on access_change_actors (tenant_id, connection_id, seq)",
    "create table access_actor_places (connection_id text primary key, seq bigint not null)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const riskMigrations: readonly Migration[] = [{ id: "0601-access-risks", up: createAll }];
