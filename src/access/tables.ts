/**
 * Tables of the access graph. They hold what the console states, once: `access_bindings` is the graph, the others say what its ends are. Moments are integers,
 * milliseconds since the epoch; facts and lists JSON text. What it means for a scope below another is worked out by queries (`effective.ts`).
 */
import { sql, type Kysely } from "kysely";
import type { Database, Migration, Store } from "../store/store.ts";
import { numbersOf } from "./person-numbers.ts";
import { riskMigrations } from "./risk-tables.ts";

export type AccessTables = {
  access_principals: PrincipalRow;
  access_scopes: ScopeRow;
  access_roles: RoleRow;
  access_role_permissions: { connection_id: string; role_id: string; permission: string };
  access_bindings: BindingRow;
  access_changes: ChangeRow;
  access_losses: LossRow;
};

export type PrincipalRow = {
  connection_id: string;
  kind: string;
  id: string;
  tenant_id: string;
  /** Folded for searching: the name, and the e-mail address. */
  name_key: string | null;
  email_key: string | null;
  /** As `person-numbers.ts` makes them of these. */
  name_number: number | null;
  mail_number: number | null;
  /** Of what the console says it holds, how much could not be read as a role on a scope. */
  unread: number;
  /** `PrincipalFacts`. */
  facts: string;
};

export type ScopeRow = {
  connection_id: string;
  kind: string;
  id: string;
  tenant_id: string;
  parent_kind: string | null;
  parent_id: string | null;
  name: string | null;
  /** The name, folded for searching. */
  name_key: string | null;
  state: string | null;
  inferred: number;
};

export type RoleRow = {
  connection_id: string;
  id: string;
  tenant_id: string;
  name: string;
  description: string | null;
  predefined: number | null;
  scope_kind: string | null;
  scope_id: string | null;
  /** Sorted JSON list, or null where unread; `access_role_permissions` has the same, to be found by. */
  permissions: string | null;
  inferred: number;
};

export type BindingRow = {
  connection_id: string;
  principal_kind: string;
  principal_id: string;
  role_id: string;
  scope_kind: string;
  scope_id: string;
  tenant_id: string;
  seen_at: number;
  absent_at: number | null;
  doubted_at: number | null;
};

/**
 * What changed, one row per field; nothing is written of a connection's first reading, which is where its history begins. The state at an earlier moment is
 * today's with the later rows undone, so that two moments compare without either being stored.
 */
export type ChangeRow = {
  seq: number;
  connection_id: string;
  tenant_id: string;
  /** When we saw it. */
  at: number;
  /** Until when it was proven not to be so. */
  absent_at: number | null;
  subject: "binding" | "principal" | "role" | "scope";
  change: "added" | "removed" | "changed";
  principal_kind: string | null;
  principal_id: string | null;
  role_id: string | null;
  scope_kind: string | null;
  scope_id: string | null;
  /** Of `changed` alone: the name of the field as in `model.ts`. */
  field: string | null;
  /** JSON. Of `added` and `removed`: the whole (facts, role or scope), so that what is gone can still be named. */
  before: string | null;
  after: string | null;
  /** Names as they were: `{principal, role, scope}`. */
  labels: string;
};

/** How many bindings records stopped stating in the reading that followed the one of `read_to`: what the brake on a mass of losses goes by. */
export type LossRow = {
  connection_id: string;
  stream: string;
  /** The last reading proven complete before these losses, ms; 0 for none. */
  read_to: number;
  lost: number;
  /** Bindings there were before the first loss. */
  held: number;
  /** Changes after this one are of this reading. */
  after_seq: number;
};

export function tables(db: Database): Kysely<AccessTables> {
  return db.withTables<AccessTables>();
}

