/**
 * The graph of one connection, gone through a page at a time in an order that stays: principals by kind and id, scopes by kind and id, roles by id, bindings by
 * principal, role and scope. Whoever exports or compares holds one page, never the graph. Ids are text, and compared as such.
 */
import { sql } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Database } from "../store/store.ts";
import type { AccessRole, Binding, Principal, PrincipalFacts, PrincipalKind, Scope, ScopeKind, ScopeRef } from "./model.ts";
import type { BindingRow, PrincipalRow, RoleRow, ScopeRow } from "./tables.ts";

const PAGE = 500;

export function principalsOf(db: Database, scope: TenantScope, connection: ConnectionId): AsyncGenerator<Principal> {
  return all<PrincipalRow, Principal>(db, scope, connection, "access_principals", ["kind", "id"], principalFrom);
}

export function scopesOf(db: Database, scope: TenantScope, connection: ConnectionId): AsyncGenerator<Scope> {
  return all<ScopeRow, Scope>(db, scope, connection, "access_scopes", ["kind", "id"], scopeFrom);
}

export function rolesOf(db: Database, scope: TenantScope, connection: ConnectionId): AsyncGenerator<AccessRole> {
  return all<RoleRow, AccessRole>(db, scope, connection, "access_roles", ["id"], roleFrom);
}

export function bindingsOf(db: Database, scope: TenantScope, connection: ConnectionId): AsyncGenerator<Binding> {
  return all<BindingRow, Binding>(db, scope, connection, "access_bindings", ["principal_kind", "principal_id", "role_id", "scope_kind", "scope_id"], bindingFrom);
}

/** Connections of which the scope sees anything in the graph, by id. */
export async function connectionsOf(db: Database, scope: TenantScope): Promise<readonly ConnectionId[]> {
  const seen = (table: string) => sql`EXISTS (SELECT 1 FROM ${sql.table(table)} AS t WHERE t.connection_id = c.connection_id AND ${withinScope(scope, "t.tenant_id")})`;
  const { rows } = await sql<{ connection_id: ConnectionId }>`
    SELECT DISTINCT connection_id FROM mirror_checkpoints AS c WHERE ${seen("access_scopes")} OR ${seen("access_principals")} ORDER BY connection_id`.execute(db);
  return rows.map((row) => row.connection_id);
}

async function* all<Row extends object, Noun>(db: Database, scope: TenantScope, connection: ConnectionId, table: string, key: readonly (keyof Row & string)[], read: (row: Row) => Noun): AsyncGenerator<Noun> {
  const columns = sql.join(key.map((name) => sql.ref(name)));
  let behind = sql``;
  for (;;) {
    const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)} WHERE connection_id = ${connection} AND ${withinScope(scope)} ${behind} ORDER BY ${columns} LIMIT ${PAGE}`.execute(db);
    for (const row of rows) yield read(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    behind = sql`AND (${columns}) > (${sql.join(key.map((name) => last[name]))})`;
  }
}

export function principalFrom(row: PrincipalRow): Principal {
  return { connection: row.connection_id, tenant: row.tenant_id, kind: row.kind as PrincipalKind, id: row.id, facts: JSON.parse(row.facts) as PrincipalFacts, unread: Number(row.unread) };
}

export function scopeFrom(row: ScopeRow): Scope {
  return { connection: row.connection_id, tenant: row.tenant_id, kind: row.kind as ScopeKind, id: row.id, parent: scopeRef(row.parent_kind, row.parent_id), name: row.name, state: row.state, inferred: row.inferred === 1 };
}

export function roleFrom(row: RoleRow): AccessRole {
  return {
    connection: row.connection_id,
    tenant: row.tenant_id,
    id: row.id,
    name: row.name,
    description: row.description,
    predefined: row.predefined === null ? null : row.predefined === 1,
    scope: scopeRef(row.scope_kind, row.scope_id),
    permissions: row.permissions === null ? null : (JSON.parse(row.permissions) as readonly string[]),
    inferred: row.inferred === 1,
  };
}

export function bindingFrom(row: BindingRow): Binding {
  return {
    connection: row.connection_id,
    tenant: row.tenant_id,
    principal: { kind: row.principal_kind as PrincipalKind, id: row.principal_id },
    role: row.role_id,
    scope: { kind: row.scope_kind as ScopeKind, id: row.scope_id },
    seenAt: Number(row.seen_at),
    absentAt: row.absent_at === null ? null : Number(row.absent_at),
    doubtedAt: row.doubted_at === null ? null : Number(row.doubted_at),
  };
}

export function scopeRef(kind: string | null, id: string | null): ScopeRef | null {
  return kind === null || id === null ? null : { kind: kind as ScopeKind, id };
}
