/** A real SMTP server on loopback that keeps the mails it takes, read apart: header lines unfolded, both bodies decoded. */
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { SERVER } from "../certificates.ts";

export interface Mail {
  readonly from: string;
  readonly recipients: readonly string[];
  /** Lower-case names; words in other alphabets decoded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly headerLines: readonly string[];
  readonly text: string;
  readonly html: string;
  readonly raw: string;
  /** When it was taken, ms. */
  readonly at: number;
  readonly secure: boolean;
}

export type SmtpStage = "connect" | "mail" | "recipient" | "data";

export interface SmtpReceiver {
  readonly host: string;
  readonly mails: Mail[];
  readonly user: string;
  readonly password: string;
  strike(stage: SmtpStage, code: number): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startSmtp(options: { readonly secure?: boolean; readonly starttls?: boolean; readonly auth?: boolean } = {}): Promise<SmtpReceiver> {
  const { secure = false, starttls = true, auth = true } = options;
  const mails: Mail[] = [];
  let trouble: { readonly stage: SmtpStage; readonly code: number } | null = null;
  const failing = (stage: SmtpStage): Error | null => (trouble?.stage === stage ? Object.assign(new Error("no: <script>alert(1)</script>"), { responseCode: trouble.code }) : null);
  const server = new SMTPServer({
    secure,
    ...SERVER,
    authOptional: !auth,
    disabledCommands: [...(starttls && !secure ? [] : ["STARTTLS"]), ...(auth ? [] : ["AUTH"])],
    disableReverseLookup: true,
    onConnect: (_session, done) => done(failing("connect")),
    onAuth: ({ username, password }, _session, done) => (username === receiver.user && password === receiver.password ? done(null, { user: username }) : done(Object.assign(new Error("no"), { responseCode: 535 }))),
    onMailFrom: (_address, _session, done) => done(failing("mail")),
    onRcptTo: (_address, _session, done) => done(failing("recipient")),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const error = failing("data");
        const { mailFrom, rcptTo } = session.envelope;
        if (error === null) mails.push({ ...read(Buffer.concat(chunks).toString("latin1")), from: mailFrom === false ? "" : mailFrom.address, recipients: rcptTo.map(({ address }) => address), at: Date.now(), secure: session.secure === true });
        done(error);
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: SmtpReceiver = {
    host: `127.0.0.1:${String((server.server.address() as AddressInfo).port)}`,
    mails,
    user: "vedette",
    password: "correct horse",
    strike: (stage, code) => void (trouble = { stage, code }),
    heal: () => void (trouble = null),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return receiver;
}

function read(raw: string): Pick<Mail, "headers" | "headerLines" | "text" | "html" | "raw"> {
  const [head = "", ...rest] = raw.split("\r\n\r\n");
  const headerLines = head.replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const headers = new Map(headerLines.map((one) => [one.slice(0, one.indexOf(":")).toLowerCase(), words(one.slice(one.indexOf(":") + 1).trim())]));
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1] ?? "none";
  const parts = rest.join("\r\n\r\n").split(`--${boundary}`);
  const part = (type: string): string => {
    const found = parts.find((one) => one.includes(`Content-Type: ${type}`)) ?? "";
    return quotedPrintable(found.slice(found.indexOf("\r\n\r\n") + 4));
  };
  return { headers, headerLines, text: part("text/plain"), html: part("text/html"), raw };
}

function quotedPrintable(text: string): string {
  const bytes = text.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function words(text: string): string {
  return text.replace(/(=\?[^?]+\?[BQ]\?[^?]*\?=)\s+(?==\?)/gi, "$1").replace(/=\?[^?]+\?([BQ])\?([^?]*)\?=/gi, (_all, kind: string, word: string) => (kind.toUpperCase() === "B" ? Buffer.from(word, "base64").toString("utf8") : quotedPrintable(word.replaceAll("_", " "))));
}
