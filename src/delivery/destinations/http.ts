/**
 * What destinations over HTTP share: https to public addresses and to what the operator has listed, no redirects, one client kept open, and
 * what an answer's status means for the deliveries that were in the request.
 */
import { isIP } from "node:net";
import { promisify } from "node:util";
import { gzip, type ZlibOptions } from "node:zlib";
import type { Clock } from "../../kernel/clock.ts";
import { Fault, type FaultCode } from "../../kernel/fault.ts";
import { parseRetryAfter } from "../../net/budget.ts";
import { createHttpClient, type HttpAnswer, type HttpClient } from "../../net/http.ts";
import { bareHost, createAddressPolicy, forbiddenRange, isAllowedHost, type AllowedHost, type Resolve } from "../../net/policy.ts";
import { proxyFor, type Environment } from "../../net/proxy.ts";
import type { Receipt } from "../destination.ts";

export interface OutboundPorts {
  readonly clock: Clock;
  /** The operator's own list: these may be inside the network, and may be spoken to without TLS. */
  readonly allowedHosts: readonly AllowedHost[];
  readonly env: Environment;
  readonly userAgent: string;
  readonly resolve?: Resolve;
  /** Until the answer's headers; tests make it short. */
  readonly answerWithinMs?: number;
}

export const ALLOW = "If the host is really meant, start Vedette with VEDETTE_ALLOW_DESTINATION_HOSTS=host[:port].";
const CONNECT_WITHIN_MS = 10_000;
const LARGEST_ANSWER_BYTES = 16 * 1_048_576;

export interface Outgoing {
  readonly path: string;
  readonly method?: "GET" | "POST" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The status is all that matters. */
  readonly ignoreBody?: boolean;
}

