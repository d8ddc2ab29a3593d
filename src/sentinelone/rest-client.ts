/**
 * The client of one console: REST and GraphQL below `/web/api/v2.1`, reading only. Every request waits for its turn in the console's rate
 * budget, is tried again where time may help, and its answer is checked before anything is made of it. POST is used for queries alone
 * (GraphQL, token details), which is why it may be repeated too.
 * The scheme is `ApiToken` on both surfaces: it is the one documented, and the GraphQL surface takes it in production.
 */
import type { Clock } from "../kernel/clock.ts";
import { asFault, Fault } from "../kernel/fault.ts";
import type { Log } from "../kernel/log.ts";
import type { Secret } from "../kernel/secret.ts";
import { parseRetryAfter, type Budget } from "../net/budget.ts";
import { createHttpClient, type EncodedAnswer, type HttpAnswer, type HttpClient } from "../net/http.ts";
import type { AllowedHost, Resolve } from "../net/policy.ts";
import type { Environment } from "../net/proxy.ts";
import { DEFAULT_RETRY, isTransient, withRetry, type RetryPolicy } from "../net/retry.ts";
import { checkStatus, isObject, isSuccess, readConnection, readCount, readGraphql, readPage, readSingle, shape } from "./answers.ts";
import type { Body, ConnectionOperation, ConsoleClient, CursorPage, JsonObject, ListOptions, ListPage, Query, SourceRecord } from "./client.ts";
import { recordOf } from "./json.ts";
import { pages } from "./pager.ts";

export const API_BASE = "/web/api/v2.1";
const GRAPHQL = "/unifiedalerts/graphql";

export interface ConsoleClientOptions {
  /** From `parseConsoleUrl`. */
  readonly origin: string;
  readonly token: Secret;
  /** Shared by every client of the same console. */
  readonly budget: Budget;
  readonly clock: Clock;
  readonly log: Log;
  readonly allowedHosts: readonly AllowedHost[];
  /** `vedette/0.1.0` */
  readonly userAgent: string;
  readonly retry?: RetryPolicy;
  /** Source of jitter, [0, 1). */
  readonly random?: () => number;
  readonly resolve?: Resolve;
  readonly env?: Environment;
  readonly connections?: number;
  readonly maxBodyBytes?: number;
  readonly headersTimeoutMs?: number;
  readonly bodyTimeoutMs?: number;
}

interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: string;
  readonly signal: AbortSignal | undefined;
}

function queryText(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) params.append(name, String(value));
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

function definedOptions(options: ConsoleClientOptions): Partial<Pick<ConsoleClientOptions, "resolve" | "env" | "connections" | "maxBodyBytes" | "headersTimeoutMs" | "bodyTimeoutMs">> {
  return {
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.connections === undefined ? {} : { connections: options.connections }),
    ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
    ...(options.headersTimeoutMs === undefined ? {} : { headersTimeoutMs: options.headersTimeoutMs }),
    ...(options.bodyTimeoutMs === undefined ? {} : { bodyTimeoutMs: options.bodyTimeoutMs }),
  };
}

/**
 * GraphQL has no status for a cursor it no longer knows, only `errors` in words. With a cursor in the request they count as REST's 400 does: the
 * listing begins again, and where the trouble is another one its first page says so. Otherwise a forgotten cursor would be asked with for ever.
 */
function asCursorRefused(error: unknown, operationName: string): unknown {
  if (!(error instanceof Fault) || error.code !== "S1_ERRORS_IN_ANSWER") return error;
  return new Fault("S1_CURSOR_REFUSED", `SentinelOne no longer knows the page cursor of ${operationName}.`, { details: error.details });
}

class RestClient implements ConsoleClient {
  readonly origin: string;
  readonly #options: ConsoleClientOptions;
  readonly #http: HttpClient;
  #requests = 0;
  /** The console's clock minus ours. */
  #clockAheadMs: number | null = null;

  constructor(options: ConsoleClientOptions, http?: HttpClient) {
    this.origin = options.origin;
    this.#options = options;
    this.#http = http ?? createHttpClient({ origin: options.origin, allowedHosts: options.allowedHosts, ...definedOptions(options) });
  }

