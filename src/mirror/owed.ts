/**
 * What is owed to a capability that would rather have a first read in one go when it has ended than page by page: nobody is waiting for its answers
 * meanwhile, and reading is not slowed by it. Noted in the transaction of the first page, replayed a few pages at a time with their place, so that a kill
 * costs no more than those; changes that come in between are handed in as always, and the replay shows the row as it is by then.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { sql, type RawBuilder } from "kysely";
import type { ConnectionId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { textList } from "../store/conditions.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Capability, MirrorRow } from "./capability.ts";
import type { MirrorContext } from "./page.ts";
import { reactOne, reactWhole } from "./reactions.ts";
import { asInserted, rowsById, selectRows } from "./rows.ts";
import { columnSql, type RowShape, type StreamTable } from "./tables.ts";

/** Rows handed in at once: each is an object of all its columns, and nobody is in a hurry. */
const PAGE = 200;
/** The same of a capability that has its rows in an order of its own: what it asks for each page is asked less often. Not where pages are set aside: whatever is in one that fails is. */
const ORDERED_PAGE = 500;
/** Rows looked through at once for those that are recent enough. */
const LOOKED_THROUGH = 2_000;
/**
 * Pages in a transaction. A commit writes every page of an index that was touched in it, and keys that come in no order touch nearly all of them: few large transactions write a
 * fraction of what many small ones do. Fewer where pages take long, so that whoever else writes has a turn.
 */
const PAGES = 50;
const TURN_MS = 1_000;
/** Transactions in which what fails is parked, after one in which something did. */
const CAREFUL_TURNS = 5;

/** The capabilities that see this page now; the others are noted as owed. */
export async function readersNow(tx: Tx, readers: readonly Capability[], connection: ConnectionId, stream: StreamId, firstRead: boolean, now: number): Promise<readonly Capability[]> {
  if (!firstRead) return readers;
  for (const { id } of readers.filter(waits)) {
    await sql`INSERT INTO mirror_owed (capability, connection_id, stream, ready, after_id, began) VALUES (${id}, ${connection}, ${stream}, 0, '', ${now}) ON CONFLICT DO NOTHING`.execute(tx.db);
  }
  return readers.filter((reader) => !waits(reader));
}

function waits({ firstRead }: Capability): boolean {
  return firstRead === "afterwards";
}

/** To be called in the transaction that ends a first read. */
export async function firstReadEnded(tx: Tx, connection: ConnectionId, stream: StreamId): Promise<void> {
  await sql`UPDATE mirror_owed SET ready = 1, after_id = '' WHERE connection_id = ${connection} AND stream = ${stream}`.execute(tx.db);
}

