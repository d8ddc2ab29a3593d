/**
 * Findings as they are stored; in a first reading read once in a transaction, whose many pages name the same ones time and again. A page asks once, before it writes, and what it writes is
 * forgotten: whichever page is undone, what is remembered is so.
 */
import { sql } from "kysely";
import { textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import type { FindingRow } from "./tables.ts";
import { writeFindings } from "./write.ts";

type StoredFinding = Pick<FindingRow, "id" | "facts" | "severity" | "exploited" | "first_seen">;

/** Some 2 MB. */
const MOST_REMEMBERED = 4_000;

const remembered = new WeakMap<Tx, Map<string, StoredFinding>>();

/** Those of these ids that are stored, and perhaps others. `remember`: for whoever asks once in a savepoint, before anything is written in it. */
export async function storedFindings(tx: Tx, ids: readonly string[], remember: boolean): Promise<ReadonlyMap<string, StoredFinding>> {
  if (!remember) return new Map((await read(tx, ids)).map((row) => [row.id, row]));
  const known = remembered.get(tx) ?? new Map<string, StoredFinding>();
  remembered.set(tx, known);
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return known;
  const rows = await read(tx, unknown);
  // A page's own are kept whatever there were before.
  if (known.size + rows.length > MOST_REMEMBERED) return startAnew(tx, ids, known, rows);
  for (const row of rows) known.set(row.id, row);
  return known;
}

async function read(tx: Tx, ids: readonly string[]): Promise<readonly StoredFinding[]> {
  const { rows } = await sql<StoredFinding>`SELECT id, facts, severity, exploited, first_seen FROM vuln_findings WHERE id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return rows;
}

function startAnew(tx: Tx, ids: readonly string[], known: ReadonlyMap<string, StoredFinding>, rows: readonly StoredFinding[]): ReadonlyMap<string, StoredFinding> {
  const fresh = new Map(rows.map((row) => [row.id, row]));
  for (const id of ids) {
    const row = known.get(id);
    if (row !== undefined) fresh.set(id, row);
  }
  remembered.set(tx, fresh);
  return fresh;
}

export async function storeFindings(tx: Tx, rows: readonly FindingRow[]): Promise<void> {
  const known = remembered.get(tx);
  for (const { id } of rows) known?.delete(id);
  await writeFindings(tx, rows);
}
