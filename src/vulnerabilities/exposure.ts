/**
 * The open weaknesses of devices, as posture asks for them: the worst open CVE, and whether one is known to be exploited. A device is answered for only where it was looked
 * at and its findings are evidence of today; what counts is what is counted as open. Devices whose findings changed are marked in the transaction that changed them.
 */
import { sql } from "kysely";
import type { ExposedDevice, Exposures, KnownExposure } from "../posture/index.ts";
import { rowList, textList } from "../store/conditions.ts";
import type { BulkUpsert, Database, Tx } from "../store/store.ts";
import { VULNERABILITY_SEVERITIES, type AgentFacts } from "./model.ts";

/** `agent_id` empty: all devices of the connection, those behind `after_id`. */
const MARKS: BulkUpsert = { table: "vuln_exposure_marks", columns: ["connection_id", "agent_id", "after_id"].map((name) => ({ name, type: "text" as const })), key: ["connection_id", "agent_id"], update: ["after_id"] };

/** A mark that is there is written again: on PostgreSQL whoever takes it away at that moment then does so anew, and misses nothing. */
export async function markExposed(tx: Tx, devices: readonly ExposedDevice[]): Promise<void> {
  const distinct = new Map(devices.map(({ connection, agent }) => [`${connection} ${agent}`, [connection, agent, ""] as const]));
  if (distinct.size > 0) await tx.bulkUpsert(MARKS, [...distinct.values()]);
}

export async function markConnectionExposed(tx: Tx, connection: string): Promise<void> {
  await tx.bulkUpsert(MARKS, [[connection, "", ""]]);
}

/** After a list that says something of CVEs whatever devices have them. */
export async function markAllExposed(tx: Tx): Promise<void> {
  const { rows } = await sql<{ connection_id: string }>`SELECT connection_id FROM vuln_exposure_known`.execute(tx.db);
  if (rows.length > 0) await tx.bulkUpsert(MARKS, rows.map((row) => [row.connection_id, "", ""]));
}

/** Devices on which these findings are open. */
export async function markFindingsExposed(tx: Tx, findings: readonly string[]): Promise<void> {
  if (findings.length === 0) return;
  const { rows } = await sql<{ connection_id: string; agent_id: string }>`
    SELECT DISTINCT connection_id, agent_id FROM vuln_instances WHERE finding_id IN ${textList(tx.kind, findings)} AND class = 'open'`.execute(tx.db);
  await markExposed(tx, rows.map((row) => ({ connection: row.connection_id, agent: row.agent_id })));
}

/**
 * Connections whose risks are proven read, and all taken in. One that becomes so has all its devices met again: those without a finding too, of which nothing else would
 * tell. One that no longer is (its readings begin anew) is not answered for until it is again.
 */
export async function noteReadings(tx: Tx): Promise<void> {
  const read = sql`
    SELECT c.connection_id FROM mirror_checkpoints AS c WHERE c.stream = 'risks' AND c.read_to IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM mirror_owed AS o WHERE o.capability = 'vulnerabilities' AND o.connection_id = c.connection_id)
    AND NOT EXISTS (SELECT 1 FROM capability_rebuilds AS r WHERE r.capability = 'vulnerabilities' AND r.done_at IS NULL)`;
  await sql`DELETE FROM vuln_exposure_known WHERE connection_id NOT IN (${read})`.execute(tx.db);
  const { rows } = await sql<{ connection_id: string }>`SELECT r.connection_id FROM (${read}) AS r WHERE r.connection_id NOT IN (SELECT connection_id FROM vuln_exposure_known)`.execute(tx.db);
  for (const { connection_id: connection } of rows) {
    await sql`INSERT INTO vuln_exposure_known (connection_id) VALUES (${connection}) ON CONFLICT DO NOTHING`.execute(tx.db);
    await markConnectionExposed(tx, connection);
  }
}

export const exposures: Exposures = { waiting: takeWaiting, of: exposuresOf };

async function takeWaiting(tx: Tx, limit: number): ReturnType<Exposures["waiting"]> {
  const { rows } = await sql<{ connection_id: string; agent_id: string; after_id: string }>`
    SELECT m.connection_id, m.agent_id, m.after_id FROM vuln_exposure_marks AS m JOIN vuln_exposure_known AS k ON k.connection_id = m.connection_id
    ORDER BY m.connection_id, m.agent_id LIMIT ${limit}`.execute(tx.db);
  const [first] = rows;
  if (first === undefined) return { devices: [], more: false };
  if (first.agent_id === "") return takeOfConnection(tx, first.connection_id, first.after_id, limit);
  const single = rows.filter((row) => row.connection_id === first.connection_id);
  await sql`DELETE FROM vuln_exposure_marks WHERE (connection_id, agent_id) IN ${rowList(tx.kind, 2, single.map((row) => [row.connection_id, row.agent_id]))}`.execute(tx.db);
  return { devices: single.map((row) => ({ connection: row.connection_id, agent: row.agent_id })), more: rows.length === limit || single.length < rows.length };
}

