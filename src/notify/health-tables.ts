/** Tables of the integration's health: what is wrong, or was last, and what is usual at a connection. */
import { sql, type Kysely } from "kysely";
import type { Database, Migration } from "../store/store.ts";

export type TroubleRow = {
  key: string;
  tenant_id: string;
  kind: string;
  level: string;
  /** Place in `FACT_SEVERITIES`. */
  severity: number;
  title: string;
  /** JSON list. */
  lines: string;
  /** Raised when it starts, gets another level, and ends: version of its facts. */
  step: number;
  started_at: number;
  ended_at: number | null;
};

export type MarkRow = { connection_id: string; tenant_id: string; mark: string };

export type HealthTables = { health_troubles: TroubleRow; health_marks: MarkRow };

export function healthTables(db: Database): Kysely<HealthTables> {
  return db.withTables<HealthTables>();
}

async function createAll(db: Database): Promise<void> {
  const statements = [
    `create table health_troubles (
      key text primary key, tenant_id text not null, kind text not null, level text not null, severity integer not null, title text not null, lines text not null, step bigint not null, started_at bigint not null, ended_at bigint)`,
    "create index health_troubles_tenant on health_troubles (tenant_id)",
    "create index health_troubles_open on health_troubles (key) where ended_at is null",
    "create table health_marks (connection_id text primary key, tenant_id text not null, mark text not null)",
    "create index health_marks_tenant on health_marks (tenant_id)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const healthMigration: Migration = { id: "1001-health", up: createAll };
