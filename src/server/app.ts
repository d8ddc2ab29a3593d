/**
 * The HTTP application, built from Route declarations: it checks who calls, what is sent and what goes out, and that an audited route has
 * written its line in the audit log. Refuses foreign hosts and origins, bodies that are not JSON, keys nobody declared, and a route
 * declared twice. Bodies and tokens never reach a log.
 */
import { createHash, randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Clock } from "../kernel/clock.ts";
import { asFault, Fault } from "../kernel/fault.ts";
import type { Log } from "../kernel/log.ts";
import type { Actor, NamedHeaders, OwnCredentials, Route, RouteContext, StreamedBody } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import { NOBODY, type Auth } from "./auth.ts";
import type { AuditLog } from "./audit.ts";
import { serveConsole } from "./console-files.ts";
import { COOKIE_HEADERS, cookiePlace } from "./cookies.ts";
import { faultStatus } from "./fault-status.ts";
import { guardRequest, isLoopbackHost, isSafe, SECURE_HEADERS } from "./request-guard.ts";
import { answerFor, checkFor, type Check } from "./schemas.ts";
import { checkCsrf, CSRF_HEADER, type Sessions } from "./sessions.ts";

export interface AppOptions {
  readonly routes: readonly Route<Tx>[];
  readonly auth: Auth;
  /** Left out where nobody signs in. */
  readonly sessions?: Pick<Sessions, "find">;
  /** Where the built web console lies; left out where none is served. */
  readonly consoleFolder?: string;
  readonly audit: Pick<AuditLog, "append">;
  readonly log: Log;
  readonly clock: Clock;
  /** The address the hub will listen on; decides which Host headers are believed. */
  readonly host?: string;
  readonly publicUrl?: string | null;
  readonly bodyLimit?: number;
  /** A handler that has not begun to answer by then is told to stop, and the caller gets a fault. */
  readonly handlerTimeoutMs?: number;
}

export const DEFAULT_HOST = "127.0.0.1";
const BODY_LIMIT = 1_048_576;
const HANDLER_TIMEOUT_MS = 120_000;
/** For a request to arrive whole, headers and body. */
const REQUEST_TIMEOUT_MS = 30_000;
const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i;

interface Call {
  actor: Actor;
  route: string;
  startedAt: number;
}

