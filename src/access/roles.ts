/**
 * Roles with what they permit, those that nobody holds among them. A role that only a binding names is kept as inferred until the listing has it; one that is named
 * without an id goes by `name:<its name>` until a listed role of that name is found, and then by that one's id.
 */
import { sql } from "kysely";
import type { ChangeSet, MirrorRow } from "../mirror/capability.ts";
import { textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import type { ChangeLog } from "./change-log.ts";
import { scopeRef } from "./graph.ts";
import type { ScopeRef } from "./model.ts";
import { globalId, inferScopes, stateGlobal } from "./scopes.ts";
import { KNOWN_BY_NAME, tables, type RoleRow } from "./tables.ts";
import { idOrNull, levelOf, wordOrNull } from "./words.ts";

const TEXTS = ["connection_id", "id", "tenant_id", "name", "description"] as const;
const ROLES: BulkUpsert = {
  table: "access_roles",
  columns: [...TEXTS.map((name) => ({ name, type: "text" as const })), { name: "predefined", type: "integer" }, ...["scope_kind", "scope_id", "permissions"].map((name) => ({ name, type: "text" as const })), { name: "inferred", type: "integer" }],
  key: ["connection_id", "id"],
  update: ["tenant_id", "name", "description", "predefined", "scope_kind", "scope_id", "permissions", "inferred"],
};
const INFERRED: BulkUpsert = { ...ROLES, update: [] };
const PERMISSIONS: BulkUpsert = { table: "access_role_permissions", columns: ["connection_id", "role_id", "permission"].map((name) => ({ name, type: "text" as const })), key: ["connection_id", "role_id", "permission"], update: [] };

const BY_NAME = "name:";

/** Stands for the id of a role of which only the name is known. */
export function idByName(name: string): string {
  return `${BY_NAME}${name}`;
}

type Listed = Omit<RoleRow, "connection_id" | "tenant_id" | "inferred">;

export async function reactToRoles(set: ChangeSet, tx: Tx, log: ChangeLog): Promise<void> {
  const { connection, tenant } = set;
  const seen = [...set.inserted, ...set.changed];
  const stored = await storedRoles(tx, connection, [...seen, ...set.gone].map(({ id }) => id));
  const written: Listed[] = [];
  const met = new Set<string>();
  for (const { id, before, after } of seen) {
    if (after === null) continue;
    met.add(id);
    const now = await listed(tx, set, after);
    const kept = stored.get(id);
    const old = kept ?? (before === null ? undefined : { ...(await listed(tx, set, before)), connection_id: connection, tenant_id: tenant, inferred: 0 });
    tell(log, old, now);
    if (kept === undefined || !same(kept, now, tenant)) written.push(now);
  }
  if (written.length > 0) {
    await inferScopes(tx, set, written.flatMap((role) => named(scopeRef(role.scope_kind, role.scope_id))));
    await tx.bulkUpsert(ROLES, written.map((role) => [connection, role.id, tenant, role.name, role.description, role.predefined, role.scope_kind, role.scope_id, role.permissions, 0]));
    await writePermissions(tx, connection, written);
    await adoptNamed(tx, connection, written);
  }
  const gone = set.gone.flatMap(({ id }) => {
    const old = stored.get(id);
    return old === undefined || old.tenant_id !== tenant || old.inferred === 1 || met.has(id) ? [] : [old];
  });
  for (const old of gone) log.add({ subject: "role", change: "removed", role_id: old.id }, body(old), undefined, { role: old.name });
  if (gone.length === 0) return;
  const ids = gone.map(({ id }) => id);
  await sql`UPDATE access_roles SET inferred = 1 WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  await forgetUnusedRoles(tx, connection, ids);
}

function named(scope: ScopeRef | null) {
  return scope === null ? [] : [{ ...scope, name: null }];
}

async function listed(tx: Tx, set: ChangeSet, row: MirrorRow): Promise<Listed> {
  const kind = levelOf(row["scope"]);
  const given = idOrNull(row["scope_id"]);
  if (kind === "global" && given !== null) await stateGlobal(tx, set, given);
  const id = kind === "global" ? (given ?? (await globalId(tx, set))) : given;
  const predefined = row["predefined_role"];
  return {
    id: String(row["id"]),
    name: wordOrNull(row["name"]) ?? String(row["id"]),
    description: wordOrNull(row["description"]),
    predefined: predefined === 1 || predefined === 0 ? predefined : null,
    scope_kind: id === null ? null : kind,
    scope_id: kind === null ? null : id,
    permissions: permissionsOf(row["permissions"]),
  };
}

function permissionsOf(json: unknown): string | null {
  if (typeof json !== "string") return null;
  const value = JSON.parse(json) as unknown;
  if (!Array.isArray(value)) return null;
  return JSON.stringify([...new Set((value as readonly unknown[]).flatMap((permission) => wordOrNull(permission) ?? []))].toSorted());
}

function same(old: RoleRow, now: Listed, tenant: string): boolean {
  return old.inferred === 0 && old.tenant_id === tenant && JSON.stringify(body(old)) === JSON.stringify(body(now));
}

function body(role: Listed) {
  return { name: role.name, description: role.description, predefined: role.predefined === null ? null : role.predefined === 1, scope: scopeRef(role.scope_kind, role.scope_id), permissions: role.permissions === null ? null : (JSON.parse(role.permissions) as unknown) };
}

function tell(log: ChangeLog, old: RoleRow | undefined, now: Listed): void {
  const subject = { subject: "role", role_id: now.id } as const;
  const after = body(now);
  if (old === undefined || old.inferred === 1) {
    log.add({ ...subject, change: "added" }, undefined, after, { role: now.name });
    return;
  }
  const before = body(old);
  for (const field of ["name", "description", "predefined", "scope", "permissions"] as const) {
    if (JSON.stringify(before[field]) === JSON.stringify(after[field])) continue;
    // That they can be read, or no longer, changes what we see and not what the role permits.
    if (field === "permissions" && (old.permissions === null || now.permissions === null)) continue;
    log.add({ ...subject, change: "changed", field }, before[field], after[field], { role: now.name });
  }
}

async function storedRoles(tx: Tx, connection: string, ids: readonly string[]): Promise<ReadonlyMap<string, RoleRow>> {
  const { rows } = await sql<RoleRow>`SELECT * FROM access_roles WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row]));
}