  share(): ConsoleClient {
    return new RestClient(this.#options, this.#http);
  }

  get requests(): number {
    return this.#requests;
  }

  get serverTime(): number | null {
    return this.#clockAheadMs === null ? null : this.#options.clock.now() + this.#clockAheadMs;
  }

  async get(path: string, query?: Query, signal?: AbortSignal): ReturnType<ConsoleClient["get"]> {
    return this.#call({ method: "GET", path, query, signal }, readSingle);
  }

  async post(path: string, body: unknown, signal?: AbortSignal): ReturnType<ConsoleClient["post"]> {
    return this.#call({ method: "POST", path, body: JSON.stringify(body), signal }, readSingle);
  }

  async count(path: string, query: Query, signal?: AbortSignal): Promise<number | null> {
    return this.#call({ method: "GET", path, query: { ...query, countOnly: true }, signal }, readCount);
  }

  async page(path: string, query: Query, signal?: AbortSignal): Promise<ListPage> {
    return this.#call({ method: "GET", path, query, signal }, (answer) => readPage(answer.body, path));
  }

  list(path: string, query: Query, options: ListOptions): AsyncIterable<ListPage> {
    return this.listWith(path, query, options, async (body) => readPage(await body(), path));
  }

  listWith<P extends CursorPage>(path: string, query: Query, options: ListOptions, read: (body: Body, path: string) => P | Promise<P>): AsyncIterable<P> {
    return pages({
      path,
      limit: options.limit,
      from: options.from ?? null,
      signal: options.signal,
      fetch: async (cursor, signal) => {
        const call: Call = { method: "GET", path, query: { ...query, limit: options.limit, ...(cursor === null ? {} : { cursor }) }, signal };
        const answer = await this.#exchange(call, (given) => given);
        return () => this.#readOrAskAgain(call, answer, read);
      },
    });
  }

  /** An answer that cannot be read is asked for again, with the retries of any other trouble. */
  async #readOrAskAgain<P>(call: Call, answer: EncodedAnswer, read: (body: Body, path: string) => P | Promise<P>): Promise<P> {
    const readOne = (one: EncodedAnswer): P | Promise<P> => read(async () => (await one.decode()).body, call.path);
    try {
      return await readOne(answer);
    } catch (error) {
      if (!isTransient(asFault(error))) throw error;
      return this.#exchange(call, readOne, { triesSpent: 1 });
    }
  }

  async graphql(operation: Parameters<ConsoleClient["graphql"]>[0], signal?: AbortSignal): Promise<JsonObject> {
    const { data, exact } = await this.#graphql(operation, signal, false);
    return recordOf(data, exact).value;
  }

  connection(operation: ConnectionOperation, options: Parameters<ConsoleClient["connection"]>[1]): AsyncIterable<ListPage> {
    return pages({
      path: operation.operationName,
      limit: options.limit,
      from: options.from ?? null,
      signal: options.signal,
      prefetch: options.prefetch ?? true,
      fetch: async (cursor, signal) => {
        const page = await this.#connectionPage(operation, cursor, options.limit, signal);
        return () => page;
      },
    });
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  async #connectionPage(operation: ConnectionOperation, cursor: string | null, limit: number, signal: AbortSignal): Promise<ListPage> {
    const variables = { ...operation.variables, first: limit, after: cursor };
    const { data, exact, bytes } = await this.#graphql({ ...operation, variables }, signal, cursor !== null);
    const page = readConnection(data, operation.field, operation.operationName);
    const details = await this.#details(operation.details, page.nodes, signal);
    const records = page.nodes.map((node): SourceRecord => {
      const into = operation.details?.into;
      if (into === undefined || !isObject(node)) return recordOf(node, exact);
      const detail = details.byId.get(node["id"]);
      return recordOf({ ...node, [into]: detail ?? null }, exact || details.exact);
    });
    return { records, size: records.length, nextCursor: page.nextCursor, totalItems: page.totalItems, bytes: bytes + details.bytes };
  }

