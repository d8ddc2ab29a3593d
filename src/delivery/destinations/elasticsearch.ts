/**
 * Elasticsearch and OpenSearch: the bulk API, every document created under its delivery's id and never written over. A repeat meets the
 * document that is there (409) and leaves one. Data streams are filled as well as plain indexes; each document has its own receipt.
 */
import Type from "typebox";
import { Compile } from "typebox/compile";
import { isoTime } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/fault.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import type { Admitted, Delivery, Destination, DestinationKind, Receipt } from "../destination.ts";
import { objectOf, wordOf } from "./answers.ts";
import { authority, NewSecret, Pem } from "./credentials.ts";
import { putTemplate } from "./elasticsearch-template.ts";
import { away, checkedUrl, createSender, encoded, receiptFor, receiptOf, type OutboundPorts } from "./http.ts";
import { sendInParts, type PartAnswer } from "./in-parts.ts";

const DEFAULT_INDEX = "logs-vedette-default";

const Config = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048, description: "https://…, of the cluster" }),
    index: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9._+-]{0,200}$", description: `A data stream or an index; ${DEFAULT_INDEX} when left out.` })),
    apiKey: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description: "As Elasticsearch shows it encoded, or id:key." })),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: "^[^:]+$" })),
    password: Type.Optional(NewSecret),
    pipeline: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9._-]{1,200}$", description: "An ingest pipeline that documents go through." })),
    template: Type.Optional(Type.Boolean({ description: "Make an index template for the index first, which keeps a record as one flattened field; false when left out." })),
    gzip: Type.Optional(Type.Boolean({ description: "Compress requests; true when left out." })),
    ca: Type.Optional(Pem),
  },
  { additionalProperties: false },
);
const Text = Type.String();
const Maybe = Type.Union([Text, Type.Null()]);
const Settings = Type.Object({ url: Text, index: Text, username: Maybe, secret: Maybe, pipeline: Maybe, template: Type.Optional(Type.Boolean()), gzip: Type.Boolean(), ca: Maybe });
type Settings = Type.Static<typeof Settings>;

const config = Compile(Config);
const settings = Compile(Settings);

const ANSWER_WITHIN_MS = 30_000;
/** A megabyte goes as fast as eight do, and is forgotten sooner. */
const LIMITS = { rows: 1_000, bytes: 1_000_000, largest: 32_000_000, keysApart: true } as const;

export function elasticsearchKind(ports: OutboundPorts): DestinationKind {
  function admitted(state: Settings): Admitted {
    const { url, index, username, pipeline, template = false, gzip } = state;
    return { shown: { host: new URL(url).origin, index, username, pipeline, template, gzip }, settings: JSON.stringify(state), place: `${url} ${index}`, secret: null };
  }
  return {
    id: "elasticsearch",
    repeats: "absorbed",
    config: Config,
    format: "ecs",
    timed: true,
    // In a standard a document is three times as long, and two batches are there at a time.
    batch: { rows: 1_000, bytes: 2_097_152 },
    admit(given) {
      if (!config.Check(given)) throw new Fault("CONFIG_INVALID", "The cluster's configuration is not what is expected.");
      const { apiKey, username, password, index = DEFAULT_INDEX, pipeline = null, template = false, gzip = true } = given;
      if (apiKey !== undefined && (username ?? password) !== undefined) throw new Fault("CONFIG_INVALID", "config has an API key and a user: one of them.");
      if ((username === undefined) !== (password === undefined)) throw new Fault("CONFIG_INVALID", "config/username and config/password belong together.");
      const url = checkedUrl(given.url, ports.allowedHosts).href.replace(/\/$/, "");
      return admitted({ url, index, username: username ?? null, secret: password ?? apiKey ?? null, pipeline, template, gzip, ca: authority(given.ca) });
    },
    rotate(sealed, secret) {
      const before = parsed(sealed);
      if (secret === null) throw new Fault("CONFIG_INVALID", "The new key or password is missing: the cluster gives it.", { cure: "Give it by --secret-env NAME." });
      return admitted({ ...before, secret });
    },
    open: (sealed) => open(parsed(sealed), ports),
  };
}

