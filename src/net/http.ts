/**
 * The one place requests leave from. A client belongs to one origin: it sends there and nowhere else, follows no redirect, connects only
 * to addresses the policy has checked (or through the operator's proxy), and gives up in bounded time and bounded memory.
 * Whatever goes wrong on the way is a Fault; an HTTP status, whatever it is, is an answer. Bodies are decoded off the main thread.
 */
import { readFileSync } from "node:fs";
import { isIP, type LookupFunction } from "node:net";
import { getCACertificates } from "node:tls";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { Pool, ProxyAgent, buildConnector, type Dispatcher } from "undici";
import { Fault } from "../kernel/fault.ts";
import { bareHost, createAddressPolicy, type AddressPolicy, type AllowedHost, type Resolve } from "./policy.ts";
import { proxyFor, type Environment } from "./proxy.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";
  /** Path and query below the client's origin; must begin with one slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal | undefined;
  /** The status is all that matters: the answer's body is thrown away, however large, damaged or slow it is. */
  readonly ignoreBody?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An answer whose body is kept as it came, gzip and all: a tenth of what it will be. */
export interface EncodedAnswer extends Omit<HttpAnswer, "body"> {
  /** Faults are those of a damaged body, or of one too large. */
  readonly decode: () => Promise<HttpAnswer>;
}

export interface HttpClient {
  readonly origin: string;
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** For an answer that may have to wait before somebody reads it. */
  requestEncoded(request: HttpRequest): Promise<EncodedAnswer>;
  close(): Promise<void>;
}

export interface HttpOptions {
  /** `https://host[:port]`. */
  readonly origin: string;
  readonly allowedHosts: readonly AllowedHost[];
  /** Replaces the system's resolver. */
  readonly resolve?: Resolve;
  /** Proxy and CA settings; the process's own when left out. */
  readonly env?: Environment;
  /** A further certificate authority for this client alone, as PEM. */
  readonly ca?: string;
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** Until the headers of the answer. */
  readonly headersTimeoutMs?: number;
  /** Longest silence inside the body. */
  readonly bodyTimeoutMs?: number;
  /** Of one decoded body. */
  readonly maxBodyBytes?: number;
}

const DEFAULTS = { connections: 16, connectTimeoutMs: 15_000, headersTimeoutMs: 120_000, bodyTimeoutMs: 60_000, maxBodyBytes: 64 * 1024 * 1024 };

const DISCARDED_BYTES = 65_536;
const DISCARD_WITHIN_MS = 1_000;

const decoders = {
  gzip: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  deflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate),
  br: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
  zstd: promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress),
} as const;

/** Error codes by which Node and OpenSSL say that the other side's certificate or handshake is not acceptable. */
const TLS_CODE = /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/;

function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "unknown";
}

function findFault(error: unknown): Fault | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) if (at instanceof Fault) return at;
  return undefined;
}

/** An error of the network as a fault that names the host; what is a fault already stays what it is. */
export function networkFault(error: unknown, host: string, inBody: boolean, signal: AbortSignal | undefined): Fault {
  const own = findFault(error);
  if (own !== undefined) return own;
  if (signal?.aborted === true) return new Fault("CANCELLED", "The request was stopped on request.", { cause: error });
  const code = errorCode(error);
  const options = { details: { host, code }, cause: error };
  if (TLS_CODE.test(code)) return new Fault("S1_TLS", `The certificate of ${host} is not trusted, or the TLS handshake failed (${code}).`, options);
  if (inBody && code !== "UND_ERR_BODY_TIMEOUT") return new Fault("S1_BODY_CUT", `The answer of ${host} ended before it was complete (${code}).`, options);
  return new Fault("S1_UNREACHABLE", `No answer from ${host} (${code}).`, options);
}