export function createApp(options: AppOptions): FastifyInstance {
  const { log, clock } = options;
  const guard = { host: options.host ?? DEFAULT_HOST, publicUrl: options.publicUrl ?? null };
  const calls = new WeakMap<FastifyRequest, Call>();
  const app = Fastify({
    logger: false,
    // Never taken from the caller: it ties a log line to an audit entry.
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: options.bodyLimit ?? BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, request, reply) => void answerFault(request, reply as FastifyReply, asRequestFault(error)),
  });
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPE, { parseAs: "string" }, (request, body, done) => void parse(request, body as string, done));

  app.addHook("onRequest", async (request, reply) => {
    const call: Call = { actor: NOBODY, route: request.routeOptions.url ?? "(none)", startedAt: clock.monotonic() };
    calls.set(request, call);
    void reply.headers({ ...SECURE_HEADERS, "x-request-id": request.id });
    const { host, origin } = request.headers;
    // Only where the visitor came over https: on this machine the hub is spoken to in the clear.
    if (host !== undefined && cookiePlace({ host }, options.publicUrl ?? null)?.secure === true) void reply.header("strict-transport-security", "max-age=31536000");
    const site = request.headers["sec-fetch-site"];
    const route = routeOf(request);
    // A proxy that asks for its visitor repeats his method and where he comes from; it changes nothing here.
    const method = route?.keyHeader === undefined ? request.method : "GET";
    guardRequest(guard, { method, host, origin, secFetchSite: typeof site === "string" ? site : undefined });
    // A proxy that asks for its visitor repeats what kind of body he sent, and sends none.
    if (route !== undefined && route.body === undefined && hasNoBody(request)) delete request.raw.headers["content-type"];
    if (route === undefined || route.permission === "public") return;
    // Before the body is read: a stranger's body is not worth parsing.
    call.actor = await permitted(options, route, request);
  });
  app.addHook("onResponse", (request, reply, done) => {
    const call = calls.get(request);
    const ms = Math.round(clock.monotonic() - (call?.startedAt ?? clock.monotonic()));
    log.info("http.request", { requestId: request.id, method: request.method, route: call?.route ?? "(none)", status: reply.statusCode, ms, actor: call?.actor.id ?? NOBODY.id });
    done();
  });
  app.setNotFoundHandler((request, reply) => answerFault(request, reply, new Fault("NOT_FOUND", "There is no such address in this API.", { cure: "/api/openapi.json lists what there is." })));
  app.setErrorHandler((error, request, reply) => answerFault(request, reply, asRequestFault(error)));

  function answerFault(request: FastifyRequest, reply: FastifyReply, fault: Fault): FastifyReply {
    const status = statusOf(fault);
    if (status >= 500) log.error("http.fault", { requestId: request.id, code: fault.code, status, cause: causeName(fault) });
    if (status === 401) void reply.header("www-authenticate", "Bearer");
    if (fault.retryAfterMs !== undefined) void reply.header("retry-after", String(Math.ceil(fault.retryAfterMs / 1000)));
    // A service with credentials of its own reads the plainest form there is.
    const plain = routeOf(request)?.credentials === undefined ? {} : { success: false, error: fault.message };
    return reply.headers({ ...SECURE_HEADERS, "x-request-id": request.id }).code(status).type("application/json; charset=utf-8").send(JSON.stringify({ ...plain, fault: fault.toJSON(), requestId: request.id }));
  }

  app.addHook("preClose", (done) => {
    closeAsTheyEnd(app);
    done();
  });

  for (const route of options.routes) {
    app.route({ method: route.method, url: route.path, config: { vedette: route }, ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }), handler: handlerFor(route, options, (request) => calls.get(request)?.actor ?? NOBODY) });
  }
  if (options.consoleFolder !== undefined) serveConsole(app, options.consoleFolder);
  return app;
}

const SWEEP_MS = 50;

/** Connections that are kept for another request are closed when closing begins; those that still wait for an answer then would be kept for a minute after it. */
function closeAsTheyEnd({ server }: FastifyInstance): void {
  if (!server.listening) return;
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  server.once("close", () => clearInterval(sweep));
}

declare module "fastify" {
  interface FastifyContextConfig {
    vedette?: Route<Tx>;
  }
}

function routeOf(request: FastifyRequest): Route<Tx> | undefined {
  return request.routeOptions.config.vedette;
}

async function permitted(options: AppOptions, route: Route<Tx>, request: FastifyRequest): Promise<Actor> {
  const actor = await (route.credentials === undefined ? holderOfKey(options, route, request) : holderOfCredentials(options, route.credentials, request));
  if (route.permission === "session") {
    if (actor.session === undefined) throw new Fault("FORBIDDEN", "This is about the account of who is signed in; a key has none.", { cure: "Sign in to the console." });
    return actor;
  }
  if (route.permission !== "public" && !actor.permissions.includes(route.permission)) {
    throw new Fault("FORBIDDEN", `This needs the permission ${route.permission}, which the role ${actor.role} does not hold.`);
  }
  return actor;
}

async function holderOfKey({ auth, sessions }: AppOptions, route: Route<Tx>, request: FastifyRequest): Promise<Actor> {
  const own = route.keyHeader === undefined ? undefined : namedHeaders(request, [route.keyHeader])[route.keyHeader];
  const authorization = own === undefined ? request.headers.authorization : `Bearer ${own}`;
  // A visitor's cookies that a proxy hands on are not the proxy's.
  if (authorization === undefined && route.keyHeader === undefined) {
    const held = await sessions?.find(namedHeaders(request, COOKIE_HEADERS));
    if (held !== undefined) {
      if (!isSafe(request.method)) checkCsrf(held.session, namedHeaders(request, [CSRF_HEADER])[CSRF_HEADER]);
      return held.actor;
    }
  }
  const actor = await auth.authenticate(authorization);
  if (actor === undefined) throw new Fault("UNAUTHENTICATED", sessions === undefined || authorization !== undefined ? "This address needs an API key." : "This address needs a session or an API key.");
  return actor;
}

