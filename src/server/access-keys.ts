/**
 * Checks the tokens that Cloudflare Access puts on a request: RS256 only, by a key of the team's own published set, with its issuer, an
 * audience that was set up here, and an end that has not passed. The set is kept for an hour and read again when a token names a key that is not
 * in it (a few times a minute at most, whatever strangers send); where it cannot be read, the known one serves for a day and no longer.
 * A token chooses among the teams set up here and never an address to ask.
 */
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JSONWebKeySet, type JWK } from "jose";
import type { AcceptedAccess, AccessKeys, AssertionRefusal } from "../kernel/assertion.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { createHttpClient, type HttpClient } from "../net/http.ts";
import { isAllowedHost, type AllowedHost, type Resolve } from "../net/policy.ts";
import type { Environment } from "../net/proxy.ts";

export interface AccessKeysPorts {
  readonly clock: Clock;
  readonly env: Environment;
  readonly userAgent: string;
  /** The operator's own list: teams there may be elsewhere, and be spoken to without TLS. */
  readonly allowedHosts: readonly AllowedHost[];
  readonly resolve?: Resolve;
}

const FRESH_MS = 3_600_000;
const USABLE_MS = 24 * FRESH_MS;
const MINUTE_MS = 60_000;
const READS_A_MINUTE = 5;
const WITHIN_MS = 10_000;
const MOST_BYTES = 1_048_576;
const LONGEST_ASSERTION = 16_384;
const CLOCK_TOLERANCE_S = 60;
const CERTS = "/cdn-cgi/access/certs";
const ALGORITHM = "RS256";

interface Team {
  readonly client: HttpClient;
  keys: readonly JWK[];
  /** Of `keys`; null before the first. */
  readAt: number | null;
  /** Of the last minute. */
  tries: readonly number[];
  reading: Promise<void> | null;
}

export function createAccessKeys(ports: AccessKeysPorts): AccessKeys & { close(): Promise<void> } {
  const teams = new Map<string, Team>();

  function teamOf(origin: string): Team {
    const known = teams.get(origin);
    if (known !== undefined) return known;
    const { env, allowedHosts, resolve } = ports;
    const limits = { connections: 2, connectTimeoutMs: WITHIN_MS, headersTimeoutMs: WITHIN_MS, bodyTimeoutMs: WITHIN_MS, maxBodyBytes: MOST_BYTES };
    const made: Team = { client: createHttpClient({ origin, allowedHosts, env, ...limits, ...(resolve === undefined ? {} : { resolve }) }), keys: [], readAt: null, tries: [], reading: null };
    teams.set(origin, made);
    return made;
  }

  /** One reading at a time for all who wait; none where there were enough of late. */
  async function read(team: Team): Promise<void> {
    const now = ports.clock.now();
    team.tries = team.tries.filter((at) => at > now - MINUTE_MS && at <= now);
    if (team.reading === null) {
      if (team.tries.length >= READS_A_MINUTE) return;
      team.tries = [...team.tries, now];
      team.reading = fetchKeys(team.client, ports.userAgent)
        .then((keys) => {
          team.keys = keys;
          team.readAt = ports.clock.now();
        })
        .finally(() => {
          team.reading = null;
        });
    }
    await team.reading;
  }

  async function keyFor(origin: string, kid: string): Promise<JWK | undefined> {
    const team = teamOf(origin);
    const age = (): number => (team.readAt === null ? Infinity : Math.abs(ports.clock.now() - team.readAt));
    const find = (): JWK | undefined => team.keys.find((key) => key.kid === kid);
    if (age() > FRESH_MS || find() === undefined) {
      try {
        await read(team);
      } catch (error) {
        if (age() > USABLE_MS) throw new Fault("ACCESS_KEYS_UNAVAILABLE", "The keys of the Cloudflare team cannot be read.", { cause: error, details: { team: origin } });
      }
      if (age() > USABLE_MS) throw new Fault("ACCESS_KEYS_UNAVAILABLE", "The keys of the Cloudflare team could not be read of late.", { details: { team: origin }, retryAfterMs: MINUTE_MS });
    }
    return find();
  }

  return {
    team: (text) => teamOrigin(text, ports.allowedHosts),
    async verify(assertion, accepted, signal) {
      signal.throwIfAborted();
      const claimed = claimsOf(assertion);
      if (claimed === null) return { refused: "malformed" };
      if (claimed.alg !== ALGORITHM) return { refused: "algorithm" };
      const ours = accepted.filter(({ team }) => team === claimed.issuer);
      const [first] = ours;
      if (first === undefined) return { refused: "issuer" };
      const key = claimed.kid === null ? undefined : await keyFor(first.team, claimed.kid);
      if (key === undefined) return { refused: "unknown-key" };
      return check(assertion, key, first.team, ours, ports.clock.now());
    },
    async close() {
      await Promise.all([...teams.values()].map(({ client }) => client.close()));
    },
  };
}

