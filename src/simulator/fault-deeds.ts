/** Faults that are events at the console: a token revoked or narrowed, a clock set, records moved or changed together. What they do stays. */
import type { SimulatedClock } from "./clock.ts";
import type { Estate } from "./estate/estate.ts";
import type { Strike } from "./fault-book.ts";
import { STAMPS, type Mutator } from "./mutation.ts";
import { mix } from "./random.ts";
import { readPath, type ApiRecord } from "./record.ts";
import { LIST_ENDPOINTS } from "./rest/endpoints.ts";
import type { TokenBook } from "./tokens.ts";
import type { StreamId } from "../kernel/stream-ids.ts";

export interface DeedParts {
  readonly estate: Estate;
  readonly mutator: Mutator;
  readonly tokens: TokenBook;
  readonly clock: SimulatedClock;
}

const EQUAL_ROWS = 25;

const STREAM_OF: ReadonlyMap<string, StreamId> = new Map<string, StreamId>([
  ...Object.values(LIST_ENDPOINTS).map(({ path, stream }) => [path, stream] as const),
  ["/unifiedalerts/graphql", "alerts"],
]);

/** Where a record says which site it belongs to. */
const PLACES: Readonly<Partial<Record<StreamId, (place: Place) => ApiRecord>>> = {
  agents: (place) => flat("", place),
  threats: (place) => flat("agentRealtimeInfo.", place),
  activities: (place) => flat("", place),
  "cloud-detection-alerts": ({ site, account }) => ({ "agentDetectionInfo.siteId": site.id, "agentDetectionInfo.accountId": account.id }),
  alerts: ({ site, account, group }) => ({ "realTime.scope.site": site, "realTime.scope.account": account, "realTime.scope.group": group }),
};

interface Named {
  readonly id: unknown;
  readonly name: unknown;
}

interface Place {
  readonly site: Named;
  readonly account: Named;
  readonly group: Named;
}

function flat(prefix: string, { site, account, group }: Place): ApiRecord {
  return {
    [`${prefix}siteId`]: site.id,
    [`${prefix}siteName`]: site.name,
    [`${prefix}accountId`]: account.id,
    [`${prefix}accountName`]: account.name,
    [`${prefix}groupId`]: group.id,
    [`${prefix}groupName`]: group.name,
  };
}

/** Does what the fault says; false where there was nothing to do it to, undefined for faults that are no deeds. */
export function doDeed(parts: DeedParts, strike: Strike, path: string, tokenText: string): boolean | undefined {
  const { fault } = strike;
  switch (fault.kind) {
    case "revoke-token":
      return parts.tokens.change(tokenText, { revoked: true });
    case "narrow-token": {
      const { level, ids, role } = fault;
      const narrowed = level ?? (role === undefined ? "site" : undefined);
      const first = narrowed === undefined ? undefined : readPath(firstOf(parts.estate, narrowed === "site" ? "sites" : "accounts"), "id");
      return parts.tokens.change(tokenText, { ...(narrowed === undefined ? {} : { level: narrowed, ids: ids ?? [String(first)] }), ...(role === undefined ? {} : { role }) });
    }
    case "clock-jump":
      parts.clock.jump(fault.ms);
      return fault.ms !== 0;
    case "move-sites": {
      const stream = STREAM_OF.get(path);
      return stream !== undefined && moveSites(parts, stream, fault.rows ?? 1, fault.silent === true, strike.turn);
    }
    case "equal-times": {
      const stream = STREAM_OF.get(path);
      return stream !== undefined && changeTogether(parts, stream, fault.rows ?? EQUAL_ROWS);
    }
    default:
      return undefined;
  }
}

function firstOf(estate: Estate, stream: "sites" | "accounts"): ApiRecord {
  const collection = estate.streams[stream];
  for (const ordinal of collection.walk({ path: "id", descending: false })) return collection.get(ordinal) ?? {};
  return {};
}

function moveSites({ estate, mutator }: DeedParts, stream: StreamId, rows: number, silent: boolean, turn: number): boolean {
  const placed = PLACES[stream];
  const collection = estate.streams[stream];
  const sites = [...estate.streams.sites.walk({ path: "id", descending: false })].map((ordinal) => estate.streams.sites.get(ordinal) ?? {});
  if (placed === undefined || sites.length < 2) return false;
  let moved = 0;
  for (let tries = 0; moved < rows && tries < rows * 10; tries += 1) {
    const ordinal = mix(estate.world.seed, 93, turn, tries) % Math.max(1, collection.end);
    const here = collection.has(ordinal) ? collection.scopes(ordinal)[0]?.site : undefined;
    const at = sites.findIndex((site) => site["id"] === here);
    const next = at === -1 ? undefined : sites[(at + 1) % sites.length];
    if (next === undefined) continue;
    const stamps = STAMPS[stream];
    const record = collection.get(ordinal) ?? {};
    const keep = silent && stamps?.updated !== undefined ? { [stamps.updated]: readPath(record, stamps.updated) } : {};
    const id = String(collection.value(ordinal, collection.shape.idPath ?? "id"));
    moved += mutator.apply({ stream, action: "update", ids: [id], set: { ...placed(placeOf(estate, next)), ...keep } }).changed;
  }
  return moved > 0;
}

function placeOf(estate: Estate, site: ApiRecord): Place {
  const groups = estate.streams.groups;
  let group: ApiRecord = {};
  for (const ordinal of groups.walk({ path: "id", descending: false })) {
    if (groups.value(ordinal, "siteId") !== site["id"]) continue;
    group = groups.get(ordinal) ?? {};
    break;
  }
  return { site: { id: site["id"], name: site["name"] }, account: { id: site["accountId"], name: site["accountName"] }, group: { id: group["id"] ?? null, name: group["name"] ?? null } };
}

/** Activities are written once: there, new ones come at one time. */
function changeTogether({ mutator, clock }: DeedParts, stream: StreamId, rows: number): boolean {
  const stamps = STAMPS[stream];
  const field = stamps?.updated ?? stamps?.created;
  if (stamps === undefined || field === undefined) return false;
  const time = stamps.format(clock.stamp());
  if (stream !== "activities") return mutator.apply({ stream, action: "update", count: rows, set: { [field]: time } }).changed > 0;
  return mutator.apply({ stream, action: "add", count: rows, set: { createdAt: time, updatedAt: time } }).changed > 0;
}
