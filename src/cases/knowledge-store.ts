/** Knowledge as it is kept: one entry for an indicator of a tenant, or of all. What changes asks for open cases to be looked at again. */
import { sql, type RawBuilder } from "kysely";
import type { KnowledgeChange, KnowledgeMeaning, KnowledgeType, KnowledgeView } from "../kernel/case-knowledge-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId } from "../kernel/ids.ts";
import { momentAt } from "../kernel/moments.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { rowList, textList, withinScope } from "../store/conditions.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import type { Draft } from "./knowledge-file.ts";
import { ALL_TENANTS, triageTables, type KnowledgeRow } from "./triage-tables.ts";
import { askSweep } from "./triage-store.ts";

const MOST_ENTRIES = 50_000;
/** Those that every case has to be compared with. */
const MOST_PATTERNS = 1_000;
const PATTERNS: readonly KnowledgeType[] = ["path", "command-line"];

interface Writing {
  readonly by: string;
  readonly now: number;
}

/** What holds for all tenants is everybody's to see: it speaks of their cases. */
export function visibleTo(scope: TenantScope): RawBuilder<boolean> {
  return scope.all ? sql<boolean>`1 = 1` : sql<boolean>`(tenant_id = ${ALL_TENANTS} OR ${withinScope(scope)})`;
}

export function knowledgeView(row: KnowledgeRow, scope: TenantScope, now: number): KnowledgeView {
  // How often something was seen over all tenants says something of the others.
  const counts = row.tenant_id !== ALL_TENANTS || scope.all;
  return {
    id: row.id, tenant: row.tenant_id === ALL_TENANTS ? null : row.tenant_id, type: row.type as KnowledgeType, indicator: row.indicator, meaning: row.meaning as KnowledgeMeaning, text: row.text,
    expiresAt: row.expires_at === null ? null : isoTime(row.expires_at), expired: row.expires_at !== null && row.expires_at <= now, author: row.author, createdAt: isoTime(row.created_at), updatedAt: isoTime(row.updated_at), updatedBy: row.updated_by,
    hits: counts ? row.hits : null, lastHitAt: counts && row.last_hit_at !== null ? isoTime(row.last_hit_at) : null, version: row.version,
  };
}

export interface KnowledgeFilter {
  readonly type?: KnowledgeType | undefined;
  readonly meaning?: KnowledgeMeaning | undefined;
  readonly text?: string | undefined;
}

