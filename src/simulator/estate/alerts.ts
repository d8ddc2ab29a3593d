/** Unified alerts of every product, with the raw event of Singularity Identity ones. Shape: the GraphQL node plus `rawData`. */
import type { Scope, Shape, Source } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { millis, MINUTE } from "../times.ts";
import { agentFacts, type AgentFacts } from "./agents.ts";
import { groupName, textAt } from "./frame.ts";
import { agentOf } from "./threats.ts";
import { CODE, createdAt, diceFor, GROUPS_PER_SITE, idOf, updatedAt, type World } from "./world.ts";

const IDENTITY = [
  ["Domain Controller Discovery Detected", "ADSecure-DC", "5001301"],
  ["LDAP Search Detected", "ADSecure-DC", "5001304"],
  ["Brute force attack - Mass Account Lockout", "ThreatPath", "5002201"],
  ["DCSync Attack Detected", "ADSecure-DC", "5001802"],
  ["New AD Privilege Accounts Detected", "ThreatPath", "5002107"],
  ["AD Domain Computer Enumeration Detected", "ADSecure-DC", "5001305"],
  ["Compromised Password Detected", "BreachDetect", "5003001"],
] as const;

interface ProductKind {
  readonly product: string;
  readonly vendor: string;
  readonly surface: string;
  readonly names: readonly string[];
  readonly category: string;
}

const PRODUCTS: readonly ProductKind[] = [
  { product: "EDR", vendor: "SentinelOne", surface: "ENDPOINT", names: ["Malicious file written", "Suspicious process tree", "Credential store read"], category: "Behavioral" },
  { product: "STAR", vendor: "SentinelOne", surface: "ENDPOINT", names: ["Encoded PowerShell", "New local administrator"], category: "Custom rule" },
  { product: "CWS", vendor: "SentinelOne", surface: "ENDPOINT", names: ["Miner in a container", "Binary not in the image"], category: "Reputation" },
  { product: "Postbox Guard", vendor: "Postbox", surface: "EMAIL", names: ["Link to a look-alike domain", "Forwarding rule to the outside"], category: "Mail" },
  { product: "Wirewatch", vendor: "Fennel Labs", surface: "NETWORK", names: ["Beacon to a rare host"], category: "Network" },
];

const STAMPS = ["detectedAt", "createdAt", "firstSeenAt", "lastSeenAt", "updatedAt"] as const;

function uuidOf(world: World, index: number): string {
  const dice = diceFor(world, "alerts", index);
  // Like version 7: the first 48 bits rise with the index, so that ids sort by age.
  const rising = (0x019a_0000_0000 + index * 4099).toString(16).padStart(12, "0");
  const rest = dice.hex(1, 18);
  return `${rising.slice(0, 8)}-${rising.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6)}`;
}

function indexOfUuid(world: World, id: string, size: number): number {
  const rising = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const index = (rising - 0x019a_0000_0000) / 4099;
  return Number.isInteger(index) && index >= 0 && index < size && uuidOf(world, index) === id ? index : -1;
}

function isIdentity(world: World, index: number): boolean {
  return diceFor(world, "alerts", index).int(2, 10) < 4;
}

