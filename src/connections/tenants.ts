/**
 * Tenants: the customers of an MSP, the unit everything is kept apart by. Making, renaming, and letting one go: a leaving tenant is read
 * no more, is purged after a delay that can be used to change one's mind, and is forgotten only when nothing of it is left, counted.
 */
import { sql } from "kysely";
import type { Static } from "typebox";
import type { TenantQuery, TenantView } from "../kernel/api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { DEFAULT_TENANT, newId, type ConnectionId, type TenantId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList } from "../store/conditions.ts";
import { fittingPage, idList, type FittingPage } from "../store/fitting.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import type { Connections } from "./connections.ts";
import { connectionView } from "./views.ts";
import { lastLines } from "./log-lines.ts";
import { surroundings, tenantRow } from "./lookup.ts";
import type { Recorder } from "./ports.ts";
import { checkedName } from "./rules.ts";
import { tables, withinScope, type ConnectionTables } from "./tables.ts";

export type Tenant = Static<typeof TenantView>;

/** A leaving tenant stays this long before it is purged, unless the operator says otherwise. */
export const PURGE_DELAY_MS = 7 * 86_400_000;
const PURGE_CHUNK = 500;
const DEFAULT_PAGE = 200;

/** A tenant's rows in the mirror and in the capabilities. */
export interface TenantData {
  /** Rows of one tenant by table, as they stand. */
  rows(tenant: TenantId, signal: AbortSignal): AsyncIterable<{ readonly table: string; readonly row: Readonly<Record<string, string | number | null>> }>;
  /** Deletes up to `limit` rows; 0 when none are left. */
  purge(tx: Tx, tenant: TenantId, limit: number): Promise<number>;
  count(tenant: TenantId): Promise<number>;
}

export interface TenantPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly data: TenantData;
  readonly connections: Pick<Connections, "removeRow">;
  /** Told after a commit that stopped or resumed reading of these. */
  changed(id: ConnectionId, change: "paused" | "resumed" | "removed"): void;
  readonly purgeDelayMs?: number;
}

export type Tenants = ReturnType<typeof createTenants>;

