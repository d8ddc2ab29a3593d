/**
 * E-mail by SMTP: one mail per delivery, over TLS from the first byte (smtps) or by STARTTLS, which is then demanded. The connection is made here, under the same rules as requests, and
 * handed to the library ready: it looks no name up by itself. A delivery's id is its Message-ID in every attempt, so that mail programs that see a repeat can tell.
 */
import { hash } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import type { createTransport as Create, SendMailOptions } from "nodemailer";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../kernel/fault.ts";
import { authorities } from "../../net/http.ts";
import { isAllowedHost } from "../../net/policy.ts";
import { createConnector } from "../../net/socket.ts";
import type { Admitted, Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { authority, NewSecret, Pem } from "./credentials.ts";
import { mailBody } from "./email-body.ts";
import { ALLOW, away, checkedHost, receiptOf, type OutboundPorts } from "./http.ts";
import { sendInOrder } from "./in-order.ts";
import { shownOf } from "./message.ts";

const PORTS = { "smtps:": 465, "smtp:": 587, "smtp+plain:": 25 } as const;
/** A mailbox as it stands in an envelope; no quoted forms, which nobody has who gets alerts. */
const MAILBOX = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/iu;
const Mailbox = Type.String({ minLength: 3, maxLength: 320 });

const Config = Type.Object(
  {
    server: Type.String({ minLength: 1, maxLength: 300, description: "smtps://host[:465], or smtp://host[:587] with STARTTLS" }),
    from: Type.String({ minLength: 3, maxLength: 420, description: "vedette@example.com, or Vedette <vedette@example.com>" }),
    to: Type.Array(Mailbox, { minItems: 1, maxItems: 50 }),
    cc: Type.Optional(Type.Array(Mailbox, { minItems: 1, maxItems: 50 })),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 320 })),
    password: Type.Optional(NewSecret),
    ca: Type.Optional(Pem),
  },
  { additionalProperties: false },
);
const Text = Type.String();
const Maybe = Type.Union([Text, Type.Null()]);
const Settings = Type.Object({
  scheme: Type.Enum(["smtps:", "smtp:", "smtp+plain:"]),
  host: Text,
  port: Type.Integer(),
  from: Type.Object({ name: Text, address: Text }),
  to: Type.Array(Text),
  cc: Type.Array(Text),
  username: Maybe,
  password: Maybe,
  ca: Maybe,
});
type Settings = Type.Static<typeof Settings>;

const config = Compile(Config);
const settings = Compile(Settings);

/** Mails under way to one server. */
const WIDTH = 2;
const CONNECT_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 20_000;

export function emailKind(ports: OutboundPorts): DestinationKind {
  return {
    id: "email",
    repeats: "visible",
    config: Config,
    format: "raw",
    facts: ["notifications.*"],
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The mail server's configuration is not what is expected.");
      const { username = null, password = null } = given;
      if ((username === null) !== (password === null)) throw new Fault("CONFIG_INVALID", "config/username and config/password belong together.", { cure: "Name the variable with the password: --secret-env NAME." });
      const from = checkedFrom(given.from);
      return admitted({ ...checkedServer(given.server, ports), from, to: checkedMailboxes(given.to, "config/to"), cc: checkedMailboxes(given.cc ?? [], "config/cc"), username, password: password === null ? null : password.trim(), ca: authority(given.ca) });
    },
    rotate(sealed, secret) {
      const before = parsed(sealed);
      if (secret === null) throw new Fault("CONFIG_INVALID", "The new password is missing: the mail server has it.", { cure: "Give it by --secret-env NAME." });
      if (before.username === null) throw new Fault("CONFIG_INVALID", "This mail server is not signed in to: there is no password to replace.");
      return admitted({ ...before, password: secret.trim() });
    },
    open: (sealed) => open(parsed(sealed), ports),
  };
}

function parsed(sealed: string): Settings {
  const value: unknown = JSON.parse(sealed);
  if (!settings.Check(value)) throw new Fault("INTERNAL", "A mail server's stored configuration is not one of this version.");
  return value;
}

