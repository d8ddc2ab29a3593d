/** How exposed a tenant's devices were at a moment, and what was found and fixed in the span before it. */
import { sql } from "kysely";
import type { Store } from "../store/store.ts";
import { VULNERABILITY_SEVERITIES, type VulnerabilitySeverity } from "./model.ts";
import { severityAt } from "./sla.ts";

export interface ExposureSpan {
  /** Found before its end and not fixed by then, gravest first; what is set aside or out of scope is left out. */
  readonly open: readonly { readonly severity: VulnerabilitySeverity; readonly findings: number; readonly overdue: number }[];
  /** That have at least one of them. */
  readonly devices: number;
  readonly found: number;
  readonly fixed: number;
}

export async function exposureInSpan({ read }: Pick<Store, "read">, tenant: string, from: number, to: number): Promise<ExposureSpan> {
  const since = sql`coalesce(detected_at, first_seen)`;
  const open = sql`tenant_id = ${tenant} AND class IN ('open', 'stale', 'fixed') AND ${since} < ${to} AND (fixed_at IS NULL OR fixed_at >= ${to})`;
  const { rows } = await sql<{ severity: number; n: number; overdue: number }>`SELECT severity, count(*) AS n, sum(CASE WHEN due_at < ${to} THEN 1 ELSE 0 END) AS overdue FROM vuln_instances WHERE ${open} GROUP BY severity`.execute(read);
  const counts = new Map(rows.map((row) => [severityAt(Number(row.severity)), row]));
  const { rows: [sums] } = await sql<{ devices: number; found: number; fixed: number }>`
    SELECT (SELECT count(*) FROM (SELECT DISTINCT connection_id, agent_id FROM vuln_instances WHERE ${open}) AS d) AS devices,
      (SELECT count(*) FROM vuln_instances WHERE tenant_id = ${tenant} AND ${since} >= ${from} AND ${since} < ${to}) AS found,
      (SELECT count(*) FROM vuln_instances WHERE tenant_id = ${tenant} AND class = 'fixed' AND fixed_at >= ${from} AND fixed_at < ${to}) AS fixed`.execute(read);
  return {
    open: VULNERABILITY_SEVERITIES.map((severity) => ({ severity, findings: Number(counts.get(severity)?.n ?? 0), overdue: Number(counts.get(severity)?.overdue ?? 0) })),
    devices: Number(sums?.devices ?? 0),
    found: Number(sums?.found ?? 0),
    fixed: Number(sums?.fixed ?? 0),
  };
}