export function createTenants(ports: TenantPorts) {
  const { store, clock, data } = ports;

  async function view(db: Database, row: ConnectionTables["tenants"]): Promise<Tenant> {
    const [found] = await views(db, [row]);
    if (found === undefined) throw new Fault("INTERNAL", "A tenant row gave no view.");
    return found;
  }

  /** By name, which no two have. */
  async function list(scope: TenantScope, { text, ids, after, limit = DEFAULT_PAGE }: Static<typeof TenantQuery> = {}): Promise<FittingPage<Tenant>> {
    const wanted = text?.trim().toLowerCase() ?? "";
    const among = idList(ids);
    const { items, next } = await fittingPage<ConnectionTables["tenants"]>({
      after,
      limit,
      fits: ({ name }) => name.toLowerCase().includes(wanted),
      place: ({ name }) => name,
      read(behind, size) {
        let rows = tables(store.read).selectFrom("tenants").selectAll().where(withinScope(scope, "id")).orderBy("name").limit(size);
        if (behind !== undefined) rows = rows.where("name", ">", behind);
        if (among !== undefined) rows = rows.where(sql<boolean>`id IN ${textList(store.kind, among)}`);
        return rows.execute();
      },
    });
    return { items: await views(store.read, items), next };
  }

  async function get(scope: TenantScope, reference: string): Promise<Tenant> {
    return view(store.read, await tenantRow(store.read, scope, reference));
  }

  /** Only who sees every tenant may make one: nobody else would see it afterwards. */
  async function create(scope: TenantScope, name: string, record: Recorder): Promise<Tenant> {
    if (!scope.all) throw new Fault("FORBIDDEN", "A key limited to certain tenants cannot make a new one.");
    const row = { id: newId("tenant", clock.now()), name: checkedName(name, "tenant"), created_at: isoTime(clock.now()), leaving_since: null, purge_after: null };
    return store.tx(async (tx) => {
      await refuseTaken(tx.db, row.name, null);
      await tables(tx.db).insertInto("tenants").values(row).execute();
      await record(tx, { subject: row.id, tenant: row.id, details: { name: row.name } });
      return view(tx.db, row);
    });
  }

  async function rename(scope: TenantScope, reference: string, name: string, record: Recorder): Promise<Tenant> {
    const wanted = checkedName(name, "tenant");
    return store.tx(async (tx) => {
      const row = await tenantRow(tx.db, scope, reference);
      await refuseTaken(tx.db, wanted, row.id);
      await tables(tx.db).updateTable("tenants").set({ name: wanted }).where("id", "=", row.id).execute();
      await record(tx, { subject: row.id, tenant: row.id, details: { before: row.name, name: wanted } });
      return view(tx.db, { ...row, name: wanted });
    });
  }

  /** Begins the end of a tenant. `confirm` is its name, so that a slip of an id does no harm. */
  async function leave(scope: TenantScope, reference: string, confirm: string, record: Recorder): Promise<Tenant> {
    const { result, ids } = await store.tx(async (tx) => {
      const row = await tenantRow(tx.db, scope, reference);
      if (row.id === DEFAULT_TENANT) throw new Fault("CONFIG_INVALID", "The default tenant cannot be purged.");
      if (row.name !== confirm) throw new Fault("CONFIG_INVALID", "The confirmation is not the tenant's name; nothing was done.");
      await refuseSharedConsoles(tx.db, row.id);
      const now = clock.now();
      const leaving = { leaving_since: row.leaving_since ?? isoTime(now), purge_after: row.purge_after ?? isoTime(now + (ports.purgeDelayMs ?? PURGE_DELAY_MS)) };
      await tables(tx.db).updateTable("tenants").set(leaving).where("id", "=", row.id).execute();
      await record(tx, { subject: row.id, tenant: row.id, details: { name: row.name, purgeAfter: leaving.purge_after } });
      return { result: await view(tx.db, { ...row, ...leaving }), ids: await connectionIds(tx.db, row.id) };
    });
    for (const id of ids) ports.changed(id, "paused");
    return result;
  }

  /** Takes `leave` back while the purge has not begun. */
  async function stay(scope: TenantScope, reference: string, record: Recorder): Promise<Tenant> {
    const { result, ids } = await store.tx(async (tx) => {
      const row = await tenantRow(tx.db, scope, reference);
      if (row.purge_after !== null && Date.parse(row.purge_after) <= clock.now()) throw new Fault("CONFIG_INVALID", "The tenant's delay has passed; it is being purged.");
      await tables(tx.db).updateTable("tenants").set({ leaving_since: null, purge_after: null }).where("id", "=", row.id).execute();
      await record(tx, { subject: row.id, tenant: row.id, details: { name: row.name, leaving: false } });
      return { result: await view(tx.db, { ...row, leaving_since: null, purge_after: null }), ids: await connectionIds(tx.db, row.id) };
    });
    for (const id of ids) ports.changed(id, "resumed");
    return result;
  }

  /**
   * Purges what is due, at most `chunks` transactions of 500 rows in one call. Returns the tenants that are gone now; one whose rows
   * do not count zero afterwards stays, and is tried again.
   */
  async function purgeDue(record: Recorder, chunks = 200): Promise<readonly TenantId[]> {
    const due = await tables(store.read).selectFrom("tenants").select("id").where("purge_after", "<=", isoTime(clock.now())).orderBy("id").execute();
    const gone: TenantId[] = [];
    let left = chunks;
    for (const { id } of due) {
      const tenant = id as TenantId;
      await removeConnections(tenant, record);
      let more = true;
      while (more && left > 0) {
        left -= 1;
        more = (await store.tx((tx) => data.purge(tx, tenant, PURGE_CHUNK))) > 0;
      }
      if (more) return gone;
      if (await forget(tenant, record)) gone.push(tenant);
    }
    return gone;
  }

  async function removeConnections(tenant: TenantId, record: Recorder): Promise<void> {
    const ids = await store.tx(async (tx) => {
      const rows = await tables(tx.db).selectFrom("connections").selectAll().where("tenant_id", "=", tenant).where("removed_at", "is", null).execute();
      for (const row of rows) await ports.connections.removeRow(tx, row, record);
      return rows.map((row) => row.id as ConnectionId);
    });
    for (const id of ids) ports.changed(id, "removed");
  }

  async function forget(tenant: TenantId, record: Recorder): Promise<boolean> {
    const rows = await data.count(tenant);
    if (rows > 0) {
      ports.log.error("tenant.purge-incomplete", { tenant, rows });
      return false;
    }
    return store.tx(async (tx) => {
      const db = tables(tx.db);
      // The reader forgets a removed connection when its mirror rows are gone; the tenant waits for that.
      const waiting = await db.selectFrom("connections").select("id").where("tenant_id", "=", tenant).limit(1).executeTakeFirst();
      if (waiting !== undefined) return false;
      await db.deleteFrom("site_tenants").where("tenant_id", "=", tenant).execute();
      await db.deleteFrom("tenants").where("id", "=", tenant).execute();
      await record(tx, { subject: tenant, tenant, details: { rowsLeft: 0 } });
      return true;
    });
  }

  /** Everything of one tenant, one JSON line each, tokens never among it. */
  async function* exportLines(scope: TenantScope, reference: string, signal: AbortSignal): AsyncGenerator<string> {
    const row = await tenantRow(store.read, scope, reference);
    const tenant = row.id as TenantId;
    yield jsonLine("tenant", { id: row.id, name: row.name, createdAt: row.created_at });
    const db = tables(store.read);
    const connections = await db.selectFrom("connections").selectAll().where("tenant_id", "=", tenant).where("removed_at", "is", null).orderBy("id").execute();
    const around = await surroundings(store.read, connections, new Set());
    for (const connection of connections) {
      const known = around.get(connection.id);
      if (known !== undefined) yield jsonLine("connection", connectionView(connection, known, clock.now()));
      for (const line of await lastLines(store.read, connection.id as ConnectionId, 1000)) yield jsonLine("connection_log", { connection: connection.id, ...line });
    }
    const sites = await db.selectFrom("site_tenants").select(["connection_id", "site_id", "mapped_at"]).where("tenant_id", "=", tenant).orderBy("connection_id").orderBy("site_id").execute();
    for (const site of sites) yield jsonLine("site_mapping", { connection: site.connection_id, site: site.site_id, mappedAt: site.mapped_at });
    for await (const { table, row: found } of data.rows(tenant, signal)) yield jsonLine(table, found);
  }

  return { list, get, create, rename, leave, stay, purgeDue, exportLines };
}

