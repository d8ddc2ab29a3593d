/**
 * What to do next: the findings to fix first, by risk score, and the updates that close most. Only what is open counts: stale evidence is not work yet, and what was set
 * aside is none. Worked out when asked, so that a newer catalogue counts at once.
 */
import { sql } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import { areScored, scoreOfFinding } from "./finding-scores.ts";
import { knownOf, UNKNOWN, type Known } from "./known.ts";
import type { FindingFacts, VulnerabilitySeverity } from "./model.ts";
import type { RiskScore } from "./score.ts";
import { severityAt } from "./sla.ts";
import { highestVersion } from "./software-versions.ts";
import type { FindingRow } from "./tables.ts";

const FINDINGS_AT_ONCE = 2000;
/** Versions of one application that are looked through. */
const MOST_VERSIONS = 1000;

type Reads = Pick<Store, "read" | "kind">;

export interface FixFirst extends Known {
  readonly finding: string;
  readonly tenant: string;
  readonly facts: FindingFacts;
  readonly severity: VulnerabilitySeverity;
  readonly risk: RiskScore;
  readonly instances: number;
  readonly devices: number;
  readonly overdue: number;
  /** The nearest due date, ms. */
  readonly dueAt: number | null;
}

/** The open findings with the highest scores, at most `limit`; the asset's weight is left out, because a finding is on many. */
export async function fixFirst(store: Reads, scope: TenantScope, limit: number, now: number): Promise<readonly FixFirst[]> {
  const best = (await areScored(store.read)) ? await highest(store, scope, limit) : await highestOfAll(store, scope, limit);
  const counts = await openCounts(store, best.map((one) => one.finding), now);
  const none = { instances: 0, devices: 0, overdue: 0, dueAt: null };
  return best.map((one) => ({ ...one, ...(counts.get(one.finding) ?? none) })).toSorted((a, b) => b.risk.score - a.risk.score || b.devices - a.devices || (a.finding < b.finding ? -1 : 1));
}

type Scored = Omit<FixFirst, "instances" | "devices" | "overdue" | "dueAt">;

const HAS_OPEN = sql`EXISTS (SELECT 1 FROM vuln_instances AS i WHERE i.finding_id = f.id AND i.class = 'open')`;

async function highest(store: Reads, scope: TenantScope, limit: number): Promise<readonly Scored[]> {
  const { rows } = await sql<FindingRow>`SELECT f.* FROM vuln_findings AS f WHERE ${withinScope(scope, "f.tenant_id")} AND ${HAS_OPEN} ORDER BY f.score DESC, f.id LIMIT ${limit}`.execute(store.read);
  return scored(store, rows);
}

async function scored(store: Reads, rows: readonly FindingRow[]): Promise<Scored[]> {
  const known = await knownOf(store.read, store.kind, [...new Set(rows.map((row) => row.cve))]);
  return rows.map((row) => {
    const facts = JSON.parse(row.facts) as FindingFacts;
    const { kev, epss } = known.get(row.cve) ?? UNKNOWN;
    return { finding: row.id, tenant: row.tenant_id, facts, severity: severityAt(row.severity), kev, epss, risk: scoreOfFinding(row.severity, facts, { kev, epss }) };
  });
}

/** While scores are being worked out anew. */
async function highestOfAll(store: Reads, scope: TenantScope, limit: number): Promise<readonly Scored[]> {
  let best: Scored[] = [];
  let after = "";
  for (;;) {
    const { rows } = await sql<FindingRow>`
      SELECT f.* FROM vuln_findings AS f WHERE f.id > ${after} AND ${withinScope(scope, "f.tenant_id")} AND ${HAS_OPEN}
      ORDER BY f.id LIMIT ${FINDINGS_AT_ONCE}`.execute(store.read);
    best = [...best, ...(await scored(store, rows))].toSorted((a, b) => b.risk.score - a.risk.score || (a.finding < b.finding ? -1 : 1)).slice(0, limit);
    const last = rows.at(-1);
    if (last === undefined || rows.length < FINDINGS_AT_ONCE) return best;
    after = last.id;
  }
}

/** A finding is one tenant's, so that nothing but an index of its instances is asked. */
async function openCounts({ read, kind }: Reads, findings: readonly string[], now: number): Promise<ReadonlyMap<string, Pick<FixFirst, "instances" | "devices" | "overdue" | "dueAt">>> {
  const { rows } = await sql<{ finding_id: string; instances: number; devices: number; overdue: number; due: number | null }>`
    SELECT finding_id, count(*) AS instances, count(DISTINCT agent_id) AS devices, sum(CASE WHEN due_at < ${now} THEN 1 ELSE 0 END) AS overdue, min(due_at) AS due FROM vuln_instances
    WHERE finding_id IN ${textList(kind, findings)} AND class = 'open' GROUP BY finding_id`.execute(read);
  return new Map(rows.map((row) => [row.finding_id, { instances: Number(row.instances), devices: Number(row.devices), overdue: Number(row.overdue), dueAt: row.due === null ? null : Number(row.due) }]));
}

