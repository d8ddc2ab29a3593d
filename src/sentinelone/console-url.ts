/**
 * What a person may give as the address of a console, and what becomes of it: an origin and nothing else. Accepts a bare host or an address
 * copied from the browser; refuses whatever is not a customer's console, with a message that says what a right one looks like.
 * Hosts outside `*.sentinelone.net`, other ports and plain http (loopback only) need the operator's own list.
 */
import { domainToASCII } from "node:url";
import { isIP } from "node:net";
import { Fault } from "../kernel/fault.ts";
import { bareHost, isAllowedHost, type AllowedHost } from "../net/policy.ts";
import { isLoopbackHost } from "../net/proxy.ts";

export interface ConsoleAddress {
  /** `https://usea1-011.sentinelone.net`, with a port only where it is not the scheme's own. */
  readonly origin: string;
  /** Host, and port if any. */
  readonly host: string;
}

const EXAMPLE = "https://usea1-011.sentinelone.net";
const SUFFIX = ".sentinelone.net";

/** First labels of SentinelOne's own services, and what they are. */
const NOT_CONSOLES: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /^console$/, what: "a placeholder from the documentation, not a console" },
  { pattern: /^(xdr|.*\.xdr|xdr\..*)$/, what: "the address of the older data lake, not of the console" },
  { pattern: /^(ingest|ingest\..*)$/, what: "where events are sent in, not a console" },
  { pattern: /^(id|id\..*)$/, what: "the sign-in service, not a console" },
  { pattern: /^dv-exporter/, what: "the export of Deep Visibility, not a console" },
  { pattern: /^(www|docs|support|community|assets|cdn)$/, what: "a web site of SentinelOne's, not a console" },
];

function refuse(message: string): Fault {
  return new Fault("CONSOLE_URL_INVALID", `${message} A console's address looks like ${EXAMPLE}.`);
}

function notAllowed(host: string): Fault {
  return new Fault("CONSOLE_HOST_NOT_ALLOWED", `"${shown(host)}" is not a SentinelOne console: its address would end in ${SUFFIX}, like ${EXAMPLE}.`, {
    details: { host: shown(host) },
  });
}

/** Safe to print: no control characters, not endless. */
function shown(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 100);
}

/** Host as written, before the URL parser turns `0x7f.1` or full-width digits into an address. */
function writtenHost(rest: string): string {
  const authority = /^[^/?#\\]*/.exec(rest)?.[0] ?? "";
  return authority.replace(/^.*@/, "").replace(/:\d*$/, "");
}

function splitScheme(text: string): { readonly scheme: string | null; readonly rest: string } {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):(?=\/\/)\/\/(.*)$/s.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) return { scheme: match[1].toLowerCase(), rest: match[2] };
  const odd = /^(https?|ftp|file|javascript|data|mailto|ws|wss):/i.exec(text);
  if (odd !== null) throw refuse(`"${shown(text)}" is not a web address.`);
  return { scheme: null, rest: text };
}

/** Reads what a person typed. Faults: CONSOLE_URL_INVALID, CONSOLE_HOST_NOT_ALLOWED. */
export function parseConsoleUrl(text: string, allowedHosts: readonly AllowedHost[]): ConsoleAddress {
  const trimmed = text.trim().replace(/^[<"']+|[>"']+$/g, "").trim();
  if (trimmed === "") throw refuse("No console address was given.");
  if (trimmed.length > 2_000) throw refuse("That is far too long for an address.");
  if (/[\s\p{Cc}\p{Cf}]/u.test(trimmed)) throw refuse("The address has blanks or invisible characters in it.");
  const { scheme, rest } = splitScheme(trimmed);
  if (scheme !== null && scheme !== "https" && scheme !== "http") throw refuse(`A console is reached by https, not by ${shown(scheme)}.`);
  if (rest.startsWith("/") || rest.startsWith("\\")) throw refuse("The address has no host.");

  const authority = /^[^/?#\\]*/.exec(rest)?.[0] ?? "";
  if (authority.includes("@")) throw refuse("The address has a user name in it (a part before @), which a console's never has.");
  const written = writtenHost(rest);
  if (written === "") throw refuse("The address has no host.");
  if (!URL.canParse(`https://${authority}`)) throw refuse(`"${shown(authority)}" is not a host name.`);
  const url = new URL(`https://${authority}`);
  const host = bareHost(url.hostname);
  const explicitPort = /:(\d+)$/.exec(authority)?.[1];
  const port = explicitPort === undefined ? null : Number(explicitPort);

  const allowed = allowedOrigin(host, url.hostname, scheme, port, allowedHosts);
  if (allowed !== null) return allowed;

  if (isIP(host) !== 0 || isLoopbackHost(host)) throw refuse(`"${shown(written)}" is an address of a machine, not the name of a console.`);
  if (/[^ -~]/.test(written) || host.split(".").some((label) => label.startsWith("xn--"))) {
    throw refuse(`"${shown(written)}" has letters that only look like a console's name (${shown(domainToASCII(written))}).`);
  }
  if (host === SUFFIX.slice(1)) throw refuse(`"${host}" is SentinelOne's own domain; the part before it, which names your console, is missing.`);
  if (!host.endsWith(SUFFIX)) throw notAllowed(host);
  const name = host.slice(0, -SUFFIX.length);
  if (!name.split(".").every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))) throw refuse(`"${shown(host)}" is not a host name.`);
  const known = NOT_CONSOLES.find(({ pattern }) => pattern.test(name));
  if (known !== undefined) throw refuse(`"${host}" is ${known.what}.`);
  if (scheme === "http") throw refuse(`A console is reached by https: write https://${host}.`);
  if (port !== null && port !== 443) throw refuse(`A console answers on the usual https port, not on ${port}; leave ":${port}" out.`);
  return { origin: `https://${host}`, host };
}

/** The operator's listed hosts: their own port, and plain http on loopback. */
function allowedOrigin(host: string, hostname: string, scheme: string | null, port: number | null, allowedHosts: readonly AllowedHost[]): ConsoleAddress | null {
  const loopback = isLoopbackHost(host);
  const wanted = scheme ?? (loopback && port !== 443 ? "http" : "https");
  const usual = wanted === "https" ? 443 : 80;
  if (!isAllowedHost(allowedHosts, host, port ?? usual)) return null;
  if (wanted === "http" && !loopback) throw refuse(`"${shown(host)}" is reached by https only; plain http is for a simulator on this machine.`);
  const shownPort = port === null || port === usual ? "" : `:${port}`;
  return { origin: `${wanted}://${hostname}${shownPort}`, host: `${hostname}${shownPort}` };
}