function jsonLine(table: string, row: object): string {
  return `${JSON.stringify({ table, row })}\n`;
}

async function views(db: Database, rows: readonly ConnectionTables["tenants"][]): Promise<readonly Tenant[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const counted = await tables(db).selectFrom("connections").select(["tenant_id", (where) => where.fn.countAll().as("number")]).where("tenant_id", "in", ids).where("removed_at", "is", null).groupBy("tenant_id").execute();
  const mapped = await tables(db).selectFrom("site_tenants").select(["tenant_id", (where) => where.fn.countAll().as("number")]).where("tenant_id", "in", ids).groupBy("tenant_id").execute();
  const connections = new Map(counted.map((row) => [row.tenant_id, Number(row.number)]));
  const sites = new Map(mapped.map((row) => [row.tenant_id, Number(row.number)]));
  return rows.map((row) => ({ id: row.id, name: row.name, createdAt: row.created_at, connections: connections.get(row.id) ?? 0, sites: sites.get(row.id) ?? 0, leavingSince: row.leaving_since, purgeAfter: row.purge_after }));
}

async function connectionIds(db: Database, tenant: string): Promise<readonly ConnectionId[]> {
  const rows = await tables(db).selectFrom("connections").select("id").where("tenant_id", "=", tenant).where("removed_at", "is", null).execute();
  return rows.map((row) => row.id as ConnectionId);
}

async function refuseTaken(db: Database, name: string, but: string | null): Promise<void> {
  const row = await tables(db).selectFrom("tenants").select("id").where("name", "=", name).executeTakeFirst();
  if (row !== undefined && row.id !== but) throw new Fault("ALREADY_EXISTS", "That tenant name is taken.");
}

/** Purging the owner of a console that other tenants' sites are read from would take their rows along. */
async function refuseSharedConsoles(db: Database, tenant: string): Promise<void> {
  const shared = await tables(db)
    .selectFrom("site_tenants")
    .innerJoin("connections", "connections.id", "site_tenants.connection_id")
    .select("connections.name")
    .where("connections.tenant_id", "=", tenant)
    .where("site_tenants.tenant_id", "!=", tenant)
    .where("connections.removed_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  if (shared !== undefined) throw new Fault("CONFIG_INVALID", `Connection ${JSON.stringify(shared.name)} of this tenant also serves sites of others.`, { cure: "Unmap those sites, or connect the console under another tenant, first." });
}
