/** OCSF's device, with its operating system, agent, interfaces and place in the console. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { AGENT_TYPE, choose, DEVICE_TYPE, OS_TYPE, OTHER, put, putList, words, type Choice, type Draft } from "./enums.ts";
import { VENDOR, type Scope } from "./event.ts";
import { ip, type Fields } from "./fields.ts";
import { addresses, text } from "../values.ts";

const OS_WORDS = words({
  UNKNOWN: 0,
  UNRECOGNIZED: 0,
  WINDOWS: 100,
  WINDOWS_LEGACY: 100,
  LINUX: 200,
  ANDROID: 201,
  MACOS: 300,
  OSX: 300,
  APPLE: 300,
  IOS: 301,
  IPADOS: 302,
  SOLARIS: 400,
  AIX: 401,
  HP_UX: 402,
  CISCO: OTHER,
  WYSE: OTHER,
});

/** Vendor's machine types, and subcategories of assets. */
const DEVICE_WORDS = words({
  UNKNOWN: 0,
  SERVER: 1,
  OTHER_SERVER: 1,
  DOMAIN_CONTROLLER: 1,
  KUBERNETES: 1,
  KUBERNETES_NODE: 1,
  STORAGE: 1,
  DESKTOP: 2,
  WORKSTATION: 2,
  LAPTOP: 3,
  TABLET: 4,
  MOBILE: 5,
  MOBILE_PHONE: 5,
  VIRTUAL_MACHINE: 6,
  KUBERNETES_POD: 6,
  KUBERNETES_HELPER: 6,
  ECS_TASK: 6,
  DEVICE: 0,
  OTHER_DEVICE: 0,
});

export function osType(word: Json | undefined, field: string, context: MapContext): Choice | undefined {
  return choose(word, field, OS_WORDS, OS_TYPE, context);
}

export function deviceType(word: Json | undefined, field: string, context: MapContext): Choice | undefined {
  return choose(word, field, DEVICE_WORDS, DEVICE_TYPE, context);
}

const NAMES: readonly (readonly [words: RegExp, id: number])[] = [
  [/\bwindows/i, 100],
  [/\blinux|ubuntu|debian|red hat|centos|rocky|alma|fedora|suse|amazon/i, 200],
  [/\bmac ?os|\bos x\b/i, 300],
];

function typeByName(name: string | undefined): Choice | undefined {
  const id = name === undefined ? undefined : NAMES.find(([words]) => words.test(name.slice(0, 200)))?.[1];
  return id === undefined ? undefined : { id, caption: OS_TYPE[id] ?? "" };
}

export interface OsParts {
  readonly type?: Choice | undefined;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly build?: string | undefined;
  readonly bits?: number | undefined;
}

export function osOf({ type, name, version, build, bits }: OsParts): JsonObject | undefined {
  if (type === undefined && name === undefined && version === undefined && build === undefined) return undefined;
  const known = (type === undefined || type.id === 0 ? typeByName(name ?? version) : undefined) ?? type ?? { id: 0, caption: "Unknown" };
  const os: Draft = { name: name ?? known.caption, type_id: known.id, type: known.caption };
  put(os, "version", version);
  put(os, "build", build);
  put(os, "cpu_bits", bits);
  return os;
}

export interface AgentParts {
  readonly uid?: string | undefined;
  readonly uidAlt?: string | undefined;
  readonly version?: string | undefined;
}

const EDR = 1;
const AGENT_NAME = `${VENDOR} Agent`;

export function agentOf({ uid, uidAlt, version }: AgentParts): JsonObject {
  const agent: Draft = { name: AGENT_NAME, vendor_name: VENDOR, type_id: EDR, type: AGENT_TYPE[EDR] ?? "" };
  put(agent, "uid", uid);
  put(agent, "uid_alt", uidAlt);
  put(agent, "version", version);
  return agent;
}

export interface DeviceParts {
  readonly hostname?: string | undefined;
  /** The agent's UUID where it is known, so that a device has one id over all kinds of records; the console's id otherwise. */
  readonly uuid?: string | undefined;
  readonly id?: string | undefined;
  readonly type?: Choice | undefined;
  readonly os?: JsonObject | undefined;
  readonly domain?: string | undefined;
  readonly ip?: string | undefined;
  readonly interfaces?: readonly JsonObject[];
  readonly agentVersion?: string | undefined;
  readonly hasAgent?: boolean;
  readonly scope?: Scope;
  readonly owner?: JsonObject | undefined;
}

/** Undefined where nothing tells which device it is. */
export function deviceOf(parts: DeviceParts): Draft | undefined {
  const uid = parts.uuid ?? parts.id;
  if (parts.hostname === undefined && uid === undefined && parts.ip === undefined) return undefined;
  const type = parts.type ?? { id: 0, caption: "Unknown" };
  const device: Draft = { type_id: type.id, type: type.caption };
  put(device, "hostname", parts.hostname);
  put(device, "uid", uid);
  if (parts.uuid !== undefined) put(device, "uid_alt", parts.id);
  put(device, "ip", parts.ip);
  put(device, "domain", parts.domain);
  put(device, "os", parts.os);
  put(device, "owner", parts.owner);
  putList(device, "network_interfaces", parts.interfaces ?? []);
  if (parts.hasAgent ?? parts.agentVersion !== undefined) device["agent_list"] = [agentOf({ uid: parts.uuid ?? parts.id, uidAlt: parts.uuid === undefined ? undefined : parts.id, version: parts.agentVersion })];
  if (parts.scope !== undefined) place(device, parts.scope);
  return device;
}

/** Account and site as organisation and unit, the group as one of the device's groups. */
function place(device: Draft, { accountId, accountName, siteId, siteName, groupId, groupName }: Scope): void {
  if (accountId !== undefined || accountName !== undefined) {
    const org: Draft = {};
    put(org, "uid", accountId);
    put(org, "name", accountName);
    put(org, "ou_uid", siteId);
    put(org, "ou_name", siteName);
    device["org"] = org;
  }
  if (groupId === undefined && groupName === undefined) return;
  const group: Draft = {};
  put(group, "uid", groupId);
  put(group, "name", groupName);
  device["groups"] = [group];
}

/** One entry for each address of each interface; one without addresses is told by its MAC or name. */
export function interfacesOf(list: readonly Fields[]): readonly JsonObject[] {
  return list.flatMap((fields): readonly JsonObject[] => {
    const common: Draft = {};
    put(common, "name", fields.text("name"));
    put(common, "mac", fields.mac("physical"));
    put(common, "uid", fields.text("id"));
    const found = [...fields.ips("inet"), ...fields.ips("inet6")];
    if (found.length > 0) return found.map((one) => ({ ip: one, ...common }));
    for (const _ in common) return [common];
    return [];
  });
}

/** Addresses that several fields hold, as interfaces; for records that name no interfaces. */
export function addressInterfaces(...values: readonly (Json | undefined)[]): readonly JsonObject[] {
  const found = new Set<string>();
  for (const value of values) for (const one of addresses(value)) if (ip(one) !== undefined) found.add(one);
  return [...found].map((one) => ({ ip: one }));
}

/** `64 bit`, `ARM64`. */
export function bitsOf(arch: Json | undefined): number | undefined {
  const said = text(arch);
  if (said === undefined) return undefined;
  if (said.includes("64")) return 64;
  return said.includes("32") ? 32 : undefined;
}
