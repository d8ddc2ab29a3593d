/**
 * Due dates of instances by their tenant's rules: set when they are found, and worked out again, finding by finding and a bounded piece at a time, when the rules or the
 * catalogue of known exploited vulnerabilities changed. Only dates that differ are written.
 */
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { Database, Tx } from "../store/store.ts";
import { intelligenceTables } from "./intelligence-tables.ts";
import { kevOf } from "./known.ts";
import { DEFAULT_POLICY, dueAt, dueTerms, severityAt, type DueTerms, type SlaPolicy } from "./sla.ts";
import { tables } from "./tables.ts";

const FINDINGS_AT_ONCE = 100;
/** Dates written before others have their turn; a finding on very many devices is one piece all the same. */
const ENOUGH_ROWS = 2000;

export interface StoredPolicy {
  readonly policy: SlaPolicy;
  /** 0: the default, which nobody has changed. */
  readonly version: number;
  readonly updatedAt: number | null;
  readonly updatedBy: string | null;
}

export async function policyOf(db: Database, tenant: string): Promise<StoredPolicy> {
  const row = await intelligenceTables(db).selectFrom("vuln_sla").selectAll().where("tenant_id", "=", tenant).executeTakeFirst();
  if (row === undefined) return { policy: DEFAULT_POLICY, version: 0, updatedAt: null, updatedBy: null };
  return { policy: JSON.parse(row.policy) as SlaPolicy, version: row.version, updatedAt: Number(row.updated_at), updatedBy: row.updated_by };
}

/** Dates follow in the background. CONFIG_INVALID where somebody else changed it since `version`. */
export async function setPolicy(tx: Tx, tenant: string, policy: SlaPolicy, given: { readonly by: string; readonly now: number; readonly version?: number | undefined }): Promise<StoredPolicy> {
  const before = await policyOf(tx.db, tenant);
  if (given.version !== undefined && given.version !== before.version) throw new Fault("CONFIG_INVALID", `The due dates were changed meanwhile: they are at version ${String(before.version)}.`, { cure: "Read them again, then change them." });
  const row = { policy: JSON.stringify(policy), version: before.version + 1, updated_at: given.now, updated_by: given.by };
  await intelligenceTables(tx.db).insertInto("vuln_sla").values({ tenant_id: tenant, ...row }).onConflict((one) => one.column("tenant_id").doUpdateSet(row)).execute();
  await intelligenceTables(tx.db).insertInto("vuln_due_sweeps").values({ tenant_id: tenant, after_id: "" }).onConflict((one) => one.column("tenant_id").doUpdateSet({ after_id: "" })).execute();
  return { policy, version: row.version, updatedAt: given.now, updatedBy: given.by };
}

/** For new instances of these CVEs: `severity` by its place, `since` when it was detected, or else first seen. */
export async function dueRule(tx: Tx, tenant: string, cves: readonly string[]): Promise<(cve: string, severity: number, since: number) => number | null> {
  const { policy } = await policyOf(tx.db, tenant);
  const kev = await kevOf(tx.db, tx.kind, [...new Set(cves)]);
  return (cve, severity, since) => dueAt(dueTerms(policy, severityAt(severity), kev.get(cve) ?? null), since);
}

export async function sweepEveryTenant(tx: Tx): Promise<void> {
  await sql`DELETE FROM vuln_due_sweeps`.execute(tx.db);
  await sql`INSERT INTO vuln_due_sweeps (tenant_id, after_id) SELECT DISTINCT tenant_id, '' FROM vuln_findings`.execute(tx.db);
}

/** A bounded piece of what is to be worked out again; true where more is waiting. */
export async function sweepDueDates(tx: Tx): Promise<boolean> {
  const sweep = await intelligenceTables(tx.db).selectFrom("vuln_due_sweeps").selectAll().orderBy("tenant_id").limit(1).executeTakeFirst();
  if (sweep === undefined) return false;
  const { policy } = await policyOf(tx.db, sweep.tenant_id);
  const findings = await tables(tx.db).selectFrom("vuln_findings").select(["id", "cve", "severity"]).where("tenant_id", "=", sweep.tenant_id).where("id", ">", sweep.after_id).orderBy("id").limit(FINDINGS_AT_ONCE).execute();
  const kev = await kevOf(tx.db, tx.kind, findings.map(({ cve }) => cve));
  let written = 0;
  let last: string | null = null;
  for (const { id, cve, severity } of findings) {
    const at = dueInSql(tx, dueTerms(policy, severityAt(severity), kev.get(cve) ?? null));
    // One that came back runs from then, and keeps its date.
    const { numAffectedRows = 0n } = await sql`UPDATE vuln_instances SET due_at = ${at} WHERE finding_id = ${id} AND reopened = 0 AND due_at IS DISTINCT FROM ${at}`.execute(tx.db);
    written += Number(numAffectedRows);
    last = id;
    if (written >= ENOUGH_ROWS) break;
  }
  const done = last === null || (findings.length < FINDINGS_AT_ONCE && last === findings.at(-1)?.id);
  if (done) await intelligenceTables(tx.db).deleteFrom("vuln_due_sweeps").where("tenant_id", "=", sweep.tenant_id).execute();
  else await intelligenceTables(tx.db).updateTable("vuln_due_sweeps").set({ after_id: last ?? "" }).where("tenant_id", "=", sweep.tenant_id).execute();
  return !done || (await intelligenceTables(tx.db).selectFrom("vuln_due_sweeps").select("tenant_id").limit(1).executeTakeFirst()) !== undefined;
}

/** As `dueAt` of each row. A date of detection that lay ahead when it was first seen is none. */
function dueInSql({ kind }: Tx, { afterMs, kev }: DueTerms) {
  const [least, most] = kind === "sqlite" ? [sql.raw("min"), sql.raw("max")] : [sql.raw("least"), sql.raw("greatest")];
  const since = sql`${least}(coalesce(detected_at, first_seen), first_seen)`;
  const own = afterMs === null ? null : sql`${since} + ${sql.lit(afterMs)}`;
  const exploited = kev === null ? null : sql`${most}(${since}, ${sql.lit(kev.addedAt)}) + ${sql.lit(kev.afterMs)}`;
  if (own === null) return exploited ?? sql`NULL`;
  return exploited === null ? own : sql`${least}(${own}, ${exploited})`;
}
