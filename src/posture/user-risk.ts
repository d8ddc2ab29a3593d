/**
 * Risk per user: low, medium or high by the gravest of the reasons that count, each listed. What has ended decays by a level a week; a reset lets go of
 * everything raised before it, and only what is raised afterwards counts again. Changes are told once; what a first reading finds is where we
 * begin and is not told.
 */
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type TenantId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { ChangeSet } from "../mirror/capability.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { BulkUpsert, Database, Store, Tx } from "../store/store.ts";
import { factsOf } from "./facts.ts";
import type { DeviceFacts } from "./model.ts";
import { readFacts } from "./project.ts";
import { alertSignal, asLevel, DECAY_MS, isolationSignal, RISK_WORDS, threatSignal, weigh, type RiskLevel, type RiskWord, type Signal } from "./risk-signals.ts";
import { tables, type RiskSignalRow, type UserRiskRow } from "./tables.ts";

export const USER_RISK_CHANGED = "posture.user-risk-changed";
const MOST_REASONS = 20;
const PAGE = 200;
const MOST_SIGNALS = 20_000;

export interface RiskReason {
  readonly code: string;
  readonly level: RiskWord;
  readonly detail: string;
  /** `threats`, `alerts` or `agents`, and the record's id there. */
  readonly stream: string;
  readonly id: string;
  readonly connection: string;
  readonly agentId: string | null;
  readonly raisedAt: string;
  /** Null while it lasts. */
  readonly endedAt: string | null;
}

export interface UserRisk {
  readonly tenant: TenantId;
  /** E-mail address where one is known, else the name the device gives. */
  readonly user: string;
  readonly level: RiskWord;
  readonly since: string;
  /** The gravest first; at most twenty. */
  readonly reasons: readonly RiskReason[];
  readonly resetAt: string | null;
  readonly resetBy: string | null;
  readonly resetReason: string | null;
}

const SIGNALS: BulkUpsert = {
  table: "posture_risk_signals",
  columns: [
    ...["connection_id", "stream", "id", "tenant_id", "user_key"].map((name) => ({ name, type: "text" as const })),
    { name: "level", type: "integer" },
    ...["code", "detail", "device_id"].map((name) => ({ name, type: "text" as const })),
    { name: "raised_at", type: "integer" },
    { name: "ended_at", type: "integer" },
  ],
  key: ["connection_id", "stream", "id"],
  update: ["tenant_id", "user_key", "level", "code", "detail", "device_id", "raised_at", "ended_at"],
};

export async function reactToRisk(set: ChangeSet, tx: Tx, queueFact: QueueFact<Tx>, now: number): Promise<void> {
  const seen = [...set.inserted, ...set.changed];
  const stored = await storedSignals(tx, set, [...seen, ...set.gone].map((change) => change.id));
  const devices = set.stream === "threats" ? await devicesOf(tx, set, seen.flatMap(({ after }) => (typeof after?.["agent_id"] === "string" ? [after["agent_id"]] : []))) : new Map<string, DeviceFacts>();
  const users = new Map<string, { readonly tenant: string; readonly user: string }>();
  const touch = (tenant: string, user: string) => users.set(`${tenant} ${user}`, { tenant, user });
  const rows: (string | number | null)[][] = [];
  const over: string[] = [];
  for (const { id, after } of seen) {
    if (after === null) continue;
    const before = stored.get(id);
    // Nearly every agent on a page: it is not isolated and never was.
    if (set.stream === "agents" && before === undefined && !String(after["network_status"]).toLowerCase().startsWith("disconnect")) continue;
    const signal = signalOf(set.stream, after, devices.get(String(after["agent_id"])) ?? null, before, now);
    if (before !== undefined) touch(before.tenant_id, before.user_key);
    if (signal === null) {
      if (before !== undefined) over.push(id);
      continue;
    }
    if (before !== undefined && before.tenant_id === set.tenant && isSame(before, signal)) continue;
    touch(set.tenant, signal.user);
    rows.push([set.connection, set.stream, id, set.tenant, signal.user, signal.level, signal.code, signal.detail, signal.device, raisedAt(before, signal, now), signal.endedAt]);
  }
  for (const { id } of set.gone) {
    const before = stored.get(id);
    if (before === undefined || before.tenant_id !== set.tenant) continue;
    over.push(id);
    touch(before.tenant_id, before.user_key);
  }
  if (rows.length === 0 && over.length === 0) return;
  if (rows.length > 0) await tx.bulkUpsert(SIGNALS, rows);
  if (over.length > 0) await sql`DELETE FROM posture_risk_signals WHERE connection_id = ${set.connection} AND stream = ${set.stream} AND id IN ${textList(tx.kind, over)}`.execute(tx.db);
  await settle(tx, [...users.values()], isBeginning(set) ? null : queueFact, now);
}

