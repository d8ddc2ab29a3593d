/**
 * The audit log: one chain per hub, each entry's hash taken over the one before, written in the transaction of the change it tells of.
 * The database refuses to change or delete a line; `verify` finds whoever went around that: an edit, a deletion, another order, or a cut end
 * (number and hash of the newest entry are kept apart). Who can rewrite the whole file can rewrite the chain too, unless somebody
 * elsewhere keeps a head hash: `verify` takes one to compare with.
 */
import { createHash } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { Static } from "typebox";
import type { AuditEntry, AuditVerification } from "../kernel/api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import type { AuditDetails } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Migration, Store, Tx } from "../store/store.ts";

export type Entry = Static<typeof AuditEntry>;
export type Verification = Static<typeof AuditVerification>;

/** Who made the change; `hub` for what the hub does on its own. */
export interface AuditActor {
  readonly kind: "local" | "api-key" | "session" | "provider" | "hub";
  readonly id: string;
}

export interface AuditLog {
  append(tx: Tx, entry: { readonly actor: AuditActor; readonly event: string; readonly requestId: string } & AuditDetails): Promise<void>;
  /** Entries after `after` in order, or before it where the newest come first; entries of the hub as a whole only for who sees every tenant. */
  list(scope: TenantScope, after: number, limit: number, wanted?: AuditSearch): Promise<readonly Entry[]>;
  /** `noted`: a number of entries and the head hash somebody kept elsewhere. */
  verify(noted?: { readonly entries: number; readonly head: string }): Promise<Verification>;
}

export interface AuditSearch {
  readonly newestFirst?: boolean;
  /** A whole event, or the noun before its dot. */
  readonly event?: string;
  /** Ids. */
  readonly actor?: string;
  readonly subject?: string;
  readonly tenant?: string;
  /** Milliseconds, both inclusive. */
  readonly since?: number;
  readonly until?: number;
}

type AuditRow = { seq: number; at: string; actor: string; actor_kind: string; event: string; subject: string; tenant: string | null; details: string; request_id: string; hash: string };
type AuditTables = { audit_log: AuditRow; audit_head: { id: number; entries: number; hash: string } };

const GENESIS = "";
const PAGE = 1000;

export function createAuditLog(store: Store, clock: Clock): AuditLog {
  return {
    async append(tx, entry) {
      const db = tables(tx.db);
      const head = db.selectFrom("audit_head").select(["entries", "hash"]).where("id", "=", 1);
      // Two writers on PostgreSQL would otherwise both build on the same entry.
      const before = await (tx.kind === "postgres" ? head.forUpdate() : head).executeTakeFirstOrThrow();
      const unhashed = {
        seq: before.entries + 1,
        at: isoTime(clock.now()),
        actor: entry.actor.id,
        actor_kind: entry.actor.kind,
        event: entry.event,
        subject: entry.subject,
        tenant: entry.tenant,
        details: JSON.stringify(entry.details ?? {}),
        request_id: entry.requestId,
      };
      const hash = chained(before.hash, unhashed);
      await db.insertInto("audit_log").values({ ...unhashed, hash }).execute();
      await db.updateTable("audit_head").set({ entries: unhashed.seq, hash }).where("id", "=", 1).execute();
    },
    async list(scope, after, limit, { newestFirst = false, event, actor, subject, tenant, since, until } = {}) {
      let query = tables(store.read).selectFrom("audit_log").selectAll().limit(limit).orderBy("seq", newestFirst ? "desc" : "asc");
      if (!newestFirst) query = query.where("seq", ">", after);
      else if (after > 0) query = query.where("seq", "<", after);
      if (event?.includes(".") === true) query = query.where("event", "=", event);
      // `/` follows `.`: all events of the noun.
      else if (event !== undefined) query = query.where("event", ">=", `${event}.`).where("event", "<", `${event}/`);
      if (actor !== undefined) query = query.where("actor", "=", actor);
      if (subject !== undefined) query = query.where("subject", "=", subject);
      if (tenant !== undefined) query = query.where("tenant", "=", tenant);
      if (since !== undefined) query = query.where("at", ">=", isoTime(since));
      if (until !== undefined) query = query.where("at", "<=", isoTime(until));
      if (!scope.all) query = scope.tenants.length === 0 ? query.where(sql<boolean>`1 = 0`) : query.where("tenant", "in", scope.tenants);
      const rows = await query.execute();
      return rows.map(entryOf);
    },
    verify: (noted) => verify(tables(store.read), noted),
  };
}

