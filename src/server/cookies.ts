/**
 * The cookies of a session. Over https they are `__Host-` cookies: Secure, of this host alone, for every path. On this machine the hub speaks
 * http, where not every browser takes a Secure cookie; there they carry the hub's port in their name, since browsers keep cookies of all ports of a
 * machine together. Any other way to a hub gets no cookie at all: a password would travel in the clear. Pure.
 */
import { isLoopbackHost } from "./request-guard.ts";
import type { NamedHeaders } from "../kernel/route.ts";

export interface CookiePlace {
  readonly session: string;
  /** By which a browser that signed in before is told from a stranger's. */
  readonly browser: string;
  readonly secure: boolean;
}

/** What of a request tells where its cookies belong. */
export const COOKIE_HEADERS = ["cookie", "host", "origin", "user-agent"] as const;

const HOST_ONLY: CookiePlace = { session: "__Host-vedette", browser: "__Host-vedette-browser", secure: true };
const TOKEN = /^[A-Za-z0-9_-]{20,100}$/;

/** Where cookies for this caller are set; null where no password may be taken. */
export function cookiePlace({ host, origin }: NamedHeaders, publicUrl: string | null): CookiePlace | null {
  const open = publicUrl === null ? null : new URL(publicUrl);
  const asked = host === undefined || !URL.canParse(`http://${host}`) ? null : new URL(`http://${host}`);
  const named = open !== null && (origin === open.origin || asked?.host === new URL(`http://${open.host}`).host);
  if (named && open.protocol === "https:") return HOST_ONLY;
  if (asked === null || (!named && !isLoopbackHost(asked.hostname))) return null;
  const port = asked.port === "" ? "80" : asked.port;
  return { session: `vedette-${port}`, browser: `vedette-browser-${port}`, secure: false };
}

/** The session's and the browser's token that came along, where they are such. A `__Host-` cookie cannot have been planted, so it counts first. */
export function readCookies(headers: NamedHeaders, publicUrl: string | null): { readonly session: string | null; readonly browser: string | null } {
  const place = cookiePlace(headers, publicUrl);
  const given = parseCookies(headers["cookie"]);
  const names = place === null || place.secure ? [HOST_ONLY] : [HOST_ONLY, place];
  const first = (pick: (one: CookiePlace) => string): string | null => names.map((one) => given.get(pick(one))).find((value) => value !== undefined && TOKEN.test(value)) ?? null;
  return { session: first((one) => one.session), browser: first((one) => one.browser) };
}

export function setCookie(place: CookiePlace, name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${String(seconds)}${place.secure ? "; Secure" : ""}`;
}

/** A name given twice says two things, and so says nothing. */
function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const twice = new Set<string>();
  for (const part of (header ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at < 1) continue;
    const name = part.slice(0, at).trim();
    if (found.has(name)) twice.add(name);
    found.set(name, part.slice(at + 1).trim());
  }
  for (const name of twice) found.delete(name);
  return found;
}
