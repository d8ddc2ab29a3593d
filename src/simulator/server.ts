/**
 * The HTTP side of the console: reads a request, lets faults strike, answers through REST, GraphQL or the control API, and sends
 * with or without gzip. It promises that nothing a client sends ends the process: what fails inside is the vendor's 500.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Control } from "./control.ts";
import { ApiError, errorAnswer, htmlAnswer, reasonOf, serverError, unauthorised, type Answer } from "./errors.ts";
import { distort, isEndlessCursor } from "./fault-bodies.ts";
import { withheld } from "./fault-visibility.ts";
import type { Fault, FaultBook, Strike } from "./faults.ts";
import type { AlertGraph } from "./graphql/engine.ts";
import { RateLimits } from "./rate-limits.ts";
import { isRecord } from "./record.ts";
import type { RequestLog } from "./requests.ts";
import { parseParams } from "./rest/filters.ts";
import { answerRest, type RestConsole } from "./rest/handlers.ts";
import type { Caller } from "./tokens.ts";

const compress = promisify(gzip);

const API = "/web/api/v2.1";
const GRAPHQL = "/unifiedalerts/graphql";
const MOST_BODY = 4 * 1024 * 1024;
/** Smaller answers are not worth compressing. */
const LEAST_GZIP = 1024;

export interface ServerParts {
  readonly console: RestConsole;
  readonly graph: AlertGraph;
  readonly control: Control;
  readonly faults: FaultBook;
  readonly requests: RequestLog;
  readonly latencyMs: number;
  readonly rateLimits: "off" | "vendor";
}

export function makeServer(parts: ServerParts): Server {
  const limits = parts.rateLimits === "vendor" ? new RateLimits() : undefined;
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    handle(parts, limits, request, response).catch(() => {
      // The client went away, or the answer could not be written: nobody is left to tell.
      response.destroy();
    });
  });
  return server;
}

interface Incoming {
  readonly method: string;
  readonly url: URL;
  /** Without `/web/api/v2.1` and without a trailing slash. */
  readonly path: string;
  readonly body: unknown;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY) throw new ApiError(413, 4_130_010, "Payload Too Large", null);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    throw new ApiError(400, 4_000_040, "Bad Request", "Invalid JSON body.");
  }
}

async function handle(parts: ServerParts, limits: RateLimits | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(request.url ?? "/", "http://console.invalid") ?? new URL("http://console.invalid/");
  if (url.pathname.startsWith("/_simulator/")) {
    await parts.control.handle(request, response, url, () => readBody(request));
    return;
  }
  parts.requests.begin(url.pathname);
  let status = 0;
  try {
    status = await answerStruck(parts, limits, request, response, url);
  } finally {
    parts.requests.end(status);
  }
}

function apiPath(pathname: string): string {
  return pathname.startsWith(`${API}/`) ? pathname.slice(API.length).replace(/\/+$/u, "") : pathname;
}

function cursorOf(url: URL, body: unknown): string {
  const variables = isRecord(body) && isRecord(body["variables"]) ? body["variables"] : {};
  const after = variables["after"];
  return url.searchParams.get("cursor") ?? (typeof after === "string" ? after : "");
}

function has<Kind extends Fault["kind"]>(strikes: readonly Strike[], kind: Kind): Extract<Fault, { kind: Kind }> | undefined {
  return strikes.find((strike) => strike.fault.kind === kind)?.fault as Extract<Fault, { kind: Kind }> | undefined;
}

/** Answers, with whatever strikes; the status sent, or 0 when the connection was broken. */
async function answerStruck(parts: ServerParts, limits: RateLimits | undefined, request: IncomingMessage, response: ServerResponse, url: URL): Promise<number> {
  let strikes: readonly Strike[] = [];
  let body: unknown;
  let answer: Answer;
  try {
    body = await readBody(request);
    strikes = parts.faults.strikes(apiPath(url.pathname), cursorOf(url, body) !== "");
    const wait = parts.latencyMs + (has(strikes, "slow")?.ms ?? 0);
    if (wait > 0) await delay(wait);
    if (has(strikes, "reset") !== undefined) {
      request.socket.resetAndDestroy();
      return 0;
    }
    answer = ruled(parts, request, url, strikes) ?? limited(limits, request, url) ?? (await respond(parts, request, { method: request.method ?? "GET", url, path: apiPath(url.pathname), body }, strikes));
  } catch (error) {
    answer = errorAnswer(error instanceof ApiError ? error : serverError());
  }
  if (answer.status === 200) {
    const cursor = cursorOf(url, body);
    for (const strike of strikes) answer = { ...answer, body: distort(answer.body, strike, cursor) };
  }
  return send(parts, request, response, answer, strikes);
}