function admitted(state: Settings): Admitted {
  const { scheme, host, port, from, to, cc, username } = state;
  const server = `${scheme}//${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
  return { shown: { host: server, from: from.address, to: to.join(", "), cc: cc.join(", ") || null, signsIn: username !== null }, settings: JSON.stringify(state), place: [server, from.address, ...to.toSorted(), "cc", ...cc.toSorted()].join(" "), secret: null };
}

function checkedServer(text: string, { allowedHosts }: OutboundPorts): Pick<Settings, "scheme" | "host" | "port"> {
  const match = /^(smtps:|smtp:|smtp\+plain:)\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\/?$/.exec(text.trim().toLowerCase());
  const scheme = Object.keys(PORTS).find((one): one is keyof typeof PORTS => one === match?.[1]) ?? "smtp:";
  const host = (match?.[2] ?? "").replace(/^\[|\]$/g, "");
  const port = match?.[3] === undefined ? PORTS[scheme] : Number(match[3]);
  const at = { details: { at: "config/server" } };
  if (match === null || port < 1 || port > 65_535) throw new Fault("CONFIG_INVALID", "config/server is not the address of a mail server.", { ...at, cure: "Write it like smtp://mail.example.com:587 (STARTTLS) or smtps://mail.example.com:465; user and password stand apart." });
  const listed = isAllowedHost(allowedHosts, host, port);
  if (scheme === "smtp+plain:" && !listed) throw new Fault("CONFIG_INVALID", "config/server begins with smtp+plain: mails are sent over TLS.", { ...at, cure: `Use smtp:// or smtps://. ${ALLOW}` });
  checkedHost(host, listed);
  return { scheme, host, port };
}

