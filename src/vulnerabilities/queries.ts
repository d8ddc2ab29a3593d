/** Questions about findings, instances and assets. Every one takes the scope first; every list is read page by page, in the order of a key that stays. */
import { sql, type RawBuilder } from "kysely";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { rowList, textList, withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import type { InstanceClass, VulnerabilitySeverity } from "./model.ts";
import { VULNERABILITY_SEVERITIES } from "./model.ts";
import type { AgentRow, AmbiguityRow, FindingRow, HistoryRow, InstanceRow } from "./tables.ts";
import { agentFrom, instanceFrom } from "./write.ts";

type Reads = Pick<Store, "read" | "kind">;

export interface Counts {
  open: number;
  stale: number;
  fixed: number;
  setAside: number;
  outOfScope: number;
  overdue: number;
  total: number;
}

interface FindingFilter {
  readonly connection?: string | undefined;
  readonly severity?: VulnerabilitySeverity | undefined;
  /** With instances of this class; null: whatever they are. */
  readonly class: InstanceClass | null;
  readonly overdue?: boolean | undefined;
  readonly exploited?: boolean | undefined;
  readonly cve?: string | undefined;
  readonly application?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

function pageOf<Row>(rows: readonly Row[], limit: number, key: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? key(last) : null };
}

/** Gravest first. */
export async function findFindings({ read }: Reads, scope: TenantScope, filter: FindingFilter, now: number): Promise<Page<FindingRow>> {
  const instances = [
    ...(filter.class === null ? [] : [sql`i.class = ${filter.class}`]),
    ...(filter.connection === undefined ? [] : [sql`i.connection_id = ${filter.connection}`]),
  ];
  const where = [
    withinScope(scope, "f.tenant_id"),
    ...(filter.severity === undefined ? [] : [sql`f.severity <= ${VULNERABILITY_SEVERITIES.indexOf(filter.severity)}`]),
    ...(filter.exploited === undefined ? [] : [filter.exploited ? sql`f.exploited = 1` : sql`coalesce(f.exploited, 0) = 0`]),
    ...(filter.cve === undefined ? [] : [sql`f.cve = ${filter.cve.trim().toUpperCase()}`]),
    ...(filter.application === undefined ? [] : [contains(sql`f.application`, filter.application)]),
    ...(filter.overdue === true ? [overdue(scope, filter.connection, now)] : []),
    ...(instances.length === 0 || (filter.overdue === true && filter.class === null) ? [] : [sql`EXISTS (SELECT 1 FROM vuln_instances AS i WHERE i.finding_id = f.id AND ${sql.join(instances, sql` AND `)})`]),
  ];
  if (filter.after !== undefined) {
    const parts = /^(\d) (fnd_[0-9a-f]{24})$/.exec(filter.after);
    if (parts === null) throw wrongPlace();
    where.push(sql`(f.severity, f.id) > (${Number(parts[1])}, ${parts[2] ?? ""})`);
  }
  const { rows } = await sql<FindingRow>`SELECT f.* FROM vuln_findings AS f WHERE ${sql.join(where, sql` AND `)} ORDER BY f.severity, f.id LIMIT ${filter.limit + 1}`.execute(read);
  return pageOf(rows, filter.limit, (row) => `${String(row.severity)} ${row.id}`);
}

/** From the dates' side: few are overdue, and an index by tenant, class and severity leads to them. */
function overdue(scope: TenantScope, connection: string | undefined, now: number): RawBuilder<unknown> {
  const tenants = sql`i.tenant_id IN (SELECT DISTINCT t.tenant_id FROM vuln_findings AS t WHERE ${withinScope(scope, "t.tenant_id")})`;
  return sql`f.id IN (SELECT i.finding_id FROM vuln_instances AS i WHERE ${tenants} AND i.class IN ('open', 'stale') AND i.severity IN (0, 1, 2, 3, 4, 5) AND i.due_at < ${now} ${connection === undefined ? sql`` : sql`AND i.connection_id = ${connection}`})`;
}

/** `%` and `_` in what is looked for stand for themselves. */
function contains(column: RawBuilder<unknown>, text: string): RawBuilder<unknown> {
  return sql`lower(${column}) LIKE ${`%${text.toLowerCase().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`} ESCAPE '\\'`;
}

const COUNTED = (now: number) => sql`i.class, count(*) AS n, sum(CASE WHEN i.class IN ('open', 'stale') AND i.due_at < ${now} THEN 1 ELSE 0 END) AS overdue`;
interface Counted {
  readonly class: InstanceClass;
  readonly n: number;
  readonly overdue: number;
}

export const COUNTED_AS = { open: "open", stale: "stale", fixed: "fixed", "set-aside": "setAside", "out-of-scope": "outOfScope" } as const satisfies Record<InstanceClass, keyof Counts>;

export function noCounts(): Counts {
  return { open: 0, stale: 0, fixed: 0, setAside: 0, outOfScope: 0, overdue: 0, total: 0 };
}

function addCount(counts: Counts, row: Counted): void {
  const n = Number(row.n);
  counts[COUNTED_AS[row.class]] += n;
  counts.overdue += Number(row.overdue);
  counts.total += n;
}

export function addInto(sum: Counts, one: Counts): void {
  for (const name of ["open", "stale", "fixed", "setAside", "outOfScope", "overdue", "total"] as const) sum[name] += one[name];
}

export async function countFindings({ read, kind }: Reads, scope: TenantScope, ids: readonly string[], now: number): Promise<ReadonlyMap<string, Counts>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Counted & { finding_id: string }>`
    SELECT i.finding_id, ${COUNTED(now)} FROM vuln_instances AS i WHERE i.finding_id IN ${textList(kind, ids)} AND ${withinScope(scope, "i.tenant_id")} GROUP BY i.finding_id, i.class`.execute(read);
  return grouped(rows, (row) => row.finding_id);
}

export async function countAssets({ read, kind }: Reads, scope: TenantScope, ids: readonly string[], now: number): Promise<ReadonlyMap<string, Counts>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Counted & { asset: string }>`
    SELECT a.tenant_id || ' ' || a.asset_id AS asset, ${COUNTED(now)} FROM vuln_agents AS a JOIN vuln_instances AS i ON i.connection_id = a.connection_id AND i.agent_id = a.id AND i.tenant_id = a.tenant_id
    WHERE a.asset_id IN ${textList(kind, ids)} AND ${withinScope(scope, "a.tenant_id")} GROUP BY 1, i.class`.execute(read);
  return grouped(rows, (row) => row.asset);
}