function parsed(sealed: string): Settings {
  const value: unknown = JSON.parse(sealed);
  if (!settings.Check(value)) throw new Fault("INTERNAL", "A cluster's stored configuration is not one of this version.");
  return value;
}

function open(state: Settings, ports: OutboundPorts): Destination {
  const url = new URL(state.url);
  const base = url.pathname.replace(/\/$/, "");
  // Of the answer, what decides: its errors' sentences may repeat the document.
  const path = `${base}/${state.index}/_bulk?filter_path=errors,items.*.status,items.*.error.type${state.pipeline === null ? "" : `&pipeline=${state.pipeline}`}`;
  const authorization = authorizationOf(state);
  const sender = createSender(url, ports, { width: 1, answerWithinMs: ANSWER_WITHIN_MS, ca: state.ca });

  async function sendPart(part: readonly Delivery[], signal: AbortSignal): Promise<PartAnswer> {
    const { body, headers } = await encoded(part.map(linesOf).join(""), state.gzip);
    try {
      const answer = await sender.ask({ path, headers: { "content-type": "application/x-ndjson", ...authorization, ...headers }, body }, signal);
      if (answer.status === 200) return itemReceipts(objectOf(answer)?.["items"], part.length);
      const receipt = receiptFor(answer, ports.clock.now());
      return receipt.outcome === "refused" && part.length > 1 ? "smaller" : part.map(() => receipt);
    } catch (error) {
      return part.map(() => receiptOf(error, signal));
    }
  }

  return {
    async check(signal) {
      await sender.resolve();
      const status = await sender.probe({ method: "GET", path: `${base}/`, headers: authorization }, signal);
      if (status === 401) throw new Fault("CONFIG_INVALID", "The cluster does not accept the key or password (401).", { details: { at: "config" }, cure: "Give one that may create documents in the index." });
      if (state.template === true) await putTemplate(sender, { base, index: state.index, headers: authorization }, signal);
    },
    send: (batch, signal) => sendInParts(batch, { ...LIMITS, size: ({ bytes }) => bytes + 100 }, signal, (part) => sendPart(part, signal)),
    close: () => sender.close(),
  };
}

function authorizationOf({ username, secret }: Settings): Readonly<Record<string, string>> {
  if (secret === null) return {};
  if (username !== null) return { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}` };
  return { authorization: `ApiKey ${secret.includes(":") ? Buffer.from(secret).toString("base64") : secret}` };
}

function linesOf(delivery: Delivery): string {
  return `{"create":{"_id":"${delivery.id}"}}\n${dated(delivery)}\n`;
}

/** A data stream takes nothing without a time in this place. */
function dated({ text, format, eventAt }: Delivery): string {
  if (format === "ecs" || (format !== "raw" && text.includes('"@timestamp":'))) return text;
  return `{"@timestamp":"${isoTime(eventAt)}"${text === "{}" ? "" : ","}${text.slice(1)}`;
}

/** One item for each document, in their order; anything else is no answer to a bulk request. */
function itemReceipts(items: Json | undefined, expected: number): readonly Receipt[] {
  const given: readonly Json[] = Array.isArray(items) ? items : [];
  if (given.length !== expected) return Array.from({ length: expected }, () => away("What answered is no bulk API: it did not say what became of each document."));
  return given.map((item) => itemReceipt(isJsonObject(item) ? item["create"] : undefined));
}

function itemReceipt(item: Json | undefined): Receipt {
  const status = isJsonObject(item) && typeof item["status"] === "number" ? item["status"] : 0;
  const error = isJsonObject(item) && isJsonObject(item["error"]) ? wordOf(item["error"]["type"]) : null;
  const reason = `The cluster answered ${String(status)} for this document${error === null ? "" : ` (${error})`}.`;
  // 409: it is there already, from an attempt whose answer was lost.
  if (status === 200 || status === 201 || status === 409) return { outcome: "accepted" };
  if (status === 400 || status === 413) return { outcome: "refused", code: "DESTINATION_REFUSED", reason };
  if (status === 429 || status >= 500) return { outcome: "again-after", afterMs: null, blame: "delivery", code: status === 429 ? "DESTINATION_BUSY" : "DESTINATION_UNREACHABLE", reason };
  // An index that is missing, closed to writing or not ours: somebody has to mend that, and then everything can go.
  return away(reason);
}