  /** Details of all nodes of a page, a batch of ids a request. */
  async #details(wanted: ConnectionOperation["details"], nodes: readonly unknown[], signal: AbortSignal): Promise<{ readonly byId: Map<unknown, unknown>; readonly exact: boolean; readonly bytes: number }> {
    const byId = new Map<unknown, unknown>();
    let anyExact = false;
    let allBytes = 0;
    if (wanted === undefined) return { byId, exact: anyExact, bytes: allBytes };
    const ids = [...new Set(nodes.map((node) => (isObject(node) ? node["id"] : undefined)).filter((id) => typeof id === "string" && id !== ""))];
    for (let at = 0; at < ids.length; at += wanted.batch) {
      const { data, exact, bytes } = await this.#graphql({ ...wanted, variables: { ids: ids.slice(at, at + wanted.batch) } }, signal, false);
      const rows = data[wanted.field];
      if (!Array.isArray(rows)) throw shape(wanted.operationName, `${wanted.field} is no list`);
      for (const row of rows as readonly unknown[]) if (isObject(row)) byId.set(row[wanted.idKey], row[wanted.valueKey]);
      anyExact ||= exact;
      allBytes += bytes;
    }
    return { byId, exact: anyExact, bytes: allBytes };
  }

  async #graphql(
    operation: { readonly query: string; readonly operationName: string; readonly variables: Readonly<Record<string, unknown>> },
    signal: AbortSignal | undefined,
    cursor: boolean,
  ): Promise<{ readonly data: Readonly<Record<string, unknown>>; readonly exact: boolean; readonly bytes: number }> {
    const { query, operationName, variables } = operation;
    const call: Call = { method: "POST", path: GRAPHQL, body: JSON.stringify({ query, operationName, variables }), signal };
    return this.#call(
      call,
      (answer) => {
        try {
          return { ...readGraphql(answer, operationName), bytes: answer.body.length };
        } catch (error) {
          throw cursor ? asCursorRefused(error, operationName) : error;
        }
      },
      { cursor },
    );
  }

  async #call<T>(call: Call, read: (answer: HttpAnswer, path: string) => T | Promise<T>, how: { readonly cursor?: boolean } = {}): Promise<T> {
    return this.#exchange(call, async (answer) => read(await answer.decode(), call.path), how);
  }

  /** One request with its retries; `read` makes the value of an answer that has passed the status check, and may refuse it too. */
  async #exchange<T>(call: Call, read: (answer: EncodedAnswer) => T | Promise<T>, how: { readonly cursor?: boolean; readonly triesSpent?: number } = {}): Promise<T> {
    const { clock, log, random, retry = DEFAULT_RETRY } = this.#options;
    const cursor = how.cursor ?? call.query?.["cursor"] !== undefined;
    return withRetry(
      async () => {
        const { answer, retryAfterMs } = await this.#send(call);
        if (!isSuccess(answer.status)) checkStatus(await answer.decode(), call.path, { cursor, retryAfterMs });
        return read(answer);
      },
      {
        clock,
        signal: call.signal,
        ...(random === undefined ? {} : { random }),
        policy: { ...retry, attempts: Math.max(1, retry.attempts - (how.triesSpent ?? 0)) },
        onRetry: (fault, attempt, delayMs) => log.warn("sentinelone.retry", { path: call.path, code: fault.code, attempt, delayMs }),
      },
    );
  }

  async #send(call: Call): Promise<{ readonly answer: EncodedAnswer; readonly retryAfterMs: number | null }> {
    const { budget, clock, token, userAgent } = this.#options;
    if (!call.path.startsWith("/")) throw new Fault("INTERNAL", "An API path has to begin with a slash.");
    const permit = await budget.acquire(call.path, call.signal);
    this.#requests += 1;
    try {
      const answer = await this.#http.requestEncoded({
        method: call.method,
        path: `${API_BASE}${call.path}${queryText(call.query)}`,
        headers: {
          accept: "application/json",
          authorization: `ApiToken ${token.reveal()}`,
          "user-agent": userAgent,
          ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(call.body === undefined ? {} : { body: call.body }),
        signal: call.signal,
      });
      const date = Date.parse(answer.headers["date"] ?? "");
      if (!Number.isNaN(date)) this.#clockAheadMs = date - clock.now();
      const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], clock.now());
      permit.settle(answer.status === 429 ? "throttled" : answer.status >= 500 ? "failed" : "answered", retryAfterMs);
      return { answer, retryAfterMs };
    } finally {
      permit.settle("failed");
    }
  }
}

export function createConsoleClient(options: ConsoleClientOptions): ConsoleClient {
  return new RestClient(options);
}
