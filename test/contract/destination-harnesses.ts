/** How the contract suite looks at what arrived at each kind of destination, and makes its other side ill and well. */
import { createHmac } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { destinationKinds } from "../../src/delivery/destinations/index.ts";
import type { DestinationKind } from "../../src/delivery/destination.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { TenantId } from "../../src/kernel/ids.ts";
import { parseAllowedHosts } from "../../src/net/policy.ts";
import { CA, CLIENT, SERVER } from "../support/certificates.ts";
import { API_KEY, startElasticsearch } from "../support/receivers/elasticsearch.ts";
import { INTAKE_KEY, startSekoia } from "../support/receivers/sekoia.ts";
import { startHttpReceiver } from "../support/receivers/http.ts";
import { startSmtp } from "../support/receivers/smtp.ts";
import { startSplunk, TOKEN } from "../support/receivers/splunk.ts";
import { startSyslog } from "../support/receivers/syslog.ts";

type Ports = Parameters<typeof destinationKinds>[0];

export function allKinds(hosts: readonly string[], more: Partial<Ports> = {}): readonly DestinationKind[] {
  return destinationKinds({ clock: systemClock, env: {}, allowedHosts: parseAllowedHosts(hosts.join(",")), userAgent: "vedette/test", folder: "/nowhere", stdout: null, ...more });
}

export function kindOf(id: string, hosts: readonly string[], more: Partial<Ports> = {}): DestinationKind {
  const kind = allKinds(hosts, more).find((each) => each.id === id);
  if (kind === undefined) throw new Error(`no kind ${id}`);
  return kind;
}

export const TENANT = "ten_contract" as TenantId;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

interface Arrived {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly key: string;
  readonly text: string;
}

export interface Harness {
  readonly kind: DestinationKind;
  readonly config: Readonly<Record<string, unknown>>;
  /** Configurations it must refuse, by a word for why. */
  readonly wrong: Readonly<Record<string, unknown>>;
  /** Of the configuration; shown nowhere. */
  readonly secrets: readonly string[];
  /** One that the receiver does not know. */
  readonly newSecret: string;
  /** People look at it as text. */
  readonly forEyes?: true;
  arrived(): readonly Arrived[];
  fallIll(): void;
  heal(): void;
  close(): void | Promise<void>;
}

function arrivedFrom(text: string): Arrived {
  const value = JSON.parse(text) as Omit<Arrived, "text">;
  return { ...value, text };
}

