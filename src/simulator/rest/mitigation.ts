/** `POST /threats/mitigate/{action}`: what the agent is told to do with a threat, what it answers, and what that leaves. */
import { onThreat } from "../actions.ts";
import { badRequest, type Answer } from "../errors.ts";
import { isRecord, readPath, type ApiRecord } from "../record.ts";
import { MITIGATION_RESULTS } from "../threat-timelines.ts";
import { may } from "../tokens.ts";
import { actorOf, targets } from "./bodies.ts";
import { LIST_ENDPOINTS } from "./endpoints.ts";
import { data, type Call } from "./route.ts";

interface Mitigation {
  /** As `mitigationStatus` names it. */
  readonly name: string;
  readonly permission: string;
  /** Activity of the command; the agent's answer has its own. */
  readonly command: number | undefined;
  /** Operating systems whose agent can do it. */
  readonly systems: readonly string[];
  /** The threat's state afterwards; undefined: as before. */
  readonly leaves: "mitigated" | "not_mitigated" | undefined;
}

const ALL = ["windows", "windows_legacy", "macos", "linux"];

const MITIGATIONS: Readonly<Record<string, Mitigation>> = {
  kill: { name: "kill", permission: "Threats.kill", command: 2011, systems: ALL, leaves: "mitigated" },
  remediate: { name: "remediate", permission: "Threats.remediate", command: 2012, systems: ["windows", "windows_legacy", "macos"], leaves: "mitigated" },
  "rollback-remediation": { name: "rollback", permission: "Threats.rollback", command: 2013, systems: ["windows", "windows_legacy"], leaves: "mitigated" },
  quarantine: { name: "quarantine", permission: "Threats.quarantine", command: 2014, systems: ALL, leaves: "mitigated" },
  "un-quarantine": { name: "unquarantine", permission: "Threats.unquarantine", command: 2015, systems: ALL, leaves: "not_mitigated" },
  "network-quarantine": { name: "network_quarantine", permission: "Threats.quarantine", command: 61, systems: ALL, leaves: undefined },
  remove_macros: { name: "remove_macros", permission: "Threats.removeMacro", command: undefined, systems: ["windows"], leaves: undefined },
  restore_macros: { name: "restore_macros", permission: "Threats.restoreMacro", command: undefined, systems: ["windows"], leaves: undefined },
};

export function nameOf(threat: ApiRecord): string {
  const name = readPath(threat, "threatInfo.threatName");
  return typeof name === "string" ? name : "a threat";
}

interface Detail {
  readonly threatId: unknown;
  readonly reports: readonly ApiRecord[];
  readonly skipped: readonly ApiRecord[];
}

export function mitigate(call: Call): Answer {
  const action = call.ids[0] ?? "";
  const mitigation = Object.hasOwn(MITIGATIONS, action) ? MITIGATIONS[action] : undefined;
  if (mitigation === undefined) throw badRequest(`action: "${action}" is not a valid choice.`);
  const details = targets(call, LIST_ENDPOINTS.threats).map((ordinal) => mitigateOne(call, ordinal, mitigation));
  return data({ affected: details.filter((detail) => detail.reports.length > 0).length, details });
}

function skip(threat: ApiRecord, mitigation: Mitigation, reason: string, description: string): Detail {
  return { threatId: threat["id"], reports: [], skipped: [{ action: mitigation.name, reason, description }] };
}

function mitigateOne(call: Call, ordinal: number, mitigation: Mitigation): Detail {
  const { actions, estate } = call.console;
  const threat = estate.streams.threats.get(ordinal) ?? {};
  const system = readPath(threat, "agentRealtimeInfo.agentOsType");
  if (!may(call.caller, mitigation.permission)) return skip(threat, mitigation, "permissions", "User does not have required permissions.");
  if (typeof system === "string" && !mitigation.systems.includes(system)) return skip(threat, mitigation, "not_supported", `The agent of ${system} cannot do this.`);
  const at = actions.stamp();
  const report = {
    action: mitigation.name,
    status: "success",
    reportId: null,
    latestReport: null,
    lastUpdate: at,
    groupNotFound: false,
    agentSupportsReport: true,
    mitigationStartedAt: at,
    mitigationEndedAt: at,
    actionsCounters: null,
  };
  const earlier: readonly unknown[] = Array.isArray(threat["mitigationStatus"]) ? threat["mitigationStatus"] : [];
  const before = readPath(threat, "threatInfo.mitigationStatus");
  const { leaves } = mitigation;
  const changed = actions.change("threats", ordinal, {
    mitigationStatus: [...earlier.filter((item) => !isRecord(item) || item["action"] !== mitigation.name), report],
    ...(leaves === undefined ? {} : { "threatInfo.mitigationStatus": leaves, "threatInfo.mitigationStatusDescription": leaves === "mitigated" ? "Mitigated" : "Not mitigated" }),
  });
  if (mitigation.name === "network_quarantine") isolate(call, changed);
  tell(call, changed, mitigation, before);
  return { threatId: threat["id"], reports: [report], skipped: [] };
}

function isolate(call: Call, threat: ApiRecord): void {
  const ordinal = call.console.estate.streams.agents.find(String(readPath(threat, "agentRealtimeInfo.agentId")))[0];
  if (ordinal !== undefined) call.console.actions.change("agents", ordinal, { networkStatus: "disconnected" });
}

function tell(call: Call, threat: ApiRecord, mitigation: Mitigation, before: unknown): void {
  const { actions } = call.console;
  const actor = actorOf(call.caller);
  const about = { actor, subject: onThreat(threat), secondary: nameOf(threat) };
  if (mitigation.command !== undefined) actions.log({ ...about, type: mitigation.command, text: `The management user ${actor.name} issued a ${mitigation.name} command for ${nameOf(threat)}.` });
  const result = MITIGATION_RESULTS[mitigation.name];
  if (result !== undefined) actions.log({ ...about, type: result, text: `The agent answered ${mitigation.name} of ${nameOf(threat)} with success.` });
  if (mitigation.leaves !== undefined && mitigation.leaves !== before) {
    actions.log({ ...about, type: 4008, text: `The status of ${nameOf(threat)} changed from ${String(before)} to ${mitigation.leaves}.`, data: { oldStatus: before, newStatus: mitigation.leaves } });
  }
}
