/**
 * Questions about cases. Every one takes the scope first. A page of the queue looks through a bounded window of an index in the order it is shown, so that it is answered in
 * milliseconds however many cases there are and however few fit; a page that is not full says where to go on.
 */
import { sql, type RawBuilder } from "kysely";
import type { CaseStatus, CaseType, EntityKind } from "../kernel/case-api.ts";
import { FACT_SEVERITIES, type FactSeverity } from "../kernel/fact.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { numberList, withinScope } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import type { LinkKey } from "./model.ts";
import { casesOfGroups, neighbours } from "./stored.ts";
import { tables, type CaseRow, type EventRow, type MemberRow, type TwinRow } from "./tables.ts";

export interface CaseFilter {
  readonly status?: CaseStatus | "open" | "reopened" | "any" | undefined;
  readonly severity?: FactSeverity | undefined;
  /** `none`: nobody's. */
  readonly owner?: string | undefined;
  readonly type?: CaseType | undefined;
  /** Moment, ms. */
  readonly since?: number | undefined;
  readonly text?: string | undefined;
}

type Reads = Pick<Store, "read" | "kind">;

interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/** Entries of an index looked through for one page, and cases where their rows and entities have to be looked at. */
const WINDOW = 4_000;
const ROW_WINDOW = 500;

const AFTER = /^(-?\d{1,16})\.(\d{1,16})$/;

interface Placed {
  readonly seq: number;
  readonly at: number;
}

