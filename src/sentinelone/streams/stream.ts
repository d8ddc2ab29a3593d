/**
 * The Stream contract: one readable SentinelOne dataset. A stream says what it needs, which columns it fills, how one record becomes a
 * row, and how to ask the console for a whole listing (a *snapshot* request) or for what changed since a source time (a *changes*
 * request). It never decides what is gone and never writes: that is the mirror's and the reader's work.
 */
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { Body, ConsoleClient, CursorPage, SourceRecord, Span } from "../client.ts";

/** `time` is RFC 3339 UTC with six fractional digits as text, so that text order is time order; `boolean` is 0 or 1. */
export type ColumnType = "text" | "integer" | "real" | "boolean" | "time" | "json";

export interface StreamColumn {
  /** snake_case of the vendor's field name. */
  readonly name: string;
  readonly type: ColumnType;
  /** The vendor's field, `threatInfo.sha1`, for the generated docs. */
  readonly source: string;
  readonly indexed: boolean;
}

export type Value = string | number | null;

/** One record as the mirror stores it. */
export interface MappedRecord {
  readonly id: string;
  /** The source's own time of last change (RFC 3339, six digits), or "" where the dataset has none. */
  readonly version: string;
  readonly siteId: string | null;
  readonly agentId: string | null;
  /** In the order of the stream's `columns`. Made anew each time: look once. */
  readonly values: readonly Value[];
  /** `values` as JSON, which is how the mirror keeps them; as bytes UTF-8, good until the page's `release`. */
  readonly valuesJson: string | Uint8Array;
  /** Hash of `values`: equal hash, nothing we use has changed. */
  readonly hash: string;
  /** The record as JSON text, integers unrounded, secrets (registration tokens) removed. */
  readonly raw: string;
  /** Hash of `raw`: tells whether anything at all has changed. */
  readonly rawHash: string;
  /** Where `raw` stands in the body it came in, as byte offsets. */
  readonly span?: Span;
  /** `raw` as UTF-8, where it is at hand: writing it so spares making text of it. Good until the page's `release`. */
  readonly rawBytes?: Uint8Array | undefined;
}

export interface RejectedRecord {
  /** As far as it could be read. */
  readonly id: string | null;
  readonly code: "RECORD_INVALID" | "RECORD_DUPLICATE";
  /** Names the field and what is wrong with it. */
  readonly reason: string;
  readonly raw: string;
}

/** A part of a snapshot that is read on its own, beside others: a site, or everything. */
export interface Partition {
  /** `all`, or `site:<id>`. */
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
}

/** How a dataset can be asked for what is new: by which time field, and how far back late records may hide. */
export interface Pass {
  readonly id: "updated" | "created" | "detected" | "reported";
  /** The mirror column that holds the pass's time. */
  readonly column: string;
  /** Read again from this far behind the watermark at every run. */
  readonly overlapMs: number;
  /**
   * Of an update time, which is set when the record becomes visible unless the console itself is late: looked back at hourly all the same, because what it tells of is
   * waited for. Where most records change all day (agents) that would read most of them.
   */
  readonly looksBack?: boolean;
  /**
   * The console filters by this time but neither sorts by it nor puts it into the records (risks): the watermark can only move when the
   * whole window has been read, to the moment the reading began. `column` is then null in most rows.
   */
  readonly unordered?: boolean;
}

export type ReadRequest =
  | { readonly kind: "snapshot"; readonly partition: Partition; readonly cursor: string | null }
  /** Ascending by the pass's time, bounds inclusive; `from` null means from the beginning, `to` null means open. */
  | { readonly kind: "changes"; readonly pass: Pass; readonly from: string | null; readonly to: string | null };

