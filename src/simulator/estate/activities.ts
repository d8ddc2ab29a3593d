/** The activity log of a generated estate, and the list of every activity type the vendor's filters accept. */
import type { Shape, Source } from "../collection.ts";
import type { ApiRecord } from "../record.ts";
import { micros } from "../times.ts";
import type { AgentFacts } from "./agents.ts";
import { base, groupName, textAt } from "./frame.ts";
import { personName } from "./people.ts";
import { agentOf } from "./threats.ts";
import { createdAt, diceFor, GROUPS_PER_SITE, idOf, type World } from "./world.ts";

const RANGES =
  "2 5-8 15-99 101-163 200-201 203-204 221 300-306 701-703 1001-1002 1023-1025 1100-1105 1501-1504 2001-2018 2021-2043 2100-2101 2110-2111 3001-3023 3031-3034 3050-3053 3100-3103 3200-3204 3400 3500-3503 3505-3507 3520-3527 3530-3534 3600-3608 3610-3618 3620-3642 3650-3656 3660-3670 3701-3702 3710-3712 3714-3715 3720-3721 3730 3750-3758 3767-3788 3801-3806 4001-4013 4020-4022 4100-4113 5000-5013 5020-5030 5040-5046 5120-5129 5220-5222 5225-5244 5250-5259 6000-6002 6010-6013 6030-6032 6050-6055 6999 7100-7101 7200-7215 7256 7300-7302 7500-7507 7600-7604 7700-7702 7800-7803 7830-7841 7853-7863 7870-7872 7880-7882 7900-7903 8001-8002 9001-9002 9100-9104 9106-9113 9200-9214 10000 11001-11003 12001-12009 13000 13010-13011 13020-13031 13041-13047 14000-14002 15000-15004 16000-16007 17000-17001 18000-18002 19000 20000-20009 21000-21005 22000-22006 22051-22054 22071-22073";

export const ACTIVITY_TYPES: readonly number[] = RANGES.split(" ").flatMap((range) => {
  const [from = 0, to = from] = range.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
});

type Actor = "user" | "agent" | "threat" | "alert";

interface Kind {
  readonly type: number;
  readonly actor: Actor;
  readonly action: string;
  readonly text: string;
}

/** What happens most, in the order of the dice; `{user}`, `{host}`, `{ip}` are filled in. */
const KINDS: readonly Kind[] = [
  { type: 27, actor: "user", action: "User Logged In", text: "The management user {user} logged in to the management console with IP Address {ip}." },
  { type: 27, actor: "user", action: "User Logged In", text: "The management user {user} logged in to the management console with IP Address {ip}." },
  { type: 33, actor: "user", action: "User Logged Out", text: "The management user {user} logged out of the management console." },
  { type: 133, actor: "user", action: "Existing User Login Failure", text: "The management user {user} failed to log in to the management console." },
  { type: 19, actor: "threat", action: "New Malicious Threat Not Mitigated", text: "Threat not mitigated on {host}." },
  { type: 18, actor: "threat", action: "New Threat Mitigated", text: "Threat mitigated on {host}." },
  { type: 61, actor: "agent", action: "Agent Disconnected From Network", text: "{user} disconnected {host} from the network." },
  { type: 62, actor: "agent", action: "Agent Reconnected To Network", text: "{user} reconnected {host} to the network." },
  { type: 90, actor: "agent", action: "Scan Started", text: "{host} started a full disk scan." },
  { type: 71, actor: "agent", action: "Scan Initiated", text: "A full disk scan was initiated on {host}." },
  { type: 112, actor: "user", action: "API Token Generated", text: "The management user {user} generated an API token." },
  { type: 140, actor: "user", action: "Service User Created", text: "The management user {user} added a service user." },
  { type: 2028, actor: "threat", action: "Incident Status Changed", text: "{user} changed the incident status of a threat on {host}." },
  { type: 16000, actor: "alert", action: "Alert Created", text: "An alert was created for {host}." },
  { type: 16001, actor: "alert", action: "Alert Status Changed", text: "{user} changed the status of an alert for {host}." },
  { type: 5126, actor: "agent", action: "Device Connected", text: "A USB device was connected to {host}." },
];

