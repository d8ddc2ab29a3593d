/**
 * Runs of ingest rules. A run of a schedule or on request first waits until the reader has asked the console for what changed (`reading`; whoever drives the hub sees to that and
 * says how it ended), then takes in what was held (`ingesting`), and ends with its figures. Everything it needs to go on after a kill is in the store. A run that follows a change
 * of rules asks nobody: it goes through what the mirror has.
 */
import { sql } from "kysely";
import type { FaultReport } from "../../kernel/fault.ts";
import { newId, type ConnectionId } from "../../kernel/ids.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { Tx } from "../../store/store.ts";
import { addRunCounts, countContinuous, endDays } from "./counts.ts";
import { drainPage, releaseHeld, retryHeld, type Drained } from "./drain.ts";
import type { IngestMode } from "./match.ts";
import { tellRun, type Told } from "./notices.ts";
import { tally } from "./outcomes.ts";
import { ruleFrom, rulesOf, SELECT_RULES, type Rule, type RuleWithConnector } from "./rules.ts";
import { look } from "./schedule.ts";
import { ingestTables, type RunRow } from "./tables.ts";
import { beginWalk, walkPage } from "./walk.ts";

export const RUN_TRIGGERS = ["schedule", "catch-up", "request", "resumed", "rule-changed", "continuous"] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];
/** `partial`: something was not read or not taken in; what was is there. `failed`: nothing could be read. */
export const RUN_STATES = ["reading", "ingesting", "done", "partial", "failed", "cancelled"] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Rules that are looked at in one transaction. */
const RULES_AT_ONCE = 50;
/** Others have their turn after so long. */
const TURN_MS = 250;
const RUNS_KEPT = 500;

export interface RunOrder {
  readonly rule: Pick<Rule, "id" | "tenant" | "connection" | "connector" | "name" | "mode">;
  readonly trigger: RunTrigger;
  readonly slot: number | null;
  readonly now: number;
}

