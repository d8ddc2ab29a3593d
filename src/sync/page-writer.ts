/**
 * Puts pages into the mirror: page, checkpoint and what capabilities make of it in one transaction. While one transaction runs, pages
 * that arrive wait; in a first read several of them share the next one, which doubles the speed and changes no promise.
 */
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

  constructor(options: WriterOptions, checkpoint: Checkpoint) {
    this.#options = options;
    this.#checkpoint = checkpoint;
  }

  /** As last committed. */
  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /** Resolves once the page is committed together with the checkpoint that `advance` makes of the one before it. */
  async write(page: KeptPage, advance: (checkpoint: Checkpoint) => Checkpoint, listed = false): Promise<void> {
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

  async #drain(): Promise<void> {
    this.#busy = true;
    for (;;) {
      const batch = this.#queue.splice(0, this.#options.pagesPerTransaction);
      if (batch.length === 0) break;
      try {
        await this.#commit(batch);
        for (const waiting of batch) waiting.done();
      } catch (error) {
        // Whoever waits behind a failed page must not overtake it: its checkpoint would claim the lost page.
        for (const waiting of [...batch, ...this.#queue.splice(0)]) waiting.failed(error);
      }
    }
    this.#busy = false;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const { store, mirror, clock, target, stream, run, progress, lease } = this.#options;
    // Pages of a first read that a power cut takes back take their checkpoint with them, and are read again.
    const synced = this.#checkpoint.firstReadAt === null ? "later" : "at-once";
    const commit = async (tx: Tx): Promise<{ checkpoint: Checkpoint; outcomes: readonly PageOutcome[] }> => {
      let next = this.#checkpoint;
      const results = [];
      for (const { page, advance, listed } of batch) {
        next = withRejected(advance(next), page.rejected.length);
        const outcome = await mirror.applyPage(tx, {
          target,
          stream,
          run,
          snapshot: next.snapshot?.number ?? null,
          page,
          checkpoint: packCheckpoint(next),
          firstRead: next.firstReadAt === null,
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
    const { checkpoint, outcomes } = await store.fencedTx(lease(), commit, synced);
    this.#checkpoint = checkpoint;
    for (const outcome of outcomes) progress.add(outcome);
  }
}

/** Records set aside are part of a snapshot's story: one that could not be read means the snapshot proves nothing. */
function withRejected(checkpoint: Checkpoint, rejected: number): Checkpoint {
  if (rejected === 0 || checkpoint.snapshot === null) return checkpoint;
  return { ...checkpoint, snapshot: { ...checkpoint.snapshot, rejected: checkpoint.snapshot.rejected + rejected } };
}
