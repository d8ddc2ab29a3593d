/**
 * Which addresses outbound requests may reach. A name is resolved once, every address it has is checked, and the connection is made to
 * a checked address only, so that an answer that changes between check and use cannot matter.
 * Refuses whatever is not plainly public: an IPv6 address must lie in 2000::/3 outside its special blocks, which rules out NAT64, mapped,
 * compatible and local forms without naming each; 6to4 and Teredo, which carry an IPv4 address inside, are named.
 * Only the operator's own list of hosts lifts it, for that host (and port) alone.
 */
import { lookup as dnsLookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { Fault } from "../kernel/fault.ts";

/** One entry of `VEDETTE_ALLOW_CONSOLE_HOSTS` or `VEDETTE_ALLOW_DESTINATION_HOSTS`; `port` null allows any port of that host. */
export interface AllowedHost {
  readonly host: string;
  readonly port: number | null;
}

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a name, as the system's resolver gives them. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export interface AddressPolicy {
  /** Addresses that may be connected to for `host`; one forbidden address among them refuses the host. */
  resolve(host: string, port: number): Promise<readonly Address[]>;
}

const FORBIDDEN: readonly (readonly [cidr: string, name: string])[] = [
  ["0.0.0.0/8", "unspecified"],
  ["10.0.0.0/8", "private"],
  ["100.64.0.0/10", "carrier-grade NAT"],
  ["127.0.0.0/8", "loopback"],
  ["168.63.129.16/32", "a cloud platform's own"],
  ["169.254.0.0/16", "link-local"],
  ["172.16.0.0/12", "private"],
  ["192.0.0.0/24", "reserved"],
  ["192.0.2.0/24", "documentation"],
  ["192.31.196.0/24", "reserved"],
  ["192.52.193.0/24", "reserved"],
  ["192.88.99.0/24", "6to4 relay"],
  ["192.168.0.0/16", "private"],
  ["192.175.48.0/24", "reserved"],
  ["198.18.0.0/15", "benchmarking"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["2001::/32", "Teredo"],
  ["2001::/23", "reserved"],
  ["2001:db8::/32", "documentation"],
  ["2002::/16", "6to4"],
  ["2620:4f:8000::/48", "reserved"],
  ["3fff::/20", "documentation"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["::ffff:0:0/96", "IPv4-mapped"],
  ["::/96", "IPv4-compatible"],
  ["64:ff9b::/96", "NAT64"],
  ["64:ff9b:1::/48", "NAT64"],
  ["fc00::/7", "private"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "multicast"],
];

type Block = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];
const BLOCKS: readonly { readonly block: Block; readonly name: string }[] = FORBIDDEN.map(([cidr, name]) => ({ block: ipaddr.parseCIDR(cidr), name }));
const GLOBAL_UNICAST: Block = ipaddr.parseCIDR("2000::/3");

function inside(address: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Block): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}

/** What makes an address forbidden (`loopback`, `NAT64` …), or null when it is plainly public. Anything that is no canonical address is forbidden. */
export function forbiddenRange(address: string): string | null {
  if (isIP(address) === 0) return "not an address";
  const parsed = ipaddr.parse(address);
  const found = BLOCKS.find(({ block }) => inside(parsed, block));
  if (found !== undefined) return found.name;
  if (parsed instanceof ipaddr.IPv6 && !inside(parsed, GLOBAL_UNICAST)) return "reserved";
  return null;
}

/** Reads the operator's comma list `host[:port]`; an IPv6 host is written in brackets. `setting` is named in the fault. */
export function parseAllowedHosts(text: string | undefined, setting = "VEDETTE_ALLOW_CONSOLE_HOSTS"): readonly AllowedHost[] {
  const entries = (text ?? "").split(",").map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== "");
  return entries.map((entry) => {
    const match = /^(\[[0-9a-f:.]+\]|[^:/@\s[\]?#]+)(?::(\d{1,5}))?$/.exec(entry);
    const host = match?.[1];
    const port = match?.[2] === undefined ? null : Number(match[2]);
    if (host === undefined || (port !== null && (port < 1 || port > 65_535))) {
      throw new Fault("CONFIG_INVALID", `${setting}: "${entry.slice(0, 80)}" is not host[:port].`, {
        cure: "Write it like `console.example.org` or `127.0.0.1:8080`, several separated by commas.",
      });
    }
    return { host: bareHost(host), port };
  });
}

/** `[::1]` → `::1`, lower case, no final dot. */
export function bareHost(host: string): string {
  const lower = host.toLowerCase();
  if (lower.startsWith("[")) return lower.slice(1, -1);
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** Whether the operator has listed this host, with this port or with any. */
export function isAllowedHost(allowed: readonly AllowedHost[], host: string, port: number): boolean {
  const name = bareHost(host);
  return allowed.some((entry) => entry.host === name && (entry.port === null || entry.port === port));
}

const systemResolve: Resolve = async (host) => {
  const found = await dnsLookup(host, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

export function createAddressPolicy(options: { readonly allowedHosts: readonly AllowedHost[]; readonly resolve?: Resolve }): AddressPolicy {
  const resolve = options.resolve ?? systemResolve;
  return {
    async resolve(host, port) {
      const name = bareHost(host);
      const family = isIP(name);
      const addresses: readonly Address[] = family === 0 ? await resolve(name) : [{ address: name, family: family === 6 ? 6 : 4 }];
      if (addresses.length === 0) throw new Fault("S1_UNREACHABLE", `${name} has no address.`, { details: { host: name } });
      if (isAllowedHost(options.allowedHosts, name, port)) return addresses;
      for (const { address } of addresses) {
        const range = forbiddenRange(address);
        if (range === null) continue;
        throw new Fault("OUTBOUND_ADDRESS_REFUSED", `${name} leads to ${address.slice(0, 60)} (${range}), which outbound requests may not reach.`, {
          details: { host: name, range },
        });
      }
      return addresses;
    },
  };
}
