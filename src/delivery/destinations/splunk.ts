/**
 * Splunk's HTTP Event Collector: events in batches, filed by the time they happened, each with its delivery's id as an indexed field.
 * Without acknowledgement `accepted` means that Splunk has them in memory; with it, that they are indexed. Splunk absorbs no repeats.
 */
import { randomUUID } from "node:crypto";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../kernel/fault.ts";
import { isJsonObject } from "../../kernel/json.ts";
import type { HttpAnswer } from "../../net/http.ts";
import type { Admitted, Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { objectOf } from "./answers.ts";
import { authority, NewSecret, Pem } from "./credentials.ts";
import { away, checkedUrl, createSender, encoded, receiptFor, receiptOf, type OutboundPorts } from "./http.ts";
import { sendInParts, type PartAnswer } from "./in-parts.ts";

export interface SplunkPorts extends OutboundPorts {
  /** Until events are acknowledged; tests make it short. */
  readonly acknowledgeWithinMs?: number;
}

const DEFAULT_SOURCETYPE = "vedette:json";
const Name = Type.String({ minLength: 1, maxLength: 200, pattern: "^[\\x21-\\x7e]+$" });

const Config = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048, description: "https://…:8088" }),
    token: NewSecret,
    index: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,79}$", description: "The token's own default when left out." })),
    sourcetype: Type.Optional(Name),
    source: Type.Optional(Name),
    host: Type.Optional(Name),
    acknowledge: Type.Optional(Type.Boolean({ description: "Wait until events are indexed; the token must have indexer acknowledgement enabled." })),
    gzip: Type.Optional(Type.Boolean({ description: "Compress requests; true when left out." })),
    ca: Type.Optional(Pem),
  },
  { additionalProperties: false },
);
const Text = Type.String();
const Maybe = Type.Union([Text, Type.Null()]);
const Settings = Type.Object({ url: Text, token: Text, index: Maybe, sourcetype: Text, source: Text, host: Maybe, channel: Maybe, gzip: Type.Boolean(), ca: Maybe });
type Settings = Type.Static<typeof Settings>;

const config = Compile(Config);
const settings = Compile(Settings);

const ANSWER_WITHIN_MS = 30_000;
const ACKNOWLEDGE_WITHIN_MS = 40_000;
const ASK_EVERY_MS = 250;
const LIMITS = { rows: 1_000, bytes: 4_000_000, largest: 8_000_000 } as const;

export function splunkKind(ports: SplunkPorts): DestinationKind {
  function admitted(state: Settings): Admitted {
    const { url, index, sourcetype, source, host, channel, gzip } = state;
    return { shown: { host: new URL(url).origin, index, sourcetype, source, eventHost: host, acknowledge: channel !== null, gzip }, settings: JSON.stringify(state), place: `${url} ${index ?? ""}`, secret: null };
  }
  return {
    id: "splunk",
    repeats: "visible",
    config: Config,
    format: "raw",
    timed: true,
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The collector's configuration is not what is expected.");
      const { token, index = null, sourcetype = DEFAULT_SOURCETYPE, source = "vedette", host = null, gzip = true, acknowledge = false } = given;
      const url = checkedUrl(given.url, ports.allowedHosts).href.replace(/\/$/, "");
      return admitted({ url, token: token.trim(), index, sourcetype, source, host, channel: acknowledge ? randomUUID() : null, gzip, ca: authority(given.ca) });
    },
    rotate(sealed, secret) {
      if (secret === null) throw new Fault("CONFIG_INVALID", "The new token is missing: Splunk gives it.", { cure: "Give it by --secret-env NAME." });
      return admitted({ ...parsed(sealed), token: secret.trim() });
    },
    open: (sealed) => open(parsed(sealed), ports),
  };
}

function parsed(sealed: string): Settings {
  const value: unknown = JSON.parse(sealed);
  if (!settings.Check(value)) throw new Fault("INTERNAL", "A collector's stored configuration is not one of this version.");
  return value;
}

