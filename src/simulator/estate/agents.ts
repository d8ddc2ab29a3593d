/**
 * Agents of a generated estate: laptops that sleep, servers that do not, machines installed twice, placeholder serial numbers,
 * a few decommissioned, uninstalled, isolated and infected ones.
 */
import type { Shape, Source } from "../collection.ts";
import type { ApiRecord } from "../record.ts";
import { mix, type Dice } from "../random.ts";
import { DAY, HOUR, micros, MINUTE, seconds } from "../times.ts";
import { agentScopes, groupIdOf, type Fleet } from "./fleet.ts";
import { base, groupName, textAt } from "./frame.ts";
import { activeAtStart, agentCreated, endingOf, machineIndex, machineOf, osOf, supersededAt, type Machine } from "./machines.ts";
import { FIRST, LAST, type OsFamily } from "./names.ts";
import { CODE, diceFor, GROUPS_PER_SITE, idOf, type World } from "./world.ts";

export interface AgentFacts {
  readonly index: number;
  readonly id: string;
  readonly uuid: string;
  readonly name: string;
  readonly site: number;
  readonly group: number;
  readonly os: OsFamily;
  readonly osName: string;
  readonly osRevision: string;
  readonly machine: Machine;
  readonly domain: string;
  readonly user: string;
  readonly person: string;
  readonly ip: string;
  readonly externalIp: string;
  readonly version: string;
  readonly isolated: boolean;
  readonly active: boolean;
  readonly created: number;
}

const SALT = { version: 14, osVersion: 15, user: 16, ip: 17, serial: 40 };

const OS_VERSIONS: Readonly<Record<OsFamily, readonly (readonly [name: string, revision: string])[]>> = {
  windows: [
    ["Windows 11 Pro", "26100"],
    ["Windows 11 Pro", "22631"],
    ["Windows 10 Pro", "19045"],
    ["Windows 11 Enterprise", "26100"],
  ],
  macos: [
    ["macOS", "26.1 (25B78)"],
    ["macOS", "15.7.2 (24G325)"],
  ],
  linux: [
    ["Ubuntu", "24.04.3 LTS 6.8.0-79-generic"],
    ["Debian", "13 6.12.41-amd64"],
  ],
};
const SERVER_WINDOWS: readonly (readonly [string, string])[] = [
  ["Windows Server 2022", "20348"],
  ["Windows Server 2019", "17763"],
];
const VERSIONS: readonly string[] = ["25.1.4.434", "25.1.4.434", "25.1.4.434", "24.2.3.471", "23.4.6.347"];
export const LATEST_AGENT = "25.1.4.434";

export function agentFacts(world: World, index: number): AgentFacts {
  const machineAt = machineIndex(world, index);
  const dice = diceFor(world, "agents", index);
  const box = diceFor(world, "agents", machineAt);
  const site = world.siteOfAgent[index] ?? 0;
  const os = osOf(world, index);
  const machine = machineOf(world, index, os);
  const account = world.accounts[world.sites[site]?.account ?? 0];
  const kind = machine === "server" ? "SRV" : machine === "laptop" ? "LT" : "PC";
  const [osName, osRevision] = os === "windows" && machine === "server" ? box.pick(SALT.osVersion, SERVER_WINDOWS) : box.pick(SALT.osVersion, OS_VERSIONS[os]);
  const first = box.pick(SALT.user, FIRST);
  const last = box.pick(SALT.user + 100, LAST);
  const live = endingOf(world, index) === 0;
  const replaced = supersededAt(world, index) !== undefined;
  return {
    index,
    id: idOf("agents", index),
    uuid: dice.hex(20, 32),
    name: `${account?.initials ?? "E"}-${kind}-${String(machineAt + 1).padStart(5, "0")}`,
    site,
    group: site * GROUPS_PER_SITE + (machine === "server" ? 1 : 0),
    os,
    osName,
    osRevision,
    machine,
    domain: os === "windows" ? (account?.netbios ?? "ESTATE") : "WORKGROUP",
    user: `${first.charAt(0)}.${last}`.toLowerCase(),
    person: `${first} ${last}`,
    ip: `10.${String(site % 250)}.${String(box.int(SALT.ip, 250))}.${String(2 + box.int(SALT.ip + 1, 250))}`,
    externalIp: `203.0.113.${String(1 + (site % 250))}`,
    version: dice.pick(SALT.version, VERSIONS),
    isolated: live && !replaced && dice.chance(22, 0.01),
    active: activeAtStart(world, index),
    created: agentCreated(world, index),
  };
}