/** Behind a proxy on this machine, whose coming VEDETTE_PUBLIC_URL announces, it is the proxy's word that counts; anybody else's is his own. */
function addressOf(request: FastifyRequest, publicUrl: string | null | undefined): string {
  const peer = request.socket.remoteAddress ?? "";
  const told = request.headers["x-forwarded-for"];
  if (publicUrl === null || publicUrl === undefined || !isLoopbackHost(peer.replace(/^::ffff:/, "")) || typeof told !== "string") return peer;
  const last = told.split(",").at(-1)?.trim() ?? "";
  return isIP(last) === 0 ? peer : last;
}

function holderOfCredentials({ audit }: AppOptions, credentials: OwnCredentials<Tx>, request: FastifyRequest): Promise<Actor> {
  return credentials.admit(namedHeaders(request, credentials.headers), {
    refused: (tx, details) => audit.append(tx, { actor: NOBODY, event: credentials.refusal, requestId: request.id, ...details }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
}

/** A header given twice says two things, and so says nothing. */
function namedHeaders(request: FastifyRequest, names: readonly string[]): NamedHeaders {
  if (names.length === 0) return {};
  const counts = new Map<string, number>();
  for (const [place, name] of request.raw.rawHeaders.entries()) if (place % 2 === 0) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1);
  return Object.fromEntries(names.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === "string" && counts.get(name) === 1 ? [[name, value]] : [];
  }));
}

function handlerFor(route: Route<Tx>, options: AppOptions, actorOf: (request: FastifyRequest) => Actor) {
  const checks = {
    params: route.params === undefined ? undefined : checkFor("params", route.params),
    query: route.query === undefined ? undefined : checkFor("query", route.query),
    body: route.body === undefined ? undefined : checkFor("body", route.body),
  };
  const answer = route.answer === "stream" ? undefined : answerFor(route.answer);
  const timeoutMs = options.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const input = {
      params: checked(checks.params, { ...(request.params as object) }),
      query: checkedQuery(checks.query, { ...(request.query as object) }),
      // Most bodies have optional keys only; none at all says the same as `{}`.
      body: checked(checks.body, request.body ?? {}),
    };
    if (checks.body === undefined && request.body !== undefined && !isEmpty(request.body)) throw new Fault("CONFIG_INVALID", "This address takes no body.");
    const stop = new AbortController();
    reply.raw.once("close", () => {
      if (!reply.raw.writableFinished) stop.abort(new Fault("CANCELLED", "The caller went away."));
    });
    const ledger = ledgerFor(route, options, actorOf(request), request.id);
    const actor = actorOf(request);
    const context: RouteContext<Tx> = { actor, scope: actor.scope, requestId: request.id, signal: stop.signal, record: ledger.record, headers: namedHeaders(request, route.headers ?? []), address: addressOf(request, options.publicUrl), answerHeader: (name, value) => void reply.header(name, value) };
    const result = await withinTime(route.handle(input, context), timeoutMs, stop);
    if (ledger.missing()) {
      options.log.error("audit.missing", { requestId: request.id, method: route.method, route: route.path });
      throw new Fault("INTERNAL", "The change was made but not recorded in the audit log.");
    }
    if (answer !== undefined && route.same !== undefined) {
      const tag = etagOf(route.same(result));
      void reply.header("etag", tag);
      if (request.method === "GET" && names(request.headers["if-none-match"], tag)) return reply.code(304).send();
    }
    if (answer !== undefined) return reply.type("application/json; charset=utf-8").send(answer(result));
    return sendStream(reply, result as StreamedBody, () => options.log.warn("http.stream-cut", { requestId: request.id, route: route.path }));
  };
}

function checked(check: Check | undefined, value: unknown): unknown {
  return check === undefined ? undefined : check(value);
}

