/** Reads an agent: what we show of a device, and what it can be recognised by. The address the network's edge has for it (NAT) is kept apart, and never the device's own. */
import type { MirrorRow } from "../mirror/capability.ts";
import { foldMac, foldSerial } from "../posture/index.ts";
import { keysText } from "./agent-keys.ts";
import { field, flagOf, fold, jsonOf, momentOf, textOf, type Cell } from "./cells.ts";
import type { AgentFacts, IdentifierKind } from "./model.ts";

/** `moments` change with every heartbeat, and so are no part of the facts that are compared. */
export interface ReadAgent {
  readonly facts: AgentFacts;
  /** The facts as they are kept and compared. */
  readonly text: string;
  readonly keys: readonly AgentKey[];
  readonly keysText: string;
  readonly active: boolean;
  readonly registeredAt: number | null;
  readonly lastActive: number | null;
}

export interface AgentKey {
  readonly kind: IdentifierKind;
  readonly key: string;
}

export function agentOf(row: MirrorRow): ReadAgent {
  const interfaces = listOf(row["network_interfaces"]);
  const decommissioned = flagOf(row["is_decommissioned"]) === true;
  const uninstalled = flagOf(row["is_uninstalled"]) === true;
  const facts: AgentFacts = {
    uuid: textOf(row["uuid"]), name: textOf(row["computer_name"]), domain: textOf(row["domain"]),
    osName: textOf(row["os_name"]), osRevision: textOf(row["os_revision"]), osType: textOf(row["os_type"]), osArch: textOf(row["os_arch"]),
    machineType: textOf(row["machine_type"]), model: textOf(row["model_name"]), serial: textOf(row["serial_number"]), agentVersion: textOf(row["agent_version"]),
    siteId: textOf(row["site_id"]), siteName: textOf(row["site_name"]), groupId: textOf(row["group_id"]), groupName: textOf(row["group_name"]), accountId: textOf(row["account_id"]), accountName: textOf(row["account_name"]),
    user: textOf(row["last_logged_in_user_name"]),
    addresses: addressesOf(interfaces, textOf(row["last_ip_to_mgmt"])),
    macs: distinct(interfaces.map((one) => foldMac(wordOf(field(one, "physical"))))),
    publicEgress: textOf(row["external_ip"]),
    tags: tagsOf(row["tags"]),
    decommissioned, uninstalled,
    appsStatus: textOf(row["apps_vulnerability_status"]),
  };
  const registeredAt = momentOf(row["registered_at"]) ?? momentOf(row["created_at"]);
  const cloud = cloudInstance(jsonOf(row["cloud_providers"]));
  const keys = keysOf(facts, String(row["connection_id"]), cloud);
  return { facts, text: JSON.stringify(facts), keys, keysText: keysText(keys), active: !decommissioned && !uninstalled, registeredAt, lastActive: momentOf(row["last_active_date"]) };
}

/** Best first, as in `IDENTIFIER_KINDS`; an agent id says the same as its row, so it leads nowhere else. */
function keysOf(facts: AgentFacts, connection: string, cloud: string | null): readonly AgentKey[] {
  const serial = foldSerial(facts.serial);
  const name = fold(facts.name);
  const domain = fold(facts.domain);
  return [
    ...(facts.uuid === null ? [] : [{ kind: "uuid" as const, key: `${connection} ${fold(facts.uuid)}` }]),
    ...(cloud === null ? [] : [{ kind: "cloud-instance" as const, key: cloud }]),
    ...("key" in serial && facts.model !== null ? [{ kind: "serial" as const, key: `${serial.key} ${fold(facts.model)}` }] : []),
    ...facts.macs.map((key) => ({ kind: "mac" as const, key })),
    // A workgroup is no domain: its names are everybody's.
    ...(name === "" || domain === "" || domain === "workgroup" || domain === "local" ? [] : [{ kind: "fqdn" as const, key: `${name}.${domain}` }]),
  ];
}

/** `{AWS: {cloudInstanceId}}`, whatever the provider. */
function cloudInstance(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  for (const [provider, about] of Object.entries(value)) {
    const id = wordOf(field(about, "cloudInstanceId"));
    if (id !== null && id.trim() !== "") return `${fold(provider)} ${fold(id)}`;
  }
  return null;
}

function addressesOf(interfaces: readonly unknown[], last: string | null): readonly string[] {
  const own = interfaces.flatMap((one) => {
    const inet = field(one, "inet");
    return Array.isArray(inet) ? (inet as readonly unknown[]).map(wordOf) : [];
  });
  const found = distinct(own);
  return found.length > 0 || last === null ? found : [last];
}

function tagsOf(cell: Cell): readonly string[] {
  const list = field(jsonOf(cell), "sentinelone");
  if (!Array.isArray(list)) return [];
  return (list as readonly unknown[]).flatMap((one) => {
    const key = wordOf(field(one, "key"));
    return key === null ? [] : [`${key}:${wordOf(field(one, "value")) ?? ""}`];
  });
}

function listOf(cell: Cell): readonly unknown[] {
  const value = jsonOf(cell);
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function wordOf(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

function distinct(texts: readonly (string | null)[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== null))];
}
