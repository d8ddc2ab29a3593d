/**
 * Reads and maps large listings in a thread of its own, beside the one that writes the mirror and answers requests: a first
 * read is about a fifth shorter on two shared cores, and parsing a page does not hold up the API. Small pages are not worth the way there and back. The
 * thread starts with the first large page and ends when none has come for a while, which gives its heap back; should it die, the pages it had
 * are read again and mapped in the main thread.
 */
import { Worker, type ResourceLimits } from "node:worker_threads";
import { Fault, type FaultCode } from "../kernel/fault.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { streamOf } from "../sentinelone/streams/index.ts";
import type { MappedListing, MappedRecord, PageMapper, RejectedRecord, Value } from "../sentinelone/streams/stream.ts";

const encoder = new TextEncoder();

/** Below this many bytes a page is mapped where it is. */
const WORTH_SENDING = 256 * 1024;

/** Heap the thread may use: a page is a few megabytes. A page beyond it ends the thread, and is mapped in the main one. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 };

/** A thread that had nothing to do for this long (milliseconds) ends; the next large page starts another, which takes about 0.1 s. */
const IDLE_MS = 3_000;

export interface MapRequest {
  readonly id: number;
  readonly stream: StreamId;
  readonly body: ArrayBuffer;
  /** Bytes of `body` that are the answer. */
  readonly length: number;
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
  /** `valuesJson` of all records, one after the other, and where each ends. */
  readonly values: Uint8Array<ArrayBuffer>;
  readonly ends: Int32Array<ArrayBuffer>;
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
  #idle: NodeJS.Timeout | null = null;
  readonly #limits: ResourceLimits;
  readonly #idleMs: number;

  constructor(limits: ResourceLimits = THREAD_LIMITS, idleMs = IDLE_MS) {
    this.#limits = limits;
    this.#idleMs = idleMs;
  }

  /** Whether the thread runs, for whoever counts threads. */
  get running(): boolean {
    return this.#worker !== null;
  }

