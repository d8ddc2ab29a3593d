/**
 * Scopes: the console as a whole, accounts, sites, groups, each with the one it lies in. Streams come in any order and some cannot be read, so a scope that only a
 * binding or another scope names is kept as *inferred* until its listing has it. There is one console: its id is its own where any record gives it.
 */
import { sql } from "kysely";
import type { ChangeSet, MirrorRow } from "../mirror/capability.ts";
import { rowList, textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { UNNAMED_GLOBAL } from "./bindings.ts";
import type { ChangeLog } from "./change-log.ts";
import { scopeRef } from "./graph.ts";
import type { ScopeKind, ScopeRef } from "./model.ts";
import type { ScopeRow } from "./tables.ts";
import { fold, idOrNull, wordOrNull } from "./words.ts";

const NAMES = ["connection_id", "kind", "id", "tenant_id", "parent_kind", "parent_id", "name", "name_key", "state"] as const;
const COLUMNS: BulkUpsert["columns"] = [...NAMES.map((name) => ({ name, type: "text" as const })), { name: "inferred", type: "integer" }];
const SCOPES: BulkUpsert = { table: "access_scopes", columns: COLUMNS, key: ["connection_id", "kind", "id"], update: ["tenant_id", "parent_kind", "parent_id", "name", "name_key", "state", "inferred"] };
const INFERRED: BulkUpsert = { ...SCOPES, update: [] };

const OF_STREAM = { accounts: "account", sites: "site", groups: "group" } as const satisfies Readonly<Record<string, ScopeKind>>;

type Listed = Pick<ScopeRow, "id" | "name" | "state"> & { readonly parent: ScopeRef | null; readonly parentName: string | null };

export function isScopeStream(stream: string): stream is keyof typeof OF_STREAM {
  return Object.hasOwn(OF_STREAM, stream);
}

export async function reactToScopes(set: ChangeSet, tx: Tx, log: ChangeLog): Promise<void> {
  if (!isScopeStream(set.stream)) return;
  const kind = OF_STREAM[set.stream];
  const seen = [...set.inserted, ...set.changed];
  const stored = await storedScopes(tx, set.connection, kind, [...seen, ...set.gone].map(({ id }) => id));
  const global = kind !== "group" && seen.length > 0 ? await globalId(tx, set) : null;
  const rows: (readonly (string | number | null)[])[] = [];
  const parents: (readonly (string | number | null)[])[] = [];
  const met = new Set<string>();
  for (const { id, before, after } of seen) {
    if (after === null) continue;
    met.add(id);
    const now = listed(kind, after, global);
    const old = stored.get(id) ?? (before === null ? undefined : asStored(kind, before, global));
    tell(log, kind, old, now);
    if (stored.has(id) && old !== undefined && same(old, now, set.tenant)) continue;
    rows.push([set.connection, kind, id, set.tenant, now.parent?.kind ?? null, now.parent?.id ?? null, now.name, fold(now.name), now.state, 0]);
    if (now.parent !== null && now.parent.kind !== "global") parents.push([set.connection, now.parent.kind, now.parent.id, set.tenant, ...parentOf(now.parent.kind, global), now.parentName, fold(now.parentName), null, 1]);
  }
  if (rows.length > 0) await tx.bulkUpsert(SCOPES, rows);
  if (parents.length > 0) await tx.bulkUpsert(INFERRED, parents);
  const gone = set.gone.flatMap(({ id }) => {
    const old = stored.get(id);
    return old === undefined || old.tenant_id !== set.tenant || old.inferred === 1 || met.has(id) ? [] : [old];
  });
  for (const old of gone) log.add({ subject: "scope", change: "removed", scope_kind: kind, scope_id: old.id }, scopeBody(old.name, scopeRef(old.parent_kind, old.parent_id), old.state), undefined, { scope: old.name });
  if (gone.length > 0) {
    await sql`UPDATE access_scopes SET inferred = 1 WHERE connection_id = ${set.connection} AND kind = ${kind} AND id IN ${textList(tx.kind, gone.map(({ id }) => id))}`.execute(tx.db);
    await forgetUnusedScopes(tx, set.connection, [...gone.map(({ id }) => ({ kind, id })), ...gone.flatMap((old) => scopeRef(old.parent_kind, old.parent_id) ?? [])]);
  }
}

/** An account is part of the console; what a site that only a group names lies in is not known. */
function parentOf(kind: ScopeKind, global: string | null): readonly [string | null, string | null] {
  return kind === "account" ? ["global", global] : [null, null];
}

function listed(kind: ScopeKind, row: MirrorRow, global: string | null): Listed {
  const parentKind = kind === "group" ? "site" : "account";
  const parentId = idOrNull(row[kind === "group" ? "site_id" : "account_id"]);
  const parent = kind === "account" ? scopeRef("global", global) : scopeRef(parentId === null ? null : parentKind, parentId);
  return { id: String(row["id"]), name: wordOrNull(row["name"]), state: kind === "group" ? null : wordOrNull(row["state"]), parent, parentName: kind === "site" ? wordOrNull(row["account_name"]) : null };
}

function asStored(kind: ScopeKind, row: MirrorRow, global: string | null): ScopeRow {
  const { id, name, state, parent } = listed(kind, row, global);
  return { connection_id: String(row["connection_id"]), kind, id, tenant_id: String(row["tenant_id"]), parent_kind: parent?.kind ?? null, parent_id: parent?.id ?? null, name, name_key: fold(name), state, inferred: 0 };
}

function same(old: ScopeRow, now: Listed, tenant: string): boolean {
  return old.inferred === 0 && old.tenant_id === tenant && old.name === now.name && old.state === now.state && old.parent_kind === (now.parent?.kind ?? null) && old.parent_id === (now.parent?.id ?? null);
}

function scopeBody(name: string | null, parent: ScopeRef | null, state: string | null) {
  return { name, parent, state };
}

function tell(log: ChangeLog, kind: ScopeKind, old: ScopeRow | undefined, now: Listed): void {
  const subject = { subject: "scope", scope_kind: kind, scope_id: now.id } as const;
  const labels = { scope: now.name };
  const body = scopeBody(now.name, now.parent, now.state);
  if (old === undefined || old.inferred === 1) {
    log.add({ ...subject, change: "added" }, undefined, body, labels);
    return;
  }
  const was = scopeBody(old.name, scopeRef(old.parent_kind, old.parent_id), old.state);
  for (const field of ["name", "parent", "state"] as const) {
    if (JSON.stringify(was[field]) !== JSON.stringify(body[field])) log.add({ ...subject, change: "changed", field }, was[field], body[field], labels);
  }
}

async function storedScopes(tx: Tx, connection: string, kind: ScopeKind, ids: readonly string[]): Promise<ReadonlyMap<string, ScopeRow>> {
  const { rows } = await sql<ScopeRow>`SELECT * FROM access_scopes WHERE connection_id = ${connection} AND kind = ${kind} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row]));
}

type Where = Pick<ChangeSet, "connection" | "tenant">;

/** The console as a whole: made where there is none yet. */
export async function globalId(tx: Tx, { connection, tenant }: Where): Promise<string> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM access_scopes WHERE connection_id = ${connection} AND kind = 'global' ORDER BY inferred, id LIMIT 1`.execute(tx.db);
  const [known] = rows;
  if (known !== undefined) return known.id;
  await tx.bulkUpsert(INFERRED, [[connection, "global", UNNAMED_GLOBAL, tenant, null, null, "Global", "global", null, 1]]);
  return UNNAMED_GLOBAL;
}

/** The console's own id of the whole console has come: whatever went by ours goes by it. */
export async function stateGlobal(tx: Tx, where: Where, id: string): Promise<void> {
  const { connection } = where;
  const { rows } = await sql<{ id: string; inferred: number }>`SELECT id, inferred FROM access_scopes WHERE connection_id = ${connection} AND kind = 'global' AND id IN (${id}, ${UNNAMED_GLOBAL})`.execute(tx.db);
  if (rows.some((row) => row.id === id && row.inferred === 0)) return;
  await tx.bulkUpsert(SCOPES, [[connection, "global", id, where.tenant, null, null, "Global", "global", null, 0]]);
  if (id === UNNAMED_GLOBAL || !rows.some((row) => row.id === UNNAMED_GLOBAL)) return;
  await sql`UPDATE access_scopes SET parent_id = ${id} WHERE connection_id = ${connection} AND parent_kind = 'global' AND parent_id = ${UNNAMED_GLOBAL}`.execute(tx.db);
  await sql`
    UPDATE access_bindings AS b SET scope_id = ${id} WHERE connection_id = ${connection} AND scope_kind = 'global' AND scope_id = ${UNNAMED_GLOBAL} AND NOT EXISTS (
      SELECT 1 FROM access_bindings AS o WHERE o.connection_id = b.connection_id AND o.principal_kind = b.principal_kind AND o.principal_id = b.principal_id AND o.role_id = b.role_id
        AND o.scope_kind = 'global' AND o.scope_id = ${id})`.execute(tx.db);
  await sql`DELETE FROM access_bindings WHERE connection_id = ${connection} AND scope_kind = 'global' AND scope_id = ${UNNAMED_GLOBAL}`.execute(tx.db);
  await sql`UPDATE access_roles SET scope_id = ${id} WHERE connection_id = ${connection} AND scope_kind = 'global' AND scope_id = ${UNNAMED_GLOBAL}`.execute(tx.db);
  await sql`UPDATE access_changes SET scope_id = ${id} WHERE connection_id = ${connection} AND scope_kind = 'global' AND scope_id = ${UNNAMED_GLOBAL}`.execute(tx.db);
  await sql`DELETE FROM access_scopes WHERE connection_id = ${connection} AND kind = 'global' AND id = ${UNNAMED_GLOBAL}`.execute(tx.db);
}

/** Scopes that bindings and roles name: those nobody knows yet are kept, as inferred, under the name they are given there. */
export async function inferScopes(tx: Tx, where: Where, scopes: readonly (ScopeRef & { readonly name: string | null })[]): Promise<void> {
  const known = await knownScopes(tx, where.connection, scopes);
  const named = scopes.filter((scope) => scope.kind !== "global" && !known.has(`${scope.kind} ${scope.id}`));
  if (named.length === 0) return;
  const global = named.some(({ kind }) => kind === "account") ? await globalId(tx, where) : null;
  await tx.bulkUpsert(INFERRED, named.map(({ kind, id, name }) => [where.connection, kind, id, where.tenant, ...parentOf(kind, global), name, fold(name), null, 1]));
}

/** Of these, as `kind id`: nearly always all of them, which one question tells sooner than as many attempts to write. */
async function knownScopes(tx: Tx, connection: string, scopes: readonly ScopeRef[]): Promise<ReadonlySet<string>> {
  if (scopes.length === 0) return new Set();
  const known = new Set<string>();
  for (const [kind, of] of Map.groupBy(scopes, (scope) => scope.kind)) {
    const { rows } = await sql<{ id: string }>`SELECT id FROM access_scopes WHERE connection_id = ${connection} AND kind = ${kind} AND id IN ${textList(tx.kind, of.map(({ id }) => id))}`.execute(tx.db);
    for (const { id } of rows) known.add(`${kind} ${id}`);
  }
  return known;
}

/** Of these, the inferred ones that neither a binding nor a scope below them names any more. */
export async function forgetUnusedScopes(tx: Tx, connection: string, scopes: readonly ScopeRef[]): Promise<void> {
  if (scopes.length === 0) return;
  await sql`
    DELETE FROM access_scopes WHERE connection_id = ${connection} AND inferred = 1 AND kind <> 'global' AND (kind, id) IN ${rowList(tx.kind, 2, scopes.map(({ kind, id }) => [kind, id]))}
      AND NOT EXISTS (SELECT 1 FROM access_bindings AS b WHERE b.connection_id = access_scopes.connection_id AND b.scope_kind = access_scopes.kind AND b.scope_id = access_scopes.id)
      AND NOT EXISTS (SELECT 1 FROM access_roles AS r WHERE r.connection_id = access_scopes.connection_id AND r.scope_kind = access_scopes.kind AND r.scope_id = access_scopes.id)
      AND NOT EXISTS (SELECT 1 FROM access_scopes AS c WHERE c.connection_id = access_scopes.connection_id AND c.parent_kind = access_scopes.kind AND c.parent_id = access_scopes.id)`.execute(tx.db);
}