function checkedFrom(text: string): Settings["from"] {
  const match = /^\s*(?:([^<>]{0,100}?)\s*<([^<>]+)>|([^<>\s]+))\s*$/.exec(text);
  const name = match?.[1]?.replace(/^"|"$/g, "") ?? "";
  if (match === null || /[\p{Cc}\p{Zl}\p{Zp}"\\]/u.test(name)) throw notMailbox("config/from", "Write it like vedette@example.com, or Vedette <vedette@example.com>.");
  const [address = ""] = checkedMailboxes([match[2] ?? match[3] ?? ""], "config/from");
  return { name: name.trim(), address };
}

function checkedMailboxes(list: readonly string[], at: string): string[] {
  const checked = list.map((one) => one.trim());
  if (!checked.every((one) => MAILBOX.test(one))) throw notMailbox(at, "Write it like soc@example.com, each by itself.");
  return [...new Set(checked)];
}

function notMailbox(at: string, cure: string): Fault {
  return new Fault("CONFIG_INVALID", `${at} holds what is no mail address.`, { details: { at }, cure });
}

function open(state: Settings, ports: OutboundPorts): Destination {
  const { scheme, host, port, ca } = state;
  const answerWithin = ports.answerWithinMs ?? ANSWER_WITHIN_MS;
  const connect = createConnector({
    host,
    port,
    tls: scheme === "smtps:" ? { ca, identity: null } : null,
    allowedHosts: ports.allowedHosts,
    env: ports.env,
    ...(ports.resolve === undefined ? {} : { resolve: ports.resolve }),
    connectWithinMs: ports.answerWithinMs ?? CONNECT_WITHIN_MS,
  });

  // Reading all authorities takes longer than a mail does: once is enough.
  let context: SecureContext | undefined;

  /** One connection, one piece of work, whatever becomes of it. */
  async function withServer<T>(signal: AbortSignal, work: (transport: ReturnType<typeof Create>) => Promise<T>): Promise<T> {
    // Loaded with the first mail: most hubs send none.
    const { createTransport } = await import("nodemailer");
    const socket = await connect(signal);
    const stop = (): void => void socket.destroy();
    socket.on("error", () => undefined);
    signal.addEventListener("abort", stop, { once: true });
    context ??= createSecureContext({ minVersion: "TLSv1.2", ...authorities(ports.env, ca ?? undefined) });
    const transport = createTransport({
      host,
      port,
      secure: scheme === "smtps:",
      requireTLS: scheme === "smtp:",
      ignoreTLS: scheme === "smtp+plain:",
      tls: { secureContext: context, ...(isIP(host) === 0 ? { servername: host } : {}) },
      name: state.from.address.slice(state.from.address.lastIndexOf("@") + 1),
      ...(state.username === null || state.password === null ? {} : { auth: { user: state.username, pass: state.password } }),
      getSocket: (_options, done) => done(null, { connection: socket, ...(scheme === "smtps:" ? { secured: true } : {}) }),
      connectionTimeout: answerWithin,
      greetingTimeout: answerWithin,
      socketTimeout: answerWithin,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      return await work(transport);
    } finally {
      signal.removeEventListener("abort", stop);
      transport.close();
      socket.destroy();
    }
  }

  async function sendOne(delivery: Delivery, signal: AbortSignal): Promise<Receipt> {
    try {
      await withServer(signal, (transport) => transport.sendMail(mailOf(delivery, state)));
      return { outcome: "accepted" };
    } catch (error) {
      return smtpReceipt(error, signal);
    }
  }

  return {
    async check(signal) {
      try {
        await withServer(signal, (transport) => transport.verify());
      } catch (error) {
        const receipt = smtpReceipt(error, signal);
        throw new Fault(receipt.code, receipt.reason, { cause: error, cure: "Check address and port, user and password, and the server's certificate (--ca FILE); port 465 is smtps://, 587 is smtp://." });
      }
    },
    send: (batch, signal) => sendInOrder(batch, WIDTH, signal, (delivery) => sendOne(delivery, signal)),
    close: async () => undefined,
  };
}

/** The same in every attempt, to the last byte. */
function mailOf(delivery: Delivery, { from, to, cc }: Settings): SendMailOptions {
  const { subject, text, html } = mailBody(shownOf(delivery));
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);
  const { thread } = shownOf(delivery);
  return {
    from,
    to: [...to],
    ...(cc.length === 0 ? {} : { cc: [...cc] }),
    subject,
    text,
    html,
    messageId: `<${delivery.id}@${domain}>`,
    // Mails of one case are shown together, though none of them is the first for everybody.
    ...(thread === null ? {} : { references: `<thread.${hash("sha256", `${delivery.tenant} ${thread}`, "hex").slice(0, 32)}@${domain}>` }),
    date: new Date(delivery.queuedAt),
    headers: { "Auto-Submitted": "auto-generated", "X-Vedette-Delivery": delivery.id },
    xMailer: false,
    baseBoundary: delivery.id,
    textEncoding: "quoted-printable",
  };
}

type Trouble = Exclude<Receipt, { readonly outcome: "accepted" }>;

/** What an error of the conversation means. What the server says is not repeated: it may hold the mail's text. */
function smtpReceipt(error: unknown, signal: AbortSignal): Trouble {
  if (signal.aborted || error instanceof Fault || !(error instanceof Error)) return receiptOf(error, signal);
  const { code, responseCode, command } = error as Error & { readonly code?: unknown; readonly responseCode?: unknown; readonly command?: unknown };
  const status = typeof responseCode === "number" ? responseCode : null;
  const said = status === null ? "" : ` (${String(status)})`;
  if (code === "EAUTH" || code === "ENOAUTH") return away(`The mail server does not take user name and password${said}.`);
  if (code === "ETLS") return away("The mail server offers no TLS, or its certificate is not trusted.");
  if (status === null) return away(`The mail server did not answer as one (${typeof code === "string" ? code : "unknown"}).`);
  const atMail = command === "RCPT TO" || command === "DATA";
  if (status >= 500 && atMail) return { outcome: "refused", code: status === 552 ? "DELIVERY_TOO_LARGE" : "DESTINATION_REFUSED", reason: `The mail server refused the ${command === "DATA" ? "mail" : "recipients"}${said}.` };
  // Greylisting and full mailboxes concern this mail; 421 and whatever comes before a mail concern the server.
  if (atMail && status !== 421) return { outcome: "again-after", afterMs: null, blame: "delivery", code: "DESTINATION_UNREACHABLE", reason: `The mail server put it off${said}.` };
  return away(`The mail server takes nothing${said}.`);
}
