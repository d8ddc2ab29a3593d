/** Threats and STAR alerts of a generated estate, each on one of its agents. */
import type { Collection, Shape, Source } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { micros, MINUTE, seconds } from "../times.ts";
import { agentFacts, type AgentFacts } from "./agents.ts";
import { base, groupName, textAt } from "./frame.ts";
import { agentsBy } from "./machines.ts";
import { createdAt, diceFor, GROUPS_PER_SITE, idOf, updatedAt, type World } from "./world.ts";

const KINDS = [
  ["invoice_9.exe", "Trojan", "Static"],
  ["update_helper.exe", "Malware", "Behavioral"],
  ["toolbar_setup.exe", "PUA", "Static"],
  ["payload.dll", "Ransomware", "Behavioral"],
  ["miner.bin", "Cryptominer", "Cloud"],
  ["run.sh", "Linux.Malware", "Engine"],
] as const;

const VERDICTS = { undefined: "Undefined", true_positive: "True positive", false_positive: "False positive", suspicious: "Suspicious" } as const;
const INCIDENTS = { unresolved: "Unresolved", in_progress: "In progress", resolved: "Resolved" } as const;
const MITIGATIONS = { mitigated: "Mitigated", not_mitigated: "Not mitigated", marked_as_benign: "Marked as benign" } as const;

type Happening = "threats" | "alerts" | "cloud-detection-alerts" | "activities";

/** Over how many days before now the records of a kind lie. */
export const DAYS: Readonly<Record<Happening, number>> = { threats: 90, alerts: 60, "cloud-detection-alerts": 60, activities: 90 };
const SIZES = { threats: "threats", alerts: "alerts", "cloud-detection-alerts": "cloudAlerts", activities: "activities" } as const;

/** Which agent the index-th record of a kind happened on: one that had been installed by then. */
export function agentIndexOf(world: World, kind: Happening, index: number): number {
  if (world.sizes.agents === 0) return 0;
  const at = createdAt(world, kind, index, world.sizes[SIZES[kind]], DAYS[kind]);
  return diceFor(world, kind, index).int(1, agentsBy(world, at));
}

export function agentOf(world: World, kind: Happening, index: number): AgentFacts {
  return agentFacts(world, agentIndexOf(world, kind, index));
}

function place(world: World, agent: AgentFacts): ApiRecord {
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  return {
    accountId: account?.id ?? null,
    accountName: account?.name ?? null,
    siteId: site?.id ?? null,
    siteName: site?.name ?? null,
    groupId: idOf("groups", agent.group),
    groupName: groupName(agent.group % GROUPS_PER_SITE),
  };
}

interface ThreatState {
  readonly verdict: keyof typeof VERDICTS;
  readonly incident: keyof typeof INCIDENTS;
  readonly mitigation: keyof typeof MITIGATIONS;
}

function threatState(world: World, index: number): ThreatState {
  const dice = diceFor(world, "threats", index);
  const verdict = dice.pick(3, ["undefined", "undefined", "undefined", "true_positive", "false_positive", "suspicious"] as const);
  const incident = dice.pick(4, ["unresolved", "unresolved", "in_progress", "resolved", "resolved"] as const);
  const mitigation = verdict === "false_positive" ? "marked_as_benign" : dice.pick(5, ["mitigated", "mitigated", "mitigated", "not_mitigated"] as const);
  return { verdict, incident, mitigation };
}

/** A threat is active on its agent while nothing has stopped it and nobody has closed it. */
export function isOpen(mitigation: unknown, incident: unknown): boolean {
  return mitigation === "not_mitigated" && incident !== "resolved";
}

export function threatCount(world: World): number {
  return world.sizes.agents === 0 ? 0 : world.sizes.threats;
}

/** The generated threats that are open, each with the index of its agent. */
export function* openThreats(world: World): Generator<readonly [threat: number, agent: number], void, undefined> {
  for (let index = 0; index < threatCount(world); index += 1) {
    const { mitigation, incident } = threatState(world, index);
    if (isOpen(mitigation, incident)) yield [index, agentIndexOf(world, "threats", index)];
  }
}