/** Of a rule that has a run going already, that one's id. */
export async function startRun(tx: Tx, { rule, trigger, slot, now }: RunOrder): Promise<{ readonly id: string; readonly fresh: boolean }> {
  const going = await goingRun(tx, rule.id);
  if (going !== undefined) return { id: going.id, fresh: false };
  const id = newId("ingest", now);
  const state: RunState = trigger === "resumed" || trigger === "rule-changed" ? "ingesting" : "reading";
  await ingestTables(tx.db)
    .insertInto("vuln_runs")
    .values({
      id, tenant_id: rule.tenant, connection_id: rule.connection, connector_id: rule.connector, rule_id: rule.id, rule_name: rule.name, begun_by: trigger, state, mode: rule.mode, slot, started_at: now, asked_at: now,
      ended_at: null, reading: null, faults: "{}",
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await retryHeld(tx, rule.id);
  return { id, fresh: true };
}

async function goingRun(tx: Tx, rule: string): Promise<Pick<RunRow, "id"> | undefined> {
  return ingestTables(tx.db).selectFrom("vuln_runs").select("id").where("rule_id", "=", rule).where("ended_at", "is", null).where("begun_by", "not in", ["continuous", "rule-changed"]).executeTakeFirst();
}

/** The connection is gone through from its beginning; an earlier walk that was under way is over with that. */
export async function rulesChanged(tx: Tx, rule: RunOrder["rule"], now: number): Promise<string> {
  await sql`UPDATE vuln_runs SET state = 'cancelled', ended_at = ${now} WHERE connection_id = ${rule.connection} AND begun_by = 'rule-changed' AND ended_at IS NULL`.execute(tx.db);
  const id = newId("ingest", now);
  await ingestTables(tx.db)
    .insertInto("vuln_runs")
    .values({
      id, tenant_id: rule.tenant, connection_id: rule.connection, connector_id: rule.connector, rule_id: rule.id, rule_name: rule.name, begun_by: "rule-changed", state: "ingesting", mode: rule.mode, slot: null, started_at: now, asked_at: now,
      ended_at: null, reading: null, faults: "{}",
    })
    .execute();
  await beginWalk(tx, rule.connection, id);
  return id;
}

/** The rule is no more: nothing waits for it. */
export async function forgetRule(tx: Tx, rule: string, now: number): Promise<void> {
  await sql`UPDATE vuln_runs SET state = 'cancelled', ended_at = ${now} WHERE rule_id = ${rule} AND ended_at IS NULL`.execute(tx.db);
  await releaseHeld(tx, rule);
}

/** Begins the runs whose moment has come. A rule whose last run is still going leaves the moment out: that run takes in what it would have. */
export async function startDueRuns(tx: Tx, now: number): Promise<boolean> {
  const { rows } = await sql<RuleWithConnector>`
    ${SELECT_RULES} WHERE r.schedule <> 'continuous' AND r.paused = 0 AND (r.next_at IS NULL OR r.next_at <= ${now} OR r.looked_at > ${now}) ORDER BY r.id LIMIT ${RULES_AT_ONCE}`.execute(tx.db);
  for (const rule of rows.map(ruleFrom)) {
    const { run, nextAt } = look(rule, rule, now);
    const slot = run === null ? rule.lastSlot : run.slot;
    await sql`UPDATE vuln_rules SET next_at = ${nextAt}, looked_at = ${now}, last_slot = ${slot} WHERE id = ${rule.id}`.execute(tx.db);
    if (run !== null) await startRun(tx, { rule, trigger: run.late ? "catch-up" : "schedule", slot: run.slot, now });
  }
  return rows.length === RULES_AT_ONCE;
}

export interface WaitingRun {
  readonly id: string;
  readonly connection: ConnectionId;
  readonly streams: readonly StreamId[];
  readonly askedAt: number;
  /** The reader's run it waits for. */
  readonly reading: string | null;
}

const STREAMS: Readonly<Record<IngestMode, readonly StreamId[]>> = { scan: ["agents", "risks"], assets: ["agents"] };

/** Runs that wait for the reader. */
export async function waitingRuns(db: Tx["db"]): Promise<readonly WaitingRun[]> {
  const rows = await ingestTables(db).selectFrom("vuln_runs").selectAll().where("state", "=", "reading").where("ended_at", "is", null).orderBy("started_at").execute();
  return rows.map((row) => ({ id: row.id, connection: row.connection_id as ConnectionId, streams: STREAMS[row.mode as IngestMode], askedAt: Number(row.asked_at), reading: row.reading }));
}

export async function noteReading(tx: Tx, run: string, reading: string): Promise<void> {
  await ingestTables(tx.db).updateTable("vuln_runs").set({ reading }).where("id", "=", run).where("state", "=", "reading").execute();
}

/** The reader is done; `faults` by stream where it could not read one. The run takes in what is there. */
export async function readingEnded(tx: Tx, run: string, faults: Readonly<Record<string, FaultReport>>): Promise<void> {
  await ingestTables(tx.db).updateTable("vuln_runs").set({ state: "ingesting", faults: JSON.stringify(faults) }).where("id", "=", run).where("state", "=", "reading").execute();
}

/** Nothing was asked of the console, by somebody's wish (its connection is paused): no failure. */
export async function readingLeftOut(tx: Tx, run: string, why: FaultReport, now: number): Promise<void> {
  await ingestTables(tx.db).updateTable("vuln_runs").set({ state: "cancelled", ended_at: now, faults: JSON.stringify({ connection: why }) }).where("id", "=", run).where("state", "=", "reading").execute();
}

/** Walks, what is to be taken in at once, and runs that ingest, for as long as a turn lasts; true where more is waiting. */
export async function ingestSome(tx: Tx, told: Told, now: number, staleAfterMs: number): Promise<boolean> {
  for (const began = performance.now(); performance.now() - began <= TURN_MS; ) if (!(await ingestPage(tx, told, now, staleAfterMs))) return false;
  return true;
}

async function ingestPage(tx: Tx, told: Told, now: number, staleAfterMs: number): Promise<boolean> {
  const walked = await walkPage(tx, now, staleAfterMs);
  if (walked !== null) {
    await addRunCounts(tx, walked.run, "agents", walked.counts);
    return true;
  }
  const atOnce = await drainPage(tx, { rule: "" }, now, staleAfterMs);
  if (atOnce !== null) {
    const run = await ingestTables(tx.db).selectFrom("vuln_runs").select("id").where("connection_id", "=", atOnce.connection).where("begun_by", "=", "rule-changed").where("ended_at", "is", null).executeTakeFirst();
    if (run !== undefined) await note(tx, run.id, atOnce);
    else await countContinuous(tx, { ...atOnce, rules: await rulesOf(tx.db, atOnce.connection), now });
    return true;
  }
  const run = await ingestTables(tx.db).selectFrom("vuln_runs").selectAll().where("state", "=", "ingesting").where("begun_by", "<>", "continuous").where("ended_at", "is", null).orderBy("started_at").limit(1).executeTakeFirst();
  if (run === undefined) return false;
  const drained = run.begun_by === "rule-changed" ? null : await drainPage(tx, { rule: run.rule_id }, now, staleAfterMs);
  if (drained !== null) await note(tx, run.id, drained);
  else await endRun(tx, told, run, now);
  return true;
}

async function note(tx: Tx, run: string, { stream, outcomes, failed, fault }: Drained): Promise<void> {
  await addRunCounts(tx, run, stream, tally(outcomes, failed));
  if (fault === null) return;
  const row = await ingestTables(tx.db).selectFrom("vuln_runs").select("faults").where("id", "=", run).executeTakeFirst();
  if (row !== undefined) await ingestTables(tx.db).updateTable("vuln_runs").set({ faults: JSON.stringify({ ...(JSON.parse(row.faults) as object), [`taking ${stream} in`]: fault }) }).where("id", "=", run).execute();
}

async function endRun(tx: Tx, told: Told, run: RunRow, now: number): Promise<void> {
  const faults = JSON.parse(run.faults) as Readonly<Record<string, FaultReport>>;
  const met = Object.keys(faults).length;
  const state: RunState = met === 0 ? "done" : STREAMS[run.mode as IngestMode].every((stream) => stream in faults) ? "failed" : "partial";
  await ingestTables(tx.db).updateTable("vuln_runs").set({ state, ended_at: now }).where("id", "=", run.id).execute();
  await tellRun(tx, told, { ...run, state, ended_at: now }, now);
  await dropOldest(tx, run.rule_id);
}

async function dropOldest(tx: Tx, rule: string): Promise<void> {
  const oldest = await ingestTables(tx.db).selectFrom("vuln_runs").select("started_at").where("rule_id", "=", rule).orderBy("started_at", "desc").offset(RUNS_KEPT).limit(1).executeTakeFirst();
  if (oldest === undefined) return;
  const old = sql`rule_id = ${rule} AND started_at <= ${oldest.started_at} AND ended_at IS NOT NULL`;
  await sql`DELETE FROM vuln_run_counts WHERE run_id IN (SELECT id FROM vuln_runs WHERE ${old})`.execute(tx.db);
  await sql`DELETE FROM vuln_runs WHERE ${old}`.execute(tx.db);
}

/** What time changes for ingest rules; now where more is waiting, else the next moment of a schedule. */
export async function dueIngest(tx: Tx, told: Told, now: number, staleAfterMs: number): Promise<number | null> {
  const begun = await startDueRuns(tx, now);
  await endDays(tx, now);
  if ((await ingestSome(tx, told, now, staleAfterMs)) || begun) return now;
  const { rows } = await sql<{ next: number | null }>`SELECT min(next_at) AS next FROM vuln_rules WHERE schedule <> 'continuous' AND paused = 0`.execute(tx.db);
  const next = rows[0]?.next ?? null;
  return next === null ? null : Number(next);
}
