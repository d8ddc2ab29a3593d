/** What is done to sites and groups, and verdicts on STAR alerts. */
import { onAgent, onPlace } from "../actions.ts";
import { badRequest, notFound, type Answer } from "../errors.ts";
import { textAt } from "../estate/frame.ts";
import { isRecord, readPath, type ApiRecord } from "../record.ts";
import { parseTime } from "../times.ts";
import { actorOf, choiceField, dataOf, targets } from "./bodies.ts";
import { LIST_ENDPOINTS } from "./endpoints.ts";
import { data, visible, type Call, type Route } from "./route.ts";
import { list, type ListEndpoint } from "./tables.ts";

function reactivate({ console, request, caller, ids: [id = ""] }: Call): Answer {
  const body = dataOf(request);
  const until = body["expiration"] ?? null;
  const unlimited = body["unlimited"] === true || body["unlimited"] === "true" || until === null;
  if (until !== null && (typeof until !== "string" || parseTime(until) === undefined)) throw badRequest("expiration: Not a valid datetime.");
  const { ordinal, record } = visible(console.estate.streams.sites, caller, id);
  if (record["state"] === "deleted") throw badRequest("Site is deleted.");
  const site = console.actions.change("sites", ordinal, { state: "active", unlimitedExpiration: unlimited, expiration: unlimited ? null : until });
  const actor = actorOf(caller);
  console.actions.log({ type: 5027, actor, subject: onPlace(site), text: `The management user ${actor.name} reactivated the site ${String(site["name"])}.` });
  return data({ success: true });
}

function expire({ console, caller, ids: [id = ""] }: Call): Answer {
  const { ordinal } = visible(console.estate.streams.sites, caller, id);
  const site = console.actions.change("sites", ordinal, { state: "expired", unlimitedExpiration: false, expiration: console.actions.stamp() });
  const actor = actorOf(caller);
  console.actions.log({ type: 5026, actor, subject: onPlace(site), text: `The management user ${actor.name} expired the site ${String(site["name"])}.` });
  return data(site);
}

function siteOf(call: Call, group: ApiRecord): ApiRecord {
  const { sites } = call.console.estate.streams;
  return sites.get(sites.find(String(group["siteId"]))[0] ?? -1) ?? {};
}

/** A site's default group, which takes in the agents of a group that goes. */
function defaultGroup(call: Call, siteId: unknown): ApiRecord | undefined {
  const { groups } = call.console.estate.streams;
  for (const ordinal of groups.walk({ path: "id", descending: false })) {
    if (groups.value(ordinal, "siteId") === siteId && groups.value(ordinal, "isDefault") === true) return groups.get(ordinal);
  }
  return undefined;
}

function moveAgents(call: Call, ordinals: readonly number[], group: ApiRecord): number {
  const { actions, estate } = call.console;
  const actor = actorOf(call.caller);
  let moved = 0;
  for (const ordinal of ordinals) {
    const agent = estate.streams.agents.get(ordinal) ?? {};
    if (agent["siteId"] !== group["siteId"] || agent["groupId"] === group["id"]) continue;
    const there = actions.change("agents", ordinal, { groupId: group["id"], groupName: group["name"] });
    actions.log({ type: 95, actor, subject: onAgent(there), text: `The management user ${actor.name} moved ${String(agent["computerName"])} to the group ${String(group["name"])}.`, data: { oldGroupName: agent["groupName"], newGroupName: group["name"] } });
    moved += 1;
  }
  return moved;
}

function deleteGroup(call: Call): Answer {
  const { actions, estate } = call.console;
  const { ordinal, record: group } = visible(estate.streams.groups, call.caller, call.ids[0] ?? "");
  if (group["isDefault"] === true) throw badRequest("Default group cannot be deleted.");
  const fallback = defaultGroup(call, group["siteId"]);
  if (fallback === undefined) throw notFound();
  const { agents } = estate.streams;
  const inside = [...agents.walk({ path: "id", descending: false })].filter((at) => agents.scopes(at).some((scope) => scope.group === group["id"]));
  moveAgents(call, inside, fallback);
  actions.remove("groups", ordinal);
  const actor = actorOf(call.caller);
  actions.log({ type: 5012, actor, subject: onPlace(siteOf(call, group), group), text: `The management user ${actor.name} deleted the group ${String(group["name"])}.` });
  return data({ success: true });
}

