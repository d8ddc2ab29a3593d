/** Events of Cloud Funnel about connections, names, URLs and logins. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { address } from "../values.ts";
import { AUTHENTICATION, DNS_ACTIVITY, HTTP_ACTIVITY, NETWORK_ACTIVITY } from "./classes.ts";
import { processAt, SOURCE } from "./cloud-funnel-parts.ts";
import { activityOf, onMachine, outcome, type Told } from "./cloud-funnel-told.ts";
import { choose, chooseField, DIRECTION, LOGON_TYPE, OTHER, put, words, type Draft } from "./enums.ts";
import type { Event } from "./event.ts";
import { ip } from "./fields.ts";
import { DIRECTION_WORDS, endpointOf, putProtocol, urlOf } from "./network.ts";
import { userOf } from "./user.ts";

/** The machine as one end of a connection. */
function self(device: JsonObject): JsonObject {
  const { hostname, uid } = device;
  return endpointOf({ hostname: typeof hostname === "string" ? hostname : undefined, uid: typeof uid === "string" ? uid : undefined }) ?? { name: "unknown" };
}

export function connection(event: Event, told: Told): void {
  const { fields, type, device, context } = told;
  const status = fields.text("event.network.connectionStatus");
  const failed = status !== undefined && /^fail|^block|^denied/i.test(status);
  event.classify(NETWORK_ACTIVITY, type.includes("listen") ? 7 : failed ? 4 : activityOf(type, [["connect", 1], ["disconnect", 2]]), told.label);
  outcome(event, status === undefined ? undefined : !failed);
  onMachine(event, told);
  const source = endpointOf({ ip: fields.ip("src.ip.address"), port: fields.port("src.port.number") });
  const target = endpointOf({ ip: fields.ip("dst.ip.address"), port: fields.port("dst.port.number") });
  event.put("src_endpoint", source ?? (target === undefined ? self(device) : undefined));
  event.put("dst_endpoint", target);
  const direction = chooseField(fields, "event.network.direction", "event.network.direction", DIRECTION_WORDS, DIRECTION, context);
  const made: Draft = { direction_id: direction?.id ?? 0, direction: direction?.caption ?? "Unknown" };
  putProtocol(made, fields.text("meta.event.name"));
  event.put("connection_info", made);
  event.put("app_protocol_name", fields.text("event.network.protocolName"));
}

const RECORD_TYPES: ReadonlyMap<string, string> = new Map([["1", "A"], ["2", "NS"], ["5", "CNAME"], ["6", "SOA"], ["12", "PTR"], ["15", "MX"], ["16", "TXT"], ["28", "AAAA"], ["33", "SRV"], ["65", "HTTPS"]]);
const MANY_ANSWERS = 200;

/** `type:  5 name;20.82.209.183;`: one answer after the other, an address without a type. */
function answersOf(response: Json | undefined): readonly JsonObject[] {
  if (typeof response !== "string") return [];
  return response.split(";", MANY_ANSWERS).flatMap((part): readonly JsonObject[] => {
    const said = part.trim();
    if (said === "") return [];
    const typed = /^type:\s*(\d{1,5})\s+(.*)$/is.exec(said);
    if (typed !== null) {
      const number = typed[1] ?? "";
      const rdata = (typed[2] ?? "").trim();
      return rdata === "" ? [] : [{ rdata, type: RECORD_TYPES.get(number) ?? number }];
    }
    const found = ip(address(said));
    return [found === undefined ? { rdata: said } : { rdata: said, type: found.includes(":") ? "AAAA" : "A" }];
  });
}

/** `type: 28 name.example` as well as the name alone; a name may come with the root's dot. */
function questionOf(asked: string): JsonObject {
  const [, number = "", name = asked] = asked.startsWith("type:") ? (/^type:\s*(\d{1,5})\s+(.+)$/s.exec(asked) ?? []) : [];
  const query: Draft = { hostname: name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name };
  put(query, "type", RECORD_TYPES.get(number));
  return query;
}

export function dns(event: Event, told: Told): void {
  const { fields, type, device } = told;
  const answers = answersOf(fields.peek("event.dns.response"));
  const unresolved = type.includes("unresolved");
  // The agent reports question and answer in one.
  event.classify(DNS_ACTIVITY, answers.length > 0 || (type.includes("resolved") && !unresolved) ? 6 : 1, told.label);
  outcome(event, unresolved ? false : answers.length > 0 ? true : undefined);
  onMachine(event, told);
  event.put("src_endpoint", self(device));
  const asked = fields.text("event.dns.request");
  if (asked !== undefined) event.put("query", questionOf(asked));
  if (answers.length > 0) {
    event.putList("answers", answers);
    fields.use("event.dns.response");
  }
}

