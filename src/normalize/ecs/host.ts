/**
 * The machine a record is about. Its names are told as the vendor has them; under `related.hosts` stand its name and both of its ids (the
 * agent's number and its UUID), so that records of kinds that know only one of them are found together.
 */
import type { Json } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { addresses, mac, text } from "../values.ts";
import { put, putList, putObject, type Draft, type Fields } from "./document.ts";

export interface HostFacts {
  readonly name?: Json | undefined;
  readonly domain?: Json | undefined;
  /** The agent's UUID. */
  readonly uuid?: Json | undefined;
  /** The agent's number in the console. */
  readonly agentId?: Json | undefined;
  readonly agentVersion?: Json | undefined;
  readonly type?: Json | undefined;
  readonly architecture?: Json | undefined;
  readonly osType?: Json | undefined;
  readonly osName?: Json | undefined;
  readonly osVersion?: Json | undefined;
  readonly osFull?: Json | undefined;
  /** Fields that hold addresses of its own, each one, several with commas, or an array. */
  readonly addresses?: readonly (Json | undefined)[];
  readonly macs?: readonly (Json | undefined)[];
}

/** Operating systems by the vendor's words, as ECS's few. Null where a word is known and says nothing of these. */
const OS_TYPES: ReadonlyMap<string, string | null> = new Map([
  ["windows", "windows"],
  ["windows_legacy", "windows"],
  ["linux", "linux"],
  ["macos", "macos"],
  ["osx", "macos"],
  ["darwin", "macos"],
  ["apple", "macos"],
  ["ios", "ios"],
  ["ipados", "ios"],
  ["android", "android"],
  ["aix", "unix"],
  ["hp_ux", "unix"],
  ["solaris", "unix"],
  ["cisco", null],
  ["wyse", null],
  ["unknown", null],
  ["unrecognized", null],
  ["other", null],
]);

/** Undefined for what is not known; a word never seen is reported. */
export function osType(value: Json | undefined, field: string, context: MapContext): string | undefined {
  const word = text(value);
  if (word === undefined) return undefined;
  const known = OS_TYPES.get(word) ?? OS_TYPES.get(word.toLowerCase());
  if (known === undefined && !OS_TYPES.has(word.toLowerCase())) context.unseen(field, word);
  return known ?? undefined;
}

const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ["64 bit", "x86_64"],
  ["32 bit", "x86"],
  ["arm64", "arm64"],
]);

/** Words that stand where a name is missing. */
export function named(value: Json | undefined): string | undefined {
  const name = text(value);
  return name === undefined || isNoName(name) ? undefined : name;
}

const NO_NAME = /^(?:unknown|n\/a|none|null|-)$/i;

/** Told by length and first letter for nearly all: most fields of a record come through here. */
function isNoName(name: string): boolean {
  if (name.length > 7) return false;
  const first = name.charCodeAt(0);
  return (first === 45 || (first | 32) === 110 || (first | 32) === 117) && NO_NAME.test(name);
}

export function putHost(draft: Draft, facts: HostFacts, osField: string, context: MapContext): void {
  const host: Fields = {};
  const name = draft.host(named(facts.name));
  put(host, "name", name);
  put(host, "hostname", name);
  const uuid = draft.host(named(facts.uuid));
  const agentId = draft.host(named(facts.agentId));
  put(host, "id", uuid ?? agentId);
  const domain = named(facts.domain);
  // SentinelOne writes the work group's default name where a machine is in no domain.
  put(host, "domain", domain?.toUpperCase() === "WORKGROUP" ? undefined : domain);
  const type = named(facts.type);
  put(host, "type", type?.toLowerCase());
  const architecture = text(facts.architecture);
  put(host, "architecture", architecture === undefined ? undefined : (ARCHITECTURES.get(architecture.toLowerCase()) ?? architecture));
  putHostAddresses(draft, host, facts);
  putObject(host, "os", osOf(facts, osField, context));
  draft.putObject("host", host);
  const agent: Fields = {};
  put(agent, "id", agentId ?? uuid);
  put(agent, "version", named(facts.agentVersion));
  for (const _ in agent) {
    agent["type"] = "sentinelone";
    draft.put("agent", agent);
    return;
  }
}

function putHostAddresses(draft: Draft, host: Fields, facts: HostFacts): void {
  if (facts.addresses !== undefined) {
    const found = new Set<string>();
    for (const field of facts.addresses) for (const one of addresses(field)) found.add(one);
    for (const one of found) draft.ip(one);
    putList(host, "ip", [...found]);
  }
  if (facts.macs !== undefined && facts.macs.length > 0) putList(host, "mac", [...new Set(facts.macs.flatMap((one) => mac(one) ?? []))]);
}

function osOf(facts: HostFacts, field: string, context: MapContext): Fields {
  const os: Fields = {};
  const type = osType(facts.osType, field, context);
  put(os, "type", type);
  put(os, "family", type);
  put(os, "name", named(facts.osName));
  put(os, "version", named(facts.osVersion));
  put(os, "full", named(facts.osFull));
  return os;
}
