/**
 * One page into the mirror: what is new, what changed, what stayed; rejects parked; ids remembered as seen; the capabilities told; the checkpoint
 * moved, all in the caller's transaction. The books of the page are balanced before it returns; where they do not, it throws and nothing is kept.
 */
import { setImmediate as turn } from "node:timers/promises";
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { MappedRecord, Stream } from "../sentinelone/streams/stream.ts";
import type { StoredValue, UpsertValue } from "../store/text.ts";
import type { Tx } from "../store/store.ts";
import type { Capability, Change, MirrorRow } from "./capability.ts";
import type { MirrorTarget, Moves, PageInput, PageOutcome } from "./mirror.ts";
import { readersNow } from "./owed.ts";
import { park, RECORD, resolve } from "./parking.ts";
import { react, readersOf } from "./reactions.ts";
import { rowsById } from "./rows.ts";
import { clearMissing, currentSnapshot, remember, unseen } from "./snapshots.ts";
import { idList, mirrorRow, type StreamTable, type StreamTables } from "./tables.ts";

export interface MirrorContext {
  readonly tables: StreamTables;
  readonly capabilities: readonly Capability[];
  readonly codeVersion: string;
}

interface Existing {
  readonly id: string;
  readonly tenant_id: string;
  readonly hash: string;
  readonly raw_hash: string;
  readonly version: string;
  readonly mirrored_at: number;
  readonly changed_at: number;
  readonly gone_at: number | null;
}

interface Sorted {
  readonly inserted: string[];
  readonly changed: string[];
  unchanged: number;
  readonly rows: Due[];
  /** Of the same, by id, what a capability is shown; kept only where one reads the stream. */
  readonly shown: Map<string, Due>;
}

/** A row to be written, made when it is: a thousand of them would wait for each other. */
interface Due {
  readonly record: MappedRecord;
  readonly tenant: TenantId;
  readonly firstSeen: number;
  readonly changed: number;
}

/** Rows of a first read that are shown to a capability at once: each is an object of all its columns, and nothing is gained by many living together. */
const SHOWN_AT_ONCE = 125;

export async function applyPage(context: MirrorContext, tx: Tx, input: PageInput): Promise<PageOutcome> {
  const { target, stream, page, now } = input;
  const table = context.tables.of(stream);
  const merged = await merge(context, tx, table, target, page.records, input, now);
  await park(
    tx,
    page.rejected.map((rejected) => ({
      connection: target.connection,
      tenant: target.tenant,
      kind: RECORD,
      stream: stream.id,
      key: rejected.id,
      code: rejected.code,
      reason: rejected.reason,
      codeVersion: context.codeVersion,
      raw: rejected.raw,
      change: null,
      now,
    })),
  );
  if (input.snapshot !== null) {
    const snapshot = await currentSnapshot(tx, target.connection, stream, input.snapshot);
    await remember(tx, snapshot, merged.ids, page.rejected.flatMap((rejected) => (rejected.id === null ? [] : [rejected.id])), page.aged);
  }
  await sql`
    INSERT INTO mirror_checkpoints (connection_id, stream, format, body, watermark)
    VALUES (${target.connection}, ${stream.id}, ${input.checkpoint.format}, ${input.checkpoint.body}, ${input.watermark})
    ON CONFLICT (connection_id, stream) DO UPDATE SET format = excluded.format, body = excluded.body, watermark = excluded.watermark`.execute(tx.db);

  return balanced(input, {
    received: page.records.length + page.rejected.length + page.repeated,
    inserted: merged.inserted,
    changed: merged.changed,
    unchanged: merged.unchanged + page.repeated + (page.records.length - merged.ids.length),
    parked: page.rejected.length,
    ...(merged.moves === undefined ? {} : { moves: merged.moves }),
  });
}

/** One record outside a page: a parked one that can be read now. */
export async function mergeRecord(context: MirrorContext, tx: Tx, table: StreamTable, target: MirrorTarget, record: MappedRecord, now: number): Promise<void> {
  await merge(context, tx, table, target, [record], { snapshot: null, watermark: null }, now);
}

interface Merged {
  readonly ids: readonly string[];
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly moves?: Moves;
}

