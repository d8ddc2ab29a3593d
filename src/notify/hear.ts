/**
 * Hears what cases tell, in the transaction that made it true, and keeps for each rule that wants to know what is to be told of which case, and when. Nothing is written into a message here: what
 * is still true is looked at when it is told.
 */
import { sql } from "kysely";
import { CASE_TYPES } from "../kernel/case-api.ts";
import { FACT_SEVERITIES, type Fact, type FactSeverity } from "../kernel/fact.ts";
import type { NotificationSettings, Tells } from "../kernel/notification-api.ts";
import { rowList, textList } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { dueAt, isGraveEnough, reminderAt } from "./policy.ts";
import { ITEMS, itemValues, type ItemRow, type RuleRow } from "./tables.ts";

export type Pending = Readonly<Partial<Record<Tells, number>>>;

const EVENTS: Readonly<Record<string, Exclude<Tells, "unanswered" | "health">>> = { "cases.opened": "opened", "cases.escalated": "escalated", "cases.reopened": "reopened", "cases.resolved": "resolved" };

/** Pages of a first read come one after the other: what they tell is told together. */
const TOGETHER_MS = 60_000;
/** A case that opens and closes all day is told of once an hour. */
export const AGAIN_AFTER_MS = 3_600_000;
export const EVERY = "*";

export async function hear(tx: Tx, facts: readonly Fact[], now: number): Promise<void> {
  const news = facts.filter(({ kind }) => Object.hasOwn(EVENTS, kind));
  if (news.length === 0) return;
  const rules = await rulesFor(tx.db, tx.kind, [...new Set(news.map(({ tenant }) => tenant))]);
  const pairs = rules.flatMap((rule) => news.filter(({ tenant }) => covers(rule, tenant)).map((fact) => ({ rule, fact })));
  if (pairs.length === 0) return;
  const known = await itemsOf(tx, pairs.map(({ rule, fact }) => [rule.id, fact.key]));
  const written = new Map<string, ItemRow>();
  for (const { rule, fact } of pairs) {
    const key = `${rule.id} ${fact.key}`;
    const heard = heardOf(written.get(key) ?? known.get(key), rule, fact, now);
    if (heard !== null) written.set(key, heard);
  }
  if (written.size > 0) await tx.bulkUpsert(ITEMS, [...written.values()].map(itemValues));
}

/** Enabled ones that speak of any of these tenants. */
export async function rulesFor(db: Database, kind: Store["kind"], tenants: readonly string[]): Promise<readonly RuleRow[]> {
  const { rows } = await sql<RuleRow>`SELECT * FROM notification_rules WHERE enabled = 1 AND (tenants IS NOT NULL OR tenant_id IN ${textList(kind, tenants)}) ORDER BY id`.execute(db);
  return rows;
}

export function covers({ tenant_id: own, tenants }: Pick<RuleRow, "tenant_id" | "tenants">, tenant: string): boolean {
  if (own === tenant) return true;
  if (tenants === null) return false;
  const further = JSON.parse(tenants) as readonly string[];
  return further.includes(EVERY) || further.includes(tenant);
}

export async function itemsOf(tx: Tx, keys: readonly (readonly [rule: string, subject: string])[]): Promise<ReadonlyMap<string, ItemRow>> {
  if (keys.length === 0) return new Map();
  const { rows } = await sql<ItemRow>`SELECT * FROM notification_items WHERE (rule_id, subject) IN ${rowList(tx.kind, 2, keys)}`.execute(tx.db);
  return new Map(rows.map((row) => [`${row.rule_id} ${row.subject}`, row]));
}

/** Pure: the item as it is after the fact; null where the rule has nothing to do with it. */
export function heardOf(before: ItemRow | undefined, rule: RuleRow, fact: Fact, now: number): ItemRow | null {
  const version = Number(fact.version);
  if (before !== undefined && version <= before.seen) return null;
  const settings = JSON.parse(rule.settings) as NotificationSettings;
  const event = EVENTS[fact.kind];
  const severity = FACT_SEVERITIES.find((one) => one === fact.body["severity"]) ?? "unknown";
  const pending = event === undefined ? {} : pendingAfter(before, settings, event, severity, { fact, now });
  if (before === undefined && Object.keys(pending).length === 0) return null;
  const firstRead = fact.body["firstRead"] === true || (before?.first_read === 1 && before.told_at === null);
  return {
    rule_id: rule.id,
    subject: fact.key,
    tenant_id: fact.tenant,
    pending: JSON.stringify(pending),
    due_at: earliest(pending),
    seen: version,
    first_read: firstRead ? 1 : 0,
    told_at: before?.told_at ?? null,
    told_severity: before?.told_severity ?? 0,
  };
}

export function earliest(pending: Pending): number | null {
  const times = Object.values(pending);
  return times.length === 0 ? null : Math.min(...times);
}

function pendingAfter(before: ItemRow | undefined, settings: NotificationSettings, event: Tells, severity: FactSeverity, { fact, now }: { readonly fact: Fact; readonly now: number }): Pending {
  const { unanswered, ...others } = JSON.parse(before?.pending ?? "{}") as Pending;
  const waiting: Pending = others;
  const told = before?.told_at ?? null;
  // Whether anybody still has to be reminded is looked at then.
  if (event === "resolved") return { ...waiting, ...(told !== null && settings.tells.includes("resolved") ? { resolved: dueAt(settings, severity, now) } : {}) };
  const type = CASE_TYPES.find((one) => one === fact.body["type"]);
  const reminder = unanswered === undefined ? {} : { unanswered };
  if (!isGraveEnough(settings, severity) || (settings.types !== null && type !== undefined && !settings.types.includes(type))) return { ...waiting, ...reminder };
  const wished = settings.tells.includes(event) || (event === "escalated" && told === null && settings.tells.includes("opened"));
  const together = fact.body["firstRead"] === true ? now + TOGETHER_MS : 0;
  const again = event === "reopened" && told !== null ? told + AGAIN_AFTER_MS : 0;
  const due = Math.max(dueAt(settings, severity, now), together, again);
  return {
    ...waiting,
    ...(wished ? { [event]: Math.min(due, waiting[event] ?? Number.POSITIVE_INFINITY) } : {}),
    ...(settings.tells.includes("unanswered") && event !== "escalated" ? { unanswered: reminderAt(settings, severity, now) } : reminder),
  };
}