const KNOWN = new Map(KINDS.map((kind) => [kind.type, kind]));

export function activityTypes(): readonly ApiRecord[] {
  return ACTIVITY_TYPES.map((id) => {
    const known = KNOWN.get(id);
    return { id, action: known?.action ?? `Activity ${String(id)}`, descriptionTemplate: known?.text ?? `Activity of type ${String(id)}.` };
  });
}

/** One activity about an agent; the n-th kind of the list, or a seeded one. */
export function makeActivity(world: World, id: string, agent: AgentFacts, index: number, at: number): ApiRecord {
  const dice = diceFor(world, "activities", index);
  const kind = dice.pick(2, KINDS);
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  const user = world.sizes.users === 0 ? undefined : dice.int(3, world.sizes.users);
  const name = user === undefined ? "System" : personName(world, "users", user);
  const ip = `198.51.100.${String(1 + dice.int(4, 250))}`;
  const onMachine = kind.actor !== "user";
  const text = kind.text.replace("{user}", name).replace("{host}", agent.name).replace("{ip}", ip);
  const place = {
    accountName: account?.name ?? null,
    siteName: onMachine ? (site?.name ?? null) : null,
    groupName: onMachine ? groupName(agent.group % GROUPS_PER_SITE) : null,
  };
  return {
    id,
    activityUuid: dice.uuid(5),
    activityType: kind.type,
    createdAt: micros(at),
    updatedAt: micros(at),
    primaryDescription: text,
    secondaryDescription: kind.actor === "threat" ? "invoice_9.exe" : null,
    description: null,
    comments: kind.type === 133 ? "invalid password" : null,
    userId: kind.text.includes("{user}") && user !== undefined ? idOf("users", user) : null,
    agentId: onMachine ? agent.id : null,
    threatId: kind.actor === "threat" && world.sizes.threats > 0 ? idOf("threats", dice.int(6, world.sizes.threats)) : null,
    hash: null,
    osFamily: onMachine ? agent.os : null,
    agentUpdatedVersion: null,
    accountId: account?.id ?? null,
    siteId: onMachine ? (site?.id ?? null) : null,
    groupId: onMachine ? idOf("groups", agent.group) : null,
    ...place,
    data: {
      ...place,
      username: name,
      ipAddress: ip,
      computerName: onMachine ? agent.name : null,
      source: "mgmt",
      role: "Admin",
      userScope: "account",
      scopeLevel: onMachine ? "Group" : "Account",
      scopeName: account?.name ?? null,
      fullScopeDetails: `Account ${account?.name ?? ""}`,
      fullScopeDetailsPath: `Global / ${account?.name ?? ""}`,
      reason: null,
    },
  };
}

export function activitySource(world: World): Source {
  const size = world.sizes.agents === 0 ? 0 : world.sizes.activities;
  const created = (index: number): number => createdAt(world, "activities", index, size, 90);
  return {
    ...base("activities", size),
    columns: { id: (index) => idOf("activities", index), createdAt: created, activityType: (index) => diceFor(world, "activities", index).pick(2, KINDS).type },
    scopes(index) {
      const agent = agentOf(world, "activities", index);
      const onMachine = diceFor(world, "activities", index).pick(2, KINDS).actor !== "user";
      return (onMachine ? world.groupScopes[agent.group] : world.accountScopes[world.sites[agent.site]?.account ?? 0]) ?? [];
    },
    make: (index) => makeActivity(world, idOf("activities", index), agentOf(world, "activities", index), index, created(index)),
  };
}

export const activityShape: Shape = {
  id: "activities",
  times: new Set(["createdAt", "updatedAt"]),
  scopesOf: (record) => [{ account: textAt(record, "accountId"), site: textAt(record, "siteId"), group: textAt(record, "groupId") }],
};
