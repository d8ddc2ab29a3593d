/**
 * What changes in the inventory of software, kept so that two dates can be compared. A first reading says what is there and is no change; nothing is gone but by the mirror's
 * proof, so that a reading that broke off removes nothing. An application that a device has twice (two paths) is there while one of them is.
 */
import { sql } from "kysely";
import { viewName } from "../../kernel/stream-ids.ts";
import type { Capability, ChangeSet, MirrorRow } from "../../mirror/capability.ts";
import { textList } from "../../store/conditions.ts";
import type { Tx } from "../../store/store.ts";
import { textOf } from "../cells.ts";

const DAY = 86_400_000;
/** A little more than a year, so that a year can be told. */
const KEPT_MS = 400 * DAY;
const DROPPED_AT_ONCE = 5000;
const WRITTEN_AT_ONCE = 500;

export function createSoftware(): Capability {
  return {
    id: "software",
    reads: ["applications"],
    // With those of all vulnerabilities, whose part it is.
    migrations: [],
    react,
    due: dropOld,
    // What is there is the mirror's own; of earlier changes the mirror knows nothing.
    rebuild: async () => {},
    routes: [],
  };
}

interface Place {
  readonly device: string;
  readonly application: string;
  readonly vendor: string;
  readonly version: string;
}

function placeOf(row: MirrorRow | null): Place | null {
  const device = textOf(row?.["endpoint_uuid"]) ?? textOf(row?.["endpoint_id"]);
  const application = textOf(row?.["application_name"]);
  if (device === null || application === null) return null;
  return { device, application, vendor: textOf(row?.["application_vendor"]) ?? "", version: textOf(row?.["version"]) ?? "" };
}

function keyOf({ device, application, vendor, version }: Place): string {
  return JSON.stringify([device, application, vendor, version]);
}

async function react(set: ChangeSet, tx: Tx, now: number): Promise<void> {
  if (!(await isKnown(tx, set.connection))) return;
  const moved = new Map<string, { readonly place: Place; readonly alone: boolean; by: number }>();
  const count = (row: MirrorRow | null, by: number): void => {
    const place = placeOf(row);
    if (place === null) return;
    const key = keyOf(place);
    // Of a device without a uuid its own rows alone tell: there is no index to look for others by.
    moved.set(key, { place, alone: textOf(row?.["endpoint_uuid"]) === null, by: (moved.get(key)?.by ?? 0) + by });
  };
  for (const { before, after } of [...set.inserted, ...set.changed, ...set.gone]) {
    count(before, -1);
    count(after, 1);
  }
  const changes = [...moved].filter(([, { by }]) => by !== 0);
  const live = await countLive(tx, set, changes.map(([, { place }]) => place));
  const rows = changes.flatMap(([key, { place, alone, by }]) => {
    const there = alone ? Math.max(by, 0) : (live.get(key) ?? 0);
    const sign = there > 0 && there - by <= 0 ? 1 : there <= 0 && there - by > 0 ? -1 : 0;
    return sign === 0 ? [] : [[set.tenant, set.connection, place.device, place.application, place.vendor, place.version, now, sign]];
  });
  for (let at = 0; at < rows.length; at += WRITTEN_AT_ONCE) {
    const values = sql.join(rows.slice(at, at + WRITTEN_AT_ONCE).map((row) => sql`(${sql.join(row)})`));
    await sql`INSERT INTO vuln_software_changes (tenant_id, connection_id, device, application, vendor, version, at, sign) VALUES ${values}`.execute(tx.db);
  }
}

/** Once the inventory was read whole. Noted as of then, so that nobody takes the first reading's end for a quiet time before it. */
async function isKnown(tx: Tx, connection: string): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM vuln_software_known WHERE connection_id = ${connection}`.execute(tx.db);
  if (rows.length > 0) return true;
  const { numAffectedRows } = await sql`
    INSERT INTO vuln_software_known (connection_id, since) SELECT connection_id, read_to FROM mirror_checkpoints WHERE connection_id = ${connection} AND stream = 'applications' AND read_to IS NOT NULL ON CONFLICT DO NOTHING`.execute(tx.db);
  return Number(numAffectedRows ?? 0) > 0;
}

/** How often each of these is in the mirror now, for this tenant. */
async function countLive(tx: Tx, { connection, tenant }: ChangeSet, places: readonly Place[]): Promise<ReadonlyMap<string, number>> {
  if (places.length === 0) return new Map();
  const devices = textList(tx.kind, [...new Set(places.map((place) => place.device))]);
  const names = textList(tx.kind, [...new Set(places.map((place) => place.application))]);
  const { rows } = await sql<MirrorRow>`
    SELECT endpoint_uuid, endpoint_id, application_name, application_vendor, version FROM ${sql.table(viewName("applications"))}
    WHERE connection_id = ${connection} AND tenant_id = ${tenant} AND endpoint_uuid IN ${devices} AND trim(application_name) IN ${names}`.execute(tx.db);
  const counted = new Map<string, number>();
  for (const row of rows) {
    const place = placeOf(row);
    if (place !== null) counted.set(keyOf(place), (counted.get(keyOf(place)) ?? 0) + 1);
  }
  return counted;
}

async function dropOld(now: number, tx: Tx): Promise<number | null> {
  await sql`INSERT INTO vuln_software_known (connection_id, since) SELECT connection_id, read_to FROM mirror_checkpoints WHERE stream = 'applications' AND read_to IS NOT NULL ON CONFLICT DO NOTHING`.execute(tx.db);
  const { numAffectedRows } = await sql`DELETE FROM vuln_software_changes WHERE seq IN (SELECT seq FROM vuln_software_changes WHERE at < ${now - KEPT_MS} ORDER BY at LIMIT ${DROPPED_AT_ONCE})`.execute(tx.db);
  if (Number(numAffectedRows ?? 0) === DROPPED_AT_ONCE) return now;
  return now + DAY;
}
