/**
 * What is wrong with an agent, as its record says: disabled, detect-only, waiting for a restart, a server that is offline; and a threat whose mitigation failed. Pure. Each has
 * to last before it opens a case and to be over for a while before it is: agents come and go.
 */
import type { HealthKind } from "../kernel/case-api.ts";
import { FACT_SEVERITIES, type FactSeverity } from "../kernel/fact.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { storableText } from "../store/text.ts";
import { keyOf } from "./links.ts";
import { memberOf } from "./members.ts";
import type { Entity, LinkKey, Member } from "./model.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface HealthRule {
  readonly name: string;
  readonly opensAfterMs: number;
}

/** The table of docs/cases.md, held against it by a test. */
export const HEALTH: Readonly<Record<HealthKind, HealthRule>> = {
  disabled: { name: "Agent disabled", opensAfterMs: 15 * MINUTE },
  "detect-only": { name: "Detect-only agent", opensAfterMs: HOUR },
  "reboot-pending": { name: "Restart pending", opensAfterMs: 24 * HOUR },
  "offline-server": { name: "Server offline", opensAfterMs: HOUR },
  "mitigation-failed": { name: "Mitigation failed", opensAfterMs: 10 * MINUTE },
};

/** How long it has to be over. */
export const CLOSES_AFTER_MS = 30 * MINUTE;

/** One thing that is wrong, now. */
export interface Trouble {
  readonly kind: HealthKind;
  /** Since when, where the record says; else it begins when it is seen. */
  readonly since: number | null;
  readonly facts: TroubleFacts;
}

/** What a member is made of when its time has come. */
export interface TroubleFacts {
  readonly name: string;
  readonly severity: number;
  readonly device: string | null;
  readonly siteId: string | null;
  readonly entities: readonly Entity[];
  readonly links: readonly LinkKey[];
}

export function troublesOf(row: MirrorRow): readonly Trouble[] {
  // Nobody expects anything of what is no longer installed.
  if (row["is_decommissioned"] === 1 || row["is_uninstalled"] === 1) return [];
  const found: Trouble[] = [];
  const add = (kind: HealthKind, severity: FactSeverity, what: string | null, since: number | null = null): void => {
    found.push({ kind, since, facts: agentFacts(kind, severity, what, row) });
  };
  const state = textOf(row["operational_state"]);
  if (state !== null && state !== "na") add("disabled", "high", state.replaceAll("_", " "));
  if (textOf(row["mitigation_mode"]) === "detect") add("detect-only", "medium", null);
  if (row["threat_reboot_required"] === 1) add("reboot-pending", "medium", "a threat's clean-up waits for it");
  else if (needs(row).some((need) => need === "reboot_needed" || need === "reboot_required")) add("reboot-pending", "low", null);
  if (textOf(row["machine_type"])?.toLowerCase() === "server" && row["is_active"] === 0) add("offline-server", "medium", null, momentOf(row["last_active_date"]));
  return found;
}

function agentFacts(kind: HealthKind, severity: FactSeverity, what: string | null, row: MirrorRow): TroubleFacts {
  const device = textOf(row["computer_name"]);
  const siteId = textOf(row["site_id"]);
  const uuid = textOf(row["uuid"]) ?? textOf(row["id"]) ?? "";
  return {
    name: what === null ? HEALTH[kind].name : `${HEALTH[kind].name} (${what})`,
    severity: FACT_SEVERITIES.indexOf(severity),
    device,
    siteId,
    entities: device === null ? [] : [["device", device]],
    links: [keyOf("health-device", [kind, uuid]), ...(siteId === null ? [] : [keyOf("health-site", [kind, siteId])])],
  };
}

/** Of a threat: an action against it that failed, unless somebody at the console has dealt with it since. The console resolves threats by itself whether or not an action failed. */
export function failedMitigation(row: MirrorRow): Trouble | null {
  if (row["failed_actions"] !== 1) return null;
  if (textOf(row["mitigation_status"]) === "marked_as_benign") return null;
  if (textOf(row["incident_status"]) === "resolved" && row["automatically_resolved"] !== 1) return null;
  const { facts, links } = memberOf("threats", row);
  const failed = actionsOf(row);
  return {
    kind: "mitigation-failed",
    since: null,
    facts: {
      name: `${HEALTH["mitigation-failed"].name}${failed.length === 0 ? "" : ` (${failed.join(", ")})`}`,
      severity: FACT_SEVERITIES.indexOf("high"),
      device: facts.device,
      siteId: facts.siteId,
      entities: facts.entities,
      // One case with the threat that it is about.
      links: [keyOf("health-device", ["mitigation-failed", textOf(row["agent_uuid"]) ?? facts.device ?? "", textOf(row["id"]) ?? ""]), ...links.filter((link) => link.startsWith("storyline:") || link.startsWith("file-device:"))],
    },
  };
}

/** `subject`: the agent's id, or the threat's. */
export function troubleMember(subject: string, kind: HealthKind, since: number, { name, severity, device, siteId, entities, links }: TroubleFacts, over: boolean): Member {
  return {
    stream: "agents", id: memberId(subject, kind, since), at: since, links, severity, status: over ? "resolved" : "new", verdict: "undefined",
    facts: { name, product: null, type: "agent-health", device, user: null, mitigation: null, siteId, entities },
  };
}

/** Each time that it is wrong is one of its own. */
function memberId(subject: string, kind: HealthKind, since: number): string {
  return `${subject}/${kind}/${String(since)}`;
}

function actionsOf(row: MirrorRow): readonly string[] {
  return listOf(row["mitigation_actions"]).flatMap((one) => {
    if (typeof one !== "object" || one === null || !("status" in one) || one.status !== "failed") return [];
    return "action" in one && typeof one.action === "string" ? [one.action] : [];
  });
}

function needs(row: MirrorRow): readonly unknown[] {
  return listOf(row["user_actions_needed"]);
}

function listOf(cell: MirrorRow[string] | undefined): readonly unknown[] {
  if (typeof cell !== "string") return [];
  try {
    const list: unknown = JSON.parse(cell);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function textOf(cell: MirrorRow[string] | undefined): string | null {
  const said = cell === null || cell === undefined ? "" : String(cell).trim();
  return said === "" ? null : storableText(said).toWellFormed();
}

function momentOf(cell: MirrorRow[string] | undefined): number | null {
  const ms = typeof cell === "string" ? Date.parse(cell) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
