/** Finding connections and tenants for a caller: always through the scope, and never telling absent from forbidden. */
import { Fault } from "../kernel/fault.ts";
import { DEFAULT_TENANT, type ConnectionId, type TenantId } from "../kernel/ids.ts";
import { notFound, oneByReference } from "../kernel/reference.ts";
import { scopeAllows, type TenantScope } from "../kernel/scope.ts";
import type { Database } from "../store/store.ts";
import { faultsOf } from "./faults.ts";
import { tables, withinScope, type ConnectionRow, type ConnectionTables } from "./tables.ts";
import { readable, type ReadableConnection, type RowSurroundings } from "./views.ts";

export function NO_CONNECTION(): Fault {
  return notFound("connection", "vedette connections list");
}

export function NO_TENANT(): Fault {
  return notFound("tenant", "vedette tenants list");
}

/** By id, or by name where one visible connection has it. */
export async function connectionRow(db: Database, scope: TenantScope, reference: string): Promise<ConnectionRow> {
  const rows = await tables(db)
    .selectFrom("connections")
    .selectAll()
    .where("removed_at", "is", null)
    .where(withinScope(scope, "tenant_id"))
    .where((where) => where.or([where("id", "=", reference), where("name", "=", reference)]))
    .orderBy("id")
    .limit(3)
    .execute();
  return oneByReference(rows, reference, "connection", "vedette connections list");
}

export async function tenantRow(db: Database, scope: TenantScope, reference: string): Promise<ConnectionTables["tenants"]> {
  const rows = await tables(db)
    .selectFrom("tenants")
    .selectAll()
    .where(withinScope(scope, "id"))
    .where((where) => where.or([where("id", "=", reference), where("name", "=", reference)]))
    .execute();
  const found = rows.find((row) => row.id === reference) ?? rows[0];
  if (found === undefined) throw NO_TENANT();
  return found;
}

/** Whom a new connection belongs to: the tenant named, or the one there is no doubt about. */
export async function tenantForNew(db: Database, scope: TenantScope, reference: string | undefined): Promise<TenantId> {
  const sole = !scope.all && scope.tenants.length === 1 ? scope.tenants[0] : undefined;
  const wanted = reference ?? sole ?? (scopeAllows(scope, DEFAULT_TENANT) ? DEFAULT_TENANT : undefined);
  if (wanted === undefined) throw new Fault("CONFIG_INVALID", "Several tenants are possible; name the one the connection belongs to.");
  const tenant = await tenantRow(db, scope, wanted);
  if (tenant.leaving_since !== null) throw new Fault("CONFIG_INVALID", "That tenant is leaving; it takes no new connection.");
  return tenant.id as TenantId;
}

/** A tenant's name where it has to be told from others; null where it is the only one. */
export async function nameAmongTenants(db: Database, id: string): Promise<string | null> {
  const rows = await tables(db).selectFrom("tenants").select(["id", "name"]).where((where) => where.or([where("id", "=", id), where("leaving_since", "is", null)])).orderBy("id").limit(2).execute();
  if (rows.length < 2) return null;
  return (await tables(db).selectFrom("tenants").select("name").where("id", "=", id).executeTakeFirst())?.name ?? null;
}

/** What a view needs beside the row, for many rows at once. */
export async function surroundings(db: Database, rows: readonly Pick<ConnectionRow, "id" | "tenant_id">[], verifying: ReadonlySet<string>): Promise<ReadonlyMap<string, RowSurroundings>> {
  const faults = await faultsOf(db, rows.map((row) => row.id));
  const leaving = await tables(db).selectFrom("tenants").select("id").where("leaving_since", "is not", null).execute();
  const gone = new Set(leaving.map((tenant) => tenant.id));
  return new Map(rows.map((row) => [row.id, { faults: faults.get(row.id) ?? [], verifying: verifying.has(row.id), leaving: gone.has(row.tenant_id) }]));
}

/** As the reader takes them; `id` null = all. */
export async function readableConnections(db: Database, id: ConnectionId | null, verifying: ReadonlySet<string>): Promise<readonly ReadableConnection[]> {
  let query = tables(db).selectFrom("connections").selectAll().where("removed_at", "is", null).orderBy("id");
  if (id !== null) query = query.where("id", "=", id);
  const rows = await query.execute();
  if (rows.length === 0) return [];
  const around = await surroundings(db, rows, verifying);
  const mapped = await tables(db).selectFrom("site_tenants").selectAll().where("connection_id", "in", rows.map((row) => row.id)).execute();
  const sites = new Map<string, Map<string, TenantId>>();
  for (const { connection_id: connection, site_id: site, tenant_id: tenant } of mapped) {
    const map = sites.get(connection) ?? new Map<string, TenantId>();
    map.set(site, tenant as TenantId);
    sites.set(connection, map);
  }
  return rows.flatMap((row) => {
    const known = around.get(row.id);
    return known === undefined ? [] : [readable(row, known, sites.get(row.id) ?? new Map())];
  });
}