export function threatSource(world: World, agents: Collection): Source {
  const size = threatCount(world);
  const created = (index: number): number => createdAt(world, "threats", index, size, DAYS.threats);
  const updated = (index: number): number => updatedAt(world, "threats", index, created(index) + MINUTE);
  return {
    ...base("threats", size),
    scopes: (index) => agents.scopes(agentIndexOf(world, "threats", index)),
    columns: { id: (index) => idOf("threats", index), "threatInfo.createdAt": created, "threatInfo.updatedAt": updated },
    make(index) {
      const agent = agentOf(world, "threats", index);
      const dice = diceFor(world, "threats", index);
      const [file, classification, source] = dice.pick(2, KINDS);
      const { verdict, incident, mitigation } = threatState(world, index);
      const at = created(index);
      const path = agent.os === "windows" ? `\\Device\\HarddiskVolume3\\Users\\${agent.user}\\Downloads\\${file}` : `/home/${agent.user}/${file}`;
      const where = place(world, agent);
      return {
        id: idOf("threats", index),
        whiteningOptions: ["hash", "path"],
        indicators: [
          {
            ids: [41],
            category: "Evasion",
            categoryId: 3,
            description: "Process tried to hide its window",
            tactics: [{ name: "Defense Evasion", source: "MITRE", techniques: [{ name: "T1564", link: "https://attack.mitre.org/techniques/T1564/" }] }],
          },
        ],
        mitigationStatus:
          mitigation === "mitigated"
            ? [
                {
                  action: "kill",
                  status: "success",
                  reportId: null,
                  latestReport: null,
                  lastUpdate: micros(at + MINUTE),
                  groupNotFound: false,
                  agentSupportsReport: true,
                  mitigationStartedAt: seconds(at + 5_000_000),
                  mitigationEndedAt: seconds(at + 6_000_000),
                  actionsCounters: null,
                },
              ]
            : [],
        containerInfo: { id: null, image: null, labels: null, name: null, isContainerQuarantine: null },
        kubernetesInfo: {
          cluster: null,
          namespace: null,
          namespaceLabels: null,
          node: null,
          nodeLabels: null,
          pod: null,
          podLabels: null,
          controllerKind: null,
          controllerLabels: null,
          controllerName: null,
          isContainerQuarantine: null,
        },
        ecsInfo: null,
        threatInfo: {
          threatId: idOf("threats", index),
          threatName: file,
          classification,
          classificationSource: source,
          confidenceLevel: classification === "PUA" ? "suspicious" : "malicious",
          detectionType: source === "Behavioral" ? "dynamic" : "static",
          engines: [source === "Behavioral" ? "Behavioral AI" : "On-Write DFI"],
          detectionEngines: [source === "Behavioral" ? { key: "executables", title: "Behavioral AI" } : { key: "pre_execution", title: "On-Write Static AI" }],
          analystVerdict: verdict,
          analystVerdictDescription: VERDICTS[verdict],
          incidentStatus: incident,
          incidentStatusDescription: INCIDENTS[incident],
          mitigationStatus: mitigation,
          mitigationStatusDescription: MITIGATIONS[mitigation],
          mitigatedPreemptively: false,
          initiatedBy: "agent_policy",
          initiatedByDescription: "Agent Policy",
          initiatingUserId: null,
          initiatingUsername: null,
          filePath: path,
          fileExtension: file.split(".")[1]?.toUpperCase() ?? "",
          fileExtensionType: "Executable",
          fileSize: 10_000 + dice.int(6, 900_000),
          fileVerificationType: "NotSigned",
          isValidCertificate: false,
          isFileless: false,
          certificateId: "",
          publisherName: "",
          md5: null,
          sha1: dice.hex(7, 40),
          sha256: dice.chance(8, 0.5) ? dice.hex(9, 64) : null,
          storyline: dice.hex(10, 16).toUpperCase(),
          originatorProcess: "chrome.exe",
          processUser: `${agent.domain}\\${agent.user}`,
          maliciousProcessArguments: null,
          browserType: null,
          collectionId: idOf("collections", index),
          cloudFilesHashVerdict: "black",
          automaticallyResolved: false,
          externalTicketExists: false,
          externalTicketId: null,
          failedActions: false,
          pendingActions: false,
          rebootRequired: false,
          reachedEventsLimit: false,
          macroModules: null,
          rootProcessUpn: null,
          identifiedAt: micros(at - 1_000_000),
          createdAt: micros(at),
          updatedAt: micros(updated(index)),
        },
        agentDetectionInfo: {
          ...where,
          agentUuid: agent.uuid,
          agentVersion: agent.version,
          agentIpV4: agent.ip,
          agentIpV6: "",
          agentDomain: agent.domain,
          externalIp: agent.externalIp,
          agentOsName: agent.osName,
          agentOsRevision: agent.osRevision,
          agentMitigationMode: "protect",
          agentDetectionState: null,
          agentLastLoggedInUserName: agent.user,
          agentLastLoggedInUpn: null,
          agentLastLoggedInUserMail: null,
          agentRegisteredAt: micros(agent.created),
          assetVersion: null,
          cloudProviders: {},
        },
        agentRealtimeInfo: {
          agentId: agent.id,
          agentComputerName: agent.name,
          agentUuid: agent.uuid,
          agentDomain: agent.domain,
          agentOsType: agent.os,
          agentOsName: agent.osName,
          agentOsRevision: agent.osRevision,
          agentMachineType: agent.machine,
          agentVersion: agent.version,
          agentIsActive: agent.active,
          agentIsDecommissioned: false,
          agentDecommissionedAt: null,
          agentInfected: false,
          agentNetworkStatus: agent.isolated ? "disconnected" : "connected",
          agentMitigationMode: "protect",
          activeThreats: 0,
          rebootRequired: false,
          operationalState: "na",
          scanStatus: "finished",
          scanStartedAt: null,
          scanFinishedAt: null,
          scanAbortedAt: null,
          userActionsNeeded: [],
          networkInterfaces: [],
          storageName: null,
          storageType: null,
          ...where,
        },
      };
    },
  };
}

