/**
 * Which tenant a site's records belong to. By the site's id, so that a rename in the console changes nothing. A changed mapping is
 * queued for the mirror in the same transaction, so that no kill leaves rows with their former tenant.
 */
import type { Static } from "typebox";
import type { SiteMapping } from "../kernel/api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { scopeAllows, type TenantScope } from "../kernel/scope.ts";
import type { Store, Tx } from "../store/store.ts";
import { connectionRow, tenantRow } from "./lookup.ts";
import type { Recorder } from "./ports.ts";
import { tables, withinScope } from "./tables.ts";

export type Mapping = Static<typeof SiteMapping>;

export interface MirroredSite {
  readonly id: string;
  readonly name: string | null;
  readonly accountName: string | null;
}

export interface SitePorts {
  readonly store: Store;
  readonly clock: Clock;
  /** Sites the mirror holds for a connection that the caller has been checked to see. */
  listSites(scope: TenantScope, connection: ConnectionId): Promise<readonly MirroredSite[]>;
  /** Told after the commit that `pendingReassigns` has something for the mirror. */
  reassign(connection: ConnectionId): void;
}

export interface PendingReassign {
  readonly connection: ConnectionId;
  readonly site: string;
}

const SITE_ID = /^[A-Za-z0-9_-]{1,64}$/;
const SITES_AT_ONCE = 1000;

export type Sites = ReturnType<typeof createSites>;

export function createSites(ports: SitePorts) {
  const { store, clock } = ports;

  /** Gives sites of one console to a tenant; sites that it has already are left as they are. */
  async function map(scope: TenantScope, tenantReference: string, connectionReference: string, sites: readonly string[], record: Recorder): Promise<readonly Mapping[]> {
    const wanted = checkedSites(sites);
    const { connection, tenant } = await store.tx(async (tx) => {
      const target = await tenantRow(tx.db, scope, tenantReference);
      if (target.leaving_since !== null) throw new Fault("CONFIG_INVALID", "That tenant is leaving; it takes no more sites.");
      const row = await connectionRow(tx.db, scope, connectionReference);
      const before = await mappedAmong(tx, row.id, wanted);
      refuseOthers(scope, before);
      const fresh = wanted.filter((site) => before.get(site) !== target.id);
      for (const site of fresh) {
        await tables(tx.db).deleteFrom("site_tenants").where("connection_id", "=", row.id).where("site_id", "=", site).execute();
        await tables(tx.db).insertInto("site_tenants").values({ connection_id: row.id, site_id: site, tenant_id: target.id, mapped_at: isoTime(clock.now()) }).execute();
      }
      await enqueue(tx, row.id, fresh);
      await record(tx, { subject: row.id, tenant: target.id, details: { sites: fresh.length, first: fresh[0] ?? null } });
      return { connection: row.id as ConnectionId, tenant: target.id };
    });
    ports.reassign(connection);
    return ofTenant(scope, tenant);
  }

  /** Takes sites away from a tenant: their records belong to the connection's own tenant again. */
  async function unmap(scope: TenantScope, tenantReference: string, connectionReference: string, sites: readonly string[], record: Recorder): Promise<readonly Mapping[]> {
    const wanted = checkedSites(sites);
    const { connection, tenant } = await store.tx(async (tx) => {
      const target = await tenantRow(tx.db, scope, tenantReference);
      const row = await connectionRow(tx.db, scope, connectionReference);
      const before = await mappedAmong(tx, row.id, wanted);
      const mapped = wanted.filter((site) => before.get(site) === target.id);
      if (mapped.length > 0) await tables(tx.db).deleteFrom("site_tenants").where("connection_id", "=", row.id).where("site_id", "in", mapped).execute();
      await enqueue(tx, row.id, mapped);
      await record(tx, { subject: row.id, tenant: target.id, details: { sites: mapped.length, first: mapped[0] ?? null } });
      return { connection: row.id as ConnectionId, tenant: target.id };
    });
    ports.reassign(connection);
    return ofTenant(scope, tenant);
  }

  async function enqueue(tx: Tx, connection: string, sites: readonly string[]): Promise<void> {
    for (const site of sites) {
      await tables(tx.db).deleteFrom("site_reassigns").where("connection_id", "=", connection).where("site_id", "=", site).execute();
      await tables(tx.db).insertInto("site_reassigns").values({ connection_id: connection, site_id: site, requested_at: isoTime(clock.now()) }).execute();
    }
  }

  async function ofTenant(scope: TenantScope, reference: string): Promise<readonly Mapping[]> {
    const tenant = await tenantRow(store.read, scope, reference);
    const rows = await tables(store.read).selectFrom("site_tenants").selectAll().where("tenant_id", "=", tenant.id).where(withinScope(scope, "site_tenants.tenant_id")).orderBy("connection_id").orderBy("site_id").execute();
    const names = new Map<string, ReadonlyMap<string, MirroredSite>>();
    for (const id of new Set(rows.map((row) => row.connection_id))) {
      const known = await ports.listSites(scope, id as ConnectionId);
      names.set(id, new Map(known.map((site) => [site.id, site])));
    }
    return rows.map((row) => {
      const site = names.get(row.connection_id)?.get(row.site_id);
      return { connection: row.connection_id, site: row.site_id, siteName: site?.name ?? null, accountName: site?.accountName ?? null, tenant: row.tenant_id };
    });
  }

  /** Sites that the mirror knows and no tenant was given: their records stand under the connection's own tenant. */
  async function unassigned(scope: TenantScope): Promise<readonly Mapping[]> {
    const db = tables(store.read);
    const connections = await db.selectFrom("connections").select("id").where("removed_at", "is", null).where(withinScope(scope, "tenant_id")).orderBy("id").execute();
    const found: Mapping[] = [];
    for (const { id } of connections) {
      const rows = await db.selectFrom("site_tenants").select("site_id").where("connection_id", "=", id).execute();
      const mapped = new Set(rows.map((row) => row.site_id));
      for (const site of await ports.listSites(scope, id as ConnectionId)) {
        if (!mapped.has(site.id)) found.push({ connection: id, site: site.id, siteName: site.name, accountName: site.accountName, tenant: null });
      }
    }
    return found;
  }

  /** Every site of a console, by name, with the tenant it was given to: not those of tenants the caller does not see. */
  async function ofConnection(scope: TenantScope, reference: string, page: { readonly text?: string; readonly after?: string; readonly limit: number }): Promise<{ readonly items: readonly Mapping[]; readonly next: string | null }> {
    const connection = await connectionRow(store.read, scope, reference);
    const rows = await tables(store.read).selectFrom("site_tenants").select(["site_id", "tenant_id"]).where("connection_id", "=", connection.id).execute();
    const given = new Map(rows.map((row) => [row.site_id, row.tenant_id as TenantId]));
    const text = page.text?.trim().toLowerCase() ?? "";
    const fits = (words: readonly (string | null)[]): boolean => words.some((word) => word?.toLowerCase().includes(text) === true);
    const seen = (await ports.listSites(scope, connection.id as ConnectionId))
      .filter(({ id, name, accountName }) => scopeAllows(scope, given.get(id) ?? (connection.tenant_id as TenantId)) && (text === "" || fits([id, name, accountName])))
      .map((site) => ({ ...site, key: `${site.name ?? ""}\u0000${site.id}` }))
      .toSorted((left, right) => (left.key < right.key ? -1 : 1));
    const rest = page.after === undefined ? seen : seen.filter(({ key }) => key > (page.after ?? ""));
    const shown = rest.slice(0, page.limit);
    return {
      items: shown.map(({ id, name, accountName }) => ({ connection: connection.id, site: id, siteName: name, accountName, tenant: given.get(id) ?? null })),
      next: rest.length > page.limit ? (shown.at(-1)?.key ?? null) : null,
    };
  }

  /** For the reader: sites whose rows have to be given their tenant anew. */
  async function pendingReassigns(limit: number): Promise<readonly PendingReassign[]> {
    const rows = await tables(store.read).selectFrom("site_reassigns").selectAll().orderBy("requested_at").limit(limit).execute();
    return rows.map((row) => ({ connection: row.connection_id as ConnectionId, site: row.site_id }));
  }

  /** In the transaction in which the mirror had no more row to change. */
  async function reassigned(tx: Tx, done: PendingReassign): Promise<void> {
    await tables(tx.db).deleteFrom("site_reassigns").where("connection_id", "=", done.connection).where("site_id", "=", done.site).execute();
  }

  return { map, unmap, ofTenant, ofConnection, unassigned, pendingReassigns, reassigned };
}

