/**
 * A TCP connection, with TLS or without, under the same rules as requests: to addresses that the policy has checked and no others, or
 * through the operator's proxy (CONNECT). For protocols that are no HTTP. Trusts what requests trust; gives up in bounded time.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { Client } from "undici";
import { Fault } from "../kernel/fault.ts";
import { authorities, checkedLookup, networkFault } from "./http.ts";
import { bareHost, createAddressPolicy, type AllowedHost, type Resolve } from "./policy.ts";
import { proxyFor, type Environment } from "./proxy.ts";

export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | null;
  readonly allowedHosts: readonly AllowedHost[];
  readonly env: Environment;
  readonly resolve?: Resolve;
  readonly connectWithinMs: number;
}

export interface TlsOptions {
  /** PEM, beside the authorities that are trusted anyway. */
  readonly ca: string | null;
  /** Our own certificate and its key, where the other side asks who we are. */
  readonly identity: { readonly cert: string; readonly key: string } | null;
}

/**
 * Gives connections to one place: connected, and with TLS the other side's certificate checked. Whoever gets one listens for its errors and
 * destroys it. Half-open: an end of theirs is not answered by one of ours.
 */
export function createConnector(options: SocketOptions): (signal: AbortSignal) => Promise<Socket> {
  const { host, port, tls } = options;
  const name = `${host}:${String(port)}`;
  // Reading a hundred and fifty authorities takes longer than connecting does: once is enough.
  let context: SecureContext | undefined;
  let session: Buffer | undefined;

  async function secured(socket: Socket, { ca, identity }: TlsOptions, within: AbortSignal): Promise<Socket> {
    context ??= createSecureContext({ minVersion: "TLSv1.2", ...authorities(options.env, ca ?? undefined), ...identity });
    const bare = bareHost(host);
    const connection = connectTls({ socket, secureContext: context, host: bare, ...(isIP(bare) === 0 ? { servername: bare } : {}), ...(session === undefined ? {} : { session }) });
    connection.on("session", (given) => void (session = given));
    return ready(connection, "secureConnect", within);
  }

  return async (signal) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(options.connectWithinMs)]);
    let socket: Socket | undefined;
    try {
      socket = await plainSocket(options, within);
      return tls === null ? socket : await secured(socket, tls, within);
    } catch (error) {
      socket?.destroy();
      session = undefined;
      if (within.aborted && !signal.aborted) throw new Fault("S1_UNREACHABLE", `No answer from ${name} (ETIMEDOUT).`, { details: { host, code: "ETIMEDOUT" }, cause: error });
      throw networkFault(error, name, false, signal);
    }
  };
}

async function plainSocket(options: SocketOptions, within: AbortSignal): Promise<Socket> {
  const { host, port, tls, env } = options;
  const name = bareHost(host);
  const target = `${isIP(name) === 6 ? `[${name}]` : name}:${String(port)}`;
  const proxy = proxyFor(new URL(`${tls === null ? "http" : "https"}://${target}`), env);
  if (proxy !== null) return throughProxy(new URL(proxy), target, env, within);
  const policy = createAddressPolicy({ allowedHosts: options.allowedHosts, ...(options.resolve === undefined ? {} : { resolve: options.resolve }) });
  // An address written out is never looked up by Node, so it is checked here.
  if (isIP(name) !== 0) await policy.resolve(name, port);
  const socket = connectTcp({ host: name, port, lookup: checkedLookup(policy, port), autoSelectFamily: true, allowHalfOpen: true, noDelay: true });
  return ready(socket, "connect", within);
}

async function throughProxy(proxy: URL, target: string, env: Environment, within: AbortSignal): Promise<Socket> {
  const client = new Client(proxy.origin, { connect: { ...authorities(env, undefined), allowH2: false } });
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const { statusCode, socket } = await client.connect({ path: target, signal: within, headers: { host: target, ...(credentials === ":" ? {} : { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }) } });
  if (statusCode === 200) return socket as Socket;
  socket.destroy();
  throw new Fault("S1_UNREACHABLE", `The proxy answered ${String(statusCode)} when it was asked for a connection to ${target}.`, { details: { status: statusCode } });
}

function ready<S extends Socket>(socket: S, event: "connect" | "secureConnect", within: AbortSignal): Promise<S> {
  return new Promise<S>((resolve, reject) => {
    const done = (): void => {
      socket.off("error", failed).off("close", closed);
      within.removeEventListener("abort", stopped);
    };
    const failed = (error: unknown): void => {
      done();
      // Node may tell of the same trouble twice.
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error instanceof Error ? error : new Error("connection failed"));
    };
    const closed = (): void => failed(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    const stopped = (): void => failed(Object.assign(new Error("stopped"), { code: "ETIMEDOUT" }));
    socket.once(event, () => {
      done();
      resolve(socket);
    });
    socket.once("error", failed).once("close", closed);
    if (within.aborted) stopped();
    else within.addEventListener("abort", stopped, { once: true });
  });
}