export interface Fix {
  readonly application: string;
  readonly vendor: string | null;
  /** Each version up to this one has an open finding; null where none is stated. */
  readonly above: string | null;
  readonly instances: number;
  readonly devices: number;
  readonly cves: number;
  readonly overdue: number;
  readonly worst: VulnerabilitySeverity;
  readonly knownExploited: number;
}

/** The applications whose update closes most, at most `limit`. Consoles do not name the version that fixes: it is one above the highest that has an open finding. */
export async function fixes(store: Reads, scope: TenantScope, limit: number, now: number): Promise<readonly Fix[]> {
  const { rows } = await sql<{ application: string; seller: string; instances: number; devices: number; cves: number; overdue: number; worst: number; exploited: number }>`
    SELECT f.application, coalesce(f.vendor, '') AS seller, count(*) AS instances, count(DISTINCT i.agent_id) AS devices, count(DISTINCT f.cve) AS cves,
      sum(CASE WHEN i.due_at < ${now} THEN 1 ELSE 0 END) AS overdue, min(f.severity) AS worst, sum(CASE WHEN k.cve IS NULL AND coalesce(f.exploited, 0) = 0 THEN 0 ELSE 1 END) AS exploited
    FROM vuln_instances AS i JOIN vuln_findings AS f ON f.id = i.finding_id LEFT JOIN vuln_kev AS k ON k.cve = f.cve
    WHERE i.class = 'open' AND ${withinScope(scope, "i.tenant_id")} GROUP BY f.application, coalesce(f.vendor, '') ORDER BY instances DESC, f.application, seller LIMIT ${limit}`.execute(store.read);
  const made: Fix[] = [];
  for (const row of rows) {
    const vendor = row.seller === "" ? null : row.seller;
    made.push({
      application: row.application, vendor, above: await highestOpen(store, scope, row.application, vendor), instances: Number(row.instances), devices: Number(row.devices), cves: Number(row.cves), overdue: Number(row.overdue),
      worst: severityAt(Number(row.worst)), knownExploited: Number(row.exploited),
    });
  }
  return made;
}

async function highestOpen({ read }: Reads, scope: TenantScope, application: string, vendor: string | null): Promise<string | null> {
  const { rows } = await sql<{ version: string }>`
    SELECT DISTINCT i.version FROM vuln_findings AS f JOIN vuln_instances AS i ON i.finding_id = f.id WHERE f.application = ${application} AND coalesce(f.vendor, '') = ${vendor ?? ""}
    AND i.class = 'open' AND i.version IS NOT NULL AND ${withinScope(scope, "f.tenant_id")} LIMIT ${MOST_VERSIONS}`.execute(read);
  return highestVersion(rows.map((row) => row.version));
}

export interface FixDevice {
  readonly connection: string;
  readonly agent: string;
  readonly name: string | null;
  readonly site: string | null;
  readonly user: string | null;
  readonly version: string | null;
  readonly findings: number;
  readonly worst: VulnerabilitySeverity;
  readonly dueAt: number | null;
}

/** The devices that an update is for, and the version each has: a list to hand over. */
export async function* fixDevices({ read }: Reads, scope: TenantScope, application: string, vendor: string | null): AsyncGenerator<FixDevice> {
  let after: readonly [string, string, string] = ["", "", ""];
  for (;;) {
    const { rows }: { readonly rows: readonly FixDeviceRow[] } = await sql<FixDeviceRow>`
      SELECT i.connection_id, i.agent_id, coalesce(i.version, '') AS version, count(*) AS findings, min(f.severity) AS worst, min(i.due_at) AS due, max(a.facts) AS facts
      FROM vuln_findings AS f JOIN vuln_instances AS i ON i.finding_id = f.id LEFT JOIN vuln_agents AS a ON a.connection_id = i.connection_id AND a.id = i.agent_id
      WHERE f.application = ${application} AND ${vendor === null ? sql`1 = 1` : sql`coalesce(f.vendor, '') = ${vendor}`} AND i.class = 'open' AND ${withinScope(scope, "f.tenant_id")} AND ${withinScope(scope, "i.tenant_id")}
      AND (i.connection_id, i.agent_id, coalesce(i.version, '')) > (${sql.join(after)})
      GROUP BY i.connection_id, i.agent_id, coalesce(i.version, '') ORDER BY i.connection_id, i.agent_id, version LIMIT 1000`.execute(read);
    for (const row of rows) {
      const facts = JSON.parse(row.facts ?? "{}") as { readonly name?: string | null; readonly siteName?: string | null; readonly user?: string | null };
      yield { connection: row.connection_id, agent: row.agent_id, name: facts.name ?? null, site: facts.siteName ?? null, user: facts.user ?? null, version: row.version === "" ? null : row.version, findings: Number(row.findings), worst: severityAt(Number(row.worst)), dueAt: row.due === null ? null : Number(row.due) };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < 1000) return;
    after = [last.connection_id, last.agent_id, last.version];
  }
}

interface FixDeviceRow {
  readonly connection_id: string;
  readonly agent_id: string;
  readonly version: string;
  readonly findings: number;
  readonly worst: number;
  readonly due: number | null;
  readonly facts: string | null;
}
