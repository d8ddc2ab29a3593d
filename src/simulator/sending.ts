/** Puts an answer on the wire, with or without gzip, and breaks, slows or falsifies it there where a fault says so. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import { reasonOf, type Answer } from "./errors.ts";
import type { Struck } from "./struck.ts";

const compress = promisify(gzip);

/** Smaller answers are not worth compressing. */
const LEAST_GZIP = 1024;
/** Up to here, handing the work to another thread costs more than the work. */
const MOST_AT_ONCE = 32 * 1024;
const DROPS = 8;

/** The status sent, or 0 when the connection was broken. */
export async function send(request: IncomingMessage, response: ServerResponse, answer: Answer, struck: Struck, nowMs: number): Promise<number> {
  const isText = typeof answer.body === "string";
  const isFile = Buffer.isBuffer(answer.body);
  let text = typeof answer.body === "string" ? answer.body : isFile ? "" : `${JSON.stringify(answer.body)}\n`;
  if (!isText && !isFile && struck.take("malformed") !== undefined) text = `${text.slice(0, -3)},`;
  let payload: Buffer = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(text);
  response.setHeader("content-type", struck.take("content-type")?.value ?? answer.headers?.["content-type"] ?? (isText ? "text/plain" : "application/json"));
  for (const [name, value] of Object.entries(answer.headers ?? {})) if (name !== "content-type") response.setHeader(name, value);
  response.setHeader("x-rqid", randomUUID());
  response.setHeader("strict-transport-security", "max-age=31536000; includeSubDomains");
  response.setHeader("date", new Date(nowMs + (struck.take("clock-skew")?.ms ?? 0)).toUTCString());
  if (payload.length >= LEAST_GZIP && /\bgzip\b/u.test(String(request.headers["accept-encoding"] ?? ""))) {
    payload = payload.length <= MOST_AT_ONCE ? gzipSync(payload, { level: 1 }) : await compress(payload, { level: 1 });
    response.setHeader("content-encoding", "gzip");
    response.setHeader("vary", "accept-encoding");
  }
  response.statusCode = answer.status;
  const reason = reasonOf(answer.status);
  if (reason !== undefined) response.statusMessage = reason;
  return put(request, response, payload, struck);
}

async function put(request: IncomingMessage, response: ServerResponse, payload: Buffer, struck: Struck): Promise<number> {
  const slow = struck.take("slow-body");
  const short = struck.take("short") !== undefined;
  const cut = struck.take("cut") !== undefined;
  const resetAfter = struck.takeReset("after");
  if (!cut || short) response.setHeader("content-length", payload.length + (short ? 100 : 0));
  if (slow === undefined && !short && !cut && !resetAfter) {
    response.end(payload);
    return response.statusCode;
  }
  const part = cut && !short ? payload.subarray(0, Math.max(1, Math.floor(payload.length / 2))) : payload;
  await drip(response, part, slow?.ms ?? 0);
  if (resetAfter) request.socket.resetAndDestroy();
  else if (short || cut) request.socket.destroySoon();
  else response.end();
  return short || cut ? 0 : response.statusCode;
}

async function drip(response: ServerResponse, payload: Buffer, ms: number): Promise<void> {
  const drops = ms === 0 ? 1 : DROPS;
  const size = Math.ceil(payload.length / drops);
  for (let at = 0; at < payload.length && !response.destroyed; at += size) {
    await new Promise<void>((resolve) => {
      response.write(payload.subarray(at, at + size), () => {
        resolve();
      });
    });
    if (ms > 0) await delay(ms / drops, undefined, { ref: false });
  }
}
