/**
 * Tables of destinations, of the outbox and of the records that its deliveries share. `seq` is the order of queueing. A row is its delivery's receipt too: it ends as `delivered` or
 * `parked` once, in the transaction that saw it queued. Moments are integers, milliseconds since the epoch.
 */
import { sql, type Kysely, type RawBuilder } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Migration, Store } from "../store/store.ts";

export type DeliveryTables = { destinations: DestinationRow; outbox: OutboxRow; outbox_records: RecordRow };

export type DestinationRow = {
  id: string;
  tenant_id: string;
  name: string;
  kind: string;
  /** JSON list of kinds of facts; null = all. */
  facts: string | null;
  /** JSON list of further tenants whose facts it gets, or of `*`; null = its own alone. */
  tenants: string | null;
  /** JSON, as `DestinationFilter`. */
  filter: string | null;
  format: string;
  /** How far back it is told of alerts that were read before it was added; none of those that were added before there was a choice. */
  look_back_days: number;
  shown: string;
  place_hash: string;
  /** Rises with each change of what is sealed. */
  revision: number;
  created_at: number;
  removed_at: number | null;
  delivered_at: number | null;
  /** Accepted in all, replays among them. */
  delivered: number;
  failing_since: number | null;
  fault_code: string | null;
  fault_reason: string | null;
  /** Nothing is sent since then, by somebody's wish; what comes waits. */
  paused_at: number | null;
};

export type OutboxRow = {
  seq: number;
  id: string;
  destination_id: string;
  tenant_id: string;
  kind: string;
  fact_key: string;
  version: string;
  order_key: string;
  /** Null once a delivered fact's body is no longer kept. */
  body: string | null;
  /** In `outbox_records`, where the fact tells of a record. */
  record_id: string | null;
  /** Of both. */
  bytes: number;
  state: "queued" | "delivered" | "parked";
  attempts: number;
  replays: number;
  queued_at: number;
  /** 0 = at once; otherwise it was tried, and waits. */
  next_at: number;
  ended_at: number | null;
  code: string | null;
  reason: string | null;
};

export type RecordRow = {
  id: string;
  tenant_id: string;
  stream: string;
  product: string | null;
  severity: string;
  site_id: string | null;
  connection_id: string;
  console: string | null;
  raw: string;
  touched_at: number;
};

export function tables(db: Database): Kysely<DeliveryTables> {
  return db.withTables<DeliveryTables>();
}

/** The tenants a query may see, as its condition; a scope of no tenant sees no row. */
export function withinScope(scope: TenantScope): RawBuilder<boolean> {
  if (scope.all) return sql<boolean>`1 = 1`;
  if (scope.tenants.length === 0) return sql<boolean>`1 = 0`;
  return sql<boolean>`tenant_id in (${sql.join(scope.tenants)})`;
}

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const statements = [
    `create table destinations (
      id text primary key, tenant_id text not null, name text not null, kind text not null, facts text, shown text not null, place_hash text not null,
      revision integer not null, created_at bigint not null, removed_at bigint, delivered_at bigint, failing_since bigint, fault_code text, fault_reason text)`,
    // A removed destination gives its name and place back at once, while its rows are still being erased.
    "create unique index destinations_name on destinations (tenant_id, name) where removed_at is null",
    "create unique index destinations_place on destinations (tenant_id, place_hash) where removed_at is null",
    `create table outbox (
      seq ${seq}, id text not null, destination_id text not null, tenant_id text not null, kind text not null, fact_key text not null, version text not null,
      order_key text not null, body text, bytes integer not null, state text not null, attempts integer not null, replays integer not null,
      queued_at bigint not null, next_at bigint not null, ended_at bigint, code text, reason text)`,
    "create unique index outbox_id on outbox (id)",
    "create index outbox_destination on outbox (destination_id, seq)",
    "create index outbox_tenant on outbox (tenant_id, seq)",
    "create index outbox_queued on outbox (destination_id, seq) where state = 'queued'",
    "create index outbox_order on outbox (destination_id, order_key, seq) where state = 'queued'",
    // The few that were tried and wait: whoever looks for what may go first asks here which keys are held up.
    "create index outbox_waiting on outbox (destination_id, order_key, next_at) where state = 'queued' and next_at > 0",
    "create index outbox_parked on outbox (destination_id, seq) where state = 'parked'",
    "create index outbox_delivered on outbox (ended_at) where state = 'delivered'",
    "create index outbox_bodies on outbox (ended_at) where state = 'delivered' and body is not null",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

async function addRecords(db: Database): Promise<void> {
  const statements = [
    "alter table destinations add column tenants text",
    "alter table destinations add column filter text",
    "alter table destinations add column format text not null default 'raw'",
    "alter table destinations add column delivered bigint not null default 0",
    "alter table outbox add column record_id text",
    `create table outbox_records (
      id text primary key, tenant_id text not null, stream text not null, product text, severity text not null, site_id text, connection_id text not null,
      console text, raw text not null, touched_at bigint not null)`,
    "create index outbox_record on outbox (record_id) where record_id is not null",
    "create index outbox_records_tenant on outbox_records (tenant_id, id)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const deliveryMigrations: readonly Migration[] = [
  { id: "0310-delivery", up: createAll },
  { id: "0311-delivery-records", up: addRecords },
  {
    id: "0312-delivery-look-back",
    async up(db) {
      await sql.raw("alter table destinations add column look_back_days integer not null default 0").execute(db);
    },
  },
  {
    id: "0313-delivery-throughput",
    async up(db, kind) {
      await sql.raw("alter table destinations add column paused_at bigint").execute(db);
      // Sums of five minutes, see `throughput.ts`.
      await sql.raw(`create table outbox_slots (
        destination_id text not null, slot bigint not null, accepted bigint not null, parked bigint not null, again bigint not null, lag bigint not null, longest bigint not null,
        primary key (destination_id, slot)) ${kind === "sqlite" ? "without rowid" : ""}`).execute(db);
    },
  },
];