function signalOf(stream: string, row: NonNullable<ChangeSet["inserted"][number]["after"]>, device: DeviceFacts | null, before: RiskSignalRow | undefined, now: number): Signal | null {
  if (stream === "threats") return threatSignal(row, device, now);
  if (stream === "alerts") return alertSignal(row, now);
  // One that was let go counts on as it is; nothing more happens to it.
  const signal = isolationSignal(factsOf(row), before?.code === "device-isolated", now);
  if (signal === null && before?.code === "device-released") return { user: before.user_key, level: asLevel(before.level), code: "device-released", detail: before.detail, device: before.device_id, raisedAt: before.raised_at, endedAt: before.ended_at };
  return signal;
}

function isSame(before: RiskSignalRow, signal: Signal): boolean {
  return before.user_key === signal.user && before.level === signal.level && before.code === signal.code && before.detail === signal.detail && (before.ended_at === null) === (signal.endedAt === null);
}

/** What grows worse or comes back is raised anew: a reset before it does not speak of it. */
function raisedAt(before: RiskSignalRow | undefined, signal: Signal, now: number): number {
  if (before === undefined) return signal.raisedAt;
  return signal.level > before.level || (before.ended_at !== null && signal.endedAt === null) ? now : before.raised_at;
}

async function storedSignals(tx: Tx, set: ChangeSet, ids: readonly string[]): Promise<ReadonlyMap<string, RiskSignalRow>> {
  const { rows } = await sql<RiskSignalRow>`
    SELECT * FROM posture_risk_signals WHERE connection_id = ${set.connection} AND stream = ${set.stream} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row]));
}

async function devicesOf(tx: Tx, set: ChangeSet, ids: readonly string[]): Promise<Map<string, DeviceFacts>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; facts: string }>`SELECT id, facts FROM posture_devices WHERE connection_id = ${set.connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, readFacts(row.facts)]));
}

/** A first reading, whether its pages come as they are read or afterwards, and what is handed over or replayed: where we begin, and nothing that happened. */
function isBeginning(set: ChangeSet): boolean {
  return set.watermark === null && set.changed.length === 0 && set.gone.length === 0;
}