async function merge(context: MirrorContext, tx: Tx, table: StreamTable, target: MirrorTarget, all: readonly MappedRecord[], from: Pick<PageInput, "snapshot" | "watermark" | "firstRead" | "allOrNothing">, now: number): Promise<Merged> {
  const { connection } = target;
  const { stream } = table;
  const readers = await readersNow(tx, readersOf(context.capabilities, stream.id), connection, stream.id, from.firstRead === true, now);
  const records = newestOfEach(all);
  const ids = [...records.keys()];
  const existing = await lookUp(tx, table, connection, ids);
  const tenants = await tenantsOf(context, tx, target, [...records.values()]);
  const older = ids.filter((id) => isOlder(records.get(id), existing.get(id)));
  const believed = from.snapshot === null || older.length === 0 ? NONE : await unseen(tx, connection, stream, from.snapshot, older);
  const { ended } = stream;
  // What a first listing shows nobody could have missed.
  const tells = ended !== undefined && from.snapshot !== null && from.firstRead !== true;
  const sorted = sortOut(now, records, existing, believed, tenants, readers.length > 0 || tells);

  const before = readers.length === 0 && !tells ? new Map<string, MirrorRow>() : await rowsById(tx.db, tx.kind, table, connection, sorted.changed);
  if (sorted.rows.length > 0) await tx.bulkUpsert(table.upsert, rowsOf(target, sorted.rows));
  if (existing.size > 0) await clearMissing(tx, connection, stream, ids);
  await resolve(tx, connection, stream.id, RECORD, ids);
  const moves = { added: 0, changed: 0, closed: 0 };
  if (readers.length > 0 || tells) {
    const shown = (id: string): MirrorRow | null => {
      const due = sorted.shown.get(id);
      return due === undefined ? null : mirrorRow(table, ownOf(target, due), due.record.values, due.record.raw);
    };
    const { firstRead = false, allOrNothing = false } = from;
    const ids = [...sorted.inserted, ...sorted.changed];
    const atOnce = firstRead ? SHOWN_AT_ONCE : ids.length;
    for (let at = 0; at < ids.length; at += atOnce) {
      if (at > 0) await turn();
      const changes: readonly Change[] = ids.slice(at, at + atOnce).map((id) => ({ id, before: before.get(id) ?? null, after: shown(id) }));
      await react(tx, readers, changes, { connection, stream: stream.id, watermark: from.watermark, now, codeVersion: context.codeVersion, ...(firstRead ? { firstRead } : {}), ...(allOrNothing ? { allOrNothing } : {}) });
      if (tells) addMoves(moves, changes, ended);
    }
  }
  return { ids, inserted: sorted.inserted.length, changed: sorted.changed.length, unchanged: sorted.unchanged, ...(tells ? { moves } : {}) };
}

