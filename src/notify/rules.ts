/** Rules: what is told where. Every question takes the caller's scope first; what is absent and what is another tenant's look the same. */
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type TenantId } from "../kernel/ids.ts";
import type { Message } from "../kernel/message.ts";
import type { NotificationDraft, NotificationEdit, NotificationPreview, NotificationRule, NotificationSettings } from "../kernel/notification-api.ts";
import { oneByReference } from "../kernel/reference.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { isTimeZone } from "../kernel/zones.ts";
import { withinScope } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { decided, speakerOf, type ComposePorts } from "./compose.ts";
import { EVERY } from "./hear.ts";
import { DEFAULTS } from "./policy.ts";
import { tables, type RuleRow } from "./tables.ts";
import { healthMessage } from "./health-words.ts";
import { caseMessage } from "./words.ts";

export interface RulePorts {
  readonly tenantFor: (db: Database, scope: TenantScope, reference: string | undefined) => Promise<TenantId>;
  readonly findTenant: (db: Database, scope: TenantScope, reference: string) => Promise<TenantId>;
  /** Within the scope; NOT_FOUND otherwise. */
  readonly findDestination: (scope: TenantScope, reference: string) => Promise<{ readonly id: string; readonly name: string }>;
  /** Null once it is removed. */
  readonly destinationName: (db: Database, id: string) => Promise<string | null>;
}

// Controls, line separators and bidirectional overrides: a name stands in mails and on terminals.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
const MOST_PREVIEWED = 20;

export async function listRules(db: Database, scope: TenantScope, ports: RulePorts): Promise<readonly NotificationRule[]> {
  const rows = await tables(db).selectFrom("notification_rules").selectAll().where(withinScope(scope)).orderBy("name").orderBy("id").execute();
  const views: NotificationRule[] = [];
  for (const row of rows) views.push(await viewOf(db, row, ports));
  return views;
}

export async function ruleRow(db: Database, scope: TenantScope, reference: string): Promise<RuleRow> {
  const rows = await tables(db)
    .selectFrom("notification_rules")
    .selectAll()
    .where(withinScope(scope))
    .where((where) => where.or([where("id", "=", reference), where("name", "=", reference)]))
    .orderBy("id")
    .limit(3)
    .execute();
  return oneByReference(rows, reference, "notification rule", "vedette notifications list");
}

export async function viewOf(db: Database, row: RuleRow, ports: Pick<RulePorts, "destinationName">): Promise<NotificationRule> {
  const { rows } = await sql<{ n: number; due: number | null }>`SELECT count(*) AS n, min(due_at) AS due FROM notification_items WHERE rule_id = ${row.id} AND due_at IS NOT NULL`.execute(db);
  const [waiting] = rows;
  return {
    id: row.id,
    tenant: row.tenant_id,
    name: row.name,
    tenants: [row.tenant_id, ...furtherOf(row)],
    destination: row.destination_id,
    destinationName: await ports.destinationName(db, row.destination_id),
    enabled: row.enabled === 1,
    ...settingsOf(row),
    waiting: Number(waiting?.n ?? 0),
    nextAt: waiting === undefined || waiting.due === null ? null : isoTime(Number(waiting.due)),
    sent: row.sent,
    sentAt: row.sent_at === null ? null : isoTime(row.sent_at),
    createdAt: isoTime(row.created_at),
  };
}

function settingsOf({ settings }: Pick<RuleRow, "settings">): NotificationSettings {
  return JSON.parse(settings) as NotificationSettings;
}

function furtherOf({ tenants }: Pick<RuleRow, "tenants">): readonly string[] {
  return tenants === null ? [] : (JSON.parse(tenants) as readonly string[]);
}

export async function addRule(tx: Tx, scope: TenantScope, { name, destination, tenant, tenants, enabled = true, ...given }: NotificationDraft, ports: RulePorts, now: number): Promise<RuleRow> {
  const own = await ports.tenantFor(tx.db, scope, tenant);
  const row: RuleRow = {
    id: newId("notification", now),
    tenant_id: own,
    name: checkedName(name),
    destination_id: (await ports.findDestination(scope, destination)).id,
    enabled: enabled ? 1 : 0,
    tenants: tenants === undefined ? null : await further(tx.db, scope, own, tenants, ports),
    settings: JSON.stringify(checkedSettings({ ...DEFAULTS, ...defined(given) })),
    sent: 0,
    sent_at: null,
    under_way: "[]",
    created_at: now,
  };
  await refuseTaken(tx.db, row);
  await tables(tx.db).insertInto("notification_rules").values(row).execute();
  return row;
}

