/** Whether the streams of an estate tell one story, as an outsider sees it: from the truth alone, never from how it is made. */
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { Simulator } from "../index.ts";
import { readPath, type ApiRecord } from "../record.ts";

type Row = ApiRecord;

function text(record: Row | undefined, path: string): string {
  return String(readPath(record, path));
}

function byId(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [text(row, "id"), row]));
}

function inService(agent: Row | undefined): boolean {
  return agent !== undefined && agent["isDecommissioned"] === false && agent["isUninstalled"] === false;
}

/** Everything that does not fit, in words; empty for an estate that tells one story. */
export function contradictions(simulator: Simulator): readonly string[] {
  const all = (stream: StreamId): readonly Row[] => [...simulator.truth(stream)];
  const agents = all("agents");
  const agentOf = byId(agents);
  return [...scopes(all, agents), ...threats(all("threats"), agents, agentOf), ...software(all("applications"), all("risks"), agentOf), ...people(all), ...log(all, agentOf)];
}

function* scopes(all: (stream: StreamId) => readonly Row[], agents: readonly Row[]): Generator<string> {
  const counted = new Map<string, number>();
  const sites = byId(all("sites"));
  const accounts = byId(all("accounts"));
  const groups = byId(all("groups"));
  for (const agent of agents) {
    const site = sites.get(text(agent, "siteId"));
    if (site === undefined || site["name"] !== agent["siteName"]) yield `agent ${text(agent, "id")} names a site that is not there`;
    if (accounts.get(text(agent, "accountId"))?.["name"] !== agent["accountName"] || site?.["accountId"] !== agent["accountId"]) yield `agent ${text(agent, "id")} is in another account than its site`;
    if (groups.get(text(agent, "groupId"))?.["siteId"] !== agent["siteId"]) yield `agent ${text(agent, "id")} is in a group of another site`;
    if (inService(agent)) for (const level of ["accountId", "siteId", "groupId"]) counted.set(text(agent, level), (counted.get(text(agent, level)) ?? 0) + 1);
  }
  for (const [rows, field] of [[accounts, "activeAgents"], [sites, "activeLicenses"], [groups, "totalAgents"]] as const) {
    for (const [id, row] of rows) if (row[field] !== (counted.get(id) ?? 0)) yield `${field} of ${id} is ${String(row[field])}, not ${String(counted.get(id) ?? 0)}`;
  }
}

const SHOWN = [["agentComputerName", "computerName"], ["agentIsActive", "isActive"], ["agentInfected", "infected"], ["activeThreats", "activeThreats"], ["agentNetworkStatus", "networkStatus"], ["siteId", "siteId"], ["agentIsDecommissioned", "isDecommissioned"]] as const;

function* threats(rows: readonly Row[], agents: readonly Row[], agentOf: ReadonlyMap<string, Row>): Generator<string> {
  const open = new Map<string, number>();
  for (const threat of rows) {
    const id = text(threat, "agentRealtimeInfo.agentId");
    const agent = agentOf.get(id);
    if (readPath(threat, "threatInfo.mitigationStatus") === "not_mitigated" && readPath(threat, "threatInfo.incidentStatus") !== "resolved") open.set(id, (open.get(id) ?? 0) + 1);
    if (agent === undefined && readPath(threat, "agentRealtimeInfo.agentIsDecommissioned") !== true) yield `threat ${text(threat, "id")} is on an agent that is gone, and does not say so`;
    for (const [shown, field] of SHOWN) {
      if (agent !== undefined && readPath(threat, `agentRealtimeInfo.${shown}`) !== agent[field]) yield `threat ${text(threat, "id")} shows ${shown} ${text(threat, `agentRealtimeInfo.${shown}`)}, its agent ${String(agent[field])}`;
    }
    if (text(threat, "threatInfo.createdAt") < text(threat, "agentDetectionInfo.agentRegisteredAt")) yield `threat ${text(threat, "id")} was there before its agent`;
    if (text(threat, "threatInfo.updatedAt") < text(threat, "threatInfo.createdAt")) yield `threat ${text(threat, "id")} changed before it was made`;
  }
  for (const agent of agents) {
    const count = open.get(text(agent, "id")) ?? 0;
    if (agent["activeThreats"] !== count || agent["infected"] !== count > 0) yield `agent ${text(agent, "id")} says ${String(agent["activeThreats"])} active threats, ${String(count)} are open`;
  }
}

