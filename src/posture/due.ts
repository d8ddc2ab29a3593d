/** What time changes, and others tell: evidence that runs out or comes back, weaknesses of devices, verdicts that hang on a clock, exceptions that end, old log lines, risk that decays. */
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Tx } from "../store/store.ts";
import { meetExposed, type Exposures } from "./exposure.ts";
import { meetTurned, sweepOne } from "./sweep.ts";
import { tables, type ExceptionRow } from "./tables.ts";
import { dropDecayedSignals, settleTurnedRisk } from "./user-risk.ts";

export const EXCEPTION_ENDED = "posture.exception-ended";
const ROWS = 500;
const SOON_MS = 5_000;

export interface DueOptions {
  readonly queueFact: QueueFact<Tx>;
  readonly exposures: Exposures;
  /** How long a line of the results log is kept, in milliseconds. */
  readonly resultsKeptMs: number;
}

/** A bounded piece of work; the moment it wants to be asked again is now where more is waiting. */
export async function dueWork(tx: Tx, options: DueOptions, now: number): Promise<number> {
  const { queueFact } = options;
  const exposed = await meetExposed(tx, queueFact, options.exposures, now);
  const swept = await sweepOne(tx, queueFact, now);
  const turned = await meetTurned(tx, queueFact, now);
  const ended = await endExceptions(tx, queueFact, now);
  const risk = await settleTurnedRisk(tx, queueFact, now);
  const dropped = await dropResults(tx, now - options.resultsKeptMs);
  const decayed = await dropDecayedSignals(tx, now);
  return exposed || swept || turned || ended || risk || dropped || decayed ? now : now + SOON_MS;
}

/** The verdict stays what it was; from now on it is enforced again, and whoever enforces it hears so once. */
async function endExceptions(tx: Tx, queueFact: QueueFact<Tx>, now: number): Promise<boolean> {
  const rows = await tables(tx.db).selectFrom("posture_exceptions").selectAll().where("ended_at", "is", null).where("ends_at", "<=", now).orderBy("ends_at").limit(ROWS).execute();
  if (rows.length === 0) return false;
  await tables(tx.db).updateTable("posture_exceptions").set({ ended_at: now, ended_by: "time" }).where("id", "in", rows.map((row) => row.id)).execute();
  await queueFact(tx, ...rows.map((row) => exceptionEnded(row, now)));
  return rows.length === ROWS;
}

function exceptionEnded(row: ExceptionRow, now: number): Fact {
  return {
    tenant: row.tenant_id as TenantId,
    kind: EXCEPTION_ENDED,
    key: row.id,
    version: 1,
    orderKey: `${row.connection_id}/${row.device_id}`,
    body: { id: row.id, at: isoTime(now), connection: row.connection_id, agentId: row.device_id, ruleId: row.rule_id, owner: row.owner, reason: row.reason, endedBy: "time" },
  };
}

async function dropResults(tx: Tx, before: number): Promise<boolean> {
  const { numAffectedRows } = await sql`DELETE FROM posture_results WHERE seq IN (SELECT seq FROM posture_results WHERE at < ${before} LIMIT ${ROWS})`.execute(tx.db);
  return Number(numAffectedRows ?? 0) === ROWS;
}
