/**
 * Devices judged anew: after the asset rules of their tenant changed, and a few times a day where time alone changes what those say. A page of assets in a transaction with
 * its place, so that a large estate neither waits for it nor loses it to a restart; only what differs is written.
 */
import { sql } from "kysely";
import { textList } from "../store/conditions.ts";
import type { Database, Tx } from "../store/store.ts";
import { beginSweep, judgingOf } from "./asset-judging.ts";
import { assetTables } from "./asset-tables.ts";
import { judge, placed, tellStaleness } from "./judge.ts";
import { DAY_MS } from "./sla.ts";
import type { AgentRow } from "./tables.ts";
import { agentFrom, writeAgents } from "./write.ts";

/** Each may have hundreds of findings that change with it. */
const ASSETS_AT_ONCE = 100;
const JUDGED_EVERY_MS = 6 * 3_600_000;
/** More of them than anybody may ask for are of no use. */
const SCAN_DAYS_KEPT = 400;

/** A page of what is to be judged anew; true where more is waiting. */
export async function sweepAssets(tx: Tx, now: number, staleAfterMs: number): Promise<boolean> {
  await beginTimed(tx, now);
  const sweep = await assetTables(tx.db).selectFrom("vuln_asset_sweeps").selectAll().orderBy("tenant_id").limit(1).executeTakeFirst();
  if (sweep === undefined) return false;
  const { tenant_id: tenant } = sweep;
  const { rows: ids } = await sql<{ asset_id: string }>`SELECT DISTINCT asset_id FROM vuln_agents WHERE tenant_id = ${tenant} AND asset_id > ${sweep.after_id} ORDER BY asset_id LIMIT ${ASSETS_AT_ONCE}`.execute(tx.db);
  if (ids.length > 0) {
    const { rows } = await sql<AgentRow>`SELECT * FROM vuln_agents WHERE tenant_id = ${tenant} AND asset_id IN ${textList(tx.kind, ids.map((row) => row.asset_id))}`.execute(tx.db);
    const before = placed(rows.map(agentFrom));
    const after = new Map(before);
    judge(after, new Map([[tenant, await judgingOf(tx, tenant, rows.map((row) => row.connection_id), now, staleAfterMs)]]));
    await writeAgents(tx, [...after].filter(([key, row]) => before.get(key) !== row).map(([, row]) => row));
    await tellStaleness(tx, before, after, now);
  }
  const last = ids.at(-1)?.asset_id;
  if (last !== undefined && ids.length === ASSETS_AT_ONCE) await assetTables(tx.db).updateTable("vuln_asset_sweeps").set({ after_id: last }).where("tenant_id", "=", tenant).execute();
  else await assetTables(tx.db).deleteFrom("vuln_asset_sweeps").where("tenant_id", "=", tenant).execute();
  return (await assetTables(tx.db).selectFrom("vuln_asset_sweeps").select("tenant_id").limit(1).executeTakeFirst()) !== undefined;
}

/** A tenant at a time. A clock that was set back does not keep it from being judged. */
async function beginTimed(tx: Tx, now: number): Promise<void> {
  const tenant = await assetTables(tx.db).selectFrom("vuln_asset_rules").select("tenant_id").where("timed", "=", 1).where((one) => one.or([one("judged_at", "<=", now - JUDGED_EVERY_MS), one("judged_at", ">", now)])).limit(1).executeTakeFirst();
  if (tenant === undefined) return;
  await assetTables(tx.db).updateTable("vuln_asset_rules").set({ judged_at: now }).where("tenant_id", "=", tenant.tenant_id).execute();
  await beginSweep(tx, tenant.tenant_id);
  await sql`DELETE FROM vuln_scan_days WHERE day < ${Math.floor(now / DAY_MS) - SCAN_DAYS_KEPT}`.execute(tx.db);
}

/** When time is to be asked again; null where no rule goes by it. */
export async function nextJudging(db: Database): Promise<number | null> {
  const row = await assetTables(db).selectFrom("vuln_asset_rules").select(({ fn }) => fn.min<number | null>("judged_at").as("judged")).where("timed", "=", 1).executeTakeFirst();
  return row === undefined || row.judged === null ? null : Number(row.judged) + JUDGED_EVERY_MS;
}
