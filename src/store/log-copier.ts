/**
 * Copies SQLite's log into the database in a thread, ahead of the engine, which would do it all at once inside whichever commit finds the log long: a second and more of a
 * 256 MiB log in which nobody is answered and no page is read. What the thread leaves, or all of it should the thread die, the engine copies as before.
 */
import { Worker } from "node:worker_threads";
import type { SqliteConnection } from "./sqlite-connection.ts";
import { PAGE_SIZE } from "./sqlite-settings.ts";

/** Bytes of the log not copied yet at which the thread is told. */
const WORTH_COPYING = 64 * 1024 * 1024;
/** Heap of a thread that runs one statement. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 12 };

export class LogCopier {
  readonly #file: string;
  readonly #worthPages: number;
  #worker: Worker | null = null;
  #copying = false;
  #lost = false;

  constructor(file: string, worthBytes = WORTH_COPYING) {
    this.#file = file;
    this.#worthPages = worthBytes / PAGE_SIZE;
  }

  /** To be called after a commit of `writer`; costs it no more than a look at the log, and never fails. */
  committed(writer: Pick<SqliteConnection, "log">): void {
    if (this.#copying || this.#lost) return;
    try {
      const { log, copied } = writer.log();
      if (log - copied < this.#worthPages) return;
      this.#worker ??= this.#start();
      this.#copying = true;
      this.#worker.postMessage("copy");
    } catch {
      // What was committed is kept: an error here would tell its writer otherwise. The engine copies, as it does without a thread.
      this.#lost = true;
    }
  }

  /** Its connection is closed when this resolves. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#lost = true;
    if (worker === null) return;
    // It ends for whatever reason there may be, not only when it was told.
    const { promise, resolve } = Promise.withResolvers<undefined>();
    worker.once("exit", () => resolve(undefined));
    worker.ref();
    worker.postMessage("close");
    await promise;
  }

  #start(): Worker {
    // Named by this file's own extension: .ts when run from source, .js when built.
    const worker = new Worker(new URL(`log-copier-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url), { workerData: this.#file, resourceLimits: THREAD_LIMITS });
    worker.on("message", () => (this.#copying = false));
    // Not started again: whatever ended it would end the next one too.
    worker.on("error", () => (this.#lost = true));
    worker.on("exit", () => {
      this.#lost = true;
      this.#worker = null;
    });
    worker.unref();
    return worker;
  }
}
