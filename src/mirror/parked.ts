/**
 * What has been set aside, as people and routes see it, always within a tenant scope: list, show, replay. A replay reads the record's own text with
 * today's code; what still cannot be taken in stays parked, with its new reason.
 */
import { type RawBuilder, sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { isStreamId, type StreamId } from "../kernel/stream-ids.ts";
import type { JsonObject } from "../sentinelone/client.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import type { Change } from "./capability.ts";
import type { MirrorTarget } from "./mirror.ts";
import { mergeRecord, type MirrorContext } from "./page.ts";
import { clearHealth, RECORD } from "./parking.ts";
import { reactOne } from "./reactions.ts";
import { idList, rowSql } from "./tables.ts";

export interface Parked {
  readonly id: string;
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly kind: string;
  readonly stream: StreamId;
  readonly key: string | null;
  readonly code: string;
  readonly reason: string;
  readonly codeVersion: string;
  /** Milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly times: number;
}

export interface ParkedFilter {
  readonly connection?: ConnectionId;
  readonly stream?: StreamId;
  readonly kind?: string;
  /** Newest first; pages by the id of the last one seen. */
  readonly after?: string;
  readonly limit?: number;
}

type ParkedRow = {
  id: string;
  connection_id: string;
  tenant_id: string;
  kind: string;
  stream: string;
  record_key: string | null;
  code: string;
  reason: string;
  code_version: string;
  first_at: number;
  last_at: number;
  times: number;
};

const VISIBLE = sql`id, connection_id, tenant_id, kind, stream, record_key, code, reason, code_version, first_at, last_at, times`;

export async function listParked(scope: TenantScope, store: Pick<Store, "read" | "kind">, filter: ParkedFilter = {}): Promise<readonly Parked[]> {
  const answer = await sql<ParkedRow>`
    SELECT ${VISIBLE} FROM mirror_parked WHERE ${within(scope, store.kind)} AND ${matching(filter)} AND ${filter.after === undefined ? sql`1 = 1` : sql`id < ${filter.after}`}
    ORDER BY id DESC LIMIT ${Math.min(filter.limit ?? 100, 1000)}`.execute(store.read);
  return answer.rows.flatMap(asParked);
}

export async function countParked(scope: TenantScope, store: Pick<Store, "read" | "kind">, filter: ParkedFilter = {}): Promise<number> {
  const answer = await sql<{ n: number }>`SELECT count(*) AS n FROM mirror_parked WHERE ${within(scope, store.kind)} AND ${matching(filter)}`.execute(store.read);
  return answer.rows[0]?.n ?? 0;
}

/** With the record's own text. NOT_FOUND alike for another tenant's and for none. */
export async function showParked(scope: TenantScope, store: Pick<Store, "read" | "kind">, id: string): Promise<Parked & { readonly raw: string }> {
  const found = await find(scope, store.read, store.kind, id);
  return { ...found.parked, raw: found.raw };
}

export interface Replayed {
  readonly applied: boolean;
  readonly parked: Parked;
}

/**
 * Tries one parked row again, in the caller's transaction. `target` is that of its connection now. A record is mapped anew and merged (never over a newer one); a
 * capability is given the change as the mirror stands today.
 */
export async function replayParked(scope: TenantScope, context: MirrorContext, tx: Tx, id: string, targetOf: (connection: ConnectionId) => Promise<MirrorTarget>, now: number): Promise<Replayed> {
  const { parked, raw, change } = await find(scope, tx.db, tx.kind, id);
  const target = await targetOf(parked.connection);
  const applied = parked.kind === RECORD ? await replayRecord(context, tx, parked, raw, target, now) : await replayChange(context, tx, parked, change, now);
  if (applied) {
    await sql`DELETE FROM mirror_parked WHERE id = ${id}`.execute(tx.db);
    if (parked.kind !== RECORD) await clearHealth(tx, parked.kind);
  }
  return { applied, parked };
}

async function replayRecord(context: MirrorContext, tx: Tx, parked: Parked, raw: string, target: MirrorTarget, now: number): Promise<boolean> {
  const table = context.tables.find(parked.stream);
  if (table === undefined) return false;
  const value = parseLossless(raw);
  if (value === null) return false;
  const mapped = table.stream.map({ value, raw });
  if ("reason" in mapped) {
    await sql`UPDATE mirror_parked SET reason = ${mapped.reason}, code = ${mapped.code}, code_version = ${context.codeVersion}, last_at = ${now} WHERE id = ${parked.id}`.execute(tx.db);
    return false;
  }
  await mergeRecord(context, tx, table, target, mapped, now);
  return true;
}

async function replayChange(context: MirrorContext, tx: Tx, parked: Parked, change: string | null, now: number): Promise<boolean> {
  const capability = context.capabilities.find((known) => known.id === parked.kind);
  const table = context.tables.find(parked.stream);
  if (capability === undefined || table === undefined || change === null) return false;
  const stored = JSON.parse(change) as Change;
  const current = await sql<Record<string, string | number | null>>`
    SELECT ${rowSql(tx.kind, table)} FROM ${sql.table(table.name)} WHERE connection_id = ${parked.connection} AND id = ${stored.id} AND gone_at IS NULL AND tenant_id = ${parked.tenant}`.execute(tx.db);
  const after = current.rows[0] ?? null;
  const today: Change = { id: stored.id, before: stored.before, after };
  const set = { connection: parked.connection, tenant: parked.tenant, stream: parked.stream, watermark: null, inserted: [], changed: [], gone: [] };
  const filled = after === null ? { ...set, gone: [{ ...today, before: stored.before ?? stored.after }] } : stored.before === null ? { ...set, inserted: [today] } : { ...set, changed: [today] };
  return reactOne(tx, capability, filled, { connection: parked.connection, stream: parked.stream, watermark: null, now, codeVersion: context.codeVersion });
}

async function find(scope: TenantScope, db: Database, kind: Store["kind"], id: string): Promise<{ readonly parked: Parked; readonly raw: string; readonly change: string | null }> {
  const answer = await sql<ParkedRow & { raw: string; change: string | null }>`
    SELECT ${VISIBLE}, raw, change FROM mirror_parked WHERE id = ${id} AND ${within(scope, kind)}`.execute(db);
  const row = answer.rows[0];
  const [parked] = row === undefined ? [] : asParked(row);
  if (row === undefined || parked === undefined) throw new Fault("NOT_FOUND", `There is no parked record ${id}.`, { cure: "`vedette parked list` shows what there is." });
  return { parked, raw: row.raw, change: row.change };
}

function within(scope: TenantScope, kind: Store["kind"]): RawBuilder<unknown> {
  return scope.all ? sql`1 = 1` : sql`tenant_id IN ${idList(kind, scope.tenants)}`;
}

function matching(filter: ParkedFilter): RawBuilder<unknown> {
  const { connection, stream, kind } = filter;
  return sql.join(
    [
      sql`1 = 1`,
      ...(connection === undefined ? [] : [sql`connection_id = ${connection}`]),
      ...(stream === undefined ? [] : [sql`stream = ${stream}`]),
      ...(kind === undefined ? [] : [sql`kind = ${kind}`]),
    ],
    sql` AND `,
  );
}

function asParked(row: ParkedRow): readonly Parked[] {
  if (!isStreamId(row.stream)) return [];
  return [
    {
      id: row.id,
      connection: row.connection_id as ConnectionId,
      tenant: row.tenant_id as TenantId,
      kind: row.kind,
      stream: row.stream,
      key: row.record_key,
      code: row.code,
      reason: row.reason,
      codeVersion: row.code_version,
      firstAt: row.first_at,
      lastAt: row.last_at,
      times: row.times,
    },
  ];
}

/** As the reader parses: integers beyond 2^53 as strings of their digits. Null for text that is no JSON object. */
function parseLossless(raw: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(raw, function lossless(_key: string, parsed: unknown, source?: { source?: string }) {
      const rounded = typeof parsed === "number" && Number.isInteger(parsed) && !Number.isSafeInteger(parsed);
      return rounded && source?.source !== undefined ? source.source : parsed;
    });
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}
