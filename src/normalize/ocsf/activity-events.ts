/** What an activity becomes, one function for each class of event. Each fills in what its class asks for; the rest is common to all. */
import type { JsonObject } from "../../kernel/json.ts";
import { address, text } from "../values.ts";
import type { ActivityRule, Handler } from "./activity-rules.ts";
import { actorOf, deviceFrom, doerOf, fileFrom, subjectOf, subjectUser, type Told } from "./activity-parts.ts";
import {
  ACCOUNT_CHANGE,
  APPLICATION_LIFECYCLE,
  AUTHENTICATION,
  BASE_EVENT,
  ENTITY_MANAGEMENT,
  FILE_REMEDIATION,
  NETWORK_ACTIVITY,
  PERIPHERAL_ACTIVITY,
  POWER_ACTIVITY,
  PROCESS_REMEDIATION,
  REMEDIATION_ACTIVITY,
  SCAN_ACTIVITY,
} from "./classes.ts";
import { ACTION, choose, DIRECTION, DISPOSITION, ENTITY_TYPE, OTHER, OUTCOME, put, putId, REMEDIATION_OUTCOME, SCAN_TYPE, type Captions, type Draft } from "./enums.ts";
import { VENDOR, type Event } from "./event.ts";
import { findingActivity } from "./activity-findings.ts";
import { ip } from "./fields.ts";
import { DIRECTION_WORDS, endpointOf, putProtocol } from "./network.ts";
import { processOf } from "./process.ts";

const CONSOLE = `${VENDOR} Management Console`;

export type ActivityEvent = (event: Event, rule: ActivityRule, told: Told) => void;

function outcome(event: Event, rule: ActivityRule, captions: Captions = OUTCOME): void {
  if (rule.outcome !== undefined) event.putId("status", rule.outcome, captions);
}

/** An activity that no class is made for; what it is, its name says. */
export function baseActivity(event: Event, told: Told): void {
  event.classify(BASE_EVENT, OTHER, told.label);
  event.actor(actorOf(told));
  event.device(deviceFrom(told));
}

function authentication(event: Event, rule: ActivityRule, told: Told): void {
  event.classify(AUTHENTICATION, rule.activity);
  outcome(event, rule);
  const subject = subjectOf(told);
  event.put("user", subjectUser(told, subject, true) ?? { name: "unknown" });
  event.put("src_endpoint", endpointOf({ ip: told.data.ip("ipAddress") }));
  event.put("service", { name: CONSOLE });
  event.put("is_remote", true);
  if (/two factor|recovery code/i.test(told.label)) event.put("is_mfa", true);
  event.put("status_detail", told.data.text("reason") ?? told.fields.text("comments"));
}

function account(event: Event, rule: ActivityRule, told: Told): void {
  const { data } = told;
  let { activity } = rule;
  // One type for both: what the setting is now tells which.
  if (rule.of === "mfa") {
    const now = data.flag("newValue") ?? data.flag("enabled");
    if (now !== undefined) activity = now ? 10 : 11;
  }
  event.classify(ACCOUNT_CHANGE, activity, told.label);
  outcome(event, rule);
  const subject = subjectOf(told);
  const doer = doerOf(told, subject);
  const isDoer = subject.name === undefined || doer?.["name"] === subject.name;
  event.put("user", subjectUser(told, subject, isDoer) ?? doer ?? { name: "unknown" });
  event.actor(doer === undefined ? { app_name: VENDOR } : { user: doer });
  event.put("src_endpoint", endpointOf({ ip: data.ip("ipAddress") }));
}

/** Where an entity's own name stands, by what it is. */
const NAME_KEYS: readonly (readonly [things: RegExp, keys: readonly string[], type: number])[] = [
  [/^Site\b/, ["siteName"], 4],
  [/^Account\b/, ["accountName"], 4],
  [/\bGroup\b/, ["groupName", "group", "newGroupName"], 3],
  [/^Role\b/, ["roleName", "role"], OTHER],
  [/\bRules?\b/, ["ruleName", "rulename", "name"], OTHER],
  [/\bTag\b/, ["tagName", "key", "name"], OTHER],
  [/Policy|Settings/, ["policyName", "policy", "setting"], 5],
  [/Blocklist|Exclusion/, ["value", "filePath", "fileContentHash", "exclusionValue"], OTHER],
  [/^Script\b/, ["scriptName", "name"], OTHER],
  [/^Package\b/, ["fileName", "packageName", "name"], OTHER],
  [/^Agent File\b/, ["fileDisplayName", "filePath", "uploadedFilename", "downloadUrl"], OTHER],
];

