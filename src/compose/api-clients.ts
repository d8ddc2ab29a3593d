/**
 * Two ways for a command to reach our HTTP API: over loopback to the running hub, or straight into the same application in this
 * process when none runs. Commands cannot tell them apart.
 */
import type { FastifyInstance } from "fastify";
import { request as undiciRequest } from "undici";
import { Fault, FAULT_CODES, type FaultCode } from "../kernel/fault.ts";
import type { Secret } from "../kernel/secret.ts";
import type { ApiClient, ApiRequest, Method } from "../cli/ports.ts";

interface Reply {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array>;
}

type Send = (method: Method, path: string, body: string | undefined, signal: AbortSignal | undefined) => Promise<Reply>;

export function hubClient(hub: { readonly url: string; readonly credential: Secret }): ApiClient {
  const send: Send = async (method, path, body, signal) => {
    try {
      const reply = await undiciRequest(new URL(path, hub.url), {
        method,
        headers: { authorization: `Bearer ${hub.credential.reveal()}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
        bodyTimeout: 0,
        headersTimeout: 0,
      });
      return { status: reply.statusCode, body: reply.body };
    } catch (error) {
      if (signal?.aborted === true) throw new Fault("CANCELLED", "The request was stopped.", { cause: error });
      throw new Fault("HUB_UNREACHABLE", `The hub at ${hub.url} does not answer.`, { cause: error });
    }
  };
  return client("hub", send, async () => {});
}

export function localClient(app: FastifyInstance, credential: Secret, close: () => Promise<void>): ApiClient {
  const send: Send = async (method, path, body, signal) => {
    const reply = await app.inject({
      method,
      url: path,
      headers: { host: "127.0.0.1", authorization: `Bearer ${credential.reveal()}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { payload: body }),
      ...(signal === undefined ? {} : { signal }),
      payloadAsStream: true,
    });
    return { status: reply.statusCode, body: reply.stream() as AsyncIterable<Uint8Array> };
  };
  return client("local", send, close);
}

function client(origin: ApiClient["origin"], send: Send, close: () => Promise<void>): ApiClient {
  async function answered(method: Method, path: string, request: ApiRequest = {}): Promise<Reply> {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const reply = await send(method, path + queryText(request.query), body, request.signal);
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw faultOf(await text(reply.body), reply.status);
  }
  return {
    origin,
    async request<T>(method: Method, path: string, request?: ApiRequest): Promise<T> {
      const reply = await answered(method, path, request);
      return JSON.parse(await text(reply.body)) as T;
    },
    async *stream(method, path, request) {
      const reply = await answered(method, path, request);
      yield* reply.body;
    },
    close,
  };
}

function queryText(query: ApiRequest["query"]): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) params.append(name, String(value));
  const encoded = params.toString();
  return encoded === "" ? "" : `?${encoded}`;
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** The fault our own server put into its answer, as a Fault again. */
function faultOf(body: string, status: number): Fault {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = null;
  }
  const fault = typeof parsed === "object" && parsed !== null && "fault" in parsed ? (parsed.fault as Record<string, unknown>) : {};
  const code = typeof fault["code"] === "string" && fault["code"] in FAULT_CODES ? (fault["code"] as FaultCode) : null;
  if (code === null) return new Fault("HUB_UNREACHABLE", `The hub answered ${String(status)}, which is no answer of this version.`, { cure: "Stop the hub and start it again with this version." });
  const details = typeof fault["details"] === "object" && fault["details"] !== null ? (fault["details"] as Fault["details"]) : {};
  return new Fault(code, typeof fault["message"] === "string" ? fault["message"] : code, { details, ...(typeof fault["cure"] === "string" ? { cure: fault["cure"] } : {}) });
}
