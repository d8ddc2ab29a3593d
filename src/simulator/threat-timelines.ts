/**
 * What happened to a threat, in order: the activities about it, and what its own record tells (detected, mitigated, judged) where
 * the activity log does not. It promises a first entry for every threat: its detection.
 */
import type { Estate } from "./estate/estate.ts";
import { textAt } from "./estate/frame.ts";
import { isRecord, type ApiRecord, type Value } from "./record.ts";
import { idFrom } from "./threat-notes.ts";

const ENTRY_CODE = "82";

/** Activity types of what the agent did, by mitigation. */
export const MITIGATION_RESULTS: Readonly<Record<string, number>> = { kill: 2001, remediate: 2002, rollback: 2003, quarantine: 2004, unquarantine: 2005, network_quarantine: 2006 };

/** Fields of an activity that a timeline entry has too. */
const SHARED = ["id", "activityType", "createdAt", "updatedAt", "data", "primaryDescription", "secondaryDescription", "osFamily", "hash", "agentUpdatedVersion", "userId", "threatId", "agentId", "accountId", "siteId", "groupId"] as const;

export class ThreatTimelines {
  readonly #estate: Estate;
  readonly #byThreat = new Map<Value, number[]>();
  #indexed = 0;

  constructor(estate: Estate) {
    this.#estate = estate;
  }

  /** Entries, oldest first. */
  of(ordinal: number): readonly ApiRecord[] {
    const threat = this.#estate.streams.threats.get(ordinal) ?? {};
    const logged = this.#activities(String(threat["id"]));
    const told = new Set(logged.map((entry) => entry["activityType"]));
    const entries = [...ownStory(threat).filter((entry) => !told.has(entry["activityType"])), ...logged];
    return entries.toSorted((a, b) => (String(a["createdAt"]) < String(b["createdAt"]) ? -1 : String(a["createdAt"]) > String(b["createdAt"]) ? 1 : 0));
  }

  /** Activities are only ever added at the end, so what was indexed stays so. */
  #activities(threatId: string): readonly ApiRecord[] {
    const activities = this.#estate.streams.activities;
    for (; this.#indexed < activities.end; this.#indexed += 1) {
      if (!activities.has(this.#indexed)) continue;
      const about = activities.value(this.#indexed, "threatId");
      if (about === null) continue;
      const known = this.#byThreat.get(about);
      if (known === undefined) this.#byThreat.set(about, [this.#indexed]);
      else known.push(this.#indexed);
    }
    return (this.#byThreat.get(threatId) ?? []).flatMap((ordinal) => {
      const activity = activities.get(ordinal);
      return activity === undefined ? [] : [Object.fromEntries(SHARED.map((name) => [name, activity[name] ?? null]))];
    });
  }
}

/** What a threat's own record tells of it. */
function ownStory(threat: ApiRecord): readonly ApiRecord[] {
  const info = isRecord(threat["threatInfo"]) ? threat["threatInfo"] : {};
  const agent = isRecord(threat["agentRealtimeInfo"]) ? threat["agentRealtimeInfo"] : {};
  const host = textAt(agent, "agentComputerName") ?? "a machine";
  const file = textAt(info, "threatName") ?? null;
  const entry = (type: number, at: unknown, text: string): ApiRecord => ({
    id: idFrom(ENTRY_CODE, `${String(threat["id"])}/${String(type)}`),
    activityType: type,
    createdAt: at ?? null,
    updatedAt: at ?? null,
    primaryDescription: text,
    secondaryDescription: file,
    data: { computerName: host, fileDisplayName: file, filePath: info["filePath"] ?? null, threatClassification: info["classification"] ?? null, confidenceLevel: info["confidenceLevel"] ?? null, downloadUrl: null },
    osFamily: agent["agentOsType"] ?? null,
    hash: info["sha1"] ?? null,
    agentUpdatedVersion: null,
    userId: null,
    threatId: threat["id"] ?? null,
    agentId: agent["agentId"] ?? null,
    accountId: agent["accountId"] ?? null,
    siteId: agent["siteId"] ?? null,
    groupId: agent["groupId"] ?? null,
  });
  const entries = [detection(info, host, entry)];
  const mitigations: readonly unknown[] = Array.isArray(threat["mitigationStatus"]) ? threat["mitigationStatus"] : [];
  for (const item of mitigations.filter(isRecord)) {
    const action = String(item["action"]);
    const type = MITIGATION_RESULTS[action];
    if (type !== undefined) entries.push(entry(type, item["lastUpdate"], `The agent on ${host} answered ${action} with ${String(item["status"])}.`));
  }
  if (textAt(info, "analystVerdict") !== "undefined") entries.push(entry(2030, info["updatedAt"], `The verdict on ${file ?? "the threat"} is ${textAt(info, "analystVerdictDescription") ?? "unknown"}.`));
  if (textAt(info, "incidentStatus") !== "unresolved") entries.push(entry(2028, info["updatedAt"], `The incident of ${file ?? "the threat"} is ${textAt(info, "incidentStatusDescription") ?? "unknown"}.`));
  return entries;
}

function detection(info: ApiRecord, host: string, entry: (type: number, at: unknown, text: string) => ApiRecord): ApiRecord {
  if (info["confidenceLevel"] === "suspicious") return entry(4003, info["createdAt"], `A suspicious file was detected on ${host}.`);
  if (info["mitigationStatus"] === "mitigated") return entry(18, info["createdAt"], `A threat was detected and mitigated on ${host}.`);
  return entry(19, info["createdAt"], `A threat was detected on ${host}.`);
}
