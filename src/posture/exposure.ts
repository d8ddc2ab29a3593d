/**
 * The open weaknesses of devices, which another part of the hub knows. It is asked through a port: posture does not know who answers. A device that is not answered for is
 * not known, and no condition is met by that. Devices whose weaknesses changed wait to be met with the rules again, and are, a page at a time.
 */
import { sql } from "kysely";
import type { QueueFact } from "../kernel/fact.ts";
import type { TenantId } from "../kernel/ids.ts";
import { rowList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import type { DeviceFacts, Exposure } from "./model.ts";
import { readFacts, writeFacts } from "./project.ts";
import { meetPage, SWEEP_PAGE, type SweptRow } from "./sweep.ts";

export interface ExposedDevice {
  readonly connection: string;
  /** SentinelOne's agent id. */
  readonly agent: string;
}

export interface KnownExposure extends Exposure {
  /** Whose device it is to whoever says so: weaknesses of one tenant's are nothing to another. */
  readonly tenant: string;
}

export interface Exposures {
  /** Up to `limit` devices that may have others than when last asked for. They wait no longer: what is done about them belongs in the same transaction. */
  waiting(tx: Tx, limit: number): Promise<{ readonly devices: readonly ExposedDevice[]; readonly more: boolean }>;
  /** By `connection agent`; one that nothing is known of is left out. */
  of(tx: Tx, devices: readonly ExposedDevice[]): Promise<ReadonlyMap<string, KnownExposure>>;
}

/** Until somebody says something. */
export const NOT_LOOKED_AT: Exposure = { worstOpenCve: null, knownExploited: null };

export const NOBODY_KNOWS: Exposures = { waiting: async () => ({ devices: [], more: false }), of: async () => new Map() };

export function exposureOf(known: ReadonlyMap<string, KnownExposure>, device: Pick<DeviceFacts, "connection" | "id" | "tenant">): Exposure {
  const found = known.get(`${device.connection} ${device.id}`);
  return found === undefined || found.tenant !== device.tenant ? NOT_LOOKED_AT : { worstOpenCve: found.worstOpenCve, knownExploited: found.knownExploited };
}

/** A page of those that wait; true where more do. */
export async function meetExposed(tx: Tx, queueFact: QueueFact<Tx>, exposures: Exposures, now: number): Promise<boolean> {
  const { devices, more } = await exposures.waiting(tx, SWEEP_PAGE);
  if (devices.length === 0) return more;
  const { rows } = await sql<SweptRow>`
    SELECT connection_id, id, tenant_id, facts, verdicts, turns_at, letters, verdict FROM posture_devices
    WHERE (connection_id, id) IN ${rowList(tx.kind, 2, devices.map(({ connection, agent }) => [connection, agent]))}`.execute(tx.db);
  const known = await exposures.of(tx, devices);
  const others: SweptRow[] = [];
  for (const row of rows) {
    const facts = readFacts(row.facts);
    const exposure = exposureOf(known, { ...facts, tenant: row.tenant_id as TenantId });
    if (exposure.worstOpenCve === facts.worstOpenCve && exposure.knownExploited === facts.knownExploited) continue;
    others.push({ ...row, facts: writeFacts({ ...facts, ...exposure }), letters: null });
  }
  if (others.length > 0) await meetPage(tx, queueFact, others, now);
  return more;
}
