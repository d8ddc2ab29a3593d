/** What a unified alert is about: the machine, its cloud and container, and every asset as a resource. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { addressInterfaces, agentOf, deviceOf, deviceType, osOf, osType } from "./device.ts";
import { containerOf } from "./container.ts";
import { embeddedList } from "./embedded.ts";
import { choose, put, putChoice, putList, RESOURCE_ROLE, words, type Draft } from "./enums.ts";
import type { Fields } from "./fields.ts";
import { accountUser } from "./user.ts";

export interface Machine {
  readonly device: JsonObject | undefined;
  readonly resources: readonly JsonObject[];
  readonly cloud: JsonObject | undefined;
  readonly container: JsonObject | undefined;
}

const ROLE_WORDS = words({ TARGET: 1, ACTOR: 2, AFFECTED: 3, RELATED: 4, OTHER: 99 });

export function machineOf(fields: Fields, raw: Fields, context: MapContext): Machine {
  const assets = assetsOf(fields);
  const primary = assets.find((asset) => asset.peek("primary") === true) ?? assets[0];
  const then = fields.object("detectionTime");
  const details = [then, ...then.objects("assets")];
  const seen = (name: string): Fields => details.map((one) => one.object(name)).find((one) => !one.isEmpty) ?? then.object(name);
  const resources = embeddedList("resource_details", raw.objects("resources"), "rawData.resources", context).map((one): Draft => ({ ...one }));
  for (const asset of assets) addResource(resources, asset, context);
  return {
    device: primary === undefined || isPerson(primary, raw) ? undefined : machine(primary, seen("asset"), seen("cloud"), context),
    resources,
    cloud: cloudOf(seen("cloud")),
    container: containerIn(seen("kubernetes")),
  };
}

/** `asset` is the primary one once more, where both are there. */
function assetsOf(fields: Fields): readonly Fields[] {
  const all = fields.objects("assets");
  const one = fields.object("asset");
  if (all.length === 0) return one.isEmpty ? [] : [one];
  // Named already; what it says differently stays in `unmapped`.
  for (const key of ["id", "name", "agentUuid", "agentVersion", "category", "subcategory", "osType", "osVersion"]) {
    const value = one.peek(key);
    if (value !== undefined && all.some((asset) => asset.peek(key) === value)) one.use(key);
  }
  return all;
}

/** An account in a directory is no machine. */
function isPerson(asset: Fields, raw: Fields): boolean {
  if (isWord(asset.peek("category"), "identity")) return true;
  const type = raw.objects("resources")[0]?.peek("type");
  return typeof type === "string" && type.startsWith("identity::");
}

function machine(asset: Fields, then: Fields, cloud: Fields, context: MapContext): JsonObject | undefined {
  const name = asset.text("name");
  const version = asset.text("osVersion");
  const os = osOf({
    type: osType(asset.text("osType") ?? then.text("osType"), "asset.osType", context),
    name: then.text("osName") ?? version,
    version: version,
    build: then.text("osRevision"),
  });
  const interfaces = addressInterfaces(then.peek("ipV4"), then.peek("ipV6"), then.peek("ipV4Addresses"), then.peek("ipV6Addresses"));
  for (const key of ["ipV4", "ipV6", "ipV4Addresses", "ipV6Addresses"]) then.ips(key);
  const own = interfaces[0]?.["ip"];
  const device = deviceOf({
    hostname: name === "Unknown" ? undefined : name,
    uuid: asset.text("agentUuid"),
    id: asset.text("id"),
    type: deviceType(asset.text("subcategory") ?? asset.text("category"), "asset.subcategory", context),
    os,
    domain: then.text("domain"),
    // The address that the console sees stands for the machine's own only where none of those is known.
    ip: typeof own === "string" ? own : then.ip("consoleIpAddress"),
    interfaces: interfaces.length > 1 ? interfaces : [],
    agentVersion: asset.text("agentVersion") ?? then.text("agentVersion"),
    owner: accountUser(asset.peek("lastLoggedInUser") ?? then.peek("lastLoggedInUser")),
  });
  if (device === undefined) return undefined;
  if (device["owner"] !== undefined) for (const one of [asset, then]) one.text("lastLoggedInUser");
  put(device, "region", cloud.text("location"));
  put(device, "instance_uid", cloud.text("instanceId"));
  put(device, "vpc_uid", cloud.text("network"));
  return device;
}

/** Completes the resource of the same name or id, or adds one. */
function addResource(resources: Draft[], asset: Fields, context: MapContext): void {
  const name = asset.text("name");
  const uid = asset.text("id") ?? asset.text("agentUuid");
  if (name === undefined && uid === undefined) return;
  const resource: Draft = {};
  put(resource, "uid", uid);
  put(resource, "name", name);
  const kinds = [asset.text("category"), asset.text("subcategory")].filter((one) => one !== undefined);
  if (kinds.length > 0) resource["type"] = kinds.join("::");
  putChoice(resource, "role", choose(asset.text("role"), "assets.role", ROLE_WORDS, RESOURCE_ROLE, context));
  put(resource, "version", asset.text("osVersion"));
  const agent = asset.text("agentUuid");
  if (agent !== undefined) resource["agent_list"] = [agentOf({ uid: agent, version: asset.text("agentVersion") })];
  const tags = asset.objects("tags").flatMap((tag): readonly JsonObject[] => {
    const key = tag.text("key");
    const value = tag.text("value");
    return key === undefined || value === undefined ? [] : [{ name: key, value }];
  });
  putList(resource, "tags", tags);
  const known = resources.find((one) => (uid !== undefined && one["uid"] === uid) || (name !== undefined && one["name"] === name));
  if (known === undefined) resources.push(resource);
  else for (const [key, value] of Object.entries(resource)) known[key] ??= value;
}

function cloudOf(told: Fields): JsonObject | undefined {
  const provider = told.text("cloudProvider");
  if (provider === undefined) return undefined;
  const cloud: Draft = { provider };
  const account = told.text("accountId");
  if (account !== undefined) cloud["account"] = { uid: account };
  put(cloud, "region", told.text("location"));
  return cloud;
}

function containerIn(told: Fields): JsonObject | undefined {
  return containerOf({ uid: told.text("containerId"), name: told.text("containerName"), image: told.text("containerImageName"), labels: told.texts("containerLabels"), cluster: told.peek("clusterName") });
}

/** The console's lists spell their words in small letters, in capitals and in both. */
export function isWord(value: Json | undefined, word: string): boolean {
  return typeof value === "string" && value.toLowerCase() === word;
}
