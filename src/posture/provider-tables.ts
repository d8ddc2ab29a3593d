/** The table of providers: access products that ask in words and with credentials of their own. A secret is stored as its hash alone. */
import { sql } from "kysely";
import type { Database, Migration } from "../store/store.ts";

export type ProviderRow = {
  id: string;
  kind: "cloudflare";
  name: string;
  /** Null: all tenants. */
  tenant_id: string | null;
  client_id: string;
  /** SHA-256 in hex. */
  secret_hash: string;
  team: string | null;
  audience: string | null;
  score_pass: number;
  score_warn: number;
  score_fail: number;
  created_at: number;
  created_by: string;
  asked_at: number | null;
  /** The secret before this one, while it still counts. */
  previous_hash: string | null;
  previous_until: number | null;
  /** Ids of the rules that count, as JSON; null: every rule. */
  rules: string | null;
};

export const providerMigrations: readonly Migration[] = [
  {
    id: "0510-posture-providers",
    async up(db: Database) {
      await sql`create table posture_providers (
        id text primary key, kind text not null, name text not null, tenant_id text, client_id text not null, secret_hash text not null, team text, audience text,
        score_pass integer not null, score_warn integer not null, score_fail integer not null, created_at bigint not null, created_by text not null, asked_at bigint)`.execute(db);
      await sql`create unique index posture_providers_client on posture_providers (client_id)`.execute(db);
      // A token of one application proves one provider.
      await sql`create unique index posture_providers_access on posture_providers (team, audience) where team is not null`.execute(db);
    },
  },
  {
    id: "0511-posture-provider-rotation",
    async up(db: Database) {
      for (const column of ["previous_hash text", "previous_until bigint", "rules text"]) await sql.raw(`alter table posture_providers add column ${column}`).execute(db);
    },
  },
];
