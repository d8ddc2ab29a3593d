/**
 * From a mirror row to what is shown of it and what makes a version of it. Pure. A version is made by what belongs to the alert itself; how its device
 * stands at the moment changes with every heartbeat and makes none.
 */
import { hash } from "node:crypto";
import type { EventStream } from "../kernel/alert-api.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import type { Headline, Seen } from "./model.ts";
import { severityOf, severityOfConfidence, statusOf, verdictOf } from "./words.ts";

interface Field {
  readonly name: string;
  /** What of the mirror it speaks of, so that it is not told twice. */
  readonly columns: readonly string[];
  readonly read: (row: MirrorRow) => string | null;
}

/** The first of these columns that says anything. */
function value(name: string, ...columns: readonly string[]): Field {
  return { name, columns, read: (row) => firstOf(row, columns) };
}

function flag(name: string, column: string): Field {
  return { name, columns: [column], read: (row) => (row[column] === 1 ? "yes" : row[column] === 0 ? "no" : null) };
}

/** What was tried against the threat and how it went: `kill: success, quarantine: failed`. */
function actions(row: MirrorRow): string | null {
  const list = jsonOf(row["mitigation_actions"]);
  if (!Array.isArray(list) || list.length === 0) return null;
  return list.map((one: unknown) => `${said(one, "action") ?? "?"}: ${said(one, "status") ?? "?"}`).join(", ");
}

/** A short hash: details are long, and only that they came or changed is told. */
function detailsMark(row: MirrorRow): string | null {
  const details = text(row["raw_data"]);
  return details === null ? null : hash("sha1", details, "base64url").slice(0, 10);
}

export const DETAILS = "details";

/** The values whose change makes a version, in the order they are kept in: further ones are added at the end. */
export const STATE_FIELDS: Readonly<Record<EventStream, readonly Field[]>> = {
  alerts: [
    value("status", "status"),
    value("verdict", "analyst_verdict"),
    value("severity", "severity"),
    value("assignee", "assignee_email", "assignee_full_name", "assignee_user_id"),
    value("mitigation", "result"),
    value("confidence", "confidence_level"),
    value("classification", "classification"),
    value("last-seen", "last_seen_at"),
    value("ticket", "ticket_id"),
    flag("notes", "note_exists"),
    value("incident", "incident_name", "incident_id"),
    value("name", "name"),
    { name: DETAILS, columns: ["raw_data"], read: detailsMark },
  ],
  threats: [
    value("status", "incident_status"),
    value("verdict", "analyst_verdict"),
    value("mitigation", "mitigation_status"),
    { name: "actions", columns: ["mitigation_actions"], read: actions },
    value("confidence", "confidence_level"),
    value("classification", "classification"),
    value("name", "threat_name"),
    value("ticket", "external_ticket_id"),
    flag("failed-actions", "failed_actions"),
    flag("pending-actions", "pending_actions"),
    flag("reboot-required", "reboot_required"),
    flag("resolved-by-itself", "automatically_resolved"),
  ],
  "cloud-detection-alerts": [
    value("status", "incident_status"),
    value("verdict", "analyst_verdict"),
    value("severity", "rule_severity"),
    value("name", "rule_name"),
    value("reported", "reported_at"),
  ],
  activities: [value("text", "primary_description"), value("more", "secondary_description")],
};

/** The record's marks, to be found by. */
const MARKS: Readonly<Record<EventStream, readonly string[]>> = {
  alerts: ["external_id", "storyline_id", "ticket_id", "process_file_sha1", "process_file_sha256", "process_file_name", "attacker_ip", "attacker_host", "analytics_name"],
  threats: ["storyline", "sha1", "sha256", "file_path", "external_ticket_id", "agent_ip_v4", "external_ip"],
  "cloud-detection-alerts": ["source_process_storyline", "source_process_file_hash_sha1", "source_process_name", "src_ip", "dst_ip", "dns_request"],
  activities: [],
};

/** What is shown of it alone. */
export function headlineOf(stream: EventStream, row: MirrorRow): Headline {
  return HEADLINES[stream](row);
}

