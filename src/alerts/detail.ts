/** What a record says beyond its headline, in the same few sections for every stream: facts, device, user, process, techniques, indicators. Pure. */
import type { AlertDetail, EventStream } from "../kernel/alert-api.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { isObject, jsonOf, said, text } from "./project.ts";

export type Sections = Pick<AlertDetail, "description" | "facts" | "device" | "user" | "process" | "techniques" | "indicators">;

type Named = Readonly<Record<string, string>>;
type Technique = AlertDetail["techniques"][number];

/** Our name for a column, by section. */
const COLUMNS: Readonly<Record<EventStream, Readonly<Record<"facts" | "device" | "user" | "process", Named>>>> = {
  alerts: {
    facts: {
      classification: "classification", confidence: "confidence_level", mitigation: "result", vendor: "vendor", analytic: "analytics_name", category: "analytics_category", "external id": "external_id", ticket: "ticket_id", incident: "incident_name",
      storyline: "storyline_id", created: "created_at", "first seen": "first_seen_at", "last seen": "last_seen_at", account: "account_name", group: "group_name", "attacker host": "attacker_host", "attacker ip": "attacker_ip",
    },
    device: { name: "asset_name", id: "asset_id", "agent uuid": "asset_agent_uuid", category: "asset_category", kind: "asset_subcategory", os: "asset_os_type", "os version": "asset_os_version", role: "asset_role", "last user": "asset_last_logged_in_user" },
    user: { name: "target_user_name", domain: "target_user_domain", email: "target_user_email" },
    process: { file: "process_file_name", path: "process_file_path", "command line": "process_cmd_line", parent: "process_parent_name", sha256: "process_file_sha256", sha1: "process_file_sha1", md5: "process_file_md5" },
  },
  threats: {
    facts: {
      classification: "classification", confidence: "confidence_level", mitigation: "mitigation_status", "detection type": "detection_type", engines: "detection_engines", "initiated by": "initiated_by", ticket: "external_ticket_id", storyline: "storyline",
      identified: "identified_at", created: "created_at", account: "account_name", group: "group_name", publisher: "publisher_name",
    },
    device: {
      name: "agent_computer_name", id: "agent_id", uuid: "agent_uuid", domain: "agent_domain", kind: "agent_machine_type", os: "agent_os_name", "os revision": "agent_os_revision", "agent version": "agent_version", ip: "agent_ip_v4", "external ip": "external_ip",
      network: "agent_network_status",
    },
    user: { process: "process_user", "logged in": "agent_last_logged_in_user_name", email: "agent_last_logged_in_user_mail", upn: "agent_last_logged_in_upn" },
    process: { path: "file_path", origin: "originator_process", arguments: "malicious_process_arguments", sha256: "sha256", sha1: "sha1", md5: "md5", verification: "file_verification_type" },
  },
  "cloud-detection-alerts": {
    facts: {
      rule: "rule_id", "rule's words": "rule_description", query: "rule_s1ql", "query kind": "rule_query_type", "hit type": "hit_type", "event type": "event_type", "treat as": "rule_treat_as_threat", "event id": "dv_event_id", created: "created_at", reported: "reported_at",
      "source ip": "src_ip", "destination ip": "dst_ip", "destination port": "dst_port", dns: "dns_request", registry: "registry_path",
    },
    device: { name: "agent_name", uuid: "agent_uuid", kind: "agent_machine_type", os: "agent_os_name", "os revision": "agent_os_revision", "agent version": "agent_version" },
    user: { process: "source_process_user", "logged in": "logins_user_name", domain: "login_account_domain" },
    process: {
      name: "source_process_name", pid: "source_process_pid", path: "source_process_file_path", "command line": "source_process_commandline", parent: "source_parent_process_name", storyline: "source_process_storyline",
      sha256: "source_process_file_hash_sha256", sha1: "source_process_file_hash_sha1", signer: "source_process_file_signer_identity",
    },
  },
  activities: {
    facts: { type: "activity_type", description: "description", more: "secondary_description", account: "account_name", group: "group_name", threat: "threat_id", hash: "hash", comments: "comments" },
    device: { agent: "agent_id", os: "os_family" },
    user: { id: "user_id" },
    process: {},
  },
};

