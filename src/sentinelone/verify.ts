/**
 * Looks a connection over before anything is read: line by line whether the console is there, what the token is, whose, for where, and what
 * it may read. Asks only; never writes to the console, and never tries out a right by using it.
 */
import { hash } from "node:crypto";
import type { VerifyReport } from "../kernel/api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import { asFault, type Fault } from "../kernel/fault.ts";
import { silentLog, type Log } from "../kernel/log.ts";
import { createBudget, type Budget } from "../net/budget.ts";
import { createHttpClient } from "../net/http.ts";
import type { AllowedHost, Resolve } from "../net/policy.ts";
import type { Environment } from "../net/proxy.ts";
import { createConsoleClient } from "./rest-client.ts";
import { GUIDE, RECOMMENDED_EXPIRY, RECOMMENDED_ROLE } from "./console-guide.ts";
import type { ConsoleClient } from "./client.ts";
import { readIdentity, readScope, readTokenDates, rightsBeyondReading, type Identity, type Scope, type TokenDates } from "./token-facts.ts";
import { isViewOnly, missingPermission } from "./permissions.ts";
import { STREAMS } from "./streams/index.ts";
import type { Token } from "./token.ts";

export interface VerifyOptions {
  /** From `parseConsoleUrl`. */
  readonly origin: string;
  readonly token: Token;
  readonly allowedHosts: readonly AllowedHost[];
  readonly clock: Clock;
  readonly userAgent: string;
  /** The console's budget when it is connected already. */
  readonly budget?: Budget;
  readonly log?: Log;
  readonly signal?: AbortSignal;
  readonly resolve?: Resolve;
  readonly env?: Environment;
}

type Line = VerifyReport["lines"][number];
type StreamLine = VerifyReport["streams"][number];

const SKEW_WARNING_MS = 5_000;
const UNKNOWN_SCOPE: Scope = { level: "unknown", ids: [], names: [] };
const TIMEOUTS = { connectTimeoutMs: 10_000, headersTimeoutMs: 20_000, bodyTimeoutMs: 20_000 };

function line(check: string, outcome: Line["outcome"], message: string, cure: string | null = null): Line {
  return { check, outcome, message, cure };
}

/** Nothing is saved yet, so that nobody keeps trying: the catalogue's cure would be wrong here. */
function cureNow(fault: Fault): string {
  return fault.code === "S1_UNREACHABLE" ? "Check the address, the network and the proxy, then try again." : fault.cure;
}

function failed(check: string, fault: Fault): Line {
  return { ...line(check, "failed", fault.message, cureNow(fault)), code: fault.code };
}

/** Changes when the token's reach changes, and only then. */
export function scopeFingerprint(scope: Pick<Scope, "level" | "ids">): string {
  return hash("sha256", JSON.stringify([scope.level, scope.ids.toSorted()]), "hex").slice(0, 32);
}

export async function verifyConsole(options: VerifyOptions): Promise<VerifyReport> {
  const { clock, token } = options;
  const lines: Line[] = [];
  const reached = await reach(options, lines);
  const empty = { token: { form: token.form, createdAt: null, expiresAt: null }, identity: null, scope: { ...UNKNOWN_SCOPE, fingerprint: scopeFingerprint(UNKNOWN_SCOPE) } };
  const base = { url: options.origin, clockSkewMs: reached.skewMs, checkedAt: isoTime(clock.now()), lines };
  const nothing = (): VerifyReport => ({ ...base, ...spread(empty), ok: false, roles: [], streams: [], beyondReading: null });
  if (!reached.ok) return nothing();

  const client = createConsoleClient({ ...options, token: token.secret, budget: options.budget ?? createBudget({ clock }), log: options.log ?? silentLog, retry: { attempts: 3, firstMs: 1_000, maxMs: 5_000 } });
  try {
    return await inspect(options, client, base, nothing);
  } finally {
    await client.close();
  }
}

/** Lists of the report are plain arrays in its schema. */
function spread(part: { readonly token: VerifyReport["token"]; readonly identity: Identity | null; readonly scope: Scope & { readonly fingerprint: string } }): Pick<VerifyReport, "token" | "identity" | "scope"> {
  return { token: part.token, identity: part.identity, scope: { ...part.scope, ids: [...part.scope.ids], names: [...part.scope.names] } };
}

