/**
 * Tables of tenants, connections, their secrets, faults, log lines and site mappings. Times are RFC 3339 text, lists and objects JSON
 * text, so that both engines give back what was put in.
 */
import { sql, type Kysely } from "kysely";
import { DEFAULT_TENANT } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Migration } from "../store/store.ts";

export type ConnectionTables = {
  tenants: { id: string; name: string; created_at: string; leaving_since: string | null; purge_after: string | null };
  connections: ConnectionRow;
  connection_faults: FaultRow;
  connection_log: { connection_id: string; seq: number; at: string; level: string; event: string; message: string; fields: string };
  secrets: SecretRow;
  site_tenants: { connection_id: string; site_id: string; tenant_id: string; mapped_at: string };
  site_reassigns: { connection_id: string; site_id: string; requested_at: string };
};

export type ConnectionRow = {
  id: string;
  tenant_id: string;
  name: string;
  description: string;
  labels: string;
  owners: string;
  url: string;
  paused: number;
  /** Streams asked for, JSON; null = all that the token may read. */
  streams: string | null;
  readable_streams: string;
  token_form: string;
  token_created_at: string | null;
  token_expires_at: string | null;
  /** The threshold last written of, so that each is written once. */
  expiry_warned: string | null;
  report: string | null;
  /** The scope the mirror was built with. */
  scope_fingerprint: string | null;
  syncing: number;
  log_seq: number;
  created_at: string;
  verified_at: string | null;
  removed_at: string | null;
  /** How often agents are read, `10m`, `12h`; null = the stream's own rhythm. */
  polling: string | null;
  /** Null = seven. */
  look_back_days: number | null;
};

export type FaultRow = {
  connection_id: string;
  /** A stream, or "" for the connection as a whole. */
  stream: string;
  code: string;
  message: string;
  cure: string;
  details: string;
  since: string;
  last_at: string;
  times: number;
};

export type SecretRow = {
  id: string;
  tenant_id: string;
  /** A connection or a destination. */
  owner_id: string;
  purpose: string;
  version: number;
  key_id: string;
  nonce: string;
  sealed: string;
};

export function tables(db: Database): Kysely<ConnectionTables> {
  return db.withTables<ConnectionTables>();
}

/** The tenants a query may see, as its condition; a scope of no tenant sees no row. */
export function withinScope(scope: TenantScope, column: "tenant_id" | "id" | "connections.tenant_id" | "tenants.id" | "site_tenants.tenant_id") {
  if (scope.all) return sql<boolean>`1 = 1`;
  if (scope.tenants.length === 0) return sql<boolean>`1 = 0`;
  return sql<boolean>`${sql.ref(column)} in (${sql.join(scope.tenants)})`;
}

async function createAll(db: Database): Promise<void> {
  const statements = [
    sql`create table tenants (id text primary key, name text not null, created_at text not null, leaving_since text, purge_after text)`,
    sql`create unique index tenants_name on tenants (name)`,
    sql`create table connections (
      id text primary key, tenant_id text not null references tenants (id), name text not null, description text not null,
      labels text not null, owners text not null, url text not null, paused integer not null, streams text, readable_streams text not null,
      token_form text not null, token_created_at text, token_expires_at text, expiry_warned text, report text, scope_fingerprint text,
      syncing integer not null, log_seq integer not null, created_at text not null, verified_at text, removed_at text)`,
    // A removed connection gives its name back at once, while its rows are still being erased.
    sql`create unique index connections_name on connections (tenant_id, name) where removed_at is null`,
    sql`create table connection_faults (
      connection_id text not null references connections (id), stream text not null, code text not null, message text not null,
      cure text not null, details text not null, since text not null, last_at text not null, times integer not null,
      primary key (connection_id, stream))`,
    sql`create table connection_log (
      connection_id text not null references connections (id), seq integer not null, at text not null, level text not null,
      event text not null, message text not null, fields text not null, primary key (connection_id, seq))`,
    sql`create table secrets (
      id text primary key, tenant_id text not null, connection_id text not null references connections (id), purpose text not null,
      version integer not null, key_id text not null, nonce text not null, sealed text not null)`,
    sql`create unique index secrets_owner on secrets (connection_id, purpose)`,
    sql`create index secrets_key on secrets (key_id)`,
    sql`create table site_tenants (
      connection_id text not null references connections (id), site_id text not null, tenant_id text not null references tenants (id),
      mapped_at text not null, primary key (connection_id, site_id))`,
    sql`create index site_tenants_tenant on site_tenants (tenant_id)`,
    sql`create table site_reassigns (
      connection_id text not null references connections (id), site_id text not null, requested_at text not null,
      primary key (connection_id, site_id))`,
  ];
  for (const statement of statements) await statement.execute(db);
  await sql`insert into tenants (id, name, created_at) values (${DEFAULT_TENANT}, 'default', ${new Date().toISOString()})`.execute(db);
}

/** Not only connections have secrets. A new table, because SQLite cannot take a reference off an old one. */
async function freeSecrets(db: Database): Promise<void> {
  const statements = [
    sql`create table sealed_secrets (
      id text primary key, tenant_id text not null, owner_id text not null, purpose text not null, version integer not null, key_id text not null, nonce text not null, sealed text not null)`,
    sql`insert into sealed_secrets select id, tenant_id, connection_id, purpose, version, key_id, nonce, sealed from secrets`,
    sql`drop table secrets`,
    sql`alter table sealed_secrets rename to secrets`,
    sql`create unique index secrets_owner on secrets (owner_id, purpose)`,
    sql`create index secrets_key on secrets (key_id)`,
  ];
  for (const statement of statements) await statement.execute(db);
}

export const connectionMigrations: readonly Migration[] = [
  { id: "0100-connections", up: (db) => createAll(db) },
  { id: "0110-secrets", up: (db) => freeSecrets(db) },
  {
    id: "0120-polling",
    async up(db) {
      await sql`alter table connections add column polling text`.execute(db);
    },
  },
  {
    id: "0130-look-back",
    async up(db) {
      await sql`alter table connections add column look_back_days integer`.execute(db);
    },
  },
  {
    // Lists go by name, whosever they are.
    id: "0140-connections-by-name",
    async up(db) {
      await sql`create index connections_by_name on connections (name, id) where removed_at is null`.execute(db);
    },
  },
];
