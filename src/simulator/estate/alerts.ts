/**
 * Unified alerts of every product. Those of the endpoint protection stand for threats and those of custom rules for rule hits of the same
 * estate, so that both views of one event agree; the others are drawn by the seed. Shape: the GraphQL node plus `rawData`.
 */
import type { Collection, Scope, Shape, Source } from "../collection.ts";
import type { Dice } from "../random.ts";
import { isRecord, readPath, type ApiRecord } from "../record.ts";
import { millis, MINUTE } from "../times.ts";
import { agentFacts, type AgentFacts } from "./agents.ts";
import { actionIds } from "./alert-actions.ts";
import { assetOf, detectionOf, processOf, realTimeScope } from "./alert-assets.ts";
import { PRODUCTS, SHARES, type AlertKind, type AlertProduct, type ProductId } from "./alert-kinds.ts";
import { rawOf } from "./alert-raw.ts";
import { textAt } from "./frame.ts";
import { userSource } from "./people.ts";
import { cloudAlertSource } from "./cloud-alerts.ts";
import { agentOf } from "./happenings.ts";
import { threatSource } from "./threats.ts";
import { createdAt, diceFor, updatedAt, type World } from "./world.ts";

const STAMPS = ["detectedAt", "createdAt", "firstSeenAt", "lastSeenAt", "updatedAt"] as const;
/** Alerts are kept this long. */
const KEPT_DAYS = 60;

function uuidOf(world: World, index: number): string {
  const dice = diceFor(world, "alerts", index);
  // Like version 7: the first 48 bits rise with the index, so that ids sort by age.
  const rising = (0x019a_0000_0000 + index * 4099).toString(16).padStart(12, "0");
  const rest = dice.hex(1, 18);
  return `${rising.slice(0, 8)}-${rising.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6)}`;
}

function indexOfUuid(world: World, id: string, size: number): number {
  const rising = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const index = (rising - 0x019a_0000_0000) / 4099;
  return Number.isInteger(index) && index >= 0 && index < size && uuidOf(world, index) === id ? index : -1;
}

/** The event of another stream that an alert stands for: the one of its time, unless an earlier alert stands for it. */
function eventAt(index: number, alerts: number, events: number, days: number): number | undefined {
  const slot = (at: number): number => Math.floor(((days - KEPT_DAYS + (KEPT_DAYS * at) / alerts) / days) * events);
  const here = slot(index);
  return here < events && (index === 0 || slot(index - 1) !== here) ? here : undefined;
}

/** Where an alert comes from; cheap to work out. */
interface Origin {
  readonly product: ProductId;
  /** Index of the threat or rule hit it stands for. */
  readonly event: number | undefined;
}

interface Sources {
  readonly threats: Source;
  readonly rules: Source;
  readonly users: Source;
}

const THREAT_DAYS = 90;
const RULE_DAYS = 60;

function originOf(world: World, sources: Sources, index: number, size: number): Origin {
  const dice = diceFor(world, "alerts", index);
  const threat = eventAt(index, size, sources.threats.size, THREAT_DAYS);
  if (threat !== undefined && dice.chance(2, 0.6)) return { product: "edr", event: threat };
  const rule = eventAt(index, size, sources.rules.size, RULE_DAYS);
  if (rule !== undefined && dice.chance(3, 0.4)) return { product: "star", event: rule };
  return { product: dice.pick(4, SHARES), event: undefined };
}