/** What waits stays as it was meant when it was heard, but for a rule that is turned off: that tells nothing. */
export async function editRule(tx: Tx, scope: TenantScope, reference: string, { name, destination, tenants, enabled, ...given }: NotificationEdit, ports: RulePorts): Promise<RuleRow> {
  const before = await ruleRow(tx.db, scope, reference);
  const row: RuleRow = {
    ...before,
    name: name === undefined ? before.name : checkedName(name),
    destination_id: destination === undefined ? before.destination_id : (await ports.findDestination(scope, destination)).id,
    enabled: enabled === undefined ? before.enabled : enabled ? 1 : 0,
    tenants: tenants === undefined ? before.tenants : await further(tx.db, scope, before.tenant_id, tenants, ports),
    settings: JSON.stringify(checkedSettings({ ...settingsOf(before), ...defined(given) })),
  };
  if (row.name !== before.name) await refuseTaken(tx.db, row);
  const { name: newName, destination_id, enabled: on, tenants: of, settings } = row;
  await tables(tx.db).updateTable("notification_rules").set({ name: newName, destination_id, enabled: on, tenants: of, settings }).where("id", "=", row.id).execute();
  if (on === 0) await sql`DELETE FROM notification_items WHERE rule_id = ${row.id}`.execute(tx.db);
  return row;
}

export async function removeRule(tx: Tx, scope: TenantScope, reference: string): Promise<RuleRow> {
  const row = await ruleRow(tx.db, scope, reference);
  await sql`DELETE FROM notification_items WHERE rule_id = ${row.id}`.execute(tx.db);
  await tables(tx.db).deleteFrom("notification_rules").where("id", "=", row.id).execute();
  return row;
}

/** Reads only: what waits, as if all of it were due. */
export async function preview(store: Pick<Store, "read" | "kind">, row: RuleRow, ports: RulePorts & ComposePorts): Promise<NotificationPreview> {
  const view = await viewOf(store.read, row, ports);
  const { rows } = await sql<{ tenant_id: string }>`SELECT DISTINCT tenant_id FROM notification_items WHERE rule_id = ${row.id} AND due_at IS NOT NULL ORDER BY tenant_id LIMIT ${MOST_PREVIEWED}`.execute(store.read);
  const messages: Message[] = [];
  for (const { tenant_id: tenant } of rows) {
    const { parts, health, notices, troubles } = await decided(store.read, store.kind, row, tenant, ports, Number.MAX_SAFE_INTEGER);
    const speaker = await speakerOf(store.read, row, tenant, ports);
    for (const message of [caseMessage(speaker, parts, notices), healthMessage(speaker, health, troubles)]) if (message !== null) messages.push(message);
  }
  return { waiting: view.waiting, nextAt: view.nextAt, messages };
}

function defined(given: Partial<NotificationSettings>): Partial<NotificationSettings> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<NotificationSettings>;
}

function checkedSettings(settings: NotificationSettings): NotificationSettings {
  const { timeZone, quiet } = settings;
  if (!isTimeZone(timeZone)) throw new Fault("CONFIG_INVALID", `${JSON.stringify(timeZone)} is no time zone.`, { details: { at: "timeZone" }, cure: "Write it like Europe/Berlin or UTC." });
  if (quiet !== null && quiet.from === quiet.to && (quiet.days ?? []).length === 0) throw new Fault("CONFIG_INVALID", "Quiet hours that begin and end at the same time are none.", { details: { at: "quiet" }, cure: "Write them like 22:00-07:00." });
  return { ...settings, tells: [...new Set(settings.tells)] };
}

async function further(db: Database, scope: TenantScope, own: TenantId | string, references: readonly string[], { findTenant }: RulePorts): Promise<string | null> {
  if (references.includes(EVERY)) {
    // Tenants that are yet to come are among them.
    if (scope.all) return JSON.stringify([EVERY]);
    throw new Fault("FORBIDDEN", "A key limited to certain tenants cannot speak for all of them.", { cure: "Name the tenants." });
  }
  const found = new Set<string>();
  for (const reference of references) found.add(await findTenant(db, scope, reference));
  found.delete(own);
  return found.size === 0 ? null : JSON.stringify([...found]);
}

async function refuseTaken(db: Database, { tenant_id: tenant, name, id }: RuleRow): Promise<void> {
  const taken = await tables(db).selectFrom("notification_rules").select("id").where("tenant_id", "=", tenant).where("name", "=", name).where("id", "!=", id).executeTakeFirst();
  if (taken !== undefined) throw new Fault("ALREADY_EXISTS", "That name of a notification rule is taken.");
}

function checkedName(text: string): string {
  const name = text.trim();
  if (name === "" || UNPRINTABLE.test(name)) throw new Fault("CONFIG_INVALID", "A rule's name has 1 to 100 characters and no control characters.");
  if (name.startsWith("ntf_")) throw new Fault("CONFIG_INVALID", "A rule's name cannot begin like an id (ntf_).");
  return name;
}
