/** STAR alerts (the older REST surface) of a generated estate, each on one of its agents. */
import type { Shape, Source } from "../collection.ts";
import type { ApiRecord } from "../record.ts";
import { micros, MINUTE } from "../times.ts";
import { base, textAt } from "./frame.ts";
import { agentOf, DAYS, place } from "./happenings.ts";
import { createdAt, diceFor, idOf, updatedAt, type World } from "./world.ts";

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

export const cloudAlertShape: Shape = {
  id: "cloud-detection-alerts",
  idPath: "alertInfo.alertId",
  times: new Set(["alertInfo.createdAt", "alertInfo.reportedAt", "alertInfo.updatedAt"]),
  scopesOf: (record) => [{ account: textAt(record, "agentDetectionInfo", "accountId"), site: textAt(record, "agentDetectionInfo", "siteId") }],
};
