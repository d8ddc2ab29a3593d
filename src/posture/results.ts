/** The results log: every change of a verdict, with Cloudflare's columns, as people list it and as it is handed over. Always within a tenant scope. */
import { isoTime } from "../kernel/clock.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import { tables, type ResultRow } from "./tables.ts";

export interface ResultFilter {
  readonly connection?: string;
  readonly agentId?: string;
  readonly rule?: string;
  readonly outcome?: string;
  /** As given by the agent; exact. */
  readonly serial?: string;
  readonly email?: string;
  /** Milliseconds, inclusive. */
  readonly since?: number;
  readonly until?: number;
}

/** Cloudflare's columns of `device_posture_results`, then ours. */
export interface PostureResult {
  readonly id: string;
  readonly timestamp: string;
  readonly clientVersion: string | null;
  readonly deviceId: string;
  readonly deviceManufacturer: string | null;
  readonly deviceModel: string | null;
  readonly deviceName: string | null;
  readonly deviceSerialNumber: string | null;
  readonly deviceType: string | null;
  readonly email: string | null;
  readonly userUid: string | null;
  readonly osVersion: string | null;
  readonly policyId: string;
  readonly postureCheckName: string;
  readonly postureCheckType: "sentinelone_s2s";
  /** Null where nothing can be said, or the rule is for other platforms. */
  readonly postureEvaluatedResult: boolean | null;
  readonly postureExpected: readonly unknown[];
  readonly postureReceived: readonly unknown[];
  readonly connection: string;
  readonly tenant: string;
  readonly policyVersion: number;
  readonly shadow: boolean;
  /** Null for a first verdict. */
  readonly previous: string | null;
  readonly outcome: string;
  readonly reason: string;
  readonly evidenceAt: string | null;
}

export interface ResultPage {
  readonly items: readonly PostureResult[];
  /** Of the last line, to go on behind; null at the end. */
  readonly next: number | null;
}

/** Newest first. */
export async function listResults(db: Database, scope: TenantScope, filter: ResultFilter = {}, page: { readonly before?: number; readonly limit?: number } = {}): Promise<ResultPage> {
  const limit = Math.min(page.limit ?? 100, 1_000);
  let query = matching(db, scope, filter).orderBy("seq", "desc").limit(limit + 1);
  if (page.before !== undefined) query = query.where("seq", "<", page.before);
  const rows = await query.execute();
  const shown = rows.slice(0, limit);
  return { items: shown.map(viewOf), next: rows.length > limit ? (shown.at(-1)?.seq ?? null) : null };
}

/** Oldest first, a page at a time: the whole log is never held. */
export async function* exportResults(store: Pick<Store, "read">, scope: TenantScope, filter: ResultFilter, signal: AbortSignal): AsyncGenerator<PostureResult> {
  for (let after = 0; ; ) {
    if (signal.aborted) return;
    const rows = await matching(store.read, scope, filter).where("seq", ">", after).orderBy("seq").limit(500).execute();
    for (const row of rows) yield viewOf(row);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

function matching(db: Database, scope: TenantScope, filter: ResultFilter) {
  let query = tables(db).selectFrom("posture_results").selectAll().where(withinScope(scope));
  if (filter.connection !== undefined) query = query.where("connection_id", "=", filter.connection);
  if (filter.agentId !== undefined) query = query.where("device_id", "=", filter.agentId);
  if (filter.rule !== undefined) query = query.where("rule_id", "=", filter.rule);
  if (filter.outcome !== undefined) query = query.where("outcome", "=", filter.outcome);
  if (filter.serial !== undefined) query = query.where("device_serial", "=", filter.serial);
  if (filter.email !== undefined) query = query.where("email", "=", filter.email.trim().toLowerCase());
  if (filter.since !== undefined) query = query.where("at", ">=", filter.since);
  if (filter.until !== undefined) query = query.where("at", "<=", filter.until);
  return query;
}

function viewOf(row: ResultRow): PostureResult {
  return {
    id: row.id,
    timestamp: isoTime(row.at),
    clientVersion: row.client_version,
    deviceId: row.device_id,
    deviceManufacturer: row.device_manufacturer,
    deviceModel: row.device_model,
    deviceName: row.device_name,
    deviceSerialNumber: row.device_serial,
    deviceType: row.device_type,
    email: row.email,
    userUid: row.user_uid,
    osVersion: row.os_version,
    policyId: row.rule_id,
    postureCheckName: row.rule_name,
    postureCheckType: "sentinelone_s2s",
    postureEvaluatedResult: row.outcome === "pass" ? true : row.outcome === "fail" ? false : null,
    postureExpected: JSON.parse(row.expected) as readonly unknown[],
    postureReceived: JSON.parse(row.received) as readonly unknown[],
    connection: row.connection_id,
    tenant: row.tenant_id,
    policyVersion: row.rule_version,
    shadow: row.shadow === 1,
    previous: row.previous,
    outcome: row.outcome,
    reason: row.reason,
    evidenceAt: row.evidence_at === null ? null : isoTime(row.evidence_at),
  };
}