function open(state: Settings, ports: SplunkPorts): Destination {
  const url = new URL(state.url);
  const base = `${url.pathname.replace(/\/$/, "")}/services/collector`;
  const { channel } = state;
  const common = { authorization: `Splunk ${state.token}`, "content-type": "application/json", ...(channel === null ? {} : { "x-splunk-request-channel": channel }) };
  const sender = createSender(url, ports, { width: 1, answerWithinMs: ANSWER_WITHIN_MS, ca: state.ca });

  async function sendPart(part: readonly Delivery[], signal: AbortSignal): Promise<PartAnswer> {
    const { body, headers } = await encoded(part.map((delivery) => eventOf(delivery, state)).join("\n"), state.gzip);
    try {
      const answer = await sender.ask({ path: `${base}/event`, headers: { ...common, ...headers }, body }, signal);
      const receipt = collectorReceipt(answer, ports.clock.now());
      if (receipt.outcome === "refused" && part.length > 1) return "smaller";
      if (receipt.outcome !== "accepted" || channel === null) return part.map(() => receipt);
      const settled = await acknowledged(objectOf(answer)?.["ackId"], channel, signal);
      return part.map(() => settled);
    } catch (error) {
      return part.map(() => receiptOf(error, signal));
    }
  }

  /** Asks until these events are indexed. What is not acknowledged in time is sent again, and may then be there twice. */
  async function acknowledged(id: unknown, of: string, signal: AbortSignal): Promise<Receipt> {
    if (typeof id !== "number") return away("The collector took the events but gave no acknowledgement id: the token has indexer acknowledgement disabled.");
    const within = ports.acknowledgeWithinMs ?? ACKNOWLEDGE_WITHIN_MS;
    for (const began = ports.clock.monotonic(); ports.clock.monotonic() - began < within && !signal.aborted; ) {
      const answer = await sender.ask({ path: `${base}/ack?channel=${of}`, headers: common, body: JSON.stringify({ acks: [id] }) }, signal);
      const acks = objectOf(answer)?.["acks"];
      if (answer.status !== 200 || !isJsonObject(acks)) return away(`The collector answered ${String(answer.status)} when it was asked for an acknowledgement.`);
      if (acks[String(id)] === true) return { outcome: "accepted" };
      await ports.clock.sleep(ASK_EVERY_MS, signal);
    }
    return away(`The collector took the events and has not acknowledged them within ${String(Math.round(within / 1000))} s; they are sent again.`);
  }

  return {
    async check(signal) {
      await sender.resolve();
      const status = await sender.probe({ method: "GET", path: `${base}/health`, headers: common }, signal);
      if (status === 404) throw new Fault("CONFIG_INVALID", "There is no HTTP Event Collector at that address (404).", { details: { at: "config/url" }, cure: "It listens on a port of its own, 8088 where nobody changed it." });
    },
    send: (batch, signal) => sendInParts(batch, { ...LIMITS, size: ({ bytes }) => bytes + 300 }, signal, (part) => sendPart(part, signal)),
    close: () => sender.close(),
  };
}

function eventOf({ id, tenant, kind, eventAt, text }: Delivery, { index, sourcetype, source, host }: Settings): string {
  const head = JSON.stringify({ ...(host === null ? {} : { host }), source, sourcetype, ...(index === null ? {} : { index }), fields: { delivery_id: id, fact: kind, tenant } });
  return `{"time":${(eventAt / 1000).toFixed(3)},${head.slice(1, -1)},"event":${text}}`;
}

/** Splunk's own codes, where they say more than the status. */
const WRONG_INDEX = 7;
const ABOUT_THE_CHANNEL: ReadonlySet<number> = new Set([10, 11, 14, 16]);

function collectorReceipt(answer: HttpAnswer, now: number): Receipt {
  const said = objectOf(answer)?.["code"];
  const code = typeof said === "number" ? said : null;
  if (answer.status === 200) return code === 0 ? { outcome: "accepted" } : away("What answered is no HTTP Event Collector: it did not say that it took the events.");
  if (answer.status === 400 && code === WRONG_INDEX) return away("The token may not write to that index (code 7).");
  if (answer.status === 400 && code !== null && ABOUT_THE_CHANNEL.has(code)) return away(`The token's indexer acknowledgement is not as configured here (code ${String(code)}).`);
  const receipt = receiptFor(answer, now);
  return code !== null && receipt.outcome !== "accepted" ? { ...receipt, reason: `The collector answered ${String(answer.status)} (code ${String(code)}).` } : receipt;
}
