/**
 * What a threat, an identity alert or an isolated device says of its user, as a signal. Pure. A word we have never seen counts as the graver of what it
 * may mean; what an analyst called a false positive says nothing. A signal that has ended counts on and decays.
 */
import type { MirrorRow } from "../mirror/capability.ts";
import type { DeviceFacts } from "./model.ts";
import { foldEmail } from "./serials.ts";

/** 0 none, 1 low, 2 medium, 3 high. */
export type RiskLevel = 0 | 1 | 2 | 3;
export const RISK_WORDS = ["none", "low", "medium", "high"] as const;
export type RiskWord = (typeof RISK_WORDS)[number];

/** One level in so long, once what caused it has ended. */
export const DECAY_MS = 7 * 86_400_000;

export interface Signal {
  readonly user: string;
  readonly level: RiskLevel;
  readonly code: "threat-active" | "threat-mitigated" | "threat-resolved" | "device-isolated" | "device-released" | "identity-alert" | "identity-alert-resolved";
  /** Vendor's words, for people. */
  readonly detail: string;
  readonly device: string | null;
  readonly raisedAt: number;
  readonly endedAt: number | null;
}

/** Null where it says nothing, or of nobody. `device`: as it is known now. */
export function threatSignal(row: MirrorRow, device: DeviceFacts | null, now: number): Signal | null {
  const user = userOf([row["agent_last_logged_in_user_mail"], row["agent_last_logged_in_upn"]], row["agent_last_logged_in_user_name"], device);
  const verdict = word(row["analyst_verdict"]);
  const mitigation = word(row["mitigation_status"]);
  if (user === null || verdict === "false_positive" || mitigation === "marked_as_benign") return null;
  const resolved = word(row["incident_status"]) === "resolved";
  const malicious = word(row["confidence_level"]) === "malicious";
  const mitigated = mitigation === "mitigated";
  const level: RiskLevel = resolved ? (verdict === "true_positive" ? 2 : 1) : mitigated ? (malicious ? 2 : 1) : malicious ? 3 : 2;
  return {
    user,
    level,
    code: resolved ? "threat-resolved" : mitigated ? "threat-mitigated" : "threat-active",
    detail: detailOf(row["threat_name"], row["classification"], row["confidence_level"]),
    device: text(row["agent_id"]),
    raisedAt: momentOf(row["identified_at"], momentOf(row["created_at"], now, now), now),
    endedAt: resolved ? momentOf(row["updated_at"], now, now) : null,
  };
}

/** Alerts of the identity product alone: those of the agent speak of the threats that are counted already. */
export function alertSignal(row: MirrorRow, now: number): Signal | null {
  if (!(word(row["product"]) ?? "").includes("identity")) return null;
  const severity = word(row["severity"]);
  const verdict = word(row["analyst_verdict"]) ?? "";
  const user = userOf([row["target_user_email"]], row["target_user_name"] ?? row["asset_last_logged_in_user"], null);
  if (user === null || severity === "info" || verdict.startsWith("false_positive")) return null;
  const resolved = word(row["status"]) === "resolved";
  return {
    user,
    level: resolved ? (verdict.startsWith("true_positive") ? 2 : 1) : severity === "low" ? 1 : severity === "critical" || severity === "high" ? 3 : 2,
    code: resolved ? "identity-alert-resolved" : "identity-alert",
    detail: detailOf(row["name"], row["classification"], row["severity"]),
    device: null,
    raisedAt: momentOf(row["detected_at"], now, now),
    endedAt: resolved ? momentOf(row["updated_at"], now, now) : null,
  };
}

/** `before`: whether it was isolated until now. */
export function isolationSignal(device: DeviceFacts, before: boolean, now: number): Signal | null {
  const user = userOf([], null, device);
  const isolated = (device.networkStatus === "disconnected" || device.networkStatus === "disconnecting") && device.decommissioned !== true && device.uninstalled !== true;
  if (user === null || (!isolated && !before)) return null;
  return {
    user,
    level: isolated ? 3 : 1,
    code: isolated ? "device-isolated" : "device-released",
    detail: device.hostname ?? device.id,
    device: device.id,
    raisedAt: now,
    endedAt: isolated ? null : now,
  };
}

/** Accounts of machines, which are nobody. */
const MACHINES = /^(?:.*\\)?(?:system|root|local service|network service|localsystem|n\/a|unknown|.*\$)$/u;

/** An e-mail address where there is one: the same person has one name for every device then. */
function userOf(emails: readonly Cell[], name: Cell, device: DeviceFacts | null): string | null {
  for (const email of emails) {
    const folded = foldEmail(text(email));
    if (folded !== null) return folded;
  }
  const own = personOf(text(name));
  const last = personOf(device?.userName ?? null);
  if (own === null || own === last) return device?.emails[0] ?? own ?? last;
  return own;
}

function personOf(name: string | null): string | null {
  const folded = name?.trim().toLowerCase() ?? "";
  return folded === "" || MACHINES.test(folded) ? null : folded;
}

/** What counts of a signal now, and when that becomes less. */
export function weigh(signal: { readonly level: number; readonly raisedAt: number; readonly endedAt: number | null }, resetAt: number | null, now: number): { readonly level: RiskLevel; readonly turnsAt: number | null } {
  if (resetAt !== null && signal.raisedAt <= resetAt) return { level: 0, turnsAt: null };
  if (signal.endedAt === null) return { level: asLevel(signal.level), turnsAt: null };
  const steps = Math.max(0, Math.floor((now - signal.endedAt) / DECAY_MS));
  const level = asLevel(signal.level - steps);
  return { level, turnsAt: level === 0 ? null : signal.endedAt + (steps + 1) * DECAY_MS };
}

export function asLevel(level: number): RiskLevel {
  return level >= 3 ? 3 : level === 2 ? 2 : level === 1 ? 1 : 0;
}

type Cell = MirrorRow[string] | undefined;

function text(cell: Cell): string | null {
  if (cell === null || cell === undefined) return null;
  const found = String(cell);
  return found.trim() === "" ? null : found;
}

function word(cell: Cell): string | null {
  return text(cell)?.trim().toLowerCase().replace(/[\s-]+/g, "_") ?? null;
}

const LONGEST_DETAIL = 300;

function detailOf(...cells: readonly Cell[]): string {
  return cells.map(text).filter((part) => part !== null).join(", ").slice(0, LONGEST_DETAIL).toWellFormed();
}

/** A time ahead of ours is a wrong clock: it would outlast every reset. */
function momentOf(cell: Cell, otherwise: number, now: number): number {
  const time = Date.parse(text(cell) ?? "");
  return Number.isNaN(time) ? otherwise : Math.min(time, now);
}
