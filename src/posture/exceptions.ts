/**
 * Exceptions: one device is let off one rule (or all of them) until a stated end, with an owner and a reason. The verdict stays what it is and is
 * not enforced. An exception always ends; the longest lasts a year.
 */
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import { newId, type ConnectionId, type TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { findRule } from "./rules-store.ts";
import { tables, type ExceptionRow } from "./tables.ts";
import type { ActiveException } from "./verdicts.ts";

export const LONGEST_EXCEPTION_MS = 366 * 86_400_000;
const LONGEST_TEXT = 1_000;

export interface ExceptionDraft {
  readonly connection: ConnectionId;
  /** SentinelOne's agent id. */
  readonly agentId: string;
  /** Id or name; null = every rule. */
  readonly rule: string | null;
  /** Who answers for it: a person, as people would look them up. */
  readonly owner: string;
  readonly reason: string;
  /** Milliseconds; ahead of now. */
  readonly endsAt: number;
}

export interface Exception {
  readonly id: string;
  readonly tenant: TenantId;
  readonly ruleId: string | null;
  readonly connection: ConnectionId;
  readonly agentId: string;
  readonly owner: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly endsAt: number;
  /** Null while it holds. */
  readonly endedAt: number | null;
  readonly endedBy: string | null;
}

/** NOT_FOUND where the device or the rule is not the caller's to see. */
export async function addException(tx: Tx, scope: TenantScope, draft: ExceptionDraft, by: string, now: number): Promise<Exception> {
  const owner = textOf(draft.owner, "an owner: who answers for it");
  const reason = textOf(draft.reason, "a reason");
  if (!Number.isSafeInteger(draft.endsAt) || draft.endsAt <= now) throw new Fault("CONFIG_INVALID", "An exception ends; its end has to lie ahead.");
  if (draft.endsAt - now > LONGEST_EXCEPTION_MS) throw new Fault("CONFIG_INVALID", "An exception lasts at most a year.");
  const device = await tables(tx.db).selectFrom("posture_devices").select("tenant_id").where("connection_id", "=", draft.connection).where("id", "=", draft.agentId).where(withinScope(scope)).executeTakeFirst();
  if (device === undefined) throw new Fault("NOT_FOUND", "There is no such device.");
  const rule = draft.rule === null ? null : await findRule(tx.db, scope, draft.rule);
  if (rule !== null && rule.tenant !== null && rule.tenant !== device.tenant_id) throw new Fault("NOT_FOUND", "There is no posture rule of that name or id.", { cure: "`vedette posture rules list` shows what there is." });
  const row: ExceptionRow = {
    id: newId("exception", now),
    tenant_id: device.tenant_id,
    rule_id: rule?.id ?? null,
    connection_id: draft.connection,
    device_id: draft.agentId,
    owner,
    reason,
    created_by: by,
    created_at: now,
    ends_at: draft.endsAt,
    ended_at: null,
    ended_by: null,
  };
  await tables(tx.db).insertInto("posture_exceptions").values(row).execute();
  return fromRow(row);
}

function textOf(text: string, what: string): string {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > LONGEST_TEXT) throw new Fault("CONFIG_INVALID", `An exception needs ${what} (at most ${String(LONGEST_TEXT)} characters).`);
  return trimmed;
}

/** Ends it before its time. One that has ended stays as it ended. */
export async function endException(tx: Tx, scope: TenantScope, id: string, by: string, now: number): Promise<Exception> {
  const row = await tables(tx.db).selectFrom("posture_exceptions").selectAll().where("id", "=", id).where(withinScope(scope)).executeTakeFirst();
  if (row === undefined) throw new Fault("NOT_FOUND", "There is no such exception.");
  if (row.ended_at !== null) return fromRow(row);
  const ended = { ended_at: now, ended_by: by };
  await tables(tx.db).updateTable("posture_exceptions").set(ended).where("id", "=", id).execute();
  return fromRow({ ...row, ...ended });
}

export interface ExceptionFilter {
  /** Those that have ended too. */
  readonly ended?: boolean;
  readonly after?: string;
  readonly limit?: number;
}

/** Newest first; pages by the id of the last one seen. */
export async function listExceptions(db: Database, scope: TenantScope, filter: ExceptionFilter = {}): Promise<readonly Exception[]> {
  let query = tables(db).selectFrom("posture_exceptions").selectAll().where(withinScope(scope)).orderBy("id", "desc").limit(Math.min(filter.limit ?? 100, 1_000));
  if (filter.ended !== true) query = query.where("ended_at", "is", null);
  if (filter.after !== undefined) query = query.where("id", "<", filter.after);
  return (await query.execute()).map(fromRow);
}

/** The one that holds for a rule on a device, the one for that rule before the one for all. */
export type ExceptionsByDevice = (connection: string, device: string, rule: string) => ActiveException | null;

export async function exceptionsOn(db: Database, kind: Store["kind"], devices: readonly { readonly connection_id: string; readonly id: string }[], now: number): Promise<ExceptionsByDevice> {
  if (devices.length === 0) return () => null;
  const { rows } = await sql<ExceptionRow>`
    SELECT * FROM posture_exceptions WHERE ended_at IS NULL AND ends_at > ${now} AND connection_id IN ${textList(kind, [...new Set(devices.map((device) => device.connection_id))])}
      AND device_id IN ${textList(kind, devices.map((device) => device.id))} ORDER BY ends_at`.execute(db);
  if (rows.length === 0) return () => null;
  const found = new Map(rows.map((row) => [`${row.connection_id} ${row.device_id} ${row.rule_id ?? ""}`, { id: row.id, owner: row.owner, reason: row.reason, endsAt: Number(row.ends_at) }]));
  return (connection, device, rule) => found.get(`${connection} ${device} ${rule}`) ?? found.get(`${connection} ${device} `) ?? null;
}

/** Those of the devices that any exception holds for, by `connection agent`. */
export async function exceptedDevices(db: Database, kind: Store["kind"], devices: readonly { readonly connection_id: string; readonly id: string }[], now: number): Promise<readonly string[]> {
  if (devices.length === 0) return [];
  const { rows } = await sql<Pick<ExceptionRow, "connection_id" | "device_id">>`
    SELECT connection_id, device_id FROM posture_exceptions WHERE ended_at IS NULL AND ends_at > ${now} AND connection_id IN ${textList(kind, [...new Set(devices.map((device) => device.connection_id))])}
      AND device_id IN ${textList(kind, devices.map((device) => device.id))}`.execute(db);
  return rows.map((row) => `${row.connection_id} ${row.device_id}`);
}

function fromRow(row: ExceptionRow): Exception {
  return {
    id: row.id,
    tenant: row.tenant_id as TenantId,
    ruleId: row.rule_id,
    connection: row.connection_id as ConnectionId,
    agentId: row.device_id,
    owner: row.owner,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endsAt: row.ends_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
  };
}
