/**
 * Tables of notifications. A rule says what is told where; an item is one subject (a case, a trouble) under one rule: what waits to be told of it, and what has been. Moments are integers,
 * milliseconds since the epoch.
 */
import { sql, type Kysely } from "kysely";
import { healthMigration } from "./health-tables.ts";
import type { BulkUpsert, Database, Migration } from "../store/store.ts";

export type RuleRow = {
  id: string;
  tenant_id: string;
  name: string;
  destination_id: string;
  enabled: number;
  /** JSON list of further tenants, or of `*`; null = its own alone. */
  tenants: string | null;
  /** `NotificationSettings`. */
  settings: string;
  /** Messages so far: versions of their facts. */
  sent: number;
  sent_at: number | null;
  /** JSON list: deliveries of its last messages, to see whether they have gone. */
  under_way: string;
  created_at: number;
};

export type ItemRow = {
  rule_id: string;
  /** A case's id, or `health:` and a trouble's. */
  subject: string;
  tenant_id: string;
  /** JSON: what waits to be told, and when each may be. */
  pending: string;
  /** The earliest of them; null where nothing waits. */
  due_at: number | null;
  /** Version of the last fact heard of it. */
  seen: number;
  /** Found when a console was read for the first time: told together. */
  first_read: number;
  /** When it was told of last, and how grave it was. */
  told_at: number | null;
  told_severity: number;
};

export type NotifyTables = { notification_rules: RuleRow; notification_items: ItemRow };

export function tables(db: Database): Kysely<NotifyTables> {
  return db.withTables<NotifyTables>();
}

export const ITEMS: BulkUpsert = {
  table: "notification_items",
  columns: [
    { name: "rule_id", type: "text" },
    { name: "subject", type: "text" },
    { name: "tenant_id", type: "text" },
    { name: "pending", type: "text" },
    { name: "due_at", type: "integer" },
    { name: "seen", type: "integer" },
    { name: "first_read", type: "integer" },
    { name: "told_at", type: "integer" },
    { name: "told_severity", type: "integer" },
  ],
  key: ["rule_id", "subject"],
  update: ["tenant_id", "pending", "due_at", "seen", "first_read", "told_at", "told_severity"],
};

export function itemValues(row: ItemRow): (string | number | null)[] {
  return [row.rule_id, row.subject, row.tenant_id, row.pending, row.due_at, row.seen, row.first_read, row.told_at, row.told_severity];
}

async function createAll(db: Database): Promise<void> {
  const statements = [
    `create table notification_rules (
      id text primary key, tenant_id text not null, name text not null, destination_id text not null, enabled integer not null, tenants text, settings text not null, sent bigint not null, sent_at bigint,
      under_way text not null, created_at bigint not null)`,
    "create unique index notification_rules_name on notification_rules (tenant_id, name)",
    `create table notification_items (
      rule_id text not null, subject text not null, tenant_id text not null, pending text not null, due_at bigint, seen bigint not null, first_read integer not null, told_at bigint, told_severity integer not null,
      primary key (rule_id, subject))`,
    "create index notification_items_due on notification_items (due_at) where due_at is not null",
    "create index notification_items_rule on notification_items (rule_id, tenant_id, due_at) where due_at is not null",
    "create index notification_items_tenant on notification_items (tenant_id)",
    "create index notification_items_told on notification_items (told_at) where due_at is null",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const notifyMigrations: readonly Migration[] = [{ id: "1000-notifications", up: createAll }, healthMigration];
