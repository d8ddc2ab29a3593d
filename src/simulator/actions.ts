/**
 * What people and programs do to the estate through the API: records change with a fresh `updatedAt`, and every deed leaves an
 * activity that names who did it. It promises one stamp per change, later than every stamp before.
 */
import type { SimulatedClock } from "./clock.ts";
import type { Estate } from "./estate/estate.ts";
import { textAt } from "./estate/frame.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { STAMPS } from "./mutation.ts";
import { hashText } from "./random.ts";
import { isRecord, type ApiRecord } from "./record.ts";
import { ThreatNotes } from "./threat-notes.ts";
import { ThreatTimelines } from "./threat-timelines.ts";
import { micros } from "./times.ts";
import { Twins } from "./twins.ts";

/** Who does something. */
export interface Actor {
  readonly id: string;
  readonly name: string;
}

/** What an activity is about: a machine, a threat on it, a site or a group. */
export interface Subject {
  readonly accountId: string | null;
  readonly accountName: string | null;
  readonly siteId: string | null;
  readonly siteName: string | null;
  readonly groupId: string | null;
  readonly groupName: string | null;
  readonly agentId?: string | null;
  readonly computerName?: string | null;
  readonly osFamily?: string | null;
  readonly threatId?: string | null;
  readonly hash?: string | null;
}

export interface Deed {
  readonly type: number;
  /** Without an id: the console itself. */
  readonly actor: Actor | { readonly id: null; readonly name: string };
  readonly subject: Subject;
  readonly text: string;
  readonly secondary?: string | null;
  readonly comments?: string;
  /** Fields of the activity's own `data`; a function of its id for those that link to it. */
  readonly data?: ApiRecord | ((activityId: string) => ApiRecord);
}

function text(record: ApiRecord, ...path: readonly string[]): string | null {
  return textAt(record, ...path) ?? null;
}

function placeOf(record: ApiRecord): Subject {
  return {
    accountId: text(record, "accountId"),
    accountName: text(record, "accountName"),
    siteId: text(record, "siteId"),
    siteName: text(record, "siteName"),
    groupId: text(record, "groupId"),
    groupName: text(record, "groupName"),
  };
}

export function onAgent(agent: ApiRecord): Subject {
  return { ...placeOf(agent), agentId: text(agent, "id"), computerName: text(agent, "computerName"), osFamily: text(agent, "osType") };
}

export function onThreat(threat: ApiRecord): Subject {
  const agent = isRecord(threat["agentRealtimeInfo"]) ? threat["agentRealtimeInfo"] : {};
  return {
    ...placeOf(agent),
    agentId: text(agent, "agentId"),
    computerName: text(agent, "agentComputerName"),
    osFamily: text(agent, "agentOsType"),
    threatId: text(threat, "id"),
    hash: text(threat, "threatInfo", "sha1"),
  };
}

/** A site, or a group with the site it is in. */
export function onPlace(site: ApiRecord, group: ApiRecord = {}): Subject {
  return {
    accountId: text(site, "accountId"),
    accountName: text(site, "accountName"),
    siteId: text(site, "id"),
    siteName: text(site, "name"),
    groupId: text(group, "id"),
    groupName: text(group, "name"),
  };
}