/** By connection and agent, those on which anything was ever found. */
export async function countAgents({ read, kind }: Reads, scope: TenantScope, agents: readonly { readonly connection: string; readonly agent: string }[], now: number): Promise<ReadonlyMap<string, Counts>> {
  const { rows } = await sql<Counted & { connection_id: string; agent_id: string }>`
    SELECT i.connection_id, i.agent_id, ${COUNTED(now)} FROM vuln_instances AS i
    WHERE (i.connection_id, i.agent_id) IN ${rowList(kind, 2, agents.map(({ connection, agent }) => [connection, agent]))} AND ${withinScope(scope, "i.tenant_id")} GROUP BY i.connection_id, i.agent_id, i.class`.execute(read);
  return grouped(rows, (row) => `${row.connection_id} ${row.agent_id}`);
}

/** Of those that `which` says of `i`. */
export async function countWithin(read: Store["read"], which: RawBuilder<unknown>, now: number): Promise<Counts> {
  const { rows } = await sql<Counted>`SELECT ${COUNTED(now)} FROM vuln_instances AS i WHERE ${which} GROUP BY i.class`.execute(read);
  return grouped(rows, () => "all").get("all") ?? noCounts();
}

/** All of them once, by severity. */
export async function countBySeverity({ read }: Reads, scope: TenantScope, now: number): Promise<ReadonlyMap<number, Counts>> {
  const { rows } = await sql<Counted & { severity: number }>`SELECT i.severity, ${COUNTED(now)} FROM vuln_instances AS i WHERE ${withinScope(scope, "i.tenant_id")} GROUP BY i.severity, i.class`.execute(read);
  return grouped(rows, (row) => Number(row.severity));
}

