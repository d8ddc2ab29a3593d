/**
 * The score of each finding beside it, so that the highest are led to by an index. It is worked out where a finding is written, and again for all, a page at a time, after a
 * list of exploited vulnerabilities or the formula changed: until then what is stored counts for nothing, and questions work it out themselves.
 */
import { sql } from "kysely";
import type { Database, Migration, Tx } from "../store/store.ts";
import { knownOf, UNKNOWN, type Known } from "./known.ts";
import type { FindingFacts } from "./model.ts";
import { FORMULA_VERSION, NO_CONTEXT, riskScore, type RiskScore } from "./score.ts";
import { severityAt } from "./sla.ts";
import type { FindingRow } from "./tables.ts";
import { writeFindings } from "./write.ts";

const PAGE = 1000;

/** The asset's weight is left out, because a finding is on many. */
export function scoreOfFinding(severity: number, facts: FindingFacts, { kev, epss }: Known): RiskScore {
  return riskScore({ severity: severityAt(severity), facts, kev, epss, asset: NO_CONTEXT });
}

/** What is stored is what the lists and the formula say now. */
export async function areScored(db: Database): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM vuln_scores WHERE formula = ${FORMULA_VERSION} AND after_id IS NULL`.execute(db);
  return rows.length > 0;
}

/** In the transaction that changes what is known of CVEs. */
export async function scoreAnew(tx: Tx): Promise<void> {
  await sql`UPDATE vuln_scores SET formula = ${FORMULA_VERSION}, after_id = ''`.execute(tx.db);
}

/** A page of findings whose scores are to be worked out; true where more are waiting. */
export async function sweepScores(tx: Tx): Promise<boolean> {
  const { rows: state } = await sql<{ formula: number; after_id: string | null }>`SELECT formula, after_id FROM vuln_scores`.execute(tx.db);
  const [one] = state;
  if (one === undefined || (one.after_id === null && one.formula === FORMULA_VERSION)) return false;
  const after = one.formula === FORMULA_VERSION ? (one.after_id ?? "") : "";
  const { rows } = await sql<FindingRow>`SELECT * FROM vuln_findings WHERE id > ${after} ORDER BY id LIMIT ${PAGE}`.execute(tx.db);
  const known = await knownOf(tx.db, tx.kind, [...new Set(rows.map((row) => row.cve))]);
  const scored = rows.map((row) => ({ ...row, score: scoreOfFinding(row.severity, JSON.parse(row.facts) as FindingFacts, known.get(row.cve) ?? UNKNOWN).score }));
  await writeFindings(tx, scored.filter((row, place) => row.score !== rows[place]?.score));
  const last = rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
  await sql`UPDATE vuln_scores SET formula = ${FORMULA_VERSION}, after_id = ${last}`.execute(tx.db);
  return last !== null;
}

async function createAll(db: Database): Promise<void> {
  const statements = [
    "alter table vuln_findings add column score integer not null default 0",
    "create index vuln_findings_score on vuln_findings (tenant_id, score desc, id)",
    "create index vuln_findings_scores on vuln_findings (score desc, id)",
    // One row: the formula of what is stored, and after which finding it is being worked out; null when it is.
    "create table vuln_scores (formula integer not null, after_id text)",
    "insert into vuln_scores (formula, after_id) values (0, null)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const scoreMigrations: readonly Migration[] = [{ id: "0770-vulnerability-scores", up: createAll }];
