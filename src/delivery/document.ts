/**
 * What goes out of a queued fact: one JSON object as text, on one line, in the format its destination asks for. Pure: the same text in every
 * attempt. What cannot be written in that format is said to be refused, with the reason, and is never sent as something else.
 */
import { isoTime } from "../kernel/clock.ts";
import type { DeliveryFormat } from "../kernel/delivery-api.ts";
import { isJsonObject, parseExact, stringifyExact, type Json, type JsonObject } from "../kernel/json.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Delivery, Receipt } from "./destination.ts";
import { eventTime } from "./event-time.ts";
import { mapped } from "./mapping.ts";
import { looksLikeObject, NO_OBJECT, type QueuedRecord } from "./records.ts";

/** A fact as it waits for one destination. */
export interface QueuedFact {
  readonly id: string;
  readonly tenant: TenantId;
  readonly kind: string;
  readonly key: string;
  readonly version: string;
  readonly orderKey: string;
  /** Milliseconds. */
  readonly queuedAt: number;
  /** JSON text of an object. */
  readonly body: string;
  readonly record: QueuedRecord | null;
}

export type Prepared = { readonly delivery: Delivery; readonly refusal: null } | { readonly delivery: null; readonly refusal: Extract<Receipt, { readonly outcome: "refused" }> };

/** `timed`: the destination wants to know when what is told of happened. */
export function prepare(fact: QueuedFact, format: DeliveryFormat, timed: boolean): Prepared {
  if (fact.record !== null && !looksLikeObject(fact.record.raw)) return { delivery: null, refusal: { outcome: "refused", code: "RECORD_INVALID", reason: NO_OBJECT } };
  const made = format === "raw" || format === "record" ? asStored(fact, format, timed) : inStandard(fact, format);
  if ("reason" in made) return { delivery: null, refusal: { outcome: "refused", code: "DELIVERY_NOT_MAPPED", reason: made.reason } };
  const { id, tenant, kind, key, version, orderKey, queuedAt, record } = fact;
  return { delivery: { id, tenant, kind, key, version, orderKey, queuedAt, severity: record?.severity ?? "unknown", format, text: made.text, bytes: made.bytes, eventAt: made.eventAt ?? queuedAt }, refusal: null };
}

interface Written {
  readonly text: string;
  readonly bytes: number;
  readonly eventAt: number | null;
}

function asStored(fact: QueuedFact, format: "raw" | "record", timed: boolean): Written {
  const { record } = fact;
  const eventAt = record === null || !timed ? null : eventTime(record.stream, record.raw);
  if (format === "raw") return { ...envelope(fact), eventAt };
  const text = record?.raw ?? fact.body;
  return { text, bytes: Buffer.byteLength(text), eventAt };
}

/**
 * `type`, `timestamp` and `data` as Standard Webhooks name them; the rest says what a receiver needs to tell repeats and newer ones apart. Its bytes are those
 * of its parts: asking for them of the whole would have the engine copy it together first, only for that.
 */
function envelope({ id, kind, queuedAt, tenant, key, version, body, record }: QueuedFact): Pick<Written, "text" | "bytes"> {
  const head = JSON.stringify({ type: kind, timestamp: isoTime(queuedAt), id, tenant, key, version });
  const parts = [`${head.slice(0, -1)},"data":`, ...(record === null ? [body] : [dataHead(body), record.raw, "}"]), "}"];
  let text = "";
  let bytes = 0;
  for (const part of parts) {
    text += part;
    bytes += Buffer.byteLength(part);
  }
  return { text, bytes };
}

/** Both are JSON text already; parsing them only to write them again would cost, and could change them. */
export function dataWith(body: string, raw: string): string {
  return `${dataHead(body)}${raw}}`;
}

function dataHead(body: string): string {
  return `${body === "{}" ? "{" : `${body.slice(0, -1)},`}"record":`;
}

function inStandard(fact: QueuedFact, format: "ecs" | "ocsf" | "sekoia"): Written | { readonly reason: string } {
  const { record } = fact;
  if (record === null) return written(format === "ocsf" ? plainOcsf(fact) : plainEcs(fact), fact.queuedAt);
  const document = mapped(record, format);
  if ("reason" in document) return document;
  const { value } = document;
  // Sekoia's documents are what its own intakes would have made, with nothing of ours in them.
  if (format === "sekoia") return written(value, timeOf(value["@timestamp"]));
  if (format === "ecs") return written({ ...value, labels: { ...objectAt(value, "labels"), ...labels(fact) } }, timeOf(value["@timestamp"]));
  const metadata = objectAt(value, "metadata");
  const known = Array.isArray(metadata["labels"]) ? (metadata["labels"] as readonly Json[]) : [];
  return written({ ...value, metadata: { ...metadata, labels: [...known, ...ocsfLabels(fact)] } }, timeOf(value["time"]));
}

function written(document: JsonObject, eventAt: number | null): Written | { readonly reason: string } {
  try {
    const text = stringifyExact(document);
    return { text, bytes: Buffer.byteLength(text), eventAt };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { reason: "The record is nested too deeply to be written." };
  }
}

function labels({ id, kind, tenant }: QueuedFact): Readonly<Record<string, string>> {
  return { vedette_delivery: id, vedette_fact: kind, vedette_tenant: tenant };
}

function ocsfLabels(fact: QueuedFact): readonly string[] {
  return Object.entries(labels(fact)).map(([name, value]) => `${name}=${value}`);
}

/** A fact that tells of no record: what it says, kept whole below a name of our own. */
function plainEcs(fact: QueuedFact): JsonObject {
  const at = isoTime(fact.queuedAt);
  return {
    "@timestamp": at,
    ecs: { version: "9.4.0" },
    message: fact.kind,
    event: { id: fact.id, kind: "event", module: "vedette", dataset: `vedette.${fact.kind}`, action: fact.kind, created: at },
    labels: labels(fact),
    vedette: { key: fact.key, version: fact.version, data: read(fact.body) },
  };
}

/** OCSF's base event: of no class, its data unmapped. */
function plainOcsf(fact: QueuedFact): JsonObject {
  return {
    activity_id: 99,
    activity_name: fact.kind,
    category_uid: 0,
    class_uid: 0,
    type_uid: 99,
    severity_id: 1,
    time: fact.queuedAt,
    message: fact.kind,
    metadata: { version: "1.9.0-dev", uid: fact.id, product: { name: "Vedette", vendor_name: "Vedette" }, labels: ocsfLabels(fact) },
    unmapped: { key: fact.key, version: fact.version, data: read(fact.body) },
  };
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const found = value[key];
  return isJsonObject(found) ? found : {};
}

function read(text: string): Json {
  try {
    return parseExact(text);
  } catch {
    return null;
  }
}

function timeOf(value: Json | undefined): number | null {
  const ms = typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) ? ms : null;
}
