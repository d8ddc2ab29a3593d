/**
 * Reads and maps large listings in a thread of its own, beside the one that writes the mirror and answers requests: with two cores a
 * first read takes about two thirds of the time, and no page holds up the API. Small pages are not worth the way there and back. The
 * thread starts with the first large page; should it die, the pages it had are read again and mapped in the main thread.
 */
import { Worker } from "node:worker_threads";
import { Fault, type FaultCode } from "../kernel/fault.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { streamOf } from "../sentinelone/streams/index.ts";
import type { MappedListing, MappedRecord, PageMapper, RejectedRecord, Value } from "../sentinelone/streams/stream.ts";

/** Below this many bytes a page is mapped where it is. */
const WORTH_SENDING = 256 * 1024;

/** Heap the thread may use: a page is a few megabytes. A page beyond it ends the thread, and is mapped in the main one. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 160 };

export interface MapRequest {
  readonly id: number;
  readonly stream: StreamId;
  readonly body: ArrayBuffer;
}

/** A mapped listing by columns: a thousand objects with the same keys would travel far slower. */
export interface PackedListing extends Pick<MappedListing, "repeated" | "nextCursor" | "totalItems" | "size" | "bytes"> {
  readonly ids: readonly string[];
  readonly versions: readonly string[];
  readonly siteIds: readonly (string | null)[];
  readonly agentIds: readonly (string | null)[];
  readonly hashes: readonly string[];
  readonly rawHashes: readonly string[];
  readonly raws: readonly string[];
  /** Of all records, one after the other. */
  readonly values: readonly Value[];
  readonly rejected: readonly RejectedRecord[];
}

export type MapReply =
  | { readonly id: number; readonly listing: PackedListing }
  | { readonly id: number; readonly fault: { readonly code: FaultCode; readonly message: string; readonly cure: string; readonly details: Fault["details"] } };

interface Waiting {
  readonly done: (listing: MappedListing) => void;
  readonly failed: (fault: Fault) => void;
}

export class ThreadedPageMapper implements PageMapper {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #next = 0;
  #lost = false;

  async map(stream: StreamId, body: Buffer): Promise<MappedListing> {
    if (body.length < WORTH_SENDING || this.#lost) return here(stream, body);
    const worker = this.#worker ?? this.#start();
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<MappedListing>();
    this.#waiting.set(id, { done: resolve, failed: reject });
    worker.ref();
    const bytes = ownBuffer(body);
    const request: MapRequest = { id, stream, body: bytes };
    worker.postMessage(request, [bytes]);
    return promise;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#fail("The page mapper was closed.");
    await worker?.terminate();
  }

  #start(): Worker {
    // Named by this file's own extension: .ts when run from source, .js when built.
    const script = new URL(`page-mapper-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
    const worker = new Worker(script, { resourceLimits: THREAD_LIMITS });
    worker.on("message", (reply: MapReply) => this.#take(reply));
    worker.on("error", () => this.#lose(worker));
    worker.on("exit", () => this.#lose(worker));
    this.#worker = worker;
    return worker;
  }

  #take(reply: MapReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    // A command that has nothing left to do must not be kept alive by an idle thread.
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ("listing" in reply) waiting?.done(unpack(reply.listing));
    else waiting?.failed(new Fault(reply.fault.code, reply.fault.message, { cure: reply.fault.cure, details: reply.fault.details }));
  }

  #lose(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    // Not started again: whatever ended it would end the next one too, page after page.
    this.#lost = true;
    this.#fail("The thread that maps pages ended unexpectedly; the page is read again.");
  }

  #fail(message: string): void {
    for (const { failed } of this.#waiting.values()) failed(new Fault("S1_BODY_CUT", message));
    this.#waiting.clear();
  }
}

function here(stream: StreamId, body: Buffer): MappedListing {
  const mapBody = streamOf(stream)?.mapBody;
  if (mapBody === undefined) throw new Fault("INTERNAL", `${stream} is no plain listing.`);
  return mapBody(body);
}

/** A buffer may be a view of a larger one, which must not be given away. */
function ownBuffer(body: Buffer): ArrayBuffer {
  const whole = body.byteOffset === 0 && body.byteLength === body.buffer.byteLength && body.buffer instanceof ArrayBuffer;
  return whole ? body.buffer : new Uint8Array(body).buffer;
}

export function pack(listing: MappedListing): PackedListing {
  const { records, rejected, repeated, nextCursor, totalItems, size, bytes } = listing;
  return {
    ids: records.map((record) => record.id),
    versions: records.map((record) => record.version),
    siteIds: records.map((record) => record.siteId),
    agentIds: records.map((record) => record.agentId),
    hashes: records.map((record) => record.hash),
    rawHashes: records.map((record) => record.rawHash),
    raws: records.map((record) => record.raw),
    values: records.flatMap((record) => record.values),
    rejected,
    repeated,
    nextCursor,
    totalItems,
    size,
    bytes,
  };
}

export function unpack(packed: PackedListing): MappedListing {
  const { ids, values, rejected, repeated, nextCursor, totalItems, size, bytes } = packed;
  const width = ids.length === 0 ? 0 : values.length / ids.length;
  const records = ids.map((id, at): MappedRecord => ({
    id,
    version: packed.versions[at] ?? "",
    siteId: packed.siteIds[at] ?? null,
    agentId: packed.agentIds[at] ?? null,
    values: values.slice(at * width, (at + 1) * width),
    hash: packed.hashes[at] ?? "",
    raw: packed.raws[at] ?? "",
    rawHash: packed.rawHashes[at] ?? "",
  }));
  return { records, rejected, repeated, nextCursor, totalItems, size, bytes };
}
