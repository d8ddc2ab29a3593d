/** What a page needs of the store: its members as they are kept, who is next to them in time, and the cases of their groups. */
import { sql, type RawBuilder } from "kysely";
import type { AlertStatus, AlertVerdict } from "../kernel/alert-api.ts";
import type { MemberStream } from "../kernel/case-api.ts";
import { numberList, textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { linkId } from "./links.ts";
import type { Kept, LinkKey, MemberFacts } from "./model.ts";
import { tables, type CaseRow, type MemberRow, type TwinRow } from "./tables.ts";

/** To be called before anything of the tenant's cases is read that decides what is written. */
export async function takeTurn(tx: Tx, tenant: string): Promise<void> {
  // SQLite has one writer.
  if (tx.kind === "sqlite") return;
  await sql`INSERT INTO case_turns (tenant_id, n) VALUES (${tenant}, 1) ON CONFLICT (tenant_id) DO UPDATE SET n = case_turns.n + 1`.execute(tx.db);
}

/** What is kept of these records, whoever read them. */
export interface KnownReadings {
  /** Those that stand for their record in a case. */
  readonly members: readonly Kept[];
  /** The others. */
  readonly twins: readonly Kept[];
}

export async function knownReadings(tx: Tx, stream: MemberStream, ids: readonly string[]): Promise<KnownReadings> {
  if (ids.length === 0) return { members: [], twins: [] };
  const listed = textList(tx.kind, ids);
  const { rows: members } = await sql<MemberRow>`SELECT * FROM case_members WHERE stream = ${stream} AND id IN ${listed}`.execute(tx.db);
  // Each has a member of its id.
  if (members.length === 0) return { members: [], twins: [] };
  const { rows: twins } = await sql<TwinRow>`SELECT * FROM case_twins WHERE stream = ${stream} AND id IN ${listed}`.execute(tx.db);
  const groups = new Map(members.map(({ seq, grp }) => [seq, grp]));
  return { members: members.map(keptOf), twins: twins.map((row) => keptOf({ ...row, grp: groups.get(row.seq) ?? 0 })) };
}

export async function membersOf(tx: Tx, group: number): Promise<readonly Kept[]> {
  return (await tables(tx.db).selectFrom("case_members").selectAll().where("grp", "=", group).execute()).map(keptOf);
}

export function keptOf(row: MemberRow): Kept {
  return {
    seq: row.seq, connection: row.connection_id, tenant: row.tenant_id, group: row.grp, stream: row.stream as MemberStream, id: row.id, at: row.at, severity: row.severity, status: row.status as AlertStatus, verdict: row.verdict as AlertVerdict,
    goneAt: row.gone_at, quiet: row.quiet === 1, links: JSON.parse(row.links) as LinkKey[], facts: JSON.parse(row.facts) as MemberFacts,
  };
}

/** In the order of `MEMBERS`. */
export function memberRow({ seq, connection, stream, id, tenant, group, at, severity, status, verdict, goneAt, quiet, links, facts }: Kept): (string | number | null)[] {
  return [seq, connection, stream, id, tenant, group, at, severity, status, verdict, goneAt, quiet ? 1 : 0, JSON.stringify(links), JSON.stringify(facts)];
}

/** A transaction, or committed state. */
type Reading = Pick<Tx, "db" | "kind">;

export interface Neighbour {
  readonly at: number;
  readonly group: number;
}

/** For each of these keys and times, in their order, the members of the tenant that come next before and after, or stand at the same time. */
export async function neighbours(tx: Reading, tenant: string, points: readonly { readonly key: string; readonly at: number }[]): Promise<readonly (readonly Neighbour[])[]> {
  if (points.length === 0) return [];
  const nearest = (sign: string, order: string): RawBuilder<unknown> => sql`(SELECT l.member FROM case_links AS l WHERE l.tenant_id = ${tenant} AND l.link = p.link AND l.at ${sql.raw(sign)} p.at ORDER BY l.at ${sql.raw(order)} LIMIT 1)`;
  const { rows } = await sql<{ place: number; before: number | null; after: number | null }>`
    SELECT p.place AS place, ${nearest("<=", "DESC")} AS before, ${nearest(">=", "ASC")} AS after FROM ${pointList(tx, points)} AS p`.execute(tx.db);
  const seqs = new Set(rows.flatMap(({ before, after }) => [before, after]).filter((seq) => seq !== null));
  if (seqs.size === 0) return points.map(() => []);
  const { rows: members } = await sql<{ seq: number; at: number; grp: number }>`SELECT seq, at, grp FROM case_members WHERE seq IN ${numberList(tx.kind, [...seqs])}`.execute(tx.db);
  const bySeq = new Map(members.map(({ seq, at, grp }) => [seq, { at, group: grp }]));
  const found = new Map(rows.map(({ place, before, after }) => [place, [...new Set([before, after])].flatMap((seq) => (seq === null ? [] : (bySeq.get(seq) ?? [])))]));
  return points.map((_, place) => found.get(place) ?? []);
}

/** In the order of the index: what stands near each other is looked at together. */
function pointList(tx: Reading, points: readonly { readonly key: string; readonly at: number }[]): RawBuilder<unknown> {
  const sorted = points.map(({ key, at }, place) => ({ place, link: linkId(key), at })).toSorted((left, right) => (left.link < right.link ? -1 : 1));
  if (tx.kind === "sqlite") return sql`(SELECT value ->> 0 AS place, value ->> 1 AS link, value ->> 2 AS at FROM json_each(${JSON.stringify(sorted.map(({ place, link, at }) => [place, link, at]))}))`;
  return sql`(SELECT * FROM unnest(${sorted.map(({ place }) => place)}::bigint[], ${sorted.map(({ link }) => link)}::text[], ${sorted.map(({ at }) => at)}::bigint[]) AS u (place, link, at))`;
}

export async function casesOfGroups(tx: Reading, groups: readonly number[]): Promise<readonly CaseRow[]> {
  if (groups.length === 0) return [];
  return (await sql<CaseRow>`SELECT * FROM cases WHERE grp IN ${numberList(tx.kind, groups)}`.execute(tx.db)).rows;
}

/** The cases of these groups, with all of the chains that they are pieces of. */
export async function casesOfChains(tx: Reading, groups: readonly number[]): Promise<readonly CaseRow[]> {
  if (groups.length === 0) return [];
  return (await sql<CaseRow>`SELECT * FROM cases WHERE chain IN (SELECT chain FROM cases WHERE grp IN ${numberList(tx.kind, groups)})`.execute(tx.db)).rows;
}

/** Gives numbers that no member, no group and no chain has, each once. */
export function numbering(tx: Tx): (count: number) => Promise<readonly number[]> {
  let top: number | undefined;
  return async (count) => {
    if (count === 0) return [];
    if (tx.kind === "postgres") return (await sql<{ n: number }>`SELECT nextval('case_numbers') AS n FROM generate_series(1, ${count})`.execute(tx.db)).rows.map(({ n }) => Number(n));
    if (top === undefined) {
      const { rows } = await sql<{ top: number }>`SELECT max(coalesce((SELECT max(seq) FROM case_members), 0), coalesce((SELECT max(grp) FROM cases), 0), coalesce((SELECT max(chain) FROM cases), 0)) AS top`.execute(tx.db);
      top = rows[0]?.top ?? 0;
    }
    const from = top + 1;
    top += count;
    return Array.from({ length: count }, (_, place) => from + place);
  };
}

export async function forgetLinks(tx: Tx, { tenant, links, at, seq }: Pick<Kept, "tenant" | "links" | "at" | "seq">): Promise<void> {
  await sql`DELETE FROM case_links WHERE tenant_id = ${tenant} AND link IN ${textList(tx.kind, links.map(linkId))} AND at = ${at} AND member = ${seq}`.execute(tx.db);
}