async function writePermissions(tx: Tx, connection: string, roles: readonly Listed[]): Promise<void> {
  await sql`DELETE FROM access_role_permissions WHERE connection_id = ${connection} AND role_id IN ${textList(tx.kind, roles.map(({ id }) => id))}`.execute(tx.db);
  const rows = roles.flatMap(({ id, permissions }) => (permissions === null ? [] : (JSON.parse(permissions) as readonly string[]).map((permission) => [connection, id, permission])));
  if (rows.length > 0) await tx.bulkUpsert(PERMISSIONS, rows);
}

/** Bindings that named one of these without its id. The console stated the same all along, so it is no change. */
async function adoptNamed(tx: Tx, connection: string, roles: readonly Listed[]): Promise<void> {
  const names = [...new Set(roles.map(({ name }) => name))];
  const { rows } = await sql<{ id: string }>`SELECT id FROM access_roles WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, names.map(idByName))}`.execute(tx.db);
  if (rows.length === 0) return;
  const found = await rolesByName(tx, connection, names);
  // Without statistics SQLite would rather look through all that is held: the index by scope has every column.
  const byName = sql.raw(tx.kind === "sqlite" ? "INDEXED BY access_bindings_by_name" : "");
  for (const name of names) {
    const id = found.get(name);
    const alias = idByName(name);
    if (id === undefined || !rows.some((row) => row.id === alias)) continue;
    await sql`
      UPDATE access_bindings AS b ${byName} SET role_id = ${id} WHERE connection_id = ${connection} AND role_id = ${alias} AND ${sql.raw(KNOWN_BY_NAME)} AND NOT EXISTS (
        SELECT 1 FROM access_bindings AS o WHERE o.connection_id = b.connection_id AND o.principal_kind = b.principal_kind AND o.principal_id = b.principal_id AND o.role_id = ${id}
          AND o.scope_kind = b.scope_kind AND o.scope_id = b.scope_id)`.execute(tx.db);
    await sql`DELETE FROM access_bindings ${byName} WHERE connection_id = ${connection} AND role_id = ${alias} AND ${sql.raw(KNOWN_BY_NAME)}`.execute(tx.db);
    await sql`UPDATE access_changes SET role_id = ${id} WHERE connection_id = ${connection} AND role_id = ${alias}`.execute(tx.db);
    await sql`DELETE FROM access_roles WHERE connection_id = ${connection} AND id = ${alias}`.execute(tx.db);
  }
}

/** The listed role that a name means: the predefined one of several, else the only one. */
export async function rolesByName(tx: Tx, connection: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const rows = await tables(tx.db).selectFrom("access_roles").select(["id", "name", "predefined"]).where("connection_id", "=", connection).where("inferred", "=", 0).where(sql<boolean>`name IN ${textList(tx.kind, names)}`).orderBy("id").execute();
  const found = new Map<string, string>();
  for (const name of names) {
    const all = rows.filter((row) => row.name === name);
    const predefined = all.filter((row) => row.predefined === 1);
    const only = predefined.length === 1 ? predefined[0] : all.length === 1 ? all[0] : undefined;
    if (only !== undefined) found.set(name, only.id);
  }
  return found;
}

/** Roles that bindings name: those nobody knows yet are kept, as inferred. */
export async function inferRoles(tx: Tx, where: Pick<ChangeSet, "connection" | "tenant">, roles: readonly { readonly id: string; readonly name: string }[]): Promise<void> {
  if (roles.length > 0) await tx.bulkUpsert(INFERRED, roles.map(({ id, name }) => [where.connection, id, where.tenant, name, null, null, null, null, null, 1]));
}

export async function forgetUnusedRoles(tx: Tx, connection: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await sql<{ id: string }>`
    DELETE FROM access_roles WHERE connection_id = ${connection} AND inferred = 1 AND id IN ${textList(tx.kind, ids)}
      AND NOT EXISTS (SELECT 1 FROM access_bindings AS b WHERE b.connection_id = access_roles.connection_id AND b.role_id = access_roles.id) RETURNING id`.execute(tx.db);
  if (rows.length > 0) await sql`DELETE FROM access_role_permissions WHERE connection_id = ${connection} AND role_id IN ${textList(tx.kind, rows.map(({ id }) => id))}`.execute(tx.db);
}
