/**
 * Meets every device of a connection with the rules again, page by page, when the rules or the age of the evidence say something else than at the
 * last time: after a rule changed, when evidence runs out, when it comes back. Where it stands is stored with each page, so that a kill costs
 * one page, and what a page has told is not told again.
 */
import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { QueueFact } from "../kernel/fact.ts";
import type { TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { evidenceByConnection, evidenceFor, setAside, type ConnectionEvidence, type EvidenceByConnection } from "./evidence.ts";
import { differs, isStale, judge, type Flip } from "./judge.ts";
import type { Rule } from "./model.ts";
import { DEVICES, deviceRow, readFacts, readTold } from "./project.ts";
import { liveRules } from "./rules-store.ts";
import { tables } from "./tables.ts";
import { tell } from "./telling.ts";

/** Devices met in one transaction. Twice as many now and then took 100 MB more: what lives as long as a page is kept by the collector for longer. */
export const SWEEP_PAGE = 500;
const MOST_SET_ASIDE = 1_000;

export interface SweptRow {
  readonly connection_id: string;
  readonly id: string;
  readonly tenant_id: string;
  readonly facts: string;
  readonly verdicts: string;
  readonly turns_at: number | null;
  readonly letters: string | null;
  readonly verdict: number | null;
}

/** One page of one connection; false where no connection waits for one. */
export async function sweepOne(tx: Tx, queueFact: QueueFact<Tx>, now: number): Promise<boolean> {
  const rules = await liveRules(tx.db, EVERY_TENANT);
  const connections = await evidenceByConnection(tx.db);
  const rows = await tables(tx.db).selectFrom("posture_sweeps").selectAll().execute();
  const sweeps = new Map(rows.map((row) => [row.connection_id, row]));
  for (const [connection, evidence] of connections) {
    if (evidence.at === null) continue;
    const state = await stateOf(tx, connection, rules, evidence, now);
    const sweep = sweeps.get(connection);
    const goesOn = sweep?.state === state;
    if (goesOn && sweep.done_at !== null) continue;
    const after = goesOn ? (sweep.after_id ?? "") : "";
    const page = await pageOf(tx, connection, after);
    await meet(tx, queueFact, page, rules, connections, now);
    const last = page.length < SWEEP_PAGE ? null : (page.at(-1)?.id ?? null);
    const place = { state, after_id: last, done_at: last === null ? now : null, ...(last === null ? { met: rulesMet(rules) } : {}) };
    await tables(tx.db).insertInto("posture_sweeps").values({ connection_id: connection, met: null, ...place }).onConflict((conflict) => conflict.column("connection_id").doUpdateSet(place)).execute();
    return true;
  }
  return false;
}

/** Stands for the rules as they are: once a connection's devices have all been met with them, their letters speak of these rules. */
export function rulesMet(rules: readonly Rule[]): string {
  const hash = createHash("sha256").update(`judged ${String(JUDGED)}\n`);
  for (const rule of rules) hash.update(`${rule.id} ${String(rule.version)}\n`);
  return hash.digest("base64url");
}

/** Raised when the same rule makes something else of the same facts. */
const JUDGED = 1;

/** What all verdicts of a connection hang on besides its devices: the rules and whether the evidence counts for them. */
async function stateOf(tx: Tx, connection: string, rules: readonly Rule[], evidence: ConnectionEvidence, now: number): Promise<string> {
  const hash = createHash("sha256");
  for (const rule of rules) hash.update(`${rule.id} ${String(rule.version)} ${String(isStale(rule, evidence, now))}\n`);
  for (const [agent, since] of await asideOf(tx, connection)) {
    for (const rule of rules) hash.update(`${agent} ${String(isStale(rule, { ...evidence, at: Math.min(since, evidence.at ?? since) }, now))}\n`);
  }
  return hash.digest("base64url");
}

async function asideOf(tx: Tx, connection: string): Promise<readonly (readonly [string, number])[]> {
  const { rows } = await sql<{ record_key: string; at: number }>`
    SELECT record_key, min(first_at) AS at FROM mirror_parked WHERE connection_id = ${connection} AND stream = 'agents' AND record_key IS NOT NULL
    GROUP BY record_key ORDER BY record_key LIMIT ${MOST_SET_ASIDE}`.execute(tx.db);
  return rows.map((row) => [row.record_key, Number(row.at)]);
}

async function pageOf(tx: Tx, connection: string, after: string): Promise<readonly SweptRow[]> {
  const { rows } = await sql<SweptRow>`
    SELECT connection_id, id, tenant_id, facts, verdicts, turns_at, letters, verdict FROM posture_devices WHERE connection_id = ${connection} AND id > ${after} ORDER BY id LIMIT ${SWEEP_PAGE}`.execute(tx.db);
  return rows;
}

/** Devices of which time alone may have changed a verdict; true where more are waiting. */
export async function meetTurned(tx: Tx, queueFact: QueueFact<Tx>, now: number): Promise<boolean> {
  const { rows } = await sql<SweptRow>`
    SELECT connection_id, id, tenant_id, facts, verdicts, turns_at, letters, verdict FROM posture_devices WHERE turns_at <= ${now} ORDER BY turns_at LIMIT ${SWEEP_PAGE}`.execute(tx.db);
  if (rows.length === 0) return false;
  await meetPage(tx, queueFact, rows, now);
  return rows.length === SWEEP_PAGE;
}

/** These devices with the rules as they are. A row without letters was changed, and is written whatever comes of it. */
export async function meetPage(tx: Tx, queueFact: QueueFact<Tx>, rows: readonly SweptRow[], now: number): Promise<void> {
  await meet(tx, queueFact, rows, await liveRules(tx.db, EVERY_TENANT), await evidenceByConnection(tx.db), now);
}

async function meet(tx: Tx, queueFact: QueueFact<Tx>, page: readonly SweptRow[], rules: readonly Rule[], connections: EvidenceByConnection, now: number): Promise<void> {
  const aside = await setAside(tx.db, tx.kind, page);
  const ofTenant = new Map<string, readonly Rule[]>();
  const flips: Flip[] = [];
  const changedRows: (readonly (string | number | null)[])[] = [];
  for (const row of page) {
    const own = ofTenant.get(row.tenant_id) ?? rules.filter((rule) => rule.tenant === null || rule.tenant === row.tenant_id);
    ofTenant.set(row.tenant_id, own);
    const facts = { ...readFacts(row.facts), tenant: row.tenant_id as TenantId };
    const judged = judge(own, facts, readTold(row.verdicts), evidenceFor(row, connections, aside), "sweep", now);
    for (const flip of judged.flips) flips.push(flip);
    if (differs(judged, row)) changedRows.push(deviceRow(facts, judged, now));
  }
  if (changedRows.length > 0) await tx.bulkUpsert(DEVICES, changedRows);
  await tell(tx, queueFact, flips, now);
}
