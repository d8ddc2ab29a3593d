/** Tables of triage and of knowledge. A tenant of '' means all tenants. Moments are integers, milliseconds since the epoch. */
import { sql, type Kysely } from "kysely";
import type { BulkUpsert, Database, Migration, Store } from "../store/store.ts";

/** In the column of the tenant: what holds for all of them. */
export const ALL_TENANTS = "";

export type TriageRow = {
  case_id: string;
  tenant_id: string;
  open: number;
  /** The points, of which the score is made: they tell what is above 100 apart. */
  score: number;
  verdict: string;
  /** JSON list of rule and weight. */
  because: string;
  /** JSON list of the entries that spoke of it: what is counted once. */
  knowledge: string;
  /** JSON list of its traits, and the verdict that they stand under. */
  traits: string;
  decided: string;
  /** When it last came out another way. */
  since: number;
};

export type KnowledgeRow = {
  id: string;
  tenant_id: string;
  type: string;
  indicator: string;
  folded: string;
  meaning: string;
  text: string;
  expires_at: number | null;
  /** Cases have been looked at again since it expired. */
  expiry_seen: number;
  author: string;
  created_at: number;
  updated_at: number;
  updated_by: string;
  hits: number;
  last_hit_at: number | null;
  version: number;
};

export type RuleRow = { tenant_id: string; id: string; body: string; updated_by: string; updated_at: number };
export type HashListRow = { id: string; tenant_id: string; name: string; meaning: string; hashes: number; updated_by: string; updated_at: number };
/** `place` null: from the beginning. */
export type SweepRow = { tenant_id: string; whole: number; at: number | null; seq: number | null };

export type TriageTables = {
  case_triage: TriageRow;
  case_triage_due: { tenant_id: string; case_id: string; at: number };
  case_triage_sweeps: SweepRow;
  /** What other cases are known by, under the verdict that this one has. */
  case_traits: { trait: string; tenant_id: string; verdict: string; case_id: string };
  case_rules: RuleRow;
  case_hash_lists: HashListRow;
  case_listed_hashes: { hash: string; list_id: string };
  case_knowledge: KnowledgeRow;
};

export const TRIAGE_TABLES = ["case_triage", "case_triage_due", "case_triage_sweeps", "case_traits", "case_rules", "case_listed_hashes", "case_hash_lists", "case_knowledge"] as const satisfies readonly (keyof TriageTables)[];

export function triageTables(db: Database): Kysely<TriageTables> {
  return db.withTables<TriageTables>();
}

const text = (name: string): BulkUpsert["columns"][number] => ({ name, type: "text" });
const integer = (name: string): BulkUpsert["columns"][number] => ({ name, type: "integer" });

export const TRIAGE_ROWS: BulkUpsert = {
  table: "case_triage",
  columns: [text("case_id"), text("tenant_id"), integer("open"), integer("score"), text("verdict"), text("because"), text("knowledge"), text("traits"), text("decided"), integer("since")],
  key: ["case_id"],
  update: ["open", "score", "verdict", "because", "knowledge", "traits", "decided", "since"],
};
/** A mark that is there is changed all the same: on PostgreSQL, whoever is taking it away just then begins again. */
export const DUE_ROWS: BulkUpsert = { table: "case_triage_due", columns: [text("tenant_id"), text("case_id"), integer("at")], key: ["tenant_id", "case_id"], update: ["at"] };
export const TRAIT_ROWS: BulkUpsert = { table: "case_traits", columns: [text("trait"), text("tenant_id"), text("verdict"), text("case_id")], key: ["trait", "tenant_id", "verdict", "case_id"], update: [] };
export const LISTED_ROWS: BulkUpsert = { table: "case_listed_hashes", columns: [text("hash"), text("list_id")], key: ["hash", "list_id"], update: [] };

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const keyed = kind === "sqlite" ? "without rowid" : "";
  const statements = [
    `create table case_triage (case_id text not null primary key, tenant_id text not null, open integer not null, score integer not null, verdict text not null, because text not null, knowledge text not null, traits text not null, decided text not null,
      since bigint not null)`,
    "create index case_triage_tenant on case_triage (tenant_id)",
    "create index case_triage_queue on case_triage (score, case_id, tenant_id, verdict) where open = 1",
    "create index case_triage_tenant_queue on case_triage (tenant_id, score, case_id, verdict) where open = 1",
    `create table case_triage_due (tenant_id text not null, case_id text not null, at bigint not null, primary key (tenant_id, case_id)) ${keyed}`,
    "create table case_triage_sweeps (tenant_id text not null primary key, whole integer not null, at bigint, seq bigint)",
    `create table case_traits (trait text not null, tenant_id text not null, verdict text not null, case_id text not null, primary key (trait, tenant_id, verdict, case_id)) ${keyed}`,
    "create index case_traits_case on case_traits (tenant_id, case_id)",
    "create table case_rules (tenant_id text not null, id text not null, body text not null, updated_by text not null, updated_at bigint not null, primary key (tenant_id, id))",
    "create table case_hash_lists (id text not null primary key, tenant_id text not null, name text not null, meaning text not null, hashes integer not null, updated_by text not null, updated_at bigint not null)",
    "create unique index case_hash_lists_name on case_hash_lists (tenant_id, name)",
    `create table case_listed_hashes (hash text not null, list_id text not null, primary key (hash, list_id)) ${keyed}`,
    "create index case_listed_hashes_list on case_listed_hashes (list_id)",
    `create table case_knowledge (id text not null primary key, tenant_id text not null, type text not null, indicator text not null, folded text not null, meaning text not null, text text not null, expires_at bigint, expiry_seen integer not null,
      author text not null, created_at bigint not null, updated_at bigint not null, updated_by text not null, hits integer not null, last_hit_at bigint, version integer not null)`,
    "create unique index case_knowledge_indicator on case_knowledge (tenant_id, type, folded)",
    "create index case_knowledge_expiry on case_knowledge (expires_at) where expiry_seen = 0 and expires_at is not null",
    // What was there before there was triage is looked at once, the resolved among it: their verdicts speak for later ones.
    "insert into case_triage_sweeps (tenant_id, whole, at, seq) values ('', 1, null, null)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const triageMigrations: readonly Migration[] = [{ id: "0910-case-triage", up: createAll }];
