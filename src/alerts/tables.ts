/**
 * Tables of alerts. `alert_items` has a row for each alert of the mirror, narrow enough to be listed and filtered from its indexes; `alert_versions` one for each
 * version seen after a stream's first read, of activities too. Moments are integers, milliseconds since the epoch; `updated_at` is the source's own text.
 */
import { sql } from "kysely";
import type { BulkUpsert, Database, Migration, Store, Tx } from "../store/store.ts";

export type ItemRow = {
  seq: number;
  connection_id: string;
  stream: string;
  id: string;
  tenant_id: string;
  /** When it was detected, or first seen where the record does not say. */
  at: number;
  severity: number;
  status: string;
  verdict: string;
  product: string | null;
  site_id: string | null;
  gone_at: number | null;
  updated_at: string | null;
  /** JSON list, in the order of `STATE_FIELDS`. */
  state: string;
  version: string;
  number: number;
  read_at: number;
  /** `ItemFacts`. */
  facts: string;
  /** In lower case, to be found by. */
  search: string;
};

/** What is shown and not asked for. */
export interface ItemFacts {
  readonly name: string | null;
  readonly statusWord: string | null;
  readonly verdictWord: string | null;
  readonly assignee: string | null;
  readonly device: string | null;
  readonly user: string | null;
  readonly siteName: string | null;
}

export type VersionRow = {
  seq: number;
  tenant_id: string;
  connection_id: string;
  stream: string;
  alert_id: string;
  version: string;
  number: number;
  kind: string;
  read_at: number;
  updated_at: string | null;
  name: string | null;
  product: string | null;
  severity: number;
  status: string;
  verdict: string;
  site_id: string | null;
  /** `VersionFacts`. */
  facts: string;
};

export interface VersionFacts {
  readonly changes: readonly { readonly field: string; readonly from: string | null; readonly to: string | null }[];
  readonly also: readonly string[];
}

function texts(...names: readonly string[]) {
  return names.map((name) => ({ name, type: "text" as const }));
}

export const ITEMS: BulkUpsert = {
  table: "alert_items",
  columns: [
    ...texts("connection_id", "stream", "id", "tenant_id"),
    { name: "at", type: "integer" },
    { name: "severity", type: "integer" },
    ...texts("status", "verdict", "product", "site_id"),
    { name: "gone_at", type: "integer" },
    ...texts("updated_at", "state", "version"),
    { name: "number", type: "integer" },
    { name: "read_at", type: "integer" },
    ...texts("facts", "search"),
  ],
  key: ["connection_id", "stream", "id"],
  update: ["tenant_id", "at", "severity", "status", "verdict", "product", "site_id", "gone_at", "updated_at", "state", "version", "number", "read_at", "facts", "search"],
};

export const VERSIONS: BulkUpsert = {
  table: "alert_versions",
  columns: [
    ...texts("tenant_id", "connection_id", "stream", "alert_id", "version"),
    { name: "number", type: "integer" },
    ...texts("kind"),
    { name: "read_at", type: "integer" },
    ...texts("updated_at", "name", "product"),
    { name: "severity", type: "integer" },
    ...texts("status", "verdict", "site_id", "facts"),
  ],
  key: ["connection_id", "stream", "alert_id", "tenant_id", "version"],
  update: [],
};

/** An advisory lock's number, ours, no meaning. */
const VERSIONS_LOCK = 448845444;

/**
 * Whoever follows the versions goes on from the highest `seq` seen, so that a lower one must not turn up later: on PostgreSQL, where several transactions write at a
 * time, those that write versions take turns until they have committed.
 */
export async function inTurn(tx: Tx): Promise<void> {
  if (tx.kind === "postgres") await sql`SELECT pg_advisory_xact_lock(${VERSIONS_LOCK})`.execute(tx.db);
}

/** What lists are filtered by, so that they are answered from the index alone until a row is shown. */
const FILTERED = "stream, severity, status, verdict, product, site_id, gone_at";

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const statements = [
    `create table alert_items (
      seq ${seq}, connection_id text not null, stream text not null, id text not null, tenant_id text not null, at bigint not null, severity integer not null, status text not null,
      verdict text not null, product text, site_id text, gone_at bigint, updated_at text, state text not null, version text not null, number integer not null, read_at bigint not null,
      facts text not null, search text not null)`,
    "create unique index alert_items_key on alert_items (connection_id, stream, id)",
    "create index alert_items_id on alert_items (id)",
    `create index alert_items_at on alert_items (at, seq, tenant_id, ${FILTERED})`,
    `create index alert_items_tenant on alert_items (tenant_id, at, seq, ${FILTERED})`,
    `create table alert_versions (
      seq ${seq}, tenant_id text not null, connection_id text not null, stream text not null, alert_id text not null, version text not null, number integer not null, kind text not null,
      read_at bigint not null, updated_at text, name text, product text, severity integer not null, status text not null, verdict text not null, site_id text, facts text not null)`,
    "create unique index alert_versions_key on alert_versions (connection_id, stream, alert_id, tenant_id, version)",
    "create index alert_versions_tenant on alert_versions (tenant_id, seq)",
    // What was detected before `since` in a stream's first read is kept and not told.
    "create table alert_since (connection_id text not null, stream text not null, since bigint not null, primary key (connection_id, stream))",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const alertMigrations: readonly Migration[] = [
  { id: "0800-alerts", up: createAll },
  {
    id: "0810-backfills",
    async up(db) {
      // How far each destination that was added later has been told of what was before it.
      await sql.raw("create table alert_backfills (destination_id text not null primary key, place text not null, moved_at bigint not null)").execute(db);
    },
  },
];
