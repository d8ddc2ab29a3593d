/**
 * Makes messages of what is due, one rule and one tenant at a time, in one transaction: the message is queued for its destination and what it tells is no longer waiting, or neither. While a
 * destination takes nothing, or has enough of ours before it, nothing is made: it collects, and what is told in the end is what is true then.
 */
import { sql } from "kysely";
import type { CaseNotice } from "../cases/index.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Message } from "../kernel/message.ts";
import type { NotificationSettings } from "../kernel/notification-api.ts";
import { textList } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { decide, type Part } from "./decide.ts";
import type { TroubleRow } from "./health-tables.ts";
import { decideHealth, healthMessage, type HealthPart } from "./health-words.ts";
import { ITEMS, itemValues, tables, type ItemRow, type RuleRow } from "./tables.ts";
import { HEALTH, troublesByKey } from "./watch.ts";
import { caseMessage, type Speaker } from "./words.ts";

export interface ComposePorts {
  readonly cases: (db: Database, ids: readonly string[]) => Promise<ReadonlyMap<string, CaseNotice>>;
  /** Null: the destination is no longer there. */
  readonly standing: (db: Database, destination: string) => Promise<{ readonly failing: boolean; readonly queued: boolean } | null>;
  /** How many of these deliveries have not gone yet. */
  readonly waiting: (db: Database, deliveries: readonly string[]) => Promise<number>;
  readonly queueFor: (destination: string) => QueueFact<Tx>;
  readonly deliveryId: (fact: Pick<Fact, "tenant" | "kind" | "key" | "version">, destination: string) => string;
  /** Null for a hub's only tenant. */
  readonly tenantName: (db: Database, tenant: string) => Promise<string | null>;
}

/** More at once are one message. */
const MOST_SINGLE = 3;
/** Messages of a rule that may be on their way at a time. */
const MOST_UNDER_WAY = 20;
const MOST_ITEMS = 500;

export interface Work {
  readonly rule: string;
  readonly tenant: string;
}

/** What has something due, oldest first. */
export async function dueWork(db: Database, now: number): Promise<readonly Work[]> {
  const { rows } = await sql<{ rule_id: string; tenant_id: string }>`
    SELECT rule_id, tenant_id FROM notification_items WHERE due_at <= ${now} GROUP BY rule_id, tenant_id ORDER BY min(due_at), rule_id, tenant_id LIMIT 200`.execute(db);
  return rows.map((row) => ({ rule: row.rule_id, tenant: row.tenant_id }));
}

/** True where something was told or let go of: there may be more. */
export async function compose(tx: Tx, { rule: id, tenant }: Work, ports: ComposePorts, now: number): Promise<boolean> {
  const rule = await tables(tx.db).selectFrom("notification_rules").selectAll().where("id", "=", id).executeTakeFirst();
  if (rule === undefined || rule.enabled === 0) return forget(tx, id);
  const standing = await ports.standing(tx.db, rule.destination_id);
  if (standing === null) return forget(tx, id);
  const underWay = JSON.parse(rule.under_way) as readonly string[];
  // What is queued already asks whether it is well again; the rest collects.
  if (standing.failing && standing.queued) return false;
  if ((await ports.waiting(tx.db, underWay)) >= MOST_UNDER_WAY) return false;

  const { parts, health, items, dropped, due, notices, troubles } = await decided(tx.db, tx.kind, rule, tenant, ports, now);
  if (due === 0) return false;
  const speaker = await speakerOf(tx.db, rule, tenant, ports);
  let sent = rule.sent;
  const ids: string[] = [];
  const tell = async (content: Pick<Fact, "kind" | "orderKey" | "body"> | null): Promise<void> => {
    if (content === null) return;
    sent += 1;
    const fact: Fact = { ...content, tenant: tenant as TenantId, key: rule.id, version: sent };
    await ports.queueFor(rule.destination_id)(tx, fact);
    ids.push(ports.deliveryId(fact, rule.destination_id));
  };
  for (const group of groupsOf(rule, parts)) await tell(caseContent(speaker, group, notices, rule));
  if (health.length > 0) await tell(healthContent(speaker, health, troubles, rule));
  if (dropped.length > 0) await sql`DELETE FROM notification_items WHERE rule_id = ${id} AND subject IN ${textList(tx.kind, dropped)}`.execute(tx.db);
  if (items.length > 0) await tx.bulkUpsert(ITEMS, items.map(itemValues));
  if (ids.length > 0) await tables(tx.db).updateTable("notification_rules").set({ sent, sent_at: now, under_way: JSON.stringify([...underWay, ...ids].slice(-MOST_UNDER_WAY)) }).where("id", "=", id).execute();
  return true;
}

interface Decisions {
  readonly parts: readonly Part[];
  readonly health: readonly HealthPart[];
  readonly items: readonly ItemRow[];
  /** Subjects of which nothing is left to remember. */
  readonly dropped: readonly string[];
  readonly due: number;
  readonly notices: ReadonlyMap<string, CaseNotice>;
  readonly troubles: ReadonlyMap<string, TroubleRow>;
}

