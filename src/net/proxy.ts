/**
 * Which HTTP proxy, if any, a request goes through, from the environment as other programs read it: HTTPS_PROXY or HTTP_PROXY by the
 * target's scheme, ALL_PROXY after them, NO_PROXY against them; lower-case names first. Loopback never goes through a proxy.
 */
import { isIP } from "node:net";
import { Fault } from "../kernel/fault.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

function setting(env: Environment, name: string): string {
  return (env[name.toLowerCase()] ?? env[name] ?? "").trim();
}

function bypassed(list: string, host: string, port: string): boolean {
  return list.toLowerCase().split(/[,\s]+/).some((entry) => {
    if (entry === "*") return true;
    const [name = "", entryPort] = entry.split(":");
    if (name === "" || (entryPort !== undefined && entryPort !== port)) return false;
    const suffix = name.replace(/^\*?\.?/, "");
    return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`));
  });
}

export function isLoopbackHost(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost") || host === "::1" || host === "[::1]") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

/** The proxy's URL for a request to `origin`, or null. Its address and credentials are the operator's business. */
export function proxyFor(origin: URL, env: Environment): string | null {
  const host = origin.hostname.toLowerCase();
  if (isLoopbackHost(host)) return null;
  const proxy = (origin.protocol === "https:" ? setting(env, "HTTPS_PROXY") : setting(env, "HTTP_PROXY")) || setting(env, "ALL_PROXY");
  if (proxy === "") return null;
  const port = origin.port === "" ? (origin.protocol === "https:" ? "443" : "80") : origin.port;
  if (bypassed(setting(env, "NO_PROXY"), host, port)) return null;
  const url = proxy.includes("://") ? proxy : `http://${proxy}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Fault("CONFIG_INVALID", "The proxy set in the environment is not an http:// or https:// address.", { cure: "Write HTTPS_PROXY like http://proxy.example.org:3128." });
  }
  return url;
}