export function alertSource(world: World): Source {
  const size = world.sizes.agents === 0 ? 0 : world.sizes.alerts;
  const detected = (index: number): number => floorMs(createdAt(world, "alerts", index, size, 60));
  const updated = (index: number): number => floorMs(updatedAt(world, "alerts", index, detected(index) + MINUTE));
  return {
    size,
    newId: (n) => uuidOf(world, size + n),
    find(id) {
      const index = indexOfUuid(world, id, size);
      return index === -1 ? [] : [index];
    },
    scopes: (index) => world.groupScopes[agentOf(world, "alerts", index).group] ?? [],
    columns: {
      id: (index) => uuidOf(world, index),
      detectedAt: detected,
      updatedAt: updated,
      createdAt: (index) => detected(index) + 5_000_000,
    },
    make(index) {
      const dice = diceFor(world, "alerts", index);
      const agent = agentOf(world, "alerts", index);
      const at = detected(index);
      const identity = isIdentity(world, index) ? dice.pick(3, IDENTITY) : undefined;
      const kind = dice.pick(4, PRODUCTS);
      const endpoint = identity === undefined && kind.surface === "ENDPOINT";
      const attacker = agentFacts(world, dice.int(5, world.sizes.agents));
      const severity = dice.pick(6, ["CRITICAL", "HIGH", "HIGH", "MEDIUM", "MEDIUM", "LOW", "INFO"]);
      const status = dice.pick(7, ["NEW", "NEW", "IN_PROGRESS", "RESOLVED"]);
      const name = identity?.[0] ?? dice.pick(8, kind.names);
      const asset = assetOf(agent, identity !== undefined, dice.chance(9, 0.9));
      const id = uuidOf(world, index);
      const node: ApiRecord = {
        id,
        externalId: endpoint && world.sizes.threats > 0 ? idOf("threats", dice.int(10, world.sizes.threats)) : dice.uuid(11),
        name,
        description: `${name} on ${agent.name}`,
        severity,
        status,
        analystVerdict: status === "NEW" ? "UNDEFINED" : dice.pick(12, ["UNDEFINED", "TRUE_POSITIVE_MALWARE", "TRUE_POSITIVE_UNAUTHORIZED_ACCESS", "FALSE_POSITIVE_BENIGN", "FALSE_POSITIVE_USER_ERROR"]),
        confidenceLevel: dice.pick(13, ["MALICIOUS", "SUSPICIOUS"]),
        classification: identity === undefined ? dice.pick(14, ["MALWARE", "TROJAN", "INFO_STEALER", "UNKNOWN"]) : "ENUMERATION",
        result: dice.pick(15, ["MITIGATED", "UNMITIGATED", null]),
        attackSurfaces: [identity === undefined ? kind.surface : "IDENTITY"],
        detectedAt: millis(at),
        createdAt: millis(at + 5_000_000),
        firstSeenAt: millis(at - 2_000_000),
        lastSeenAt: millis(at),
        updatedAt: millis(updated(index)),
        detectionSource: { product: identity === undefined ? kind.product : "Identity", vendor: identity === undefined ? kind.vendor : "SentinelOne", engine: null },
        analytics: { category: identity?.[1] ?? kind.category, name: null, type: null, typeValue: "Behavioral", uid: identity?.[2] ?? `A-${String(CODE.alerts)}${String(index % 40)}` },
        dataSources: [],
        labels: [],
        assets: [asset],
        asset,
        assignee: status === "IN_PROGRESS" ? { userId: idOf("users", 1), email: "mara.voss@orchardfreight.test", fullName: "Mara Voss" } : null,
        noteExists: status === "RESOLVED",
        ticketId: null,
        storylineId: endpoint ? dice.hex(16, 16).toUpperCase() : null,
        primaryIndicatorType: null,
        process: endpoint || dice.chance(17, 0.3) ? processOf(agent, dice.hex(18, 64)) : null,
        realTime: { scope: scopeOf(world, agent) },
        detectionTime: detectionOf(world, agent, identity === undefined ? undefined : attacker),
        attackPathExists: false,
        attackPaths: [],
        incident: null,
        exclusionHashes: null,
        sloDetails: null,
        mitigationDetails: null,
        availableActionIds: ["S1/alert/statusUpdate", "S1/alert/analystVerdictUpdate", "S1/alert/addNote"],
        aiInvestigation: null,
      };
      return { ...node, rawData: identity === undefined ? endpointRaw(node, at) : identityRaw(world, node, identity, agent, attacker, at) };
    },
  };
}