/** Those with the newest alerts first. */
export async function findCases({ read, kind }: Reads, scope: TenantScope, filter: CaseFilter, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<Page<CaseRow>> {
  const { within, besides } = tenantsOf(scope);
  const order = [within, ...(filter.since === undefined ? [] : [sql`last_at >= ${filter.since}`]), ...(after === undefined ? [] : [sql`(last_at, seq) < (${sql.join(placeOf(after))})`])];
  const size = filter.text === undefined ? WINDOW : ROW_WINDOW;
  const window = newestFirst(sql`seq, last_at AS at, tenant_id, status, severity, owner, type, reopened${filter.text === undefined ? sql`` : sql`, id, title, grp`}`, order, size, halvesOf(filter));
  const fits = sql.join([besides, ...conditionsOf(kind, filter)], sql` AND `);
  // Where the window ends, and what of it fits, in one answer: cases come and move in between two.
  const { rows } = await sql<Placed & { readonly n: number | null }>`
    WITH near AS (${window}), fitting AS (SELECT seq, at FROM near WHERE ${fits} ORDER BY at DESC, seq DESC LIMIT ${limit + 1})
    SELECT seq, at, NULL AS n FROM fitting UNION ALL SELECT * FROM (SELECT seq, at, (SELECT count(*) FROM near) AS n FROM near ORDER BY at, seq LIMIT 1) AS last`.execute(read);
  const fitting = rows.filter(({ n }) => n === null).toSorted((left, right) => right.at - left.at || right.seq - left.seq);
  const shown = fitting.slice(0, limit);
  const end = fitting.length > limit ? shown.at(-1) : rows.find(({ n }) => n !== null && Number(n) === size);
  return { rows: await bySeq(read, shown), next: end === undefined ? null : `${String(end.at)}.${String(end.seq)}` };
}

/** `1` the open ones, `0` the others: each has an index of its own, in which no case stands twice. */
type Half = 0 | 1;

export function halvesOf(filter: CaseFilter): readonly Half[] {
  return isQueue(filter) ? [1] : filter.status === "resolved" ? [0] : [1, 0];
}

/** `columns` names `at` and `seq`, by which it is ordered. */
export function newestFirst(columns: RawBuilder<unknown>, conditions: readonly RawBuilder<unknown>[], limit: number, halves: readonly Half[] = [1, 0]): RawBuilder<unknown> {
  const of = (half: Half): RawBuilder<unknown> => sql`SELECT ${columns} FROM cases WHERE ${sql.join([sql`open = ${sql.lit(half)}`, ...conditions], sql` AND `)} ORDER BY last_at DESC, seq DESC LIMIT ${limit}`;
  const [one, other] = halves;
  if (one !== undefined && other === undefined) return of(one);
  return sql`SELECT * FROM (SELECT * FROM (${of(1)}) AS waiting UNION ALL SELECT * FROM (${of(0)}) AS settled) AS either ORDER BY at DESC, seq DESC LIMIT ${limit}`;
}

/** Those that wait for somebody. */
function isQueue({ status = "open" }: CaseFilter): boolean {
  return status !== "any" && status !== "resolved";
}

export function tenantsOf(scope: TenantScope): { readonly within: RawBuilder<boolean>; readonly besides: RawBuilder<boolean> } {
  const all = sql<boolean>`1 = 1`;
  const [one, another] = scope.all ? [] : scope.tenants;
  if (one !== undefined && another === undefined) return { within: sql<boolean>`tenant_id = ${one}`, besides: all };
  return { within: all, besides: withinScope(scope) };
}

async function bySeq(read: Store["read"], shown: readonly Placed[]): Promise<readonly CaseRow[]> {
  if (shown.length === 0) return [];
  const { rows } = await sql<CaseRow>`SELECT * FROM cases WHERE seq IN (${sql.join(shown.map(({ seq }) => seq))})`.execute(read);
  const known = new Map(rows.map((row) => [row.seq, row]));
  return shown.flatMap(({ seq }) => known.get(seq) ?? []);
}

export function conditionsOf(kind: Store["kind"], { status = "open", severity, owner, type, text }: CaseFilter): readonly RawBuilder<unknown>[] {
  return [
    sql`status <> 'merged'`,
    ...(status === "open" || status === "any" ? [] : status === "reopened" ? [sql`reopened > 0`] : [sql`status = ${status}`]),
    ...(severity === undefined ? [] : [sql`severity >= ${FACT_SEVERITIES.indexOf(severity)}`]),
    ...(owner === undefined ? [] : owner === "none" ? [sql`owner IS NULL`] : [sql`owner = ${owner}`]),
    ...(type === undefined ? [] : [sql`type = ${type}`]),
    ...(text === undefined ? [] : [textCondition(kind, text)]),
  ];
}

function textCondition(kind: Store["kind"], text: string): RawBuilder<unknown> {
  const pattern = `%${text.toLowerCase().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  // Of ASCII, SQLite's LIKE takes capitals for their letters; the rest is kept folded.
  const like = sql.raw(kind === "sqlite" ? "LIKE" : "ILIKE");
  return sql`(title ${like} ${pattern} ESCAPE '\\' OR id LIKE ${pattern} ESCAPE '\\' OR EXISTS (SELECT 1 FROM case_entities AS e WHERE e.grp = near.grp AND (e.value ${like} ${pattern} ESCAPE '\\' OR e.folded LIKE ${pattern} ESCAPE '\\')))`;
}

function placeOf(after: string): readonly [number, number] {
  const parts = AFTER.exec(after);
  if (parts === null) throw wrongPlace();
  return [Number(parts[1]), Number(parts[2])];
}

/** All that fit, oldest first, a page at a time: for files. */
export async function* everyCase({ read, kind }: Reads, scope: TenantScope, filter: CaseFilter, signal: AbortSignal): AsyncGenerator<CaseRow> {
  const PAGE = 500;
  for (let after = 0; ; ) {
    if (signal.aborted) return;
    const conditions = [withinScope(scope), sql`seq > ${after}`, ...(filter.since === undefined ? [] : [sql`last_at >= ${filter.since}`]), ...(isQueue(filter) ? [sql`open = 1`] : []), ...conditionsOf(kind, filter)];
    const { rows } = await sql<CaseRow>`SELECT * FROM cases AS near WHERE ${sql.join(conditions, sql` AND `)} ORDER BY seq LIMIT ${PAGE}`.execute(read);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.seq;
  }
}

/** The case of that id, or the one it has become part of. NOT_FOUND for none, alike for another tenant's. */
export async function oneCase(read: Database, scope: TenantScope, id: string): Promise<CaseRow> {
  const found = async (one: string): Promise<CaseRow | undefined> => (await sql<CaseRow>`SELECT * FROM cases WHERE id = ${one} AND ${withinScope(scope)}`.execute(read)).rows[0];
  const row = await found(id);
  const into = row?.merged_into ?? null;
  const now = into === null ? row : await found(into);
  if (now === undefined) throw new Fault("NOT_FOUND", "There is no case of that id.", { cure: "List them with `vedette cases list`." });
  return now;
}

export interface EntityCount {
  readonly kind: EntityKind;
  readonly value: string;
  readonly n: number;
}

export async function entitiesOf(read: Database, group: number | null, kinds: readonly EntityKind[], limit: number): Promise<{ readonly items: readonly EntityCount[]; readonly left: number }> {
  if (group === null) return { items: [], left: 0 };
  const ours = sql`grp = ${group} AND kind IN (${sql.join([...kinds])})`;
  const { rows } = await sql<EntityCount>`SELECT kind, value, n FROM case_entities WHERE ${ours} ORDER BY n DESC, kind, value LIMIT ${limit}`.execute(read);
  const { rows: all } = await sql<{ n: number }>`SELECT count(*) AS n FROM case_entities WHERE ${ours}`.execute(read);
  return { items: rows, left: Number(all[0]?.n ?? 0) - rows.length };
}

const MEMBER_AFTER = /^(\d)\.(-?\d{1,16})\.(\d{1,16})$/;

/** Gravest first, of those the first detected. */
export async function membersPage(read: Database, group: number | null, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<Page<MemberRow>> {
  if (group === null) return { rows: [], next: null };
  const parts = after === undefined ? undefined : MEMBER_AFTER.exec(after);
  if (parts === null) throw wrongPlace();
  const rows: MemberRow[] = [];
  // One severity after the other: along the index of the group.
  for (let severity = parts === undefined ? FACT_SEVERITIES.length - 1 : Number(parts[1]); severity >= 0 && rows.length <= limit; severity -= 1) {
    const behind = parts !== undefined && severity === Number(parts[1]) ? sql`AND (at, seq) > (${Number(parts[2])}, ${Number(parts[3])})` : sql``;
    const { rows: found } = await sql<MemberRow>`SELECT * FROM case_members WHERE grp = ${group} AND severity = ${severity} ${behind} ORDER BY at, seq LIMIT ${limit + 1 - rows.length}`.execute(read);
    rows.push(...found);
  }
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? `${String(last.severity)}.${String(last.at)}.${String(last.seq)}` : null };
}

/** Their other readings. */
export async function twinsOf({ read, kind }: Reads, members: readonly Pick<MemberRow, "seq">[]): Promise<readonly TwinRow[]> {
  if (members.length === 0) return [];
  return (await sql<TwinRow>`SELECT * FROM case_twins WHERE seq IN ${numberList(kind, members.map(({ seq }) => seq))} ORDER BY seq, connection_id`.execute(read)).rows;
}

/** Newest first, those of cases that became part of it among them. */
export async function timelineOf(read: Database, id: string, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<Page<EventRow>> {
  if (after !== undefined && !/^\d{1,16}$/.test(after)) throw wrongPlace();
  const behind = after === undefined ? sql`` : sql`AND seq < ${Number(after)}`;
  const { rows } = await sql<EventRow>`
    SELECT * FROM case_events WHERE case_id IN (SELECT id FROM cases WHERE id = ${id} OR merged_into = ${id}) ${behind} ORDER BY seq DESC LIMIT ${limit + 1}`.execute(read);
  const shown = rows.slice(0, limit);
  return { rows: shown, next: rows.length > limit ? String(shown.at(-1)?.seq ?? 0) : null };
}

/** Members looked at for what holds a case together and where else it is seen: its links repeat. */
const LOOKED_AT = 500;
const MOST = 20;

export interface LinkCount {
  readonly key: LinkKey;
  readonly n: number;
}

/** The most frequent first, over its first members. */
export async function linksOfCase(read: Database, group: number | null): Promise<readonly LinkCount[]> {
  if (group === null) return [];
  const rows = await tables(read).selectFrom("case_members").select("links").where("grp", "=", group).limit(LOOKED_AT).execute();
  const counts = new Map<LinkKey, number>();
  for (const { links } of rows) for (const key of JSON.parse(links) as readonly LinkKey[]) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].map(([key, n]) => ({ key, n })).toSorted((left, right) => right.n - left.n || (left.key < right.key ? -1 : 1)).slice(0, MOST);
}

/** Cases that share a link with it and are too far away in time to be the same one: the nearest before and after, by each link. */
export async function relatedTo({ read, kind }: Reads, row: CaseRow, links: readonly LinkCount[]): Promise<readonly CaseRow[]> {
  const points = links.flatMap(({ key }) => [{ key, at: row.first_at - 1 }, { key, at: row.last_at + 1 }]);
  const groups = new Set((await neighbours({ db: read, kind }, row.tenant_id, points)).flatMap((near) => near.map(({ group }) => group)));
  const others = await casesOfGroups({ db: read, kind }, [...groups].filter((group) => group !== row.grp));
  return others.filter((other) => other.tenant_id === row.tenant_id).toSorted((left, right) => right.last_at - left.last_at).slice(0, MOST);
}
