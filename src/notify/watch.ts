/**
 * Looks once a minute at how connections and destinations stand, and writes down what starts and what ends: in the same transaction the rules that want to know hear of it, and a fact tells every
 * other destination. What has ended before anybody was told is not told.
 */
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import { FACT_SEVERITIES, type Fact, type FactSeverity, type QueueFact } from "../kernel/fact.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { NotificationSettings } from "../kernel/notification-api.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Tx } from "../store/store.ts";
import { healthTables, type TroubleRow } from "./health-tables.ts";
import { covers, itemsOf, rulesFor } from "./hear.ts";
import { dueAt, rankOf } from "./policy.ts";
import { firstMark, marked, type Mark, type Seen } from "./rhythm.ts";
import { ITEMS, itemValues, type ItemRow } from "./tables.ts";
import { troublesOfConnection, troublesOfDestination, type SeenConnection, type SeenDestination, type Trouble } from "./troubles.ts";

export const HEALTH = "health:";

export interface Observed {
  readonly connections: readonly (Omit<SeenConnection, "mark"> & { readonly seen: Seen })[];
  readonly destinations: readonly SeenDestination[];
}

/** All in one transaction: what is written is as much as starts or ends, and a mark for each connection. */
export async function noteHealth(tx: Tx, { connections, destinations }: Observed, queueFact: QueueFact<Tx>, now: number): Promise<void> {
  const marks = await nextMarks(tx, connections, now);
  const troubles = [
    ...connections.flatMap((connection) => troublesOfConnection({ ...connection, mark: marks.get(connection.id) ?? firstMark(now) }, now)),
    ...destinations.flatMap((destination) => troublesOfDestination(destination, now)),
  ];
  const known = new Map((await healthTables(tx.db).selectFrom("health_troubles").selectAll().where((where) => where.or([where("ended_at", "is", null), where("key", "in", troubles.length === 0 ? [""] : troubles.map(({ key }) => key))])).execute()).map((row) => [row.key, row]));
  const changed: TroubleRow[] = [];
  for (const trouble of troubles) {
    const before = known.get(trouble.key);
    const starts = before === undefined || before.ended_at !== null;
    const row: TroubleRow = {
      key: trouble.key,
      tenant_id: trouble.tenant,
      kind: trouble.kind,
      level: trouble.level,
      severity: rankOf(trouble.severity),
      title: trouble.title,
      lines: JSON.stringify(trouble.lines),
      step: (before?.step ?? 0) + (starts || before.level !== trouble.level ? 1 : 0),
      started_at: starts ? now : before.started_at,
      ended_at: null,
    };
    await write(tx, row);
    if (row.step !== before?.step) changed.push(row);
  }
  const there = new Set(troubles.map(({ key }) => key));
  for (const row of known.values()) {
    if (row.ended_at !== null || there.has(row.key)) continue;
    const ended = { ...row, ended_at: now, step: row.step + 1 };
    await write(tx, ended);
    changed.push(ended);
  }
  if (changed.length === 0) return;
  await hearHealth(tx, changed, now);
  await queueFact(tx, ...changed.map(factOf));
}

async function nextMarks(tx: Tx, connections: Observed["connections"], now: number): Promise<ReadonlyMap<string, Mark>> {
  const { rows } = await sql<{ connection_id: string; mark: string }>`SELECT connection_id, mark FROM health_marks WHERE connection_id IN ${textList(tx.kind, connections.map(({ id }) => id))}`.execute(tx.db);
  const before = new Map(rows.map((row) => [row.connection_id, JSON.parse(row.mark) as Mark]));
  const after = new Map(connections.map(({ id, seen }) => [id, marked(before.get(id) ?? firstMark(now), seen, now)]));
  if (connections.length > 0) {
    await tx.bulkUpsert(
      { table: "health_marks", columns: ["connection_id", "tenant_id", "mark"].map((name) => ({ name, type: "text" as const })), key: ["connection_id"], update: ["tenant_id", "mark"] },
      connections.map(({ id, tenant }) => [id, tenant, JSON.stringify(after.get(id))]),
    );
  }
  await sql`DELETE FROM health_marks WHERE connection_id NOT IN ${textList(tx.kind, connections.map(({ id }) => id))}`.execute(tx.db);
  return after;
}

async function write(tx: Tx, row: TroubleRow): Promise<void> {
  const { key: _key, ...rest } = row;
  await healthTables(tx.db).insertInto("health_troubles").values(row).onConflict((conflict) => conflict.column("key").doUpdateSet(rest)).execute();
}

/** Health is told at its own pace: it is no part of a digest, and keeps to quiet hours. */
async function hearHealth(tx: Tx, changed: readonly TroubleRow[], now: number): Promise<void> {
  const rules = await rulesFor(tx.db, tx.kind, [...new Set(changed.map((row) => row.tenant_id))]);
  const pairs = rules.flatMap((rule) => {
    const settings = JSON.parse(rule.settings) as NotificationSettings;
    return settings.tells.includes("health") ? changed.filter((row) => covers(rule, row.tenant_id)).map((row) => ({ rule, row, settings })) : [];
  });
  const known = await itemsOf(tx, pairs.map(({ rule, row }) => [rule.id, HEALTH + row.key]));
  const items = pairs.flatMap(({ rule, row, settings }): readonly ItemRow[] => {
    const subject = HEALTH + row.key;
    const before = known.get(`${rule.id} ${subject}`);
    // Its end is news for those alone who hear of its beginning.
    if (before === undefined && row.ended_at !== null) return [];
    const due = dueAt({ ...settings, pace: "at-once" }, severityOf(row), now);
    return [{ rule_id: rule.id, subject, tenant_id: row.tenant_id, pending: JSON.stringify({ health: due }), due_at: due, seen: row.step, first_read: 0, told_at: before?.told_at ?? null, told_severity: before?.told_severity ?? 0 }];
  });
  if (items.length > 0) await tx.bulkUpsert(ITEMS, items.map(itemValues));
}

function factOf(row: TroubleRow): Fact {
  const { key, kind, title, lines, started_at: started, ended_at: ended, step } = row;
  return {
    tenant: row.tenant_id as TenantId,
    kind: ended === null ? "health.started" : "health.ended",
    key,
    version: step,
    orderKey: key,
    body: { kind, severity: severityOf(row), title, lines: JSON.parse(lines) as unknown, startedAt: isoTime(started), endedAt: ended === null ? null : isoTime(ended) },
  };
}

export function severityOf({ severity }: Pick<TroubleRow, "severity">): FactSeverity {
  return FACT_SEVERITIES[severity] ?? "unknown";
}

export async function troublesByKey(db: Database, keys: readonly string[]): Promise<ReadonlyMap<string, TroubleRow>> {
  if (keys.length === 0) return new Map();
  const rows = await healthTables(db).selectFrom("health_troubles").selectAll().where("key", "in", [...keys]).execute();
  return new Map(rows.map((row) => [row.key, row]));
}

/** Open ones that no other part of the status shows. */
export async function openTroubles(db: Database, scope: TenantScope): Promise<readonly Pick<Trouble, "kind" | "title">[]> {
  const rows = await healthTables(db).selectFrom("health_troubles").select(["kind", "title"]).where("ended_at", "is", null).where(withinScope(scope)).where("kind", "in", ["silence", "devices-fell", "scope-narrowed", "destination-parked"]).orderBy("key").execute();
  return rows.map(({ kind, title }) => ({ kind: kind as Trouble["kind"], title }));
}
