/** The activity log of a generated estate: who did what to which machine, threat or alert, each of which is there. */
import type { Shape, Source } from "../collection.ts";
import type { Dice } from "../random.ts";
import { exactNumber, type ApiRecord } from "../record.ts";
import { micros, millis } from "../times.ts";
import { WEIGHTED_KINDS, type ActivityKind } from "./activity-kinds.ts";
import { agentFacts, type AgentFacts } from "./agents.ts";
import { base, groupName, textAt } from "./frame.ts";
import { personName, serviceName } from "./people.ts";
import { agentIndexOf, DAYS } from "./happenings.ts";
import { threatFacts, threatsBy, type ThreatFacts } from "./threat-facts.ts";
import { createdAt, diceFor, GROUPS_PER_SITE, idOf, type World } from "./world.ts";

export { activityTypes } from "./activity-kinds.ts";

interface Happening {
  readonly kind: ActivityKind;
  readonly agent: number;
  /** The threat's index, where it is about one. */
  readonly threat: number | undefined;
}

/** What the index-th activity is about: of a threat, the machine is the threat's. */
function happening(world: World, index: number, agent: number, at: number): Happening {
  const dice = diceFor(world, "activities", index);
  const kind = dice.pick(2, WEIGHTED_KINDS);
  const threats = threatsBy(world, at);
  if (kind.about !== "threat") return { kind, agent, threat: undefined };
  if (threats === 0) return { kind: dice.pick(5, PEOPLE_KINDS), agent, threat: undefined };
  const threat = dice.int(6, threats);
  return { kind, agent: agentIndexOf(world, "threats", threat), threat };
}

const PEOPLE_KINDS = WEIGHTED_KINDS.filter((kind) => kind.about === "user");

interface Told {
  readonly id: string;
  readonly user: string;
  readonly userId: string | null;
  readonly other: string;
  readonly service: string;
  readonly role: string;
  readonly ip: string;
  readonly at: number;
  readonly agent: AgentFacts;
  readonly threat: ThreatFacts | undefined;
}

/** What is particular to a type in `data`, as free-form as the vendor's. */
function particulars(world: World, kind: ActivityKind, told: Told, dice: Dice): ApiRecord {
  if (kind.about === "threat" && told.threat !== undefined) return aboutThreat(kind, told, told.threat, dice);
  if (kind.about === "alert") return aboutAlert(kind, told, dice);
  if (kind.about === "rule") return aboutRule(world, kind, told, dice);
  if (kind.type === 5126) return { deviceName: "Contoso Drive", eventType: "connected", interface: "USB", uid: dice.hex(21, 12).toUpperCase() };
  if (kind.type === 112) return { byUser: told.user };
  return kind.about === "user" ? aboutAccess(kind, told) : {};
}

/** Who did it, and to whom or what. */
function aboutAccess(kind: ActivityKind, told: Told): ApiRecord {
  if (kind.text.includes("{other}")) return { byUser: told.user, username: told.other };
  if (kind.text.includes("{service}")) return { byUser: told.user, username: told.service };
  return kind.text.includes("{role}") ? { byUser: told.user, roleName: told.role } : {};
}

function aboutThreat(kind: ActivityKind, told: Told, threat: ThreatFacts, dice: Dice): ApiRecord {
  const data: ApiRecord = {
    fileContentHash: threat.sha1,
    fileDisplayName: threat.file,
    filePath: threat.path,
    threatClassification: threat.classification,
    threatClassificationSource: threat.source,
    confidenceLevel: threat.confidence,
    escapedMaliciousProcessArguments: null,
  };
  if (kind.type === 2028) return { ...data, oldStatus: "unresolved", newStatus: dice.pick(22, ["in_progress", "resolved"]) };
  if (kind.type === 2030) return { ...data, oldVerdict: "undefined", newVerdict: dice.pick(22, ["true_positive", "false_positive", "suspicious"]) };
  if (kind.type === 4008) return { ...data, oldStatus: "not_mitigated", newStatus: "mitigated" };
  if (kind.type === 86) return { ...data, downloadUrl: `/agents/${told.agent.id}/uploads/${told.id}` };
  return data;
}

function aboutAlert(kind: ActivityKind, told: Told, dice: Dice): ApiRecord {
  const changes: Readonly<Record<number, ApiRecord>> = {
    16001: { old_status: "NEW", new_status: dice.pick(22, ["IN_PROGRESS", "RESOLVED"]) },
    16002: { old_analyst_verdict: "UNDEFINED", new_analyst_verdict: dice.pick(22, ["TRUE_POSITIVE_MALWARE", "FALSE_POSITIVE_BENIGN"]) },
    16003: { old_severity: "MEDIUM", new_severity: "HIGH" },
    16004: { new_assignee_id: told.userId, new_assignee_email: null },
    16005: { mitigation_action_type: "KILL", mitigation_action_status: "SUCCESS" },
    16007: { note_text: "Checked with the owner" },
  };
  return { payload: { changes: changes[kind.type] ?? {} } };
}