type Base = Pick<VerifyReport, "url" | "clockSkewMs" | "checkedAt" | "lines">;

async function inspect(options: VerifyOptions, client: ConsoleClient, base: Base, nothing: () => VerifyReport): Promise<VerifyReport> {
  const { clock, token, signal } = options;
  const { lines } = base;
  const facts = await readIdentity(client, signal);
  if (facts.fault !== null && facts.fault.kind !== "permission") {
    lines.push(tokenFault(facts.fault));
    return nothing();
  }
  const dates = await readTokenDates(client, token.secret, facts, signal);
  if (dates.fault !== null) {
    lines.push(tokenFault(dates.fault));
    return nothing();
  }
  lines.push(line("token", "ok", `SentinelOne accepts the token (${token.form} form).`), expiryLine(dates, clock.now()), identityLine(facts.identity));

  const scope = await readScope(client, facts, signal);
  lines.push(scopeLine(scope), roleLine(facts.roles));
  const streams = await probeStreams(client, scope, signal);
  for (const stream of streams) lines.push(streamLine(stream));
  const rights = await rightsBeyondReading(client, facts, isViewOnly, signal);
  lines.push(rightsLine(rights));

  const expired = dates.expiresAt !== null && Date.parse(dates.expiresAt) <= clock.now();
  return {
    ...base,
    ...spread({ token: { form: token.form, createdAt: dates.createdAt, expiresAt: dates.expiresAt }, identity: facts.identity, scope: { ...scope, fingerprint: scopeFingerprint(scope) } }),
    ok: !expired && streams.some((stream) => stream.readable),
    roles: facts.roles.map(({ name }) => name).filter((name, at, all) => all.indexOf(name) === at),
    streams,
    beyondReading: rights === null ? null : [...rights],
  };
}

/** Reachable, TLS and clock: by the one request that needs no token. */
async function reach(options: VerifyOptions, lines: Line[]): Promise<{ readonly ok: boolean; readonly skewMs: number | null }> {
  const { origin, allowedHosts, resolve, env, clock, signal } = options;
  const http = createHttpClient({ origin, allowedHosts, ...TIMEOUTS, ...(resolve === undefined ? {} : { resolve }), ...(env === undefined ? {} : { env }) });
  try {
    const sentAt = clock.now();
    const answer = await http.request({ method: "GET", path: "/web/api/v2.1/system/status", headers: { accept: "application/json", "user-agent": options.userAgent }, signal });
    const halfway = (sentAt + clock.now()) / 2;
    lines.push(line("reachable", "ok", `${origin} answers.`));
    lines.push(origin.startsWith("https:") ? line("tls", "ok", "The certificate is trusted.") : line("tls", "warning", "Plain http: only for a simulator on this machine.", "Use https for a real console."));
    if (answer.status >= 300 && answer.status < 400) {
      lines.push({ ...line("token", "failed", "The address answers with a redirect, which is never followed.", "Give the address that the browser shows after signing in."), code: "S1_UNEXPECTED_STATUS" });
      return { ok: false, skewMs: null };
    }
    const date = Date.parse(answer.headers["date"] ?? "");
    // The header has whole seconds: on average it is half a second behind.
    const skewMs = Number.isNaN(date) ? null : Math.round(date + 500 - halfway);
    lines.push(clockLine(skewMs));
    return { ok: true, skewMs };
  } catch (error) {
    const fault = asFault(error);
    if (fault.code === "S1_TLS") lines.push(line("reachable", "ok", `${origin} answers.`), failed("tls", fault));
    else lines.push(failed("reachable", fault));
    return { ok: false, skewMs: null };
  } finally {
    await http.close();
  }
}

function clockLine(skewMs: number | null): Line {
  if (skewMs === null) return line("clock", "unknown", "The console's answer has no date to compare this machine's clock with.");
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) <= SKEW_WARNING_MS) return line("clock", "ok", "This machine's clock agrees with the console's.");
  return line("clock", "warning", `This machine's clock is ${seconds} s ${skewMs > 0 ? "behind" : "ahead of"} the console's.`, "Turn on time synchronisation (NTP). Reading does not depend on it; ages and expiry warnings do.");
}

