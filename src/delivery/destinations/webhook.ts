/**
 * Webhooks: one signed POST per delivery (Standard Webhooks), the delivery's id as `webhook-id` in every attempt. Sends over https to public
 * addresses, and to what the operator has listed; follows no redirect and reads no answer's body. The address is kept sealed with the
 * secrets, because such addresses often carry a secret themselves: lists show its host.
 */
import { isIP } from "node:net";
import Type from "typebox";
import { Compile } from "typebox/compile";
import type { Clock } from "../../kernel/clock.ts";
import { Fault, type FaultCode } from "../../kernel/fault.ts";
import { parseRetryAfter } from "../../net/budget.ts";
import { createHttpClient, type HttpAnswer, type HttpClient } from "../../net/http.ts";
import { bareHost, createAddressPolicy, forbiddenRange, isAllowedHost, type AllowedHost, type Resolve } from "../../net/policy.ts";
import { proxyFor, type Environment } from "../../net/proxy.ts";
import type { Admitted, Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { envelope } from "./envelope.ts";
import { sendInOrder } from "./in-order.ts";
import { checkedSecret, newSecret, signedHeaders } from "./signing.ts";

export interface WebhookPorts {
  readonly clock: Clock;
  /** The operator's own list: these may be inside the network, and may be spoken to without TLS. */
  readonly allowedHosts: readonly AllowedHost[];
  readonly env: Environment;
  readonly userAgent: string;
  readonly resolve?: Resolve;
  /** Until the answer's headers; tests make it short. */
  readonly answerWithinMs?: number;
}

const Config = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048, description: "https://…" }),
    secret: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "`whsec_…`; made and shown once when left out." })),
  },
  { additionalProperties: false },
);
const Settings = Type.Object({ url: Type.String(), secret: Type.String(), old: Type.Union([Type.Null(), Type.Object({ secret: Type.String(), until: Type.Number() })]) });

const config = Compile(Config);
const settings = Compile(Settings);

/** Requests under way to one receiver. */
const WIDTH = 8;
const CONNECT_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 15_000;
const ALLOW = "If the host is really meant, start Vedette with VEDETTE_ALLOW_DESTINATION_HOSTS=host[:port].";

export function webhookKind(ports: WebhookPorts): DestinationKind {
  function admitted(state: { readonly url: string; readonly secret: string; readonly old: { readonly secret: string; readonly until: number } | null }): Admitted {
    const url = new URL(state.url);
    return {
      shown: { host: url.origin, oldSecretUntil: state.old === null ? null : new Date(state.old.until).toISOString() },
      settings: JSON.stringify(state),
      place: state.url,
      secret: state.secret,
    };
  }

  return {
    id: "webhook",
    repeats: "visible",
    config: Config,
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The webhook's configuration is not what is expected.");
      const url = checkedUrl(given.url, ports.allowedHosts);
      return admitted({ url: url.href, secret: given.secret === undefined ? newSecret() : checkedSecret(given.secret), old: null });
    },
    rotate(sealed, secret, keepUntil) {
      const before = parsed(sealed);
      const fresh = secret === null ? newSecret() : checkedSecret(secret);
      return admitted({ url: before.url, secret: fresh, old: { secret: before.secret, until: keepUntil } });
    },
    open: (sealed) => openWebhook(parsed(sealed), ports),
  };
}

function parsed(sealed: string) {
  const value: unknown = JSON.parse(sealed);
  if (!settings.Check(value)) throw new Fault("INTERNAL", "A webhook's stored configuration is not one of this version.");
  return value;
}