/** A row that shows again what was over is an added one; one that was over and is, is none. */
function addMoves(moves: { -readonly [move in keyof Moves]: number }, changes: readonly Change[], ended: NonNullable<Stream["ended"]>): void {
  const there = (row: MirrorRow | null): boolean => row !== null && !ended(row);
  for (const { before, after } of changes) {
    if (there(after)) moves[there(before) ? "changed" : "added"] += 1;
    else if (there(before)) moves.closed += 1;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** By its time; a copy that is the same but for what it lacks (its time, or the mark of being whole) is older too. */
function isOlder(record: MappedRecord | undefined, old: Existing | undefined): boolean {
  return record !== undefined && old !== undefined && record.version < old.version && !old.version.startsWith(record.version);
}

function balanced(input: PageInput, outcome: PageOutcome): PageOutcome {
  const accounted = outcome.inserted + outcome.changed + outcome.unchanged + outcome.parked;
  if (accounted === outcome.received) return outcome;
  throw new Fault("INTERNAL", `A page of ${input.stream.id} had ${String(outcome.received)} records and ${String(accounted)} were accounted for; nothing of it was kept.`, {
    details: { stream: input.stream.id, received: outcome.received, inserted: outcome.inserted, changed: outcome.changed, unchanged: outcome.unchanged, parked: outcome.parked },
  });
}

/** The same id twice in a page is one record: the newer by its own version, else the later. */
function newestOfEach(records: readonly MappedRecord[]): ReadonlyMap<string, MappedRecord> {
  const newest = new Map<string, MappedRecord>();
  for (const record of records) {
    const known = newest.get(record.id);
    if (known === undefined || record.version >= known.version) newest.set(record.id, record);
  }
  return newest;
}

async function lookUp(tx: Tx, table: StreamTable, connection: string, ids: readonly string[]): Promise<ReadonlyMap<string, Existing>> {
  if (ids.length === 0) return new Map();
  const answer = await sql<Existing>`
    SELECT id, tenant_id, mapped_hash AS hash, raw_hash, source_version AS version, mirrored_at, changed_at, gone_at FROM ${sql.table(table.name)}
    WHERE connection_id = ${connection} AND id IN ${idList(tx.kind, ids)}`.execute(tx.db);
  return new Map(answer.rows.map((row) => [row.id, row]));
}

function sortOut(
  now: number,
  records: ReadonlyMap<string, MappedRecord>,
  existing: ReadonlyMap<string, Existing>,
  believed: ReadonlySet<string>,
  tenants: (record: MappedRecord) => TenantId,
  wantRows: boolean,
): Sorted {
  const sorted: Sorted = { inserted: [], changed: [], unchanged: 0, rows: [], shown: new Map() };
  for (const record of records.values()) {
    const old = existing.get(record.id);
    const tenant = tenants(record);
    const { rawHash } = record;
    if (old !== undefined && old.gone_at === null) {
      const same = old.hash === record.hash && old.tenant_id === tenant;
      // Pages of one reading overlap: what comes later but is older must not undo what is there. What a full listing shows for the first time was
      // asked for after all that is there: a time that was wrong, or set by a clock since set back, must not keep its row for ever.
      if ((record.version < old.version && !believed.has(record.id)) || (same && old.raw_hash === rawHash)) {
        sorted.unchanged += 1;
        continue;
      }
      if (same) {
        sorted.unchanged += 1;
        sorted.rows.push({ record, tenant, firstSeen: old.mirrored_at, changed: old.changed_at });
        continue;
      }
    }
    const back = old === undefined || old.gone_at !== null;
    (back ? sorted.inserted : sorted.changed).push(record.id);
    const due: Due = { record, tenant, firstSeen: old?.mirrored_at ?? now, changed: now };
    sorted.rows.push(due);
    if (wantRows) sorted.shown.set(record.id, due);
  }
  return sorted;
}

/** In the order of the table's columns. */
function* rowsOf(target: MirrorTarget, rows: readonly Due[]): Generator<readonly UpsertValue[]> {
  for (const due of rows) yield [...ownOf(target, due), due.record.valuesJson, due.record.rawBytes ?? due.record.raw];
}

/** Ours, before the stream's own. */
function ownOf(target: MirrorTarget, { record, tenant, firstSeen, changed }: Due): readonly StoredValue[] {
  const { id, siteId, agentId, version, hash, rawHash } = record;
  return [target.connection, id, tenant, siteId, agentId, version, hash, rawHash, firstSeen, changed, null];
}

/** The tenant of a record: of its site where that is mapped, of its agent's site where it names only an agent, else the connection's. */
async function tenantsOf(context: MirrorContext, tx: Tx, target: MirrorTarget, records: readonly MappedRecord[]): Promise<(record: MappedRecord) => TenantId> {
  const { tenant, siteTenants, connection } = target;
  if (siteTenants.size === 0) return () => tenant;
  const sites = new Map<string, string>();
  const agents = context.tables.find("agents");
  const wanted = [...new Set(records.flatMap((record) => (record.siteId === null && record.agentId !== null ? [record.agentId] : [])))];
  if (agents !== undefined && wanted.length > 0) {
    const answer = await sql<{ id: string; of_site: string | null }>`
      SELECT id, of_site FROM ${sql.table(agents.name)} WHERE connection_id = ${connection} AND id IN ${idList(tx.kind, wanted)}`.execute(tx.db);
    for (const row of answer.rows) if (row.of_site !== null) sites.set(row.id, row.of_site);
  }
  return (record) => {
    const site = record.siteId ?? (record.agentId === null ? undefined : sites.get(record.agentId));
    return (site === undefined ? undefined : siteTenants.get(site)) ?? tenant;
  };
}
