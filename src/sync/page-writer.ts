/**
 * Puts pages into the mirror: page, checkpoint and what capabilities make of it in one transaction. While one transaction runs, pages
 * that arrive wait; in a first read several of them share the next one, which doubles the speed and changes no promise.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { RunId } from "../kernel/ids.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Mirror, MirrorTarget, PageOutcome } from "../mirror/mirror.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Lease, Store, Tx } from "../store/store.ts";
import { overallWatermark, packCheckpoint, withDrift, type Checkpoint } from "./checkpoint.ts";
import type { KeptPage } from "./job.ts";
import type { StreamProgress } from "./progress.ts";

export interface WriterOptions {
  readonly store: Store;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly target: MirrorTarget;
  readonly stream: Stream;
  readonly run: RunId;
  readonly progress: StreamProgress;
  readonly pagesPerTransaction: number;
  /** The lease as last renewed: a stale one makes every commit fail. */
  readonly lease: () => Lease;
}

interface Waiting {
  readonly page: KeptPage;
  readonly advance: (checkpoint: Checkpoint) => Checkpoint;
  /** Of a full listing: what it brings counts as drift. */
  readonly listed: boolean;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export class PageWriter {
  readonly #options: WriterOptions;
  #checkpoint: Checkpoint;
  #queue: Waiting[] = [];
  #busy = false;
  #divided = false;
  /** What a page could not be stored for. */
  #failure: { readonly error: unknown } | null = null;

  constructor(options: WriterOptions, checkpoint: Checkpoint) {
    this.#options = options;
    this.#checkpoint = checkpoint;
  }

  /** Pages of one listing that may be on their way into the store: while some share a transaction, the next one's gather. */
  get pagesAtOnce(): number {
    const { pagesPerTransaction } = this.#options;
    return pagesPerTransaction === 1 ? 1 : 2 * pagesPerTransaction;
  }

  /** As last committed. */
  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /** Resolves once the page is committed together with the checkpoint that `advance` makes of the one before it. After one that was not, none is. */
  async write(page: KeptPage, advance: (checkpoint: Checkpoint) => Checkpoint, listed = false): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error;
    await new Promise<void>((done, failed) => {
      this.#queue.push({ page, advance, listed, done, failed });
      if (!this.#busy) void this.#drain();
    });
  }

  /** A checkpoint step without a page, with whatever else belongs into the same transaction. */
  async step<T>(work: (tx: Tx) => Promise<{ readonly result: T; readonly checkpoint: Checkpoint }>): Promise<T> {
    const { store, mirror, target, stream, lease } = this.#options;
    const { result, checkpoint } = await store.fencedTx(lease(), async (tx) => {
      const outcome = await work(tx);
      if (this.#checkpoint.firstReadAt === null && outcome.checkpoint.firstReadAt !== null) await mirror.firstReadEnded(tx, target.connection, stream);
      await mirror.writeCheckpoint(tx, target.connection, stream, packCheckpoint(outcome.checkpoint));
      return outcome;
    });
    this.#checkpoint = checkpoint;
    return result;
  }

  /** Savepoints for capabilities cost a first read more than all else that is written, so it does without until one is needed. */
  async #undividedIfItGoes<T>(commit: (allOrNothing: boolean) => Promise<T>): Promise<T> {
    if (this.#divided || this.#checkpoint.firstReadAt !== null) return commit(false);
    try {
      return await commit(true);
    } catch {
      // If it was not a capability it fails again, and says so.
      this.#divided = true;
      return commit(false);
    }
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    for (;;) {
      const batch = this.#queue.splice(0, this.#options.pagesPerTransaction);
      if (batch.length === 0) break;
      try {
        await this.#commit(batch);
        for (const waiting of batch) waiting.done();
      } catch (error) {
        // Whoever comes behind a failed page must not overtake it: its checkpoint would claim the lost page.
        this.#failure = { error };
        for (const waiting of [...batch, ...this.#queue.splice(0)]) waiting.failed(error);
      }
    }
    this.#busy = false;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const { store, mirror, clock, target, stream, run, progress, lease } = this.#options;
    // Pages of a first read that a power cut takes back take their checkpoint with them, and are read again.
    const synced = this.#checkpoint.firstReadAt === null ? "later" : "at-once";
    const commit = async (tx: Tx, allOrNothing: boolean): Promise<{ checkpoint: Checkpoint; outcomes: readonly PageOutcome[] }> => {
      let next = this.#checkpoint;
      const results = [];
      for (const { page, advance, listed } of batch) {
        // Between pages: what has come from the console meanwhile goes on to be read, and whoever only reads the store is answered.
        if (results.length > 0) await turn();
        next = withRejected(advance(next), page.rejected.length);
        const outcome = await mirror.applyPage(tx, {
          target,
          stream,
          run,
          snapshot: next.snapshot?.number ?? null,
          page,
          checkpoint: packCheckpoint(next),
          firstRead: next.firstReadAt === null,
          allOrNothing,
          watermark: next.firstReadAt === null ? null : overallWatermark(next),
          now: clock.now(),
        });
        results.push(outcome);
        const counted = listed && outcome.moves !== undefined ? withDrift(next, outcome.moves) : next;
        if (counted !== next) await mirror.writeCheckpoint(tx, target.connection, stream, packCheckpoint(counted));
        next = counted;
      }
      return { checkpoint: next, outcomes: results };
    };
    const { checkpoint, outcomes } = await this.#undividedIfItGoes((allOrNothing) => store.fencedTx(lease(), (tx) => commit(tx, allOrNothing), synced));
    this.#checkpoint = checkpoint;
    for (const outcome of outcomes) progress.add(outcome);
  }
}

/** Records set aside are part of a snapshot's story: one that could not be read means the snapshot proves nothing. */
function withRejected(checkpoint: Checkpoint, rejected: number): Checkpoint {
  if (rejected === 0 || checkpoint.snapshot === null) return checkpoint;
  return { ...checkpoint, snapshot: { ...checkpoint.snapshot, rejected: checkpoint.snapshot.rejected + rejected } };
}