/** An answer that a fault dictates before the console is even asked. */
function ruled(parts: ServerParts, request: IncomingMessage, url: URL, strikes: readonly Strike[]): Answer | undefined {
  if (has(strikes, "revoke-token") !== undefined) {
    parts.console.tokens.change((request.headers.authorization ?? "").replace(/^\S+\s+/u, ""), { revoked: true });
    return errorAnswer(unauthorised());
  }
  if (has(strikes, "expire-cursor") !== undefined) {
    if (apiPath(url.pathname) === GRAPHQL) return { status: 200, body: { errors: [{ message: "Invalid cursor", extensions: { classification: "DataFetchingException" } }], data: null } };
    return errorAnswer(new ApiError(400, 4_000_010, "Validation Error", "cursor: Cursor has expired."));
  }
  if (has(strikes, "html") !== undefined) return { ...htmlAnswer(200), body: "<!doctype html><html><head><title>Sign in</title></head><body>Sign in to continue</body></html>" };
  const fault = has(strikes, "status");
  if (fault === undefined) return undefined;
  const headers = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
  if (fault.status === 401) return errorAnswer(unauthorised());
  if (fault.status === 403) return errorAnswer(new ApiError(403, 4_030_010, "Insufficient permissions", null));
  if (fault.status === 404) return errorAnswer(new ApiError(404, 4_040_010, "Requested resource was not found", ""));
  if (fault.status === 500) return errorAnswer(serverError());
  return htmlAnswer(fault.status, headers);
}

function limited(limits: RateLimits | undefined, request: IncomingMessage, url: URL): Answer | undefined {
  const wait = limits?.take(apiPath(url.pathname), request.headers.authorization ?? "", performance.now());
  return wait === undefined ? undefined : htmlAnswer(429, { "retry-after": String(wait) });
}

async function respond(parts: ServerParts, request: IncomingMessage, incoming: Incoming, strikes: readonly Strike[]): Promise<Answer> {
  if (!incoming.url.pathname.startsWith(`${API}/`)) return { status: 404, headers: { "content-type": "text/plain" }, body: "404 page not found\n" };
  const authorization = request.headers.authorization;
  if (incoming.method === "POST" && incoming.path === GRAPHQL) return answerGraph(parts, parts.console.tokens.authenticate(authorization), incoming.body, strikes);
  if (incoming.method === "POST" && incoming.path === `${GRAPHQL}/schema`) {
    parts.console.tokens.authenticate(authorization);
    return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: parts.graph.schemaText };
  }
  const params = parseParams(incoming.url.searchParams);
  const endless = isEndlessCursor(incoming.url.searchParams.get("cursor") ?? "");
  return answerRest(parts.console, {
    method: incoming.method,
    path: incoming.path,
    params: endless ? new Map([...params].filter(([name]) => name !== "cursor")) : params,
    authorization,
    body: incoming.body,
    hidden: (collection) => withheld(collection, has(strikes, "withhold")?.fraction ?? 0),
  });
}

async function answerGraph(parts: ServerParts, caller: Caller, body: unknown, strikes: readonly Strike[]): Promise<Answer> {
  const hidden = withheld(parts.console.estate.streams.alerts, has(strikes, "withhold")?.fraction ?? 0);
  return parts.graph.answer(caller, withoutEndless(body), hidden);
}

/** A cursor that an endless listing invented leads to the first page. */
function withoutEndless(body: unknown): unknown {
  if (!isRecord(body) || !isRecord(body["variables"])) return body;
  const variables = body["variables"];
  return typeof variables["after"] === "string" && isEndlessCursor(variables["after"]) ? { ...body, variables: { ...variables, after: null } } : body;
}

async function send(parts: ServerParts, request: IncomingMessage, response: ServerResponse, answer: Answer, strikes: readonly Strike[]): Promise<number> {
  const isText = typeof answer.body === "string";
  let text = isText ? answer.body : `${JSON.stringify(answer.body)}\n`;
  if (has(strikes, "malformed") !== undefined && !isText) text = `${text.slice(0, -3)},`;
  let payload: Buffer = Buffer.from(text);
  response.setHeader("content-type", has(strikes, "content-type")?.value ?? answer.headers?.["content-type"] ?? (isText ? "text/plain" : "application/json"));
  for (const [name, value] of Object.entries(answer.headers ?? {})) if (name !== "content-type") response.setHeader(name, value);
  response.setHeader("x-rqid", randomUUID());
  response.setHeader("strict-transport-security", "max-age=31536000; includeSubDomains");
  response.setHeader("date", new Date(parts.console.clock.now() / 1000 + (has(strikes, "clock-skew")?.ms ?? 0)).toUTCString());
  if (payload.length >= LEAST_GZIP && /\bgzip\b/u.test(String(request.headers["accept-encoding"] ?? ""))) {
    payload = await compress(payload, { level: 1 });
    response.setHeader("content-encoding", "gzip");
    response.setHeader("vary", "accept-encoding");
  }
  const cut = has(strikes, "cut") !== undefined;
  const short = has(strikes, "short") !== undefined;
  response.statusCode = answer.status;
  const reason = reasonOf(answer.status);
  if (reason !== undefined) response.statusMessage = reason;
  if (!cut && !short) {
    response.setHeader("content-length", payload.length);
    response.end(payload);
    return answer.status;
  }
  if (short) response.setHeader("content-length", payload.length + 100);
  const part = short ? payload : payload.subarray(0, Math.max(1, Math.floor(payload.length / 2)));
  await new Promise<void>((resolve) => {
    response.write(part, () => {
      resolve();
    });
  });
  request.socket.destroySoon();
  return 0;
}