export function seenOf(stream: EventStream, row: MirrorRow): Seen {
  return { stream, id: String(row["id"]), headline: headlineOf(stream, row), state: STATE_FIELDS[stream].map(({ read }) => read(row)) };
}

const HEADLINES: Readonly<Record<EventStream, (row: MirrorRow) => Headline>> = {
  alerts(row) {
    const [status, verdict] = [text(row["status"]), text(row["analyst_verdict"])];
    return {
      ...commonOf("alerts", row),
      at: momentOf(firstOf(row, ["detected_at", "created_at", "first_seen_at"])),
      name: text(row["name"]),
      product: text(row["product"]),
      severity: severityOf(text(row["severity"])),
      status: statusOf(status), statusWord: status, verdict: verdictOf(verdict), verdictWord: verdict,
      assignee: firstOf(row, ["assignee_email", "assignee_full_name", "assignee_user_id"]),
      device: isPerson(row) ? null : text(row["asset_name"]),
      user: firstOf(row, ["target_user_email", "target_user_name", ...(isPerson(row) ? ["asset_name"] : []), "asset_last_logged_in_user"]),
    };
  },
  threats(row) {
    const [status, verdict] = [text(row["incident_status"]), text(row["analyst_verdict"])];
    return {
      ...commonOf("threats", row),
      at: momentOf(firstOf(row, ["created_at", "identified_at"])),
      name: text(row["threat_name"]),
      product: "EDR",
      severity: severityOfConfidence(text(row["confidence_level"])),
      status: statusOf(status), statusWord: status, verdict: verdictOf(verdict), verdictWord: verdict,
      assignee: null,
      device: text(row["agent_computer_name"]),
      user: firstOf(row, ["process_user", "agent_last_logged_in_user_name"]),
    };
  },
  "cloud-detection-alerts"(row) {
    const [status, verdict] = [text(row["incident_status"]), text(row["analyst_verdict"])];
    return {
      ...commonOf("cloud-detection-alerts", row),
      at: momentOf(firstOf(row, ["created_at", "reported_at"])),
      name: text(row["rule_name"]),
      product: "STAR",
      severity: severityOf(text(row["rule_severity"])),
      status: statusOf(status), statusWord: status, verdict: verdictOf(verdict), verdictWord: verdict,
      assignee: null,
      device: text(row["agent_name"]),
      user: firstOf(row, ["source_process_user", "logins_user_name"]),
    };
  },
  activities(row) {
    const data = jsonOf(row["data"]);
    return {
      ...commonOf("activities", row),
      at: momentOf(text(row["created_at"])),
      name: firstOf(row, ["primary_description", "description"]),
      product: null,
      severity: "unknown",
      status: "other", statusWord: null, verdict: "undefined", verdictWord: null,
      assignee: null,
      device: said(data, "computerName"),
      user: said(data, "username") ?? said(data, "userName") ?? said(data, "byUser"),
    };
  },
};

/** Of a unified alert: its asset is an account in a directory, and no machine. */
export function isPerson(row: MirrorRow): boolean {
  return text(row["asset_category"])?.toLowerCase() === "identity";
}

function commonOf(stream: EventStream, row: MirrorRow): Pick<Headline, "updatedAt" | "siteId" | "siteName" | "marks"> {
  return {
    updatedAt: text(row["updated_at"]),
    siteId: text(row["site_id"]),
    siteName: text(row["site_name"]),
    marks: MARKS[stream].flatMap((name) => text(row[name]) ?? []),
  };
}

export function text(cell: MirrorRow[string] | undefined): string | null {
  if (cell === null || cell === undefined) return null;
  const said = String(cell).trim();
  return said === "" ? null : said;
}

export function firstOf(row: MirrorRow, names: readonly string[]): string | null {
  for (const name of names) {
    const said = text(row[name]);
    if (said !== null) return said;
  }
  return null;
}

export function momentOf(time: string | null): number | null {
  const ms = time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}

/** Undefined for what is no JSON. */
export function jsonOf(cell: MirrorRow[string] | undefined): unknown {
  if (typeof cell !== "string") return undefined;
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return undefined;
  }
}

/** A text of an object, where it has one. */
export function said(value: unknown, name: string): string | null {
  const found = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof found === "string" && found.trim() !== "" ? found : null;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