/** Works out the level of these users anew; tells what changed where somebody is to be told. */
async function settle(tx: Tx, users: readonly { readonly tenant: string; readonly user: string }[], queueFact: QueueFact<Tx> | null, now: number): Promise<void> {
  for (let at = 0; at < users.length; at += PAGE) {
    const page = users.slice(at, at + PAGE);
    const keys = textList(tx.kind, page.map(({ user }) => user));
    // The gravest that last come first, should a name everybody shares have gathered more than anybody reads.
    const signals = await sql<RiskSignalRow>`
      SELECT * FROM posture_risk_signals WHERE tenant_id IN ${textList(tx.kind, [...new Set(page.map(({ tenant }) => tenant))])} AND user_key IN ${keys}
      ORDER BY CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END, level DESC, raised_at DESC LIMIT ${MOST_SIGNALS}`.execute(tx.db);
    const known = await sql<UserRiskRow>`SELECT * FROM posture_user_risk WHERE tenant_id IN ${textList(tx.kind, [...new Set(page.map(({ tenant }) => tenant))])} AND user_key IN ${keys}`.execute(tx.db);
    const before = new Map(known.rows.map((row) => [`${row.tenant_id} ${row.user_key}`, row]));
    const facts: Fact[] = [];
    for (const { tenant, user } of page) {
      const row = before.get(`${tenant} ${user}`);
      const next = levelOf(signals.rows.filter((signal) => signal.tenant_id === tenant && signal.user_key === user), row?.reset_at ?? null, now);
      const changed = (row?.level ?? 0) !== next.level;
      const stored: UserRiskRow = {
        tenant_id: tenant,
        user_key: user,
        level: next.level,
        reasons: JSON.stringify(next.reasons),
        since: changed ? now : (row?.since ?? now),
        turns_at: next.turnsAt,
        reset_at: row?.reset_at ?? null,
        reset_by: row?.reset_by ?? null,
        reset_reason: row?.reset_reason ?? null,
      };
      const { tenant_id: _tenant, user_key: _user, ...rest } = stored;
      await tables(tx.db).insertInto("posture_user_risk").values(stored).onConflict((conflict) => conflict.columns(["tenant_id", "user_key"]).doUpdateSet(rest)).execute();
      if (changed) facts.push(riskChanged(stored, asLevel(row?.level ?? 0), next.reasons, now));
    }
    if (queueFact !== null && facts.length > 0) await queueFact(tx, ...facts);
  }
}

function levelOf(signals: readonly RiskSignalRow[], resetAt: number | null, now: number): { readonly level: RiskLevel; readonly reasons: readonly RiskReason[]; readonly turnsAt: number | null } {
  const counting = signals
    .map((signal) => ({ signal, weighed: weigh({ level: signal.level, raisedAt: signal.raised_at, endedAt: signal.ended_at }, resetAt, now) }))
    .filter(({ weighed }) => weighed.level > 0)
    .toSorted((left, right) => right.weighed.level - left.weighed.level || right.signal.raised_at - left.signal.raised_at || (left.signal.id < right.signal.id ? -1 : 1));
  const turns = counting.flatMap(({ weighed }) => (weighed.turnsAt === null ? [] : [weighed.turnsAt]));
  return {
    level: counting[0]?.weighed.level ?? 0,
    turnsAt: turns.length === 0 ? null : turns.reduce((first, turn) => Math.min(first, turn)),
    reasons: counting.slice(0, MOST_REASONS).map(({ signal, weighed }) => ({
      code: signal.code,
      level: RISK_WORDS[weighed.level],
      detail: signal.detail,
      stream: signal.stream,
      id: signal.id,
      connection: signal.connection_id,
      agentId: signal.device_id,
      raisedAt: isoTime(signal.raised_at),
      endedAt: signal.ended_at === null ? null : isoTime(signal.ended_at),
    })),
  };
}

function riskChanged(row: UserRiskRow, previous: RiskLevel, reasons: readonly RiskReason[], now: number): Fact {
  return {
    tenant: row.tenant_id as TenantId,
    kind: USER_RISK_CHANGED,
    key: row.user_key,
    version: newId("result", now),
    orderKey: `user/${row.user_key}`,
    body: { user: row.user_key, level: RISK_WORDS[asLevel(row.level)], previous: RISK_WORDS[previous], at: isoTime(now), reasons, resetBy: row.reset_at === now ? row.reset_by : null },
  };
}