/** A lookup for net.connect that gives only checked addresses: the name is not resolved again. */
export function checkedLookup(policy: AddressPolicy, port: number): LookupFunction {
  return (host, options, callback) => {
    policy.resolve(host, port).then(
      (addresses) => {
        const first = addresses[0];
        if (options.all === true) callback(null, addresses.map(({ address, family }) => ({ address, family })));
        else if (first !== undefined) callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error("lookup failed"), "", 0),
    );
  };
}

/** Those that are trusted: the usual ones alone (nothing), or with the operator's and one given beside them. */
export function authorities(env: Environment, given: string | undefined): { ca?: string[] } {
  const file = env["VEDETTE_CA_FILE"];
  const more = given === undefined ? [] : [given];
  if (file === undefined || file === "") return given === undefined ? {} : { ca: [...getCACertificates("default"), ...more] };
  try {
    return { ca: [...getCACertificates("default"), readFileSync(file, "utf8"), ...more] };
  } catch (error) {
    throw new Fault("CONFIG_INVALID", `VEDETTE_CA_FILE: ${file} cannot be read.`, { cause: error, cure: "It names a PEM file with the extra certificate authority." });
  }
}

function createDispatcher(url: URL, options: HttpOptions, limits: typeof DEFAULTS, env: Environment): Dispatcher {
  const common = {
    connections: limits.connections,
    pipelining: 1,
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: 30_000,
    allowH2: false,
  };
  const tls = { ...authorities(env, options.ca), timeout: limits.connectTimeoutMs, allowH2: false };
  const proxy = proxyFor(url, env);
  if (proxy !== null) return new ProxyAgent({ ...common, uri: proxy, requestTls: tls, proxyTls: tls });

  const policy = createAddressPolicy({ allowedHosts: options.allowedHosts, ...(options.resolve === undefined ? {} : { resolve: options.resolve }) });
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const connect = buildConnector({ ...tls, lookup: checkedLookup(policy, port) });
  return new Pool(url.origin, {
    ...common,
    connect(target, callback) {
      // An address written out is never looked up by Node, so it is checked here.
      if (isIP(bareHost(target.hostname)) === 0) return connect(target, callback);
      policy.resolve(target.hostname, port).then(
        () => connect(target, callback),
        (error: unknown) => callback(error instanceof Error ? error : new Error("lookup failed"), null),
      );
    },
  });
}

function flatHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  return flat;
}

function tooLarge(host: string, bytes: number): Fault {
  return new Fault("S1_BODY_TOO_LARGE", `One answer of ${host} is larger than ${Math.round(bytes / 1_048_576)} MB.`, { details: { host, limit: bytes } });
}

async function decode(body: Buffer, encoding: string, host: string, maxBytes: number): Promise<Buffer> {
  const names = encoding.toLowerCase().split(",").map((name) => name.trim()).filter((name) => name !== "" && name !== "identity");
  if (names.length > 2) throw new Fault("S1_NOT_JSON", `The answer of ${host} is encoded more than twice.`, { details: { host } });
  let decoded = body;
  for (const name of names.reverse()) {
    const key = name === "x-gzip" ? "gzip" : name;
    if (key !== "gzip" && key !== "deflate" && key !== "br" && key !== "zstd") {
      throw new Fault("S1_NOT_JSON", `The answer of ${host} has an encoding that was not asked for.`, { details: { host, encoding: name.slice(0, 40) } });
    }
    try {
      decoded = await decodeOnce(key, decoded, maxBytes);
    } catch (error) {
      if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(host, maxBytes);
      throw new Fault("S1_BODY_CUT", `The ${key} answer of ${host} is cut or damaged.`, { details: { host, code: errorCode(error) }, cause: error });
    }
  }
  return decoded;
}

/** Up to here, handing a body to another thread and back costs several times the work. */
const MOST_AT_ONCE = 64 * 1024;

