/**
 * The raw event of an alert: OCSF-like, with the vendor's extension. As on real consoles, times and severities are numbers in one product and
 * text in another, what belongs in an evidence may be empty or absent, and the identity sensors add their own line of text.
 */
import type { Dice } from "../random.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import type { AgentFacts } from "./agents.ts";
import { assetId, simpleScope } from "./alert-assets.ts";
import type { AlertKind, AlertProduct } from "./alert-kinds.ts";
import type { World } from "./world.ts";

export const SEVERITY_IDS: Readonly<Record<string, number>> = { INFO: 1, LOW: 2, MEDIUM: 3, HIGH: 4, CRITICAL: 5 };
const STATUS_IDS: Readonly<Record<string, number>> = { NEW: 1, IN_PROGRESS: 2, RESOLVED: 4 };
const SURFACE_IDS: Readonly<Record<AlertProduct["surface"], number>> = { ENDPOINT: 1, NETWORK: 2, EMAIL: 3, IDENTITY: 4 };

export interface RawParts {
  readonly world: World;
  readonly node: ApiRecord;
  readonly product: AlertProduct;
  readonly kind: AlertKind;
  readonly agent: AgentFacts;
  readonly attacker: AgentFacts | undefined;
  readonly at: number;
  readonly dice: Dice;
}

function evidence({ product, kind, agent, attacker, node, dice }: RawParts): ApiRecord {
  const process = isRecord(node["process"]) ? node["process"] : undefined;
  const file = process !== undefined && isRecord(process["file"]) ? process["file"] : undefined;
  const doer = attacker ?? agent;
  const actor = { user: { name: doer.user, domain: doer.domain, uid: `S-1-5-21-1-2-3-${String(1000 + doer.index)}` } };
  if (product.surface === "IDENTITY") {
    // A breach names a person and no machine; now and then a sensor leaves the source out.
    if (kind.about === "person") return dice.chance(80, 0.5) ? { actor, src_endpoint: {}, dst_endpoint: {} } : { actor };
    const src = dice.chance(81, 0.1) ? {} : { hostname: doer.name, ip: doer.ip };
    return { actor, src_endpoint: src, dst_endpoint: { hostname: agent.name, ip: agent.ip, uid: agent.id } };
  }
  return {
    actor: { ...actor, ...(process === undefined ? {} : { process: { cmd_line: process["cmdLine"], name: file?.["name"] ?? null } }) },
    device: { hostname: agent.name, ip: agent.ip, os: { name: agent.osName, type: agent.os }, uid: agent.id },
    ...(file === undefined ? {} : { file: { name: file["name"], path: file["path"], hashes: [{ algorithm_id: 3, value: file["sha256"] }] } }),
    ...(product.surface === "NETWORK" ? { src_endpoint: { ip: agent.ip, hostname: agent.name }, dst_endpoint: { ip: `198.51.100.${String(1 + dice.int(82, 250))}`, port: 443 } } : {}),
  };
}

function resource({ world, kind, agent, dice }: RawParts): ApiRecord {
  const scope = simpleScope(world, agent);
  const person = kind.about === "person";
  const type = person ? "identity::users_and_groups::ad_user" : agent.machine === "server" ? `server::other_server::${agent.os}_server` : `workstation::${agent.machine}::${agent.os}_${agent.machine}`;
  return {
    uid: agent.id,
    internal_uid: assetId(agent),
    name: person ? agent.user : agent.name,
    type,
    version: person ? "" : `${agent.osName} ${agent.osRevision}`,
    owner: person ? { name: agent.user, full_name: agent.person } : {},
    s1_metadata: {
      account_id: scope["accountId"],
      account_name: scope["accountName"],
      site_id: scope["siteId"],
      site_name: scope["siteName"],
      group_id: scope["groupId"],
      group_name: scope["groupName"],
      mgmt_id: 2100 + dice.int(83, 3),
      scope_id: scope["siteId"],
      scope_level: "Site",
    },
  };
}

function sensorLine({ kind, agent, attacker, dice }: RawParts): string {
  const ports = `Source Port=${String(49_152 + dice.int(84, 16_000))} Target IP=${agent.ip} Target Port=${String(dice.pick(85, [389, 636, 49_155]))}`;
  return `${kind.uid}:Attacker IP=${(attacker ?? agent).ip} ${ports} Severity=14  Domain=${agent.domain} userName=${(attacker ?? agent).user} dc_host=${agent.name}`;
}

export function rawOf(parts: RawParts): ApiRecord {
  const { node, product, kind, at, dice } = parts;
  const identity = product.surface === "IDENTITY";
  const ms = Math.floor(at / 1000);
  const time = identity || dice.chance(86, 0.5) ? String(ms) : ms;
  const before = typeof time === "string" ? String(ms - 2000) : ms - 2000;
  const severity = SEVERITY_IDS[String(node["severity"])] ?? 0;
  const [techniqueId, technique] = kind.technique;
  const [tacticId, tactic] = kind.tactic;
  // Not every sensor names a technique.
  const named = dice.chance(87, 0.85);
  return {
    activity_id: 2,
    activity_name: "Update",
    category_uid: 2,
    class_uid: 99_602_001,
    class_name: "S1 Security Alert",
    type_uid: "9960200101",
    type_name: identity ? "" : "S1 Security Alert: Create",
    attack_surface_ids: [SURFACE_IDS[product.surface]],
    confidence_id: node["confidenceLevel"] === "MALICIOUS" ? 3 : node["confidenceLevel"] === "SUSPICIOUS" ? 2 : 0,
    severity_id: severity,
    status_id: STATUS_IDS[String(node["status"])] ?? 1,
    verdict_id: 0,
    time,
    message: node["description"],
    metadata: { product: { name: product.product, vendor_name: product.vendor }, version: "1.1.0-dev", uid: node["externalId"], extension: { name: "s1", uid: "996", version: "0.1.0" } },
    ...(identity ? { raw_data: sensorLine(parts), unmapped: {} } : {}),
    finding_info: {
      uid: node["externalId"],
      internal_uid: node["id"],
      title: node["name"],
      desc: node["description"],
      first_seen_time: before,
      last_seen_time: time,
      kill_chain: identity && named ? [{ phase_id: 2 }] : [],
      related_events: [{ message: kind.text, severity_id: severity, time, type: kind.event, uid: `${String(node["id"])}-1` }],
      analytic: { category: kind.category, name: kind.name, type_id: 1, uid: kind.uid },
      attacks: named ? [{ version: "ATT&CK v12", tactics: [{ name: tactic, uid: tacticId }], technique: { name: technique, uid: techniqueId } }] : [],
    },
    evidences: [evidence(parts)],
    resources: [resource(parts)],
  };
}
