/**
 * Agents of a generated estate: laptops that sleep, servers that do not, machines installed twice, placeholder serial numbers,
 * a few decommissioned, uninstalled, isolated and infected ones.
 */
import type { Scope, Shape, Source } from "../collection.ts";
import type { ApiRecord } from "../record.ts";
import { mix } from "../random.ts";
import { DAY, HOUR, micros, MINUTE, seconds } from "../times.ts";
import { base, groupName, textAt } from "./frame.ts";
import { FIRST, LAST, type OsFamily } from "./names.ts";
import { CODE, createdAt, diceFor, GROUPS_PER_SITE, idOf, updatedAt, type World } from "./world.ts";

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
  readonly machine: "laptop" | "desktop" | "server";
  readonly domain: string;
  readonly user: string;
  readonly person: string;
  readonly ip: string;
  readonly externalIp: string;
  readonly version: string;
  readonly infected: boolean;
  readonly isolated: boolean;
  readonly active: boolean;
  readonly created: number;
}

const SALT = { os: 10, machine: 11, state: 12, name: 13, version: 14, osVersion: 15, user: 16, ip: 17, twin: 18, active: 19, serial: 40 };

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

/** 0 ordinary, 1 decommissioned, 2 uninstalled: about 3 % and 1.5 %. */
function ending(world: World, index: number): 0 | 1 | 2 {
  const roll = mix(world.seed, CODE.agents, index, SALT.state) % 200;
  return roll < 6 ? 1 : roll < 9 ? 2 : 0;
}

/** About one machine in forty was installed again: the record before it is the same machine. */
function reinstalled(world: World, index: number): boolean {
  return index > 0 && mix(world.seed, CODE.agents, index, SALT.twin) % 40 === 0 && world.siteOfAgent[index] === world.siteOfAgent[index - 1];
}

export function agentCreated(world: World, index: number): number {
  return createdAt(world, "agents", index, world.sizes.agents, 500);
}

function machineIndex(world: World, index: number): number {
  return reinstalled(world, index) ? index - 1 : index;
}

export function osOf(world: World, index: number): OsFamily {
  const machine = machineIndex(world, index);
  const site = world.siteOfAgent[machine] ?? 0;
  const roll = mix(world.seed, CODE.agents, machine, SALT.os) % 100;
  const macs = site % 4 === 1 ? 45 : 12;
  if (roll < macs) return "macos";
  return roll < macs + (site % 5 === 2 ? 30 : 10) ? "linux" : "windows";
}

function machineOf(world: World, index: number, os: OsFamily): AgentFacts["machine"] {
  const roll = mix(world.seed, CODE.agents, machineIndex(world, index), SALT.machine) % 100;
  if (os === "linux") return roll < 80 ? "server" : "laptop";
  if (os === "macos") return roll < 85 ? "laptop" : "desktop";
  return roll < 60 ? "laptop" : roll < 85 ? "desktop" : "server";
}