function entity(event: Event, rule: ActivityRule, told: Told): void {
  const { fields, data, scope } = told;
  const thing = rule.of ?? "Console Object";
  event.classify(ENTITY_MANAGEMENT, rule.activity, told.label);
  outcome(event, rule);
  event.actor(actorOf(told));
  event.put("src_endpoint", endpointOf({ ip: data.ip("ipAddress") }));
  const device = deviceFrom(told);
  const made: Draft = {};
  if (thing === "Device" && device !== undefined) {
    made["device"] = device;
    put(made, "name", device["hostname"]);
    put(made, "uid", device["uid"]);
    putId(made, "type", 1, ENTITY_TYPE);
  } else {
    const [, keys, type] = NAME_KEYS.find(([things]) => things.test(thing)) ?? [/-/, ["name", "title"], OTHER];
    const name = data.firstText(...keys);
    put(made, "name", name ?? placeName(thing, scope) ?? thing);
    put(made, "uid", placeId(thing, scope) ?? data.firstText("ruleId", "ruleid", "tagId", "scriptId", "roleId", "id"));
    made["type_id"] = type;
    made["type"] = type === OTHER ? thing : (ENTITY_TYPE[type] ?? thing);
    event.device(device);
  }
  event.put("entity", made);
  event.put("comment", data.firstText("description", "comment") ?? fields.text("comments"));
}

function placeName(thing: string, scope: Told["scope"]): string | undefined {
  if (thing.startsWith("Site")) return scope.siteName;
  if (thing.startsWith("Account")) return scope.accountName;
  return /\bGroup\b/.test(thing) ? scope.groupName : undefined;
}

/** The scope a record belongs to is the entity itself where the entity is a scope. */
function placeId(thing: string, scope: Told["scope"]): string | undefined {
  if (thing === "Site") return scope.siteId;
  if (thing === "Account") return scope.accountId;
  return /^(?:Static |Dynamic )?Group$/.test(thing) ? scope.groupId : undefined;
}

const REMEDIATION_STATUS: ReadonlyMap<string, number> = new Map([["success", 1], ["failed", 2], ["failure", 2], ["partial", 4], ["not_found", 3]]);

function remediation(event: Event, rule: ActivityRule, told: Told): void {
  const { data, id } = told;
  const file = rule.of === "network" ? undefined : fileFrom(told);
  const process = rule.of === "kill" ? processOf({ name: text(file?.["name"]), commandLine: data.text("escapedMaliciousProcessArguments"), file, standIn: `${id}:process` }, told.context) : undefined;
  if (process !== undefined) event.classify(PROCESS_REMEDIATION, rule.activity, told.label);
  else event.classify(file === undefined ? REMEDIATION_ACTIVITY : FILE_REMEDIATION, rule.activity, told.label);
  const status = REMEDIATION_STATUS.get(text(data.peek("globalStatus"))?.toLowerCase() ?? "");
  if (status === undefined) outcome(event, rule, REMEDIATION_OUTCOME);
  else {
    event.putId("status", status, REMEDIATION_OUTCOME);
    data.use("globalStatus");
  }
  // The activity reports the command; it has no other number.
  event.put("command_uid", id);
  event.put("process", process);
  if (process === undefined) event.put("file", file);
  event.actor(actorOf(told));
  event.device(deviceFrom(told));
}

function scan(event: Event, rule: ActivityRule, told: Told): void {
  event.classify(SCAN_ACTIVITY, rule.activity);
  outcome(event, rule);
  const byPerson = doerOf(told, subjectOf(told)) !== undefined;
  const made: Draft = { uid: told.id, name: /benchmark|CIS/i.test(told.label) ? "Benchmark scan" : "Disk scan" };
  if (byPerson) putId(made, "type", 1, SCAN_TYPE);
  else Object.assign(made, { type_id: OTHER, type: told.data.peek("system") === true ? "Started by the console" : "Reported by the agent" });
  event.put("scan", made);
  event.actor(actorOf(told));
  event.device(deviceFrom(told));
}