function floorMs(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

function text(record: ApiRecord, path: string): string | null {
  const value = readPath(record, path);
  return typeof value === "string" && value !== "" ? value : null;
}

const STATUSES: Readonly<Record<string, string>> = { unresolved: "NEW", in_progress: "IN_PROGRESS", resolved: "RESOLVED", Unresolved: "NEW", "In progress": "IN_PROGRESS", Resolved: "RESOLVED" };
const VERDICTS: Readonly<Record<string, string>> = { true_positive: "TRUE_POSITIVE_UNDEFINED", false_positive: "FALSE_POSITIVE_UNDEFINED", suspicious: "TRUE_POSITIVE_BENIGN_BUT_SUSPICIOUS" };
const RESULTS: Readonly<Record<string, string>> = { mitigated: "MITIGATED", not_mitigated: "UNMITIGATED", marked_as_benign: "BENIGN" };

/** What a threat or a rule hit already says about its alert. */
function toldBy(sources: Sources, { product, event }: Origin): ApiRecord {
  if (event === undefined) return {};
  if (product === "edr") {
    const threat = sources.threats.make(event);
    const info = isRecord(threat["threatInfo"]) ? threat["threatInfo"] : {};
    const name = text(info, "threatName") ?? "file";
    const classification = (text(info, "classification") ?? "Malware").toUpperCase().replaceAll(/[^A-Z]+/gu, "_");
    return {
      externalId: text(info, "threatId") ?? text(threat, "id"),
      name: `${name} detected as ${text(info, "classification") ?? "Malware"}`,
      description: `${name} was found by ${text(info, "classificationSource") ?? "the agent"} analysis.`,
      classification,
      confidenceLevel: (text(info, "confidenceLevel") ?? "malicious").toUpperCase(),
      status: STATUSES[text(info, "incidentStatus") ?? ""] ?? "NEW",
      analystVerdict: VERDICTS[text(info, "analystVerdict") ?? ""] ?? "UNDEFINED",
      result: RESULTS[text(info, "mitigationStatus") ?? ""] ?? null,
      storylineId: text(info, "storyline"),
      analytics: { category: text(info, "classificationSource"), name: "Agent Policy", type: null, typeValue: (text(info, "detectionType") ?? "static").toUpperCase(), uid: null },
      process: {
        cmdLine: text(info, "maliciousProcessArguments"),
        file: { certSubject: text(info, "publisherName"), md5: text(info, "md5"), name, path: text(info, "filePath"), sha1: text(info, "sha1"), sha256: text(info, "sha256") },
        parentName: text(info, "originatorProcess"),
      },
      exclusionHashes: { sha1: text(info, "sha1"), sha256: text(info, "sha256") },
    };
  }
  const hit = sources.rules.make(event);
  const path = text(hit, "sourceProcessInfo.filePath");
  return {
    externalId: text(hit, "alertInfo.alertId"),
    name: text(hit, "ruleInfo.name"),
    severity: (text(hit, "ruleInfo.severity") ?? "Medium").toUpperCase(),
    status: STATUSES[text(hit, "alertInfo.incidentStatus") ?? ""] ?? "NEW",
    storylineId: text(hit, "sourceProcessInfo.storyline"),
    analytics: { category: "Custom rule", name: text(hit, "ruleInfo.name"), type: null, typeValue: "Rule", uid: text(hit, "ruleInfo.id") },
    process: {
      cmdLine: text(hit, "sourceProcessInfo.commandline"),
      file: {
        certSubject: null,
        md5: text(hit, "sourceProcessInfo.fileHashMd5"),
        name: text(hit, "sourceProcessInfo.name"),
        path,
        sha1: text(hit, "sourceProcessInfo.fileHashSha1"),
        sha256: text(hit, "sourceProcessInfo.fileHashSha256"),
      },
      parentName: text(hit, "sourceParentProcessInfo.name"),
    },
  };
}

/** What the console and its people added: notes, tickets, deadlines, an investigation. */
function handled(world: World, sources: Sources, node: ApiRecord, at: number, dice: Dice): ApiRecord {
  const open = node["status"] === "NEW";
  const user = !open && sources.users.size > 0 && dice.chance(30, node["status"] === "RESOLVED" ? 0.5 : 1) ? sources.users.make(dice.int(31, Math.min(sources.users.size, 40))) : undefined;
  const due = at + 4 * 60 * MINUTE;
  const late = open && due < world.now;
  const deadline = {
    actionComplete: !open,
    actionDue: Math.round((due - world.now) / MINUTE),
    completion: open ? null : 5400,
    completionTime: open ? null : millis(at + 90 * MINUTE),
    status: late ? "OVERDUE" : open ? "ON_TRACK" : "MET",
    target: 240,
    targetTime: millis(due),
  };
  const investigation = {
    autoTriggered: dice.chance(41, 0.7),
    purpleAiStatus: "COMPLETED",
    status: "COMPLETED",
    timestamp: millis(Math.min(at + 3 * MINUTE, world.now)),
    verdict: dice.pick(42, ["TRUE_POSITIVE", "FALSE_POSITIVE", "UNKNOWN"]),
  };
  return {
    assignee: user === undefined ? null : { userId: user["id"], email: user["email"], fullName: user["fullName"] },
    noteExists: node["status"] === "RESOLVED" && dice.chance(33, 0.6),
    ticketId: !open && dice.chance(34, 0.15) ? `INC-${String(10_000 + dice.int(35, 9000))}` : null,
    incident: dice.chance(36, 0.04) ? { id: dice.uuid(37), name: `Case ${String(100 + dice.int(38, 900))}` } : null,
    labels: dice.chance(39, 0.05) ? ["crown-jewel"] : [],
    sloDetails: dice.chance(40, 0.3) ? { timeToResolveData: deadline, timeToResponseData: { ...deadline, target: 60 } } : null,
    aiInvestigation: dice.chance(32, 0.1) ? investigation : null,
    mitigationDetails: node["result"] === "MITIGATED" ? { reports: ["KILL", "QUARANTINE"].map((mitigationActionType) => ({ initiatedBy: null, mitigationActionType, successCount: 1 })) } : null,
    attackPathExists: node["storylineId"] === null && dice.chance(43, 0.05),
    attackPaths: [],
  };
}

function kindOf(world: World, origin: Origin, index: number): AlertKind {
  const product: AlertProduct = PRODUCTS[origin.product];
  return diceFor(world, "alerts", index).pick(5, product.kinds);
}

/** The fields alerts are most often filtered by, and whatever else the event behind an alert tells; cheap beside the whole alert. */
function headOf(world: World, sources: Sources, origin: Origin, index: number): ApiRecord {
  const dice = diceFor(world, "alerts", index);
  const kind = kindOf(world, origin, index);
  const status = dice.pick(7, ["NEW", "NEW", "IN_PROGRESS", "RESOLVED"]);
  return {
    externalId: dice.uuid(11),
    name: kind.name,
    description: kind.text,
    severity: dice.chance(8, 0.85) ? kind.severity : dice.pick(9, ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO"]),
    status,
    analystVerdict: status === "NEW" ? "UNDEFINED" : dice.pick(12, ["UNDEFINED", "TRUE_POSITIVE_MALWARE", "TRUE_POSITIVE_UNAUTHORIZED_ACCESS", "FALSE_POSITIVE_BENIGN", "FALSE_POSITIVE_USER_ERROR"]),
    confidenceLevel: kind.confidence,
    classification: kind.classification,
    result: kind.confidence === null ? "UNMITIGATED" : onOurEndpoint(PRODUCTS[origin.product]) ? dice.pick(15, ["MITIGATED", "UNMITIGATED", null]) : null,
    ...toldBy(sources, origin),
  };
}

const HEAD_COLUMNS = ["externalId", "name", "severity", "status", "analystVerdict", "confidenceLevel", "classification", "result"] as const;

function onOurEndpoint(product: AlertProduct): boolean {
  return product.surface === "ENDPOINT" && product.vendor === "SentinelOne";
}

function makeAlert(world: World, sources: Sources, origin: Origin, place: { readonly index: number; readonly agent: AgentFacts; readonly at: number; readonly updated: number }): ApiRecord {
  const { index, agent, at, updated } = place;
  const dice = diceFor(world, "alerts", index);
  const product: AlertProduct = PRODUCTS[origin.product];
  const kind = kindOf(world, origin, index);
  const attacker = product.surface === "IDENTITY" && kind.about !== "person" ? agentFacts(world, dice.int(6, world.sizes.agents)) : undefined;
  const unseen = kind.about === "person" && dice.chance(16, 0.3);
  const asset = assetOf(agent, product, kind, dice);
  const base: ApiRecord = {
    id: uuidOf(world, index),
    attackSurfaces: [product.surface],
    detectedAt: millis(at),
    createdAt: millis(at + 5_000_000),
    firstSeenAt: unseen ? null : millis(at - 2_000_000),
    lastSeenAt: unseen ? null : millis(at),
    updatedAt: millis(updated),
    detectionSource: { product: product.product, vendor: product.vendor, engine: null },
    analytics: { category: kind.category, name: null, type: null, typeValue: kind.typeValue, uid: kind.uid },
    dataSources: product.vendor === "SentinelOne" ? [] : [product.product],
    assets: [asset],
    asset,
    storylineId: onOurEndpoint(product) ? dice.hex(17, 16).toUpperCase() : null,
    primaryIndicatorType: dice.chance(13, 0.7) ? kind.event : null,
    process: processOf(agent, kind, dice),
    realTime: { scope: realTimeScope(world, agent) },
    detectionTime: detectionOf(world, agent, attacker, kind, dice),
    exclusionHashes: null,
    ...headOf(world, sources, origin, index),
  };
  const node = { ...base, ...handled(world, sources, base, at, dice), availableActionIds: actionIds(base) };
  return { ...node, rawData: rawOf({ world, node, product, kind, agent, attacker, at, dice }) };
}

/** An alert just raised, like another one: with ids of its own, and nobody has worked on it yet. `at` in microseconds. */
export function freshAlert(model: ApiRecord, id: string, at: number): ApiRecord {
  const raw = isRecord(model["rawData"]) ? model["rawData"] : undefined;
  const finding = raw !== undefined && isRecord(raw["finding_info"]) ? raw["finding_info"] : {};
  const externalId = `${id.slice(0, 14)}4${id.slice(15)}`;
  // The time stays text where it was text.
  const time = typeof raw?.["time"] === "string" ? String(Math.floor(at / 1000)) : Math.floor(at / 1000);
  return {
    ...model,
    externalId,
    status: "NEW",
    analystVerdict: "UNDEFINED",
    assignee: null,
    noteExists: false,
    ticketId: null,
    incident: null,
    aiInvestigation: null,
    sloDetails: null,
    ...(raw === undefined ? {} : { rawData: { ...raw, time, finding_info: { ...finding, uid: externalId, internal_uid: id, first_seen_time: time, last_seen_time: time } } }),
  };
}

export function alertSource(world: World, agents: Collection): Source {
  const size = world.sizes.agents === 0 ? 0 : world.sizes.alerts;
  const sources: Sources = { threats: threatSource(world, agents), rules: cloudAlertSource(world), users: userSource(world) };
  const timeOf = (source: Source, path: string, event: number): number | undefined => {
    const time = source.columns?.[path]?.(event);
    return typeof time === "number" ? time : undefined;
  };
  const origin = (index: number): Origin => originOf(world, sources, index, size);
  const agent = (index: number, { product, event }: Origin): AgentFacts => (event === undefined ? agentOf(world, "alerts", index) : agentOf(world, product === "edr" ? "threats" : "cloud-detection-alerts", event));
  const detected = (index: number, { product, event }: Origin = origin(index)): number => {
    const drawn = createdAt(world, "alerts", index, size, KEPT_DAYS);
    if (event === undefined) return floorMs(drawn);
    return floorMs((product === "edr" ? timeOf(sources.threats, "threatInfo.createdAt", event) : timeOf(sources.rules, "alertInfo.createdAt", event)) ?? drawn);
  };
  const updated = (index: number, from: Origin = origin(index)): number => floorMs(updatedAt(world, "alerts", index, detected(index, from) + MINUTE));
  return {
    size,
    newId: (n) => uuidOf(world, size + n),
    find(id) {
      const index = indexOfUuid(world, id, size);
      return index === -1 ? [] : [index];
    },
    scopes: (index) => world.groupScopes[agent(index, origin(index)).group] ?? [],
    columns: {
      id: (index) => uuidOf(world, index),
      detectedAt: (index) => detected(index),
      updatedAt: (index) => updated(index),
      createdAt: (index) => detected(index) + 5_000_000,
      "detectionSource.product": (index) => PRODUCTS[origin(index).product].product,
      "detectionSource.vendor": (index) => PRODUCTS[origin(index).product].vendor,
      attackSurfaces: (index) => [PRODUCTS[origin(index).product].surface],
      ...Object.fromEntries(HEAD_COLUMNS.map((field) => [field, (index: number) => text(headOf(world, sources, origin(index), index), field)])),
    },
    make(index) {
      const from = origin(index);
      return makeAlert(world, sources, from, { index, agent: agent(index, from), at: detected(index, from), updated: updated(index, from) });
    },
  };
}

export const alertShape: Shape = {
  id: "alerts",
  times: new Set(STAMPS),
  scopesOf(record): readonly Scope[] {
    const realTime = record["realTime"];
    const scope = isRecord(realTime) && isRecord(realTime["scope"]) ? realTime["scope"] : {};
    return [{ account: textAt(scope, "account", "id"), site: textAt(scope, "site", "id"), group: textAt(scope, "group", "id") }];
  },
};
