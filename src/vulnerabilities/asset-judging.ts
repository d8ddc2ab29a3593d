/** The asset rules of tenants as they are stored, and what devices are judged by: the rules, and the days on which a connection's devices were scanned. */
import { Fault } from "../kernel/fault.ts";
import type { BulkUpsert, Database, Tx } from "../store/store.ts";
import { assign, DEFAULT_ASSET_RULES, isTimed, NOTHING_ASSIGNED, type Assigned, type AssetRules, type Judging } from "./asset-rules.ts";
import { assetTables } from "./asset-tables.ts";
import type { AgentFacts } from "./model.ts";
import { DAY_MS } from "./sla.ts";
import type { AgentRow } from "./tables.ts";

export interface StoredAssetRules {
  readonly rules: AssetRules;
  /** 0: the default, which nobody has changed. */
  readonly version: number;
  readonly updatedAt: number | null;
  readonly updatedBy: string | null;
}

export async function assetRulesOf(db: Database, tenant: string): Promise<StoredAssetRules> {
  const row = await assetTables(db).selectFrom("vuln_asset_rules").selectAll().where("tenant_id", "=", tenant).executeTakeFirst();
  if (row === undefined) return { rules: DEFAULT_ASSET_RULES, version: 0, updatedAt: null, updatedBy: null };
  return { rules: JSON.parse(row.rules) as AssetRules, version: row.version, updatedAt: Number(row.updated_at), updatedBy: row.updated_by };
}

/** Devices follow in the background. CONFIG_INVALID where somebody else changed them since `version`, and for two rules of one name. */
export async function setAssetRules(tx: Tx, tenant: string, rules: AssetRules, given: { readonly by: string; readonly now: number; readonly version?: number | undefined }): Promise<StoredAssetRules> {
  const before = await assetRulesOf(tx.db, tenant);
  if (given.version !== undefined && given.version !== before.version) throw new Fault("CONFIG_INVALID", `The asset rules were changed meanwhile: they are at version ${String(before.version)}.`, { cure: "Read them again, then change them." });
  const twice = rules.rules.find(({ name }, at) => rules.rules.findIndex((one) => one.name === name) !== at);
  if (twice !== undefined) throw new Fault("CONFIG_INVALID", `Two rules are named ${JSON.stringify(twice.name)}.`, { cure: "Give each a name of its own: devices say by it which rule a value comes from." });
  const row = { rules: JSON.stringify(rules), version: before.version + 1, updated_at: given.now, updated_by: given.by, timed: isTimed(rules) ? 1 : 0, judged_at: given.now };
  await assetTables(tx.db).insertInto("vuln_asset_rules").values({ tenant_id: tenant, ...row }).onConflict((one) => one.column("tenant_id").doUpdateSet(row)).execute();
  await beginSweep(tx, tenant);
  return { rules, version: row.version, updatedAt: given.now, updatedBy: given.by };
}

/** From the first asset on; one that is under way begins again. */
export async function beginSweep(tx: Tx, tenant: string): Promise<void> {
  await assetTables(tx.db).insertInto("vuln_asset_sweeps").values({ tenant_id: tenant, after_id: "" }).onConflict((one) => one.column("tenant_id").doUpdateSet({ after_id: "" })).execute();
}

export async function isBeingJudged(db: Database, tenant: string): Promise<boolean> {
  return (await assetTables(db).selectFrom("vuln_asset_sweeps").select("tenant_id").where("tenant_id", "=", tenant).executeTakeFirst()) !== undefined;
}

/** What this tenant's devices of these connections are judged by now. */
export async function judgingOf(tx: Tx, tenant: string, connections: Iterable<string>, now: number, staleAfterMs: number): Promise<Judging> {
  const { rules } = await assetRulesOf(tx.db, tenant);
  const { missedScans } = rules.deactivate;
  const missed = new Map<string, number>();
  for (const connection of missedScans === null ? [] : new Set(connections)) {
    const row = await assetTables(tx.db).selectFrom("vuln_scan_days").select("day").where("connection_id", "=", connection).orderBy("day", "desc").offset((missedScans ?? 1) - 1).limit(1).executeTakeFirst();
    if (row !== undefined) missed.set(connection, Number(row.day) * DAY_MS);
  }
  return { now, staleAfterMs, rules, missedBefore: (connection) => missed.get(connection) ?? null };
}

const SCAN_DAYS: BulkUpsert = { table: "vuln_scan_days", columns: [{ name: "connection_id", type: "text" }, { name: "day", type: "integer" }], key: ["connection_id", "day"], update: [] };

/** Scans of this page that nobody knew of: on these days devices of the connection were scanned. */
export async function noteScanDays(tx: Tx, connection: string, moments: Iterable<number>): Promise<void> {
  const days = new Set([...moments].map((at) => Math.floor(at / DAY_MS)));
  await tx.bulkUpsert(SCAN_DAYS, [...days].map((day) => [connection, day]));
}

/** As its table keeps it. */
export function assignedText(rules: AssetRules, facts: string): string {
  // Most tenants have no rules and most devices no tags: nothing can be said then. In a text within the facts the quotes would be escaped.
  if (rules.rules.length === 0 && (facts === "{}" || facts.includes('"tags":[]'))) return "";
  const assigned = assign(rules, JSON.parse(facts) as Partial<AgentFacts>);
  return assigned.groups.length === 0 && assigned.owner === null && assigned.criticality === null && assigned.sensitivity === null && assigned.exposure === null ? "" : JSON.stringify(assigned);
}

export function assignedOf({ assigned }: Pick<AgentRow, "assigned">): Assigned {
  return assigned === "" ? NOTHING_ASSIGNED : (JSON.parse(assigned) as Assigned);
}
