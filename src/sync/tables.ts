/** The reader's own tables: runs, the state of every stream, gaps. */
import type { Migration } from "../store/store.ts";

export type SyncTables = {
  sync_runs: { id: string; connection_id: string; tenant_id: string; state: string; started_at: number; body: string };
  stream_state: {
    connection_id: string;
    stream: string;
    watermark: string | null;
    fresh_at: number | null;
    proven_at: number | null;
    caught_up: number;
    next_run_at: number | null;
    paused: number;
    failures: number;
    fault: string | null;
    /** What the last full reading brought that readings of changes had missed, as JSON with its moment. */
    drift: string | null;
  };
  sync_gaps: { id: string; connection_id: string; tenant_id: string; stream: string; from_time: string; until_time: string | null; noticed_at: number; acknowledged_at: number | null };
};

export const syncMigrations: readonly Migration[] = [
  {
    id: "0300-sync",
    async up(db) {
      await db.schema
        .createTable("sync_runs")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("connection_id", "text", (column) => column.notNull())
        .addColumn("tenant_id", "text", (column) => column.notNull())
        .addColumn("state", "text", (column) => column.notNull())
        .addColumn("started_at", "bigint", (column) => column.notNull())
        .addColumn("body", "text", (column) => column.notNull())
        .execute();
      await db.schema.createIndex("sync_runs_by_connection").on("sync_runs").columns(["connection_id", "started_at"]).execute();
      await db.schema
        .createTable("stream_state")
        .addColumn("connection_id", "text", (column) => column.notNull())
        .addColumn("stream", "text", (column) => column.notNull())
        .addColumn("watermark", "text")
        .addColumn("fresh_at", "bigint")
        .addColumn("proven_at", "bigint")
        .addColumn("caught_up", "integer", (column) => column.notNull())
        .addColumn("next_run_at", "bigint")
        .addColumn("paused", "integer", (column) => column.notNull())
        .addColumn("failures", "integer", (column) => column.notNull())
        .addColumn("fault", "text")
        .addPrimaryKeyConstraint("stream_state_key", ["connection_id", "stream"])
        .execute();
      await db.schema
        .createTable("sync_gaps")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("connection_id", "text", (column) => column.notNull())
        .addColumn("tenant_id", "text", (column) => column.notNull())
        .addColumn("stream", "text", (column) => column.notNull())
        .addColumn("from_time", "text", (column) => column.notNull())
        .addColumn("until_time", "text")
        .addColumn("noticed_at", "bigint", (column) => column.notNull())
        .addColumn("acknowledged_at", "bigint")
        .execute();
    },
  },
  {
    id: "0310-sync-drift",
    async up(db) {
      await db.schema.alterTable("stream_state").addColumn("drift", "text").execute();
    },
  },
];
