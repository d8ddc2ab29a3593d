/**
 * Installed applications → Software Inventory Info: which product is on which device. Of both listings, the inventory's endpoints and the
 * older installed applications. An entry that names no device is one of the inventory's totals and becomes a Base Event, since this class
 * has to name one.
 */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext, RecordMap } from "../contract.ts";
import { text } from "../values.ts";
import { BASE_EVENT, SOFTWARE_INVENTORY } from "./classes.ts";
import { bitsOf, deviceOf, deviceType, osOf, osType } from "./device.ts";
import { OTHER, put, type Draft } from "./enums.ts";
import { Event, scopeOf, type Scope } from "./event.ts";
import { Fields } from "./fields.ts";

const COLLECT = 2;
const PRODUCT = "Application Management";
const TIMES = ["detectionDate", "updatedAt", "installedAt", "applicationInstallationDate", "installedDate", "createdAt"];

export const applicationMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const scope = scopeOf(fields);
  const device = machineOf(fields, scope, context);
  if (device === undefined) return totals(record, context);

  const event = new Event("applications", PRODUCT, fields, context);
  event.classify(SOFTWARE_INVENTORY, COLLECT);
  event.time(fields, ...TIMES);
  event.scope(scope);
  put(event.metadata, "uid", fields.text("id"));
  const name = fields.firstText("applicationName", "name");
  const host = device["hostname"];
  event.put("message", `${name ?? "Application"}${typeof host === "string" ? ` on ${host}` : ""}`);
  event.severityId(1);
  event.putId("status", 1, { 1: "Success" });
  event.device(device);
  const product: Draft = {};
  put(product, "name", name);
  put(product, "vendor_name", fields.firstText("applicationVendor", "publisher"));
  put(product, "version", fields.text("version"));
  put(product, "path", fields.text("applicationInstallationPath"));
  put(product, "cpe_name", cpe(fields));
  if (name !== undefined) event.put("product", product);
  return event.done();
};

/** What was counted, with name and vendor, stays in `unmapped`. */
function totals(record: JsonObject, context: MapContext): JsonObject {
  const fields = new Fields(record);
  const event = new Event("applications", PRODUCT, fields, context);
  event.classify(BASE_EVENT, OTHER, "Installations counted");
  event.time(fields, ...TIMES);
  put(event.metadata, "uid", fields.text("id"));
  const name = text(fields.peek("applicationName") ?? fields.peek("name"));
  event.put("message", name === undefined ? "Installations counted" : `${name}: installations counted`);
  event.severityId(1);
  return event.done();
}

/** Text, or a list of which the first is the nearest. */
function cpe(fields: Fields): string | undefined {
  const found = fields.peek("cpe");
  return typeof found === "string" ? fields.text("cpe") : fields.texts("cpe")[0];
}

function machineOf(fields: Fields, scope: Scope, context: MapContext): JsonObject | undefined {
  const bits = bitsOf(fields.peek("osArch"));
  const version = fields.text("osVersion");
  const device = deviceOf({
    hostname: fields.firstText("endpointName", "agentComputerName"),
    uuid: fields.firstText("endpointUuid", "agentUuid"),
    id: fields.firstText("endpointId", "agentId"),
    type: deviceType(fields.firstText("endpointType", "agentMachineType"), "endpointType", context),
    os: osOf({ type: osType(fields.firstText("osType", "agentOsType"), "osType", context), name: fields.text("osName") ?? version, version, bits }),
    domain: fields.text("agentDomain"),
    agentVersion: fields.text("agentVersion"),
    scope,
  });
  if (device === undefined) return undefined;
  const hardware: Draft = {};
  put(hardware, "cpu_count", fields.integer("cpuCount"));
  put(hardware, "cores", fields.integer("coreCount"));
  for (const _ in hardware) device["hw_info"] = hardware;
  return device;
}