function openWebhook(state: ReturnType<typeof parsed>, ports: WebhookPorts): Destination {
  const url = new URL(state.url);
  const path = url.pathname + url.search;
  let client: HttpClient | undefined;

  function http(): HttpClient {
    client ??= createHttpClient({
      origin: url.origin,
      allowedHosts: ports.allowedHosts,
      env: ports.env,
      connections: WIDTH,
      connectTimeoutMs: CONNECT_WITHIN_MS,
      headersTimeoutMs: ports.answerWithinMs ?? ANSWER_WITHIN_MS,
      ...(ports.resolve === undefined ? {} : { resolve: ports.resolve }),
    });
    return client;
  }

  async function sendOne(delivery: Delivery, signal: AbortSignal): Promise<Receipt> {
    const now = ports.clock.now();
    const body = envelope(delivery);
    const secrets = [state.secret, ...(state.old !== null && now < state.old.until ? [state.old.secret] : [])];
    const headers = { "content-type": "application/json", "user-agent": ports.userAgent, ...signedHeaders(secrets, delivery.id, Math.floor(now / 1000), body) };
    try {
      return receiptFor(await http().request({ method: "POST", path, headers, body, signal, ignoreBody: true }), ports.clock.now());
    } catch (error) {
      if (signal.aborted) return { outcome: "again-after", afterMs: 0, blame: "delivery", code: "CANCELLED", reason: "It was stopped while it was being sent." };
      return { outcome: "again-after", afterMs: null, blame: "destination", ...troubleOf(error) };
    }
  }

  return {
    async check() {
      // Behind a proxy it is the proxy that looks names up.
      if (proxyFor(url, ports.env) !== null) return;
      const policy = createAddressPolicy({ allowedHosts: ports.allowedHosts, ...(ports.resolve === undefined ? {} : { resolve: ports.resolve }) });
      try {
        await policy.resolve(url.hostname, portOf(url));
      } catch (error) {
        throw refusedAddress(error) ?? new Fault("DESTINATION_UNREACHABLE", `The name ${bareHost(url.hostname)} cannot be looked up.`, { cause: error, cure: "Check the address, and this machine's DNS." });
      }
    },
    send: (batch, signal) => sendInOrder(batch, WIDTH, signal, (delivery) => sendOne(delivery, signal)),
    close: async () => client?.close(),
  };
}

/** Statuses of the receiver that will say the same of this delivery at any time: it cannot read it, or wants no more of it. */
const REFUSED: ReadonlySet<number> = new Set([400, 410, 413, 422]);
/** It, or what stands before it, asks for fewer, or is away. */
const AWAY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

function receiptFor({ status, headers }: HttpAnswer, now: number): Receipt {
  if (status >= 200 && status < 300) return { outcome: "accepted" };
  if (REFUSED.has(status)) return { outcome: "refused", code: "DESTINATION_REFUSED", reason: `The receiver answered ${String(status)}.` };
  const afterMs = parseRetryAfter(headers["retry-after"], now);
  if (AWAY.has(status) || afterMs !== null) return { outcome: "again-after", afterMs, blame: "destination", code: status === 429 ? "DESTINATION_BUSY" : "DESTINATION_UNREACHABLE", reason: `The receiver answered ${String(status)}.` };
  if (status >= 500 || status === 408 || status === 425) return { outcome: "again-after", afterMs, blame: "delivery", code: "DESTINATION_UNREACHABLE", reason: `The receiver answered ${String(status)}.` };
  // A wrong path, a missing right, a redirect: somebody has to mend that, and then everything can go, in order.
  return { outcome: "again-after", afterMs, blame: "destination", code: "DESTINATION_UNREACHABLE", reason: `The receiver answered ${String(status)}: the address or its rights are not right.` };
}

function troubleOf(error: unknown): { readonly code: FaultCode; readonly reason: string } {
  const refused = refusedAddress(error);
  if (refused !== undefined) return { code: refused.code, reason: refused.message };
  if (error instanceof Fault) return { code: error.code === "INTERNAL" ? "INTERNAL" : "DESTINATION_UNREACHABLE", reason: error.message };
  return { code: "INTERNAL", reason: "Unexpected failure." };
}

function refusedAddress(error: unknown): Fault | undefined {
  if (!(error instanceof Fault) || error.code !== "OUTBOUND_ADDRESS_REFUSED") return undefined;
  return new Fault("OUTBOUND_ADDRESS_REFUSED", error.message, { details: error.details, cure: `Check the DNS entry. ${ALLOW}` });
}

function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

function checkedUrl(text: string, allowed: readonly AllowedHost[]): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) throw invalid("config/url is not an https address.");
  if (url.username !== "" || url.password !== "") throw invalid("config/url holds a user name or password.");
  if (url.hash !== "") throw invalid("config/url holds a fragment (#…), which is never sent.");
  const listed = isAllowedHost(allowed, url.hostname, portOf(url));
  if (url.protocol === "http:" && !listed) throw invalid("config/url begins with http: facts are sent over https.", `Use https. ${ALLOW}`);
  const host = bareHost(url.hostname);
  const range = isIP(host) === 0 ? null : forbiddenRange(host);
  if (range !== null && !listed) throw new Fault("OUTBOUND_ADDRESS_REFUSED", `${host} is an address (${range}) that outbound requests may not reach.`, { details: { host, range }, cure: ALLOW });
  return url;
}

function invalid(message: string, cure = "Give an address like https://hooks.example.com/vedette."): Fault {
  return new Fault("CONFIG_INVALID", message, { details: { at: "config/url" }, cure });
}
