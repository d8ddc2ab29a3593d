/**
 * One export from the nouns to the bytes: it is spooled, checked and written whole in a private folder by a thread of its own, so that the hub answers others meanwhile,
 * and only then given out. The folder is removed whatever happens: at the end, on a fault, or when whoever asked goes away.
 */
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Fault } from "../../kernel/fault.ts";
import { privateFolder } from "../../store/private-files.ts";
import type { ThreadData, ThreadReply } from "./export-thread.ts";
import type { ExportOptions, GraphSource } from "./source.ts";
import { hasMovedOn, type Batch } from "./spool.ts";

const BATCH = 1000;
const ATTEMPTS = 3;
/** Exports being made at the same time. */
const MOST_AT_ONCE = 2;
/** Heap of a thread: what it holds does not grow with the graph. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 };
const LEFTOVER = /^export-(\d+)-/;

/** The bytes of the export. Nothing is read before the first is asked for; a Fault instead of the first where it cannot be written. */
export async function* exportBytes(source: GraphSource, parent: string, options: ExportOptions, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const leave = await enter(signal);
  try {
    privateFolder(parent);
    const folder = await mkdtemp(join(parent, `export-${String(process.pid)}-`));
    try {
      const file = await writtenAtLast(source, folder, options, signal);
      leave();
      yield* createReadStream(file, { highWaterMark: 1 << 18, ...(signal === undefined ? {} : { signal }) }) as AsyncIterable<Uint8Array>;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } finally {
    leave();
  }
}

const room = { free: MOST_AT_ONCE, waiting: [] as (() => void)[] };

/** Whoever asks for many exports waits, and the hub does not. Answers what makes room for the next, once. */
async function enter(signal: AbortSignal | undefined): Promise<() => void> {
  if (room.free > 0) room.free -= 1;
  else {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stopped = (): void => {
      room.waiting = room.waiting.filter((one) => one !== resolve);
      reject(new Fault("CANCELLED", "The export was stopped."));
    };
    room.waiting.push(resolve);
    signal?.addEventListener("abort", stopped, { once: true });
    if (signal?.aborted === true) stopped();
    await promise.finally(() => signal?.removeEventListener("abort", stopped));
  }
  let inside = true;
  return () => {
    if (!inside) return;
    inside = false;
    const next = room.waiting.shift();
    if (next === undefined) room.free += 1;
    else next();
  };
}

/** What exports left that were killed with their process, removed when a hub opens: before any of its own, and beside those of another that lives. */
export async function removeLeftoverExports(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const pid = Number(LEFTOVER.exec(name)?.[1] ?? Number.NaN);
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It may be somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The mirror is read page by page while it is written: where its parts do not fit together, they are read again. */
async function writtenAtLast(source: GraphSource, folder: string, options: ExportOptions, signal: AbortSignal | undefined): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const inner = join(folder, String(attempt));
    privateFolder(inner);
    try {
      return await written(source, { folder: inner, options }, signal);
    } catch (error) {
      if (!(error instanceof Fault) || !hasMovedOn(error) || attempt === ATTEMPTS) throw error;
      await rm(inner, { recursive: true, force: true });
    }
  }
}

async function written(source: GraphSource, data: ThreadData, signal: AbortSignal | undefined): Promise<string> {
  // Named by this file's own extension: .ts when run from source, .js when built.
  const worker = new Worker(new URL(`export-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url), { workerData: data, resourceLimits: THREAD_LIMITS });
  try {
    for await (const batch of batches(source)) await ask(worker, batch, signal);
    const reply = await ask(worker, { kind: "end" }, signal);
    if (reply.kind !== "written") throw new Fault("INTERNAL", "The thread of the export did not write its file.");
    return reply.file;
  } finally {
    await worker.terminate();
  }
}

function ask(worker: Worker, message: Batch | { readonly kind: "end" }, signal: AbortSignal | undefined): Promise<ThreadReply> {
  const { promise, resolve, reject } = Promise.withResolvers<ThreadReply>();
  const take = (reply: ThreadReply): void => {
    if (reply.kind !== "failed") resolve(reply);
    else reject(new Fault(reply.fault.code, reply.fault.message, { cure: reply.fault.cure, details: reply.fault.details }));
  };
  const lost = (cause: unknown): void => reject(new Fault("INTERNAL", "The thread of the export ended unexpectedly.", { cause, cure: "Export again; if it stays, look for memory or disk space that ran out." }));
  const stopped = (): void => reject(new Fault("CANCELLED", "The export was stopped."));
  if (signal?.aborted === true) stopped();
  worker.once("message", take).once("error", lost).once("exit", lost);
  signal?.addEventListener("abort", stopped, { once: true });
  worker.postMessage(message);
  return promise.finally(() => {
    worker.off("message", take).off("error", lost).off("exit", lost);
    signal?.removeEventListener("abort", stopped);
  });
}

/** Bindings first: what they name is then at least as new as they are. */
async function* batches(source: GraphSource): AsyncGenerator<Batch> {
  for await (const rows of inBatches(source.bindings())) yield { kind: "bindings", rows };
  for await (const rows of inBatches(source.principals())) yield { kind: "principals", rows };
  for await (const rows of inBatches(source.scopes())) yield { kind: "scopes", rows };
  for await (const rows of inBatches(source.roles())) yield { kind: "roles", rows };
}

async function* inBatches<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  let rows: T[] = [];
  for await (const item of items) {
    rows.push(item);
    if (rows.length < BATCH) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}
