/**
 * The brake on mass closure. More than max(20, 10 %) of a connection's findings said to be gone within one reading is more likely the console's mistake than a good day: all of
 * it, what the reading's first pages closed included, waits for a later reading that is proven complete and says the same. So does what is merely absent.
 */
import { sql } from "kysely";
import { provenRead } from "./coverage.ts";
import { markConnectionExposed } from "./exposure.ts";
import { installedVersions, replacing } from "./installed.ts";
import { closed, type Step } from "./lifecycle.ts";
import type { ClosureProof } from "./model.ts";
import { tables, type InstanceRow, type ReadingRow } from "./tables.ts";
import type { Tx } from "../store/store.ts";
import { instanceFrom, writeSteps } from "./write.ts";

const LEAST = 20;
const SHARE = 0.1;
/** Confirmed in one transaction. */
const PAGE = 500;

/** True where closing `count` more would be a mass; what this reading closed before is then taken back, to wait too. */
export async function brakes(tx: Tx, connection: string, count: number, now: number): Promise<boolean> {
  if (count === 0) return false;
  const reading = await countReading(tx, connection, count, now);
  const limit = Math.max(LEAST, reading.held * SHARE);
  if (reading.closed <= limit) return false;
  if (reading.closed - count <= limit) await takeBack(tx, connection, reading.since, now);
  return true;
}

async function countReading(tx: Tx, connection: string, count: number, now: number): Promise<ReadingRow> {
  const readTo = (await provenRead(tx.db, connection)).get("risks") ?? 0;
  const db = tables(tx.db);
  const known = await db.selectFrom("vuln_readings").selectAll().where("connection_id", "=", connection).executeTakeFirst();
  const goesOn = known !== undefined && Number(known.read_to) === readTo;
  const held = goesOn ? Number(known.held) : await countPresent(tx, connection);
  const row = { connection_id: connection, read_to: readTo, closed: (goesOn ? Number(known.closed) : 0) + count, held, since: goesOn ? Number(known.since) : now };
  await db.insertInto("vuln_readings").values(row).onConflict((conflict) => conflict.column("connection_id").doUpdateSet(row)).execute();
  return row;
}

/** Both by an index of their own: of a large estate the table itself is not gone through. */
async function countPresent(tx: Tx, connection: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT (SELECT count(*) FROM vuln_instances WHERE connection_id = ${connection} AND present = 1)
      - (SELECT count(*) FROM vuln_instances WHERE connection_id = ${connection} AND out_of_scope_at IS NOT NULL AND present = 1) AS n`.execute(tx.db);
  return Number(rows[0]?.n ?? 0);
}

/** Each as it was before it was closed, by its own history. */
async function takeBack(tx: Tx, connection: string, since: number, now: number): Promise<void> {
  const fixed = sql`SELECT h.instance_id FROM vuln_history AS h WHERE h.connection_id = ${connection} AND h.event = 'fixed' AND h.at >= ${since}`;
  const which = sql`id IN (${fixed}) AND connection_id = ${connection} AND present = 0 AND closing_at IS NULL`;
  const was = sql`(SELECT h.from_status FROM vuln_history AS h WHERE h.instance_id = vuln_instances.id AND h.event = 'fixed' ORDER BY h.seq DESC LIMIT 1)`;
  // Whoever was at work on it still is.
  const decision = (column: "decided_by" | "actor") => sql`(SELECT h.${sql.ref(column)} FROM vuln_history AS h WHERE h.instance_id = vuln_instances.id AND h.event = 'decided' AND h.to_status = ${was} ORDER BY h.seq DESC LIMIT 1)`;
  await sql`
    INSERT INTO vuln_history (tenant_id, connection_id, instance_id, at, event, from_status, to_status, decided_by, actor, details)
    SELECT tenant_id, connection_id, id, cast(${now} as bigint), 'closure-undone', status, ${was}, 'source', NULL, '{"why":"mass"}' FROM vuln_instances WHERE ${which}`.execute(tx.db);
  await sql`
    UPDATE vuln_instances SET closing_at = ${now}, present = 1, fixed_at = NULL, status = ${was},
      decided_by = CASE WHEN status <> 'scan-mitigated' THEN decided_by ELSE coalesce(${decision("decided_by")}, 'source') END, actor = CASE WHEN status <> 'scan-mitigated' THEN actor ELSE ${decision("actor")} END,
      class = CASE WHEN status <> 'scan-mitigated' THEN class WHEN out_of_scope_at IS NOT NULL THEN 'out-of-scope' WHEN EXISTS (SELECT 1 FROM vuln_agents AS a WHERE a.connection_id = vuln_instances.connection_id AND a.id = vuln_instances.agent_id AND a.stale IS NOT NULL) THEN 'stale' ELSE 'open' END
    WHERE ${which}`.execute(tx.db);
  await markConnectionExposed(tx, connection);
}

type Waiting = InstanceRow & { readonly agent_scanned: number | null; readonly application: string };

/**
 * Closes what a later complete reading does not show as there either; true where more are waiting. What is only absent wants its device alive since, or scanned since: a
 * console forgets what left it, which fixes nothing. What is out of scope, or waits for a run of its rule, waits here too.
 */
export async function confirmClosures(tx: Tx, now: number): Promise<boolean> {
  const { rows } = await sql<Waiting>`
    SELECT i.*, a.scanned_at AS agent_scanned, f.application FROM vuln_instances AS i
    JOIN vuln_findings AS f ON f.id = i.finding_id
    JOIN mirror_checkpoints AS c ON c.connection_id = i.connection_id AND c.stream = 'risks'
    LEFT JOIN vuln_agents AS a ON a.connection_id = i.connection_id AND a.id = i.agent_id
    WHERE i.closing_at IS NOT NULL AND i.out_of_scope_at IS NULL AND c.read_to > i.closing_at AND NOT EXISTS (SELECT 1 FROM vuln_held AS h WHERE h.connection_id = i.connection_id AND h.agent_id = i.agent_id) AND (a.active = 1 OR a.scanned_at > coalesce(i.scanned_at, 0))
      AND (i.proof NOT LIKE '%"kind":"absent"%' OR a.last_active > i.closing_at OR a.scanned_at > coalesce(i.scanned_at, 0))
    LIMIT ${PAGE}`.execute(tx.db);
  const steps: Step[] = [];
  for (const connection of new Set(rows.map((row) => row.connection_id))) {
    const ours = rows.filter((row) => row.connection_id === connection);
    const installed = await installedVersions(tx, connection, ours.map((row) => ({ agent: row.agent_id, application: row.application })));
    for (const { agent_scanned: scanned, application, ...row } of ours) {
      const old = instanceFrom(row);
      const proof = JSON.parse(old.proof ?? "{}") as ClosureProof;
      const by = replacing(proof.was, installed({ agent: old.agent_id, application }));
      steps.push(closed(old, { ...proof, scanAt: proof.scanAt ?? later(scanned, old.scanned_at), now: by, learntAt: now, second: true }));
    }
  }
  await writeSteps(tx, steps, now);
  return rows.length === PAGE;
}

function later(scanned: number | null, seenBy: number | null): number | null {
  return scanned !== null && Number(scanned) > (seenBy ?? 0) ? Number(scanned) : null;
}
