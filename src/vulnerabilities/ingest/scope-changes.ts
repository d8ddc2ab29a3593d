/**
 * Findings that rules no longer cover, or cover again. Nothing is decided and nothing is fixed by that: what was resolved stays so, what was open or stale leaves the figures
 * with a row in its history, and is there again when a rule covers it again.
 */
import { sql, type RawBuilder } from "kysely";
import { textList } from "../../store/conditions.ts";
import type { Tx } from "../../store/store.ts";
import { markExposed } from "../exposure.ts";
import { VULNERABILITY_SEVERITIES } from "../model.ts";
import { floorOf, type IngestScope } from "./match.ts";

const UNKNOWN = VULNERABILITY_SEVERITIES.indexOf("unknown");

export interface ScopeChange {
  readonly agent: string;
  readonly severity: number;
  readonly what: "out-of-scope" | "in-scope";
  readonly times: number;
}

/** All of these devices' findings, where `scope` leaves out or takes in. */
export async function scopeDevices(tx: Tx, connection: string, agents: readonly string[], scope: IngestScope, now: number): Promise<readonly ScopeChange[]> {
  if (agents.length === 0) return [];
  await markExposed(tx, agents.map((agent) => ({ connection, agent })));
  const which = sql`connection_id = ${connection} AND agent_id IN ${textList(tx.kind, agents)}`;
  const covered = coveredBy(scope);
  return [...(await leave(tx, sql`${which} AND NOT (${covered})`, now)), ...(await enter(tx, sql`${which} AND (${covered})`, now))];
}

/** These findings alone are covered no longer. */
export async function leaveScope(tx: Tx, connection: string, instances: readonly string[], now: number): Promise<readonly ScopeChange[]> {
  if (instances.length === 0) return [];
  const left = await leave(tx, sql`id IN ${textList(tx.kind, instances)}`, now);
  await markExposed(tx, left.map(({ agent }) => ({ connection, agent })));
  return left;
}

function coveredBy(scope: IngestScope): RawBuilder<unknown> {
  const floor = floorOf(scope);
  if (floor === undefined) return sql`1 = 0`;
  return floor === null ? sql`1 = 1` : sql`severity <= ${VULNERABILITY_SEVERITIES.indexOf(floor)} OR severity = ${UNKNOWN}`;
}

async function leave(tx: Tx, which: RawBuilder<unknown>, now: number): Promise<readonly ScopeChange[]> {
  const inside = sql`${which} AND out_of_scope_at IS NULL`;
  const counted = await count(tx, inside, "out-of-scope");
  if (counted.length === 0) return [];
  await tell(tx, sql`${inside} AND class IN ('open', 'stale')`, "out-of-scope", now);
  await sql`UPDATE vuln_instances SET out_of_scope_at = ${now}, class = CASE WHEN class IN ('open', 'stale') THEN 'out-of-scope' ELSE class END WHERE ${inside}`.execute(tx.db);
  return counted;
}

async function enter(tx: Tx, which: RawBuilder<unknown>, now: number): Promise<readonly ScopeChange[]> {
  const outside = sql`${which} AND out_of_scope_at IS NOT NULL`;
  const counted = await count(tx, outside, "in-scope");
  if (counted.length === 0) return [];
  await tell(tx, sql`${outside} AND class = 'out-of-scope'`, "in-scope", now);
  const stale = sql`EXISTS (SELECT 1 FROM vuln_agents AS a WHERE a.connection_id = vuln_instances.connection_id AND a.id = vuln_instances.agent_id AND a.stale IS NOT NULL)`;
  await sql`UPDATE vuln_instances SET out_of_scope_at = NULL, class = CASE WHEN class <> 'out-of-scope' THEN class WHEN ${stale} THEN 'stale' ELSE 'open' END WHERE ${outside}`.execute(tx.db);
  return counted;
}

async function count(tx: Tx, which: RawBuilder<unknown>, what: ScopeChange["what"]): Promise<readonly ScopeChange[]> {
  const { rows } = await sql<{ agent_id: string; severity: number; n: number }>`SELECT agent_id, severity, count(*) AS n FROM vuln_instances WHERE ${which} GROUP BY agent_id, severity`.execute(tx.db);
  return rows.map((row) => ({ agent: row.agent_id, severity: Number(row.severity), what, times: Number(row.n) }));
}

async function tell(tx: Tx, which: RawBuilder<unknown>, event: ScopeChange["what"], now: number): Promise<void> {
  await sql`
    INSERT INTO vuln_history (tenant_id, connection_id, instance_id, at, event, from_status, to_status, decided_by, actor, details)
    SELECT tenant_id, connection_id, id, cast(${now} as bigint), cast(${event} as text), status, status, 'source', NULL, '{}' FROM vuln_instances WHERE ${which}`.execute(tx.db);
}
