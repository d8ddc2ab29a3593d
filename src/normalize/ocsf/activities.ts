/**
 * Activities of the console. The number's meaning decides the class: logins are Authentication, what is done to users is Account Change, to
 * policies, exclusions, sites, groups, rules and agents Entity Management; threats and alerts are Detection Findings, what is done about
 * them Remediation; scans, agent updates, power, plugged-in devices and blocked traffic have classes of their own.
 */
import { ACTIVITY_TYPES } from "../activity-types.ts";
import type { RecordMap } from "../contract.ts";
import { ACTIVITY_EVENTS, baseActivity } from "./activity-events.ts";
import type { Told } from "./activity-parts.ts";
import { ruleOf, ruleOfText } from "./activity-rules.ts";
import { put } from "./enums.ts";
import { Event } from "./event.ts";
import { Fields } from "./fields.ts";

/** `user-logged-in` → User logged in. */
function words(name: string): string {
  const said = name.replaceAll("-", " ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

const LABELS: ReadonlyMap<number, string> = new Map([...ACTIVITY_TYPES].map(([number, { name }]) => [number, words(name)]));

export const activityMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const data = fields.object("data");
  const event = new Event("activities", "Management Console", fields, context);
  const id = fields.text("id") ?? fields.text("activityUuid") ?? "unknown";
  const number = fields.integer("activityType");
  const type = number === undefined ? undefined : ACTIVITY_TYPES.get(number);
  if (type === undefined) context.unseen("activityType", fields.peek("activityType") ?? null);
  const label = (number === undefined ? undefined : LABELS.get(number)) ?? `Activity ${String(number ?? "of no type")}`;
  const description = fields.firstText("primaryDescription", "description");
  const scope = {
    accountId: fields.text("accountId") ?? data.text("accountId"),
    accountName: fields.text("accountName") ?? data.text("accountName"),
    siteId: fields.text("siteId") ?? data.text("siteId"),
    siteName: fields.text("siteName") ?? data.text("siteName"),
    groupId: fields.text("groupId") ?? data.text("groupId"),
    groupName: fields.text("groupName") ?? data.text("groupName"),
  };

  const told: Told = { fields, data, id, scope, context, label };
  const rule = (type === undefined ? undefined : ruleOf(type)) ?? ruleOfText(description);
  if (rule === undefined) baseActivity(event, told);
  else ACTIVITY_EVENTS[rule.handler](event, rule, told);

  // What an agent reports of its machine happened before the console heard of it.
  if (rule?.handler === "peripheral" || rule?.handler === "network") event.time(data, "eventTime");
  if (event.isTimeless) event.time(fields, "createdAt", "updatedAt");
  event.put("message", description ?? label);
  if (event.document["severity_id"] === undefined) event.severityId(1);
  put(event.metadata, "uid", id);
  put(event.metadata, "event_code", number === undefined ? undefined : String(number));
  if (type !== undefined) event.metadata["type"] = label;
  put(event.metadata, "modified_time", fields.time("updatedAt"));
  put(event.metadata, "correlation_uid", fields.text("threatId"));
  event.scope(scope);
  return event.done();
};
