/** Agents → Device Inventory Info: the machine, its system, hardware, interfaces, last user, and how well it is protected. */
import type { JsonObject } from "../../kernel/json.ts";
import type { RecordMap } from "../contract.ts";
import { text } from "../values.ts";
import { DEVICE_INVENTORY } from "./classes.ts";
import { agentOf, bitsOf, deviceOf, deviceType, interfacesOf, osOf, osType } from "./device.ts";
import { put, type Draft } from "./enums.ts";
import { Event, scopeOf } from "./event.ts";
import { Fields } from "./fields.ts";
import { accountUser } from "./user.ts";

const COLLECT = 2;
/** Of a machine with unresolved threats, which the vendor calls infected. */
const RISK = { id: 3, caption: "High" } as const;
/** Of OCSF's type. */
const LONGEST_SUBNET = 42;

export const agentMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const event = new Event("agents", "EDR", fields, context);
  event.classify(DEVICE_INVENTORY, COLLECT);
  event.time(fields, "updatedAt", "lastActiveDate", "registeredAt", "createdAt");
  const scope = scopeOf(fields);
  event.scope(scope);
  const id = fields.text("id");
  put(event.metadata, "uid", id);
  const name = fields.text("computerName");
  event.put("message", name === undefined ? "Agent inventoried" : `Agent on ${name} inventoried`);
  event.severityId(1);
  event.putId("status", 1, { 1: "Success" });

  const uuid = fields.text("uuid");
  const interfaces = interfacesOf(fields.objects("networkInterfaces"));
  const first = interfaces.find((one) => one["ip"] !== undefined)?.["ip"];
  const directory = fields.object("activeDirectory");
  const device = deviceOf({
    hostname: name,
    uuid,
    id,
    type: deviceType(fields.text("machineType"), "machineType", context),
    os: osOf({ type: osType(fields.text("osType"), "osType", context), name: fields.text("osName"), build: fields.text("osRevision"), bits: bits(fields) }),
    domain: fields.text("domain"),
    // The address the machine itself uses; the console's view of it (`externalIp`) only where no other is known.
    ip: fields.ip("lastIpToMgmt") ?? (typeof first === "string" ? first : undefined) ?? fields.ip("externalIp"),
    interfaces,
    scope,
    owner: owner(fields, directory),
  });
  event.device(device === undefined ? { type_id: 0, type: "Unknown", name: "unknown" } : complete(device, fields, directory, { uuid, id }));
  event.observeIp("unmapped.externalIp", fields);
  return event.done();
};

function bits(fields: Fields): number | undefined {
  const found = bitsOf(fields.peek("osArch"));
  // The number of bits does not tell ARM from the others.
  if (found !== undefined && text(fields.peek("osArch"))?.startsWith("ARM") === false) fields.use("osArch");
  return found;
}

function owner(fields: Fields, directory: Fields): JsonObject | undefined {
  const user = accountUser(fields.peek("lastLoggedInUserName"), { email: directory.email("mail"), uid: directory.text("userPrincipalName") });
  if (user !== undefined) fields.text("lastLoggedInUserName");
  return user;
}

function complete(device: Draft, fields: Fields, directory: Fields, { uuid, id }: { readonly uuid: string | undefined; readonly id: string | undefined }): JsonObject {
  const agent: Draft = { ...agentOf({ uid: uuid ?? id, uidAlt: uuid === undefined ? undefined : id, version: fields.text("agentVersion") }) };
  device["agent_list"] = [agent];
  putModel(device, fields.text("modelName"));
  put(device, "boot_time", fields.time("osStartTime"));
  put(device, "created_time", fields.time("createdAt"));
  put(device, "first_seen_time", fields.time("registeredAt"));
  put(device, "last_seen_time", fields.time("lastActiveDate"));
  put(device, "modified_time", fields.time("updatedAt"));
  const subnet = fields.peek("groupIp");
  if (typeof subnet === "string" && subnet.length <= LONGEST_SUBNET) put(device, "subnet", fields.text("groupIp"));
  put(device, "is_compliant", fields.flag("isUpToDate"));
  const retired = fields.flag("isDecommissioned") === true || fields.flag("isUninstalled") === true;
  device["is_managed"] = !retired;
  const infected = fields.flag("infected");
  if (infected === true) Object.assign(device, { risk_level_id: RISK.id, risk_level: RISK.caption });
  putHardware(device, fields);
  putCloud(device, fields.object("cloudProviders"));
  const name = directory.text("computerDistinguishedName");
  put(device, "desc", name);
  return device;
}

/** `Contoso - Book 14`: maker and model. */
function putModel(device: Draft, name: string | undefined): void {
  if (name === undefined) return;
  const cut = name.indexOf(" - ");
  device["model"] = cut < 1 ? name : name.slice(cut + 3);
  if (cut > 0) device["vendor_name"] = name.slice(0, cut);
}

function putHardware(device: Draft, fields: Fields): void {
  const hardware: Draft = {};
  put(hardware, "serial_number", fields.text("serialNumber"));
  put(hardware, "cpu_count", fields.integer("cpuCount"));
  put(hardware, "cores", fields.integer("coreCount"));
  put(hardware, "ram_size", fields.integer("totalMemory"));
  const model = fields.text("cpuId");
  if (model !== undefined) hardware["cpu_info_list"] = [{ model }];
  for (const _ in hardware) device["hw_info"] = hardware;
}

/** One cloud at most; its name is the key. */
function putCloud(device: Draft, clouds: Fields): void {
  for (const provider of clouds.keys()) {
    const cloud = clouds.object(provider);
    put(device, "instance_uid", cloud.text("cloudInstanceId"));
    put(device, "region", cloud.text("cloudLocation"));
    put(device, "vpc_uid", cloud.text("cloudNetwork"));
    const image = cloud.text("cloudImage");
    if (image !== undefined) device["image"] = { uid: image };
    return;
  }
}