const RULES = ["Encoded PowerShell", "New local administrator", "Archive sent to a new domain", "Shadow copies deleted"] as const;

export function cloudAlertSource(world: World): Source {
  const kind = "cloud-detection-alerts";
  const size = world.sizes.agents === 0 ? 0 : world.sizes.cloudAlerts;
  const created = (index: number): number => createdAt(world, kind, index, size, DAYS[kind]);
  return {
    ...base(kind, size),
    scopes: (index) => world.groupScopes[agentOf(world, kind, index).group] ?? [],
    columns: { id: (index) => idOf(kind, index), "alertInfo.createdAt": created },
    make(index) {
      const agent = agentOf(world, kind, index);
      const dice = diceFor(world, kind, index);
      const at = created(index);
      const rule = dice.int(2, RULES.length);
      const where = place(world, agent);
      const process = (name: string, pid: number): ApiRecord => ({
        name,
        pid: String(pid),
        user: `${agent.domain}\\${agent.user}`,
        loginUser: `${agent.domain}\\${agent.user}`,
        commandline: `${name} -NonInteractive`,
        storyline: dice.hex(6, 16).toUpperCase(),
        integrityLevel: "medium",
        subsystem: "sys_win32",
        pidStarttime: micros(at - MINUTE),
        fileHashSha1: dice.hex(7, 40),
        fileHashSha256: dice.hex(8, 64),
        fileHashMd5: null,
        filePath: `C:\\Windows\\System32\\${name}`,
        fileSignerIdentity: "",
        uniqueId: dice.hex(9, 16).toUpperCase(),
        effectiveUser: null,
        realUser: null,
      });
      return {
        agentDetectionInfo: {
          accountId: where["accountId"],
          siteId: where["siteId"],
          uuid: agent.uuid,
          name: agent.name,
          machineType: agent.machine,
          osFamily: agent.os,
          osName: agent.osName,
          osRevision: agent.osRevision,
          version: agent.version,
        },
        alertInfo: {
          alertId: idOf(kind, index),
          analystVerdict: dice.pick(3, ["Undefined", "Undefined", "True positive", "False positive", "Suspicious"]),
          incidentStatus: dice.pick(4, ["Unresolved", "Unresolved", "In progress", "Resolved"]),
          hitType: "Events",
          eventType: "PROCESSCREATION",
          source: "STAR",
          isEdr: true,
          dvEventId: `01${dice.hex(5, 24).toUpperCase()}_17`,
          createdAt: micros(at),
          reportedAt: micros(at + 3_000_000),
          updatedAt: micros(updatedAt(world, kind, index, at + 3_000_000)),
          srcIp: null,
          dstIp: null,
          srcPort: null,
          dstPort: null,
        },
        ruleInfo: {
          id: idOf("rules", rule),
          name: RULES[rule] ?? RULES[0],
          severity: (["High", "Medium", "Low", "Critical"] as const)[rule] ?? "Low",
          description: "",
          queryLang: "1.0",
          queryType: "events",
          s1ql: 'ProcessName = "powershell.exe"',
          scopeLevel: "account",
          treatAsThreat: "UNDEFINED",
        },
        sourceProcessInfo: process("powershell.exe", 4000 + dice.int(10, 900)),
        sourceParentProcessInfo: process("explorer.exe", 3000 + dice.int(11, 900)),
        targetProcessInfo: { tgtFilePath: "", tgtProcName: "" },
        containerInfo: { id: null, name: null, image: null, labels: null },
        kubernetesInfo: { cluster: null, node: null, pod: null, namespace: null, controllerKind: null, controllerName: null },
      };
    },
  };
}

