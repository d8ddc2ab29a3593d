/**
 * Reads and maps large listings in a thread of its own, beside the one that writes the mirror and answers requests: a first
 * read is about a fifth shorter on two shared cores, and parsing a page does not hold up the API. Small pages are not worth the way there and back. The
 * thread starts with the first large page; should it die, the pages it had are read again and mapped in the main thread.
 */
import { isUtf8 } from "node:buffer";
import { Worker, type ResourceLimits } from "node:worker_threads";
import { Fault, type FaultCode } from "../kernel/fault.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { streamOf } from "../sentinelone/streams/index.ts";
import type { MappedListing, MappedRecord, PageMapper, RejectedRecord, Value } from "../sentinelone/streams/stream.ts";

/** Below this many bytes a page is mapped where it is. */
const WORTH_SENDING = 256 * 1024;

/** Heap the thread may use: a page is a few megabytes. A page beyond it ends the thread, and is mapped in the main one. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

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
  /** The records' text: where it stands in `body`, two numbers a record, or (-1) in `texts`. */
  readonly spans: Int32Array<ArrayBuffer>;
  readonly texts: ReadonlyMap<number, string>;
  readonly body: ArrayBuffer;
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
  readonly #limits: ResourceLimits;

  constructor(limits: ResourceLimits = THREAD_LIMITS) {
    this.#limits = limits;
  }

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
    const worker = new Worker(script, { resourceLimits: this.#limits });
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

/** `body` is what the listing was read from; it travels along, because the records' text stands in it. */
export function pack(listing: MappedListing, body: ArrayBuffer): PackedListing {
  const { records, rejected, repeated, nextCursor, totalItems, size, bytes } = listing;
  const spans = new Int32Array(records.length * 2).fill(-1);
  const texts = new Map<number, string>();
  // What is not UTF-8 was mended when it became text; its bytes would not be what was read.
  const asBytes = isUtf8(new Uint8Array(body));
  for (const [at, { span, raw }] of records.entries()) {
    if (asBytes && span !== undefined) spans.set(span, at * 2);
    else texts.set(at, raw);
  }
  return {
    spans,
    texts,
    body,
    ids: records.map((record) => record.id),
    versions: records.map((record) => record.version),
    siteIds: records.map((record) => record.siteId),
    agentIds: records.map((record) => record.agentId),
    hashes: records.map((record) => record.hash),
    rawHashes: records.map((record) => record.rawHash),
    values: records.flatMap((record) => record.values),
    rejected,
    repeated,
    nextCursor,
    totalItems,
    size,
    bytes,
  };
}

/** A record whose text and values are made when somebody asks for them: what waits to be written should be little and plain. */
class SentRecord implements MappedRecord {
  readonly id: string;
  readonly version: string;
  readonly siteId: string | null;
  readonly agentId: string | null;
  readonly hash: string;
  readonly rawHash: string;
  readonly rawBytes?: Uint8Array;
  readonly #text: string;
  readonly #values: readonly Value[];
  readonly #from: number;
  readonly #width: number;

  constructor(packed: PackedListing, at: number, width: number, body: Buffer) {
    this.id = packed.ids[at] ?? "";
    this.version = packed.versions[at] ?? "";
    this.siteId = packed.siteIds[at] ?? null;
    this.agentId = packed.agentIds[at] ?? null;
    this.#values = packed.values;
    this.#from = at * width;
    this.#width = width;
    this.hash = packed.hashes[at] ?? "";
    this.rawHash = packed.rawHashes[at] ?? "";
    this.#text = packed.texts.get(at) ?? "";
    const start = packed.spans[at * 2] ?? -1;
    if (start >= 0) this.rawBytes = body.subarray(start, packed.spans[at * 2 + 1]);
  }

  /** Made anew each time: look once. */
  get values(): readonly Value[] {
    return this.#values.slice(this.#from, this.#from + this.#width);
  }

  get raw(): string {
    return this.rawBytes === undefined ? this.#text : Buffer.from(this.rawBytes.buffer, this.rawBytes.byteOffset, this.rawBytes.byteLength).toString("utf8");
  }
}

export function unpack(packed: PackedListing): MappedListing {
  const { ids, values, rejected, repeated, nextCursor, totalItems, size, bytes } = packed;
  const width = ids.length === 0 ? 0 : values.length / ids.length;
  const body = Buffer.from(packed.body);
  const records = ids.map((_, at) => new SentRecord(packed, at, width, body));
  // Megabytes outside the heap, of which the collector would let many pile up.
  const release = (): void => void packed.body.transfer(0);
  return { records, rejected, repeated, nextCursor, totalItems, size, bytes, release };
}