const ALERT_VERDICTS = { UNDEFINED: "Undefined", TRUE_POSITIVE: "True positive", FALSE_POSITIVE: "False positive", SUSPICIOUS: "Suspicious" } as const;
const ALERT_INCIDENTS = { UNRESOLVED: "Unresolved", IN_PROGRESS: "In progress", RESOLVED: "Resolved" } as const;

function alertField(call: Call, key: "analystVerdict" | "incidentStatus", titles: Readonly<Record<string, string>>, type: number): Answer {
  // Both cases of a name are taken.
  const names = Object.keys(titles);
  const given = choiceField(dataOf(call.request), key, [...names, ...names.map((name) => name.toLowerCase())], true);
  const title = titles[given.toUpperCase()] ?? given;
  const { actions, estate } = call.console;
  const alerts = estate.streams["cloud-detection-alerts"];
  const actor = actorOf(call.caller);
  let affected = 0;
  for (const ordinal of targets(call, LIST_ENDPOINTS.cloudAlerts)) {
    const before = readPath(alerts.get(ordinal), `alertInfo.${key}`);
    if (before === title) continue;
    const alert = actions.change("cloud-detection-alerts", ordinal, { [`alertInfo.${key}`]: title });
    const info = isRecord(alert["alertInfo"]) ? alert["alertInfo"] : {};
    actions.log({ type, actor, subject: aboutAlert(call, alert), text: `The management user ${actor.name} changed an alert's ${key} to ${title}.`, data: { alertId: info["alertId"], ruleId: readPath(alert, "ruleInfo.id"), oldValue: before, newValue: title } });
    affected += 1;
  }
  return data({ affected });
}

/** A STAR alert names its machine by uuid and its site by id only. */
function aboutAlert(call: Call, alert: ApiRecord): ReturnType<typeof onPlace> {
  const { sites } = call.console.estate.streams;
  const site = sites.get(sites.find(String(readPath(alert, "agentDetectionInfo.siteId")))[0] ?? -1) ?? {};
  return { ...onPlace(site), computerName: textAt(alert, "agentDetectionInfo", "name") ?? null, osFamily: textAt(alert, "agentDetectionInfo", "osFamily") ?? null };
}

/** Which agents to move; the vendor's document has `agentIds` here besides the `ids` of every other filter. */
const MOVED: ListEndpoint = { ...LIST_ENDPOINTS.agents, filters: { ...LIST_ENDPOINTS.agents.filters, agentIds: list("id") } };

export const PLACE_ROUTES: readonly Route[] = [
  { method: "PUT", path: "/sites/{site_id}/reactivate", needs: ["Sites.edit"], answer: reactivate },
  { method: "POST", path: "/sites/{site_id}/expire-now", needs: ["Sites.edit"], answer: expire },
  {
    method: "PUT",
    path: "/groups/{group_id}/move-agents",
    needs: ["Groups.moveToGroup"],
    answer(call) {
      const { record } = visible(call.console.estate.streams.groups, call.caller, call.ids[0] ?? "");
      return data({ agentsMoved: moveAgents(call, targets(call, MOVED), record) });
    },
  },
  { method: "DELETE", path: "/groups/{group_id}", needs: ["Groups.delete"], answer: deleteGroup },
  { method: "POST", path: "/cloud-detection/alerts/analyst-verdict", needs: ["Custom Alerts.updateAnalystVerdict"], answer: (call) => alertField(call, "analystVerdict", ALERT_VERDICTS, 16002) },
  { method: "POST", path: "/cloud-detection/alerts/incident", needs: ["Custom Alerts.updateIncidentStatus"], answer: (call) => alertField(call, "incidentStatus", ALERT_INCIDENTS, 16001) },
];
