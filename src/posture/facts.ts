/**
 * Reads what the rules need from an agent's mirror row. Nothing is filled in: an absent field, an empty text and a list that is not one
 * are all null, because a default would let a device pass on what nobody said.
 */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import type { DeviceFacts, DeviceTag, Exposure, Platform } from "./model.ts";
import { foldEmail, foldMac, foldSerial } from "./serials.ts";

/** SentinelOne's `osType` in Cloudflare's words. */
const PLATFORM_OF: ReadonlyMap<string, Platform> = new Map<string, Platform>([
  ["windows", "windows"],
  ["windows_legacy", "windows"],
  ["macos", "mac"],
  ["linux", "linux"],
  ["ios", "ios"],
  ["android", "android"],
  ["chromeos", "chromeos"],
]);

/** `row` is one of the stream `agents`; its weaknesses are what somebody else says of them. */
export function factsOf(row: MirrorRow, exposure: Exposure = { worstOpenCve: null, knownExploited: null }): DeviceFacts {
  const serial = textOf(row["serial_number"]);
  const folded = foldSerial(serial);
  const actions = words(row["user_actions_needed"])?.filter((action) => action !== "none") ?? null;
  return {
    connection: String(row["connection_id"]) as ConnectionId,
    id: String(row["id"]),
    tenant: String(row["tenant_id"]) as TenantId,
    siteId: textOf(row["site_id"]),
    siteName: textOf(row["site_name"]),
    groupId: textOf(row["group_id"]),
    groupName: textOf(row["group_name"]),
    tags: tagsOf(row["tags"]),
    serial,
    serialKey: "key" in folded ? folded.key : null,
    macs: macsOf(row["network_interfaces"]),
    hostname: textOf(row["computer_name"]),
    domain: textOf(row["domain"]),
    emails: emailsOf(row),
    userName: textOf(row["last_logged_in_user_name"]),
    platform: PLATFORM_OF.get(wordOf(row["os_type"]) ?? "") ?? null,
    osName: textOf(row["os_name"]),
    osVersion: textOf(row["os_revision"]),
    model: textOf(row["model_name"]),
    agentVersion: textOf(row["agent_version"])?.trim() ?? null,
    infected: flagOf(row["infected"]),
    activeThreats: countOf(row["active_threats"]),
    isActive: flagOf(row["is_active"]),
    networkStatus: wordOf(row["network_status"]),
    operationalState: wordOf(row["operational_state"]),
    lastActive: textOf(row["last_active_date"]),
    upToDate: flagOf(row["is_up_to_date"]),
    diskEncrypted: flagOf(row["encrypted_applications"]),
    firewall: flagOf(row["firewall_enabled"]),
    decommissioned: flagOf(row["is_decommissioned"]),
    uninstalled: flagOf(row["is_uninstalled"]),
    rebootPending: rebootPending(flagOf(row["threat_reboot_required"]), actions),
    mitigationMode: wordOf(row["mitigation_mode"]),
    missingPermissions: words(row["missing_permissions"]),
    userActionsNeeded: actions,
    worstOpenCve: exposure.worstOpenCve,
    knownExploited: exposure.knownExploited,
  };
}

type Cell = MirrorRow[string] | undefined;

function textOf(cell: Cell): string | null {
  if (cell === null || cell === undefined) return null;
  const text = String(cell);
  return text.trim() === "" ? null : text;
}

/** A word of one of the vendor's enums. */
function wordOf(cell: Cell): string | null {
  return textOf(cell)?.trim().toLowerCase() ?? null;
}

function flagOf(cell: Cell): boolean | null {
  if (cell === 1 || cell === "1") return true;
  if (cell === 0 || cell === "0") return false;
  return null;
}

/** A number below nought counts nothing. */
function countOf(cell: Cell): number | null {
  const count = typeof cell === "string" && /^\d{1,15}$/.test(cell) ? Number(cell) : cell;
  return typeof count === "number" && Number.isFinite(count) && count >= 0 ? count : null;
}

/** A threat's clean-up or the agent itself may wait for it: one "yes" is enough, and only two "no" are a "no". */
function rebootPending(threat: boolean | null, actions: readonly string[] | null): boolean | null {
  if (threat === true || actions?.includes("reboot_needed") === true || actions?.includes("reboot_required") === true) return true;
  return threat === null || actions === null ? null : false;
}

function listOf(cell: Cell): readonly unknown[] | null {
  const value = jsonOf(cell);
  return Array.isArray(value) ? (value as readonly unknown[]) : null;
}

function jsonOf(cell: Cell): unknown {
  if (typeof cell !== "string") return null;
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return null;
  }
}

/** Null as well where an entry is no text: a list read in part would look shorter than it is. */
function words(cell: Cell): readonly string[] | null {
  const list = listOf(cell);
  if (list === null || !list.every((entry) => typeof entry === "string")) return null;
  return list.map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== "");
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function tagsOf(cell: Cell): readonly DeviceTag[] | null {
  const list = field(jsonOf(cell), "sentinelone");
  if (!Array.isArray(list)) return null;
  const tags: DeviceTag[] = [];
  for (const entry of list as readonly unknown[]) {
    const key = field(entry, "key");
    const value = field(entry, "value") ?? "";
    if (typeof key !== "string" || typeof value !== "string") return null;
    tags.push({ key, value });
  }
  return tags;
}

function macsOf(cell: Cell): readonly string[] {
  const macs = (listOf(cell) ?? []).map((entry) => {
    const physical = field(entry, "physical");
    return foldMac(typeof physical === "string" ? physical : null);
  });
  return distinct(macs);
}

function emailsOf(row: MirrorRow): readonly string[] {
  return distinct([row["active_directory_mail"], row["active_directory_user_principal_name"]].map((cell) => foldEmail(textOf(cell))));
}

function distinct(texts: readonly (string | null)[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== null))];
}