function grouped<Key, Row extends Counted>(rows: readonly Row[], key: (row: Row) => Key): ReadonlyMap<Key, Counts> {
  const all = new Map<Key, Counts>();
  for (const row of rows) {
    const counts = all.get(key(row)) ?? noCounts();
    addCount(counts, row);
    all.set(key(row), counts);
  }
  return all;
}

export async function assetFigures({ read }: Reads, scope: TenantScope): Promise<{ devices: number; agents: number; gone: number; superseded: number; deactivated: number; notScanned: number; outOfScope: number; ambiguities: number; awaitingProof: number }> {
  const { rows } = await sql<Record<"devices" | "agents" | "gone" | "superseded" | "inactive" | "unscanned" | "outside" | "ambiguities" | "awaiting", number>>`
    SELECT count(DISTINCT CASE WHEN a.scope <> 'none' THEN a.asset_id END) AS devices, sum(CASE WHEN a.scope <> 'none' THEN 1 ELSE 0 END) AS agents,
      sum(CASE WHEN a.scope <> 'none' AND a.stale = 'device-gone' THEN 1 ELSE 0 END) AS gone, sum(CASE WHEN a.scope <> 'none' AND a.stale = 'superseded' THEN 1 ELSE 0 END) AS superseded,
      sum(CASE WHEN a.scope <> 'none' AND a.stale IN ('not-seen', 'missed-scans') THEN 1 ELSE 0 END) AS inactive,
      sum(CASE WHEN a.scope NOT IN ('none', 'assets') AND (a.stale = 'not-scanned' OR (a.active = 1 AND a.scanned_at IS NULL)) THEN 1 ELSE 0 END) AS unscanned,
      sum(CASE WHEN a.scope = 'none' THEN 1 ELSE 0 END) AS outside,
      (SELECT count(*) FROM vuln_ambiguities AS m WHERE ${withinScope(scope, "m.tenant_id")}) AS ambiguities,
      (SELECT count(*) FROM vuln_instances AS i WHERE i.closing_at IS NOT NULL AND i.out_of_scope_at IS NULL AND ${withinScope(scope, "i.tenant_id")}) AS awaiting
    FROM vuln_agents AS a WHERE ${withinScope(scope, "a.tenant_id")}`.execute(read);
  const [one] = rows;
  const number = (value: number | null | undefined): number => Number(value ?? 0);
  return { devices: number(one?.devices), agents: number(one?.agents), gone: number(one?.gone), superseded: number(one?.superseded), deactivated: number(one?.inactive), notScanned: number(one?.unscanned), outOfScope: number(one?.outside), ambiguities: number(one?.ambiguities), awaitingProof: number(one?.awaiting) };
}

export async function findingById({ read }: Reads, scope: TenantScope, id: string): Promise<FindingRow> {
  const { rows } = await sql<FindingRow>`SELECT f.* FROM vuln_findings AS f WHERE f.id = ${id} AND ${withinScope(scope, "f.tenant_id")}`.execute(read);
  return found(rows, "finding");
}

export type NamedInstance = InstanceRow & { readonly asset_id: string | null; readonly agent_facts: string | null; readonly stale: string | null };
const NAMED = sql`SELECT i.*, a.asset_id, a.facts AS agent_facts, a.stale FROM vuln_instances AS i LEFT JOIN vuln_agents AS a ON a.connection_id = i.connection_id AND a.id = i.agent_id AND a.tenant_id = i.tenant_id`;