function lifecycle(event: Event, rule: ActivityRule, told: Told): void {
  event.classify(APPLICATION_LIFECYCLE, rule.activity);
  outcome(event, rule);
  const app: Draft = { name: `${VENDOR} Agent`, vendor_name: VENDOR };
  put(app, "version", told.fields.text("agentUpdatedVersion") ?? told.data.firstText("newVersion", "version"));
  event.put("app", app);
  event.actor(actorOf(told));
  event.device(deviceFrom(told));
}

function power(event: Event, rule: ActivityRule, told: Told): void {
  const device = deviceFrom(told);
  if (device === undefined) return baseActivity(event, told);
  event.classify(POWER_ACTIVITY, rule.activity);
  outcome(event, rule);
  event.actor(actorOf(told));
  event.device(device);
}

function control(event: Event, allowed: boolean): void {
  event.profile("security_control");
  event.putId("action", allowed ? 1 : 2, ACTION);
  event.putId("disposition", allowed ? 1 : 2, DISPOSITION);
}

const BLANK = /^(?:n\/a|-)?$/i;

function peripheral(event: Event, rule: ActivityRule, told: Told): void {
  const { data } = told;
  const device = deviceFrom(told);
  if (device === undefined) return baseActivity(event, told);
  event.classify(PERIPHERAL_ACTIVITY, data.peek("eventType") === "disconnected" ? 2 : rule.activity);
  const said = (key: string): string | undefined => (BLANK.test(text(data.peek(key))?.trim() ?? "") ? undefined : data.text(key));
  outcome(event, rule);
  control(event, rule.outcome === 1);
  const bus = said("interface");
  const made: Draft = { name: said("deviceName") ?? (bus === undefined ? "Device" : `${bus} device`) };
  put(made, "class", said("deviceClass"));
  put(made, "uid", said("uid") ?? said("deviceId"));
  put(made, "model", said("productId"));
  put(made, "vendor_name", said("manufacturerName"));
  const vendor = said("vendorId");
  if (vendor !== undefined) made["vendor_id_list"] = [vendor];
  event.put("peripheral_device", made);
  event.put("policy", ruleAsPolicy(told));
  const owner = device["owner"];
  event.actor(owner === undefined ? { app_name: `${VENDOR} Agent` } : { user: owner });
  event.device(device);
}

function ruleAsPolicy({ data }: Told): JsonObject | undefined {
  const name = data.firstText("ruleName", "rulename");
  const uid = data.peek("ruleId");
  if (name === undefined) return undefined;
  const policy: Draft = { name };
  // -1 is the default rule's, which has no id.
  if (uid !== -1) put(policy, "uid", data.text("ruleId"));
  return policy;
}

function network(event: Event, rule: ActivityRule, told: Told): void {
  const { data } = told;
  const direction = choose(data.firstText("reportedDirection", "direction"), "data.reportedDirection", DIRECTION_WORDS, DIRECTION, told.context);
  const local = endpointOf({ ...host(data.text("reportedLocalHost")), port: data.port("reportedLocalPort") });
  const remote = endpointOf({ ...host(data.text("reportedRemoteHost")), port: data.port("reportedRemotePort") });
  const device = deviceFrom(told);
  const self = local ?? endpointOf({ hostname: text(device?.["hostname"]), uid: text(device?.["uid"]) });
  if (self === undefined && remote === undefined) return baseActivity(event, told);
  event.classify(NETWORK_ACTIVITY, rule.activity);
  outcome(event, rule);
  control(event, false);
  const incoming = direction?.id === 1;
  event.put("src_endpoint", incoming ? remote : self);
  event.put("dst_endpoint", incoming ? self : remote);
  const connection: Draft = { direction_id: direction?.id ?? 0, direction: direction?.caption ?? "Unknown" };
  const protocol = data.text("reportedProtocol");
  if (!putProtocol(connection, protocol)) put(connection, "protocol_name", protocol?.toLowerCase());
  event.put("connection_info", connection);
  event.put("policy", ruleAsPolicy(told));
  event.actor(actorOf(told));
  event.device(device);
}

function host(said: string | undefined): { readonly ip?: string | undefined; readonly hostname?: string | undefined } {
  const found = ip(address(said));
  return found === undefined ? { hostname: said } : { ip: found };
}

export const ACTIVITY_EVENTS: Readonly<Record<Handler, ActivityEvent>> = {
  account,
  authentication,
  entity,
  finding: findingActivity,
  lifecycle,
  network,
  peripheral,
  power,
  remediation,
  scan,
};

