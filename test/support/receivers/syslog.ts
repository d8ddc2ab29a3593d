/**
 * A syslog receiver over TCP or TLS: frames by octet counting (RFC 6587, 5425), messages by RFC 5424's own grammar. What is no frame, or no
 * message, is kept as broken: a receiver would have cut the stream there.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export interface SyslogMessage {
  readonly priority: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly app: string;
  readonly msgid: string;
  readonly data: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What a connection meets: `reset` before it has read all, `early` end, silence after the end, or nothing read at all. */
type Mood = "well" | "reset" | "early" | "mute" | "deaf";

export interface SyslogReceiver {
  readonly host: string;
  readonly messages: SyslogMessage[];
  readonly broken: string[];
  connections: number;
  mood: Mood;
  close(): Promise<void>;
}

export interface SyslogOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The authority whose clients alone are let in. */
  readonly clientCa?: string;
}

export async function startSyslog({ tls, clientCa }: SyslogOptions = {}): Promise<SyslogReceiver> {
  const open = new Set<Socket>();
  const receiver = { host: "", messages: [] as SyslogMessage[], broken: [] as string[], connections: 0, mood: "well" as Mood };
  const serve = (socket: Socket): void => {
    receiver.connections += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => undefined);
    let pending: Buffer = Buffer.alloc(0);
    if (receiver.mood === "deaf") {
      socket.pause();
      return;
    }
    if (receiver.mood === "early") {
      socket.end();
      return;
    }
    socket.on("data", (chunk: Buffer) => {
      if (receiver.mood !== "reset") pending = take(Buffer.concat([pending, chunk]), receiver);
      else if (tls === undefined) socket.resetAndDestroy();
      else socket.destroy();
    });
    socket.on("end", () => {
      if (pending.length > 0) receiver.broken.push(pending.toString("latin1"));
      if (receiver.mood !== "mute") socket.end();
    });
  };
  const server = tls === undefined ? createServer({ allowHalfOpen: true }, serve) : createTlsServer({ ...tls, allowHalfOpen: true, ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }) }, serve);
  server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  // Those that never get as far as a message, too.
  server.on("connection", (socket: Socket) => void open.add(socket.on("close", () => open.delete(socket))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  receiver.host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return Object.assign(receiver, {
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Whole frames out of what has come; gives back the rest. */
function take(bytes: Buffer, receiver: Pick<SyslogReceiver, "messages" | "broken">): Buffer {
  for (let rest = bytes; ; ) {
    const blank = rest.indexOf(0x20);
    if (blank < 0) return rest;
    const count = rest.subarray(0, blank).toString("latin1");
    const length = Number(count);
    if (!/^[1-9]\d*$/.test(count)) {
      receiver.broken.push(rest.toString("latin1"));
      return Buffer.alloc(0);
    }
    if (rest.length < blank + 1 + length) return rest;
    const message = parse(rest.subarray(blank + 1, blank + 1 + length).toString("utf8"));
    if (message === null) receiver.broken.push(rest.subarray(0, blank + 1 + length).toString("latin1"));
    else receiver.messages.push(message);
    rest = rest.subarray(blank + 1 + length);
  }
}

const PRINTABLE = "[\\x21-\\x7e]";
const HEADER = new RegExp(`^<(\\d{1,3})>1 (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?Z) (${PRINTABLE}{1,255}) (${PRINTABLE}{1,48}) (${PRINTABLE}{1,128}) (${PRINTABLE}{1,32}) \\[([\\x21\\x23-\\x3c\\x3e-\\x5c\\x5e-\\x7e]{1,32})`);

function parse(message: string): SyslogMessage | null {
  const header = HEADER.exec(message);
  if (header === null) return null;
  const data: Record<string, string> = {};
  let rest = message.slice(header[0].length);
  for (;;) {
    const parameter = /^ ([\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"/.exec(rest);
    if (parameter === null) break;
    data[parameter[1] ?? ""] = (parameter[2] ?? "").replace(/\\(["\\\]])/g, "$1");
    rest = rest.slice(parameter[0].length);
  }
  if (!rest.startsWith("] ")) return null;
  return { priority: Number(header[1]), timestamp: header[2] ?? "", hostname: header[3] ?? "", app: header[4] ?? "", msgid: header[6] ?? "", data, text: rest.slice(2) };
}