/** Walks the whole chain a page at a time. `firstBroken` is the number of the first entry that is not what it should be. */
async function verify(db: Kysely<AuditTables>, noted: { readonly entries: number; readonly head: string } | undefined): Promise<Verification> {
  const head = await db.selectFrom("audit_head").select(["entries", "hash"]).where("id", "=", 1).executeTakeFirst();
  const entries = head?.entries ?? 0;
  let hash = GENESIS;
  let seq = 0;
  const broken = (at: number): Verification => ({ ok: false, entries, head: head?.hash === GENESIS ? null : (head?.hash ?? null), firstBroken: at });
  while (seq < entries) {
    const rows = await db.selectFrom("audit_log").selectAll().where("seq", ">", seq).where("seq", "<=", entries).orderBy("seq").limit(PAGE).execute();
    if (rows.length === 0) return broken(seq + 1);
    for (const row of rows) {
      const { hash: stored, ...unhashed } = row;
      hash = chained(hash, unhashed);
      if (row.seq !== seq + 1 || stored !== hash) return broken(seq + 1);
      if (noted?.entries === row.seq && noted.head !== hash) return broken(row.seq);
      seq = row.seq;
    }
  }
  if (head !== undefined && head.hash !== hash) return broken(Math.max(entries, 1));
  if (noted !== undefined && noted.entries > entries) return broken(entries + 1);
  const beyond = await strayEntry(db);
  if (head === undefined || beyond !== null) return broken(beyond ?? 1);
  return { ok: true, entries, head: hash === GENESIS ? null : hash, firstBroken: null };
}

/** An entry the head does not count. The entries are read before the head, so that one appended meanwhile is counted by it. */
async function strayEntry(db: Kysely<AuditTables>): Promise<number | null> {
  const ends = await db.selectFrom("audit_log").select((where) => [where.fn.max("seq").as("last"), where.fn.min("seq").as("first")]).executeTakeFirst();
  const head = await db.selectFrom("audit_head").select("entries").where("id", "=", 1).executeTakeFirst();
  const first = ends?.first ?? null;
  const last = ends?.last ?? null;
  if (first !== null && Number(first) < 1) return 1;
  return last !== null && Number(last) > (head?.entries ?? 0) ? (head?.entries ?? 0) + 1 : null;
}

function chained(before: string, row: Omit<AuditRow, "hash">): string {
  const body = JSON.stringify([before, row.seq, row.at, row.actor, row.actor_kind, row.event, row.subject, row.tenant, row.details, row.request_id]);
  return createHash("sha256").update(body).digest("hex");
}

function entryOf(row: AuditRow): Entry {
  return {
    seq: row.seq,
    at: row.at,
    actor: row.actor,
    actorKind: row.actor_kind,
    event: row.event,
    subject: row.subject,
    tenant: row.tenant,
    details: JSON.parse(row.details) as Entry["details"],
    requestId: row.request_id,
    hash: row.hash,
  };
}

function tables(db: Database): Kysely<AuditTables> {
  return db.withTables<AuditTables>();
}

async function createTables(db: Database, kind: Store["kind"]): Promise<void> {
  await sql`create table audit_log (
    seq integer primary key, at text not null, actor text not null, actor_kind text not null, event text not null, subject text not null,
    tenant text, details text not null, request_id text not null, hash text not null)`.execute(db);
  await sql`create index audit_log_tenant on audit_log (tenant, seq)`.execute(db);
  await sql`create table audit_head (id integer primary key, entries integer not null, hash text not null)`.execute(db);
  await sql`insert into audit_head (id, entries, hash) values (1, 0, ${sql.lit(GENESIS)})`.execute(db);
  if (kind === "sqlite") {
    await sql`create trigger audit_log_no_update before update on audit_log begin select raise(abort, 'the audit log is append-only'); end`.execute(db);
    await sql`create trigger audit_log_no_delete before delete on audit_log begin select raise(abort, 'the audit log is append-only'); end`.execute(db);
    return;
  }
  await sql`create function audit_log_refuse() returns trigger language plpgsql as $$ begin raise exception 'the audit log is append-only'; end $$`.execute(db);
  await sql`create trigger audit_log_no_change before update or delete on audit_log for each row execute function audit_log_refuse()`.execute(db);
  await sql`create trigger audit_log_no_truncate before truncate on audit_log for each statement execute function audit_log_refuse()`.execute(db);
}

/** What somebody did, and what happened to something, is found without going through all that others did. */
async function createIndexes(db: Database): Promise<void> {
  for (const column of ["event", "actor", "subject"] as const) await sql`create index ${sql.ref(`audit_log_${column}`)} on audit_log (${sql.ref(column)}, seq)`.execute(db);
}

export const auditMigrations: readonly Migration[] = [
  { id: "0200-audit", up: createTables },
  { id: "0201-audit-found", up: createIndexes },
];
