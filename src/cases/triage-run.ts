/**
 * Cases are looked at again when something they depend on changed: an alert or a decision of theirs (marked in the transaction that changes it), a verdict of another case of the
 * tenant with the same content, a rule, a list or an entry of knowledge (a sweep over open cases, page by page, its place kept in the transaction of the page). What comes of it
 * is a suggestion in tables of its own: no case is changed by it, and nothing is told.
 */
import { sql } from "kysely";
import type { CaseVerdict } from "../kernel/case-api.ts";
import { textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { newestFirst } from "./queries.ts";
import type { CaseRow } from "./tables.ts";
import { gather, type Gathered } from "./triage-context.ts";
import type { Rule } from "./triage-model.ts";
import { triage } from "./triage-score.ts";
import { asksOthers, askSweep, rulesFor } from "./triage-store.ts";
import { ALL_TENANTS, DUE_ROWS, TRAIT_ROWS, TRIAGE_ROWS, triageTables, type SweepRow, type TriageRow } from "./triage-tables.ts";

/** Cases in one transaction. */
const PAGE = 200;
/** Cases that a verdict is carried to at a time: open ones with the same content. */
const MOST_REACHED = 500;

/** In the transaction that changed them. */
export async function markForTriage(tx: Tx, cases: readonly { readonly id: string; readonly tenant_id: string }[], now: number): Promise<void> {
  if (cases.length > 0) await tx.bulkUpsert(DUE_ROWS, cases.map(({ id, tenant_id: tenant }) => [tenant, id, now]));
}

/** A bounded piece of what is waiting; when to be asked again: at once, when the next entry expires, or null. */
export async function triageDue(tx: Tx, now: number): Promise<number | null> {
  const next = await expire(tx, now);
  const { rows: due } = await sql<{ tenant_id: string; case_id: string }>`SELECT tenant_id, case_id FROM case_triage_due ORDER BY tenant_id, case_id LIMIT ${PAGE}`.execute(tx.db);
  if (due.length > 0) {
    const ids = due.map(({ case_id: id }) => id);
    await sql`DELETE FROM case_triage_due WHERE case_id IN ${textList(tx.kind, ids)} AND tenant_id IN ${textList(tx.kind, [...new Set(due.map(({ tenant_id: tenant }) => tenant))])}`.execute(tx.db);
    const { rows } = await sql<CaseRow>`SELECT * FROM cases WHERE id IN ${textList(tx.kind, ids)} AND status <> 'merged'`.execute(tx.db);
    const there = new Set(rows.map(({ id }) => id));
    await forget(tx, ids.filter((id) => !there.has(id)));
    await evaluate(tx, rows, now);
    return now;
  }
  return (await sweep(tx, now)) ? now : next;
}

/** Entries that expired since: whatever they spoke of is looked at again. Gives when the next one does. */
async function expire(tx: Tx, now: number): Promise<number | null> {
  const { rows } = await sql<{ id: string; tenant_id: string }>`SELECT id, tenant_id FROM case_knowledge WHERE expiry_seen = 0 AND expires_at IS NOT NULL AND expires_at <= ${now} ORDER BY expires_at LIMIT ${PAGE}`.execute(tx.db);
  if (rows.length > 0) {
    await sql`UPDATE case_knowledge SET expiry_seen = 1 WHERE id IN ${textList(tx.kind, rows.map(({ id }) => id))}`.execute(tx.db);
    for (const tenant of new Set(rows.map(({ tenant_id: of }) => of))) await askSweep(tx, tenant);
  }
  const { rows: [next] } = await sql<{ at: number | null }>`SELECT min(expires_at) AS at FROM case_knowledge WHERE expiry_seen = 0 AND expires_at IS NOT NULL`.execute(tx.db);
  return next?.at === null || next?.at === undefined ? null : Math.max(now, Number(next.at));
}

/** True where more is waiting. */
async function sweep(tx: Tx, now: number): Promise<boolean> {
  const one = await triageTables(tx.db).selectFrom("case_triage_sweeps").selectAll().orderBy("tenant_id").limit(1).executeTakeFirst();
  if (one === undefined) return false;
  const rows = await sweptPage(tx, one);
  await evaluate(tx, rows, now);
  const last = rows.at(-1);
  if (last === undefined || rows.length < PAGE) await triageTables(tx.db).deleteFrom("case_triage_sweeps").where("tenant_id", "=", one.tenant_id).execute();
  else await triageTables(tx.db).updateTable("case_triage_sweeps").set({ at: last.last_at, seq: last.seq }).where("tenant_id", "=", one.tenant_id).execute();
  return true;
}

/** Newest first, as the queue is shown. One that moves meanwhile was changed, and is marked for that. */
async function sweptPage(tx: Tx, { tenant_id: tenant, whole, at, seq }: SweepRow): Promise<readonly CaseRow[]> {
  const conditions = [...(tenant === ALL_TENANTS ? [] : [sql`tenant_id = ${tenant}`]), sql`status <> 'merged'`, ...(at === null || seq === null ? [] : [sql`(last_at, seq) < (${at}, ${seq})`])];
  return (await sql<CaseRow>`${newestFirst(sql`cases.*, last_at AS at`, conditions, PAGE, whole === 1 ? [1, 0] : [1])}`.execute(tx.db)).rows;
}

async function forget(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await sql<{ case_id: string; tenant_id: string }>`DELETE FROM case_triage WHERE case_id IN ${textList(tx.kind, ids)} RETURNING case_id, tenant_id`.execute(tx.db);
  for (const { case_id: id, tenant_id: tenant } of rows) await sql`DELETE FROM case_traits WHERE tenant_id = ${tenant} AND case_id = ${id}`.execute(tx.db);
}

async function evaluate(tx: Tx, rows: readonly CaseRow[], now: number): Promise<void> {
  if (rows.length === 0) return;
  const gathered = await gather(tx, rows, now);
  const { rows: stored } = await sql<TriageRow>`SELECT * FROM case_triage WHERE case_id IN ${textList(tx.kind, rows.map(({ id }) => id))}`.execute(tx.db);
  const before = new Map(stored.map((row) => [row.case_id, row]));
  const rules = new Map<string, readonly Rule[]>();
  for (const tenant of new Set(rows.map((row) => row.tenant_id))) rules.set(tenant, storedAlike((await rulesFor(tx.db, tenant)).map(({ rule }) => rule)));
  const results = rows.flatMap((row) => {
    const found = gathered.get(row.id);
    return found === undefined ? [] : [resultOf(row, found, rules.get(row.tenant_id) ?? [], now)];
  });
  // A case that comes out as it was costs no write.
  const changed = results.filter((result) => !isSame(result, before.get(result.case_id)));
  if (changed.length > 0) await tx.bulkUpsert(TRIAGE_ROWS, changed.map((row) => [row.case_id, row.tenant_id, row.open, row.score, row.verdict, row.because, row.knowledge, row.traits, row.decided, row.since]));
  await writeTraits(tx, changed, before, now);
  await countHits(tx, changed, before, now);
}

/** What is kept is shown to everybody who sees the case: it holds nothing that is counted over tenants. */
export function storedAlike(rules: readonly Rule[]): readonly Rule[] {
  return rules.filter((rule) => !asksOthers(rule));
}

function resultOf(row: CaseRow, { record, knowledge, traits }: Gathered, rules: readonly Rule[], now: number): TriageRow {
  const { evidence, urgency, verdict, hits } = triage(record, rules);
  return {
    case_id: row.id, tenant_id: row.tenant_id, open: row.open, score: evidence + urgency, verdict, because: JSON.stringify(hits.map(({ rule, weight }) => [rule, weight])), knowledge: JSON.stringify(knowledge), traits: JSON.stringify(traits), decided: decidedOf(row.verdict), since: now,
  };
}

const COMPARED = ["open", "score", "verdict", "because", "knowledge", "traits", "decided"] as const satisfies readonly (keyof TriageRow)[];

function isSame(row: TriageRow, before: TriageRow | undefined): boolean {
  return before !== undefined && COMPARED.every((column) => before[column] === row[column]);
}

/** Verdicts that speak for other cases. */
function decidedOf(verdict: string): CaseVerdict {
  return verdict === "true-positive" || verdict === "false-positive" ? verdict : "undefined";
}

async function writeTraits(tx: Tx, results: readonly TriageRow[], before: ReadonlyMap<string, TriageRow>, now: number): Promise<void> {
  const standing = (row: TriageRow | undefined): string => (row === undefined ? "" : `${row.decided} ${row.traits}`);
  const moved = results.filter((row) => standing(row) !== standing(before.get(row.case_id)));
  if (moved.length === 0) return;
  for (const { case_id: id, tenant_id: tenant } of moved.filter((row) => before.has(row.case_id))) await sql`DELETE FROM case_traits WHERE tenant_id = ${tenant} AND case_id = ${id}`.execute(tx.db);
  await tx.bulkUpsert(TRAIT_ROWS, moved.flatMap((row) => traitsIn(row).map((trait) => [trait, row.tenant_id, row.decided, row.case_id])));
  for (const row of moved) {
    const earlier = before.get(row.case_id);
    const wasDecided = earlier !== undefined && earlier.decided !== "undefined";
    if (row.decided !== "undefined" || wasDecided) await carry(tx, row, [...new Set([...traitsIn(row), ...(earlier === undefined ? [] : traitsIn(earlier))])], now);
  }
}

function traitsIn({ traits }: TriageRow): readonly string[] {
  return JSON.parse(traits) as readonly string[];
}

/** Undecided cases of the tenant with the same content or behaviour are looked at again. */
async function carry(tx: Tx, { case_id: id, tenant_id: tenant }: TriageRow, traits: readonly string[], now: number): Promise<void> {
  const { rows } = await sql<{ case_id: string }>`SELECT DISTINCT case_id FROM case_traits WHERE trait IN ${textList(tx.kind, traits)} AND tenant_id = ${tenant} AND verdict = 'undefined' AND case_id <> ${id} LIMIT ${MOST_REACHED}`.execute(tx.db);
  await markForTriage(tx, rows.map((row) => ({ id: row.case_id, tenant_id: tenant })), now);
}

/** An entry is written once a page, and only where it speaks of cases that it did not speak of before. */
async function countHits(tx: Tx, results: readonly TriageRow[], before: ReadonlyMap<string, TriageRow>, now: number): Promise<void> {
  const counts = new Map<string, number>();
  for (const row of results) {
    const known = new Set(entriesIn(before.get(row.case_id)));
    for (const entry of entriesIn(row)) if (!known.has(entry)) counts.set(entry, (counts.get(entry) ?? 0) + 1);
  }
  for (const [entry, n] of [...counts].toSorted(([left], [right]) => (left < right ? -1 : 1))) await sql`UPDATE case_knowledge SET hits = hits + ${n}, last_hit_at = ${now} WHERE id = ${entry}`.execute(tx.db);
}

function entriesIn(row: TriageRow | undefined): readonly string[] {
  return row === undefined ? [] : (JSON.parse(row.knowledge) as readonly string[]);
}
