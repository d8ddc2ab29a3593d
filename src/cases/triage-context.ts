/**
 * What rules are asked about, gathered for a page of cases at a time: their gravest alerts as the mirror has them, lists, knowledge, and verdicts of other cases of the same tenant.
 * Nothing of another tenant's is looked at, but for a number that only who sees all tenants is shown.
 */
import { sql } from "kysely";
import { ALERT_STREAMS } from "../kernel/alert-api.ts";
import type { KnowledgeType } from "../kernel/case-knowledge-api.ts";
import { viewName } from "../kernel/stream-ids.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { rowList, textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { BY_VALUE, sayingOf, speaksOf, valuesOf, type Entry, type Values } from "./knowledge.ts";
import type { Kept, Tally } from "./model.ts";
import { keptOf } from "./stored.ts";
import type { CaseRow, MemberRow } from "./tables.ts";
import type { RecordedAlert, RecordedCase, Said } from "./triage-model.ts";
import { alertOf, LOOKED_AT } from "./triage-signals.ts";
import { ALL_TENANTS, type KnowledgeRow } from "./triage-tables.ts";

export type Reading = Pick<Tx, "db" | "kind">;

/** The gravest, of those the newest. A case may have very many. */
const MOST_ALERTS = 25;
const MOST_TRAITS = 20;
const GROUPS_AT_ONCE = 50;

export interface Gathered {
  readonly record: RecordedCase;
  /** Entries that speak of it. */
  readonly knowledge: readonly string[];
  /** What other cases are told it by. */
  readonly traits: readonly string[];
}

export async function gather(reading: Reading, rows: readonly CaseRow[], now: number): Promise<ReadonlyMap<string, Gathered>> {
  const alerts = await alertsOf(reading, rows);
  const parts = rows.map((row) => ({ row, alerts: alerts.get(row.id) ?? [] })).map((part) => ({ ...part, traits: traitsOf(part.alerts), values: valuesOf(part.alerts) }));
  const entries = await entriesFor(reading, parts, now);
  const lists = await listsFor(reading, parts);
  const earlier = await earlierFor(reading, parts);
  return new Map(
    parts.map(({ row, alerts: own, traits, values }) => {
      const known = entries.filter((entry) => isFor(entry.tenant, row.tenant_id) && speaksOf(entry, values)).toSorted((left, right) => (left.id < right.id ? -1 : 1));
      const listed = [...(values.get("hash") ?? [])].flatMap((hash) => (lists.get(hash) ?? []).filter(({ tenant }) => isFor(tenant, row.tenant_id)).map(({ name, meaning }): Said => ({ value: meaning, because: `${hash} is on ${name}` })));
      const tally = JSON.parse(row.tally) as Tally;
      const record: RecordedCase = {
        numbers: { alerts: tally.members, "open-alerts": tally.open, devices: tally.kinds["device"] ?? 0, users: tally.kinds["user"] ?? 0, products: Object.keys(tally.products).length },
        texts: { type: [{ value: row.type, because: null }], listed, knowledge: known.map((entry) => ({ value: entry.meaning, because: sayingOf(entry) })), "earlier-verdict": earlier.get(row.id) ?? [] },
        alerts: own,
      };
      return [row.id, { record, knowledge: known.map(({ id }) => id), traits }];
    }),
  );
}

function isFor(tenant: string, of: string): boolean {
  return tenant === ALL_TENANTS || tenant === of;
}

async function alertsOf({ db, kind }: Reading, rows: readonly CaseRow[]): Promise<ReadonlyMap<string, readonly RecordedAlert[]>> {
  const members = new Map<number, readonly Kept[]>();
  const groups = rows.flatMap(({ grp }) => grp ?? []);
  for (let at = 0; at < groups.length; at += GROUPS_AT_ONCE) {
    // Backwards along the index of each group: no more than these are read, however many there are.
    const gravest = groups.slice(at, at + GROUPS_AT_ONCE).map((group) => sql`SELECT * FROM (SELECT * FROM case_members WHERE grp = ${group} ORDER BY severity DESC, at DESC, seq DESC LIMIT ${MOST_ALERTS}) AS gravest`);
    const found = await sql<MemberRow>`${sql.join(gravest, sql` UNION ALL `)}`.execute(db);
    for (const [group, of] of Map.groupBy(found.rows.map(keptOf), (member) => member.group)) members.set(group, of.toSorted((left, right) => right.severity - left.severity || right.at - left.at || right.seq - left.seq));
  }
  const mirror = await mirrorRows({ db, kind }, [...members.values()].flat());
  return new Map(rows.map(({ id, grp }) => [id, (grp === null ? [] : (members.get(grp) ?? [])).map((member) => alertOf(member, mirror.get(keyOf(member)) ?? null))]));
}

