/**
 * Writes a `.c1z` of one connection: one sync, in bytes that depend on what was read alone (the same rows give the same file, in any process). A sync counts as finished
 * only where every stream was read whole and nobody is hidden; otherwise it is left open, as readers do with one that was broken off. Nothing is left behind but the file, and no
 * file where a rule of integrity is broken.
 */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, createWriteStream, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import Sqlite, { type Database } from "better-sqlite3";
import { Fault } from "../../kernel/fault.ts";
import type { AccessCoverage } from "../../kernel/access-api.ts";
import type { ScopeKind, ScopeRef } from "../model.ts";
import {
  bindingEntitlement,
  bindingResource,
  directGrant,
  externalId,
  inheritedGrant,
  isSame,
  nameOf,
  principalResource,
  RESOURCE_TYPES,
  roleResource,
  scopeResource,
  tokenResource,
  type HeldRole,
} from "./c1z-content.ts";
import { encodeEntitlement, encodeGrant, encodeResource, encodeResourceType, type Grant, type Resource } from "./c1z-messages.ts";
import { brokenRule, C1Z_INDEXES, C1Z_TABLES } from "./c1z-tables.ts";
import { ksuid } from "./ksuid.ts";
import type { ExportOptions } from "./source.ts";
import { bindings, factsOf, flag, permissionsOf, principals, roles, scopes } from "./rows.ts";
import { movedOn, type Spool } from "./spool.ts";

const MAGIC = Buffer.from("C1ZF\0", "latin1");
/** Readers refuse more than 2 GiB unpacked. */
const MAX_BYTES = 2 * 1024 ** 3;
/** In the hash that names a sync: another way of writing is another content. */
const FORM = "vedette c1z 1";

/** Into `target` in `folder` (private, made by the caller, removed by the caller). */
export async function writeC1z(spool: Spool, folder: string, target: string, { coverage, peopleHidden }: Pick<ExportOptions, "coverage" | "peopleHidden">): Promise<void> {
  const [connection, ...others] = spool.connections();
  if (others.length > 0) throw new Fault("CONFIG_INVALID", "A .c1z holds one connection, and several are meant.", { cure: "Name one, with --connection." });
  const run = runOf(coverage.find((one) => one.connection === connection) ?? coverage[0], peopleHidden === true);
  if (connection === undefined || run === null) throw new Fault("CONFIG_INVALID", "There is nothing to write yet: no stream of this connection has been read.", { cure: "Run `vedette sync` first." });
  const unpacked = join(folder, "c1z.db");
  closeSync(openSync(unpacked, "wx", 0o600));
  const db = new Sqlite(unpacked);
  try {
    for (const pragma of ["page_size = 4096", "journal_mode = off", "synchronous = off", "locking_mode = exclusive", "cache_size = -16000", "temp_store = file"]) db.pragma(pragma);
    fill(db, spool, run);
  } finally {
    db.close();
  }
  if (statSync(unpacked).size > MAX_BYTES) throw new Fault("CONFIG_INVALID", "The graph is too large for a .c1z: readers take 2 GiB unpacked.", { cure: "Export it as JSON or CSV." });
  await pack(unpacked, target);
}

interface Run {
  readonly startedAt: number;
  /** Null: some stream was not read whole, or not all of it may be shown: who is missing there would be taken for revoked. */
  readonly endedAt: number | null;
  readonly says: string;
}

/** From the oldest to the newest of what the streams are proven read to; null where none is. */
function runOf(coverage: AccessCoverage | undefined, peopleHidden: boolean): Run | null {
  const read = (coverage?.streams ?? []).flatMap(({ readTo }) => (readTo === null ? [] : [Date.parse(readTo)]));
  if (coverage === undefined || read.length === 0) return null;
  const whole = !peopleHidden && coverage.streams.every(({ state, readTo }) => readTo !== null && (state === "complete" || state === "paused"));
  return { startedAt: Math.min(...read), endedAt: whole ? Math.max(...read) : null, says: JSON.stringify([coverage.streams.map(({ stream, state, readTo }) => [stream, state, readTo])]) };
}

function fill(db: Database, spool: Spool, run: Run): void {
  const evidence = run.endedAt ?? run.startedAt;
  const sync = ksuid(evidence, contentHash(spool, run));
  const discovered = discoveredAt(evidence);
  db.exec("begin");
  db.exec(C1Z_TABLES);
  const write = rowWriter(db, sync, discovered);
  for (const type of RESOURCE_TYPES) write.type(type.id, encodeResourceType(type));
  writeResources(spool, write.resource);
  writeBindings(spool, write);
  const stated = writeGrants(spool, write.grant);
  db.prepare("insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token) values (?, ?, ?, '')").run(sync, discoveredAt(run.startedAt), run.endedAt === null ? null : discoveredAt(run.endedAt));
  index(db);
  db.exec("commit");
  const broken = brokenRule(db) ?? (stated === spool.db.prepare("select count(*) from bindings").pluck().get() ? undefined : "every assignment is a grant.");
  if (broken !== undefined) throw movedOn(broken);
}

/** Two rows of one id would be one to readers. */
function index(db: Database): void {
  try {
    db.exec(C1Z_INDEXES);
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code === "SQLITE_CONSTRAINT_UNIQUE") throw movedOn(`every id is there once, but not in ${error.message.slice(0, 200)}.`);
    throw error;
  }
}

