/**
 * Chats: one POST of JSON per delivery to an address that a channel was given, which is the whole of its credentials and therefore kept sealed and shown nowhere. Slack and Teams differ in
 * what they take and in how they say no.
 */
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../kernel/fault.ts";
import type { HttpAnswer } from "../../net/http.ts";
import type { Admitted, Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { checkedUrl, createSender, receiptFor, receiptOf, type OutboundPorts } from "./http.ts";
import { sendInOrder } from "./in-order.ts";
import { shownOf, type Shown } from "./message.ts";

export interface Chat {
  readonly id: string;
  /** Of the address, for people. */
  readonly example: string;
  write(shown: Shown): unknown;
  /** What an answer means; undefined: what its status says. */
  judge(answer: HttpAnswer): Receipt | undefined;
}

const Config = Type.Object({ url: Type.String({ minLength: 1, maxLength: 2048, description: "https://…, as the channel gives it" }) }, { additionalProperties: false });
const Settings = Type.Object({ url: Type.String() });
const config = Compile(Config);
const settings = Compile(Settings);

/** Chats count the messages of an address by the second. */
const WIDTH = 1;
const ANSWER_WITHIN_MS = 15_000;

export function chatKind(chat: Chat, ports: OutboundPorts): DestinationKind {
  function admitted(given: string): Admitted {
    const url = checkedUrl(given, ports.allowedHosts);
    return { shown: { host: url.origin }, settings: JSON.stringify({ url: url.href }), place: url.href, secret: null };
  }
  return {
    id: chat.id,
    repeats: "visible",
    config: Config,
    format: "raw",
    facts: ["notifications.*"],
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The channel's configuration is not what is expected.");
      return admitted(given.url);
    },
    rotate(_sealed, secret) {
      if (secret === null) throw new Fault("CONFIG_INVALID", `The new address is missing: the channel gives it (${chat.example}).`, { cure: "Give it by --secret-env NAME." });
      return admitted(secret.trim());
    },
    open(sealed) {
      const state: unknown = JSON.parse(sealed);
      if (!settings.Check(state)) throw new Fault("INTERNAL", "A channel's stored configuration is not one of this version.");
      return open(new URL(state.url), chat, ports);
    },
  };
}

function open(url: URL, chat: Chat, ports: OutboundPorts): Destination {
  const path = url.pathname + url.search;
  const sender = createSender(url, ports, { width: WIDTH, answerWithinMs: ANSWER_WITHIN_MS });

  async function sendOne(delivery: Delivery, signal: AbortSignal): Promise<Receipt> {
    try {
      const answer = await sender.ask({ path, headers: { "content-type": "application/json" }, body: JSON.stringify(chat.write(shownOf(delivery))) }, signal);
      return chat.judge(answer) ?? receiptFor(answer, ports.clock.now());
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
