/**
 * What an answer of the console must look like. A status that is not the one promised, a body that is not JSON, that was cut, that has
 * `errors` or lacks `data` or `pagination`: each is its own Fault, and none is ever an empty list. Faults name path, status and the
 * vendor's numeric error code; never a piece of the body.
 */
import { Fault, type FaultCode } from "../kernel/fault.ts";
import type { HttpAnswer } from "../net/http.ts";
import type { JsonValue, ListPage, SourceRecord } from "./client.ts";
import { cutListing, parseBody, parseForMerge, recordOf, type QuickCut } from "./json.ts";

/** `/sites` alone nests its rows: `data: {allSites, sites: […]}`. */
const NESTED_ROWS: Readonly<Record<string, string>> = { "/sites": "sites" };

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface VendorError {
  readonly code: number | null;
  /** "Action is not allowed to site users": the token sees sites only. */
  readonly siteUsers: boolean;
}

function vendorError(body: Buffer): VendorError {
  try {
    const parsed: unknown = body.length > 65_536 ? null : JSON.parse(body.toString("utf8"));
    const first: unknown = isObject(parsed) && Array.isArray(parsed["errors"]) ? parsed["errors"][0] : undefined;
    if (!isObject(first)) return { code: null, siteUsers: false };
    const { code, detail } = first;
    return { code: typeof code === "number" ? code : null, siteUsers: typeof detail === "string" && detail.includes("site users") };
  } catch {
    // An edge server's HTML page: the status says enough.
    return { code: null, siteUsers: false };
  }
}

/** 200, and 201 for POST. */
export function isSuccess(status: number): boolean {
  return status === 200 || status === 201;
}

/** A Fault for every status but those; `cursor` says that the request carried a page cursor. */
export function checkStatus(answer: HttpAnswer, path: string, request: { readonly cursor: boolean; readonly retryAfterMs: number | null }): void {
  const { status } = answer;
  if (isSuccess(status)) return;
  const error = vendorError(answer.body);
  const details = { path, status, vendorCode: error.code };
  const fault = (code: FaultCode, message: string, more: { readonly retryAfterMs?: number; readonly cure?: string } = {}): Fault => new Fault(code, message, { details, ...more });

  if (status === 401) throw fault("S1_TOKEN_REJECTED", "SentinelOne does not accept the token.");
  if (status === 403) {
    throw error.siteUsers
      ? new Fault("S1_FORBIDDEN", `${path} is not for tokens that see sites only.`, { details: { ...details, siteUsers: true }, cure: "Nothing to do: Vedette reads sites instead." })
      : fault("S1_FORBIDDEN", `The token may not read ${path}.`);
  }
  if (status === 404) throw fault("S1_NOT_FOUND", `${path} does not exist at this address.`);
  if (status === 400 && request.cursor) throw fault("S1_CURSOR_REFUSED", `SentinelOne no longer knows the page cursor of ${path}.`);
  if (status === 400) throw fault("S1_BAD_REQUEST", `SentinelOne refuses the request for ${path} as wrong.`);
  if (status === 429) throw fault("S1_RATE_LIMITED", "SentinelOne asks for fewer requests.", request.retryAfterMs === null ? {} : { retryAfterMs: request.retryAfterMs });
  if (status >= 300 && status < 400) throw fault("S1_UNEXPECTED_STATUS", `${path} answers with a redirect (${status}), which is never followed.`);
  if (status >= 500 && status !== 501) throw fault("S1_SERVER_ERROR", `SentinelOne answers ${status} for ${path}.`, request.retryAfterMs === null ? {} : { retryAfterMs: request.retryAfterMs });
  throw fault("S1_UNEXPECTED_STATUS", `${path} answers with status ${status}, which the API does not describe.`);
}

/** Why a body could not be parsed: it began as JSON and stops short, or never was JSON. */
function notJson(body: Buffer, path: string, cause: unknown): Fault {
  const details = { path, bytes: body.length };
  if (cause instanceof RangeError) return new Fault("S1_ANSWER_SHAPE", `The answer of ${path} is nested too deeply to read.`, { details });
  const text = body.toString("latin1", 0, 64).trimStart();
  const end = body.toString("latin1", Math.max(0, body.length - 64)).trimEnd();
  const cut = (text.startsWith("{") && !end.endsWith("}")) || (text.startsWith("[") && !end.endsWith("]"));
  if (cut) return new Fault("S1_BODY_CUT", `The answer of ${path} ended before it was complete.`, { details });
  const what = body.length === 0 ? "empty" : text.startsWith("<") ? "an HTML page" : "not JSON";
  return new Fault("S1_NOT_JSON", `The answer of ${path} is ${what}.`, { details });
}

function parsed<T>(body: Buffer, path: string, parse: (body: Buffer) => T): T {
  try {
    return parse(body);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) throw notJson(body, path, error);
    throw error;
  }
}

