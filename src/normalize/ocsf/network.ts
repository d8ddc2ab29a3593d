/** OCSF's ends of a connection, its direction, and URLs. */
import type { JsonObject } from "../../kernel/json.ts";
import { PROTOCOL_VERSION, put, putId, words, type Draft } from "./enums.ts";

export const DIRECTION_WORDS = words({ UNKNOWN: 0, INCOMING: 1, INBOUND: 1, OUTGOING: 2, OUTBOUND: 2, LATERAL: 3, LOCAL: 4 });

export interface EndpointParts {
  readonly ip?: string | undefined;
  readonly port?: number | undefined;
  readonly hostname?: string | undefined;
  readonly uid?: string | undefined;
}

/** A port alone is no end of a connection to OCSF. */
export function endpointOf({ ip, port, hostname, uid }: EndpointParts): JsonObject | undefined {
  if (ip === undefined && hostname === undefined && uid === undefined) return undefined;
  const endpoint: Draft = {};
  put(endpoint, "ip", ip);
  put(endpoint, "port", port);
  put(endpoint, "hostname", hostname);
  put(endpoint, "uid", uid);
  return endpoint;
}

/** `TCPV4`, `UDPV6`: protocol, its number and the version of IP. */
export function putProtocol(connection: Draft, word: string | undefined): boolean {
  const found = /^(tcp|udp)(?:v?([46]))?/i.exec(word ?? "");
  if (found === null) return false;
  const name = (found[1] ?? "").toLowerCase();
  connection["protocol_name"] = name;
  connection["protocol_num"] = name === "tcp" ? 6 : 17;
  if (found[2] !== undefined) putId(connection, "protocol_ver", Number(found[2]), PROTOCOL_VERSION);
  return true;
}

/** The URL as text, and its parts where it can be taken apart. */
export function urlOf(text: string): Draft {
  const url: Draft = { url_string: text };
  if (text.length > 20_000) return url;
  const parsed = URL.parse(text);
  if (parsed === null) return url;
  put(url, "scheme", parsed.protocol.slice(0, -1) || undefined);
  put(url, "hostname", parsed.hostname.replace(/^\[|\]$/g, "") || undefined);
  put(url, "path", parsed.pathname || undefined);
  put(url, "query_string", parsed.search.slice(1) || undefined);
  const port = Number(parsed.port || (parsed.protocol === "https:" ? 443 : parsed.protocol === "http:" ? 80 : 0));
  if (port > 0) url["port"] = port;
  return url;
}
