/** One stream of one connection being read: what every part of the reader works with. */
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Mirror, MirrorTarget } from "../mirror/mirror.ts";
import type { ListingReader, Page, PageMapper, Stream, StreamIo } from "../sentinelone/streams/stream.ts";
import type { Store } from "../store/store.ts";
import { Fault, asFault } from "../kernel/fault.ts";
import type { PageWriter } from "./page-writer.ts";
import type { SyncConnection, SyncPorts } from "./ports.ts";
import type { StreamProgress } from "./progress.ts";
import type { Slots } from "./slots.ts";
import type { TokenScope } from "./token-scope.ts";

export interface ReaderDeps {
  readonly store: Store;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly log: Log;
  readonly ports: SyncPorts;
  /** Pages asked for at once, over all streams of the hub. */
  readonly pages: Slots;
  /** Of those, pages read and mapped but not stored yet: the ones that take room. */
  readonly mapped: Slots;
  /** Parts of one listing that are read side by side. */
  readonly inFlight: number;
  /** True while the data folder is at its disk budget: a run stops before its next page. */
  readonly diskFull: () => Promise<boolean>;
  readonly pagesPerTransaction: number;
  readonly pageSize: number;
  /** Reads and maps large listings beside this thread. */
  readonly mapper: PageMapper;
  /** Rows older than this many days are not kept, per stream; absent = all are. */
  readonly retentionDays: Readonly<Partial<Record<Stream["id"], number>>>;
}

export interface StreamJob {
  readonly deps: ReaderDeps;
  readonly connection: SyncConnection;
  readonly target: MirrorTarget;
  readonly stream: Stream;
  readonly io: StreamIo;
  readonly writer: PageWriter;
  readonly progress: StreamProgress;
  readonly scope: TokenScope;
}

const RESTARTS = 3;

/**
 * Consumes a listing page by page, at most `atOnce` of them on their way into the store. A cursor that SentinelOne refuses or sends in circles restarts the
 * listing from where `open` says; the fourth such cursor in one reading ends it with that fault (progress is kept by the checkpoint).
 */
export async function readPages(job: StreamJob, open: (restarted: boolean) => AsyncIterable<Page>, take: (page: Page) => Promise<void>, atOnce = 1): Promise<void> {
  let restarts = 0;
  for (;;) {
    const storing: Promise<void>[] = [];
    try {
      let last: Page["state"] = "more";
      for await (const { page, free } of paced(job, open(restarts > 0))) {
        const stored = (async () => take(page))().finally(free);
        // Its failure is met when its turn comes; until then it must not count as unhandled.
        stored.catch(() => undefined);
        storing.push(stored);
        last = page.state;
        if (storing.length >= atOnce) await storing.shift();
      }
      await Promise.all(storing);
      if (last === "more") throw new Fault("S1_ANSWER_SHAPE", "The listing stopped before its last page.", { details: { stream: job.stream.id } });
      return;
    } catch (error) {
      // Whoever begins again, or ends, must not be overtaken by what came before.
      await Promise.allSettled(storing);
      const fault = asFault(error);
      if (fault.kind !== "cursor" || restarts >= RESTARTS) throw fault;
      restarts += 1;
      job.deps.log.warn("reader.restarted", { connection: job.connection.id, stream: job.stream.id, code: fault.code, restarts });
    }
  }
}

interface Paced {
  readonly page: Page;
  /** To be called once it is stored, or given up. */
  readonly free: () => void;
}

/** Holds one of the hub's page slots from the moment a page is asked for until it is freed, and what the page holds with it. */
async function* paced(job: StreamJob, pages: AsyncIterable<Page>): AsyncGenerator<Paced> {
  const iterator = pages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const leave = await job.deps.pages.take(job.io.signal, job.connection.id);
      let page: Page | undefined;
      try {
        stopIfCancelled(job.io.signal);
        if (await job.deps.diskFull()) throw new Fault("DISK_BUDGET", "The data folder has reached its disk budget; what was read so far is kept.");
        const next = await iterator.next();
        if (next.done === true) return;
        page = next.value;
      } finally {
        if (page === undefined) leave();
      }
      const { release } = page;
      yield {
        page,
        free() {
          release?.();
          leave();
        },
      };
    }
  } finally {
    await iterator.return?.();
  }
}

/** Reads by `mapper`; an answer that has come waits as it came until there is room for another page. */
export function whereThereIsRoom(mapper: PageMapper, mapped: Slots, owner: string, signal: AbortSignal): ListingReader {
  return {
    async read(stream, body) {
      const leave = await mapped.take(signal, owner);
      try {
        const listing = await mapper.map(stream, await body());
        let held = true;
        const release = (): void => {
          if (held) listing.release?.();
          held = false;
          leave();
        };
        return { ...listing, release };
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

export function stopIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw signal.reason instanceof Fault ? signal.reason : new Fault("CANCELLED", "The run was stopped.");
}

/** A page as it is stored: `aged` are ids at the source whose rows are too old to be kept, and therefore not missing. */
export type KeptPage = Page & { readonly aged: readonly string[] };

/** Leaves out rows older than the stream's retention; they count as unchanged, so that the books still balance. */
export function withinRetention(job: StreamJob, page: Page): KeptPage {
  const { retentionColumn, columns, id } = job.stream;
  const days = job.deps.retentionDays[id];
  if (retentionColumn === null || days === undefined) return { ...page, aged: [] };
  const place = columns.findIndex((column) => column.name === retentionColumn);
  const oldest = new Date(job.deps.clock.now() - days * 86_400_000).toISOString();
  const aged: string[] = [];
  const records = page.records.filter((record) => {
    const time = record.values[place];
    const kept = typeof time !== "string" || time >= oldest;
    if (!kept) aged.push(record.id);
    return kept;
  });
  return { ...page, records, aged, repeated: page.repeated + aged.length };
}