const PLACEHOLDER_SERIALS: readonly string[] = ["To be filled by O.E.M.", "Default string", "0", "None", "System Serial Number"];

function serialOf(world: World, facts: AgentFacts): string | null {
  const box = diceFor(world, "agents", machineIndex(world, facts.index));
  const roll = box.int(SALT.serial, 100);
  if (roll < 4) return box.pick(SALT.serial + 1, PLACEHOLDER_SERIALS);
  if (roll < 6) return null;
  // A cloned image: machines that share one serial number.
  if (roll === 6) return `CLONE-${String(facts.site)}`;
  return `SIM${box.hex(SALT.serial + 2, 8).toUpperCase()}`;
}

const MODELS: Readonly<Record<Machine, readonly string[]>> = {
  laptop: ["Contoso - Book 14", "Contoso - Book 16", "Umbra - Slate 13"],
  desktop: ["Contoso - Tower 5", "Umbra - Cube"],
  server: ["Contoso - Rack 2U", "Virtual Platform"],
};

/** Cores of an agent's machine. */
export function coresOf(world: World, index: number): number {
  return diceFor(world, "agents", machineIndex(world, index)).pick(28, [4, 8, 10, 16]);
}

/** Whether the agent says it is connected, after the n-th report since the start: laptops sleep one time in four, servers hardly ever. */
function activeAfter(world: World, facts: AgentFacts, beats: number): boolean {
  if (beats === 0) return facts.active;
  return mix(world.seed, CODE.agents, facts.index, 5000 + beats) % 100 < (facts.machine === "server" ? 99 : 75);
}

export function agentSource(world: World, fleet: Fleet): Source {
  const siteId = (index: number): string => world.sites[world.siteOfAgent[index] ?? 0]?.id ?? "";
  return {
    ...base("agents", world.sizes.agents),
    scopes: (index) => agentScopes(world, fleet, index),
    columns: {
      id: (index) => idOf("agents", index),
      createdAt: (index) => agentCreated(world, index),
      registeredAt: (index) => agentCreated(world, index),
      updatedAt: (index) => fleet.updated[index] ?? 0,
      lastActiveDate: (index) => lastActive(world, fleet, index, activeAtStart(world, index)),
      siteId,
      isDecommissioned: (index) => fleet.ended[index] === 1,
      isUninstalled: (index) => fleet.ended[index] === 2,
      infected: (index) => (fleet.openThreats[index] ?? 0) > 0,
      activeThreats: (index) => fleet.openThreats[index] ?? 0,
      osType: (index) => osOf(world, index),
      machineType: (index) => machineOf(world, index, osOf(world, index)),
    },
    make: (index) => makeAgent(world, fleet, agentFacts(world, index)),
    beat(index, stamp) {
      fleet.updated[index] = stamp;
      // The count wraps: only whether it is nought, and that it differs, matter.
      fleet.beats[index] = ((fleet.beats[index] ?? 0) % 65_535) + 1;
    },
  };
}

/** Where a server in the cloud runs, as the API tells it. */
function cloudOf(index: number, box: Dice): ApiRecord {
  return {
    AWS: {
      awsRole: null,
      awsSecurityGroups: [`sg-${box.hex(54, 17)}`],
      awsSubnetIds: [`subnet-${box.hex(55, 17)}`],
      cloudAccount: "999900001111",
      cloudImage: `ami-${box.hex(56, 17)}`,
      cloudInstanceId: `i-${box.hex(57, 17)}`,
      cloudInstanceSize: box.pick(58, ["t3.medium", "m6i.large", "c6g.xlarge"]),
      cloudLocation: box.pick(59, ["eu-west-3", "eu-central-1"]),
      cloudNetwork: `vpc-${box.hex(60, 17)}`,
      cloudTags: [`Name:srv-${String(index)}`],
    },
  };
}

