/** Past runs, newest first, a bounded number per connection. */
import type { RunView } from "../kernel/api.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store, Tx } from "../store/store.ts";
import type { SyncConnection } from "./ports.ts";
import type { SyncTables } from "./tables.ts";

const KEPT_PER_CONNECTION = 500;

export async function insertRun(store: Store, connection: SyncConnection, view: RunView): Promise<void> {
  await store.tx(async (tx) => {
    await tx.db
      .withTables<SyncTables>()
      .insertInto("sync_runs")
      .values({ id: view.id, connection_id: connection.id, tenant_id: connection.tenant, state: view.state, started_at: Date.parse(view.startedAt), body: JSON.stringify(view) })
      .execute();
  });
}

export async function updateRun(store: Store, view: RunView): Promise<void> {
  await store.tx(async (tx) => {
    await tx.db.withTables<SyncTables>().updateTable("sync_runs").set({ state: view.state, body: JSON.stringify(view) }).where("id", "=", view.id).execute();
    await dropOldest(tx, view.connection as ConnectionId);
  });
}

async function dropOldest(tx: Tx, connection: ConnectionId): Promise<void> {
  const db = tx.db.withTables<SyncTables>();
  const oldestKept = await db
    .selectFrom("sync_runs")
    .select("started_at")
    .where("connection_id", "=", connection)
    .orderBy("started_at", "desc")
    .offset(KEPT_PER_CONNECTION)
    .limit(1)
    .executeTakeFirst();
  if (oldestKept === undefined) return;
  await db.deleteFrom("sync_runs").where("connection_id", "=", connection).where("started_at", "<=", oldestKept.started_at).where("state", "<>", "running").execute();
}

export async function findRun(scope: TenantScope, store: Store, id: string): Promise<RunView | undefined> {
  let query = store.read.withTables<SyncTables>().selectFrom("sync_runs").select("body").where("id", "=", id);
  if (!scope.all) query = query.where("tenant_id", "in", [...scope.tenants]);
  const row = await query.executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.body) as RunView);
}

export async function listRuns(scope: TenantScope, store: Store, filter: { readonly connection?: string | undefined; readonly limit: number }): Promise<readonly RunView[]> {
  let query = store.read.withTables<SyncTables>().selectFrom("sync_runs").select("body").orderBy("started_at", "desc").orderBy("id", "desc").limit(filter.limit);
  if (!scope.all) query = query.where("tenant_id", "in", [...scope.tenants]);
  if (filter.connection !== undefined) query = query.where("connection_id", "=", filter.connection);
  const rows = await query.execute();
  return rows.map((row) => JSON.parse(row.body) as RunView);
}

/** Runs that a killed process left as running: they are over, and say so. */
export async function closeInterruptedRuns(store: Store, now: string): Promise<number> {
  return store.tx(async (tx) => {
    const db = tx.db.withTables<SyncTables>();
    const rows = await db.selectFrom("sync_runs").select(["id", "body"]).where("state", "=", "running").execute();
    for (const row of rows) {
      const view: RunView = { ...(JSON.parse(row.body) as RunView), state: "cancelled", endedAt: now };
      await db.updateTable("sync_runs").set({ state: view.state, body: JSON.stringify(view) }).where("id", "=", row.id).execute();
    }
    return rows.length;
  });
}
