/** What time changes: decisions that end, devices nobody has scanned for too long, closures that a second reading confirms. A bounded piece of work at a time. */
import { sql } from "kysely";
import type { Tx } from "../store/store.ts";
import { nextJudging, sweepAssets } from "./asset-sweep.ts";
import { confirmClosures } from "./brake.ts";
import { noteReadings } from "./exposure.ts";
import { sweepScores } from "./finding-scores.ts";
import { makeIndexes } from "./instance-indexes.ts";
import { released } from "./lifecycle.ts";
import type { InstanceFacts, Staleness } from "./model.ts";
import { sweepDueDates } from "./sla-dates.ts";
import type { InstanceRow } from "./tables.ts";
import { instanceFrom, setStaleness, writeSteps, type Place } from "./write.ts";

const PAGE = 500;
/** Devices: each may have hundreds of findings. */
const DEVICES = 50;

/** Now where more is waiting, else when the next decision or the next device's evidence runs out; null for never. */
export async function dueWork(now: number, tx: Tx, staleAfterMs: number): Promise<number | null> {
  await noteReadings(tx);
  const more = [await makeIndexes(tx), await endDecisions(tx, now), await ageEvidence(tx, now, staleAfterMs), await confirmClosures(tx, now), await sweepDueDates(tx), await sweepScores(tx), await sweepAssets(tx, now, staleAfterMs)];
  if (more.includes(true)) return now;
  const { rows } = await sql<{ expires: number | null; evidence: number | null }>`
    SELECT (SELECT min(expires_at) FROM vuln_instances WHERE expires_at IS NOT NULL) AS expires, (SELECT min(evidence_at) FROM vuln_agents WHERE stale IS NULL) AS evidence`.execute(tx.db);
  const [next] = rows;
  const expires = next?.expires ?? null;
  const evidence = next?.evidence ?? null;
  const judging = await nextJudging(tx.db);
  const moments = [...(judging === null ? [] : [judging]), ...(expires === null ? [] : [Number(expires)]), ...(evidence === null ? [] : [Number(evidence) + staleAfterMs + 1])];
  return moments.length === 0 ? null : Math.min(...moments);
}

async function endDecisions(tx: Tx, now: number): Promise<boolean> {
  const { rows } = await sql<InstanceRow & { readonly agent_stale: Staleness | null }>`
    SELECT i.*, a.stale AS agent_stale FROM vuln_instances AS i LEFT JOIN vuln_agents AS a ON a.connection_id = i.connection_id AND a.id = i.agent_id
    WHERE i.expires_at IS NOT NULL AND i.expires_at <= ${now} ORDER BY i.expires_at, i.id LIMIT ${PAGE}`.execute(tx.db);
  const steps = rows.map(({ agent_stale: stale, ...row }) => released(instanceFrom(row), (JSON.parse(row.facts) as InstanceFacts).source, stale, "expired", null, now));
  await writeSteps(tx, steps, now);
  return rows.length === PAGE;
}

async function ageEvidence(tx: Tx, now: number, staleAfterMs: number): Promise<boolean> {
  const { rows } = await sql<{ connection_id: string; id: string }>`SELECT connection_id, id FROM vuln_agents WHERE stale IS NULL AND evidence_at < ${now - staleAfterMs} ORDER BY evidence_at LIMIT ${DEVICES}`.execute(tx.db);
  const places: readonly Place[] = rows.map((row) => ({ connection: row.connection_id, agent: row.id }));
  for (const { connection, agent } of places) await sql`UPDATE vuln_agents SET stale = 'not-scanned' WHERE connection_id = ${connection} AND id = ${agent}`.execute(tx.db);
  await setStaleness(tx, places, "not-scanned", now);
  return rows.length === DEVICES;
}
