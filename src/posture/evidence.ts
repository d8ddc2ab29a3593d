/**
 * How far the agents of a connection are proven read: the moment at which the newest reading began that brought all that had changed. Never an agent's
 * heartbeat, and not the newest change seen either: in a fleet at rest nothing changes, and a page that lacked records has newer ones.
 */
import { sql } from "kysely";
import { textList } from "../store/conditions.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Database, Store } from "../store/store.ts";
import type { Evidence, Reading } from "./verdicts.ts";

export interface ConnectionEvidence extends Reading {
  /** Of its weaknesses, which are read apart and less often. */
  readonly weaknesses: Reading;
}

/** Of one connection at the moment of asking, by one query: a device's answer hangs on no more than this and its row. */
export interface ConnectionState extends ConnectionEvidence {
  /** The rules that all of its devices were met with last; null where that is not known. */
  readonly met: string | null;
  /** Whether there is any agent of it whose record was set aside, and any exception that has not been told to have ended. */
  readonly aside: boolean;
  readonly excepted: boolean;
}

/** By connection, those whose agents are read. */
export async function connectionStates(db: Database): Promise<ReadonlyMap<string, ConnectionState>> {
  const { rows } = await sql<EvidenceRow & { readonly met: string | null; readonly aside: number | boolean; readonly excepted: number | boolean }>`
    SELECT ${EVIDENCE}, s.met, EXISTS (SELECT 1 FROM mirror_parked AS p WHERE p.connection_id = c.connection_id AND p.stream = 'agents') AS aside,
      EXISTS (SELECT 1 FROM posture_exceptions AS e WHERE e.connection_id = c.connection_id AND e.ended_at IS NULL) AS excepted
    ${JOINED} LEFT JOIN posture_sweeps AS s ON s.connection_id = c.connection_id WHERE c.stream = 'agents'`.execute(db);
  return new Map(rows.map((row) => [row.connection_id, { ...readingsOf(row), met: row.met, aside: Boolean(row.aside), excepted: Boolean(row.excepted) }]));
}

/** How often the slowest of a tenant's connections (of all, for null) is read; null where that is not known of any. */
export interface SlowestReadings {
  readonly agents: number | null;
  readonly weaknesses: number | null;
}

export async function slowestReadings(db: Database, tenant: TenantId | null): Promise<SlowestReadings> {
  const whose = tenant === null ? sql`1 = 1` : sql`EXISTS (SELECT 1 FROM posture_devices AS d WHERE d.tenant_id = ${tenant} AND d.connection_id = c.connection_id)`;
  const { rows } = await sql<{ stream: string; slowest: number | null }>`SELECT c.stream, max(c.every_ms) AS slowest FROM mirror_checkpoints AS c WHERE c.stream IN ('agents', 'risks') AND ${whose} GROUP BY c.stream`.execute(db);
  const of = (stream: string) => numberOf(rows.find((row) => row.stream === stream)?.slowest ?? null);
  return { agents: of("agents"), weaknesses: of("risks") };
}

const EVIDENCE = sql`c.connection_id, c.read_to, c.every_ms, w.read_to AS weak_read_to, w.every_ms AS weak_every_ms`;
const JOINED = sql`FROM mirror_checkpoints AS c LEFT JOIN mirror_checkpoints AS w ON w.connection_id = c.connection_id AND w.stream = 'risks'`;

interface EvidenceRow {
  readonly connection_id: string;
  readonly read_to: number | null;
  readonly every_ms: number | null;
  readonly weak_read_to: number | null;
  readonly weak_every_ms: number | null;
}

function readingsOf(row: EvidenceRow): ConnectionEvidence {
  return { at: numberOf(row.read_to), everyMs: numberOf(row.every_ms), weaknesses: { at: numberOf(row.weak_read_to), everyMs: numberOf(row.weak_every_ms) } };
}

function numberOf(value: number | string | null): number | null {
  return value === null ? null : Number(value);
}

/** Of a connection that was never read. */
export const NEVER: Reading = { at: null, everyMs: null };

export type EvidenceByConnection = ReadonlyMap<string, ConnectionEvidence>;

export async function evidenceByConnection(db: Database): Promise<EvidenceByConnection> {
  const { rows } = await sql<EvidenceRow>`SELECT ${EVIDENCE} ${JOINED} WHERE c.stream = 'agents'`.execute(db);
  return new Map(rows.map((row) => [row.connection_id, readingsOf(row)]));
}

/** Since when a record of these agents is set aside, by `connection agent`: what is known of them is no newer than that. */
export async function setAside(db: Database, kind: Store["kind"], devices: readonly { readonly connection_id: string; readonly id: string }[]): Promise<ReadonlyMap<string, number>> {
  if (devices.length === 0) return new Map();
  const connections = [...new Set(devices.map((device) => device.connection_id))];
  const { rows } = await sql<{ connection_id: string; record_key: string; at: number }>`
    SELECT connection_id, record_key, min(first_at) AS at FROM mirror_parked
    WHERE connection_id IN ${textList(kind, connections)} AND stream = 'agents' AND record_key IN ${textList(kind, devices.map((device) => device.id))} GROUP BY connection_id, record_key`.execute(db);
  return new Map(rows.map((row) => [`${row.connection_id} ${row.record_key}`, Number(row.at)]));
}

export function evidenceFor(device: { readonly connection_id: string; readonly id: string }, connections: EvidenceByConnection, aside: ReadonlyMap<string, number>): Evidence {
  const known = connections.get(device.connection_id);
  const since = aside.get(`${device.connection_id} ${device.id}`);
  const at = known?.at ?? null;
  return { at: at === null || since === undefined ? at : Math.min(at, since), setAside: since !== undefined, everyMs: known?.everyMs ?? null, weaknesses: known?.weaknesses ?? NEVER };
}