export async function instancesOf({ read }: Reads, scope: TenantScope, finding: string, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<Page<NamedInstance>> {
  const { rows } = await sql<NamedInstance>`${NAMED} WHERE i.finding_id = ${finding} AND ${withinScope(scope, "i.tenant_id")} ${after === undefined ? sql`` : sql`AND i.id > ${after}`} ORDER BY i.id LIMIT ${limit + 1}`.execute(read);
  return pageOf(rows.map(named), limit, (row) => row.id);
}

export type InstanceOnAsset = NamedInstance & Pick<FindingRow, "cve" | "application" | "vendor" | "exploited">;

/** On all agents of one device, the worst first. */
export async function instancesOn({ read }: Reads, { tenant, asset, class: of }: { readonly tenant: string; readonly asset: string; readonly class: InstanceClass | undefined }, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<Page<InstanceOnAsset>> {
  const parts = after === undefined ? undefined : /^(\d) (\S{1,100})$/.exec(after);
  if (parts === null) throw wrongPlace();
  const where = [sql`a.tenant_id = ${tenant}`, sql`a.asset_id = ${asset}`, ...(of === undefined ? [sql`i.class IN ('open', 'stale')`] : [sql`i.class = ${of}`]), ...(parts === undefined ? [] : [sql`(i.severity, i.id) > (${Number(parts[1])}, ${parts[2] ?? ""})`])];
  const { rows } = await sql<InstanceOnAsset>`
    SELECT i.*, a.asset_id, a.facts AS agent_facts, a.stale, f.cve, f.application, f.vendor, f.exploited FROM vuln_agents AS a
      JOIN vuln_instances AS i ON i.connection_id = a.connection_id AND i.agent_id = a.id AND i.tenant_id = a.tenant_id JOIN vuln_findings AS f ON f.id = i.finding_id
    WHERE ${sql.join(where, sql` AND `)} ORDER BY i.severity, i.id LIMIT ${limit + 1}`.execute(read);
  return pageOf(rows.map((row) => ({ ...named(row), cve: row.cve, application: row.application, vendor: row.vendor, exploited: row.exploited })), limit, (row) => `${String(row.severity)} ${row.id}`);
}

export async function instanceById({ read }: Reads, scope: TenantScope, id: string): Promise<NamedInstance> {
  const { rows } = await sql<NamedInstance>`${NAMED} WHERE i.id = ${id} AND ${withinScope(scope, "i.tenant_id")}`.execute(read);
  return named(found(rows, "instance"));
}

function named(row: NamedInstance): NamedInstance {
  return { ...instanceFrom(row), asset_id: row.asset_id, agent_facts: row.agent_facts, stale: row.stale };
}

/** Oldest first, of one tenant: a device may have been another's. */
export async function historyOf({ read }: Reads, instance: Pick<InstanceRow, "id" | "tenant_id">, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<Page<HistoryRow>> {
  if (after !== undefined && !/^\d{1,15}$/.test(after)) throw wrongPlace();
  const { rows } = await sql<HistoryRow>`SELECT * FROM vuln_history WHERE instance_id = ${instance.id} AND tenant_id = ${instance.tenant_id} ${after === undefined ? sql`` : sql`AND seq > ${Number(after)}`} ORDER BY seq LIMIT ${limit + 1}`.execute(read);
  return pageOf(rows, limit, (row) => String(row.seq));
}

interface AssetFilter {
  readonly connection?: string | undefined;
  readonly agent?: string | undefined;
  readonly name?: string | undefined;
  readonly staleness?: string | undefined;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly criticality?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Agents by asset, in the order of the assets' ids. */
export async function findAssets({ read, kind }: Reads, scope: TenantScope, filter: AssetFilter): Promise<Page<readonly AgentRow[]>> {
  const where = [
    withinScope(scope, "a.tenant_id"),
    ...(filter.name === undefined ? [] : [contains(sql`a.name_key`, filter.name)]),
    ...(filter.staleness === undefined ? [] : [sql`a.stale = ${filter.staleness}`]),
    ...(filter.connection === undefined ? [] : [sql`a.connection_id = ${filter.connection}`]),
    ...(filter.agent === undefined ? [] : [sql`a.id = ${filter.agent}`]),
    ...(["owner", "group", "criticality"] as const).flatMap((what) => (filter[what] === undefined ? [] : [isAssigned(kind, what, filter[what])])),
    ...(filter.after === undefined ? [] : [sql`a.asset_id > ${filter.after}`]),
  ];
  const { rows } = await sql<{ asset_id: string }>`SELECT DISTINCT a.asset_id FROM vuln_agents AS a WHERE ${sql.join(where, sql` AND `)} ORDER BY a.asset_id LIMIT ${filter.limit + 1}`.execute(read);
  const { rows: ids, next } = pageOf(rows, filter.limit, (row) => row.asset_id);
  const agents = await agentsOf({ read, kind }, scope, ids.map((row) => row.asset_id));
  return { rows: agents, next };
}

/** By the text of `Assigned`, value for value: within one, quotes are escaped, so that none can look like another. */
function isAssigned(kind: Store["kind"], what: "owner" | "group" | "criticality", value: string): RawBuilder<unknown> {
  const given = `${JSON.stringify({ value }).slice(0, -1)},`;
  const holds = (text: string) => (kind === "sqlite" ? sql`instr(a.assigned, ${text}) > 0` : sql`strpos(a.assigned, ${text}) > 0`);
  return what === "group" ? sql`(${holds(`[${given}`)} OR ${holds(`,${given}`)})` : holds(`"${what}":${given}`);
}

/** One list of agents for each asset and tenant. */
export async function agentsOf({ read, kind }: Reads, scope: TenantScope, assets: readonly string[]): Promise<readonly (readonly AgentRow[])[]> {
  if (assets.length === 0) return [];
  const { rows } = await sql<AgentRow>`SELECT a.* FROM vuln_agents AS a WHERE a.asset_id IN ${textList(kind, assets)} AND ${withinScope(scope, "a.tenant_id")} ORDER BY a.asset_id, a.tenant_id, a.first_seen, a.id`.execute(read);
  const lists = new Map<string, AgentRow[]>();
  for (const row of rows) {
    const key = `${row.asset_id} ${row.tenant_id}`;
    lists.set(key, [...(lists.get(key) ?? []), agentFrom(row)]);
  }
  return [...lists.values()];
}

export async function assetById(reads: Reads, scope: TenantScope, id: string): Promise<readonly AgentRow[]> {
  return found(await agentsOf(reads, scope, [id]), "asset");
}

const MOST_AMBIGUITIES = 200;

export async function ambiguitiesOf({ read }: Reads, { tenant_id: tenant, connection_id: connection, id }: AgentRow): Promise<readonly AmbiguityRow[]> {
  const { rows } = await sql<AmbiguityRow>`
    SELECT * FROM vuln_ambiguities WHERE tenant_id = ${tenant} AND ((connection_id = ${connection} AND agent_id = ${id}) OR (other_connection_id = ${connection} AND other_agent_id = ${id})) ORDER BY kind, key LIMIT ${MOST_AMBIGUITIES}`.execute(read);
  return rows;
}

export async function agentAt({ read }: Reads, tenant: string, connection: string, id: string): Promise<AgentRow | undefined> {
  const { rows } = await sql<AgentRow>`SELECT * FROM vuln_agents WHERE connection_id = ${connection} AND id = ${id} AND tenant_id = ${tenant}`.execute(read);
  return rows[0] === undefined ? undefined : agentFrom(rows[0]);
}

function found<Row>(rows: readonly Row[], noun: string): Row {
  const [first] = rows;
  if (first === undefined) throw new Fault("NOT_FOUND", `There is no such ${noun}.`, { cure: `List them with \`vedette vulnerabilities ${noun === "asset" ? "assets" : "list"}\`.` });
  return first;
}