export interface Sender {
  /** Faults where nothing was answered. */
  ask(request: Outgoing, signal: AbortSignal): Promise<HttpAnswer>;
  /** A Fault where its name leads nowhere, or where it may not. */
  resolve(): Promise<void>;
  /** As `ask`, when a destination is checked: the status alone, and faults in the words of destinations. */
  probe(request: Outgoing, signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

export interface SenderOptions {
  /** Requests under way at most. */
  readonly width: number;
  readonly answerWithinMs: number;
  /** PEM, beside the authorities that are trusted anyway. */
  readonly ca?: string | null;
}

export function createSender(url: URL, ports: OutboundPorts, options: SenderOptions): Sender {
  let client: HttpClient | undefined;
  const resolve = ports.resolve === undefined ? {} : { resolve: ports.resolve };
  const sender: Sender = {
    ask({ path, method = "POST", headers, body, ignoreBody = false }, signal) {
      client ??= createHttpClient({
        origin: url.origin,
        allowedHosts: ports.allowedHosts,
        env: ports.env,
        connections: options.width,
        connectTimeoutMs: CONNECT_WITHIN_MS,
        headersTimeoutMs: ports.answerWithinMs ?? options.answerWithinMs,
        bodyTimeoutMs: ports.answerWithinMs ?? options.answerWithinMs,
        maxBodyBytes: LARGEST_ANSWER_BYTES,
        ...(options.ca === undefined || options.ca === null ? {} : { ca: options.ca }),
        ...resolve,
      });
      return client.request({ method, path, headers: { "user-agent": ports.userAgent, ...headers }, signal, ignoreBody, ...(body === undefined ? {} : { body }) });
    },
    async resolve() {
      // Behind a proxy it is the proxy that looks names up.
      if (proxyFor(url, ports.env) !== null) return;
      try {
        await createAddressPolicy({ allowedHosts: ports.allowedHosts, ...resolve }).resolve(url.hostname, portOf(url));
      } catch (error) {
        throw refusedAddress(error) ?? new Fault("DESTINATION_UNREACHABLE", `The name ${bareHost(url.hostname)} cannot be looked up.`, { cause: error, cure: "Check the address, and this machine's DNS." });
      }
    },
    async probe(request, signal) {
      try {
        return (await sender.ask({ ...request, ignoreBody: true }, signal)).status;
      } catch (error) {
        const receipt = receiptOf(error, signal);
        const cure = error instanceof Fault && error.code === "S1_TLS" ? "Give the certificate of its authority with --ca FILE (config/ca)." : "Check the address, and that it can be reached from here.";
        throw new Fault(receipt.code, receipt.reason, { cause: error, cure });
      }
    },
    close: async () => client?.close(),
  };
  return sender;
}

const gzipped = promisify<string, ZlibOptions, Buffer>(gzip);
/** The quickest: records are so alike that the thorough ones save little more, at three times the work. */
const GZIP: ZlibOptions = { level: 1, chunkSize: 262_144 };

/** A body as it goes out, compressed off the main thread where that is wanted. */
export async function encoded(text: string, compress: boolean): Promise<{ readonly body: string | Buffer; readonly headers: Readonly<Record<string, string>> }> {
  return compress ? { body: await gzipped(text, GZIP), headers: { "content-encoding": "gzip" } } : { body: text, headers: {} };
}

/** Shorter than this, a body is hardly shorter when it is compressed. */
const WORTH_PACKING = 1_000;

/**
 * Asks with compressed bodies as long as the receiver takes them: one that answers 415 gets that request again as it is, and all after it. For
 * receivers of which nobody can know beforehand; the others are told to by `encoded`.
 */
export function packing(sender: Sender, wanted: boolean): Sender["ask"] {
  let taken = wanted;
  return async (request, signal) => {
    const { body, headers } = request;
    if (!taken || typeof body !== "string" || body.length < WORTH_PACKING) return sender.ask(request, signal);
    const packed = await encoded(body, true);
    const answer = await sender.ask({ ...request, body: packed.body, headers: { ...headers, ...packed.headers } }, signal);
    if (answer.status !== 415) return answer;
    taken = false;
    return sender.ask(request, signal);
  };
}

type Failed = Extract<Receipt, { readonly outcome: "again-after" }>;

/** Statuses that say the same of this delivery at any time: the receiver cannot read it, or wants no more of it. */
const REFUSED: ReadonlySet<number> = new Set([400, 410, 413, 422]);
/** It, or what stands before it, asks for fewer, or is away. */
const AWAY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What a status means where nothing more is said. 413 has a code of its own, because people can do something about it. */
export function receiptFor({ status, headers }: Pick<HttpAnswer, "status" | "headers">, now: number): Receipt {
  if (status >= 200 && status < 300) return { outcome: "accepted" };
  const reason = `The receiver answered ${String(status)}.`;
  if (REFUSED.has(status)) return { outcome: "refused", code: status === 413 ? "DELIVERY_TOO_LARGE" : "DESTINATION_REFUSED", reason };
  const afterMs = parseRetryAfter(headers["retry-after"], now);
  if (AWAY.has(status) || afterMs !== null) return { outcome: "again-after", afterMs, blame: "destination", code: status === 429 ? "DESTINATION_BUSY" : "DESTINATION_UNREACHABLE", reason };
  if (status >= 500 || status === 408 || status === 425) return { outcome: "again-after", afterMs, blame: "delivery", code: "DESTINATION_UNREACHABLE", reason };
  // A wrong path, a missing right, a redirect: somebody has to mend that, and then everything can go, in order.
  return { outcome: "again-after", afterMs, blame: "destination", code: "DESTINATION_UNREACHABLE", reason: `The receiver answered ${String(status)}: the address or its rights are not right.` };
}

/** The whole destination takes nothing now. */
export function away(reason: string, more: { readonly afterMs?: number | null; readonly code?: FaultCode } = {}): Failed {
  return { outcome: "again-after", afterMs: more.afterMs ?? null, blame: "destination", code: more.code ?? "DESTINATION_UNREACHABLE", reason };
}

/** What an error means that came in an answer's place. */
export function receiptOf(error: unknown, signal: AbortSignal): Failed {
  if (signal.aborted) return { outcome: "again-after", afterMs: 0, blame: "delivery", code: "CANCELLED", reason: "It was stopped while it was being sent." };
  const refused = refusedAddress(error);
  if (refused !== undefined) return away(refused.message, { code: refused.code });
  if (error instanceof Fault) return away(error.message, { code: error.code === "INTERNAL" ? "INTERNAL" : "DESTINATION_UNREACHABLE" });
  return away("Unexpected failure.", { code: "INTERNAL" });
}

function refusedAddress(error: unknown): Fault | undefined {
  if (!(error instanceof Fault) || error.code !== "OUTBOUND_ADDRESS_REFUSED") return undefined;
  return new Fault("OUTBOUND_ADDRESS_REFUSED", error.message, { details: error.details, cure: `Check the DNS entry. ${ALLOW}` });
}

export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

/** An address of http or https that facts may be sent to; CONFIG_INVALID or OUTBOUND_ADDRESS_REFUSED otherwise. */
export function checkedUrl(text: string, allowed: readonly AllowedHost[]): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) throw invalid("config/url is not an https address.");
  if (url.username !== "" || url.password !== "") throw invalid("config/url holds a user name or password.");
  if (url.hash !== "") throw invalid("config/url holds a fragment (#…), which is never sent.");
  const listed = isAllowedHost(allowed, url.hostname, portOf(url));
  if (url.protocol === "http:" && !listed) throw invalid("config/url begins with http: facts are sent over https.", `Use https. ${ALLOW}`);
  checkedHost(url.hostname, listed);
  return url;
}

/** An address written out is judged at once; a name when it is looked up. */
export function checkedHost(hostname: string, listed: boolean): void {
  const host = bareHost(hostname);
  const range = isIP(host) === 0 ? null : forbiddenRange(host);
  if (range !== null && !listed) throw new Fault("OUTBOUND_ADDRESS_REFUSED", `${host} is an address (${range}) that outbound requests may not reach.`, { details: { host, range }, cure: ALLOW });
}

function invalid(message: string, cure = "Give an address like https://hooks.example.com/vedette."): Fault {
  return new Fault("CONFIG_INVALID", message, { details: { at: "config/url" }, cure });
}