function keyOf({ connection, stream, id }: Pick<Kept, "connection" | "stream" | "id">): string {
  return `${connection} ${stream} ${id}`;
}

async function mirrorRows({ db, kind }: Reading, members: readonly Kept[]): Promise<ReadonlyMap<string, MirrorRow>> {
  const found = new Map<string, MirrorRow>();
  for (const stream of ALERT_STREAMS) {
    for (const [connection, of] of Map.groupBy(members.filter((member) => member.stream === stream), (member) => member.connection)) {
      const columns = sql.join(["id", "tenant_id", ...LOOKED_AT[stream]].map((name) => sql.ref(name)));
      const { rows } = await sql<MirrorRow>`SELECT ${columns} FROM ${sql.table(viewName(stream))} WHERE connection_id = ${connection} AND id IN ${textList(kind, of.map(({ id }) => id))}`.execute(db);
      const tenants = new Map(of.map(({ id, tenant }) => [id, tenant]));
      for (const row of rows) {
        const id = String(row["id"]);
        // A record that has moved to another tenant is that one's, whatever is still kept here.
        if (row["tenant_id"] === tenants.get(id)) found.set(keyOf({ connection, stream, id }), row);
      }
    }
  }
  return found;
}

/** Content; where there is none, the alert's name with whom or what it is about. */
function traitsOf(alerts: readonly RecordedAlert[]): readonly string[] {
  const traits = new Set<string>();
  for (const { facts } of alerts) {
    for (const hash of facts.hash ?? []) traits.add(`hash ${hash.toLowerCase()}`);
    const [name] = facts.name ?? [];
    const [about] = facts.user ?? facts.device ?? [];
    if (facts.hash === undefined && name !== undefined && about !== undefined) traits.add(`behaviour ${name.toLowerCase().slice(0, 200)} | ${about.toLowerCase().slice(0, 200)}`);
  }
  return [...traits].slice(0, MOST_TRAITS).toSorted();
}

interface Part {
  readonly row: CaseRow;
  readonly traits: readonly string[];
  readonly values: Values;
}

type KnownEntry = Entry & { readonly tenant: string };

async function entriesFor({ db, kind }: Reading, parts: readonly Part[], now: number): Promise<readonly KnownEntry[]> {
  const tenants = [ALL_TENANTS, ...new Set(parts.map(({ row }) => row.tenant_id))];
  const keys = new Map<string, readonly [string, string, string]>();
  for (const { row, values } of parts) {
    for (const type of BY_VALUE) for (const value of values.get(type) ?? []) for (const tenant of [ALL_TENANTS, row.tenant_id]) keys.set(`${tenant} ${type} ${value}`, [tenant, type, value]);
  }
  const holds = sql`(expires_at IS NULL OR expires_at > ${now})`;
  const columns = sql`id, tenant_id, type, indicator, folded, meaning, text`;
  const found = await sql<KnowledgeRow>`SELECT ${columns} FROM case_knowledge WHERE tenant_id IN ${textList(kind, tenants)} AND type IN ('path', 'command-line') AND ${holds}`.execute(db);
  const exact = keys.size === 0 ? { rows: [] } : await sql<KnowledgeRow>`SELECT ${columns} FROM case_knowledge WHERE (tenant_id, type, folded) IN ${rowList(kind, 3, [...keys.values()])} AND ${holds}`.execute(db);
  return [...found.rows, ...exact.rows].map((row) => ({ id: row.id, tenant: row.tenant_id, type: row.type as KnowledgeType, indicator: row.indicator, folded: row.folded, meaning: row.meaning as Entry["meaning"], text: row.text }));
}