function uuidOf(id: string): string {
  const hex = [1, 2, 3, 4].map((part) => hashText(id, part).toString(16).padStart(8, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Files that an agent sent to the console, each under its activity. */
export interface Upload {
  readonly agentId: string;
  readonly files: readonly string[];
  /** Undefined: the archive is not encrypted. */
  readonly password: string | undefined;
}

export interface Fetch {
  /** Without an id: the console itself. */
  readonly actor: Actor | { readonly id: null; readonly name: string };
  readonly subject: Subject;
  readonly files: readonly string[];
  readonly password: string | undefined;
  /** Type of the activity that tells of the file's arrival. */
  readonly arrival: 80 | 86;
  readonly text: string;
}

export class Actions {
  readonly notes: ThreatNotes;
  readonly timelines: ThreatTimelines;
  readonly #estate: Estate;
  readonly #clock: SimulatedClock;
  readonly #twins: Twins;
  readonly #uploads = new Map<string, Upload>();

  constructor(estate: Estate, clock: SimulatedClock) {
    this.#estate = estate;
    this.#clock = clock;
    this.notes = new ThreatNotes(estate);
    this.timelines = new ThreatTimelines(estate);
    this.#twins = new Twins(estate, clock);
  }

  /** Sets fields (dotted names reach inside) and the record's `updatedAt`; the record as it is then. */
  change(stream: StreamId, ordinal: number, changes: ApiRecord): ApiRecord {
    const collection = this.#estate.streams[stream];
    const stamp = this.#clock.stamp();
    const stamps = STAMPS[stream];
    collection.patch(ordinal, stamps?.updated === undefined ? changes : { ...changes, [stamps.updated]: stamps.format(stamp) }, stamp);
    const record = collection.get(ordinal) ?? {};
    if (stream === "threats" || stream === "cloud-detection-alerts") this.#twins.fromRest(stream, record);
    return record;
  }

  /** A unified alert has been changed: what it stands for follows. */
  alertChanged(alert: ApiRecord): void {
    this.#twins.fromAlert(alert);
  }

  remove(stream: StreamId, ordinal: number): void {
    this.#estate.streams[stream].remove(ordinal, this.#clock.stamp());
  }

  /** The time a deed is done at, written as the API writes it. */
  stamp(): string {
    return micros(this.#clock.stamp());
  }

  /** Adds the activity of a deed; its id. */
  log(deed: Deed): string {
    const stamp = this.#clock.stamp();
    const activities = this.#estate.streams.activities;
    const ordinal = activities.add((id) => activityOf(deed, id, micros(stamp)), stamp);
    return String(activities.value(ordinal, "id"));
  }

  /** Files are asked of an agent and have arrived: two activities of one batch, the second with a link to the archive; the second's id. */
  fetch(fetch: Fetch): string {
    const { actor, subject } = fetch;
    const agentId = subject.agentId ?? "";
    const host = subject.computerName ?? "a machine";
    const commandBatchUuid = uuidOf(`batch ${agentId} ${String(this.#uploads.size)}`);
    this.log({ type: 81, actor, subject, text: `The management user ${actor.name} initiated a fetch file command to the agent ${host}.`, data: { commandBatchUuid } });
    const arrived = this.log({
      type: fetch.arrival,
      actor,
      subject,
      text: fetch.text,
      secondary: fetch.files[0] ?? null,
      data: (id) => ({ commandBatchUuid, filename: "fetched.zip", uploadedFilename: "fetched.zip", filePath: `/agents/${agentId}/uploads/${id}`, downloadUrl: `/agents/${agentId}/uploads/${id}` }),
    });
    this.#uploads.set(arrived, { agentId, files: fetch.files, password: fetch.password });
    return arrived;
  }

  /** What an agent sent under this activity. */
  upload(activityId: string): Upload | undefined {
    return this.#uploads.get(activityId);
  }
}

/** `Group A in Site B of Account C`. */
function fullScope(place: Pick<Subject, "accountName" | "siteName" | "groupName">): string {
  const group = place.groupName === null ? "" : `Group ${place.groupName} in `;
  const site = place.siteName === null ? "" : `Site ${place.siteName} of `;
  return `${group}${site}Account ${place.accountName ?? ""}`.trim();
}

function activityOf(deed: Deed, id: string, at: string): ApiRecord {
  const { actor, subject } = deed;
  const place = { accountName: subject.accountName, siteName: subject.siteName, groupName: subject.groupName };
  const scopeLevel = subject.groupId !== null ? "Group" : subject.siteId !== null ? "Site" : "Account";
  const path = [place.accountName, place.siteName, place.groupName].filter((name) => name !== null);
  return {
    id,
    activityUuid: uuidOf(id),
    activityType: deed.type,
    createdAt: at,
    updatedAt: at,
    primaryDescription: deed.text,
    secondaryDescription: deed.secondary ?? null,
    description: null,
    comments: deed.comments ?? null,
    userId: actor.id,
    agentId: subject.agentId ?? null,
    threatId: subject.threatId ?? null,
    hash: subject.hash ?? null,
    osFamily: subject.osFamily ?? null,
    agentUpdatedVersion: null,
    accountId: subject.accountId,
    siteId: subject.siteId,
    groupId: subject.groupId,
    ...place,
    data: {
      ...place,
      username: actor.name,
      computerName: subject.computerName ?? null,
      source: "API",
      scopeLevel,
      scopeName: path.at(-1) ?? null,
      fullScopeDetails: fullScope(place),
      fullScopeDetailsPath: ["Global", ...path].join(" / "),
      ...(typeof deed.data === "function" ? deed.data(id) : deed.data),
    },
  };
}
