/**
 * What is known of CVEs beside SentinelOne, from the files people give: kept whole, with its age, and looked up by CVE. A file that is older than the one there is
 * refused, because going back looks like a withdrawal. The same file again changes nothing.
 */
import { createHash } from "node:crypto";
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import { isoTime } from "../kernel/clock.ts";
import type { Database, Tx } from "../store/store.ts";
import { markAllExposed } from "./exposure.ts";
import { scoreAnew } from "./finding-scores.ts";
import { sweepEveryTenant } from "./sla-dates.ts";
import { parseEpss } from "./epss.ts";
import { intelligenceTables } from "./intelligence-tables.ts";
import { kevChanges, parseKev, type KevChange, type KevEntry } from "./kev.ts";

const ROWS_AT_ONCE = 5000;

export interface Loaded {
  readonly kind: "kev" | "epss";
  readonly version: string | null;
  readonly releasedAt: number;
  readonly loadedAt: number;
  readonly entries: number;
  readonly sha256: string;
}

export interface LoadResult {
  readonly loaded: Loaded;
  /** Against what was there; a first file adds them all, and its history begins with it. */
  readonly changes: Readonly<Record<KevChange["change"], number>>;
  readonly unchanged: boolean;
}

const NO_CHANGES = { added: 0, withdrawn: 0, changed: 0 } as const;

/** CONFIG_INVALID where the text is not a whole catalogue, or an older one. */
export async function loadKev(tx: Tx, text: string, now: number): Promise<LoadResult> {
  const before = await loadedOf(tx.db, "kev");
  const sha256 = digest(text);
  if (before?.sha256 === sha256) return { loaded: before, changes: NO_CHANGES, unchanged: true };
  const { version, releasedAt, entries } = parseKev(text);
  refuseOlder("catalogue", before, releasedAt);
  const changes = { ...NO_CHANGES } as Record<KevChange["change"], number>;
  const told: KevChange[] = [];
  for (const change of kevChanges(await wholeCatalogue(tx.db), entries)) {
    changes[change.change] += 1;
    if (before !== null) told.push(change);
  }
  await sql`DELETE FROM vuln_kev`.execute(tx.db);
  await tx.bulkUpsert({ table: "vuln_kev", columns: [{ name: "cve", type: "text" }, { name: "entry", type: "text" }], key: ["cve"], update: ["entry"] }, entries.map((entry) => [entry.cve, JSON.stringify(entry)]));
  for (let at = 0; at < told.length; at += 200) {
    const rows = told.slice(at, at + 200).map((one) => ({ at: now, version, cve: one.cve, change: one.change, before: one.before === null ? null : JSON.stringify(one.before), after: one.after === null ? null : JSON.stringify(one.after) }));
    await intelligenceTables(tx.db).insertInto("vuln_kev_changes").values(rows as never).execute();
  }
  const loaded = await note(tx, { kind: "kev", version, releasedAt, loadedAt: now, entries: entries.length, sha256 });
  await sweepEveryTenant(tx);
  await scoreAnew(tx);
  await markAllExposed(tx);
  return { loaded, changes, unchanged: false };
}

/** CONFIG_INVALID where the text is not a whole file of scores, or an older one. */
export async function loadEpss(tx: Tx, text: string, now: number): Promise<LoadResult> {
  const before = await loadedOf(tx.db, "epss");
  const sha256 = digest(text);
  if (before?.sha256 === sha256) return { loaded: before, changes: NO_CHANGES, unchanged: true };
  const { model, scoredAt, rows } = parseEpss(text);
  refuseOlder("file of scores", before, scoredAt);
  await sql`DELETE FROM vuln_epss`.execute(tx.db);
  const spec = { table: "vuln_epss", columns: [{ name: "cve", type: "text" }, { name: "score", type: "real" }, { name: "percentile", type: "real" }], key: ["cve"], update: ["score", "percentile"] } as const;
  let entries = 0;
  let batch = new Map<string, readonly (string | number)[]>();
  const write = async (): Promise<void> => {
    await tx.bulkUpsert(spec, [...batch.values()]);
    batch = new Map();
  };
  for (const { cve, score, percentile } of rows) {
    batch.set(cve, [cve, score, percentile]);
    entries += 1;
    if (batch.size >= ROWS_AT_ONCE) await write();
  }
  await write();
  await scoreAnew(tx);
  return { loaded: await note(tx, { kind: "epss", version: model, releasedAt: scoredAt, loadedAt: now, entries, sha256 }), changes: NO_CHANGES, unchanged: false };
}

/** What is there and how old it is; null of a kind no file was given for. */
export async function loadedOf(db: Database, kind: Loaded["kind"]): Promise<Loaded | null> {
  const row = await intelligenceTables(db).selectFrom("vuln_intelligence").selectAll().where("kind", "=", kind).executeTakeFirst();
  return row === undefined ? null : { kind, version: row.version, releasedAt: Number(row.released_at), loadedAt: Number(row.loaded_at), entries: row.entries, sha256: row.sha256 };
}

/** Some thousand entries: what a newer catalogue is compared with. */
async function wholeCatalogue(db: Database): Promise<ReadonlyMap<string, KevEntry>> {
  const rows = await intelligenceTables(db).selectFrom("vuln_kev").selectAll().execute();
  return new Map(rows.map(({ cve, entry }) => [cve, JSON.parse(entry) as KevEntry]));
}

async function note(tx: Tx, loaded: Loaded): Promise<Loaded> {
  const row = { version: loaded.version, released_at: loaded.releasedAt, loaded_at: loaded.loadedAt, entries: loaded.entries, sha256: loaded.sha256 };
  await intelligenceTables(tx.db).insertInto("vuln_intelligence").values({ kind: loaded.kind, ...row }).onConflict((one) => one.column("kind").doUpdateSet(row)).execute();
  return loaded;
}

function refuseOlder(what: string, before: Loaded | null, releasedAt: number): void {
  if (before === null || releasedAt >= before.releasedAt) return;
  throw new Fault("CONFIG_INVALID", `This ${what} is of ${isoTime(releasedAt)}; the one that is kept is newer, of ${isoTime(before.releasedAt)}.`, { cure: "Give a newer one. What an older one does not have would be taken for withdrawn." });
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