const METHODS: ReadonlyMap<string, number> = new Map([["CONNECT", 1], ["DELETE", 2], ["GET", 3], ["HEAD", 4], ["OPTIONS", 5], ["POST", 6], ["PUT", 7], ["TRACE", 8], ["PATCH", 9]]);

export function http(event: Event, told: Told): void {
  const { fields, device } = told;
  const method = (fields.text("event.url.action") ?? told.label).toUpperCase();
  const activity = METHODS.get(method);
  const link = fields.text("url.address");
  event.classify(HTTP_ACTIVITY, activity ?? OTHER, told.label);
  onMachine(event, told);
  event.put("src_endpoint", self(device));
  const request: Draft = {};
  if (activity !== undefined) request["http_method"] = method;
  if (link !== undefined) {
    const url = urlOf(link);
    request["url"] = url;
    const name = url["hostname"];
    const port = url["port"];
    if (typeof name === "string") event.put("dst_endpoint", { ...endOf(name), ...(port === undefined ? {} : { port }) });
  }
  event.put("http_request", request);
}

function endOf(name: string): JsonObject {
  const found = ip(address(name));
  return found === undefined ? { hostname: name } : { ip: found };
}

const LOGON_WORDS = words({
  UNKNOWN: 0,
  SYSTEM: 1,
  INTERACTIVE: 2,
  NETWORK: 3,
  BATCH: 4,
  SERVICE: 5,
  UNLOCK: 7,
  NETWORK_CLEAR_TEXT: 8,
  NETWORK_CLEARTEXT: 8,
  NETWORK_CREDENTIALS: 9,
  NEW_CREDENTIALS: 9,
  REMOTE_INTERACTIVE: 10,
  CACHED_INTERACTIVE: 11,
  CACHED_REMOTE_INTERACTIVE: 12,
  CACHED_UNLOCK: 13,
});
const REMOTE = new Set([3, 8, 10, 12]);

export function login(event: Event, told: Told): void {
  const { fields, device, context, type } = told;
  event.classify(AUTHENTICATION, type.includes("logout") || type.includes("logoff") ? 2 : 1);
  const ok = fields.flag("event.login.loginIsSuccessful");
  outcome(event, ok);
  event.put("status_detail", fields.text("event.login.failureReason"));
  const admin = fields.flag("event.login.isAdministratorEquivalent");
  const said = (key: string): string | undefined => (fields.peek(key) === "-" ? undefined : fields.text(key));
  // Windows names two accounts: the one asking (`account…`) and the one logged on (`tgt…` in newer events, `userName` alone in older ones).
  const name = said("event.login.userName") ?? said("event.login.tgt.userName");
  const asking = { name: said("event.login.accountName"), domain: said("event.login.accountDomain"), uid: said("event.login.accountSid") };
  const target = { domain: said("event.login.tgt.domainName"), uid: said("event.login.tgt.userSid"), type: admin === true ? 2 : undefined };
  event.put("user", userOf({ ...target, name }) ?? userOf({ ...asking, type: target.type }) ?? { name: "unknown" });
  const source = processAt(fields, SOURCE, context);
  const asker = name === undefined ? undefined : userOf(asking);
  const actor: Draft = {};
  put(actor, "process", source);
  put(actor, "user", asker);
  event.actor(source === undefined && asker === undefined ? { app_name: "SentinelOne Agent" } : actor);
  event.device(device);
  event.put("dst_endpoint", self(device));
  event.put("src_endpoint", endpointOf({ ip: fields.ip("src.endpoint.ip.address"), hostname: said("src.endpoint.name") }));
  const kind = choose(fields.text("event.login.type"), "event.login.type", LOGON_WORDS, LOGON_TYPE, context);
  if (kind !== undefined) {
    event.putChoice("logon_type", kind);
    if (kind.id !== OTHER && kind.id !== 0) event.put("is_remote", REMOTE.has(kind.id));
  }
  const session = fields.text("event.login.sessionId");
  if (session !== undefined) event.put("session", { uid: session });
}