/** `agentRealtimeInfo` is the agent as it is now; of one that is gone, as it was, and out of service. */
function realtimeInfo(agents: Collection, before: ApiRecord): ApiRecord {
  const id = textAt(before, "agentId");
  const agent = agents.get(id === undefined ? -1 : (agents.find(id)[0] ?? -1));
  if (agent === undefined) return { ...before, agentIsActive: false, agentIsDecommissioned: true, agentInfected: false, activeThreats: 0 };
  const now: Record<string, unknown> = { ...before };
  for (const [shown, field] of REALTIME) now[shown] = agent[field] ?? null;
  return now;
}

const SAME = "accountId accountName siteId siteName groupId groupName activeThreats operationalState scanStatus scanStartedAt scanFinishedAt scanAbortedAt userActionsNeeded networkInterfaces storageName storageType";
const REALTIME: readonly (readonly [shown: string, field: string])[] = [
  ...SAME.split(" ").map((name) => [name, name] as const),
  ["agentComputerName", "computerName"],
  ["agentUuid", "uuid"],
  ["agentDomain", "domain"],
  ["agentOsType", "osType"],
  ["agentOsName", "osName"],
  ["agentOsRevision", "osRevision"],
  ["agentMachineType", "machineType"],
  ["agentVersion", "agentVersion"],
  ["agentIsActive", "isActive"],
  ["agentIsDecommissioned", "isDecommissioned"],
  ["agentInfected", "infected"],
  ["agentNetworkStatus", "networkStatus"],
  ["agentMitigationMode", "mitigationMode"],
  ["rebootRequired", "threatRebootRequired"],
];

export function threatShape(agents: Collection): Shape {
  return {
    id: "threats",
    times: new Set(["threatInfo.createdAt", "threatInfo.updatedAt", "threatInfo.identifiedAt"]),
    scopesOf: (record) => [
      {
        account: textAt(record, "agentRealtimeInfo", "accountId"),
        site: textAt(record, "agentRealtimeInfo", "siteId"),
        group: textAt(record, "agentRealtimeInfo", "groupId"),
      },
    ],
    asOfNow(record) {
      const before = record["agentRealtimeInfo"];
      return isRecord(before) ? { ...record, agentRealtimeInfo: realtimeInfo(agents, before) } : record;
    },
  };
}

export const cloudAlertShape: Shape = {
  id: "cloud-detection-alerts",
  idPath: "alertInfo.alertId",
  times: new Set(["alertInfo.createdAt", "alertInfo.reportedAt", "alertInfo.updatedAt"]),
  scopesOf: (record) => [{ account: textAt(record, "agentDetectionInfo", "accountId"), site: textAt(record, "agentDetectionInfo", "siteId") }],
};