export function agentFacts(world: World, index: number): AgentFacts {
  const machineAt = machineIndex(world, index);
  const dice = diceFor(world, "agents", index);
  const box = diceFor(world, "agents", machineAt);
  const site = world.siteOfAgent[index] ?? 0;
  const os = osOf(world, index);
  const machine = machineOf(world, index, os);
  const account = world.accounts[world.sites[site]?.account ?? 0];
  const domain = account?.domain ?? "estate.test";
  const initials = (account?.name ?? "E").split(" ").map((word) => word.charAt(0)).join("").replaceAll(/[^A-Z]/gu, "");
  const kind = machine === "server" ? "SRV" : machine === "laptop" ? "LT" : "PC";
  const [osName, osRevision] = os === "windows" && machine === "server" ? box.pick(SALT.osVersion, SERVER_WINDOWS) : box.pick(SALT.osVersion, OS_VERSIONS[os]);
  const first = box.pick(SALT.user, FIRST);
  const last = box.pick(SALT.user + 100, LAST);
  const live = ending(world, index) === 0;
  return {
    index,
    id: idOf("agents", index),
    uuid: dice.hex(20, 32),
    name: `${initials}-${kind}-${String(machineAt + 1).padStart(5, "0")}`,
    site,
    group: site * GROUPS_PER_SITE + (machine === "server" ? 1 : 0),
    os,
    osName,
    osRevision,
    machine,
    domain: os === "windows" ? domain.replace(".test", "").toUpperCase().slice(0, 15) : "WORKGROUP",
    user: `${first.charAt(0)}.${last}`.toLowerCase(),
    person: `${first} ${last}`,
    ip: `10.${String(site % 250)}.${String(box.int(SALT.ip, 250))}.${String(2 + box.int(SALT.ip + 1, 250))}`,
    externalIp: `203.0.113.${String(1 + (site % 250))}`,
    version: dice.pick(SALT.version, VERSIONS),
    infected: live && dice.chance(21, 0.02),
    isolated: live && dice.chance(22, 0.01),
    active: live && dice.chance(SALT.active, machine === "server" ? 0.98 : 0.7),
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

const MODELS: Readonly<Record<AgentFacts["machine"], readonly string[]>> = {
  laptop: ["Contoso - Book 14", "Contoso - Book 16", "Umbra - Slate 13"],
  desktop: ["Contoso - Tower 5", "Umbra - Cube"],
  server: ["Contoso - Rack 2U", "Virtual Platform"],
};

export function agentSource(world: World): Source {
  const size = world.sizes.agents;
  // Two sort keys asked for all the time are worth eight bytes an agent.
  const updated = new Float64Array(size);
  for (let index = 0; index < size; index += 1) updated[index] = updatedAt(world, "agents", index, agentCreated(world, index) + HOUR);
  const siteId = (index: number): string => world.sites[world.siteOfAgent[index] ?? 0]?.id ?? "";
  return {
    ...base("agents", size),
    scopes(index) {
      const site = world.siteOfAgent[index] ?? 0;
      const group = site * GROUPS_PER_SITE + (machineOf(world, index, osOf(world, index)) === "server" ? 1 : 0);
      return world.groupScopes[group] ?? NOWHERE;
    },
    columns: {
      id: (index) => idOf("agents", index),
      createdAt: (index) => agentCreated(world, index),
      registeredAt: (index) => agentCreated(world, index),
      updatedAt: (index) => updated[index] ?? 0,
      siteId,
      isDecommissioned: (index) => ending(world, index) === 1,
      isUninstalled: (index) => ending(world, index) === 2,
      osType: (index) => osOf(world, index),
      machineType: (index) => machineOf(world, index, osOf(world, index)),
    },
    make: (index) => makeAgent(world, agentFacts(world, index), updated[index] ?? world.now),
  };
}

const NOWHERE: readonly Scope[] = [];

function makeAgent(world: World, facts: AgentFacts, updated: number): ApiRecord {
  const dice = diceFor(world, "agents", facts.index);
  const site = world.sites[facts.site];
  const account = world.accounts[site?.account ?? 0];
  const end = ending(world, facts.index);
  const windows = facts.os === "windows";
  const dc = facts.domain.toLowerCase();
  const lastActive = facts.active ? world.now - dice.int(23, 600) * 1_000_000 : Math.min(updated, world.now - 20 * MINUTE);
  const scanned = Math.max(facts.created, world.now - dice.int(24, 60) * DAY);
  const scanEnd = Math.min(scanned + 70 * MINUTE, world.now - 1_000_000);
  const mac = dice.mac(25);
  const joined = facts.domain !== "WORKGROUP";
  return {
    id: facts.id,
    uuid: facts.uuid,
    accountId: account?.id ?? null,
    accountName: account?.name ?? null,
    siteId: site?.id ?? null,
    siteName: site?.name ?? null,
    groupId: idOf("groups", facts.group),
    groupName: groupName(facts.group % GROUPS_PER_SITE),
    computerName: facts.name,
    domain: facts.domain,
    osName: facts.osName,
    osRevision: facts.osRevision,
    osArch: facts.os === "macos" ? "ARM64" : "64 bit",
    osType: facts.os,
    osUsername: null,
    osStartTime: seconds(lastActive - dice.int(26, 20) * DAY - HOUR),
    machineType: facts.machine,
    modelName: dice.pick(27, MODELS[facts.machine]),
    serialNumber: serialOf(world, facts),
    cpuId: facts.os === "macos" ? "Umbra U4" : "Generic x86-64 Processor",
    cpuCount: facts.machine === "server" ? 2 : 1,
    coreCount: [4, 8, 10, 16][dice.int(28, 4)] ?? 8,
    totalMemory: ([8, 16, 32, 64][dice.int(29, 4)] ?? 16) * 1024 - 273,
    agentVersion: facts.version,
    isActive: facts.active,
    isUpToDate: facts.version === LATEST_AGENT,
    isDecommissioned: end === 1,
    isUninstalled: end === 2,
    isPendingUninstall: end === 0 && dice.chance(30, 0.003),
    infected: facts.infected,
    activeThreats: facts.infected ? 1 + dice.int(31, 3) : 0,
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
    lastActiveDate: micros(lastActive),
    registeredAt: micros(facts.created),
    createdAt: micros(facts.created),
    updatedAt: micros(updated),
    externalIp: facts.externalIp,
    lastIpToMgmt: facts.ip,
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
    machineSid: windows ? `S-1-5-21-${String(dice.int(39, 1e9))}-${String(dice.int(49, 1e9))}-1001` : null,
    activeDirectory: {
      computerDistinguishedName: joined ? `CN=${facts.name},OU=Machines,DC=${dc},DC=test` : null,
      computerMemberOf: [],
      lastUserDistinguishedName: joined ? `CN=${facts.person},OU=People,DC=${dc},DC=test` : null,
      lastUserMemberOf: [],
      userPrincipalName: joined ? `${facts.user}@${dc}.test` : null,
      mail: joined ? `${facts.user}@${dc}.test` : null,
    },
    cloudProviders: {},
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
