/**
 * The nouns of one export, put down in a private SQLite file: sorted by their keys, joined by SQL, never held in memory whole, and the same whatever order they
 * came in. A scope or role that something refers to and that nobody listed (a token that may not see it, a site of another tenant) is added as known by
 * reference only, so that no export has a loose end; a binding without its principal is refused.
 */
import { closeSync, openSync } from "node:fs";
import Sqlite, { type Database } from "better-sqlite3";
import { Fault } from "../../kernel/fault.ts";
import type { AccessRole, Binding, Principal, Scope } from "../model.ts";

export type Batch =
  | { readonly kind: "principals"; readonly rows: readonly Principal[] }
  | { readonly kind: "scopes"; readonly rows: readonly Scope[] }
  | { readonly kind: "roles"; readonly rows: readonly AccessRole[] }
  | { readonly kind: "bindings"; readonly rows: readonly Binding[] };

/** `global` first: the order of the tree, which is not the alphabet's. */
const SCHEMA = `
  create table principals (connection text, kind text, id text, tenant text, facts text, unread integer, primary key (connection, kind, id)) without rowid;
  create table scopes (connection text, kind text, id text, tenant text, parent_kind text, parent_id text, name text, state text, inferred integer, primary key (connection, kind, id)) without rowid;
  create table roles (connection text, id text, tenant text, name text, description text, predefined integer, scope_kind text, scope_id text, permissions text, inferred integer,
    primary key (connection, id)) without rowid;
  create table bindings (connection text, principal_kind text, principal_id text, role text, scope_kind text, scope_id text, tenant text, seen_at integer, absent_at integer, doubted_at integer,
    primary key (connection, principal_kind, principal_id, role, scope_kind, scope_id)) without rowid;
  create table kinds (kind text primary key, level integer, above text) without rowid;
  insert into kinds values ('global', 0, null), ('account', 1, 'global'), ('site', 2, 'account'), ('group', 3, 'site');`;

/** Only what was put down last is asked about; the file is thrown away whatever happens. */
const PRAGMAS = ["journal_mode = off", "synchronous = off", "locking_mode = exclusive", "cache_size = -16000", "temp_store = file"];

export class Spool {
  readonly db: Database;

  /** Makes `file`, readable by this user alone. */
  constructor(file: string) {
    closeSync(openSync(file, "wx", 0o600));
    this.db = new Sqlite(file);
    for (const pragma of PRAGMAS) this.db.pragma(pragma);
    this.db.exec(SCHEMA);
    this.db.exec("begin");
  }

  add(batch: Batch): void {
    switch (batch.kind) {
      case "principals": {
        const insert = this.db.prepare("insert or replace into principals values (?, ?, ?, ?, ?, ?)");
        for (const one of batch.rows) insert.run(one.connection, one.kind, text(one.id), one.tenant, JSON.stringify(one.facts), one.unread);
        return;
      }
      case "scopes": {
        const insert = this.db.prepare("insert or replace into scopes values (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for (const one of batch.rows) insert.run(one.connection, one.kind, text(one.id), one.tenant, one.parent?.kind ?? null, text(one.parent?.id ?? null), text(one.name), text(one.state), Number(one.inferred));
        return;
      }
      case "roles": {
        const insert = this.db.prepare("insert or replace into roles values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for (const one of batch.rows) insert.run(one.connection, text(one.id), one.tenant, text(one.name), text(one.description), one.predefined === null ? null : Number(one.predefined), one.scope?.kind ?? null, text(one.scope?.id ?? null), one.permissions === null ? null : JSON.stringify(one.permissions.toSorted()), Number(one.inferred));
        return;
      }
      case "bindings": {
        const insert = this.db.prepare("insert or replace into bindings values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for (const one of batch.rows) insert.run(one.connection, one.principal.kind, text(one.principal.id), text(one.role), one.scope.kind, text(one.scope.id), one.tenant, one.seenAt, one.absentAt, one.doubtedAt);
      }
    }
  }

  /** Ties the loose ends. A Fault (INTERNAL) where a binding's principal is not among the principals: what was read does not belong together. */
  complete(): void {
    this.db.exec(`
      insert or ignore into scopes select connection, scope_kind, scope_id, min(tenant), null, null, null, null, 1 from bindings group by 1, 2, 3;
      insert or ignore into scopes select connection, scope_kind, scope_id, min(tenant), null, null, null, null, 1 from roles where scope_kind is not null and scope_id is not null group by 1, 2, 3;
      insert or ignore into scopes select connection, parent_kind, parent_id, min(tenant), null, null, null, null, 1 from scopes where parent_kind is not null and parent_id is not null group by 1, 2, 3;
      insert or ignore into roles select connection, role, min(tenant), role, null, null, null, null, null, 1 from bindings group by 1, 2;
      commit;
      create index scopes_parent on scopes (connection, parent_kind, parent_id, kind, id);
      create index bindings_scope on bindings (connection, scope_kind, scope_id, role);
      create index bindings_role on bindings (connection, role);
      analyze;`);
    const loose = this.db.prepare<[], { principal_kind: string; principal_id: string }>("select principal_kind, principal_id from bindings b where not exists (select 1 from principals p where p.connection = b.connection and p.kind = b.principal_kind and p.id = b.principal_id) limit 1").get();
    if (loose !== undefined) throw movedOn(`A binding names the ${loose.principal_kind} ${loose.principal_id.slice(0, 60)}, who is not among the principals.`);
  }

  connections(): readonly string[] {
    return this.db.prepare<[], { connection: string }>("select connection from principals union select connection from scopes union select connection from roles union select connection from bindings").all().map((row) => row.connection);
  }

  close(): void {
    this.db.close();
  }
}

const MOVED_ON = "movedOn";

export function hasMovedOn(fault: Fault): boolean {
  return fault.details[MOVED_ON] === true;
}

/** A broken promise of an export; nothing of it is given out. */
export function movedOn(message: string): Fault {
  return new Fault("INTERNAL", `The export was not written: ${message}`, { details: { [MOVED_ON]: true }, cure: "Export again: the mirror may have moved on meanwhile. If it stays, report it with this message." });
}

/** Half a surrogate pair is no text: it would come back as something else. */
function text<T extends string | null>(value: T): T {
  return (value === null ? value : value.toWellFormed()) as T;
}