/** Newest first, by id. */
export async function findKnowledge(read: Database, within: RawBuilder<boolean>, { type, meaning, text }: KnowledgeFilter, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<{ readonly rows: readonly KnowledgeRow[]; readonly next: string | null }> {
  const conditions = [
    within,
    ...(type === undefined ? [] : [sql`type = ${type}`]),
    ...(meaning === undefined ? [] : [sql`meaning = ${meaning}`]),
    ...(text === undefined ? [] : [sql`(folded LIKE ${likePattern(text)} ESCAPE '\\' OR lower(text) LIKE ${likePattern(text)} ESCAPE '\\')`]),
    ...(after === undefined ? [] : [sql`id < ${after}`]),
  ];
  const { rows } = await sql<KnowledgeRow>`SELECT * FROM case_knowledge WHERE ${sql.join(conditions, sql` AND `)} ORDER BY id DESC LIMIT ${limit + 1}`.execute(read);
  const shown = rows.slice(0, limit);
  return { rows: shown, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
}

function likePattern(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

export async function* everyEntry(read: Store["read"], within: RawBuilder<boolean>, filter: KnowledgeFilter, signal: AbortSignal): AsyncGenerator<KnowledgeRow> {
  for (let after: string | undefined; !signal.aborted; ) {
    const { rows, next } = await findKnowledge(read, within, filter, { after, limit: 500 });
    yield* rows;
    if (next === null) return;
    after = next;
  }
}

/** NOT_FOUND for none, alike for another tenant's. */
export async function oneEntry(db: Database, scope: TenantScope, id: string): Promise<KnowledgeRow> {
  const { rows } = await sql<KnowledgeRow>`SELECT * FROM case_knowledge WHERE id = ${id} AND ${visibleTo(scope)}`.execute(db);
  if (rows[0] === undefined) throw new Fault("NOT_FOUND", "There is no entry of that id.", { cure: "`vedette cases knowledge list` shows what there is." });
  return rows[0];
}

/** ALREADY_EXISTS where the tenant has one for the same indicator. */
export async function addEntry(tx: Tx, tenant: string, draft: Draft, { by, now }: Writing): Promise<KnowledgeRow> {
  refusePast(draft.expiresAt, now);
  const twin = await triageTables(tx.db).selectFrom("case_knowledge").select("id").where("tenant_id", "=", tenant).where("type", "=", draft.type).where("folded", "=", draft.folded).executeTakeFirst();
  if (twin !== undefined) throw new Fault("ALREADY_EXISTS", `There is an entry for that ${draft.type} already: ${twin.id}.`, { cure: `Change it with \`vedette cases knowledge edit ${twin.id}\`.` });
  const row = newRow(tenant, draft, by, now);
  await triageTables(tx.db).insertInto("case_knowledge").values(row).execute();
  await refuseTooMany(tx, tenant);
  await askSweep(tx, tenant);
  return row;
}

function newRow(tenant: string, { type, indicator, folded, meaning, text, expiresAt }: Draft, by: string, now: number): KnowledgeRow {
  return { id: newId("knowledge", now), tenant_id: tenant, type, indicator, folded, meaning, text, expires_at: expiresAt, expiry_seen: 0, author: by, created_at: now, updated_at: now, updated_by: by, hits: 0, last_hit_at: null, version: 1 };
}

function refusePast(expiresAt: number | null, now: number): void {
  if (expiresAt !== null && expiresAt <= now) throw new Fault("CONFIG_INVALID", "expiresAt has passed: the entry would say nothing.", { cure: "Give a time that lies ahead, or none." });
}

async function refuseTooMany(tx: Tx, tenant: string): Promise<void> {
  const { rows } = await sql<{ n: number; patterns: number }>`SELECT count(*) AS n, coalesce(sum(CASE WHEN type IN ${textList(tx.kind, PATTERNS)} THEN 1 ELSE 0 END), 0) AS patterns FROM case_knowledge WHERE tenant_id = ${tenant}`.execute(tx.db);
  if (Number(rows[0]?.n ?? 0) > MOST_ENTRIES) throw new Fault("CONFIG_INVALID", `At most ${String(MOST_ENTRIES)} entries are kept for one tenant.`, { cure: "Long lists of hashes belong into `vedette cases lists`." });
  if (Number(rows[0]?.patterns ?? 0) > MOST_PATTERNS) throw new Fault("CONFIG_INVALID", `At most ${String(MOST_PATTERNS)} entries of type path or command-line are kept for one tenant: each case is compared with all of them.`);
}

export async function editEntry(tx: Tx, row: KnowledgeRow, change: KnowledgeChange, { by, now }: Writing): Promise<KnowledgeRow> {
  if (change.version !== undefined && change.version !== row.version) throw new Fault("CHANGED_SINCE", `The entry has changed since: it is at version ${String(row.version)}, the change was made for ${String(change.version)}.`);
  const expiresAt = change.expiresAt === undefined ? row.expires_at : change.expiresAt === null ? null : momentAt("expiresAt", change.expiresAt);
  const text = change.text === undefined ? row.text : change.text.trim();
  if (text === "" || !text.isWellFormed() || text.includes("\0")) throw new Fault("CONFIG_INVALID", "text: what is known of it is expected, without characters that cannot be stored.");
  if (expiresAt !== row.expires_at) refusePast(expiresAt, now);
  return write(tx, row, { meaning: change.meaning ?? (row.meaning as KnowledgeMeaning), text, expiresAt }, { by, now });
}

/** The row itself where nothing is another. */
async function write(tx: Tx, row: KnowledgeRow, { meaning, text, expiresAt }: Pick<Draft, "meaning" | "text" | "expiresAt">, { by, now }: Writing): Promise<KnowledgeRow> {
  if (meaning === row.meaning && text === row.text && expiresAt === row.expires_at) return row;
  const set = { meaning, text, expires_at: expiresAt, expiry_seen: 0, updated_at: now, updated_by: by, version: row.version + 1 };
  await triageTables(tx.db).updateTable("case_knowledge").set(set).where("id", "=", row.id).execute();
  await askSweep(tx, row.tenant_id);
  return { ...row, ...set };
}

export async function removeEntry(tx: Tx, row: KnowledgeRow): Promise<void> {
  await triageTables(tx.db).deleteFrom("case_knowledge").where("id", "=", row.id).execute();
  await askSweep(tx, row.tenant_id);
}

export interface Imported {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

const IMPORTED_AT_ONCE = 500;

/** All or nothing. An indicator that is there takes over meaning, text and expiry. */
export async function importEntries(tx: Tx, tenant: string, drafts: readonly Draft[], { by, now }: Writing): Promise<Imported> {
  const done = { added: 0, changed: 0, unchanged: 0 };
  for (let at = 0; at < drafts.length; at += IMPORTED_AT_ONCE) {
    const some = drafts.slice(at, at + IMPORTED_AT_ONCE);
    const { rows } = await sql<KnowledgeRow>`SELECT * FROM case_knowledge WHERE tenant_id = ${tenant} AND (type, folded) IN ${rowList(tx.kind, 2, some.map(({ type, folded }) => [type, folded]))}`.execute(tx.db);
    const there = new Map(rows.map((row) => [`${row.type} ${row.folded}`, row]));
    const fresh: KnowledgeRow[] = [];
    for (const draft of some) {
      const row = there.get(`${draft.type} ${draft.folded}`);
      if (row !== undefined) done[(await write(tx, row, draft, { by, now })) === row ? "unchanged" : "changed"] += 1;
      else {
        refusePast(draft.expiresAt, now);
        fresh.push(newRow(tenant, draft, by, now));
      }
    }
    if (fresh.length > 0) await triageTables(tx.db).insertInto("case_knowledge").values(fresh).execute();
    done.added += fresh.length;
  }
  if (done.added > 0) {
    await refuseTooMany(tx, tenant);
    await askSweep(tx, tenant);
  }
  return done;
}
