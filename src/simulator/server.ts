/**
 * The HTTP side of the console: reads a request, lets faults strike, answers through REST, GraphQL or the control API. It promises that nothing a client sends ends the process: what fails inside is the vendor's 500.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Control } from "./control.ts";
import { ApiError, errorAnswer, htmlAnswer, serverError, type Answer } from "./errors.ts";
import { isEndlessCursor } from "./fault-bodies.ts";
import type { FaultBook } from "./fault-book.ts";
import { doDeed, type DeedParts } from "./fault-deeds.ts";
import { ruled } from "./fault-answers.ts";
import type { AlertGraph } from "./graphql/engine.ts";
import { RateLimits } from "./rate-limits.ts";
import { isRecord, parseExact } from "./record.ts";
import type { RequestLog } from "./requests.ts";
import { answerElsewhere } from "./rest/elsewhere.ts";
import { parseParams } from "./rest/filters.ts";
import { answerRest, type RestConsole } from "./rest/handlers.ts";
import { send } from "./sending.ts";
import { Struck } from "./struck.ts";
import type { Caller } from "./tokens.ts";

const API = "/web/api/v2.1";
const GRAPHQL = "/unifiedalerts/graphql";
const MOST_BODY = 4 * 1024 * 1024;
/** A list of 5,000 ids, which the vendor's document allows in a query, and room beside it. */
const MOST_HEADERS = 256 * 1024;

export interface ServerParts {
  readonly console: RestConsole;
  readonly graph: AlertGraph;
  readonly control: Control;
  readonly faults: FaultBook;
  readonly deeds: DeedParts;
  readonly requests: RequestLog;
  readonly latencyMs: number;
  readonly rateLimits: "off" | "vendor";
}

export function makeServer(parts: ServerParts): Server {
  const limits = parts.rateLimits === "vendor" ? new RateLimits() : undefined;
  const server = createServer({ keepAliveTimeout: 30_000, maxHeaderSize: MOST_HEADERS }, (request, response) => {
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

/** A HEAD is a GET whose answer goes out without its body, which the HTTP server sees to. */
function methodOf(request: IncomingMessage): string {
  return request.method === undefined || request.method === "HEAD" ? "GET" : request.method;
}

/** `exact`: numbers a double cannot hold keep their digits. What some clients send along with a GET is read and means nothing. */
async function readBody(request: IncomingMessage, exact = false): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY) throw new ApiError(413, 4_130_010, "Payload Too Large", null);
    chunks.push(chunk);
  }
  if (size === 0 || methodOf(request) === "GET") return undefined;
  try {
    const text = Buffer.concat(chunks).toString("utf8");
    return exact ? parseExact(text) : (JSON.parse(text) as unknown);
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

/** The same for every page of one listing. */
function listingOf(url: URL, body: unknown): string {
  const params = [...url.searchParams].filter(([name]) => name !== "cursor");
  const variables = isRecord(body) && isRecord(body["variables"]) ? { ...body["variables"], after: null } : null;
  return JSON.stringify([url.pathname, params, variables]);
}

function tokenText(request: IncomingMessage): string {
  return (request.headers.authorization ?? "").replace(/^\S+\s+/u, "");
}

/** Answers, with whatever strikes; the status sent, or 0 when the connection was broken. */
async function answerStruck(parts: ServerParts, limits: RateLimits | undefined, request: IncomingMessage, response: ServerResponse, url: URL): Promise<number> {
  let struck = new Struck([]);
  let answer: Answer;
  try {
    try {
      const body = await readBody(request, apiPath(url.pathname) === GRAPHQL);
      const incoming: Incoming = { method: methodOf(request), url, path: apiPath(url.pathname), body };
      const cursor = cursorOf(url, body);
      struck = new Struck(parts.faults.strikes({ method: incoming.method, path: incoming.path, hasCursor: cursor !== "" }));
      const wait = parts.latencyMs + (struck.take("slow")?.ms ?? 0);
      if (wait > 0) await delay(wait, undefined, { ref: false });
      if (struck.takeReset("before")) {
        request.socket.resetAndDestroy();
        return 0;
      }
      struck.act((strike) => doDeed(parts.deeds, strike, incoming.path, tokenText(request)) === true);
      answer = ruled(struck, incoming.path) ?? limited(limits, request, url) ?? (await respond(parts, request, incoming, struck));
      if (answer.status === 200) answer = struck.distort(answer, { cursor, listing: listingOf(url, body) });
    } catch (error) {
      answer = errorAnswer(error instanceof ApiError ? error : serverError());
    }
    if (struck.takeReset("unanswered")) {
      request.socket.resetAndDestroy();
      return 0;
    }
    return await send(request, response, answer, struck, parts.console.clock.now() / 1000);
  } finally {
    struck.settle();
  }
}

function limited(limits: RateLimits | undefined, request: IncomingMessage, url: URL): Answer | undefined {
  const wait = limits?.take(apiPath(url.pathname), request.headers.authorization ?? "", performance.now());
  return wait === undefined ? undefined : htmlAnswer(429, { "retry-after": String(wait) });
}

async function respond(parts: ServerParts, request: IncomingMessage, incoming: Incoming, struck: Struck): Promise<Answer> {
  if (!incoming.url.pathname.startsWith(`${API}/`)) return answerElsewhere(incoming.url.pathname, request.headers.authorization);
  const authorization = request.headers.authorization;
  if (incoming.method === "POST" && incoming.path === GRAPHQL) return answerGraph(parts, parts.console.tokens.authenticate(authorization), incoming.body, struck);
  if (incoming.method === "POST" && incoming.path === `${GRAPHQL}/schema`) {
    parts.console.tokens.authenticate(authorization);
    return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: parts.graph.schemaText };
  }
  const params = parseParams(incoming.url.searchParams);
  const endless = isEndlessCursor(incoming.url.searchParams.get("cursor") ?? "");
  const hiding = struck.hiding(parts.console.clock.now());
  try {
    return answerRest(parts.console, {
      method: incoming.method,
      path: incoming.path,
      params: endless ? new Map([...params].filter(([name]) => name !== "cursor")) : params,
      authorization,
      body: incoming.body,
      hidden: (collection) => hiding.of(collection),
    });
  } finally {
    struck.hid(hiding);
  }
}

async function answerGraph(parts: ServerParts, caller: Caller, body: unknown, struck: Struck): Promise<Answer> {
  const hiding = struck.hiding(parts.console.clock.now());
  try {
    return await parts.graph.answer(caller, withoutEndless(body), hiding.of(parts.console.estate.streams.alerts));
  } finally {
    struck.hid(hiding);
  }
}

/** A cursor that an endless listing invented leads to the first page. */
function withoutEndless(body: unknown): unknown {
  if (!isRecord(body) || !isRecord(body["variables"])) return body;
  const variables = body["variables"];
  return typeof variables["after"] === "string" && isEndlessCursor(variables["after"]) ? { ...body, variables: { ...variables, after: null } } : body;
}