function checkedSites(sites: readonly string[]): readonly string[] {
  const wanted = [...new Set(sites)];
  if (wanted.length === 0) throw new Fault("CONFIG_INVALID", "Name at least one site by its id.");
  if (wanted.length > SITES_AT_ONCE) throw new Fault("CONFIG_INVALID", `At most ${SITES_AT_ONCE} sites can be mapped in one request.`);
  const wrong = wanted.findIndex((site) => !SITE_ID.test(site));
  if (wrong !== -1) throw new Fault("CONFIG_INVALID", `Site ${wrong + 1} is not a site id.`, { cure: "`vedette tenants unassigned` shows the ids." });
  return wanted;
}

async function mappedAmong(tx: Tx, connection: string, sites: readonly string[]): Promise<ReadonlyMap<string, TenantId>> {
  const rows = await tables(tx.db).selectFrom("site_tenants").select(["site_id", "tenant_id"]).where("connection_id", "=", connection).where("site_id", "in", sites).execute();
  return new Map(rows.map((row) => [row.site_id, row.tenant_id as TenantId]));
}

/** Nobody takes a site away from a tenant he does not see. */
function refuseOthers(scope: TenantScope, mapped: ReadonlyMap<string, TenantId>): void {
  for (const [site, tenant] of mapped) {
    if (!scopeAllows(scope, tenant)) throw new Fault("FORBIDDEN", `Site ${site} is given to a tenant this key does not see.`);
  }
}