/** `2026-11-20 22:05:00.000000000`, in UTC and without saying so. */
function discoveredAt(ms: number): string {
  return `${new Date(ms).toISOString().replace("T", " ").slice(0, -1)}000000`;
}

function contentHash({ db }: Spool, run: Run): Uint8Array {
  const hash = createHash("sha256").update(FORM).update(run.says);
  for (const table of ["principals", "scopes", "roles", "bindings"]) {
    for (const row of db.prepare(`select * from ${table}`).raw().iterate()) hash.update(JSON.stringify(row));
  }
  return hash.digest();
}

interface RowWriter {
  type(id: string, data: Uint8Array): void;
  resource(resource: Resource): void;
  binding(held: HeldRole): void;
  grant(grant: Grant): void;
}

function rowWriter(db: Database, sync: string, discovered: string): RowWriter {
  const type = db.prepare("insert into v1_resource_types (external_id, data, sync_id, discovered_at) values (?, ?, ?, ?)");
  const resource = db.prepare("insert into v1_resources (resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data, sync_id, discovered_at) values (?, ?, ?, ?, ?, ?, ?)");
  const entitlement = db.prepare("insert into v1_entitlements (resource_type_id, resource_id, external_id, data, sync_id, discovered_at) values (?, ?, ?, ?, ?, ?)");
  const grant = db.prepare("insert into v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id, principal_resource_id, external_id, data, sync_id, discovered_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const writeResource = (one: Resource): void => {
    resource.run(one.id.type, externalId(one.id), one.parent?.type ?? null, one.parent?.id ?? null, encodeResource(one), sync, discovered);
  };
  return {
    type(id, data) {
      type.run(id, data, sync, discovered);
    },
    resource: writeResource,
    binding(held) {
      writeResource(bindingResource(held));
      const one = bindingEntitlement(held);
      entitlement.run(one.resource.id.type, one.resource.id.id, one.id, encodeEntitlement(one), sync, discovered);
    },
    grant(one) {
      grant.run(one.entitlement.resource.type, one.entitlement.resource.id, one.entitlement.id, one.principal.type, one.principal.id, one.id, encodeGrant(one), sync, discovered);
    },
  };
}

function writeResources(spool: Spool, write: (resource: Resource) => void): void {
  for (const row of scopes(spool)) write(scopeResource({ ...row, parent: refOf(row.parent_kind, row.parent_id), inferred: row.inferred === 1 }));
  for (const row of roles(spool)) write(roleResource({ ...row, predefined: flag(row.predefined), scope: refOf(row.scope_kind, row.scope_id), permissions: permissionsOf(row) }));
  for (const row of principals(spool)) {
    const facts = factsOf(row);
    write(principalResource(row.kind, row.id, facts));
    const token = tokenResource(row.kind, row.id, facts);
    if (token !== null) write(token);
  }
}

/** A role held on a scope is held on every scope below it: one level at a time, however deep and however odd the tree. */
const HELD = `
  create table held (role text, kind text, id text, primary key (role, kind, id)) without rowid;
  insert into held with recursive down (role, kind, id) as (
    select distinct role, scope_kind, scope_id from bindings
    union select d.role, s.kind, s.id from down d join scopes s on s.parent_kind = d.kind and s.parent_id = d.id and s.connection = (select min(connection) from scopes))
  select * from down`;

const HELD_ROWS = `
  select h.role, h.kind, h.id, r.name as role_name, s.name as scope_name, a.kind as above_kind, a.id as above_id
  from held h join kinds k on k.kind = h.kind join roles r on r.id = h.role join scopes s on s.kind = h.kind and s.id = h.id and s.connection = r.connection
  left join held a on a.role = h.role and a.kind = s.parent_kind and a.id = s.parent_id
  order by h.role, k.level, h.id`;

function writeBindings({ db }: Spool, write: RowWriter): void {
  db.exec(HELD);
  interface HeldColumns {
    readonly role: string;
    readonly kind: ScopeKind;
    readonly id: string;
    readonly role_name: string;
    readonly scope_name: string | null;
    readonly above_kind: ScopeKind | null;
    readonly above_id: string | null;
  }
  for (const row of db.prepare<[], HeldColumns>(HELD_ROWS).iterate()) {
    const above = refOf(row.above_kind, row.above_id);
    const held: HeldRole = { role: row.role, roleName: nameOf({ name: row.role_name, id: row.role }), scope: { kind: row.kind, id: row.id }, scopeName: nameOf({ name: row.scope_name, id: row.id }), above };
    write.binding(held);
    if (above !== null && !isSame(above, held.scope)) write.grant(inheritedGrant({ ...held, above }));
  }
}

/** How many there were. */
function writeGrants(spool: Spool, write: (grant: Grant) => void): number {
  let written = 0;
  for (const row of bindings(spool)) {
    write(directGrant({ role: row.role, scope: { kind: row.scope_kind, id: row.scope_id }, principal: { kind: row.principal_kind, id: row.principal_id }, seenAt: row.seen_at, absentAt: row.absent_at, doubtedAt: row.doubted_at }));
    written += 1;
  }
  return written;
}

function refOf(kind: ScopeKind | null, id: string | null): ScopeRef | null {
  return kind === null || id === null ? null : { kind, id };
}

async function pack(from: string, to: string): Promise<void> {
  const out = createWriteStream(to, { flags: "wx", mode: 0o600 });
  out.write(MAGIC);
  await pipeline(createReadStream(from, { highWaterMark: 1 << 18 }), createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } }), out);
}
