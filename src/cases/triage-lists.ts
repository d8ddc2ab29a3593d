/** Lists of hashes that people give: what is on one is malicious to them, or trusted. A list is replaced whole, in one transaction. */
import { sql } from "kysely";
import type { HashListView, ListMeaning } from "../kernel/case-triage-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId } from "../kernel/ids.ts";
import { notFound } from "../kernel/reference.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Tx } from "../store/store.ts";
import { visibleTo } from "./knowledge-store.ts";
import { askSweep } from "./triage-store.ts";
import { ALL_TENANTS, LISTED_ROWS, triageTables, type HashListRow } from "./triage-tables.ts";

const MOST_HASHES = 200_000;
const MOST_LISTS = 50;
const ROWS_AT_ONCE = 5_000;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u;
const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Each once, in lower case. CONFIG_INVALID with the line of the first that is none. */
export function readHashes(text: string): ReadonlySet<string> {
  const hashes = new Set<string>();
  for (const [index, line] of text.replace(/^\uFEFF/, "").split("\n").entries()) {
    const word = (line.split(/[,;\t #]/, 1)[0] ?? "").trim().replace(/^"|"$/g, "").toLowerCase();
    // Lists begin with the names of their columns as often as not.
    if (word === "" || (index === 0 && /^(?:hash(?:es)?|md5|sha-?1|sha-?256|indicator|value)$/.test(word))) continue;
    if (!HASH.test(word)) throw new Fault("CONFIG_INVALID", `Line ${String(index + 1)} is no hash: MD5, SHA-1 or SHA-256 in hexadecimal digits is expected, not ${JSON.stringify(word.slice(0, 80))}.`, { cure: "Correct the line; nothing of the list was taken over." });
    hashes.add(word);
    if (hashes.size > MOST_HASHES) throw new Fault("CONFIG_INVALID", `A list holds at most ${String(MOST_HASHES)} hashes.`, { cure: "Divide it into several." });
  }
  if (hashes.size === 0) throw new Fault("CONFIG_INVALID", "There is no hash in it.", { cure: "A line is a hash; `vedette cases lists remove` takes a list away." });
  return hashes;
}

export function listView(row: HashListRow): HashListView {
  return { id: row.id, name: row.name, tenant: row.tenant_id === ALL_TENANTS ? null : row.tenant_id, meaning: row.meaning as ListMeaning, hashes: row.hashes, updatedAt: isoTime(row.updated_at), updatedBy: row.updated_by };
}

export async function listsIn(read: Database, scope: TenantScope): Promise<readonly HashListRow[]> {
  return (await sql<HashListRow>`SELECT * FROM case_hash_lists WHERE ${visibleTo(scope)} ORDER BY name, id LIMIT 5000`.execute(read)).rows;
}

export interface ListDraft {
  /** '' : all. */
  readonly tenant: string;
  readonly name: string;
  readonly meaning: ListMeaning;
  readonly hashes: ReadonlySet<string>;
  readonly by: string;
  readonly now: number;
}

export async function putList(tx: Tx, { tenant, name, meaning, hashes, by, now }: ListDraft): Promise<HashListRow> {
  if (!NAME.test(name)) throw new Fault("CONFIG_INVALID", "A list's name begins with a letter or digit, and has at most 100 of letters, digits, blanks, dots, hyphens and underscores.");
  const before = await triageTables(tx.db).selectFrom("case_hash_lists").selectAll().where("tenant_id", "=", tenant).where("name", "=", name).executeTakeFirst();
  const row: HashListRow = { id: before?.id ?? newId("hash-list", now), tenant_id: tenant, name, meaning, hashes: hashes.size, updated_by: by, updated_at: now };
  if (before === undefined) {
    const { n } = await triageTables(tx.db).selectFrom("case_hash_lists").select((one) => one.fn.countAll().as("n")).where("tenant_id", "=", tenant).executeTakeFirstOrThrow();
    if (Number(n) >= MOST_LISTS) throw new Fault("CONFIG_INVALID", `At most ${String(MOST_LISTS)} lists are kept for one tenant.`);
    await triageTables(tx.db).insertInto("case_hash_lists").values(row).execute();
  } else {
    await sql`DELETE FROM case_listed_hashes WHERE list_id = ${row.id}`.execute(tx.db);
    await triageTables(tx.db).updateTable("case_hash_lists").set({ meaning, hashes: row.hashes, updated_by: by, updated_at: now }).where("id", "=", row.id).execute();
  }
  const all = [...hashes].toSorted();
  for (let at = 0; at < all.length; at += ROWS_AT_ONCE) await tx.bulkUpsert(LISTED_ROWS, all.slice(at, at + ROWS_AT_ONCE).map((hash) => [hash, row.id]));
  await askSweep(tx, tenant);
  return row;
}

/** NOT_FOUND for none, alike for another tenant's. */
export async function oneList(db: Database, scope: TenantScope, id: string): Promise<HashListRow> {
  const { rows } = await sql<HashListRow>`SELECT * FROM case_hash_lists WHERE id = ${id} AND ${visibleTo(scope)}`.execute(db);
  if (rows[0] === undefined) throw notFound("list", "vedette cases lists list");
  return rows[0];
}

export async function removeList(tx: Tx, row: HashListRow): Promise<void> {
  await sql`DELETE FROM case_listed_hashes WHERE list_id = ${row.id}`.execute(tx.db);
  await triageTables(tx.db).deleteFrom("case_hash_lists").where("id", "=", row.id).execute();
  await askSweep(tx, row.tenant_id);
}
