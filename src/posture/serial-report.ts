/** Which devices cannot be told by their serial number, and what people decided about them: duplicates, numbers that are missing, placeholders. */
import { sql } from "kysely";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import { breakTie } from "./matching.ts";
import type { DeviceFacts } from "./model.ts";
import { readFacts } from "./project.ts";
import { fromRow, type SerialDecision } from "./serial-decisions.ts";
import { tables, type SerialDecisionRow } from "./tables.ts";

export interface ReportedDevice {
  readonly connection: ConnectionId;
  readonly agentId: string;
  readonly tenant: TenantId;
  readonly serial: string | null;
  readonly hostname: string | null;
  readonly siteName: string | null;
  readonly userName: string | null;
  readonly lastActive: string | null;
  readonly decommissioned: boolean | null;
}

export interface DuplicateSerial {
  readonly serialKey: string;
  /** How many devices have it; `devices` shows those that reported last. */
  readonly count: number;
  readonly devices: readonly ReportedDevice[];
  /** Whom an asker with this number is given: by the tie-break, by a decision, or nobody. */
  readonly outcome: "tie-break" | "preferred" | "ambiguous";
  readonly chosen: { readonly connection: ConnectionId; readonly agentId: string } | null;
  readonly decisions: readonly SerialDecision[];
}

export interface UnnumberedDevice extends ReportedDevice {
  readonly why: "missing" | "placeholder";
  readonly decision: SerialDecision | null;
}

const MOST_SHOWN = 50;
const MOST_ON_A_PAGE = 500;

/** By number; pages by the last one seen. */
export async function duplicateSerials(db: Database, kind: Store["kind"], scope: TenantScope, now: number, page: { readonly after?: string; readonly limit?: number } = {}): Promise<readonly DuplicateSerial[]> {
  const limit = Math.min(page.limit ?? 100, MOST_ON_A_PAGE);
  const { rows } = await sql<{ serial_key: string; n: number }>`
    SELECT serial_key, count(*) AS n FROM posture_devices WHERE serial_key > ${page.after ?? ""} AND ${withinScope(scope)} GROUP BY serial_key HAVING count(*) > 1 ORDER BY serial_key LIMIT ${limit}`.execute(db);
  if (rows.length === 0) return [];
  const decided = await decisionsOn(db, kind, scope, "serial", rows.map((row) => row.serial_key));
  const found: DuplicateSerial[] = [];
  for (const row of rows) {
    const devices = await tables(db).selectFrom("posture_devices").select(["facts", "tenant_id"]).where("serial_key", "=", row.serial_key).where(withinScope(scope)).orderBy("last_active", "desc").limit(MOST_SHOWN).execute();
    const facts = devices.map((device) => ({ ...readFacts(device.facts), tenant: device.tenant_id as TenantId }));
    const decisions = decided.filter((decision) => decision.serialKey === row.serial_key);
    found.push({ serialKey: row.serial_key, count: Number(row.n), devices: facts.map(reported), ...outcomeOf(facts, decisions, now), decisions });
  }
  return found;
}

function outcomeOf(devices: readonly DeviceFacts[], decisions: readonly SerialDecision[], now: number): Pick<DuplicateSerial, "outcome" | "chosen"> {
  const left = breakTie(devices, now);
  const [only] = left;
  if (only !== undefined && left.length === 1) return { outcome: "tie-break", chosen: { connection: only.connection, agentId: only.id } };
  const preferred = left.find((device) => decisions.some((decision) => decision.decision === "prefer" && decision.tenant === device.tenant && decision.device?.connection === device.connection && decision.device.agentId === device.id));
  return preferred === undefined ? { outcome: "ambiguous", chosen: null } : { outcome: "preferred", chosen: { connection: preferred.connection, agentId: preferred.id } };
}

/** Devices without a number that says anything, by connection and id; pages by the last one seen. */
export async function unnumberedDevices(db: Database, kind: Store["kind"], scope: TenantScope, page: { readonly after?: { readonly connection: string; readonly agentId: string }; readonly limit?: number } = {}): Promise<readonly UnnumberedDevice[]> {
  const limit = Math.min(page.limit ?? 100, MOST_ON_A_PAGE);
  const { after } = page;
  const behind = after === undefined ? sql`1 = 1` : sql`(connection_id, id) > (${after.connection}, ${after.agentId})`;
  const { rows } = await sql<{ facts: string; tenant_id: string }>`
    SELECT facts, tenant_id FROM posture_devices WHERE serial_key IS NULL AND ${behind} AND ${withinScope(scope)} ORDER BY connection_id, id LIMIT ${limit}`.execute(db);
  const facts = rows.map((row) => ({ ...readFacts(row.facts), tenant: row.tenant_id as TenantId }));
  const decided = await decisionsOn(db, kind, scope, "device", facts.map((device) => `${device.connection}/${device.id}`));
  return facts.map((device) => ({
    ...reported(device),
    why: device.serial === null ? ("missing" as const) : ("placeholder" as const),
    decision: decided.find((decision) => decision.device?.connection === device.connection && decision.device.agentId === device.id) ?? null,
  }));
}

async function decisionsOn(db: Database, kind: Store["kind"], scope: TenantScope, about: "serial" | "device", keys: readonly string[]): Promise<readonly SerialDecision[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<SerialDecisionRow>`SELECT * FROM posture_serial_decisions WHERE kind = ${about} AND key IN ${textList(kind, keys)} AND ${withinScope(scope)} ORDER BY tenant_id`.execute(db);
  return rows.map(fromRow);
}

function reported(device: DeviceFacts): ReportedDevice {
  return {
    connection: device.connection,
    agentId: device.id,
    tenant: device.tenant,
    serial: device.serial,
    hostname: device.hostname,
    siteName: device.siteName,
    userName: device.userName,
    lastActive: device.lastActive,
    decommissioned: device.decommissioned,
  };
}
