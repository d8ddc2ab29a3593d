/**
 * Changes to the estate: the ones a test asks for and the ones time brings. Records to change are picked by the seed, so that the
 * same requests change the same records.
 */
import type { SimulatedClock } from "./clock.ts";
import type { Collection } from "./collection.ts";
import { makeActivity } from "./estate/activities.ts";
import { freshAlert } from "./estate/alerts.ts";
import type { Estate } from "./estate/estate.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import { mix } from "./random.ts";
import { ordinaryChange } from "./ordinary-change.ts";
import type { Actor } from "./actions.ts";
import { isStaffStream, STAFF_STREAMS, type Staff } from "./staff.ts";
import { isRecord, readPath, withPath, type ApiRecord } from "./record.ts";
import { DAY, micros, millis } from "./times.ts";

export interface Mutation {
  readonly stream: StreamId;
  readonly action: "update" | "add" | "remove";
  readonly ids?: readonly string[];
  /** How many records, picked by the seed. */
  readonly count?: number;
  /** Which share of the records, picked by the seed. */
  readonly fraction?: number;
  /** Fields to set; dotted names reach inside. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Of users, service users and roles: the person who did it, by id or e-mail address (`true`: any), whom an activity then names. Left out: no activity. */
  readonly by?: string | true;
}

export interface MutationResult {
  readonly changed: number;
  /** At most the first 1000. */
  readonly ids: readonly string[];
}

const SHOWN_IDS = 1000;

/** Where a stream's records carry their times. Streams left out carry none that a change moves. */
export const STAMPS: Readonly<Partial<Record<StreamId, { readonly created?: string; readonly updated?: string; readonly format: (time: number) => string }>>> = {
  accounts: { created: "createdAt", updated: "updatedAt", format: micros },
  sites: { created: "createdAt", updated: "updatedAt", format: micros },
  groups: { created: "createdAt", updated: "updatedAt", format: micros },
  roles: { created: "createdAt", updated: "updatedAt", format: micros },
  users: { created: "createdAt", format: micros },
  "service-users": { created: "createdAt", updated: "updatedAt", format: micros },
  agents: { created: "createdAt", updated: "updatedAt", format: micros },
  threats: { created: "threatInfo.createdAt", updated: "threatInfo.updatedAt", format: micros },
  alerts: { created: "createdAt", updated: "updatedAt", format: millis },
  "cloud-detection-alerts": { created: "alertInfo.createdAt", updated: "alertInfo.updatedAt", format: micros },
  activities: { created: "createdAt", updated: "updatedAt", format: micros },
  applications: { created: "detectionDate", format: micros },
  risks: { created: "detectionDate", format: micros },
};

export class Mutator {
  readonly #estate: Estate;
  readonly #clock: SimulatedClock;
  readonly #staff: Staff;
  #turn = 0;

  constructor(estate: Estate, clock: SimulatedClock, staff: Staff) {
    this.#estate = estate;
    this.#clock = clock;
    this.#staff = staff;
  }

  /** Applies a change; throws a RangeError for one that makes no sense. */
  apply(mutation: Mutation): MutationResult {
    const collection = this.#estate.streams[mutation.stream];
    if (mutation.by !== undefined && !isStaffStream(mutation.stream)) throw new RangeError(`by is for ${STAFF_STREAMS.join(", ")}`);
    const actor = mutation.by === undefined ? undefined : this.#staff.actor(mutation.by);
    this.#turn += 1;
    const idPath = collection.shape.idPath ?? "id";
    const ids: string[] = [];
    let changed = 0;
    const note = (ordinal: number): void => {
      changed += 1;
      if (ids.length < SHOWN_IDS) ids.push(String(collection.value(ordinal, idPath)));
    };
    if (mutation.action === "add") {
      const count = wholeCount(mutation.count ?? 1);
      for (let n = 0; n < count; n += 1) {
        const ordinal = this.#add(collection, mutation, actor);
        note(ordinal);
        this.#tell(mutation.stream, undefined, collection.get(ordinal), actor);
      }
      return { changed, ids };
    }
    for (const ordinal of this.#chosen(collection, mutation)) {
      note(ordinal);
      const before = actor === undefined ? undefined : collection.get(ordinal);
      if (mutation.action === "remove") collection.remove(ordinal, this.#clock.stamp());
      else this.#update(collection, ordinal, mutation);
      this.#tell(mutation.stream, before, collection.get(ordinal), actor);
    }
    return { changed, ids };
  }

  #tell(stream: StreamId, before: ApiRecord | undefined, after: ApiRecord | undefined, actor: Actor | undefined): void {
    if (actor !== undefined && isStaffStream(stream)) this.#staff.tell({ stream, before, after }, actor);
  }