/** Whether a first read is still to be handed in, or on its way. */
export async function isOwed(tx: Tx, capability: string, connection: ConnectionId, stream: StreamId): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM mirror_owed WHERE capability = ${capability} AND connection_id = ${connection} AND stream = ${stream}`.execute(tx.db);
  return rows.length > 0;
}

export async function forgetOwed(tx: Tx, connection: ConnectionId): Promise<void> {
  await sql`DELETE FROM mirror_owed WHERE connection_id = ${connection}`.execute(tx.db);
}

/** Pays what is ready, some pages in a transaction. False where the signal stopped it before the end. */
export async function payOwed(store: Store, context: MirrorContext, now: () => number, signal?: AbortSignal): Promise<boolean> {
  // A savepoint copies every page of the store that is written in it: done without, until a capability fails.
  for (let apart = 0; ; ) {
    if (signal?.aborted === true) return false;
    try {
      const hand = apart > 0 ? CAREFUL : WHOLE;
      // What a power cut takes back is owed again: the place is in the same transaction.
      if (!(await store.tx((tx) => payPages(tx, context, now, signal, hand), "later"))) return true;
      apart = Math.max(0, apart - 1);
    } catch (error) {
      if (apart > 0) throw error;
      apart = CAREFUL_TURNS;
    }
  }
}

interface Hand {
  react(...args: Parameters<typeof reactOne>): Promise<unknown>;
  /** What is set aside is shown whole, with the record's text. */
  readonly shape: RowShape;
  readonly orderedPage: number;
}

const WHOLE: Hand = { react: reactWhole, shape: "values", orderedPage: ORDERED_PAGE };
const CAREFUL: Hand = { react: reactOne, shape: "all", orderedPage: PAGE };

/** False when nothing is left. */
async function payPages(tx: Tx, context: MirrorContext, now: () => number, signal: AbortSignal | undefined, hand: Hand): Promise<boolean> {
  const began = performance.now();
  for (let page = 0; page < PAGES; page += 1) {
    if (!(await payPage(tx, context, now(), hand))) return false;
    // Signals, timers and whoever asks have theirs between two pages.
    await nextTurn();
    if (signal?.aborted === true || performance.now() - began > TURN_MS) return true;
  }
  return true;
}

interface Owed {
  readonly capability: string;
  readonly connection_id: ConnectionId;
  readonly stream: StreamId;
  readonly after_id: string;
  /** Null: noted by a version that did not note it. */
  readonly began: number | null;
}

async function payPage(tx: Tx, context: MirrorContext, now: number, hand: Hand): Promise<boolean> {
  const { rows: ready } = await sql<Owed>`SELECT capability, connection_id, stream, after_id, began FROM mirror_owed WHERE ready = 1 ORDER BY connection_id, stream, capability`.execute(tx.db);
  const [one] = ready;
  if (one === undefined) return false;
  const debts = atOnePlace(context.capabilities, one, ready);
  const capabilities = context.capabilities.filter(({ id }) => debts.some((debt) => debt.capability === id));
  const { connection_id: connection, stream } = one;
  const table = context.tables.find(stream);
  const window = table === undefined ? NOTHING : await windowOf(tx, table, one, capabilities, hand, now);
  for (let at = 0; at < window.rows.length; at += window.page) {
    for (const { tenant, inserted } of asInserted(window.rows.slice(at, at + window.page))) {
      for (const capability of capabilities) {
        const began = debts.find((debt) => debt.capability === capability.id)?.began ?? now;
        await hand.react(tx, capability, { connection, tenant, stream, inserted, changed: [], gone: [], watermark: null, firstRead: true, firstReadBegan: began }, { connection, stream, watermark: null, now, codeVersion: context.codeVersion });
      }
    }
  }
  const places = sql`connection_id = ${connection} AND stream = ${stream} AND capability IN ${textList(tx.kind, debts.map(({ capability }) => capability))}`;
  if (window.last === null) await sql`DELETE FROM mirror_owed WHERE ${places}`.execute(tx.db);
  else await sql`UPDATE mirror_owed SET after_id = ${window.last} WHERE ${places}`.execute(tx.db);
  return true;
}

/** Those whose next rows are the same as the first's: read once, they are handed to each. Whoever has an order or a beginning of its own goes alone. */
function atOnePlace(capabilities: readonly Capability[], one: Owed, ready: readonly Owed[]): readonly Owed[] {
  const isPlain = ({ capability, stream }: Owed): boolean => {
    const found = capabilities.find(({ id }) => id === capability);
    return found !== undefined && found.firstReadBy?.[stream] === undefined && found.firstReadFrom === undefined;
  };
  if (!isPlain(one)) return [one];
  return ready.filter((other) => other.connection_id === one.connection_id && other.stream === one.stream && other.after_id === one.after_id && isPlain(other));
}

async function windowOf(tx: Tx, table: StreamTable, one: Owed, capabilities: readonly Capability[], hand: Hand, now: number): Promise<Window> {
  const [first] = capabilities;
  if (first === undefined) return NOTHING;
  const by = first.firstReadBy?.[one.stream];
  if (by !== undefined) return windowBy(tx, table, one, by, hand);
  const shape = capabilities.some(({ needsRaw }) => needsRaw === true) ? "all" : hand.shape;
  return windowAfter(tx, table, one, await first.firstReadFrom?.(tx, one.connection_id, one.began ?? now), shape);
}

interface Window {
  readonly rows: readonly MirrorRow[];
  /** Where the next one begins; null behind the last. */
  readonly last: string | null;
  /** Rows of it handed in at once. */
  readonly page: number;
}

const NOTHING: Window = { rows: [], last: null, page: PAGE };

/** The next rows by their keys. Where only recent ones are wanted, more are looked through at once, and no more than their time is read of the others. */
async function windowAfter(tx: Tx, table: StreamTable, { connection_id: connection, after_id: after }: Owed, from: string | undefined, shape: RowShape): Promise<Window> {
  const rest = sql`WHERE connection_id = ${connection} AND id > ${after} AND gone_at IS NULL ORDER BY id`;
  const column = table.stream.retentionColumn;
  if (from === undefined || column === null) {
    const rows = await selectRows(tx.db, tx.kind, table, sql`${rest} LIMIT ${PAGE}`, shape);
    return { rows, last: rows.length < PAGE ? null : idOf(rows), page: PAGE };
  }
  const { rows } = await sql<{ id: string; wanted: number }>`SELECT id, CASE WHEN ${sql.raw(columnSql(tx.kind, table, column))} < ${from} THEN 0 ELSE 1 END AS wanted FROM ${sql.table(table.name)} ${rest} LIMIT ${LOOKED_THROUGH}`.execute(tx.db);
  const recent = rows.flatMap(({ id, wanted }) => (wanted === 1 ? [id] : []));
  const found = await rowsById(tx.db, tx.kind, table, connection, recent);
  return { rows: recent.map((id) => found.get(id)).filter((row) => row !== undefined), last: rows.length < LOOKED_THROUGH ? null : (rows.at(-1)?.id ?? null), page: PAGE };
}

/** The next rows in the order of a column: a place is the last row's value of it and its id. Rows without a value come first, and have null there. */
async function windowBy(tx: Tx, table: StreamTable, { connection_id: connection, after_id: after }: Owed, by: string, { shape, orderedPage: page }: Hand): Promise<Window> {
  const rowsOf = (tail: RawBuilder<unknown>) => selectRows(tx.db, tx.kind, table, tail, shape);
  // A place in another order, of a version before, is none.
  const [value, id] = after.startsWith("[") ? (JSON.parse(after) as [string | null, string]) : [null, ""];
  const column = sql.raw(columnSql(tx.kind, table, by));
  // `||` keeps the key's index out, by which all that is owed would be sorted for each page.
  const ours = sql`connection_id || '' = ${connection} AND gone_at IS NULL`;
  if (value === null) {
    const rows = await rowsOf(sql`WHERE ${column} IS NULL AND ${ours} AND id > ${id} ORDER BY id LIMIT ${page}`);
    return { rows, last: JSON.stringify(rows.length < page ? ["", ""] : [null, idOf(rows)]), page };
  }
  const rows = await rowsOf(sql`WHERE ${column} >= ${value} AND ${ours} AND (${column} > ${value} OR id > ${id}) ORDER BY ${column}, id LIMIT ${page}`);
  return { rows, last: rows.length < page ? null : JSON.stringify([rows.at(-1)?.[by], idOf(rows)]), page };
}

function idOf(rows: readonly MirrorRow[]): string {
  return String(rows.at(-1)?.["id"]);
}
