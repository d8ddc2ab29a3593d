/**
 * Sekoia's intake: `POST /batch` with an intake key and events as texts. Left to itself it gets the vendor's records as they are, which the
 * parser behind a SentinelOne intake expects. Nothing is left out: an event that is longer than the intake takes is parked.
 */
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../kernel/fault.ts";
import type { Admitted, Delivery, Destination, DestinationKind } from "../destination.ts";
import { objectOf } from "./answers.ts";
import { NewSecret } from "./credentials.ts";
import { away, checkedUrl, createSender, packing, receiptFor, receiptOf, type OutboundPorts } from "./http.ts";
import { sendInParts, type PartAnswer } from "./in-parts.ts";

const DEFAULT_URL = "https://intake.sekoia.io";

const Config = Type.Object(
  {
    url: Type.Optional(Type.String({ minLength: 1, maxLength: 2048, description: `${DEFAULT_URL} when left out.` })),
    intakeKey: NewSecret,
    gzip: Type.Optional(Type.Boolean({ description: "Compress requests; false when left out. An intake that answers 415 gets them as they are." })),
  },
  { additionalProperties: false },
);
const Settings = Type.Object({ url: Type.String(), intakeKey: Type.String(), gzip: Type.Optional(Type.Boolean()) });
type Settings = Type.Static<typeof Settings>;

const config = Compile(Config);
const settings = Compile(Settings);

const ANSWER_WITHIN_MS = 30_000;
/** Bytes of one event, above which the intake drops it. */
const LARGEST_EVENT = 250_000;
/** Of one request: nine tenths of 10 MiB. */
const LARGEST_REQUEST = 9_437_184;
const AROUND = 1_000;

export function sekoiaKind(ports: OutboundPorts): DestinationKind {
  function admitted(state: Settings): Admitted {
    // Two intakes at one address differ by their key alone.
    return { shown: { host: new URL(state.url).origin, gzip: state.gzip === true }, settings: JSON.stringify(state), place: `${state.url} ${state.intakeKey}`, secret: null };
  }
  return {
    id: "sekoia",
    repeats: "visible",
    config: Config,
    format: "record",
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The intake's configuration is not what is expected.");
      return admitted({ url: checkedUrl(given.url ?? DEFAULT_URL, ports.allowedHosts).href.replace(/\/$/, ""), intakeKey: given.intakeKey.trim(), gzip: given.gzip === true });
    },
    rotate(sealed, secret) {
      if (secret === null) throw new Fault("CONFIG_INVALID", "The new intake key is missing: Sekoia gives it.", { cure: "Give it by --secret-env NAME." });
      return admitted({ ...parsed(sealed), intakeKey: secret.trim() });
    },
    open: (sealed) => open(parsed(sealed), ports),
  };
}

function parsed(sealed: string): Settings {
  const value: unknown = JSON.parse(sealed);
  if (!settings.Check(value)) throw new Fault("INTERNAL", "An intake's stored configuration is not one of this version.");
  return value;
}

function open(state: Settings, ports: OutboundPorts): Destination {
  const url = new URL(state.url);
  const path = `${url.pathname.replace(/\/$/, "")}/batch`;
  const sender = createSender(url, ports, { width: 1, answerWithinMs: ANSWER_WITHIN_MS });
  const ask = packing(sender, state.gzip === true);

  /** `quoted`: each text as it stands within JSON. */
  async function sendPart(part: readonly Delivery[], quoted: ReadonlyMap<Delivery, string>, signal: AbortSignal): Promise<PartAnswer> {
    const body = `{"intake_key":${JSON.stringify(state.intakeKey)},"jsons":[${part.map((delivery) => quoted.get(delivery) ?? JSON.stringify(delivery.text)).join(",")}]}`;
    try {
      const answer = await ask({ path, headers: { "content-type": "application/json" }, body }, signal);
      const receipt = receiptFor(answer, ports.clock.now());
      if (receipt.outcome === "refused" && part.length > 1) return "smaller";
      if (receipt.outcome !== "accepted") return part.map(() => receipt);
      const taken = objectOf(answer);
      if (taken === null) return part.map(() => away("What answered is no intake: its answer is no JSON."));
      const ids = taken["event_ids"];
      if (Array.isArray(ids) && ids.length !== part.length) return part.map(() => away(`The intake was given ${String(part.length)} events and took ${String(ids.length)}; they are sent again.`));
      return part.map(() => receipt);
    } catch (error) {
      return part.map(() => receiptOf(error, signal));
    }
  }

  return {
    check: () => sender.resolve(),
    send(batch, signal) {
      const quoted = new Map(batch.map((delivery) => [delivery, JSON.stringify(delivery.text)]));
      const size = (delivery: Delivery): number => Buffer.byteLength(quoted.get(delivery) ?? "") + 1;
      return sendInParts(batch, { rows: 1_000, bytes: LARGEST_REQUEST - AROUND, largest: LARGEST_EVENT, measure: ({ bytes }) => bytes, size }, signal, (part) => sendPart(part, quoted, signal));
    },
    close: () => sender.close(),
  };
}