  #chosen(collection: Collection, mutation: Mutation): readonly number[] {
    if (mutation.ids !== undefined) return mutation.ids.flatMap((id) => collection.find(id));
    const wanted = Math.min(collection.live, mutation.fraction === undefined ? wholeCount(mutation.count ?? 1) : Math.round(shareOf(mutation.fraction) * collection.live));
    const dice = (at: number): number => mix(this.#estate.world.seed, 98, at, this.#turn) / 4_294_967_296;
    if (wanted * 4 > collection.live) {
      // The first `wanted` of a seeded shuffle.
      const live = [...collection.walk({ path: "id", descending: false })];
      for (let at = 0; at < wanted; at += 1) {
        const other = at + Math.floor(dice(at) * (live.length - at));
        const here = live[at] ?? 0;
        live[at] = live[other] ?? here;
        live[other] = here;
      }
      return live.slice(0, wanted);
    }
    const chosen = new Set<number>();
    for (let at = 0; chosen.size < wanted; at += 1) {
      const ordinal = Math.floor(dice(at) * collection.end);
      if (collection.has(ordinal)) chosen.add(ordinal);
    }
    return [...chosen];
  }

  #update(collection: Collection, ordinal: number, mutation: Mutation): void {
    const stamps = STAMPS[mutation.stream];
    const stamp = this.#stampFor(stamps?.format);
    const changes = mutation.set ?? ordinaryChange(mutation.stream, collection.get(ordinal) ?? {}, mix(this.#estate.world.seed, 94, ordinal, this.#turn), stamp);
    const moved = stamps?.updated === undefined || Object.hasOwn(changes, stamps.updated) ? {} : { [stamps.updated]: stamps.format(stamp) };
    collection.patch(ordinal, { ...changes, ...moved }, stamp);
  }

  #add(collection: Collection, mutation: Mutation, actor: Actor | undefined): number {
    const stamps = STAMPS[mutation.stream];
    const stamp = this.#stampFor(stamps?.format);
    return collection.add((id, n) => {
      let record = this.#fresh(collection, mutation.stream, id, n, stamp);
      for (const path of [collection.shape.idPath ?? "id", ...(mutation.stream === "threats" ? ["threatInfo.threatId"] : [])]) record = withPath(record, path, id);
      for (const path of [stamps?.created, stamps?.updated]) if (path !== undefined) record = withPath(record, path, stamps?.format(stamp));
      if (mutation.stream === "alerts") for (const path of ["detectedAt", "lastSeenAt", "firstSeenAt"]) record = withPath(record, path, millis(stamp));
      if (actor !== undefined) record = madeBy(mutation.stream, record, actor, this.#estate);
      for (const [path, value] of Object.entries(mutation.set ?? {})) record = withPath(record, path, value);
      return record;
    }, stamp);
  }

  /** GraphQL times have milliseconds only: a stamp there is a millisecond of its own. */
  #stampFor(format: ((time: number) => string) | undefined): number {
    const stamp = this.#clock.stamp();
    if (format !== millis) return stamp;
    const ms = Math.floor(stamp / 1000) * 1000;
    return ms === stamp ? stamp : this.#clock.stampAt(ms + 1000);
  }