async function decodeOnce(key: keyof typeof decoders, body: Buffer, maxBytes: number): Promise<Buffer> {
  const chunkSize = chunkFor(key, body);
  if (key === "gzip" && chunkSize <= MOST_AT_ONCE && chunkSize <= maxBytes) {
    try {
      return zlib.gunzipSync(body, { maxOutputLength: chunkSize, chunkSize });
    } catch (error) {
      // It is longer than it says: what more there may be is no work for this thread.
      if (errorCode(error) !== "ERR_BUFFER_TOO_LARGE") throw error;
    }
  }
  return decoders[key](body, { maxOutputLength: maxBytes, chunkSize });
}

const LARGE_CHUNK = 1024 * 1024;
const LARGEST_CHUNK = 8 * LARGE_CHUNK;

/**
 * Room for the decoded body, so that it comes in one piece: the default of 16 kB costs a page of agents two hundred pieces and a copy.
 * gzip ends with the length it decodes to; that may be a lie, and then costs a piece more. One byte is left over, or zlib would take another
 * piece of the same size to find that nothing comes.
 */
function chunkFor(key: keyof typeof decoders, body: Buffer): number {
  const told = key === "gzip" && body.length >= 18 ? body.readUInt32LE(body.length - 4) : LARGE_CHUNK;
  return Math.min(Math.max(told, 1024), LARGEST_CHUNK) + 1;
}

export function createHttpClient(options: HttpOptions): HttpClient {
  const url = new URL(options.origin);
  const host = url.host;
  const limits = { ...DEFAULTS, ...definedLimits(options) };
  const dispatcher = createDispatcher(url, options, limits, options.env ?? process.env);

  async function request(wanted: HttpRequest): Promise<HttpAnswer> {
    return (await requestEncoded(wanted)).decode();
  }

  async function requestEncoded(wanted: HttpRequest): Promise<EncodedAnswer> {
    if (!wanted.path.startsWith("/") || wanted.path.startsWith("//")) throw new Fault("INTERNAL", "A request path has to begin with one slash.");
    const signal = wanted.signal;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await dispatcher.request({
        origin: url.origin,
        path: wanted.path,
        method: wanted.method,
        headers: { "accept-encoding": "gzip, br, zstd", ...wanted.headers },
        body: wanted.body ?? null,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      throw networkFault(error, host, false, signal);
    }

    const headers = flatHeaders(answer.headers);
    const status = answer.statusCode;
    if (wanted.ignoreBody === true) {
      await discard(answer.body);
      return { status, headers, decode: async () => ({ status, headers, body: Buffer.alloc(0) }) };
    }
    const body = await collect(answer.body, signal);
    return { status, headers, decode: async () => ({ status, headers, body: await decode(body, headers["content-encoding"] ?? "", host, limits.maxBodyBytes) }) };
  }

  async function collect(stream: Dispatcher.ResponseData["body"], signal: AbortSignal | undefined): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > limits.maxBodyBytes) throw tooLarge(host, limits.maxBodyBytes);
        chunks.push(chunk);
      }
    } catch (error) {
      throw networkFault(error, host, true, signal);
    }
    const only = chunks[0];
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
  }

  return { origin: url.origin, request, requestEncoded, close: () => dispatcher.destroy() };
}

/** Reads a short body to its end, so that the connection can be used again; breaks off a long or slow one. */
async function discard(body: Dispatcher.ResponseData["body"]): Promise<void> {
  try {
    await body.dump({ limit: DISCARDED_BYTES, signal: AbortSignal.timeout(DISCARD_WITHIN_MS) });
  } catch {
    body.destroy();
  }
}

function definedLimits(options: HttpOptions): Partial<typeof DEFAULTS> {
  const given: Partial<typeof DEFAULTS> = {};
  for (const name of ["connections", "connectTimeoutMs", "headersTimeoutMs", "bodyTimeoutMs", "maxBodyBytes"] as const) {
    const value = options[name];
    if (value !== undefined) given[name] = value;
  }
  return given;
}
