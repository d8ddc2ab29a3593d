/**
 * Tables of cases. What a case is made of hangs on its *group*, a number: where two cases become one, the rows of the smaller group take the number of the larger, and the
 * older case keeps its id. Moments are integers, milliseconds since the epoch.
 */
import { sql, type Kysely } from "kysely";
import type { BulkUpsert, Database, Migration, Store } from "../store/store.ts";
import { linkId } from "./links.ts";
import { triageMigrations } from "./triage-tables.ts";

export type CaseRow = {
  seq: number;
  id: string;
  tenant_id: string;
  /** Null where the case has become part of another. */
  grp: number | null;
  /** Cases with one number are pieces of one chain. */
  chain: number | null;
  /** `CaseStatus`, or `merged`. */
  status: string;
  /** Waits for somebody: the queue. */
  open: number;
  /** Who gave it its status last: `alerts` or `person`. */
  status_by: string;
  owner: string | null;
  severity: number;
  /** A person's, and that of the alerts when it was given: what grows graver than that outranks it. */
  severity_set: number | null;
  severity_basis: number | null;
  verdict: string;
  verdict_set: string | null;
  title: string;
  type: string;
  first_at: number;
  last_at: number;
  opened_at: number;
  first_look_at: number | null;
  decided_at: number | null;
  resolved_at: number | null;
  reopened: number;
  reopened_at: number | null;
  version: number;
  /** Number of its last event: versions of its facts. */
  events: number;
  /** Raised with everything that its alerts add or change. */
  evidence: number;
  merged_into: string | null;
  /** `Tally`. */
  tally: string;
  /** `Lead`; null when its alerts have left. */
  lead: string | null;
};

export type MemberRow = {
  seq: number;
  connection_id: string;
  stream: string;
  id: string;
  tenant_id: string;
  grp: number;
  at: number;
  severity: number;
  status: string;
  verdict: string;
  gone_at: number | null;
  quiet: number;
  /** JSON list. */
  links: string;
  /** `MemberFacts`. */
  facts: string;
};

/** Another connection's reading of a record that is a member already: what the member would be if it were alone. `seq` is the member's. */
export type TwinRow = Omit<MemberRow, "grp">;

export type EventRow = {
  seq: number;
  case_id: string;
  tenant_id: string;
  n: number;
  at: number;
  kind: string;
  /** Key, person, `console` or `vedette`. */
  who: string;
  /** JSON, as `events.ts` reads it. */
  details: string;
};

export type CaseTables = {
  cases: CaseRow;
  case_members: MemberRow;
  case_twins: TwinRow;
  case_events: EventRow;
  case_entities: { grp: number; kind: string; value: string; n: number; folded: string };
};

export function tables(db: Database): Kysely<CaseTables> {
  return db.withTables<CaseTables>();
}

type Column = BulkUpsert["columns"][number];

function typed(type: Column["type"], names: string): readonly Column[] {
  return names.split(" ").map((name) => ({ name, type }));
}

export const CASES: BulkUpsert = {
  table: "cases",
  columns: [
    ...typed("text", "id tenant_id"), ...typed("integer", "grp chain"), ...typed("text", "status"), ...typed("integer", "open"), ...typed("text", "status_by owner"), ...typed("integer", "severity severity_set severity_basis"),
    ...typed("text", "verdict verdict_set title type"), ...typed("integer", "first_at last_at opened_at first_look_at decided_at resolved_at reopened reopened_at version events evidence"), ...typed("text", "merged_into tally lead"),
  ],
  key: ["id"],
  update:
    "grp chain status open status_by owner severity severity_set severity_basis verdict verdict_set title type first_at last_at first_look_at decided_at resolved_at reopened reopened_at version events evidence merged_into tally lead".split(" "),
};

/** What indexes of the queue are made of: SQLite writes an index anew when a column of it is named, changed or not. */
export const QUEUED_BY = ["status", "open", "severity", "owner", "type", "last_at", "reopened"] as const satisfies readonly (keyof CaseRow)[];
const OF_GROUPS: readonly string[] = ["grp", "chain", "merged_into"];

/** Of a case that was there and has neither become part of another nor taken its group. */
export const CASES_IN_GROUP: BulkUpsert = { ...CASES, update: CASES.update.filter((name) => !OF_GROUPS.includes(name)) };
/** And which stands where it stood in every list. */
export const CASES_IN_PLACE: BulkUpsert = { ...CASES, update: CASES_IN_GROUP.update.filter((name) => !QUEUED_BY.some((one) => one === name)) };

