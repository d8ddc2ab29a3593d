/** Agents and rules for the tests of this folder: records as the console sends them, read by the real mapper. */
import type { MirrorRow } from "../mirror/capability.ts";
import type { JsonObject } from "../sentinelone/client.ts";
import { agents } from "../sentinelone/streams/agents.ts";
import { factsOf } from "./facts.ts";
import type { Condition, DeviceFacts, Exposure, RuleDraft } from "./model.ts";

export const NOW = Date.UTC(2026, 2, 2, 9, 0, 0);

export type ApiAgent = Readonly<Record<string, unknown>>;

/** A healthy agent as `/agents` answers it. */
export const HEALTHY: ApiAgent = {
  id: "2101000000000000101",
  uuid: "7f0c2b9e4d5a4c1f9a6e3b8d2c1f0a55",
  siteId: "2101000000000000011",
  siteName: "Lyon Depot",
  groupId: "2101000000000000021",
  groupName: "Default Group",
  computerName: "OF-LT-0417",
  domain: "ORCHARD",
  osName: "Windows 11 Pro",
  osType: "windows",
  serialNumber: "CB14-00417",
  agentVersion: "25.1.4.434",
  isActive: true,
  isUpToDate: true,
  isDecommissioned: false,
  isUninstalled: false,
  infected: false,
  activeThreats: 0,
  networkStatus: "connected",
  operationalState: "na",
  mitigationMode: "protect",
  lastActiveDate: "2026-03-02T08:14:00.000000Z",
  updatedAt: "2026-03-02T08:14:01.000000Z",
  networkInterfaces: [{ id: "1", name: "Wi-Fi", physical: "02:11:22:33:44:55", inet: ["10.20.4.17"] }],
  lastLoggedInUserName: "j.orozco",
  activeDirectory: { userPrincipalName: "J.Orozco@orchard.test", mail: "j.orozco@orchard.test" },
  encryptedApplications: true,
  firewallEnabled: true,
  userActionsNeeded: [],
  missingPermissions: [],
  threatRebootRequired: false,
  tags: { sentinelone: [{ id: "1", key: "env", value: "prod" }] },
};

/** The row the mirror would hold; `undefined` removes a field. */
export function rowOf(changes: ApiAgent = {}): MirrorRow {
  const value = JSON.parse(JSON.stringify({ ...HEALTHY, ...changes })) as JsonObject;
  const mapped = agents.map({ value, raw: JSON.stringify(value) });
  if (!("hash" in mapped)) throw new Error(mapped.reason);
  const row: Record<string, string | number | null> = { connection_id: "con_1", tenant_id: "ten_default" };
  for (const [place, column] of agents.columns.entries()) row[column.name] = mapped.values[place] ?? null;
  return row;
}

export function deviceOf(changes: ApiAgent = {}, exposure?: Exposure): DeviceFacts {
  return factsOf(rowOf(changes), exposure);
}

export function ruleOf(condition: Condition, changes: Partial<RuleDraft> = {}): RuleDraft {
  return {
    id: null,
    name: "A rule",
    description: "",
    shadow: false,
    match: [],
    expirationMs: null,
    failMode: { kind: "closed" },
    warnOnly: false,
    matchBy: ["serial"],
    condition,
    messages: {},
    source: null,
    ...changes,
  };
}
