/** A device between its facts and its row: facts without what the console did not say, and the keys by which it is found. */
import type { DeviceFacts } from "./model.ts";
import { foldHostname } from "./serials.ts";
import { NEVER_LEFT_OUT } from "./tables.ts";
import type { ToldByRule } from "./verdicts.ts";

/** Everything the console may leave unsaid; the mirror's row always has the rest. */
const UNSAID: Omit<DeviceFacts, "connection" | "id" | "tenant" | "macs" | "emails"> = {
  siteId: null,
  siteName: null,
  groupId: null,
  groupName: null,
  tags: null,
  serial: null,
  serialKey: null,
  hostname: null,
  domain: null,
  userName: null,
  platform: null,
  osName: null,
  osVersion: null,
  model: null,
  agentVersion: null,
  infected: null,
  activeThreats: null,
  isActive: null,
  networkStatus: null,
  operationalState: null,
  lastActive: null,
  upToDate: null,
  diskEncrypted: null,
  firewall: null,
  decommissioned: null,
  uninstalled: null,
  rebootPending: null,
  mitigationMode: null,
  missingPermissions: null,
  userActionsNeeded: null,
  worstOpenCve: null,
  knownExploited: null,
};

export function writeFacts(facts: DeviceFacts): string {
  return JSON.stringify(facts, (_key, value: unknown) => (value === null ? undefined : value));
}

export function readFacts(text: string): DeviceFacts {
  return { ...UNSAID, ...(JSON.parse(text) as Pick<DeviceFacts, "connection" | "id" | "tenant" | "macs" | "emails">) };
}

export function readTold(text: string): ToldByRule {
  return text === "{}" ? {} : (JSON.parse(text) as ToldByRule);
}

export interface DeviceKey {
  readonly kind: "mac" | "email";
  readonly key: string;
}

/** What leads to a device beside its serial number and host name. */
export function keysOf(facts: Pick<DeviceFacts, "macs" | "emails">): readonly DeviceKey[] {
  return [...facts.macs.map((key) => ({ kind: "mac" as const, key })), ...facts.emails.map((key) => ({ kind: "email" as const, key }))];
}

/** In the order of `DEVICES`' columns. */
export function deviceRow(facts: DeviceFacts, told: ToldByRule, turnsAt: number | null, now: number): readonly (string | number | null)[] {
  const time = Date.parse(facts.lastActive ?? "");
  const lastActive = Number.isNaN(time) || time > now ? NEVER_LEFT_OUT : time;
  return [facts.connection, facts.id, facts.tenant, facts.serialKey, foldHostname(facts.hostname), writeFacts(facts), JSON.stringify(told), lastActive, turnsAt];
}