async function check(assertion: string, key: JWK, issuer: string, ours: readonly AcceptedAccess[], now: number): ReturnType<AccessKeys["verify"]> {
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet({ keys: [key] }), {
      algorithms: [ALGORITHM],
      issuer,
      audience: ours.map(({ audience }) => audience),
      requiredClaims: ["exp"],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(now),
    });
    const named = typeof payload.aud === "string" ? [payload.aud] : (payload.aud ?? []);
    const proven = ours.find(({ audience }) => named.includes(audience));
    return proven === undefined ? { refused: "audience" } : { proven };
  } catch (error) {
    return { refused: refusalOf(error) };
  }
}

function refusalOf(error: unknown): AssertionRefusal {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "signature";
  if (error instanceof errors.JWKSNoMatchingKey) return "unknown-key";
  if (error instanceof errors.JOSEAlgNotAllowed) return "algorithm";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "malformed";
  if (error.claim === "aud") return "audience";
  if (error.claim === "iss") return "issuer";
  return error.claim === "nbf" ? "not-yet-valid" : "claims";
}

/** What the token says of itself, believed only for choosing by what to check it. */
function claimsOf(assertion: string): { readonly alg: string | null; readonly kid: string | null; readonly issuer: string | null } | null {
  if (assertion.length > LONGEST_ASSERTION) return null;
  try {
    const { alg, kid } = decodeProtectedHeader(assertion);
    const { iss } = decodeJwt(assertion);
    return { alg: alg ?? null, kid: kid ?? null, issuer: typeof iss === "string" ? iss : null };
  } catch {
    return null;
  }
}

async function fetchKeys(client: HttpClient, userAgent: string): Promise<readonly JWK[]> {
  const answer = await client.request({ method: "GET", path: CERTS, headers: { accept: "application/json", "user-agent": userAgent }, signal: AbortSignal.timeout(WITHIN_MS) });
  if (answer.status !== 200) throw new Error(`status ${String(answer.status)}`);
  const { keys } = JSON.parse(answer.body.toString("utf8")) as Partial<JSONWebKeySet>;
  if (!Array.isArray(keys)) throw new Error("no keys");
  const usable = keys.filter((key) => key.kty === "RSA" && typeof key.kid === "string" && (key.alg === undefined || key.alg === ALGORITHM) && (key.use === undefined || key.use === "sig"));
  if (usable.length === 0) throw new Error("no key that signs");
  return usable;
}

function teamOrigin(text: string, allowed: readonly AllowedHost[]): string {
  const given = text.trim().replace(/\/+$/, "");
  const whole = given.includes("://") ? given : `https://${given.includes(".") || given.includes(":") ? given : `${given}.cloudflareaccess.com`}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  const plain = url !== null && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (url !== null && plain) {
    if (url.protocol === "https:" && url.port === "" && /^[a-z0-9][a-z0-9-]*\.cloudflareaccess\.com$/.test(url.hostname)) return url.origin;
    const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
    if (/^https?:$/.test(url.protocol) && isAllowedHost(allowed, url.hostname, port)) return url.origin;
  }
  throw new Fault("CONFIG_INVALID", "The team is not one of Cloudflare Access: a name such as `example`, or `example.cloudflareaccess.com`.", { cure: "A host of your own has to be in VEDETTE_ALLOW_DESTINATION_HOSTS." });
}