export function sectionsOf(stream: EventStream, row: MirrorRow): Sections {
  const { facts, device, user, process } = COLUMNS[stream];
  const findings = FINDINGS[stream](row);
  return {
    description: text(row[stream === "alerts" ? "description" : stream === "cloud-detection-alerts" ? "rule_description" : "secondary_description"]),
    facts: named(row, facts),
    device: named(row, device),
    user: named(row, user),
    process: named(row, process),
    techniques: distinct(findings.techniques),
    indicators: [...new Set(findings.indicators)],
  };
}

/** Each once. */
export function techniquesOf(stream: EventStream, row: MirrorRow): readonly Technique[] {
  return distinct(FINDINGS[stream](row).techniques);
}

function named(row: MirrorRow, names: Named): Record<string, string> {
  return Object.fromEntries(Object.entries(names).flatMap(([name, column]) => {
    const found = text(row[column]);
    return found === null ? [] : [[name, plain(found)]];
  }));
}

/** A list that the mirror keeps as JSON, for reading. */
function plain(found: string): string {
  if (!found.startsWith("[")) return found;
  const list = jsonOf(found);
  return Array.isArray(list) ? list.map((one: unknown) => said(one, "title") ?? said(one, "key") ?? (typeof one === "string" ? one : JSON.stringify(one))).join(", ") : found;
}

interface Findings {
  readonly techniques: readonly Technique[];
  readonly indicators: readonly string[];
}

const FINDINGS: Readonly<Record<EventStream, (row: MirrorRow) => Findings>> = {
  alerts(row) {
    const raw = jsonOf(row["raw_data"]);
    const info = isObject(raw) ? raw["finding_info"] : undefined;
    const attacks = [...listIn(info, "attacks"), ...listIn(raw, "attacks")];
    return {
      techniques: attacks.flatMap((attack) => {
        const technique = isObject(attack) ? attack["technique"] : undefined;
        const tactics = [...listIn(attack, "tactics"), ...(isObject(attack) && isObject(attack["tactic"]) ? [attack["tactic"]] : [])];
        const [tactic] = tactics.map((one) => said(one, "name") ?? said(one, "uid"));
        const [id, name] = [said(technique, "uid"), said(technique, "name")];
        return id === null && name === null && tactic === undefined ? [] : [{ tactic: tactic ?? null, id, name }];
      }),
      indicators: listIn(info, "related_events").flatMap((event) => said(event, "message") ?? said(event, "type") ?? []),
    };
  },
  threats(row) {
    const list = jsonOf(row["indicators"]);
    const indicators: readonly unknown[] = Array.isArray(list) ? list : [];
    return {
      techniques: indicators.flatMap((one) => listIn(one, "tactics")).flatMap((tactic) => listIn(tactic, "techniques").map((technique) => ({ tactic: said(tactic, "name"), id: said(technique, "name"), name: null }))),
      indicators: indicators.flatMap((one) => said(one, "description") ?? said(one, "category") ?? []),
    };
  },
  "cloud-detection-alerts": (row) => ({ techniques: [], indicators: [text(row["indicator_description"]), text(row["indicator_name"])].filter((one) => one !== null) }),
  activities: () => ({ techniques: [], indicators: [] }),
};

function listIn(value: unknown, name: string): readonly unknown[] {
  const found = isObject(value) ? value[name] : undefined;
  return Array.isArray(found) ? found : [];
}

function distinct(techniques: readonly Technique[]): Technique[] {
  return [...new Map(techniques.map((one) => [JSON.stringify(one), one])).values()];
}
