/**
 * What the rules need to know before they look at the first principal of a tenant's console: thresholds, lists of people, whether SSO is in use, which roles
 * administer. A few rows each, however large the console is.
 */
import { sql, type RawBuilder } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import { provenTo } from "./coverage.ts";
import type { RiskKind } from "./risk-model.ts";
import { riskTables, type ListRow } from "./risk-tables.ts";
import { thresholdsOf, type Thresholds } from "./thresholds.ts";

/** A tenant's part of one console. */
export interface EstateName {
  readonly tenant: TenantId;
  readonly connection: ConnectionId;
}

export interface AdminRole {
  /** `name`: called so. `near`: a custom role that may nearly as much. */
  readonly by: "name" | "near";
  readonly name: string;
  readonly tenant: string;
  /** Of an administrator's permissions; 1 where it is called so. */
  readonly share: number;
}

export interface Estate extends EstateName {
  readonly db: Database;
  readonly kind: Store["kind"];
  readonly now: number;
  readonly thresholds: Thresholds;
  readonly lists: readonly ListRow[];
  /** Users who sign in through SSO or a directory. */
  readonly ssoUsers: number;
  readonly sites: number;
  readonly admins: ReadonlyMap<string, AdminRole>;
  /** Permissions that an administrator has here; nought where they could not be read. */
  readonly adminPermissions: number;
  /** Ids of the roles whose permissions those are. */
  readonly adminReference: readonly string[];
  readonly usersRead: boolean;
  /** Only findings of this one, by id or e-mail. */
  readonly principal: string | null;
}

export interface EstateNote {
  readonly risk: RiskKind | null;
  readonly note: string;
}

/** By tenant and connection. Each step is one look into an index, so that a scope of one tenant never reads another's rows. */
export async function estatesOf(db: Database, scope: TenantScope, connection: ConnectionId | null): Promise<readonly EstateName[]> {
  const found = new Map<string, EstateName>();
  for (const table of ["access_principals", "access_roles"]) {
    for (let after: readonly [string, string] = ["", ""]; ; ) {
      const { rows } = await sql<{ tenant_id: TenantId; connection_id: ConnectionId }>`
        SELECT tenant_id, connection_id FROM ${sql.table(table)} WHERE (tenant_id, connection_id) > (${after[0]}, ${after[1]}) AND ${withinScope(scope)}
        ORDER BY tenant_id, connection_id LIMIT 1`.execute(db);
      const [row] = rows;
      if (row === undefined) break;
      after = [row.tenant_id, row.connection_id];
      if (connection === null || row.connection_id === connection) found.set(after.join(" "), { tenant: row.tenant_id, connection: row.connection_id });
    }
  }
  return [...found.values()].toSorted((left, right) => compare(left.tenant, right.tenant) || compare(left.connection, right.connection));
}

export function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export async function openEstate(store: Pick<Store, "read" | "kind">, { tenant, connection }: EstateName, principal: string | null, now: number): Promise<Estate> {
  const { read: db, kind } = store;
  const { values: thresholds } = await thresholdsOf(db, tenant);
  const reference = await referenceRoles(db, kind, connection, thresholds);
  return {
    tenant,
    connection,
    db,
    kind,
    now,
    thresholds,
    principal,
    lists: await riskTables(db).selectFrom("access_lists").selectAll().where("tenant_id", "=", tenant).orderBy("id").execute(),
    ssoUsers: await countOf(db, sql`access_principals WHERE tenant_id = ${tenant} AND connection_id = ${connection} AND kind = 'user' AND ${factSql(kind, "source")} IN ('sso', 'active-directory')`),
    sites: await countOf(db, sql`access_scopes WHERE connection_id = ${connection} AND kind = 'site'`),
    admins: await adminRoles(db, kind, connection, thresholds, reference),
    adminPermissions: reference.permissions,
    adminReference: reference.ids,
    usersRead: (await provenTo(db, connection)).has("users"),
  };
}

/** Why some rules say nothing here. */
export function notesOf(estate: Estate): readonly EstateNote[] {
  return [
    ...(estate.usersRead ? [] : [{ risk: "creator-gone" as const, note: "The console's users are not read, so nobody can be called gone." }]),
    ...(estate.adminPermissions > 0 ? [] : [{ risk: "near-admin" as const, note: `What ${estate.thresholds.adminRoles.join(" or ")} may do could not be read, so no role can be compared with it.` }]),
    ...(estate.lists.length > 0 ? [] : [{ risk: "not-in-list" as const, note: "No list of people was given: upload one under Access › Settings, or with `vedette access risks lists upload FILE --kind hr|idp`." }]),
  ];
}

/** A fact of a principal as text. `name` is ours. */
export function factSql(kind: Store["kind"], name: string, table = "access_principals"): RawBuilder<string | null> {
  const facts = sql.ref(`${table}.facts`);
  return kind === "sqlite" ? sql`${facts} ->> ${sql.lit(name)}` : sql`${facts}::json ->> ${sql.lit(name)}`;
}

async function countOf(db: Database, from: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${from}`.execute(db);
  return Number(rows[0]?.n ?? 0);
}

interface Reference {
  readonly ids: readonly string[];
  readonly permissions: number;
}

/** The roles called administrators, as the console itself defines them, and how many permissions they have together. */
async function referenceRoles(db: Database, kind: Store["kind"], connection: ConnectionId, { adminRoles: names }: Thresholds): Promise<Reference> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM access_roles WHERE connection_id = ${connection} AND predefined = 1 AND permissions IS NOT NULL AND lower(name) IN ${textList(kind, names.map((name) => name.toLowerCase()))}
    ORDER BY id LIMIT 50`.execute(db);
  const ids = rows.map((row) => row.id);
  const counted = await sql<{ n: number }>`SELECT count(DISTINCT permission) AS n FROM access_role_permissions WHERE connection_id = ${connection} AND role_id IN ${textList(kind, ids)}`.execute(db);
  return { ids, permissions: Number(counted.rows[0]?.n ?? 0) };
}

async function adminRoles(db: Database, kind: Store["kind"], connection: ConnectionId, { adminRoles: names, nearAdminShare }: Thresholds, reference: Reference): Promise<ReadonlyMap<string, AdminRole>> {
  const called = await sql<{ id: string; name: string; tenant: string }>`
    SELECT id, name, tenant_id AS tenant FROM access_roles WHERE connection_id = ${connection} AND lower(name) IN ${textList(kind, names.map((name) => name.toLowerCase()))} ORDER BY id`.execute(db);
  const admins = new Map<string, AdminRole>(called.rows.map(({ id, name, tenant }) => [id, { by: "name", name, tenant, share: 1 }]));
  if (reference.permissions === 0) return admins;
  const near = await sql<{ id: string; name: string; tenant: string; n: number }>`
    SELECT r.id, r.name, r.tenant_id AS tenant, count(*) AS n FROM access_roles r JOIN access_role_permissions p ON p.connection_id = r.connection_id AND p.role_id = r.id
    WHERE r.connection_id = ${connection} AND r.predefined = 0 AND p.permission IN
      (SELECT permission FROM access_role_permissions WHERE connection_id = ${connection} AND role_id IN ${textList(kind, reference.ids)})
    GROUP BY r.id, r.name, r.tenant_id HAVING count(*) >= ${nearAdminShare * reference.permissions} ORDER BY r.id`.execute(db);
  for (const { id, name, tenant, n } of near.rows) if (!admins.has(id)) admins.set(id, { by: "near", name, tenant, share: Number(n) / reference.permissions });
  return admins;
}