function* software(applications: readonly Row[], risks: readonly Row[], agentOf: ReadonlyMap<string, Row>): Generator<string> {
  const installed = new Map<string, unknown>();
  for (const application of applications) {
    const agent = agentOf.get(text(application, "endpointId"));
    const key = `${text(application, "endpointId")} ${text(application, "applicationName")}`;
    if (installed.has(key)) yield `${key} is installed twice`;
    installed.set(key, application["version"]);
    if (!inService(agent)) yield `application ${text(application, "id")} is on a machine that is out of service`;
    if (agent?.["computerName"] !== application["endpointName"] || agent?.["siteName"] !== application["siteName"]) yield `application ${text(application, "id")} names its machine otherwise`;
  }
  for (const risk of risks) {
    const agent = agentOf.get(text(risk, "endpointId"));
    if (agent !== undefined && text(risk, "detectionDate") < text(agent, "createdAt")) yield `risk ${text(risk, "id")} was there before its machine`;
    if (risk["status"] === "Removed") continue;
    if (!inService(agent)) yield `risk ${text(risk, "id")} stands on a machine that is out of service`;
    if (agent?.["computerName"] !== risk["endpointName"]) yield `risk ${text(risk, "id")} names its machine otherwise`;
    const version = installed.get(`${text(risk, "endpointId")} ${text(risk, "applicationName")}`);
    if (version !== risk["applicationVersion"]) yield `risk ${text(risk, "id")} is of version ${text(risk, "applicationVersion")}, installed is ${String(version)}`;
  }
}

function* people(all: (stream: StreamId) => readonly Row[]): Generator<string> {
  const places = new Set([...all("accounts"), ...all("sites")].map((row) => text(row, "id")));
  const roles = new Map(all("roles").map((role) => [text(role, "id"), role["name"]]));
  for (const person of [...all("users"), ...all("service-users")]) {
    const held = person["scopeRoles"] as readonly Row[];
    if (held.length === 0) yield `${text(person, "id")} holds no role`;
    if (person["scope"] === "tenant" && held.length !== 1) yield `${text(person, "id")} holds several roles on everything`;
    for (const role of held) {
      if (person["scope"] !== "tenant" && !places.has(text(role, "id"))) yield `${text(person, "id")} holds a role nowhere`;
      if (roles.get(text(role, "roleId")) !== role["roleName"]) yield `${text(person, "id")} holds a role that is not there`;
    }
    if (new Set(held.map((role) => role["id"])).size !== held.length) yield `${text(person, "id")} holds two roles in one place`;
  }
}

function* log(all: (stream: StreamId) => readonly Row[], agentOf: ReadonlyMap<string, Row>): Generator<string> {
  const threatOf = byId(all("threats"));
  const users = byId(all("users"));
  // What somebody did stays in the log after that person was deleted.
  const left = new Set(all("activities").filter((activity) => activity["activityType"] === 25).map((activity) => text(activity, "data.relatedId")));
  for (const activity of all("activities")) {
    const id = text(activity, "id");
    const agent = activity["agentId"] === null ? undefined : agentOf.get(text(activity, "agentId"));
    if (agent !== undefined && text(activity, "createdAt") < text(agent, "createdAt")) yield `activity ${id} was before its agent`;
    if (activity["userId"] !== null && !users.has(text(activity, "userId")) && !left.has(text(activity, "userId"))) yield `activity ${id} is somebody's who is not there`;
    if (activity["threatId"] === null) continue;
    const threat = threatOf.get(text(activity, "threatId"));
    if (threat === undefined || text(threat, "agentRealtimeInfo.agentId") !== activity["agentId"]) yield `activity ${id} tells of a threat on another machine`;
    if (threat !== undefined && text(activity, "createdAt") < text(threat, "threatInfo.createdAt")) yield `activity ${id} was before its threat`;
  }
}