function floorMs(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

function scopeOf(world: World, agent: AgentFacts): ApiRecord {
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  return {
    account: { id: account?.id ?? null, name: account?.name ?? "" },
    site: { id: site?.id ?? null, name: site?.name ?? "" },
    group: { id: idOf("groups", agent.group), name: groupName(agent.group % GROUPS_PER_SITE) },
  };
}

function simpleScope(world: World, agent: AgentFacts): ApiRecord {
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  return {
    accountId: account?.id ?? null,
    accountName: account?.name ?? "",
    siteId: site?.id ?? null,
    siteName: site?.name ?? "",
    groupId: idOf("groups", agent.group),
    groupName: groupName(agent.group % GROUPS_PER_SITE),
  };
}

function osType(agent: AgentFacts): string {
  return agent.os.toUpperCase();
}

function assetOf(agent: AgentFacts, identity: boolean, online: boolean): ApiRecord {
  const category = agent.machine === "server" ? "Server" : "Workstation";
  return {
    id: `me3sim${String(agent.index).padStart(8, "0")}`,
    accessible: true,
    deleted: false,
    primary: true,
    category,
    subcategory: agent.machine === "server" ? "Other Server" : agent.machine === "laptop" ? "Laptop" : "Desktop",
    name: agent.name,
    type: agent.machine.toUpperCase(),
    osType: osType(agent),
    osVersion: `${agent.osName} ${agent.osRevision}`,
    agentUuid: identity ? null : agent.uuid,
    agentVersion: identity ? null : agent.version,
    agentOperatingMode: null,
    assetTypeClassifier: category,
    connectivityToConsole: online ? "ONLINE" : "OFFLINE",
    decommissioned: false,
    lastLoggedInUser: agent.user,
    origin: "RESOURCES",
    pendingReboot: false,
    policy: identity ? null : "PROTECT",
    role: "TARGET",
    status: "ACTIVE",
    paths: [],
    tags: [],
  };
}

function processOf(agent: AgentFacts, sha256: string): ApiRecord {
  const path = agent.os === "windows" ? "c:\\windows\\system32\\net1.exe" : "/usr/bin/net";
  return { cmdLine: `${path} group "Domain Controllers" /domain`, file: { certSubject: null, md5: null, name: path.split(/[\\/]/u).at(-1) ?? path, path, sha1: sha256.slice(0, 40), sha256 }, parentName: "cmd.exe" };
}

function detectionOf(world: World, agent: AgentFacts, attacker: AgentFacts | undefined): ApiRecord {
  const asset = {
    agentVersion: agent.version,
    consoleIpAddress: agent.externalIp,
    domain: agent.domain,
    ipV4: agent.ip,
    ipV4Addresses: [agent.ip],
    ipV6: null,
    ipV6Addresses: [],
    lastLoggedInUser: agent.user,
    osName: agent.osName,
    osRevision: agent.osRevision,
    osType: osType(agent),
    policy: "PROTECT",
    subscriptionTime: null,
  };
  const scope = simpleScope(world, agent);
  return {
    asset,
    assets: [{ accessible: true, asset, cloud: null, deleted: false, kubernetes: null, origin: "RESOURCES", paths: [], primary: true, scope }],
    attacker: attacker === undefined ? null : { host: attacker.name, ip: attacker.ip },
    cloud: null,
    kubernetes: null,
    scope,
    targetUser: attacker === undefined ? null : { displayName: agent.person, domain: agent.domain, emailAddress: null, name: agent.user },
  };
}

const SEVERITY_IDS: Readonly<Record<string, number>> = { INFO: 1, LOW: 2, MEDIUM: 3, HIGH: 4, CRITICAL: 5 };

function endpointRaw(node: ApiRecord, at: number): ApiRecord {
  return { message: node["name"], time: String(Math.floor(at / 1000)), severity_id: SEVERITY_IDS[String(node["severity"])] ?? 0, finding_info: { uid: node["externalId"], title: node["name"] } };
}

/** OCSF-like, with the vendor's extension; long numbers travel as strings, as they do on real consoles. */
function identityRaw(world: World, node: ApiRecord, kind: readonly [string, string, string], agent: AgentFacts, attacker: AgentFacts, at: number): ApiRecord {
  const ms = String(Math.floor(at / 1000));
  const scope = simpleScope(world, agent);
  return {
    activity_id: 2,
    activity_name: "Update",
    category_uid: 2,
    class_uid: 99_602_001,
    class_name: "S1 Security Alert",
    type_uid: "9960200101",
    type_name: "S1 Security Alert: Create",
    attack_surface_ids: [4],
    confidence_id: 3,
    severity_id: SEVERITY_IDS[String(node["severity"])] ?? 0,
    status_id: 1,
    verdict_id: 0,
    time: ms,
    message: node["description"],
    metadata: { product: { name: "Identity", vendor_name: "SentinelOne" }, version: "1.1.0-dev", extension: { name: "s1", uid: "996", version: "0.1.0" } },
    raw_data: `${kind[2]}:Attacker IP=${attacker.ip}, Target Host=${agent.name}`,
    finding_info: {
      uid: node["externalId"],
      internal_uid: node["id"],
      title: node["name"],
      desc: node["description"],
      first_seen_time: String(Number(ms) - 2000),
      last_seen_time: ms,
      kill_chain: [],
      related_events: [{ message: node["name"], severity_id: 4, time: ms, type: "event", uid: `${String(node["id"])}-1` }],
      analytic: { category: kind[1], name: kind[0], type_id: 1, uid: kind[2] },
      attacks: [{ version: "12.1", tactics: [{ name: "Discovery", uid: "TA0007" }], technique: { name: "Remote System Discovery", uid: "T1018" } }],
    },
    evidences: [
      {
        actor: { user: { name: attacker.user, domain: attacker.domain, uid: `S-1-5-21-1-2-3-${String(1000 + attacker.index)}` } },
        src_endpoint: { hostname: attacker.name, ip: attacker.ip },
        dst_endpoint: { hostname: agent.name, ip: agent.ip, uid: agent.id },
      },
    ],
    resources: [
      {
        uid: agent.id,
        internal_uid: `me3sim${String(agent.index).padStart(8, "0")}`,
        name: agent.name,
        type: "server::other_server::windows_server",
        owner: {},
        s1_metadata: {
          account_id: scope["accountId"],
          account_name: scope["accountName"],
          site_id: scope["siteId"],
          site_name: scope["siteName"],
          group_id: scope["groupId"],
          group_name: scope["groupName"],
          scope_id: scope["siteId"],
          scope_level: "site",
        },
      },
    ],
  };
}

export const alertShape: Shape = {
  id: "alerts",
  times: new Set(STAMPS),
  scopesOf(record): readonly Scope[] {
    const realTime = record["realTime"];
    const scope = isRecord(realTime) && isRecord(realTime["scope"]) ? realTime["scope"] : {};
    return [{ account: textAt(scope, "account", "id"), site: textAt(scope, "site", "id"), group: textAt(scope, "group", "id") }];
  },
};
