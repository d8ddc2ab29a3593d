/**
 * Events of Cloud Funnel → the class of what happened on the machine. `src.process` is the actor, the process SentinelOne holds responsible;
 * `osSrc.process`, the one the system itself names, is the parent of a process that was started, and else stays in `unmapped`.
 */
import type { RecordMap } from "../contract.ts";
import { FieldTable } from "../field-table.ts";
import { containerAt, machineAt, scopeAt } from "./cloud-funnel-parts.ts";
import { CATEGORIES } from "./cloud-funnel-events.ts";
import { other, type Told } from "./cloud-funnel-told.ts";
import { put } from "./enums.ts";
import { Event } from "./event.ts";
import { Fields } from "./fields.ts";

/** More than all other kinds of records have, and none of them asks for these. */
const NAMES = new FieldTable();

/** `Process Creation`, `process_creation`: one word. Few there are, and what a record makes up must not fill the memory. */
const MOST_TYPES = 500;
const types = new Map<string, string>();

function typeOf(label: string): string {
  const known = types.get(label);
  if (known !== undefined) return known;
  const made = label.replace(/[\s_-]/g, "").toLowerCase();
  if (types.size < MOST_TYPES) types.set(label, made);
  return made;
}

export const cloudFunnelMap: RecordMap = (record, context) => {
  const fields = new Fields(record, NAMES);
  const event = new Event("cloud-funnel", "EDR", fields, context);
  const category = fields.text("event.category");
  const label = fields.firstText("event.type", "meta.event.name") ?? category ?? "Event of no type";
  const id = fields.firstText("event.id", "trace.id") ?? "unknown";
  const scope = scopeAt(fields);
  const told: Told = { fields, id, type: typeOf(label), label, device: machineAt(fields, scope, context), context };
  const mapped = category === undefined ? undefined : CATEGORIES.get(category.toLowerCase());
  if (mapped === undefined && category !== undefined) context.unseen("event.category", category);
  (mapped ?? other)(event, told);

  event.time(fields, "event.time", "timestamp", "sca:atlantisIngestTime", "sca:ingestTime");
  if (event.document["severity_id"] === undefined) event.severityId(1);
  const host = fields.peek("endpoint.name");
  event.put("message", `${label}${typeof host === "string" && host !== "" ? ` on ${host}` : ""}`);
  put(event.metadata, "uid", id);
  put(event.metadata, "event_code", fields.text("meta.event.name"));
  put(event.metadata, "type", category);
  const storyline = fields.firstText("src.process.storyline.id", "group.id");
  put(event.metadata, "correlation_uid", storyline);
  // The group of an event is its storyline.
  if (fields.peek("group.id") === storyline) fields.use("group.id");
  put(event.metadata, "log_source", fields.text("mgmt.url"));
  put(event.metadata, "logged_time", fields.time("sca:atlantisIngestTime") ?? fields.time("sca:ingestTime"));
  event.scope(scope);
  const container = containerAt(fields);
  if (container !== undefined) event.container(container);
  return event.done();
};
