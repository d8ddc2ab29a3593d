/**
 * Exceptions: one finding is let off until a stated end, with whoever answers for it and why. It stays a finding; lists leave it out until the end, and from
 * then on say that it was let off and is no more. An exception always ends; the longest lasts a year.
 */
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type ConnectionId, type TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { riskTables, type ExceptionRow } from "./risk-tables.ts";

export const LONGEST_EXCEPTION_MS = 366 * 86_400_000;
const LONGEST_TEXT = 1_000;

export interface ExceptionDraft {
  readonly finding: { readonly id: string; readonly risk: string; readonly tenant: TenantId; readonly connection: ConnectionId; readonly about: string };
  readonly owner: string;
  readonly reason: string;
  /** Milliseconds; ahead of now. */
  readonly endsAt: number;
}

export interface Exception {
  readonly id: string;
  readonly tenant: TenantId;
  readonly finding: string;
  readonly risk: string;
  readonly connection: ConnectionId;
  readonly about: string;
  readonly owner: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly endsAt: number;
  readonly endedAt: number | null;
  readonly endedBy: string | null;
}

/** `over`: its time ran out. `ended`: somebody ended it before. */
export function stateOf({ endsAt, endedAt }: Pick<Exception, "endsAt" | "endedAt">, now: number): "holds" | "over" | "ended" {
  if (endedAt !== null) return "ended";
  return endsAt > now ? "holds" : "over";
}

export async function addException(tx: Tx, { finding, ...draft }: ExceptionDraft, by: string, now: number): Promise<Exception> {
  const owner = textOf(draft.owner, "an owner: who answers for it");
  const reason = textOf(draft.reason, "a reason");
  if (!Number.isSafeInteger(draft.endsAt) || draft.endsAt <= now) throw new Fault("CONFIG_INVALID", "An exception ends; its end has to lie ahead.");
  if (draft.endsAt - now > LONGEST_EXCEPTION_MS) throw new Fault("CONFIG_INVALID", "An exception lasts at most a year.");
  const row: ExceptionRow = {
    id: newId("exception", now),
    tenant_id: finding.tenant,
    finding_id: finding.id,
    risk: finding.risk,
    connection_id: finding.connection,
    about: finding.about.slice(0, LONGEST_TEXT),
    owner,
    reason,
    created_by: by,
    created_at: now,
    ends_at: draft.endsAt,
    ended_at: null,
    ended_by: null,
  };
  await riskTables(tx.db).insertInto("access_exceptions").values(row).execute();
  return fromRow(row);
}

function textOf(text: string, what: string): string {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > LONGEST_TEXT) throw new Fault("CONFIG_INVALID", `An exception needs ${what} (at most ${String(LONGEST_TEXT)} characters).`);
  return trimmed;
}

/** Ends it before its time. One that is over stays as it was. */
export async function endException(tx: Tx, scope: TenantScope, id: string, by: string, now: number): Promise<Exception> {
  const row = await riskTables(tx.db).selectFrom("access_exceptions").selectAll().where("id", "=", id).where(withinScope(scope)).executeTakeFirst();
  if (row === undefined) throw new Fault("NOT_FOUND", "There is no such exception.", { cure: "`vedette access risks exceptions` shows those that hold." });
  const exception = fromRow(row);
  if (stateOf(exception, now) !== "holds") return exception;
  await riskTables(tx.db).updateTable("access_exceptions").set({ ended_at: now, ended_by: by }).where("id", "=", id).execute();
  return { ...exception, endedAt: now, endedBy: by };
}

export interface ExceptionFilter {
  /** Those that hold no more too. */
  readonly all?: boolean;
  readonly after?: string;
  readonly limit: number;
}

/** Newest first; pages by the id of the last one seen. */
export async function listExceptions(db: Database, scope: TenantScope, filter: ExceptionFilter, now: number): Promise<readonly Exception[]> {
  let query = riskTables(db).selectFrom("access_exceptions").selectAll().where(withinScope(scope)).orderBy("id", "desc").limit(filter.limit);
  if (filter.all !== true) query = query.where("ended_at", "is", null).where("ends_at", ">", now);
  if (filter.after !== undefined) query = query.where("id", "<", filter.after);
  return (await query.execute()).map(fromRow);
}

export interface ExceptionsOfFinding {
  readonly holds: Exception | null;
  /** The latest that held and does no more. */
  readonly over: Exception | null;
}

const NO_EXCEPTIONS: ExceptionsOfFinding = { holds: null, over: null };

export async function exceptionsOn(db: Database, kind: Store["kind"], tenant: TenantId, findings: readonly string[], now: number): Promise<(finding: string) => ExceptionsOfFinding> {
  if (findings.length === 0) return () => NO_EXCEPTIONS;
  const { rows } = await sql<ExceptionRow>`
    SELECT * FROM access_exceptions WHERE finding_id IN ${textList(kind, findings)} AND tenant_id = ${tenant} ORDER BY coalesce(ended_at, ends_at), id`.execute(db);
  const found = new Map<string, ExceptionsOfFinding>();
  for (const exception of rows.map(fromRow)) {
    const before = found.get(exception.finding) ?? NO_EXCEPTIONS;
    found.set(exception.finding, stateOf(exception, now) === "holds" ? { ...before, holds: exception } : { ...before, over: exception });
  }
  return (finding) => found.get(finding) ?? NO_EXCEPTIONS;
}

export function exceptionView({ createdAt, endsAt, endedAt, ...rest }: Exception, now: number) {
  const state = stateOf({ endsAt, endedAt }, now);
  return { ...rest, createdAt: isoTime(createdAt), endsAt: isoTime(endsAt), state, endedAt: endedAt === null ? null : isoTime(endedAt) };
}

function fromRow(row: ExceptionRow): Exception {
  return {
    id: row.id,
    tenant: row.tenant_id as TenantId,
    finding: row.finding_id,
    risk: row.risk,
    connection: row.connection_id as ConnectionId,
    about: row.about,
    owner: row.owner,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: Number(row.created_at),
    endsAt: Number(row.ends_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    endedBy: row.ended_by,
  };
}