function tokenFault(fault: Fault): Line {
  if (fault.kind !== "credential") return failed("token", fault);
  const where = GUIDE.map(({ title, steps }) => `${title}: ${steps[0] ?? ""}`).join(" ");
  const message = "SentinelOne does not accept the token: it is mistyped, expired, revoked, or from another console.";
  return { ...line("token", "failed", message, `Make a new one. ${where}`), code: fault.code };
}

function expiryLine(dates: TokenDates, now: number): Line {
  if (dates.expiresAt === null) return line("expiry", dates.known ? "warning" : "unknown", dates.known ? "The token never expires." : "When the token expires could not be read.", RECOMMENDED_EXPIRY);
  const days = Math.floor((Date.parse(dates.expiresAt) - now) / 86_400_000);
  const on = dates.expiresAt.slice(0, 10);
  if (days < 0) return { ...line("expiry", "failed", `The token expired on ${on}.`, `Make a new one. ${RECOMMENDED_EXPIRY}`), code: "S1_TOKEN_EXPIRED" };
  return line("expiry", days <= 30 ? "warning" : "ok", `The token expires on ${on}, in ${days} days.`, days <= 30 ? `Make a new one soon. ${RECOMMENDED_EXPIRY}` : null);
}

function identityLine(identity: Identity): Line {
  const name = identity.name ?? identity.email ?? identity.id;
  if (name === null) return line("identity", "unknown", "Whose token it is may not be read.", "Nothing depends on it; the permission Users: View would show it.");
  return line("identity", "ok", identity.kind === "unknown" ? name : `${identity.kind === "service-user" ? "Service user" : "User"} ${name}.`);
}

function scopeLine(scope: Scope): Line {
  if (scope.level === "unknown") return line("scope", "unknown", "The token's scope could not be read.", "The permission Sites: View or Accounts: View would show it.");
  if (scope.level === "global") return line("scope", "ok", "The whole console (global).");
  const names = scope.names.length > 0 ? scope.names : scope.ids;
  return line("scope", "ok", `${scope.level} ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}.`);
}

function roleLine(roles: readonly { readonly name: string }[]): Line {
  if (roles.length === 0) return line("role", "unknown", "The token's role could not be read.", RECOMMENDED_ROLE);
  return line("role", "ok", [...new Set(roles.map(({ name }) => name))].join(", "));
}

async function probeStreams(client: ConsoleClient, scope: Scope, signal: AbortSignal | undefined): Promise<StreamLine[]> {
  const io = { client, signal: signal ?? new AbortController().signal, scopeParams: {}, limit: 1 };
  return Promise.all(
    STREAMS.map(async (stream): Promise<StreamLine> => {
      try {
        await stream.probe(io);
        // The console refuses accounts to such a token; the stream reads them off its sites.
        const bySite = stream.id === "accounts" && (scope.level === "site" || scope.level === "group");
        return { stream: stream.id, readable: true, missingPermission: null, message: bySite ? "Readable through the token's sites: id and name only." : "Readable." };
      } catch (error) {
        const fault = asFault(error);
        if (fault.code === "INTERNAL" || fault.code === "CANCELLED") throw fault;
        if (fault.kind !== "permission") return { stream: stream.id, readable: false, missingPermission: null, message: fault.message };
        return { stream: stream.id, readable: false, missingPermission: stream.needs.join(", "), message: `Missing: ${missingPermission(stream)}.` };
      }
    }),
  );
}

function streamLine(stream: StreamLine): Line {
  if (stream.readable) return line(`stream ${stream.stream}`, "ok", stream.message);
  if (stream.missingPermission === null) return line(`stream ${stream.stream}`, "warning", stream.message, "Vedette tries again at the next run.");
  return line(`stream ${stream.stream}`, "warning", stream.message, "Give the token's role that permission, or do without this stream.");
}

function rightsLine(rights: readonly string[] | null): Line {
  if (rights === null) return line("beyond reading", "unknown", "What the token may do beyond reading cannot be read.", RECOMMENDED_ROLE);
  if (rights.length === 0) return line("beyond reading", "ok", "The token can only read.");
  const some = `${rights.slice(0, 6).join(", ")}${rights.length > 6 ? ` and ${rights.length - 6} more` : ""}`;
  return line("beyond reading", "warning", `The token may do more than read: ${some}.`, RECOMMENDED_ROLE);
}
