/**
 * What people decided about serial numbers, kept until they decide otherwise: which of several agents with one number is meant, or that a
 * duplicate, a missing or a placeholder number is known and accepted. A preference decides only among the devices that the tie-break leaves.
 */
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { foldSerial } from "./serials.ts";
import { tables, type SerialDecisionRow } from "./tables.ts";

export interface DeviceName {
  readonly connection: ConnectionId;
  readonly agentId: string;
}

export type SerialDecisionDraft =
  /** Of the agents with this number, that one is meant. */
  | { readonly decision: "prefer"; readonly serial: string; readonly device: DeviceName; readonly reason: string }
  /** Known and accepted: a number that several have, or a device without one. */
  | { readonly decision: "accepted"; readonly serial: string; readonly tenant: TenantId; readonly reason: string }
  | { readonly decision: "accepted"; readonly device: DeviceName; readonly reason: string };

export interface SerialDecision {
  readonly tenant: TenantId;
  readonly decision: "prefer" | "accepted";
  /** Folded; null for a decision about one device. */
  readonly serialKey: string | null;
  readonly device: DeviceName | null;
  readonly reason: string;
  readonly decidedBy: string;
  readonly decidedAt: number;
}

const LONGEST_REASON = 1_000;

/** Takes the place of an earlier decision about the same number or device. NOT_FOUND where the device is not the caller's to see. */
export async function decideSerial(tx: Tx, scope: TenantScope, draft: SerialDecisionDraft, by: string, now: number): Promise<SerialDecision> {
  const reason = draft.reason.trim();
  if (reason === "" || reason.length > LONGEST_REASON) throw new Fault("CONFIG_INVALID", `A decision needs a reason (at most ${String(LONGEST_REASON)} characters).`);
  const device = "device" in draft ? await deviceOf(tx.db, scope, draft.device) : null;
  const key = "serial" in draft ? serialKeyOf(draft.serial) : null;
  if (draft.decision === "prefer" && device?.serial_key !== key) throw new Fault("CONFIG_INVALID", "That device has another serial number.");
  const tenant = device?.tenant_id ?? ("tenant" in draft && (scope.all || scope.tenants.includes(draft.tenant)) ? draft.tenant : null);
  if (tenant === null) throw new Fault("NOT_FOUND", "There is no tenant of that name or id.");
  const row: SerialDecisionRow = {
    tenant_id: tenant,
    kind: key === null ? "device" : "serial",
    key: key ?? `${device?.connection_id ?? ""}/${device?.id ?? ""}`,
    decision: draft.decision,
    connection_id: device?.connection_id ?? null,
    device_id: device?.id ?? null,
    reason,
    decided_by: by,
    decided_at: now,
  };
  const { tenant_id: _tenant, kind: _kind, key: _key, ...rest } = row;
  await tables(tx.db).insertInto("posture_serial_decisions").values(row).onConflict((conflict) => conflict.columns(["tenant_id", "kind", "key"]).doUpdateSet(rest)).execute();
  return fromRow(row);
}

async function deviceOf(db: Database, scope: TenantScope, name: DeviceName) {
  const found = await tables(db).selectFrom("posture_devices").select(["connection_id", "id", "tenant_id", "serial_key"]).where("connection_id", "=", name.connection).where("id", "=", name.agentId).where(withinScope(scope)).executeTakeFirst();
  if (found === undefined) throw new Fault("NOT_FOUND", "There is no such device.");
  return found;
}

function serialKeyOf(text: string): string {
  const folded = foldSerial(text);
  if ("key" in folded) return folded.key;
  throw new Fault("CONFIG_INVALID", "That is no serial number that could tell devices apart.");
}

/** False where there was none. */
export async function forgetSerialDecision(tx: Tx, scope: TenantScope, tenant: TenantId, about: { readonly serial: string } | { readonly device: DeviceName }): Promise<boolean> {
  const [kind, key] = "serial" in about ? (["serial", serialKeyOf(about.serial)] as const) : (["device", `${about.device.connection}/${about.device.agentId}`] as const);
  const { numDeletedRows } = await tables(tx.db).deleteFrom("posture_serial_decisions").where(withinScope(scope)).where("tenant_id", "=", tenant).where("kind", "=", kind).where("key", "=", key).executeTakeFirst();
  return numDeletedRows > 0n;
}

export function fromRow(row: SerialDecisionRow): SerialDecision {
  return {
    tenant: row.tenant_id as TenantId,
    decision: row.decision,
    serialKey: row.kind === "serial" ? row.key : null,
    device: row.connection_id === null || row.device_id === null ? null : { connection: row.connection_id as ConnectionId, agentId: row.device_id },
    reason: row.reason,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
  };
}

export type PreferredBySerial = (tenant: TenantId, serialKey: string, connection: string, device: string) => boolean;

export async function preferredBySerial(db: Database, kind: Store["kind"], scope: TenantScope, serials: readonly string[]): Promise<PreferredBySerial> {
  if (serials.length === 0) return () => false;
  const { rows } = await sql<SerialDecisionRow>`
    SELECT * FROM posture_serial_decisions WHERE kind = 'serial' AND decision = 'prefer' AND key IN ${textList(kind, serials)} AND ${withinScope(scope)}`.execute(db);
  const chosen = new Set(rows.map((row) => `${row.tenant_id} ${row.connection_id ?? ""} ${row.device_id ?? ""} ${row.key}`));
  return (tenant, serialKey, connection, device) => chosen.has(`${tenant} ${connection} ${device} ${serialKey}`);
}