export const MEMBERS: BulkUpsert = {
  table: "case_members",
  columns: [...typed("integer", "seq"), ...typed("text", "connection_id stream id tenant_id"), ...typed("integer", "grp at severity"), ...typed("text", "status verdict"), ...typed("integer", "gone_at quiet"), ...typed("text", "links facts")],
  key: ["connection_id", "stream", "id"],
  update: ["tenant_id", "grp", "at", "severity", "status", "verdict", "gone_at", "quiet", "links", "facts"],
  // Ids as the mirror keeps them, words of ours, and JSON.
  storable: true,
};

export const TWIN_ROWS: BulkUpsert = { ...MEMBERS, table: "case_twins", columns: MEMBERS.columns.filter(({ name }) => name !== "grp"), update: ["seq", ...MEMBERS.update.filter((name) => name !== "grp")] };

export const LINK_ROWS: BulkUpsert = {
  table: "case_links",
  columns: [...typed("text", "tenant_id link"), ...typed("integer", "at member")],
  key: ["tenant_id", "link", "at", "member"],
  update: [],
  storable: true,
};

export const ENTITY_ROWS: BulkUpsert = {
  table: "case_entities",
  columns: [...typed("integer", "grp"), ...typed("text", "kind value"), ...typed("integer", "n"), ...typed("text", "folded")],
  key: ["grp", "kind", "value"],
  update: ["n"],
  // As members have them.
  storable: true,
};

export const EVENT_ROWS: BulkUpsert = {
  table: "case_events",
  columns: [...typed("text", "case_id tenant_id"), ...typed("integer", "n at"), ...typed("text", "kind who details")],
  key: ["case_id", "n"],
  update: [],
};

/** What lists are filtered by, so that they are answered from the index alone until a row is shown. */
const FILTERED = "status, severity, owner, type, reopened";

