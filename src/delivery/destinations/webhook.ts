/**
 * Webhooks: one signed POST per delivery (Standard Webhooks), the delivery's id as `webhook-id` in every attempt. Sends over https to public
 * addresses, and to what the operator has listed; follows no redirect and reads no answer's body. The address is kept sealed with the
 * secrets, because such addresses often carry a secret themselves: lists show its host.
 */
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../kernel/fault.ts";
import type { Admitted, Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { checkedUrl, createSender, packing, receiptFor, receiptOf, type OutboundPorts } from "./http.ts";
import { sendInOrder } from "./in-order.ts";
import { checkedSecret, newSecret, signedHeaders } from "./signing.ts";

const Config = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048, description: "https://…" }),
    secret: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "`whsec_…`; made and shown once when left out." })),
    gzip: Type.Optional(Type.Boolean({ description: "Compress bodies; false when left out. A receiver that answers 415 gets them as they are." })),
  },
  { additionalProperties: false },
);
const Settings = Type.Object({ url: Type.String(), secret: Type.String(), gzip: Type.Optional(Type.Boolean()), old: Type.Union([Type.Null(), Type.Object({ secret: Type.String(), until: Type.Number() })]) });
type Settings = Type.Static<typeof Settings>;

const config = Compile(Config);
const settings = Compile(Settings);

/** Requests under way to one receiver. */
const WIDTH = 8;
const ANSWER_WITHIN_MS = 15_000;

export function webhookKind(ports: OutboundPorts): DestinationKind {
  function admitted(state: Settings): Admitted {
    const url = new URL(state.url);
    return {
      shown: { host: url.origin, gzip: state.gzip === true, oldSecretUntil: state.old === null ? null : new Date(state.old.until).toISOString() },
      settings: JSON.stringify(state),
      place: state.url,
      secret: state.secret,
    };
  }

  return {
    id: "webhook",
    repeats: "visible",
    config: Config,
    format: "raw",
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The webhook's configuration is not what is expected.");
      const url = checkedUrl(given.url, ports.allowedHosts);
      return admitted({ url: url.href, secret: given.secret === undefined ? newSecret() : checkedSecret(given.secret), gzip: given.gzip === true, old: null });
    },
    rotate(sealed, secret, keepUntil) {
      const before = parsed(sealed);
      const fresh = secret === null ? newSecret() : checkedSecret(secret);
      return admitted({ ...before, secret: fresh, old: { secret: before.secret, until: keepUntil } });
    },
    open: (sealed) => openWebhook(parsed(sealed), ports),
  };
}

function parsed(sealed: string): Settings {
  const value: unknown = JSON.parse(sealed);
  if (!settings.Check(value)) throw new Fault("INTERNAL", "A webhook's stored configuration is not one of this version.");
  return value;
}

function openWebhook(state: Settings, ports: OutboundPorts): Destination {
  const url = new URL(state.url);
  const path = url.pathname + url.search;
  const sender = createSender(url, ports, { width: WIDTH, answerWithinMs: ANSWER_WITHIN_MS });
  const ask = packing(sender, state.gzip === true);

  async function sendOne({ id, text: body }: Delivery, signal: AbortSignal): Promise<Receipt> {
    const now = ports.clock.now();
    const secrets = [state.secret, ...(state.old !== null && now < state.old.until ? [state.old.secret] : [])];
    const headers = { "content-type": "application/json", ...signedHeaders(secrets, id, Math.floor(now / 1000), body) };
    try {
      return receiptFor(await ask({ path, headers, body, ignoreBody: true }, signal), ports.clock.now());
    } catch (error) {
      return receiptOf(error, signal);
    }
  }

  return {
    check: () => sender.resolve(),
    send: (batch, signal) => sendInOrder(batch, WIDTH, signal, (delivery) => sendOne(delivery, signal)),
    close: () => sender.close(),
  };
}
