/** What a rule would cover, counted in the mirror before it is saved, and what would leave or enter the figures with it. Read in pages; nothing is stored. */
import { sql } from "kysely";
import { viewName } from "../../kernel/stream-ids.ts";
import type { MirrorRow } from "../../mirror/capability.ts";
import { textList } from "../../store/conditions.ts";
import type { Store } from "../../store/store.ts";
import { agentOf } from "../agent-facts.ts";
import { VULNERABILITY_SEVERITIES, type VulnerabilitySeverity } from "../model.ts";
import { severityOf } from "../risk-facts.ts";
import { coversDevice, floorOf, reaches, scopeOf, type Coverage, type IngestScope } from "./match.ts";

const DEVICES = 500;

export interface Preview {
  readonly devices: { readonly matched: number; readonly all: number };
  /** Of the devices matched, in the mirror now; of an asset rule none. */
  readonly findings: Readonly<Record<VulnerabilitySeverity, number>>;
  /** Covered today and by no rule then; their findings are open or stale now. */
  readonly leaving: { readonly devices: number; readonly findings: number };
  /** Covered by no rule today. */
  readonly entering: { readonly devices: number };
}

type Reads = Pick<Store, "read" | "kind">;

/** `before` and `after`: all rules of the connection, without and with what is previewed. */
export async function preview(store: Reads, connection: string, rule: Coverage, before: readonly Coverage[], after: readonly Coverage[]): Promise<Preview> {
  const findings = Object.fromEntries(VULNERABILITY_SEVERITIES.map((severity) => [severity, 0])) as Record<VulnerabilitySeverity, number>;
  const counts = { matched: 0, all: 0, leaving: 0, entering: 0, left: 0 };
  for (let behind = ""; ; ) {
    const { rows } = await sql<MirrorRow & { readonly id: string }>`
      SELECT id, connection_id, account_id, site_id, group_id, os_type, machine_type, tags FROM ${sql.table(viewName("agents"))} WHERE connection_id = ${connection} AND id > ${behind} ORDER BY id LIMIT ${DEVICES}`.execute(store.read);
    const devices = rows.map((row) => {
      const { facts } = agentOf(row);
      return { id: row.id, matched: coversDevice(rule.match, facts), was: scopeOf(before, facts), is: scopeOf(after, facts) };
    });
    const matched = devices.filter((one) => one.matched).map(({ id }) => id);
    counts.all += rows.length;
    counts.matched += matched.length;
    counts.leaving += devices.filter(({ was, is }) => was !== "none" && is === "none").length;
    counts.entering += devices.filter(({ was, is }) => was === "none" && is !== "none").length;
    if (rule.mode === "scan") await addFindings(store, connection, matched, rule.floor, findings);
    for (const [scope, agents] of Map.groupBy(devices.filter(({ was, is }) => was !== is), ({ is }) => is)) counts.left += await leftBy(store, connection, agents.map(({ id }) => id), scope);
    const last = rows.at(-1);
    if (last === undefined || rows.length < DEVICES) break;
    behind = last.id;
  }
  return { devices: { matched: counts.matched, all: counts.all }, findings, leaving: { devices: counts.leaving, findings: counts.left }, entering: { devices: counts.entering } };
}

async function addFindings({ read, kind }: Reads, connection: string, devices: readonly string[], floor: VulnerabilitySeverity | null, sum: Record<VulnerabilitySeverity, number>): Promise<void> {
  if (devices.length === 0) return;
  // A severity that is stated needs no score: otherwise every score would be a group of its own.
  const stated = sql`lower(coalesce(severity, '')) IN ('critical', 'high', 'medium', 'low', 'informational', 'info', 'none')`;
  const { rows } = await sql<{ severity: string | null; base_score: number | null; nvd_base_score: number | null; n: number }>`
    SELECT severity, CASE WHEN ${stated} THEN NULL ELSE base_score END AS base_score, CASE WHEN ${stated} THEN NULL ELSE nvd_base_score END AS nvd_base_score, count(*) AS n
    FROM ${sql.table(viewName("risks"))} WHERE connection_id = ${connection} AND endpoint_id IN ${textList(kind, devices)} AND lower(coalesce(status, '')) NOT IN ('removed', 'resolved') GROUP BY 1, 2, 3`.execute(read);
  for (const row of rows) {
    const place = severityOf(row.severity, { baseScore: row.base_score, nvdBaseScore: row.nvd_base_score });
    const severity = VULNERABILITY_SEVERITIES[place] ?? "unknown";
    if (reaches(floor, place)) sum[severity] += Number(row.n);
  }
}

/** Findings in the figures that `scope` leaves out. */
async function leftBy({ read, kind }: Reads, connection: string, agents: readonly string[], scope: IngestScope): Promise<number> {
  const floor = floorOf(scope);
  if (floor === null) return 0;
  const { rows } = await sql<{ severity: number; n: number }>`
    SELECT severity, count(*) AS n FROM vuln_instances WHERE connection_id = ${connection} AND agent_id IN ${textList(kind, agents)} AND class IN ('open', 'stale') GROUP BY severity`.execute(read);
  return rows.reduce((left, row) => left + (floor !== undefined && reaches(floor, Number(row.severity)) ? 0 : Number(row.n)), 0);
}