export interface Page {
  readonly records: readonly MappedRecord[];
  readonly rejected: readonly RejectedRecord[];
  /** Exact repeats inside the page, collapsed: `received = records + rejected + repeated`. */
  readonly repeated: number;
  /** SentinelOne's cursor for the next page: a convenience for resuming, never proof. Null on the last page. */
  readonly cursor: string | null;
  /** The console's own total for this request, where it says one. */
  readonly total: number | null;
  readonly state: "more" | "caught-up" | "complete";
  /** True where a listing that was followed for this page ended with fewer records than it counted; left out where it did not, or cannot be told. */
  readonly short?: boolean;
  /** Records counted by the listings that ended with this page, of a stream that has no count of the whole. */
  readonly counted?: number;
  readonly bytes: number;
  /** Frees what the page holds outside the heap; to be called once it is stored or given up. */
  readonly release?: () => void;
}

/** A listing's answer, read and mapped. */
export interface MappedListing extends CursorPage, Pick<Page, "records" | "rejected" | "repeated" | "bytes" | "release"> {}

/** Where listings are read and mapped: in this thread, or in one beside it. The body is given away. Faults are those of reading the answer. */
export interface PageMapper {
  map(stream: StreamId, body: Buffer): Promise<MappedListing>;
}

/** As the mapper, of an answer that is decoded when its turn has come. */
export interface ListingReader {
  read(stream: StreamId, body: Body): Promise<MappedListing>;
}

export interface StreamIo {
  readonly client: ConsoleClient;
  readonly signal: AbortSignal;
  /** Limits every request to part of what the token sees (accounts or sites), as query parameters. */
  readonly scopeParams: Readonly<Record<string, string>>;
  /** Rows per page; the vendor's maximum unless a test or a sick console needs less. */
  readonly limit: number;
  /** Reads listings elsewhere than in this thread, and when there is room for them. */
  readonly reader?: ListingReader;
}

export interface Stream {
  readonly id: StreamId;
  readonly title: string;
  /** `snapshot`: only full listings exist. `changes`: can also be asked for what is new. */
  readonly mode: "changes" | "snapshot";
  /** The vendor's permission ids, `Endpoints.view`. */
  readonly needs: readonly string[];
  readonly endpoint: string;
  readonly columns: readonly StreamColumn[];
  /** JSON Schema of what is read of a record: the key is required, all else may be missing, null or more than we use. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** Of records that stay in the listing when what they state is over: whether it is, by column name. A full reading of such a stream tells what the readings of changes missed. */
  readonly ended?: (row: Readonly<Record<string, Value>>) => boolean;
  readonly partitionedBy: "site" | "nothing";
  /** How many site ids one request may name: 500 on most listings, 1 on application-management. */
  readonly sitesPerRequest: number;
  readonly passes: readonly Pass[];
  /** True where a changes pass also sees every kind of change (so that snapshots serve deletions only). */
  readonly passesSeeEveryChange: boolean;
  /** Defaults for the schedule, in milliseconds. */
  readonly everyMs: number;
  readonly proofEveryMs: number;
  /** How the mirror ages rows out, or null to keep all. */
  readonly retentionColumn: string | null;
  read(request: ReadRequest, io: StreamIo): AsyncIterable<Page>;
  /** Reads and maps the bytes of one answer; only streams that are one plain listing have it. */
  readonly mapBody?: (body: Buffer) => MappedListing;
  /** True where a page's total is the number that `count` of the same partition would have given at that moment. */
  readonly pagesAreCounted?: boolean;
  /** The console's own number of records for a partition (or all), asked without reading them; null where it has none. */
  count(partition: Partition, io: StreamIo): Promise<number | null>;
  /** The newest value of a pass's time at the source right now (one request, descending, limit 1); null where there is no record. */
  latest(pass: Pass, io: StreamIo): Promise<string | null>;
  /** One record as a row, or why not: what `read` does to every record, for replaying parked ones. */
  map(record: SourceRecord): MappedRecord | RejectedRecord;
  /** Cheapest request that proves the permission; a Fault says why not. */
  probe(io: StreamIo): Promise<void>;
}
