/** Agents as they stand: `state` of a machine. */
import type { JsonObject } from "../../kernel/json.ts";
import type { RecordMap } from "../contract.ts";
import { epoch, firstText, instant, list, object, text, texts } from "../values.ts";
import { Draft, put, putList, putObject, putScope, scopeOf, type Classification, type Fields } from "./document.ts";
import { named, putHost } from "./host.ts";
import { userOf } from "./process.ts";
import { cloudOfProviders } from "./threats.ts";

const CLASS: Classification = { kind: "state", category: ["host"], type: ["info"] };

export const agentToEcs: RecordMap = (record, context) => {
  const draft = new Draft("agents", record, context);
  const { event } = draft;
  draft.classify(CLASS);
  const updated = instant(record["updatedAt"]);
  const active = instant(record["lastActiveDate"]);
  const created = instant(record["createdAt"]);
  draft.put("@timestamp", updated ?? active ?? created ?? instant(record["registeredAt"]));
  put(event, "id", firstText(record["id"], record["uuid"]));
  put(event, "created", created);
  event["action"] = "agent-state";
  const name = named(record["computerName"]);
  draft.put("message", messageOf(record, name));
  draft.put("observer", { vendor: "SentinelOne", product: "Singularity Endpoint", type: "sensor" });

  const interfaces = list(record["networkInterfaces"]).map(object);
  putHost(
    draft,
    {
      name: record["computerName"],
      domain: record["domain"],
      uuid: record["uuid"],
      agentId: record["id"],
      agentVersion: record["agentVersion"],
      type: record["machineType"],
      architecture: record["osArch"],
      osType: record["osType"],
      osName: record["osName"],
      osVersion: record["osRevision"],
      addresses: [...interfaces.flatMap((one) => [one["inet"], one["inet6"]]), record["lastIpToMgmt"]],
      macs: interfaces.map((one) => one["physical"]),
    },
    "osType",
    context,
  );
  putUptime(draft, record, updated ?? active);
  draft.external(record["externalIp"]);
  putUsers(draft, record);
  putDevice(draft, record);
  draft.putObject("cloud", cloudOfProviders(record["cloudProviders"]));
  putList(draft.document, "tags", tagsOf(record));
  putScope(draft, scopeOf(record));
  return draft.done();
};

/** `Agent 25.1.4.434 on OF-LT-0417 (Windows 11 Pro): connected, protect`. */
function messageOf(record: JsonObject, name: string | undefined): string {
  const version = text(record["agentVersion"]);
  const system = text(record["osName"]);
  const state = [record["isDecommissioned"] === true ? "decommissioned" : text(record["networkStatus"]), text(record["mitigationMode"]), record["infected"] === true ? "infected" : undefined].filter((part) => part !== undefined);
  return `Agent${version === undefined ? "" : ` ${version}`}${name === undefined ? "" : ` on ${name}`}${system === undefined ? "" : ` (${system})`}${state.length === 0 ? "" : `: ${state.join(", ")}`}`;
}

/** Seconds from the machine's start to the time the record tells of. */
function putUptime(draft: Draft, record: JsonObject, at: string | undefined): void {
  const started = instant(record["osStartTime"]);
  const host = draft.document["host"];
  if (started === undefined || at === undefined || typeof host !== "object") return;
  const seconds = Math.floor((epoch(at) - epoch(started)) / 1000);
  if (seconds >= 0) (host as Fields)["uptime"] = seconds;
}

function putUsers(draft: Draft, record: JsonObject): void {
  const directory = object(record["activeDirectory"]);
  const user = userOf(draft, { name: named(record["lastLoggedInUserName"]) ?? record["osUsername"], email: directory["mail"] });
  draft.user(text(directory["userPrincipalName"]));
  draft.putObject("user", user);
}

function putDevice(draft: Draft, record: JsonObject): void {
  const device: Fields = {};
  put(device, "serial_number", named(record["serialNumber"]));
  const model: Fields = {};
  put(model, "name", named(record["modelName"]));
  putObject(device, "model", model);
  draft.putObject("device", device);
}

/** `key:value`, or the key alone where the value is empty. */
function tagsOf(record: JsonObject): readonly string[] {
  const tags = list(object(record["tags"])["sentinelone"]).flatMap((one) => {
    const [key] = texts(object(one)["key"]);
    const value = text(object(one)["value"]);
    return key === undefined ? [] : [value === undefined ? key : `${key}:${value}`];
  });
  return [...new Set(tags)];
}