async function webhookHarness(): Promise<Harness> {
  const texts: string[] = [];
  let ill = false;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = request.headers;
      const wanted = createHmac("sha256", Buffer.alloc(32, 7)).update(`${String(id)}.${String(at)}.${body}`).digest("base64");
      const right = signature === `v1,${wanted}`;
      if (!ill && right) texts.push(body);
      response.writeHead(ill ? 503 : right ? 204 : 400).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    kind: kindOf("webhook", [host]),
    secrets: ["whsec_", "/in"],
    newSecret: `whsec_${Buffer.alloc(32, 9).toString("base64")}`,
    config: { url: `http://${host}/in`, secret: SECRET },
    wrong: { "no address": {}, "a script": { url: "javascript:alert(1)" }, "a key nobody named": { url: "https://hooks.example.com", retries: 3 }, "a weak secret": { url: "https://hooks.example.com", secret: "whsec_YQ==" }, "the cloud's own address": { url: "http://169.254.169.254/latest" } },
    arrived: () => texts.map(arrivedFrom),
    fallIll: () => (ill = true),
    heal: () => (ill = false),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function fileHarness(): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-files-"));
  const place = join(folder, TENANT);
  const away = join(folder, "away");
  return {
    kind: kindOf("file", [], { folder }),
    secrets: [],
    newSecret: "",
    forEyes: true,
    config: { file: "facts.ndjson" },
    wrong: { "no name": {}, "a path": { file: "../facts.ndjson" }, "another ending": { file: "vedette.sqlite" }, "a key nobody named": { file: "facts.ndjson", folder: "/etc" }, "no room": { file: "facts.ndjson", megabytes: 0 } },
    arrived: () => (existsSync(join(place, "facts.ndjson")) ? readFileSync(join(place, "facts.ndjson"), "utf8").split("\n").filter((line) => line !== "").map(arrivedFrom) : []),
    // A file where its folder should be: root, who runs these tests in places, may write whatever the mode.
    fallIll() {
      if (existsSync(place)) renameSync(place, away);
      else mkdirSync(away);
      writeFileSync(place, "");
    },
    heal() {
      rmSync(place);
      renameSync(away, place);
      chmodSync(place, 0o700);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function stdoutHarness(): Promise<Harness> {
  let text = "";
  let ill = false;
  const stdout = {
    write(given: string, done: (error?: Error) => void) {
      if (ill) return done(Object.assign(new Error("broken pipe"), { code: "EPIPE" }));
      text += given;
      done();
    },
  };
  return {
    kind: kindOf("stdout", [], { stdout }),
    config: {},
    wrong: { "a key nobody named": { file: "x" } },
    secrets: [],
    newSecret: "",
    forEyes: true,
    arrived: () => text.split("\n").filter((line) => line !== "").map(arrivedFrom),
    fallIll: () => void (ill = true),
    heal: () => void (ill = false),
    close: () => undefined,
  };
}

async function syslogHarness(): Promise<Harness> {
  const receiver = await startSyslog({ tls: SERVER, clientCa: CA });
  const address = `tls://${receiver.host}`;
  return {
    kind: kindOf("syslog", [receiver.host], { answerWithinMs: 2_000 }),
    config: { address, ca: CA, cert: CLIENT.cert, key: CLIENT.key },
    wrong: {
      "no address": {}, "another scheme": { address: "udp://logs.example.com" }, "no TLS to anywhere": { address: "tcp://logs.example.com" }, "a path": { address: "tls://logs.example.com/x" }, "no authority": { address, ca: "none" },
      "a certificate without its key": { address, cert: CLIENT.cert }, "a key of another": { address, cert: CLIENT.cert, key: SERVER.key }, "a hostname that would split the header": { address, hostname: "a b" }, "a key nobody named": { address, udp: true },
      "an address inside the network": { address: "tls://10.0.0.7" },
    },
    secrets: ["PRIVATE KEY"],
    newSecret: "",
    forEyes: true,
    // Key and version are read from the structured data: what a receiver files by.
    arrived: () => receiver.messages.map(({ data, text }) => ({ ...arrivedFrom(text), id: data["id"] ?? "", text })),
    fallIll: () => void (receiver.mood = "early"),
    heal: () => void (receiver.mood = "well"),
    close: () => receiver.close(),
  };
}

async function elasticsearchHarness(): Promise<Harness> {
  const receiver = await startElasticsearch();
  return {
    kind: kindOf("elasticsearch", [receiver.host]),
    config: { url: receiver.url, apiKey: API_KEY },
    wrong: {
      "no address": { apiKey: API_KEY }, "an index in capitals": { url: receiver.url, index: "Logs" }, "a path for an index": { url: receiver.url, index: "a/_delete_by_query" }, "two ways to sign in": { url: receiver.url, apiKey: "x", username: "u", password: "p" },
      "a user without a password": { url: receiver.url, username: "u" }, "a password in the address": { url: "https://u:p@es.example.com" }, "plain http": { url: "http://es.example.com" }, "a key nobody named": { url: receiver.url, op: "index" },
    },
    secrets: [API_KEY],
    newSecret: "bmV3OmtleQ==",
    arrived: () => [...receiver.documents.values()].map(arrivedFrom),
    fallIll: () => receiver.strike({ status: 503 }),
    heal: () => receiver.heal(),
    close: () => receiver.close(),
  };
}

async function splunkHarness(): Promise<Harness> {
  const receiver = await startSplunk();
  return {
    kind: kindOf("splunk", [receiver.host]),
    config: { url: receiver.url, token: TOKEN, index: "s1" },
    wrong: { "no token": { url: receiver.url }, "an index that is none": { url: receiver.url, token: TOKEN, index: "_internal" }, "plain http": { url: "http://splunk.example.com:8088", token: TOKEN }, "a sourcetype with a line in it": { url: receiver.url, token: TOKEN, sourcetype: "a\nb" }, "a key nobody named": { url: receiver.url, token: TOKEN, raw: true } },
    secrets: [TOKEN],
    newSecret: "11111111-2222-3333-4444-555555555555",
    arrived: () => receiver.events.map(({ event, fields }) => ({ ...arrivedFrom(JSON.stringify(event)), id: fields["delivery_id"] ?? "" })),
    fallIll: () => receiver.strike({ status: 503, body: { text: "Server is busy", code: 9 } }),
    heal: () => receiver.heal(),
    close: () => receiver.close(),
  };
}

async function sekoiaHarness(): Promise<Harness> {
  const receiver = await startSekoia();
  return {
    kind: kindOf("sekoia", [receiver.host]),
    config: { url: receiver.url, intakeKey: INTAKE_KEY },
    wrong: { "no key": { url: receiver.url }, "plain http": { url: "http://intake.example.com", intakeKey: "k" }, "a key nobody named": { url: receiver.url, intakeKey: "k", community: "x" } },
    secrets: [INTAKE_KEY],
    newSecret: "another-intake-key",
    arrived: () => receiver.events.map(arrivedFrom),
    fallIll: () => receiver.strike({ status: 502, body: "<html>Bad gateway</html>" }),
    heal: () => receiver.heal(),
    close: () => receiver.close(),
  };
}

async function emailHarness(): Promise<Harness> {
  const receiver = await startSmtp();
  const server = `smtp://${receiver.host}`;
  const right = { server, from: "Vedette <vedette@example.com>", to: ["soc@example.com"], ca: CA, username: receiver.user, password: receiver.password };
  return {
    kind: kindOf("email", [receiver.host]),
    config: right,
    wrong: {
      "no server": { from: "a@example.com", to: ["b@example.com"] }, "nobody to send to": { ...right, to: [] }, "two in one": { ...right, to: ["a@example.com, b@example.com"] }, "a line in an address": { ...right, to: ["a@example.com\r\nBcc: x@example.com"] },
      "a line in a name": { ...right, from: "Vedette\r\nBcc: x@example.com <v@example.com>" }, "no TLS to anywhere": { ...right, server: "smtp+plain://mail.example.com" }, "a password in the address": { ...right, server: "smtps://u:p@mail.example.com" },
      "a user without a password": { server, from: "a@example.com", to: ["b@example.com"], username: "u" }, "an address inside the network": { ...right, server: "smtps://10.0.0.7" }, "a key nobody named": { ...right, bcc: ["x@example.com"] },
    },
    secrets: [receiver.password],
    newSecret: "another password",
    forEyes: true,
    arrived: () => receiver.mails.map(({ text }) => arrivedFrom(documentIn(text.split("\r\n")))),
    fallIll: () => receiver.strike("connect", 421),
    heal: () => receiver.heal(),
    close: () => receiver.close(),
  };
}

function documentIn(lines: readonly string[]): string {
  return lines.find((one) => one.startsWith("{")) ?? "";
}

/** Texts of a chat's message, wherever they stand in it. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

async function chatHarness(id: "slack" | "teams"): Promise<Harness> {
  const receiver = await startHttpReceiver(({ url }) => (url.pathname === "/services/T0/B0/secret" ? { status: id === "slack" ? 200 : 202, body: id === "slack" ? "ok" : "" } : { status: 404, body: "no_service" }));
  return {
    kind: kindOf(id, [receiver.host]),
    config: { url: `${receiver.url}/services/T0/B0/secret` },
    wrong: { "no address": {}, "plain http": { url: "http://hooks.example.com/x" }, "an address inside the network": { url: "https://169.254.169.254/x" }, "a key nobody named": { url: "https://hooks.example.com/x", channel: "#soc" } },
    secrets: ["/services", "secret"],
    newSecret: `${receiver.url}/services/T0/B0/another`,
    forEyes: true,
    arrived: () => receiver.asked.map(({ body }) => arrivedFrom(documentIn(textsIn(JSON.parse(body))))),
    fallIll: () => receiver.strike({ status: 503 }),
    heal() {
      receiver.asked.splice(0);
      receiver.heal();
    },
    close: () => receiver.close(),
  };
}

export const HARNESSES: Readonly<Record<string, () => Promise<Harness>>> = {
  webhook: webhookHarness,
  file: fileHarness,
  stdout: stdoutHarness,
  syslog: syslogHarness,
  elasticsearch: elasticsearchHarness,
  splunk: splunkHarness,
  sekoia: sekoiaHarness,
  email: emailHarness,
  slack: () => chatHarness("slack"),
  teams: () => chatHarness("teams"),
};