interface Listed {
  readonly tenant: string;
  readonly name: string;
  readonly meaning: string;
}

async function listsFor({ db, kind }: Reading, parts: readonly Part[]): Promise<ReadonlyMap<string, readonly Listed[]>> {
  const hashes = new Set(parts.flatMap(({ values }) => [...(values.get("hash") ?? [])]));
  if (hashes.size === 0) return new Map();
  const tenants = [ALL_TENANTS, ...new Set(parts.map(({ row }) => row.tenant_id))];
  const { rows } = await sql<Listed & { readonly hash: string }>`
    SELECT h.hash, l.tenant_id AS tenant, l.name, l.meaning FROM case_listed_hashes AS h JOIN case_hash_lists AS l ON l.id = h.list_id
    WHERE h.hash IN ${textList(kind, [...hashes])} AND l.tenant_id IN ${textList(kind, tenants)} ORDER BY h.hash, l.name, l.id`.execute(db);
  return Map.groupBy(rows, ({ hash }) => hash);
}

const DECIDED = ["true-positive", "false-positive"] as const;

/** For each trait, one other case of the tenant with either verdict: enough to name. */
async function earlierFor({ db, kind }: Reading, parts: readonly Part[]): Promise<ReadonlyMap<string, readonly Said[]>> {
  const points = parts.flatMap(({ row, traits }) => traits.map((trait) => [trait, row.tenant_id, row.id] as const));
  if (points.length === 0) return new Map();
  const other = (verdict: string) => sql`(SELECT min(t.case_id) FROM case_traits AS t WHERE t.trait = p.trait AND t.tenant_id = p.tenant AND t.verdict = ${verdict} AND t.case_id <> p.id)`;
  const { rows } = await sql<{ id: string; positive: string | null; negative: string | null }>`
    SELECT p.id AS id, ${other(DECIDED[0])} AS positive, ${other(DECIDED[1])} AS negative FROM ${pointList(kind, points)} AS p`.execute(db);
  const found = new Map<string, Map<string, Said>>();
  for (const { id, positive, negative } of rows) {
    const said = found.get(id) ?? new Map<string, Said>();
    for (const [verdict, by] of [[DECIDED[0], positive], [DECIDED[1], negative]] as const) if (by !== null) said.set(`${verdict} ${by}`, { value: verdict, because: `${by} was a ${verdict.replace("-", " ")}` });
    found.set(id, said);
  }
  return new Map([...found].map(([id, said]) => [id, [...said].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, one]) => one)]));
}

function pointList(kind: Tx["kind"], points: readonly (readonly [string, string, string])[]) {
  if (kind === "sqlite") return sql`(SELECT value ->> 0 AS trait, value ->> 1 AS tenant, value ->> 2 AS id FROM json_each(${JSON.stringify(points)}))`;
  return sql`(SELECT * FROM unnest(${points.map(([trait]) => trait)}::text[], ${points.map(([, tenant]) => tenant)}::text[], ${points.map(([, , id]) => id)}::text[]) AS u (trait, tenant, id))`;
}

/** Among these tenants, how many others a case's content was found at. A number and nothing else, and bounded. */
export async function otherTenants({ db, kind }: Reading, tenant: string, traits: readonly string[], taking: readonly string[]): Promise<number> {
  const others = taking.filter((one) => one !== tenant);
  const contents = traits.filter((trait) => trait.startsWith("hash "));
  if (others.length === 0 || contents.length === 0) return 0;
  const { rows } = await sql<{ n: number }>`
    SELECT count(*) AS n FROM ${tenantRows(kind, others)} AS o WHERE EXISTS (SELECT 1 FROM case_traits AS t WHERE t.trait IN ${textList(kind, contents)} AND t.tenant_id = o.tenant)`.execute(db);
  return Number(rows[0]?.n ?? 0);
}

function tenantRows(kind: Tx["kind"], tenants: readonly string[]) {
  return kind === "sqlite" ? sql`(SELECT value AS tenant FROM json_each(${JSON.stringify(tenants)}))` : sql`(SELECT unnest(${[...tenants]}::text[]) AS tenant)`;
}