async function createAll(db: Database, kind: Store["kind"]): Promise<void> {
  const seq = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
  const keyed = kind === "sqlite" ? "without rowid" : "";
  const statements = [
    `create table cases (
      seq ${seq}, id text not null, tenant_id text not null, grp bigint, status text not null, open integer not null, status_by text not null, owner text, severity integer not null, severity_set integer,
      severity_basis integer, verdict text not null, verdict_set text, title text not null, type text not null, first_at bigint not null, last_at bigint not null, opened_at bigint not null, first_look_at bigint,
      decided_at bigint, resolved_at bigint, reopened integer not null, reopened_at bigint, version bigint not null, events bigint not null, evidence bigint not null, merged_into text, tally text not null, lead text)`,
    "create unique index cases_id on cases (id)",
    "create unique index cases_group on cases (grp)",
    "create index cases_merged on cases (merged_into) where merged_into is not null",
    `create index cases_tenant on cases (tenant_id, last_at, seq, ${FILTERED})`,
    `create index cases_all on cases (last_at, seq, tenant_id, ${FILTERED})`,
    `create index cases_tenant_open on cases (tenant_id, last_at, seq, ${FILTERED}) where open = 1`,
    `create index cases_open on cases (last_at, seq, tenant_id, ${FILTERED}) where open = 1`,
    `create table case_members (
      seq bigint not null, connection_id text not null, stream text not null, id text not null, tenant_id text not null, grp bigint not null, at bigint not null, severity integer not null, status text not null,
      verdict text not null, gone_at bigint, quiet integer not null, links text not null, facts text not null)`,
    "create unique index case_members_seq on case_members (seq)",
    "create unique index case_members_key on case_members (connection_id, stream, id)",
    "create index case_members_group on case_members (grp, severity, at, seq)",
    "create index case_members_tenant on case_members (tenant_id)",
    // A record under each of its keys: neighbours in time are found without a look at any other.
    `create table case_links (tenant_id text not null, key text not null, at bigint not null, member bigint not null, primary key (tenant_id, key, at, member)) ${keyed}`,
    `create table case_entities (grp bigint not null, kind text not null, value text not null, n bigint not null, folded text not null, primary key (grp, kind, value)) ${keyed}`,
    `create table case_events (seq ${seq}, case_id text not null, tenant_id text not null, n bigint not null, at bigint not null, kind text not null, who text not null, details text not null)`,
    "create unique index case_events_key on case_events (case_id, n)",
    "create index case_events_tenant on case_events (tenant_id)",
    // What was detected before `since` in a stream's first read asks nothing of anybody.
    "create table case_since (connection_id text not null, stream text not null, since bigint not null, primary key (connection_id, stream))",
    // Whoever writes cases of a tenant changes its row first: on PostgreSQL the second of two then begins again, and sees what the first has made.
    "create table case_turns (tenant_id text not null primary key, n bigint not null)",
  ];
  // Writers of several tenants number their rows at a time.
  if (kind === "postgres") statements.push("create sequence case_numbers");
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const caseMigrations: readonly Migration[] = [
  { id: "0900-cases", up: createAll },
  {
    id: "0901-case-health",
    async up(db) {
      const statements = [
        `create table case_health (
          connection_id text not null, subject text not null, kind text not null, tenant_id text not null, since bigint not null, over_since bigint, told integer not null, turns_at bigint, facts text not null,
          primary key (connection_id, subject, kind))`,
        "create index case_health_turns on case_health (turns_at) where turns_at is not null",
        "create index case_health_tenant on case_health (tenant_id)",
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
  {
    id: "0902-case-files",
    async up(db) {
      // A tenant's rows in the order in which they came, page by page: for files of them, and to hand them over.
      const statements = ["drop index case_members_tenant", "drop index case_events_tenant", ...["cases", "case_members", "case_events"].map((table) => `create index ${table}_of_tenant on ${table} (tenant_id, seq)`)];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
  ...triageMigrations,
  {
    id: "0920-case-intake",
    async up(db, kind) {
      const statements = [
        // Open cases have indexes of their own: those of the rest hold no case that stands in them.
        "drop index cases_tenant",
        "drop index cases_all",
        `create index cases_tenant_settled on cases (tenant_id, last_at, seq, ${FILTERED}) where open = 0`,
        `create index cases_settled on cases (last_at, seq, tenant_id, ${FILTERED}) where open = 0`,
        // Where the neighbours of a record are found by number, their group and time stand beside it.
        "drop index case_members_seq",
        "create unique index case_members_seq on case_members (seq, grp, at)",
        "drop table case_links",
        // A record under each of its keys: neighbours in time are found without a look at any other.
        `create table case_links (tenant_id text not null, link text not null, at bigint not null, member bigint not null, primary key (tenant_id, link, at, member)) ${kind === "sqlite" ? "without rowid" : ""}`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
      await linkAll(db);
    },
  },
  {
    id: "0930-case-twins",
    async up(db) {
      const statements = [
        // By id first: whether another connection has read a record is asked of every record.
        "drop index case_members_key",
        "create unique index case_members_key on case_members (id, stream, connection_id)",
        "create index case_members_of_connection on case_members (connection_id, seq)",
        `create table case_twins (
          seq bigint not null, connection_id text not null, stream text not null, id text not null, tenant_id text not null, at bigint not null, severity integer not null, status text not null, verdict text not null,
          gone_at bigint, quiet integer not null, links text not null, facts text not null)`,
        "create unique index case_twins_key on case_twins (id, stream, connection_id)",
        "create index case_twins_of_member on case_twins (seq)",
        "create index case_twins_of_connection on case_twins (connection_id)",
        "create index case_twins_of_tenant on case_twins (tenant_id, seq, connection_id)",
        "create index case_health_subject on case_health (subject)",
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
  {
    id: "0931-case-chains",
    async up(db) {
      const statements = ["alter table cases add column chain bigint", "update cases set chain = grp", "create index cases_chain on cases (chain)"];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
];

/** From what members keep of their links. */
async function linkAll(db: Database): Promise<void> {
  for (let after = -1; ; ) {
    const { rows } = await sql<Pick<MemberRow, "seq" | "tenant_id" | "at" | "links">>`SELECT seq, tenant_id, at, links FROM case_members WHERE seq > ${after} ORDER BY seq LIMIT 500`.execute(db);
    const links = rows.flatMap(({ seq, tenant_id: tenant, at, links: keys }) => (JSON.parse(keys) as readonly string[]).map((key) => sql`(${tenant}, ${linkId(key)}, ${at}, ${seq})`));
    if (links.length > 0) await sql`INSERT INTO case_links (tenant_id, link, at, member) VALUES ${sql.join(links)}`.execute(db);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}