function lastActive(world: World, fleet: Fleet, index: number, active: boolean): number {
  const updated = fleet.updated[index] ?? world.now;
  if ((fleet.beats[index] ?? 0) > 0) return updated;
  return active ? world.now - diceFor(world, "agents", index).int(23, 600) * 1_000_000 : Math.min(updated, world.now - 20 * MINUTE);
}

function makeAgent(world: World, fleet: Fleet, facts: AgentFacts): ApiRecord {
  const dice = diceFor(world, "agents", facts.index);
  const site = world.sites[facts.site];
  const account = world.accounts[site?.account ?? 0];
  const box = diceFor(world, "agents", machineIndex(world, facts.index));
  const end = fleet.ended[facts.index] ?? 0;
  const updated = fleet.updated[facts.index] ?? world.now;
  const beats = fleet.beats[facts.index] ?? 0;
  const active = activeAfter(world, facts, beats);
  const threats = fleet.openThreats[facts.index] ?? 0;
  const windows = facts.os === "windows";
  const dc = facts.domain.toLowerCase();
  const seen = lastActive(world, fleet, facts.index, facts.active);
  const scanned = Math.max(facts.created, world.now - dice.int(24, 60) * DAY);
  const scanEnd = Math.min(scanned + 70 * MINUTE, world.now - 1_000_000);
  const mac = box.mac(25);
  const joined = facts.domain !== "WORKGROUP";
  return {
    id: facts.id,
    uuid: facts.uuid,
    accountId: account?.id ?? null,
    accountName: account?.name ?? null,
    siteId: site?.id ?? null,
    siteName: site?.name ?? null,
    groupId: groupIdOf(facts.group),
    groupName: groupName(facts.group % GROUPS_PER_SITE),
    computerName: facts.name,
    domain: facts.domain,
    osName: facts.osName,
    osRevision: facts.osRevision,
    osArch: facts.os === "macos" ? "ARM64" : "64 bit",
    osType: facts.os,
    osUsername: null,
    osStartTime: seconds(seen - dice.int(26, 20) * DAY - HOUR),
    machineType: facts.machine,
    modelName: box.pick(27, MODELS[facts.machine]),
    serialNumber: serialOf(world, facts),
    cpuId: facts.os === "macos" ? "Umbra U4" : "Generic x86-64 Processor",
    cpuCount: facts.machine === "server" ? 2 : 1,
    coreCount: coresOf(world, facts.index),
    totalMemory: box.pick(29, [8, 16, 32, 64]) * 1024 - 273,
    agentVersion: facts.version,
    isActive: active,
    isUpToDate: facts.version === LATEST_AGENT,
    isDecommissioned: end === 1,
    isUninstalled: end === 2,
    isPendingUninstall: end === 0 && dice.chance(30, 0.003),
    infected: threats > 0,
    activeThreats: threats,
    networkStatus: facts.isolated ? "disconnected" : "connected",
    mitigationMode: dice.chance(32, 0.95) ? "protect" : "detect",
    mitigationModeSuspicious: "detect",
    detectionState: "full_mode",
    operationalState: dice.chance(33, 0.01) ? "partially_disabled" : "na",
    operationalStateExpiration: null,
    scanStatus: dice.chance(34, 0.9) ? "finished" : "none",
    scanStartedAt: micros(scanned),
    scanFinishedAt: micros(scanEnd),
    scanAbortedAt: null,
    lastSuccessfulScanDate: seconds(scanEnd),
    fullDiskScanLastUpdatedAt: micros(scanEnd),
    lastActiveDate: micros(seen),
    registeredAt: micros(facts.created),
    createdAt: micros(facts.created),
    updatedAt: micros(updated),
    externalIp: facts.externalIp,
    lastIpToMgmt: beats === 0 || facts.machine !== "laptop" ? facts.ip : `10.99.${String(mix(world.seed, CODE.agents, facts.index, 9000 + beats) % 250)}.${String(2 + (facts.index % 250))}`,
    groupIp: "203.0.113.x",
    networkInterfaces: [
      {
        id: idOf("interfaces", facts.index),
        name: facts.machine === "laptop" ? "Wi-Fi" : windows ? "Ethernet" : "eth0",
        physical: mac,
        inet: [facts.ip],
        inet6: [],
        gatewayIp: `${facts.ip.split(".").slice(0, 3).join(".")}.1`,
        gatewayMacAddress: "02:00:5e:00:00:01",
      },
    ],
    lastLoggedInUserName: facts.machine === "server" ? "" : facts.user,
    encryptedApplications: dice.chance(35, facts.machine === "laptop" ? 0.92 : 0.4),
    firewallEnabled: dice.chance(36, 0.9),
    networkQuarantineEnabled: false,
    locationEnabled: true,
    locationType: "fallback",
    locations: [{ id: idOf("tags", 0), name: "Fallback", scope: "global" }],
    appsVulnerabilityStatus: dice.chance(37, 0.6) ? "patch_required" : "up_to_date",
    consoleMigrationStatus: "N/A",
    userActionsNeeded: dice.chance(38, 0.03) ? ["reboot_needed"] : [],
    missingPermissions: [],
    threatRebootRequired: false,
    inRemoteShellSession: false,
    allowRemoteShell: facts.machine !== "server",
    remoteProfilingState: "disabled",
    remoteProfilingStateExpiration: null,
    rangerStatus: "Enabled",
    rangerVersion: "24.3.1.2",
    installerType: windows ? ".msi" : facts.os === "macos" ? ".pkg" : ".deb",
    externalId: "",
    licenseKey: "",
    machineSid: windows ? `S-1-5-21-${String(box.int(39, 1e9))}-${String(box.int(49, 1e9))}-1001` : null,
    activeDirectory: {
      computerDistinguishedName: joined ? `CN=${facts.name},OU=Machines,DC=${dc},DC=test` : null,
      computerMemberOf: [],
      lastUserDistinguishedName: joined ? `CN=${facts.person},OU=People,DC=${dc},DC=test` : null,
      lastUserMemberOf: [],
      userPrincipalName: joined ? `${facts.user}@${dc}.test` : null,
      mail: joined ? `${facts.user}@${dc}.test` : null,
    },
    cloudProviders: facts.machine === "server" && facts.site % 3 === 0 && box.chance(53, 0.5) ? cloudOf(facts.index, box) : {},
    tags: {
      sentinelone: dice.chance(50, 0.3)
        ? [{ id: idOf("tags", 1 + dice.int(51, 4)), key: "env", value: dice.pick(52, ["prod", "test", "office"]), assignedAt: micros(facts.created + HOUR), assignedBy: "Mara Voss", assignedById: idOf("users", 1) }]
        : [],
    },
    storageName: null,
    storageType: null,
    firstFullModeTime: null,
    showAlertIcon: false,
    proxyStates: { console: false, deepVisibility: false },
    containerizedWorkloadCounts: null,
    hasContainerizedWorkload: false,
    isAdConnector: false,
    isHyperAutomate: false,
    activeProtection: ["edr"],
    groupUpdatedAt: null,
    policyUpdatedAt: null,
  };
}

export const agentShape: Shape = {
  id: "agents",
  times: new Set(["createdAt", "updatedAt", "registeredAt", "lastActiveDate", "lastSuccessfulScanDate", "decommissionedAt", "fullDiskScanLastUpdatedAt"]),
  scopesOf: (record) => [{ account: textAt(record, "accountId"), site: textAt(record, "siteId"), group: textAt(record, "groupId") }],
};