/** Activities of rules carry numbers where others carry text, some of them longer than a double holds; the older type tells time in milliseconds. */
function aboutRule(world: World, kind: ActivityKind, told: Told, dice: Dice): ApiRecord {
  const site = exactNumber(world.sites[told.agent.site]?.id ?? "0");
  return {
    rulename: kind.type === 3608 ? "Encoded PowerShell" : "New local administrator",
    severity: dice.pick(22, ["Low", "Medium", "High", "Critical"]),
    scopeId: site,
    rulescopeid: site,
    userId: exactNumber(told.userId ?? "0"),
    systemUser: 0,
    srcport: 1024 + dice.int(24, 60_000),
    dstport: 443,
    detectedat: kind.type === 3608 ? Math.floor(told.at / 1000) : millis(told.at),
  };
}

/** One activity that happened at `at`, about this agent or, when it is about a threat, about the threat's. */
export function makeActivity(world: World, id: string, agentIndex: number, index: number, at: number): ApiRecord {
  const dice = diceFor(world, "activities", index);
  const about = happening(world, index, agentIndex, at);
  const { kind } = about;
  const agent = agentFacts(world, about.agent);
  const threat = about.threat === undefined ? undefined : threatFacts(world, about.threat);
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  const byUser = kind.text.includes("{user}") && world.sizes.users > 0;
  const user = byUser ? dice.int(3, world.sizes.users) : undefined;
  const name = user === undefined ? "System" : personName(world, "users", user);
  const other = world.sizes.users > 0 ? personName(world, "users", dice.int(25, world.sizes.users)) : "System";
  const service = serviceName(dice.int(27, Math.max(1, world.sizes.serviceUsers)));
  const customs = world.roles.filter(({ role: { predefined } }) => !predefined);
  const role = customs[dice.int(28, customs.length)]?.role.name ?? "Role";
  const ip = `198.51.100.${String(1 + dice.int(4, 250))}`;
  const onMachine = kind.about !== "user";
  const filled: Readonly<Record<string, string>> = { "{user}": name, "{host}": agent.name, "{ip}": ip, "{file}": threat?.file ?? "a file", "{other}": other, "{service}": service, "{role}": role };
  const text = kind.text.replaceAll(/\{\w+\}/gu, (field) => filled[field] ?? field);
  const place = { accountName: account?.name ?? null, siteName: onMachine ? (site?.name ?? null) : null, groupName: onMachine ? groupName(agent.group % GROUPS_PER_SITE) : null };
  const userId = user === undefined ? null : idOf("users", user);
  const refused = kind.type === 133 ? dice.pick(26, ["invalid password", "invalid 2FA code", "user temporarily locked 2FA attempt", "no active site"]) : null;
  return {
    id,
    activityUuid: dice.uuid(5),
    activityType: kind.type,
    createdAt: micros(at),
    updatedAt: micros(at),
    primaryDescription: text,
    secondaryDescription: threat?.file ?? null,
    description: null,
    comments: refused,
    userId,
    agentId: onMachine ? agent.id : null,
    threatId: threat?.id ?? null,
    hash: threat?.sha1 ?? null,
    osFamily: onMachine ? agent.os : null,
    agentUpdatedVersion: null,
    accountId: account?.id ?? null,
    siteId: onMachine ? (site?.id ?? null) : null,
    groupId: onMachine ? idOf("groups", agent.group) : null,
    ...place,
    data: {
      ...place,
      username: kind.type === 134 ? "unknown" : name,
      ipAddress: ip,
      computerName: onMachine ? agent.name : null,
      source: "mgmt",
      role: "Admin",
      userScope: "account",
      scopeLevel: onMachine ? "Group" : "Account",
      scopeName: account?.name ?? null,
      fullScopeDetails: `Account ${account?.name ?? ""}`,
      fullScopeDetailsPath: `Global / ${account?.name ?? ""}`,
      reason: refused,
      ...particulars(world, kind, { id, user: name, userId, other, service, role, ip, at, agent, threat }, dice),
    },
  };
}

export function activitySource(world: World): Source {
  const size = world.sizes.agents === 0 ? 0 : world.sizes.activities;
  const created = (index: number): number => createdAt(world, "activities", index, size, DAYS.activities);
  const about = (index: number): Happening => happening(world, index, agentIndexOf(world, "activities", index), created(index));
  return {
    ...base("activities", size),
    columns: {
      id: (index) => idOf("activities", index),
      createdAt: created,
      activityType: (index) => about(index).kind.type,
      threatId: (index) => {
        const { threat } = about(index);
        return threat === undefined ? null : idOf("threats", threat);
      },
      agentId: (index) => {
        const { kind, agent } = about(index);
        return kind.about === "user" ? null : idOf("agents", agent);
      },
    },
    scopes(index) {
      const { kind, agent } = about(index);
      const { group, site } = agentFacts(world, agent);
      return (kind.about === "user" ? world.accountScopes[world.sites[site]?.account ?? 0] : world.groupScopes[group]) ?? [];
    },
    make: (index) => makeActivity(world, idOf("activities", index), agentIndexOf(world, "activities", index), index, created(index)),
  };
}

export const activityShape: Shape = {
  id: "activities",
  times: new Set(["createdAt", "updatedAt"]),
  scopesOf: (record) => [{ account: textAt(record, "accountId"), site: textAt(record, "siteId"), group: textAt(record, "groupId") }],
};