/** By name, what they are on. `scattered.ts` tells of them. */
export const SCATTERED_INDEXES = {
  /** All that "who holds what there" is answered from: going to the row of each binding would take longer than all the rest. */
  access_bindings_scope: "access_bindings (connection_id, scope_kind, scope_id, principal_kind, principal_id, role_id, tenant_id, seen_at, absent_at, doubted_at)",
  access_principals_name_number: "access_principals (name_number) where name_number is not null",
  access_principals_mail_number: "access_principals (mail_number) where mail_number is not null",
} as const;

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const statements = [
    `create table access_principals (
      connection_id text not null, kind text not null, id text not null, tenant_id text not null, name_key text, email_key text, unread integer not null, facts text not null,
      primary key (connection_id, kind, id))`,
    "create index access_principals_email on access_principals (email_key) where email_key is not null",
    "create index access_principals_name on access_principals (name_key) where name_key is not null",
    "create index access_principals_tenant on access_principals (connection_id, tenant_id)",
    "create index access_principals_unread on access_principals (connection_id, tenant_id) where unread > 0",
    `create table access_scopes (
      connection_id text not null, kind text not null, id text not null, tenant_id text not null, parent_kind text, parent_id text, name text, name_key text, state text,
      inferred integer not null, primary key (connection_id, kind, id))`,
    "create index access_scopes_parent on access_scopes (connection_id, parent_kind, parent_id)",
    "create index access_scopes_name on access_scopes (name_key) where name_key is not null",
    "create index access_scopes_tenant on access_scopes (connection_id, tenant_id)",
    `create table access_roles (
      connection_id text not null, id text not null, tenant_id text not null, name text not null, description text, predefined integer, scope_kind text, scope_id text,
      permissions text, inferred integer not null, primary key (connection_id, id))`,
    `create table access_role_permissions (
      connection_id text not null, role_id text not null, permission text not null, primary key (connection_id, role_id, permission))`,
    "create index access_role_permissions_permission on access_role_permissions (connection_id, permission)",
    `create table access_bindings (
      connection_id text not null, principal_kind text not null, principal_id text not null, role_id text not null, scope_kind text not null, scope_id text not null,
      tenant_id text not null, seen_at bigint not null, absent_at bigint, doubted_at bigint,
      primary key (connection_id, principal_kind, principal_id, role_id, scope_kind, scope_id))`,
    `create index access_bindings_scope on ${SCATTERED_INDEXES.access_bindings_scope}`,
    "create index access_bindings_role on access_bindings (connection_id, role_id)",
    "create index access_bindings_doubted on access_bindings (doubted_at) where doubted_at is not null",
    `create table access_changes (
      seq ${seq}, connection_id text not null, tenant_id text not null, at bigint not null, absent_at bigint, subject text not null, change text not null,
      principal_kind text, principal_id text, role_id text, scope_kind text, scope_id text, field text, before text, after text, labels text not null)`,
    "create index access_changes_at on access_changes (connection_id, at, seq)",
    "create index access_changes_tenant on access_changes (tenant_id, seq)",
    "create index access_changes_principal on access_changes (connection_id, principal_kind, principal_id, seq)",
    `create table access_losses (
      connection_id text not null, stream text not null, read_to bigint not null, lost integer not null, held integer not null, after_seq bigint not null,
      primary key (connection_id, stream))`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/**
 * Fewer and narrower indexes: in a first read, writing rows into indexes that are in another order than they come costs more than all the rest. People, and those who are
 * one person, are found by numbers; of the roles held, only those known by name are ever looked for by role.
 */
async function narrow(db: Database): Promise<void> {
  const statements = [
    ...["principals_email", "principals_name", "principals_mailbox", "principals_namesake", "bindings_role"].map((name) => `drop index access_${name}`),
    "alter table access_principals add column name_number bigint",
    "alter table access_principals add column mail_number bigint",
    `create index access_bindings_by_name on access_bindings (connection_id, role_id) where ${KNOWN_BY_NAME}`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
  await numberPeople(db);
  for (const name of ["access_principals_name_number", "access_principals_mail_number"] as const) await sql.raw(`create index ${name} on ${SCATTERED_INDEXES[name]}`).execute(db);
}

/**
 * A binding is its key and little else: kept in the key's own tree it is written, and kept, once instead of twice (PostgreSQL has no such tables). Whatever indexes
 * there are, not all of them while a first reading is going on, are there again afterwards; the one by scope with all that is asked of it.
 */
async function keepBindingsByKey(db: Database, kind: Store["kind"]): Promise<void> {
  const byScope = `create index access_bindings_scope on ${SCATTERED_INDEXES.access_bindings_scope}`;
  if (kind !== "sqlite") {
    for (const statement of ["drop index access_bindings_scope", byScope]) await sql.raw(statement).execute(db);
    return;
  }
  const { rows: indexes } = await sql<{ name: string; sql: string }>`select name, sql from sqlite_schema where type = 'index' and tbl_name = 'access_bindings' and sql is not null`.execute(db);
  const columns = "connection_id, principal_kind, principal_id, role_id, scope_kind, scope_id, tenant_id, seen_at, absent_at, doubted_at";
  const statements = [
    "alter table access_bindings rename to access_bindings_before",
    `create table access_bindings (
      connection_id text not null, principal_kind text not null, principal_id text not null, role_id text not null, scope_kind text not null, scope_id text not null,
      tenant_id text not null, seen_at bigint not null, absent_at bigint, doubted_at bigint,
      primary key (connection_id, principal_kind, principal_id, role_id, scope_kind, scope_id)) without rowid`,
    `insert into access_bindings (${columns}) select ${columns} from access_bindings_before order by connection_id, principal_kind, principal_id, role_id, scope_kind, scope_id`,
    // Its indexes go with it, and leave their names.
    "drop table access_bindings_before",
    ...indexes.map((index) => (index.name === "access_bindings_scope" ? byScope : index.sql)),
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

async function numberPeople(db: Database): Promise<void> {
  type Place = Pick<PrincipalRow, "connection_id" | "kind" | "id">;
  for (let after: Place = { connection_id: "", kind: "", id: "" }; ; ) {
    const { rows } = await sql<Place & Pick<PrincipalRow, "name_key" | "email_key">>`
      select connection_id, kind, id, name_key, email_key from access_principals where (connection_id, kind, id) > (${after.connection_id}, ${after.kind}, ${after.id}) order by connection_id, kind, id limit 1000`.execute(db);
    for (const { connection_id: connection, kind, id, ...keys } of rows) {
      await tables(db).updateTable("access_principals").set(numbersOf(connection, keys)).where("connection_id", "=", connection).where("kind", "=", kind).where("id", "=", id).execute();
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

/** Of roles known by their name alone; the index of them is limited to it, and a query that says the same may use it. */
export const KNOWN_BY_NAME = "substr(role_id, 1, 5) = 'name:'";

/** Parts of the graph with tables of their own add theirs below. */
export const accessMigrations: readonly Migration[] = [{ id: "0600-access", up: createAll }, ...riskMigrations, { id: "0602-access-narrow", up: narrow }, { id: "0603-access-keyed", up: keepBindingsByKey }];
