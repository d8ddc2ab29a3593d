/** Figures of runs, kept by stream; a continuous rule has one row of them for every day (UTC). */
import { sql } from "kysely";
import type { Tx } from "../../store/store.ts";
import { newId } from "../../kernel/ids.ts";
import { coversDevice, reaches } from "./match.ts";
import { addCounts, NO_COUNTS, tally, type IngestCounts, type Outcome } from "./outcomes.ts";
import { isContinuous, type Rule } from "./rules.ts";
import { factsOf, knownAgents } from "./take-in.ts";
import { ingestTables } from "./tables.ts";

const DAY = 86_400_000;

export interface Counted {
  readonly rules: readonly Rule[];
  readonly connection: string;
  readonly stream: string;
  readonly outcomes: readonly Outcome[];
  readonly now: number;
}

/** Each continuous rule is told what it covers, and what no rule does. */
export async function countContinuous(tx: Tx, { rules, connection, stream, outcomes, now }: Counted): Promise<void> {
  const counting = rules.filter(isContinuous);
  if (counting.length === 0 || outcomes.length === 0) return;
  const agents = await knownAgents(tx, connection, outcomes.map(({ agent }) => agent));
  for (const rule of counting) {
    const its = outcomes.filter((one) => {
      const known = agents.get(one.agent);
      if (one.what === "skipped" || one.what === "out-of-scope") return true;
      if (!coversDevice(rule.match, known === undefined ? null : factsOf(known))) return false;
      return one.of === "asset" || (rule.mode === "scan" && reaches(rule.floor, one.severity));
    });
    if (its.length > 0) await addRunCounts(tx, await dayOf(tx, rule, now), stream, tally(its));
  }
}

/** A run that somebody asked for meanwhile, else its day. */
async function dayOf(tx: Tx, rule: Rule, now: number): Promise<string> {
  const slot = Math.floor(now / DAY) * DAY;
  const db = ingestTables(tx.db);
  const going = await db.selectFrom("vuln_runs").select("id").where("rule_id", "=", rule.id).where("ended_at", "is", null).where("begun_by", "=", "request").executeTakeFirst();
  if (going !== undefined) return going.id;
  const known = await db.selectFrom("vuln_runs").select("id").where("rule_id", "=", rule.id).where("begun_by", "=", "continuous").where("slot", "=", slot).executeTakeFirst();
  if (known !== undefined) return known.id;
  const id = newId("ingest", now);
  await db
    .insertInto("vuln_runs")
    .values({
      id, tenant_id: rule.tenant, connection_id: rule.connection, connector_id: rule.connector, rule_id: rule.id, rule_name: rule.name, begun_by: "continuous", state: "ingesting", mode: rule.mode, slot, started_at: now, asked_at: now,
      ended_at: null, reading: null, faults: "{}",
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return id;
}

/** Days that are over have ended. */
export async function endDays(tx: Tx, now: number): Promise<void> {
  await sql`UPDATE vuln_runs SET state = 'done', ended_at = slot + ${DAY} WHERE begun_by = 'continuous' AND ended_at IS NULL AND slot <= ${now - DAY}`.execute(tx.db);
}

export async function addRunCounts(tx: Tx, run: string, stream: string, counts: IngestCounts): Promise<void> {
  const db = ingestTables(tx.db);
  const known = await db.selectFrom("vuln_run_counts").select("counts").where("run_id", "=", run).where("stream", "=", stream).executeTakeFirst();
  const sum = JSON.stringify(addCounts(known === undefined ? NO_COUNTS : (JSON.parse(known.counts) as IngestCounts), counts));
  await db.insertInto("vuln_run_counts").values({ run_id: run, stream, counts: sum }).onConflict((conflict) => conflict.columns(["run_id", "stream"]).doUpdateSet({ counts: sum })).execute();
}