export async function decided(db: Database, kind: Store["kind"], rule: RuleRow, tenant: string, { cases }: Pick<ComposePorts, "cases">, now: number): Promise<Decisions> {
  const due = await tables(db).selectFrom("notification_items").selectAll().where("rule_id", "=", rule.id).where("tenant_id", "=", tenant).where("due_at", "<=", now).orderBy("due_at").orderBy("subject").limit(MOST_ITEMS).execute();
  const notices = await withRelated(db, due.flatMap(({ subject }) => (subject.startsWith(HEALTH) ? [] : [subject])), cases);
  const troubles = await troublesByKey(db, due.flatMap(({ subject }) => (subject.startsWith(HEALTH) ? [subject.slice(HEALTH.length)] : [])));
  const { rows } = await sql<ItemRow>`SELECT * FROM notification_items WHERE rule_id = ${rule.id} AND subject IN ${textList(kind, [...notices.keys()])}`.execute(db);
  const items = new Map(rows.map((row) => [row.subject, row]));
  const settings = JSON.parse(rule.settings) as NotificationSettings;
  const parts: Part[] = [];
  const health: HealthPart[] = [];
  const written = new Map<string, ItemRow>();
  const dropped = new Set<string>();
  for (const item of due) {
    if (item.subject.startsWith(HEALTH)) {
      const { part, item: after } = decideHealth(item, troubles.get(item.subject.slice(HEALTH.length)), now);
      if (part !== null) health.push(part);
      if (after === null) dropped.add(item.subject);
      else written.set(item.subject, after);
      continue;
    }
    const { part, item: after } = decide(item, { settings, notices, items, now });
    if (part !== null) parts.push(part);
    if (after === null || after.subject !== item.subject) dropped.add(item.subject);
    if (after === null) continue;
    written.set(after.subject, after);
    // What is told of here and now is told for those that come after it.
    items.set(after.subject, after);
  }
  return { parts, health, items: [...written.values()], dropped: [...dropped], due: due.length, notices, troubles };
}

/** Those cases, what they have become part of, and those before them with the same behaviour. */
async function withRelated(db: Database, subjects: readonly string[], cases: ComposePorts["cases"]): Promise<ReadonlyMap<string, CaseNotice>> {
  const all = new Map<string, CaseNotice>();
  let wanted = [...new Set(subjects)];
  for (let step = 0; step < 6 && wanted.length > 0; step += 1) {
    const found = await cases(db, wanted);
    for (const [id, notice] of found) all.set(id, notice);
    wanted = [...new Set([...found.values()].flatMap(({ into, earlier }) => [into, earlier]))].filter((id): id is string => id !== null && !all.has(id));
  }
  return all;
}

/** Digests, and whatever is too much at once, as a first read is, are one message; the rest one each. */
function groupsOf(rule: RuleRow, parts: readonly Part[]): readonly (readonly Part[])[] {
  const { pace } = JSON.parse(rule.settings) as NotificationSettings;
  if (parts.length === 0) return [];
  return pace !== "at-once" || parts.length > MOST_SINGLE ? [parts] : parts.map((part) => [part]);
}

export async function speakerOf(db: Database, rule: Pick<RuleRow, "name" | "settings">, tenant: string, { tenantName }: Pick<ComposePorts, "tenantName">): Promise<Speaker> {
  return { rule: rule.name, tenant, tenantName: await tenantName(db, tenant), timeZone: (JSON.parse(rule.settings) as NotificationSettings).timeZone };
}

type Content = Pick<Fact, "kind" | "orderKey" | "body"> | null;

function caseContent(speaker: Speaker, parts: readonly Part[], notices: ReadonlyMap<string, CaseNotice>, rule: RuleRow): Content {
  const message = caseMessage(speaker, parts, notices);
  const [only] = parts;
  if (message === null || only === undefined) return null;
  const single = parts.length === 1;
  return { kind: single ? "notifications.case" : "notifications.digest", orderKey: single ? only.subject : rule.id, body: bodyOf(speaker, parts, message, notices) };
}

function healthContent(speaker: Speaker, parts: readonly HealthPart[], troubles: ReadonlyMap<string, TroubleRow>, rule: RuleRow): Content {
  const message = healthMessage(speaker, parts, troubles);
  return message === null ? null : { kind: "notifications.health", orderKey: rule.id, body: { speaker, troubles: parts, message } };
}

/** What a webhook is given besides the words: the cases, with what is told of each. */
export function bodyOf(speaker: Speaker, parts: readonly Part[], message: Message, notices: ReadonlyMap<string, CaseNotice>): Readonly<Record<string, unknown>> {
  const cases = parts.map(({ subject, event }) => {
    const notice = notices.get(subject);
    return { id: subject, event, title: notice?.view.title ?? null, severity: notice?.view.severity ?? null, status: notice?.view.status ?? null, link: notice?.link ?? null };
  });
  return { speaker, cases, message };
}

/** Nobody is there to be told: disabled, removed, or its destination is. */
async function forget(tx: Tx, rule: string): Promise<boolean> {
  const { numAffectedRows } = await sql`DELETE FROM notification_items WHERE rule_id = ${rule} AND due_at IS NOT NULL`.execute(tx.db);
  return Number(numAffectedRows ?? 0) > 0;
}

