/** Periods the source no longer holds and that were not read in time: named, shown until somebody acknowledges them. */
import { createHash } from "node:crypto";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Store, Tx } from "../store/store.ts";
import type { SyncTables } from "./tables.ts";

export interface Gap {
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly stream: StreamId;
  readonly from: string;
  /** First time the source still has; null where it has nothing after. */
  readonly until: string | null;
  readonly now: number;
}

/** The same gap noticed again is one row. */
export async function recordGap(tx: Tx, gap: Gap): Promise<void> {
  const id = `gap_${createHash("sha256").update([gap.connection, gap.stream, gap.from].join("\n")).digest("hex").slice(0, 26)}`;
  await tx.db
    .withTables<SyncTables>()
    .insertInto("sync_gaps")
    .values({ id, connection_id: gap.connection, tenant_id: gap.tenant, stream: gap.stream, from_time: gap.from, until_time: gap.until, noticed_at: gap.now, acknowledged_at: null })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}

export async function listGaps(scope: TenantScope, store: Store): Promise<readonly SyncTables["sync_gaps"][]> {
  let query = store.read.withTables<SyncTables>().selectFrom("sync_gaps").selectAll().where("acknowledged_at", "is", null).orderBy("noticed_at");
  if (!scope.all) query = query.where("tenant_id", "in", [...scope.tenants]);
  return query.limit(1000).execute();
}

/** The acknowledged gap's tenant, or undefined where there is none the caller may see. */
export async function acknowledgeGap(scope: TenantScope, tx: Tx, id: string, now: number): Promise<string | undefined> {
  const db = tx.db.withTables<SyncTables>();
  const gap = await db.selectFrom("sync_gaps").select(["tenant_id"]).where("id", "=", id).where("acknowledged_at", "is", null).executeTakeFirst();
  if (gap === undefined || !(scope.all || (scope.tenants as readonly string[]).includes(gap.tenant_id))) return undefined;
  await db.updateTable("sync_gaps").set({ acknowledged_at: now }).where("id", "=", id).execute();
  return gap.tenant_id;
}