  async map(stream: StreamId, body: Buffer): Promise<MappedListing> {
    if (body.length < WORTH_SENDING || this.#lost) return here(stream, body);
    clearTimeout(this.#idle ?? undefined);
    const worker = this.#worker ?? this.#start();
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<MappedListing>();
    this.#waiting.set(id, { done: resolve, failed: reject });
    worker.ref();
    const bytes = ownBuffer(body);
    const request: MapRequest = { id, stream, body: bytes, length: body.length };
    worker.postMessage(request, [bytes]);
    return promise;
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle ?? undefined);
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
    if (this.#waiting.size === 0) {
      this.#worker?.unref();
      this.#idle = setTimeout(() => this.#rest(), this.#idleMs).unref();
    }
    if ("listing" in reply) waiting?.done(unpack(reply.listing));
    else waiting?.failed(new Fault(reply.fault.code, reply.fault.message, { cure: reply.fault.cure, details: reply.fault.details }));
  }

  #rest(): void {
    const worker = this.#worker;
    if (this.#waiting.size > 0 || worker === null) return;
    this.#worker = null;
    void worker.terminate();
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

/** What a decoder may leave over at the end of what it made. */
const SLACK = 64;

/** A buffer may be a view of a larger one, which must not be given away. */
function ownBuffer(body: Buffer): ArrayBuffer {
  const whole = body.byteOffset === 0 && body.buffer.byteLength - body.byteLength <= SLACK && body.buffer instanceof ArrayBuffer;
  return whole ? body.buffer : new Uint8Array(body).buffer;
}

/** `body` is what the listing was read from; it travels along, because the records' text stands in it. */
export function pack(listing: MappedListing, body: ArrayBuffer): PackedListing {
  const { records, rejected, repeated, nextCursor, totalItems, size, bytes } = listing;
  const spans = new Int32Array(records.length * 2).fill(-1);
  const texts = new Map<number, string>();
  for (const [at, record] of records.entries()) {
    const { span, rawBytes } = record;
    // What is not UTF-8 was mended when it became text; its bytes would not be what was read.
    if (rawBytes !== undefined && span !== undefined) spans.set(span, at * 2);
    else texts.set(at, record.raw);
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
    ...packValues(records),
    rejected,
    repeated,
    nextCursor,
    totalItems,
    size,
    bytes,
  };
}

function packValues(records: readonly MappedRecord[]): Pick<PackedListing, "values" | "ends"> {
  const ends = new Int32Array(records.length);
  const texts = records.map(({ valuesJson }) => valuesJson);
  const values = new Uint8Array(texts.reduce((bytes, text) => bytes + (typeof text === "string" ? text.length * 3 : text.length), 0));
  let end = 0;
  for (const [at, text] of texts.entries()) {
    if (typeof text === "string") end += encoder.encodeInto(text, values.subarray(end)).written;
    else {
      values.set(text, end);
      end += text.length;
    }
    ends[at] = end;
  }
  return { values: values.slice(0, end), ends };
}

/** A listing as it came, and the bytes that its records share. */
interface Sheet {
  readonly packed: PackedListing;
  readonly body: Buffer;
  readonly values: Buffer;
}

/**
 * A record that is no more than its place in the listing: everything else is made when somebody asks for it. Thousands wait to be written, and what waits long
 * the collector moves and marks again and again.
 */
class SentRecord implements MappedRecord {
  readonly #sheet: Sheet;
  readonly #at: number;

  constructor(sheet: Sheet, at: number) {
    this.#sheet = sheet;
    this.#at = at;
  }

  get id(): string {
    return this.#sheet.packed.ids[this.#at] ?? "";
  }

  get version(): string {
    return this.#sheet.packed.versions[this.#at] ?? "";
  }

  get siteId(): string | null {
    return this.#sheet.packed.siteIds[this.#at] ?? null;
  }

  get agentId(): string | null {
    return this.#sheet.packed.agentIds[this.#at] ?? null;
  }

  get hash(): string {
    return this.#sheet.packed.hashes[this.#at] ?? "";
  }

  get rawHash(): string {
    return this.#sheet.packed.rawHashes[this.#at] ?? "";
  }

  get valuesJson(): Buffer {
    const { ends } = this.#sheet.packed;
    return this.#sheet.values.subarray(this.#at === 0 ? 0 : ends[this.#at - 1], ends[this.#at]);
  }

  /** Made anew each time: look once. */
  get values(): readonly Value[] {
    return JSON.parse(this.valuesJson.toString("utf8")) as readonly Value[];
  }

  get rawBytes(): Uint8Array | undefined {
    const { packed, body } = this.#sheet;
    const start = packed.spans[this.#at * 2] ?? -1;
    if (start < 0) return undefined;
    // Of a page that was released nothing is left to make a part of.
    return body.length === 0 ? body : body.subarray(start, packed.spans[this.#at * 2 + 1]);
  }

  get raw(): string {
    const { packed, body } = this.#sheet;
    const start = packed.spans[this.#at * 2] ?? -1;
    return start < 0 ? (packed.texts.get(this.#at) ?? "") : body.toString("utf8", start, packed.spans[this.#at * 2 + 1]);
  }
}

export function unpack(packed: PackedListing): MappedListing {
  const { ids, rejected, repeated, nextCursor, totalItems, size, bytes } = packed;
  const sheet: Sheet = { packed, body: Buffer.from(packed.body), values: Buffer.from(packed.values.buffer) };
  const records = ids.map((_, at) => new SentRecord(sheet, at));
  // Megabytes outside the heap, of which the collector would let many pile up.
  const release = (): void => {
    packed.body.transfer(0);
    packed.values.buffer.transfer(0);
  };
  return { records, rejected, repeated, nextCursor, totalItems, size, bytes, release };
}