/** `errors` absent, null or empty is success; anything else is not. */
function checkEnvelope(envelope: unknown, path: string): Readonly<Record<string, unknown>> {
  if (!isObject(envelope)) throw shape(path, "the answer is no object");
  const { errors } = envelope;
  if (errors !== undefined && errors !== null && !(Array.isArray(errors) && errors.length === 0)) {
    const first: unknown = Array.isArray(errors) ? errors[0] : errors;
    const code = isObject(first) && typeof first["code"] === "number" ? first["code"] : null;
    throw new Fault("S1_ERRORS_IN_ANSWER", `${path} answers 200 with errors inside.`, { details: { path, vendorCode: code } });
  }
  if (envelope["data"] === undefined) throw shape(path, "it has no data");
  return envelope;
}

export function shape(path: string, what: string): Fault {
  return new Fault("S1_ANSWER_SHAPE", `The answer of ${path} is not what the API promises: ${what}.`, { details: { path } });
}

/** `data` of a single answer. */
export function readSingle(answer: HttpAnswer, path: string): JsonValue {
  const envelope = checkEnvelope(parsed(answer.body, path, parseBody), path);
  const data = envelope["data"] as JsonValue;
  if (data === null) throw shape(path, "data is null");
  return data;
}

function readPagination(envelope: Readonly<Record<string, unknown>>, path: string): { readonly nextCursor: string | null; readonly totalItems: number | null } {
  const { pagination } = envelope;
  if (!isObject(pagination)) throw shape(path, "a listing without pagination");
  const { nextCursor, totalItems } = pagination;
  if (nextCursor === undefined) throw shape(path, "pagination without nextCursor");
  if (nextCursor !== null && (typeof nextCursor !== "string" || nextCursor === "")) throw shape(path, "nextCursor is neither text nor null");
  const known = typeof totalItems === "number" && Number.isSafeInteger(totalItems) && totalItems >= 0;
  return { nextCursor, totalItems: known ? totalItems : null };
}

/** One page of a listing; records that are no objects are kept for the stream to reject by name. `quick` as in `cutListing`. */
export function readPage(body: Buffer, path: string, quick?: QuickCut): ListPage {
  const fast = parsed(body, path, () => cutListing(body, quick));
  if (fast !== null) return { records: fast.records, size: fast.records.length, ...readPagination(checkEnvelope(fast.envelope, path), path), bytes: body.length };

  const { value, exact } = parsed(body, path, parseForMerge);
  const envelope = checkEnvelope(value, path);
  const { data } = envelope;
  const nested = NESTED_ROWS[path];
  const rows: unknown = nested !== undefined && isObject(data) ? data[nested] : data;
  if (!Array.isArray(rows)) throw shape(path, "data is no list");
  const records: readonly SourceRecord[] = parsed(body, path, () => rows.map((row) => recordOf(row, exact)));
  return { records, size: records.length, ...readPagination(envelope, path), bytes: body.length };
}

/** `pagination.totalItems` of a `countOnly` answer; `data` may be anything there. */
export function readCount(answer: HttpAnswer, path: string): number | null {
  const value = parsed(answer.body, path, parseBody);
  const envelope = checkEnvelope(isObject(value) && value["data"] === null ? { ...value, data: [] } : value, path);
  const { pagination } = envelope;
  if (!isObject(pagination)) throw shape(path, "a count without pagination");
  return readTotal(pagination["totalItems"], path);
}

/** Null where nothing was counted. A number that cannot be one of records is no such answer: it would count as nothing to compare with. */
function readTotal(total: unknown, path: string): number | null {
  if (typeof total !== "number") return null;
  if (!Number.isSafeInteger(total) || total < 0) throw shape(path, "a count that is no number of records");
  return total;
}

/** `data` of a GraphQL answer, ready to be merged (see `parseForMerge`). */
export function readGraphql(answer: HttpAnswer, path: string): { readonly data: Readonly<Record<string, unknown>>; readonly exact: boolean } {
  const { value, exact } = parsed(answer.body, path, parseForMerge);
  const { data } = checkEnvelope(value, path);
  if (!isObject(data)) throw shape(path, "data is no object");
  return { data, exact };
}

export interface ConnectionPage {
  readonly nodes: readonly unknown[];
  readonly nextCursor: string | null;
  readonly totalItems: number | null;
}

/** `edges`, `pageInfo` and `totalCount` of a GraphQL connection. */
export function readConnection(data: Readonly<Record<string, unknown>>, field: string, path: string): ConnectionPage {
  const connection = data[field];
  if (!isObject(connection)) throw shape(path, `${field} is no connection`);
  const { edges, pageInfo, totalCount } = connection;
  if (!Array.isArray(edges)) throw shape(path, `${field}.edges is no list`);
  if (!isObject(pageInfo) || typeof pageInfo["hasNextPage"] !== "boolean") throw shape(path, `${field}.pageInfo does not say whether more follows`);
  const { endCursor, hasNextPage } = pageInfo;
  if (hasNextPage && (typeof endCursor !== "string" || endCursor === "")) throw shape(path, `${field}.pageInfo promises a next page without a cursor`);
  return {
    nodes: edges.map((edge: unknown) => (isObject(edge) ? edge["node"] : null)),
    nextCursor: hasNextPage && typeof endCursor === "string" ? endCursor : null,
    totalItems: readTotal(totalCount, path),
  };
}
