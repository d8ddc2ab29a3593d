/** Ingest rules as they are stored. A connection without any has one that is not: everything, as it is read. */
import { sql } from "kysely";
import type { FaultReport } from "../../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../../kernel/ids.ts";
import type { Database } from "../../store/store.ts";
import type { VulnerabilitySeverity } from "../model.ts";
import { EVERY_DEVICE, type Coverage, type IngestMode, type RuleMatch } from "./match.ts";
import { CONTINUOUS, type Schedule, type Standing } from "./schedule.ts";
import type { RuleRow } from "./tables.ts";

export interface Rule extends Coverage, Schedule, Standing {
  readonly id: string;
  readonly tenant: TenantId;
  readonly connection: ConnectionId;
  readonly connector: string;
  readonly connectorName: string;
  readonly name: string;
  /** Null: the connector's holds. */
  readonly ownMode: IngestMode | null;
  /** Covers what it covers, and takes nothing in until it goes on. */
  readonly paused: boolean;
  readonly fault: FaultReport | null;
  readonly failingSince: number | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly updatedAt: number;
  readonly version: number;
}

export type RuleWithConnector = RuleRow & { readonly connector_name: string; readonly connector_mode: string };

export const SELECT_RULES = sql`SELECT r.*, c.name AS connector_name, c.mode AS connector_mode FROM vuln_rules AS r JOIN vuln_connectors AS c ON c.id = r.connector_id`;

/** In the order they were made. Empty: everything is covered. */
export async function rulesOf(db: Database, connection: string): Promise<readonly Rule[]> {
  const { rows } = await sql<RuleWithConnector>`${SELECT_RULES} WHERE r.connection_id = ${connection} ORDER BY r.id`.execute(db);
  return rows.map(ruleFrom);
}

export function ruleFrom(row: RuleWithConnector): Rule {
  return {
    id: row.id, tenant: row.tenant_id as TenantId, connection: row.connection_id as ConnectionId, connector: row.connector_id, connectorName: row.connector_name, name: row.name,
    mode: (row.mode ?? row.connector_mode) as IngestMode, ownMode: row.mode as IngestMode | null, match: { ...EVERY_DEVICE, ...(JSON.parse(row.covers) as Partial<RuleMatch>) }, floor: row.floor as VulnerabilitySeverity | null,
    cron: row.schedule, timezone: row.timezone, paused: row.paused === 1, nextAt: row.next_at, lastSlot: row.last_slot, fault: row.fault === null ? null : (JSON.parse(row.fault) as FaultReport), failingSince: row.failing_since,
    createdAt: row.created_at, createdBy: row.created_by, updatedAt: row.updated_at, version: row.version,
  };
}

/** Takes changes in as they are read. */
export function isContinuous({ cron, paused }: Rule): boolean {
  return cron === CONTINUOUS && !paused;
}
