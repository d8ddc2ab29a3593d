/** Threats of a generated estate, each on one of its agents. */
import type { Collection, Shape, Source } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { micros, MINUTE, seconds } from "../times.ts";
import { base, textAt } from "./frame.ts";
import { agentIndexOf, agentOf, DAYS, place } from "./happenings.ts";
import { INCIDENTS, MITIGATIONS, threatCount, threatFacts, threatState, VERDICTS } from "./threat-facts.ts";
import { createdAt, diceFor, idOf, updatedAt, type World } from "./world.ts";

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
      const { file, path, classification, source, confidence, sha1 } = threatFacts(world, index, agent);
      const { verdict, incident, mitigation } = threatState(world, index);
      const at = created(index);
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
          confidenceLevel: confidence,
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
          sha1,
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

/** `agentRealtimeInfo` is the agent as it is now; of one that is gone, as it was, and out of service. */
function realtimeInfo(agents: Collection, before: ApiRecord): ApiRecord {
  const id = textAt(before, "agentId");
  const agent = agents.get(id === undefined ? -1 : (agents.find(id)[0] ?? -1));
  if (agent === undefined) return { ...before, agentIsActive: false, agentIsDecommissioned: true, agentInfected: false, activeThreats: 0 };
  const now: Record<string, unknown> = { ...before };
  for (const [shown, field] of REALTIME) now[shown] = agent[field] ?? null;
  now["networkInterfaces"] = interfaces(agent["networkInterfaces"]);
  return now;
}

/** A threat shows less of an interface than its agent does. */
function interfaces(value: unknown): readonly ApiRecord[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map(({ id, name, physical, inet, inet6 }) => ({ id, name, physical, inet, inet6 }));
}

const SAME = "accountId accountName siteId siteName groupId groupName activeThreats operationalState scanStatus scanStartedAt scanFinishedAt scanAbortedAt userActionsNeeded storageName storageType";
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

