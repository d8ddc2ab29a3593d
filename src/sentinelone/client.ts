/**
 * What streams and `verify` may ask of one console. Implemented over `net/` with the console's rate budget, retries and the ten hard
 * rules of the API; every answer that is not exactly what the API promises is a Fault.
 */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** One listed record: parsed (integers beyond 2^53 as strings) and as its own JSON text (integers unrounded). Both may be made when they are read. */
export interface SourceRecord {
  readonly value: JsonObject;
  readonly raw: string;
  /** `raw` as UTF-8, where it was cut out of a body. */
  readonly bytes?: Uint8Array;
  /** Where `raw` stands in the body it came in, as byte offsets, where it was cut out of one. */
  readonly span?: Span;
}

export type Span = readonly [start: number, end: number];

/** What the pager must know of a page, whatever became of its records. */
export interface CursorPage {
  readonly nextCursor: string | null;
  readonly totalItems: number | null;
  /** Records the console sent. */
  readonly size: number;
  /** Frees what the page holds outside the heap; whoever is given the page calls it. */
  readonly release?: () => void;
}

export interface ListPage extends CursorPage {
  readonly records: readonly SourceRecord[];
  readonly bytes: number;
}

/** A GraphQL query whose answer holds one connection (`edges`, `pageInfo`, `totalCount`) under `field`. */
export interface ConnectionOperation {
  readonly query: string;
  readonly operationName: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly field: string;
  /** A query taking `$ids` that answers a list of `{ [idKey], [valueKey] }` under `field`. */
  readonly details?: {
    readonly query: string;
    readonly operationName: string;
    readonly field: string;
    readonly idKey: string;
    readonly valueKey: string;
    readonly into: string;
    readonly batch: number;
  };
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ListOptions {
  readonly limit: number;
  readonly from?: string | null;
  readonly signal: AbortSignal;
}

/** The bytes of an answer that has come, decoded when asked for: until then it takes a tenth of the room. */
export type Body = () => Promise<Buffer>;

export interface ConsoleClient {
  /** `https://usea1-011.sentinelone.net` */
  readonly origin: string;
  /** Requests sent so far, retries included. */
  readonly requests: number;
  /** The console's clock now, from the last answer's Date header and the time since; null before the first answer. Milliseconds. */
  readonly serverTime: number | null;
  /** One object under `data` (or `data` as it stands). */
  get(path: string, query?: Query, signal?: AbortSignal): Promise<JsonValue>;
  post(path: string, body: JsonValue, signal?: AbortSignal): Promise<JsonValue>;
  /** Pages of a REST listing, `path` below `/web/api/v2.1`; `from` resumes at a cursor. The next page is fetched while the last is used. */
  list(path: string, query: Query, options: ListOptions): AsyncIterable<ListPage>;
  /** As `list`, with pages made by `read` of each answer; a Fault it throws is treated as one of the answer. */
  listWith<P extends CursorPage>(path: string, query: Query, options: ListOptions, read: (body: Body, path: string) => P | Promise<P>): AsyncIterable<P>;
  /** One page of a listing and no more; `query` says which and how large. */
  page(path: string, query: Query, signal?: AbortSignal): Promise<ListPage>;
  /** `pagination.totalItems` of the same listing, by `countOnly=true`. */
  count(path: string, query: Query, signal?: AbortSignal): Promise<number | null>;
  /**
   * Pages of a GraphQL connection (`first`, `after` are added to the variables), under the same protections as `list`. With `details`,
   * each page's nodes are completed in batches, and a node's `value` and `raw` hold the detail under `details.into`.
   */
  connection(operation: ConnectionOperation, options: { readonly limit: number; readonly from?: string | null; readonly signal: AbortSignal; /** False where only the first page is wanted. */ readonly prefetch?: boolean }): AsyncIterable<ListPage>;
  /** `data` of one GraphQL answer; `errors` in it are a Fault. */
  graphql(operation: { readonly query: string; readonly operationName: string; readonly variables: Readonly<Record<string, unknown>> }, signal?: AbortSignal): Promise<JsonObject>;
  /** The same console through the same connections and budget, counting its own requests. */
  share(): ConsoleClient;
  /** Ends the connections, for every client that shares them. */
  close(): Promise<void>;
}
