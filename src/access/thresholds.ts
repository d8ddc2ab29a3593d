/** From when on something counts as a risk: defaults, what an operator set for all tenants, and what was set for one, each before the one it is named after. */
import Type, { type Static } from "typebox";
import { AccessThresholds } from "../kernel/access-risk-api.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Database, Tx } from "../store/store.ts";
import { riskTables } from "./risk-tables.ts";

export type Thresholds = Static<typeof AccessThresholds>;

const Changes = Type.Partial(AccessThresholds);
export type ThresholdChanges = { readonly [Name in keyof Static<typeof Changes>]?: Thresholds[Name] | null | undefined };

export const DEFAULT_THRESHOLDS: Thresholds = {
  neverSignedInDays: 14,
  staleDays: 90,
  tokenExpiringDays: 30,
  tokenUrgentDays: 7,
  tokenLongestDays: 730,
  tokenUnusedDays: 90,
  overScopedSites: 10,
  overScopedShare: 0.5,
  nearAdminShare: 0.8,
  ssoUsers: 1,
  twoFactorOfSso: false,
  adminRoles: ["Admin"],
};

/** Where what holds for all tenants is kept. */
const ALL = "";

export async function thresholdsOf(db: Database, tenant: TenantId | null): Promise<{ readonly values: Thresholds; readonly set: readonly (keyof Thresholds)[] }> {
  const rows = await riskTables(db).selectFrom("access_thresholds").select(["tenant_id", "body"]).where("tenant_id", "in", [ALL, tenant ?? ALL]).orderBy("tenant_id").execute();
  const bodies = rows.map((row) => ({ own: row.tenant_id === (tenant ?? ALL), body: JSON.parse(row.body) as Partial<Thresholds> }));
  return { values: Object.assign({}, DEFAULT_THRESHOLDS, ...bodies.map(({ body }) => body)) as Thresholds, set: bodies.flatMap(({ own, body }) => (own ? (Object.keys(body) as (keyof Thresholds)[]) : [])) };
}

/** Null takes one back to what holds for all tenants, or to the default. */
export async function setThresholds(tx: Tx, tenant: TenantId | null, changes: ThresholdChanges, by: string, now: number): Promise<void> {
  const db = riskTables(tx.db);
  const row = await db.selectFrom("access_thresholds").select("body").where("tenant_id", "=", tenant ?? ALL).executeTakeFirst();
  const body = new Map<string, unknown>(Object.entries(row === undefined ? {} : (JSON.parse(row.body) as object)));
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    if (value === null) body.delete(name);
    else body.set(name, value);
  }
  const values = { tenant_id: tenant ?? ALL, body: JSON.stringify(Object.fromEntries(body)), set_by: by, set_at: now };
  await db.insertInto("access_thresholds").values(values).onConflict((conflict) => conflict.column("tenant_id").doUpdateSet(values)).execute();
}
