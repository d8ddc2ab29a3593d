/** Accounts, their sessions and recovery codes. Passwords are slow hashes, session tokens and recovery codes hashes; the secret of a second factor is sealed in the vault. */
import { createHash, randomBytes } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { UserView } from "../kernel/account-api.ts";
import type { AuditDetails } from "../kernel/route.ts";
import type { Database, Migration, Tx } from "../store/store.ts";
import { isRole, storedTenants } from "./reach.ts";

export type UserRow = {
  id: string;
  email: string;
  name: string;
  role: string;
  /** JSON; null: every tenant. */
  tenants: string | null;
  password: string;
  /** Of a one-time password: until when it signs in. Null for one that its owner chose. */
  password_ends_at: string | null;
  totp: TotpState;
  /** Of the newest code taken: that one, and older ones, are not taken again. */
  totp_step: number | null;
  created_at: string;
  created_by: string;
  signed_in_at: string | null;
  disabled_at: string | null;
};

/** `pending`: a secret was given out, and no code of it has been seen. */
type TotpState = "off" | "pending" | "on";

export type SessionRow = {
  id: string;
  hash: string;
  csrf: string;
  user_id: string;
  browser_hash: string;
  created_at: string;
  used_at: string;
  ends_at: string;
  ended_at: string | null;
  address: string;
  agent: string;
};

type AccountTables = { hub_users: UserRow; hub_sessions: SessionRow; hub_recovery_codes: { user_id: string; hash: string } };

export type Recorder = (tx: Tx, details: AuditDetails) => Promise<void>;

export function accounts(db: Database): Kysely<AccountTables> {
  return db.withTables<AccountTables>();
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** One spelling per address, so that nobody has two accounts by writing it differently. */
export function foldedEmail(text: string): string {
  return text.trim().normalize("NFKC").toLowerCase();
}

/** Operators who can sign in. */
export async function operators(db: Database): Promise<number> {
  const { many } = await accounts(db).selectFrom("hub_users").select((where) => where.fn.countAll().as("many")).where("role", "=", "operator").where("disabled_at", "is", null).executeTakeFirstOrThrow();
  return Number(many);
}

export function userView(row: UserRow): UserView {
  const tenants = storedTenants(row.tenants);
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: isRole(row.role) ? row.role : "viewer",
    tenants: tenants === null ? null : [...tenants],
    totp: row.totp === "on",
    passwordOnce: row.password_ends_at !== null,
    createdAt: row.created_at,
    signedInAt: row.signed_in_at,
    disabledAt: row.disabled_at,
  };
}

async function createTables(db: Database): Promise<void> {
  await sql`create table hub_users (
    id text primary key, email text not null, name text not null, role text not null, tenants text, password text not null, password_ends_at text,
    totp text not null, totp_step integer, created_at text not null, created_by text not null, signed_in_at text, disabled_at text)`.execute(db);
  await sql`create unique index hub_users_email on hub_users (email)`.execute(db);
  await sql`create table hub_sessions (
    id text primary key, hash text not null, csrf text not null, user_id text not null, browser_hash text not null, created_at text not null,
    used_at text not null, ends_at text not null, ended_at text, address text not null, agent text not null)`.execute(db);
  await sql`create unique index hub_sessions_hash on hub_sessions (hash)`.execute(db);
  await sql`create index hub_sessions_user on hub_sessions (user_id, browser_hash)`.execute(db);
  await sql`create table hub_recovery_codes (user_id text not null, hash text not null, primary key (user_id, hash))`.execute(db);
}

export const accountMigrations: readonly Migration[] = [{ id: "0220-accounts", up: createTables }];
