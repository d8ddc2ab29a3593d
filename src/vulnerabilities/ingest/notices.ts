/**
 * Says once that a rule's runs begin to fail, and once that they work again: on the rule, for whoever looks at the status, and as a queued fact. What fails the same way again is
 * no news.
 */
import { isoTime } from "../../kernel/clock.ts";
import type { FaultReport } from "../../kernel/fault.ts";
import type { QueueFact } from "../../kernel/fact.ts";
import type { TenantId } from "../../kernel/ids.ts";
import type { Tx } from "../../store/store.ts";
import { addCounts, NO_COUNTS, type IngestCounts } from "./outcomes.ts";
import { ingestTables, type RunRow } from "./tables.ts";

export const INGEST_FAILED = "vulnerabilities.ingest-failed";
export const INGEST_RECOVERED = "vulnerabilities.ingest-recovered";

export interface Told {
  readonly queueFact: QueueFact<Tx>;
}

export async function countsOf(db: Tx["db"], runs: readonly string[]): Promise<ReadonlyMap<string, IngestCounts>> {
  if (runs.length === 0) return new Map();
  const rows = await ingestTables(db).selectFrom("vuln_run_counts").selectAll().where("run_id", "in", [...runs]).execute();
  const sums = new Map<string, IngestCounts>();
  for (const row of rows) sums.set(row.run_id, addCounts(sums.get(row.run_id) ?? NO_COUNTS, JSON.parse(row.counts) as IngestCounts));
  return sums;
}

/** Of a run that has ended. */
export async function tellRun(tx: Tx, { queueFact }: Told, run: RunRow, now: number): Promise<void> {
  const rule = await ingestTables(tx.db).selectFrom("vuln_rules").select(["id", "name", "fault", "failing_since"]).where("id", "=", run.rule_id).executeTakeFirst();
  if (rule === undefined) return;
  const fault = worstOf(run);
  const failed = fault !== null;
  // A run that asked nobody proves nothing about reading.
  if (!failed && (rule.fault === null || run.begun_by === "rule-changed" || run.begun_by === "resumed")) return;
  const since = failed ? (rule.failing_since ?? now) : null;
  await ingestTables(tx.db).updateTable("vuln_rules").set({ fault: failed ? JSON.stringify(fault) : null, failing_since: since }).where("id", "=", rule.id).execute();
  if (failed && rule.fault !== null && (JSON.parse(rule.fault) as FaultReport).code === fault.code) return;
  const connector = await ingestTables(tx.db).selectFrom("vuln_connectors").select(["id", "name"]).where("id", "=", run.connector_id).executeTakeFirst();
  const counts = (await countsOf(tx.db, [run.id])).get(run.id) ?? NO_COUNTS;
  await queueFact(tx, {
    tenant: run.tenant_id as TenantId,
    kind: failed ? INGEST_FAILED : INGEST_RECOVERED,
    key: rule.id,
    version: run.id,
    orderKey: rule.id,
    body: {
      at: isoTime(now),
      rule: { id: rule.id, name: rule.name },
      connector: { id: run.connector_id, name: connector?.name ?? null },
      connection: run.connection_id,
      run: { id: run.id, trigger: run.begun_by, state: run.state, startedAt: isoTime(Number(run.started_at)), endedAt: isoTime(now) },
      failingSince: failed ? isoTime(Number(since)) : rule.failing_since === null ? null : isoTime(Number(rule.failing_since)),
      fault: failed ? { code: fault.code, message: fault.message, cure: fault.cure } : null,
      faults: JSON.parse(run.faults) as object,
      counts,
    },
  });
}

/** The one to act on first: a permission that is missing waits for somebody, the others may pass. */
export function worstOf({ faults }: Pick<RunRow, "faults">): FaultReport | null {
  const all = Object.values(JSON.parse(faults) as Readonly<Record<string, FaultReport>>);
  return all.find(({ kind }) => kind === "credential") ?? all.find(({ kind }) => kind === "permission") ?? all[0] ?? null;
}
