/** Puts the mirror together. The tables must have been made by `migrate` (MIRROR_MIGRATIONS) and `prepareMirror` before. */
import { sql } from "kysely";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Store } from "../store/store.ts";
import type { Capability } from "./capability.ts";
import type { Mirror } from "./mirror.ts";
import { firstReadEnded, payOwed } from "./owed.ts";
import { applyPage, type MirrorContext } from "./page.ts";
import { readersOf } from "./reactions.ts";
import { beginSnapshot, countRows, seenCount, settle } from "./snapshots.ts";
import { StreamTables } from "./tables.ts";
import { countBetween, ensureIndexes, erase, prune, reassign } from "./upkeep.ts";

export interface MirrorOptions {
  readonly store: Store;
  readonly streams: readonly Stream[];
  readonly capabilities: readonly Capability[];
  /** Written on what is parked, so that one can tell which version could not read it. */
  readonly codeVersion: string;
  readonly now?: () => number;
}

export function mirrorContext(options: Pick<MirrorOptions, "streams" | "capabilities" | "codeVersion">): MirrorContext {
  return { tables: new StreamTables(options.streams), capabilities: options.capabilities, codeVersion: options.codeVersion };
}

export function createMirror(options: MirrorOptions): Mirror {
  const { store } = options;
  const now = options.now ?? Date.now;
  const context = mirrorContext(options);
  const indexed = new Set<Stream["id"]>();
  const of = (stream: Stream) => context.tables.of(stream);
  return {
    applyPage: (tx, input) => applyPage(context, tx, input),
    async readCheckpoint(connection, stream) {
      const answer = await sql<{ format: number; body: string }>`
        SELECT format, body FROM mirror_checkpoints WHERE connection_id = ${connection} AND stream = ${stream.id}`.execute(store.read);
      return answer.rows[0] ?? null;
    },
    async firstReadEnded(tx, connection, stream) {
      await firstReadEnded(tx, connection, stream.id);
      for (const capability of readersOf(context.capabilities, stream.id)) await capability.firstReadEnded?.(tx, connection, stream.id);
    },
    payOwed: (signal) => payOwed(store, context, now, signal),
    async writeCheckpoint(tx, connection, stream, checkpoint) {
      await sql`
        INSERT INTO mirror_checkpoints (connection_id, stream, format, body) VALUES (${connection}, ${stream.id}, ${checkpoint.format}, ${checkpoint.body})
        ON CONFLICT (connection_id, stream) DO UPDATE SET format = excluded.format, body = excluded.body`.execute(tx.db);
    },
    async proveRead(tx, connection, stream, to, everyMs) {
      await sql`
        UPDATE mirror_checkpoints SET read_to = CASE WHEN read_to > ${to} AND read_to <= ${now()} THEN read_to ELSE ${to} END, every_ms = ${everyMs}
        WHERE connection_id = ${connection} AND stream = ${stream.id}`.execute(tx.db);
    },
    beginSnapshot: (tx, connection, stream) => beginSnapshot(tx, of(stream), connection),
    seenCount: (connection, stream, snapshot) => seenCount(store.read, of(stream), connection, snapshot),
    settle: (tx, input, proof) => settle(context, tx, input, proof),
    rowCounts: (connection, stream) => countRows(store.read, of(stream), connection),
    countBetween: (connection, stream, column, from, to) => countBetween(store.read, store.kind, of(stream), connection, column, from, to),
    async ensureIndexes(stream, signal) {
      if (!indexed.has(stream.id) && (await ensureIndexes(store, of(stream), signal))) indexed.add(stream.id);
    },
    prune: (tx, connection, stream, before, limit) => prune(tx, of(stream), connection, before, limit),
    erase: (tx, connection, limit) => erase(context, tx, connection, limit),
    reassign: (tx, target, site, limit) => reassign(context, tx, target, site, limit, now()),
  };
}