function checkedQuery(check: Check | undefined, query: object): unknown {
  if (check !== undefined) return check(query);
  const [unknown] = Object.keys(query);
  if (unknown !== undefined) throw new Fault("CONFIG_INVALID", `query has a key that is not known there: ${JSON.stringify(unknown.slice(0, 60))}.`);
  return undefined;
}

function hasNoBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] === undefined && (headers["content-length"] === undefined || headers["content-length"] === "0");
}

/** Weak: what counts is the same, not every byte of it. */
function etagOf(value: unknown): string {
  return `W/"${createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 27)}"`;
}

function names(given: string | undefined, tag: string): boolean {
  return given !== undefined && given.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^(W\/)?/, "W/") === tag);
}

function isEmpty(body: unknown): boolean {
  return typeof body === "object" && body !== null && !Array.isArray(body) && Object.keys(body).length === 0;
}

/** The audit pen of one request, and whether an audited route has put it down unused. */
function ledgerFor(route: Route<Tx>, { audit }: AppOptions, actor: Actor, requestId: string): { readonly record: RouteContext<Tx>["record"]; missing(): boolean } {
  let recorded = false;
  const policy = route.audit;
  return {
    async record(tx, { by, ...details }) {
      if (!("event" in policy)) throw new Fault("INTERNAL", `The route ${route.method} ${route.path} says it has nothing to record.`);
      await audit.append(tx, { actor: by ?? actor, event: policy.event, requestId, ...details });
      recorded = true;
    },
    missing: () => "event" in policy && !recorded,
  };
}

async function withinTime<T>(work: Promise<T>, ms: number, stop: AbortController): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const fault = new Fault("HUB_UNREACHABLE", "The answer took too long; the work was told to stop.", { cure: "Try again; if it stays, look at `vedette status`." });
      // First the answer, then the signal: a handler that ends at once on being told must not answer for the one in time.
      reject(fault);
      stop.abort(fault);
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The first chunk is awaited before the headers go, so that a fault on the way to it is still answered as one. */
async function sendStream(reply: FastifyReply, body: StreamedBody, cut: () => void): Promise<FastifyReply> {
  const chunks = body.chunks[Symbol.asyncIterator]();
  const first = await chunks.next();
  async function* rest(): AsyncGenerator<string | Uint8Array> {
    try {
      if (first.done !== true) yield first.value;
      for (let next = first; next.done !== true; ) {
        next = await chunks.next();
        if (next.done !== true) yield next.value;
      }
    } catch (error) {
      // The connection is broken off, so that a cut answer cannot be taken for a whole one.
      cut();
      throw error;
    } finally {
      await chunks.return?.();
    }
  }
  if (body.fileName !== undefined) void reply.header("content-disposition", `attachment; filename="${body.fileName.replaceAll(/[^A-Za-z0-9._-]/g, "_")}"`);
  return reply.type(body.contentType).send(Readable.from(rest()));
}

/** What Fastify itself refuses, as a Fault of ours that keeps its status. */
function asRequestFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { statusCode, code } = error as { readonly statusCode?: unknown; readonly code?: unknown };
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode >= 500) return asFault(error);
  const message = REQUEST_FAULTS[statusCode] ?? (code === "FST_ERR_CTP_EMPTY_JSON_BODY" ? "The body is empty." : "The request is malformed: its address or its JSON.");
  return new Fault("CONFIG_INVALID", message, { details: { status: statusCode } });
}

const REQUEST_FAULTS: Readonly<Record<number, string>> = {
  408: "The request did not arrive whole in time.",
  413: "The body is larger than this address takes.",
  414: "The address is too long.",
  415: "A body has to be `application/json`.",
};

function statusOf(fault: Fault): number {
  const own = fault.details["status"];
  return fault.code === "CONFIG_INVALID" && typeof own === "number" && own in REQUEST_FAULTS ? own : faultStatus(fault);
}

function causeName(fault: Fault): string | undefined {
  return fault.cause instanceof Error ? `${fault.cause.name}: ${fault.cause.message.slice(0, 200)}` : undefined;
}