/** Signals that count nothing any more; true where more are waiting. */
export async function dropDecayedSignals(tx: Tx, now: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    DELETE FROM posture_risk_signals WHERE (connection_id, stream, id) IN (SELECT connection_id, stream, id FROM posture_risk_signals WHERE ended_at < ${now - 4 * DECAY_MS} LIMIT ${PAGE})`.execute(tx.db);
  return Number(numAffectedRows ?? 0) === PAGE;
}

/** Users whose risk decays now; true where more are waiting. */
export async function settleTurnedRisk(tx: Tx, queueFact: QueueFact<Tx>, now: number): Promise<boolean> {
  const rows = await tables(tx.db).selectFrom("posture_user_risk").select(["tenant_id", "user_key"]).where("turns_at", "<=", now).orderBy("turns_at").limit(PAGE).execute();
  if (rows.length === 0) return false;
  await settle(tx, rows.map((row) => ({ tenant: row.tenant_id, user: row.user_key })), queueFact, now);
  return rows.length === PAGE;
}

/** Lets go of every reason there is now. NOT_FOUND where the user has never had one, or is not the caller's to see. */
export async function resetUserRisk(tx: Tx, queueFact: QueueFact<Tx>, scope: TenantScope, tenant: TenantId, user: string, by: string, reason: string, now: number): Promise<UserRisk> {
  const wanted = user.trim().toLowerCase();
  const why = reason.trim();
  if (why === "" || why.length > 1_000) throw new Fault("CONFIG_INVALID", "A reset needs a reason (at most 1000 characters).");
  const found = await tables(tx.db).updateTable("posture_user_risk").set({ reset_at: now, reset_by: by, reset_reason: why }).where("tenant_id", "=", tenant).where("user_key", "=", wanted).where(withinScope(scope)).executeTakeFirst();
  if (found.numUpdatedRows === 0n) throw new Fault("NOT_FOUND", "Nothing is known of the risk of such a user.");
  await settle(tx, [{ tenant, user: wanted }], queueFact, now);
  const [risk] = await findUserRisk(tx.db, { all: false, tenants: [tenant] }, wanted);
  if (risk === undefined) throw new Fault("INTERNAL", "A user's risk was reset and is gone.");
  return risk;
}

/** Of one user, in every tenant the caller sees. */
export async function findUserRisk(db: Database, scope: TenantScope, user: string): Promise<readonly UserRisk[]> {
  const rows = await tables(db).selectFrom("posture_user_risk").selectAll().where("user_key", "=", user.trim().toLowerCase()).where(withinScope(scope)).orderBy("tenant_id").execute();
  return rows.map(viewOf);
}

export interface UserRiskFilter {
  /** This level or above; low when left out. */
  readonly atLeast?: RiskWord;
  readonly after?: { readonly tenant: TenantId; readonly user: string };
  readonly limit?: number;
}

/** By tenant and user; pages by the last one seen. */
export async function listUserRisk(store: Pick<Store, "read">, scope: TenantScope, filter: UserRiskFilter = {}): Promise<readonly UserRisk[]> {
  let query = tables(store.read).selectFrom("posture_user_risk").selectAll().where(withinScope(scope)).where("level", ">=", RISK_WORDS.indexOf(filter.atLeast ?? "low"));
  const { after } = filter;
  if (after !== undefined) query = query.where((where) => where.or([where("tenant_id", ">", after.tenant), where.and([where("tenant_id", "=", after.tenant), where("user_key", ">", after.user)])]));
  const rows = await query.orderBy("tenant_id").orderBy("user_key").limit(Math.min(filter.limit ?? 100, 1_000)).execute();
  return rows.map(viewOf);
}

function viewOf(row: UserRiskRow): UserRisk {
  return {
    tenant: row.tenant_id as TenantId,
    user: row.user_key,
    level: RISK_WORDS[asLevel(row.level)],
    since: isoTime(row.since),
    reasons: JSON.parse(row.reasons) as readonly RiskReason[],
    resetAt: row.reset_at === null ? null : isoTime(row.reset_at),
    resetBy: row.reset_by,
    resetReason: row.reset_reason,
  };
}