  /** A new record modelled on an old one, told apart by what identifies it. */
  #fresh(collection: Collection, stream: StreamId, id: string, n: number, stamp: number): ApiRecord {
    const { world } = this.#estate;
    if (stream === "activities" && world.sizes.agents > 0) {
      const index = collection.end;
      return makeActivity(world, id, mix(world.seed, 97, index, 0) % world.sizes.agents, index, stamp);
    }
    let model: ApiRecord = {};
    for (let at = mix(world.seed, 96, n, 0) % Math.max(1, collection.end), tries = 0; tries < collection.end; tries += 1, at = (at + 1) % collection.end) {
      const found = collection.get(at);
      if (found !== undefined) {
        model = found;
        break;
      }
    }
    if (stream === "alerts") return freshAlert(model, id, stamp);
    const mark = `N${String(n + 1)}`;
    if (stream === "agents") {
      const uuid = mix(world.seed, 95, n, 1).toString(16).padStart(8, "0") + mix(world.seed, 95, n, 2).toString(16).padStart(8, "0");
      return {
        ...model,
        uuid: `${uuid}${uuid}`,
        computerName: `NEW-${mark}`,
        serialNumber: `SIMNEW${mark}`,
        registeredAt: micros(stamp),
        lastActiveDate: micros(stamp),
        isActive: true,
        isDecommissioned: false,
        isUninstalled: false,
        networkStatus: "connected",
        infected: false,
        activeThreats: 0,
      };
    }
    if (stream === "threats") return this.#freshThreat(model, n, stamp);
    if (stream === "users") return { ...model, email: `new.${mark.toLowerCase()}@estate.test`, fullName: `New Person ${mark}`, dateJoined: micros(stamp), firstLogin: null, lastLogin: null, apiToken: null };
    const name = readPath(model, "name");
    if (stream === "service-users") return { ...model, name: `service ${mark}`, lastActivation: null, updatedBy: null, apiToken: { createdAt: micros(stamp), expiresAt: micros(stamp + 180 * DAY) } };
    if (stream === "roles") return { ...model, name: `${typeof name === "string" ? name : "Role"} ${mark}`, predefinedRole: false, usersInRoles: 0 };
    return typeof name === "string" ? { ...model, name: `${name} ${mark}` } : model;
  }

  /** Nobody has looked at it yet; most are stopped at once. It is on a machine in service, when there is one. */
  #freshThreat(model: ApiRecord, n: number, stamp: number): ApiRecord {
    const { agents } = this.#estate.streams;
    const { seed } = this.#estate.world;
    const stopped = mix(seed, 92, n, 0) % 3 !== 0;
    let record = model;
    const told: Readonly<Record<string, unknown>> = {
      identifiedAt: micros(stamp),
      incidentStatus: "unresolved",
      incidentStatusDescription: "Unresolved",
      analystVerdict: "undefined",
      analystVerdictDescription: "Undefined",
      mitigationStatus: stopped ? "mitigated" : "not_mitigated",
      mitigationStatusDescription: stopped ? "Mitigated" : "Not mitigated",
    };
    if (isRecord(record["threatInfo"])) record = { ...record, threatInfo: { ...record["threatInfo"], ...told } };
    for (let salt = 1; salt < 30 && agents.end > 0; salt += 1) {
      const agent = agents.get(mix(seed, 92, n, salt) % agents.end);
      if (agent === undefined || agent["isDecommissioned"] === true || agent["isUninstalled"] === true || agent["osType"] !== readPath(model, "agentRealtimeInfo.agentOsType")) continue;
      return onAgentOf(record, agent);
    }
    return record;
  }
}

/** A service user or role names the person who made it. */
function madeBy(stream: StreamId, record: ApiRecord, { id, name }: Actor, { streams: { users } }: Estate): ApiRecord {
  if (stream === "service-users") return { ...record, createdBy: { id, name } };
  return stream === "roles" ? { ...record, creator: users.value(users.find(id)[0] ?? -1, "email"), creatorId: id } : record;
}

function wholeCount(count: number): number {
  if (!Number.isSafeInteger(count) || count < 0 || count > 5_000_000) throw new RangeError("count must be a whole number between 0 and 5000000");
  return count;
}

function shareOf(fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError("fraction must be between 0 and 1");
  return fraction;
}

/** The threat on this machine: as it was found, and as it is. */
function onAgentOf(threat: ApiRecord, agent: ApiRecord): ApiRecord {
  const found = isRecord(threat["agentDetectionInfo"]) ? threat["agentDetectionInfo"] : {};
  const now = isRecord(threat["agentRealtimeInfo"]) ? threat["agentRealtimeInfo"] : {};
  const place: Record<string, unknown> = {};
  for (const name of ["accountId", "accountName", "siteId", "siteName", "groupId", "groupName"]) place[name] = agent[name] ?? null;
  return {
    ...threat,
    agentDetectionInfo: {
      ...found,
      ...place,
      agentUuid: agent["uuid"] ?? null,
      agentVersion: agent["agentVersion"] ?? null,
      agentIpV4: agent["lastIpToMgmt"] ?? null,
      agentDomain: agent["domain"] ?? null,
      externalIp: agent["externalIp"] ?? null,
      agentOsName: agent["osName"] ?? null,
      agentOsRevision: agent["osRevision"] ?? null,
      agentLastLoggedInUserName: agent["lastLoggedInUserName"] ?? null,
      agentRegisteredAt: agent["registeredAt"] ?? null,
    },
    agentRealtimeInfo: { ...now, ...place, agentId: agent["id"] ?? null, agentComputerName: agent["computerName"] ?? null, agentUuid: agent["uuid"] ?? null },
  };
}
