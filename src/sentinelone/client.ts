/**
 * What streams and `verify` may ask of one console. Implemented over `net/` with the console's rate budget, retries and the ten hard
 * rules of the API; every answer that is not exactly what the API promises is a Fault.
 */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** One listed record: parsed (integers beyond 2^53 as strings) and as its own JSON text (integers unrounded). */
export interface SourceRecord {
  readonly value: JsonObject;
  readonly raw: string;
}

export interface ListPage {
  readonly records: readonly SourceRecord[];
  readonly nextCursor: string | null;
  readonly totalItems: number | null;
  readonly bytes: number;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

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
  list(path: string, query: Query, options: { readonly limit: number; readonly from?: string | null; readonly signal: AbortSignal }): AsyncIterable<ListPage>;
  /** `pagination.totalItems` of the same listing, by `countOnly=true`. */
  count(path: string, query: Query, signal?: AbortSignal): Promise<number | null>;
  /** `data` of one GraphQL answer; `errors` in it are a Fault. */
  graphql(operation: { readonly query: string; readonly operationName: string; readonly variables: Readonly<Record<string, unknown>> }, signal?: AbortSignal): Promise<JsonObject>;
  close(): Promise<void>;
}