async function takeOfConnection(tx: Tx, connection: string, after: string, limit: number): ReturnType<Exposures["waiting"]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM vuln_agents WHERE connection_id = ${connection} AND id > ${after} ORDER BY id LIMIT ${limit}`.execute(tx.db);
  const last = rows.length < limit ? undefined : rows.at(-1)?.id;
  if (last === undefined) await sql`DELETE FROM vuln_exposure_marks WHERE connection_id = ${connection} AND agent_id = ''`.execute(tx.db);
  else await sql`UPDATE vuln_exposure_marks SET after_id = ${last} WHERE connection_id = ${connection} AND agent_id = ''`.execute(tx.db);
  return { devices: rows.map(({ id }) => ({ connection, agent: id })), more: true };
}

interface OpenRow {
  readonly connection_id: string;
  readonly agent_id: string;
  readonly worst: number;
  readonly unrated: number;
  readonly exploited: number;
  /** Of how many of them it is not said. */
  readonly unsaid: number;
}

interface LookedRow {
  readonly connection_id: string;
  readonly id: string;
  readonly tenant_id: string;
  readonly scanned_at: number | null;
  /** What of it is ingested. */
  readonly scope: string;
  readonly facts: string;
}

const UNRATED = VULNERABILITY_SEVERITIES.indexOf("unknown");

async function exposuresOf(tx: Tx, devices: readonly ExposedDevice[]): Promise<ReadonlyMap<string, KnownExposure>> {
  if (devices.length === 0) return new Map();
  const which = rowList(tx.kind, 2, devices.map(({ connection, agent }) => [connection, agent]));
  const { rows: looked } = await sql<LookedRow>`
    SELECT a.connection_id, a.id, a.tenant_id, a.scanned_at, a.scope, a.facts FROM vuln_agents AS a JOIN vuln_exposure_known AS k ON k.connection_id = a.connection_id
    WHERE (a.connection_id, a.id) IN ${which} AND a.stale IS NULL AND a.scope NOT IN ('none', 'assets')`.execute(tx.db);
  if (looked.length === 0) return new Map();
  const { rows } = await sql<OpenRow>`
    SELECT i.connection_id, i.agent_id, min(i.severity) AS worst, max(CASE WHEN i.severity = ${UNRATED} THEN 1 ELSE 0 END) AS unrated, max(CASE WHEN v.cve IS NOT NULL OR f.exploited = 1 THEN 1 ELSE 0 END) AS exploited,
      sum(CASE WHEN v.cve IS NULL AND f.exploited IS NULL THEN 1 ELSE 0 END) AS unsaid
    FROM vuln_instances AS i JOIN vuln_findings AS f ON f.id = i.finding_id LEFT JOIN vuln_kev AS v ON v.cve = f.cve
    WHERE (i.connection_id, i.agent_id) IN ${which} AND i.class = 'open' GROUP BY i.connection_id, i.agent_id`.execute(tx.db);
  const open = new Map(rows.map((row) => [`${row.connection_id} ${row.agent_id}`, row]));
  const catalogued = await hasCatalogue(tx.db);
  const known = new Map<string, KnownExposure>();
  for (const row of looked) {
    const place = `${row.connection_id} ${row.id}`;
    const its = open.get(place);
    // What rules leave out of it, nobody has looked at.
    const whole = row.scope === "all";
    if (its === undefined && !(whole && lookedAt(row))) continue;
    const exploited = its === undefined ? false : exploitedOf(its, catalogued);
    known.set(place, { tenant: row.tenant_id, worstOpenCve: its === undefined ? "none" : worstOf(its), knownExploited: exploited === false && !whole ? null : exploited });
  }
  return known;
}

/** A device nobody scanned has no findings either. */
function lookedAt({ scanned_at: scannedAt, facts }: LookedRow): boolean {
  return scannedAt !== null || (JSON.parse(facts) as Partial<AgentFacts>).appsStatus?.toLowerCase() === "up_to_date";
}

/** One that is not rated may be critical: nothing short of that is said then. */
function worstOf({ worst, unrated }: OpenRow): KnownExposure["worstOpenCve"] {
  const severity = VULNERABILITY_SEVERITIES[Number(worst)] ?? "unknown";
  if (severity !== "critical" && Number(unrated) === 1) return null;
  return severity === "informational" ? "low" : severity === "unknown" ? null : severity;
}

/** With a catalogue, what is not in it is not known to be exploited; without one, and without the licence for SentinelOne's own word, nobody has said anything. */
function exploitedOf({ exploited, unsaid }: OpenRow, catalogued: boolean): boolean | null {
  if (Number(exploited) === 1) return true;
  return Number(unsaid) > 0 && !catalogued ? null : false;
}

async function hasCatalogue(db: Database): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM vuln_intelligence WHERE kind = 'kev'`.execute(db);
  return rows.length > 0;
}
