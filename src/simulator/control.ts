/**
 * The control API under `/_simulator`: how things stand, what was asked, and levers for tests. No token; only for a client on the
 * same machine. Bad input is a 400 that says what was expected.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isStreamId, STREAM_IDS, type StreamId } from "../kernel/stream-ids.ts";
import { ApiError } from "./errors.ts";
import type { Estate } from "./estate/estate.ts";
import type { FaultBook } from "./fault-book.ts";
import { readFaultPlan } from "./faults.ts";
import type { Mutation, Mutator } from "./mutation.ts";
import { isRecord, type ApiRecord } from "./record.ts";
import type { RequestLog } from "./requests.ts";
import { TOKEN_NAMES, type TokenBook, type TokenChange } from "./tokens.ts";

export interface ControlParts {
  readonly estate: Estate;
  readonly mutator: Mutator;
  readonly faults: FaultBook;
  readonly requests: RequestLog;
  readonly tokens: TokenBook;
  readonly advance: (ms: number, live?: boolean) => void;
}

const BATCH = 500;

/** Every record of a stream as it stands, in the order of ids. */
export function* truth(estate: Estate, stream: StreamId): Generator<ApiRecord, void, undefined> {
  const collection = estate.streams[stream];
  for (const ordinal of collection.walk({ path: "id", descending: false })) {
    const record = collection.get(ordinal);
    if (record !== undefined) yield record;
  }
}

export class Control {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  async handle(request: IncomingMessage, response: ServerResponse, url: URL, body: () => Promise<unknown>): Promise<void> {
    if (!isLoopback(request.socket.remoteAddress)) {
      sendJson(response, 403, { error: "the control API answers this machine only" });
      return;
    }
    try {
      const name = url.pathname.slice("/_simulator/".length);
      if (request.method === "GET" && name.startsWith("truth/")) {
        await this.#truth(response, name.slice("truth/".length));
        return;
      }
      if (request.method === "GET" && name === "faults/unfired") {
        const { unfired } = this.#parts.faults.report();
        // A script that asks with `curl --fail` ends where a fault it planned never happened.
        sendJson(response, unfired.length === 0 ? 200 : 409, { unfired });
        return;
      }
      const answer = request.method === "GET" ? this.#read(name) : this.#act(name, await body());
      sendJson(response, 200, answer);
    } catch (error) {
      const message = error instanceof ApiError ? (error.detail ?? error.title) : error instanceof Error ? error.message : "failed";
      sendJson(response, error instanceof RangeError || error instanceof ApiError ? 400 : 500, { error: message });
    }
  }

  async #truth(response: ServerResponse, name: string): Promise<void> {
    if (!isStreamId(name)) throw new RangeError(`no stream "${name}"; there are ${STREAM_IDS.join(", ")}`);
    response.setHeader("content-type", "application/x-ndjson");
    let lines: string[] = [];
    const flush = async (): Promise<void> => {
      const text = lines.join("");
      lines = [];
      if (!response.write(text)) await drained(response);
    };
    for (const record of truth(this.#parts.estate, name)) {
      lines.push(`${JSON.stringify(record)}\n`);
      if (lines.length >= BATCH) await flush();
      if (response.destroyed) return;
    }
    response.end(lines.join(""));
  }

  #read(name: string): unknown {
    if (name === "requests") return this.#parts.requests.counts();
    if (name === "faults") return this.#parts.faults.report();
    if (name === "tokens") return this.#parts.tokens.texts;
    throw new RangeError(`nothing to read at ${name}; there are truth/<stream>, requests, faults, faults/unfired, tokens`);
  }

  #act(name: string, body: unknown): unknown {
    switch (name) {
      case "mutate":
        return this.#parts.mutator.apply(readMutation(body));
      case "advance": {
        const ms = isRecord(body) ? body["ms"] : undefined;
        if (typeof ms !== "number" || !Number.isFinite(ms) || ms < 0) throw new RangeError('advance takes {"ms": a number, 0 or more, "live"?: true or false}');
        const live = isRecord(body) ? body["live"] : undefined;
        if (live !== undefined && typeof live !== "boolean") throw new RangeError("live must be true or false");
        this.#parts.advance(ms, live);
        return { advanced: ms };
      }
      case "faults":
        this.#parts.faults.set(readFaultPlan(body));
        return this.#parts.faults.report();
      case "faults/reset":
        this.#parts.faults.reset();
        return this.#parts.faults.report();
      case "requests/reset":
        this.#parts.requests.reset();
        return this.#parts.requests.counts();
      case "tokens":
        return this.#changeToken(body);
      default:
        throw new RangeError(`no lever "${name}"; there are mutate, advance, faults, faults/reset, requests/reset, tokens`);
    }
  }

  #changeToken(body: unknown): unknown {
    const token = isRecord(body) ? body["token"] : undefined;
    if (!isRecord(body) || typeof token !== "string") throw new RangeError(`tokens takes {"token": ${TOKEN_NAMES.join(" | ")}, "revoked"?, "expiresInMs"?, "level"?, "ids"?, "role"?}`);
    const change = tokenChange(body);
    if (!this.#parts.tokens.change(token, change)) throw new RangeError("no such token, or no such role");
    return { token, ...change };
  }
}

function isLoopback(address: string | undefined): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./u.test(address ?? "");
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

function tokenChange(body: ApiRecord): TokenChange {
  const { revoked, expiresInMs, level, ids, role } = body;
  return {
    ...(typeof revoked === "boolean" ? { revoked } : {}),
    ...(typeof expiresInMs === "number" ? { expiresInMs } : {}),
    ...(level === "tenant" || level === "account" || level === "site" ? { level } : {}),
    ...(Array.isArray(ids) ? { ids: ids.map(String) } : {}),
    ...(typeof role === "string" ? { role } : {}),
  };
}

function readMutation(body: unknown): Mutation {
  if (!isRecord(body)) throw new RangeError('mutate takes {"stream","action":"update"|"add"|"remove","ids"?|"count"?|"fraction"?,"set"?,"by"?}');
  const { stream, action, ids, count, fraction, set, by } = body;
  if (typeof stream !== "string" || !isStreamId(stream)) throw new RangeError(`stream must be one of ${STREAM_IDS.join(", ")}`);
  if (action !== "update" && action !== "add" && action !== "remove") throw new RangeError("action must be update, add or remove");
  if (by !== undefined && by !== true && typeof by !== "string") throw new RangeError("by must be a user's id or e-mail address, or true");
  return {
    stream,
    action,
    ...(by === undefined ? {} : { by }),
    ...(Array.isArray(ids) ? { ids: ids.map(String) } : {}),
    ...(typeof count === "number" ? { count } : {}),
    ...(typeof fraction === "number" ? { fraction } : {}),
    ...(isRecord(set) ? { set } : {}),
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(body)}\n`);
}
