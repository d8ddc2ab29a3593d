/**
 * Syslog over TCP or TLS. The protocol knows no receipts; by default `accepted` means that the receiver read the stream to our end of it and
 * closed the connection in turn, without a reset: whoever closes before all is read resets. A batch for which that did not happen is sent
 * again, whole. What a receiver loses afterwards, out of its own memory, nobody can see from here.
 */
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../kernel/fault.ts";
import { isAllowedHost } from "../../net/policy.ts";
import { createConnector } from "../../net/socket.ts";
import type { Admitted, Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { authority, identityOf, Pem, PrivateKey } from "./credentials.ts";
import { ALLOW, checkedHost, receiptOf, type OutboundPorts } from "./http.ts";
import { sendInParts } from "./in-parts.ts";
import { frame, syslogMessage } from "./syslog-message.ts";
import { createStream } from "./syslog-stream.ts";

const PORTS = { "tls:": 6514, "tcp:": 601 } as const;
const DEFAULT_LARGEST = 65_536;
const Printable = (longest: number) => Type.String({ pattern: `^[\\x21-\\x7e]{1,${String(longest)}}$` });

const Config = Type.Object(
  {
    address: Type.String({ minLength: 1, maxLength: 300, description: "tls://host[:6514] or tcp://host[:601]" }),
    ca: Type.Optional(Pem),
    cert: Type.Optional(Pem),
    key: Type.Optional(PrivateKey),
    facility: Type.Optional(Type.Integer({ minimum: 0, maximum: 23, description: "16 (local0) when left out." })),
    hostname: Type.Optional(Printable(255)),
    app: Type.Optional(Printable(48)),
    largest: Type.Optional(Type.Integer({ minimum: 480, maximum: 8_000_000, description: `Bytes of one message; ${String(DEFAULT_LARGEST)} when left out. The receiver must take as many.` })),
    confirm: Type.Optional(Type.Enum(["closed", "written"], { description: "`closed` (when left out): the receiver read all and closed in turn; `written`: handed to the network." })),
  },
  { additionalProperties: false },
);
const Text = Type.String();
const Maybe = Type.Union([Text, Type.Null()]);
const Settings = Type.Object({ tls: Type.Boolean(), host: Text, port: Type.Integer(), ca: Maybe, cert: Maybe, key: Maybe, facility: Type.Integer(), hostname: Text, app: Text, largest: Type.Integer(), confirm: Text });
type Settings = Type.Static<typeof Settings>;

const config = Compile(Config);
const settings = Compile(Settings);

const CONNECT_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 15_000;

export function syslogKind(ports: OutboundPorts): DestinationKind {
  return {
    id: "syslog",
    repeats: "visible",
    config: Config,
    format: "raw",
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The receiver's configuration is not what is expected.");
      const { facility = 16, hostname = "vedette", app = "vedette", largest = DEFAULT_LARGEST, confirm = "closed" } = given;
      const { tls, host, port } = checkedAddress(given.address, ports);
      const identity = identityOf(given.cert, given.key);
      if (!tls && (given.ca !== undefined || identity !== null)) throw new Fault("CONFIG_INVALID", "config/ca, config/cert and config/key go with tls://.");
      return admitted({ tls, host, port, ca: authority(given.ca), cert: identity?.cert ?? null, key: identity?.key ?? null, facility, hostname, app, largest, confirm });
    },
    open(sealed) {
      const state: unknown = JSON.parse(sealed);
      if (!settings.Check(state)) throw new Fault("INTERNAL", "A receiver's stored configuration is not one of this version.");
      return open(state, ports);
    },
  };
}

function admitted(state: Settings): Admitted {
  const address = `${state.tls ? "tls" : "tcp"}://${state.host.includes(":") ? `[${state.host}]` : state.host}:${String(state.port)}`;
  const { facility, hostname, app, largest, confirm, cert } = state;
  return { shown: { host: address, facility, hostname, app, largest, confirm, clientCertificate: cert !== null }, settings: JSON.stringify(state), place: address, secret: null };
}

function checkedAddress(text: string, { allowedHosts }: OutboundPorts): Pick<Settings, "tls" | "host" | "port"> {
  const match = /^(tls:|tcp:)\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\/?$/i.exec(text.trim().toLowerCase());
  const scheme = match?.[1] === "tcp:" ? "tcp:" : "tls:";
  const host = (match?.[2] ?? "").replace(/^\[|\]$/g, "");
  const port = match?.[3] === undefined ? PORTS[scheme] : Number(match[3]);
  const at = { details: { at: "config/address" } };
  if (match === null || port < 1 || port > 65_535) throw new Fault("CONFIG_INVALID", "config/address is not an address of a syslog receiver.", { ...at, cure: "Write it like tls://logs.example.com:6514." });
  const listed = isAllowedHost(allowedHosts, host, port);
  if (scheme === "tcp:" && !listed) throw new Fault("CONFIG_INVALID", "config/address begins with tcp: facts are sent over TLS.", { ...at, cure: `Use tls://. ${ALLOW}` });
  checkedHost(host, listed);
  return { tls: scheme === "tls:", host, port };
}

function open(state: Settings, ports: OutboundPorts): Destination {
  const identity = state.cert === null || state.key === null ? null : { cert: state.cert, key: state.key };
  const closeWithin = ports.answerWithinMs ?? CLOSE_WITHIN_MS;
  const stream = createStream({
    target: `${state.host}:${String(state.port)}`,
    kept: state.confirm === "written",
    connect: createConnector({ host: state.host, port: state.port, tls: state.tls ? { ca: state.ca, identity } : null, allowedHosts: ports.allowedHosts, env: ports.env, ...(ports.resolve === undefined ? {} : { resolve: ports.resolve }), connectWithinMs: ports.answerWithinMs ?? CONNECT_WITHIN_MS }),
  });
  const within = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(closeWithin)]);

  async function sendPart(part: readonly Delivery[], signal: AbortSignal): Promise<readonly Receipt[]> {
    try {
      await stream.send(part.map((delivery) => frame(syslogMessage(delivery, state))).join(""), within(signal));
      return part.map(() => ({ outcome: "accepted" }));
    } catch (error) {
      return part.map(() => receiptOf(error, signal));
    }
  }

  return {
    async check(signal) {
      try {
        await stream.check(within(signal));
      } catch (error) {
        const { code, reason } = receiptOf(error, signal);
        throw new Fault(code, reason, { cause: error, cure: "Check address and port, and with tls:// the receiver's certificate (--ca FILE) and whether it wants one of ours." });
      }
    },
    send: (batch, signal) => sendInParts(batch, { rows: 1_000, bytes: 4_000_000, largest: state.largest, size: (delivery) => syslogMessage(delivery, state).length }, signal, (part) => sendPart(part, signal)),
    close: () => stream.close(),
  };
}
