/**
 * Checks on a request's headers before anything else is looked at: the Host (a name rebound to this machine by a foreign web page), and
 * on methods that change something where a browser says the request comes from. Pure.
 */
import { Fault } from "../kernel/fault.ts";

export interface Guard {
  /** The address the hub listens on. */
  readonly host: string;
  /** How others reach it (VEDETTE_PUBLIC_URL). */
  readonly publicUrl: string | null;
}

export interface GuardedRequest {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);

export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** Sent with every answer. API answers are never a page: no script, no frame, no sniffing, nothing kept. */
export const SECURE_HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
} as const;

export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** A Fault (FORBIDDEN) for a request that a foreign page may have caused. */
export function guardRequest(guard: Guard, request: GuardedRequest): void {
  const publicHost = guard.publicUrl === null ? null : new URL(guard.publicUrl).hostname;
  const name = hostName(request.host);
  if (isLoopbackHost(guard.host) && (name === null || (!LOOPBACK_NAMES.has(name) && name !== publicHost))) {
    throw new Fault("FORBIDDEN", "The Host header does not name this hub.", { cure: "Use http://127.0.0.1 or the address in VEDETTE_PUBLIC_URL." });
  }
  if (isSafe(request.method)) return;
  const { secFetchSite, origin } = request;
  if (secFetchSite !== undefined && secFetchSite !== "same-origin" && secFetchSite !== "none") {
    throw new Fault("FORBIDDEN", "A page of another site may not change anything here.");
  }
  if (origin !== undefined && !ownOrigin(guard, request.host, origin)) {
    throw new Fault("FORBIDDEN", "A page of another origin may not change anything here.");
  }
}

function hostName(host: string | undefined): string | null {
  if (host === undefined || !/^[A-Za-z0-9.\-[\]:]{1,255}$/.test(host)) return null;
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : null;
}

function ownOrigin(guard: Guard, host: string | undefined, origin: string): boolean {
  if (guard.publicUrl !== null && origin === new URL(guard.publicUrl).origin) return true;
  // Behind a proxy that ends TLS the scheme is the proxy's: then VEDETTE_PUBLIC_URL has to say so.
  return host !== undefined && origin === `http://${host}`;
}
