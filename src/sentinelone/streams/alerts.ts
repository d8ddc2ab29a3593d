/**
 * Unified alerts of every product (EDR, STAR, Identity, third parties), by GraphQL, each with its `rawData`. `updatedAt` moves with status,
 * verdict, assignee and new sightings; `detectedAt` catches what has no update time. The list lags detection by a minute or two.
 * Account and site are no filters here but a scope argument of one level.
 */
import type { ConnectionOperation, JsonObject, JsonValue } from "../client.ts";
import { column, columns, createMapper, isObject } from "./mapping.ts";
import { DAY, describeStream, endState, mapPage, MINUTE, newestTime, type StreamSpec } from "./listing.ts";
import { LIST_ALERTS, RAW_DATA } from "./alerts-query.ts";
import type { Pass, ReadRequest, Stream, StreamIo } from "./stream.ts";

const FIELDS = { updated: "updatedAt", created: "createdAt", detected: "detectedAt", reported: "detectedAt" } as const satisfies Record<Pass["id"], string>;
const PASSES: readonly Pass[] = [
  { id: "updated", column: "updated_at", overlapMs: 5 * MINUTE },
  { id: "detected", column: "detected_at", overlapMs: 15 * MINUTE },
];

const spec: StreamSpec = {
  id: "alerts",
  title: "Unified alerts",
  endpoint: "/unifiedalerts/graphql",
  needs: ["Unified Alerts.view"],
  everyMs: MINUTE,
  proofEveryMs: DAY,
  passesSeeEveryChange: true,
  version: "updated_at",
  siteId: "site_id",
  retentionColumn: "detected_at",
  derive: withPrimaryAsset,
  columns: [
    column("text", "id"),
    column("text", "storylineId", "storyline_id", { indexed: true }),
    ...columns("text", "externalId name description severity status analystVerdict confidenceLevel classification result ticketId primaryIndicatorType"),
    ...columns("text", "product vendor", "detectionSource."),
    ...columns("text", "analytics.category analytics.name analytics.typeValue analytics.uid assignee.userId assignee.email assignee.fullName incident.id incident.name"),
    column("time", "updatedAt", "updated_at", { indexed: true }),
    column("time", "detectedAt", "detected_at", { indexed: true }),
    ...columns("time", "createdAt firstSeenAt lastSeenAt"),
    ...columns("boolean", "noteExists"),
    ...["account", "site", "group"].flatMap((level) => [column("text", `realTime.scope.${level}.id`, `${level}_id`), column("text", `realTime.scope.${level}.name`, `${level}_name`)]),
    ...columns("text", "asset.id asset.name asset.agentUuid asset.category asset.subcategory asset.osType asset.osVersion asset.role asset.lastLoggedInUser"),
    ...columns("text", "process.cmdLine process.parentName process.file.name process.file.path process.file.sha1 process.file.sha256 process.file.md5"),
    ...["host", "ip"].map((field) => column("text", `detectionTime.attacker.${field}`, `attacker_${field}`)),
    ...[["name", "name"], ["domain", "domain"], ["emailAddress", "email"]].map(([field, name]) => column("text", `detectionTime.targetUser.${field}`, `target_user_${name}`)),
    ...columns("json", "attackSurfaces dataSources labels assets detectionTime rawData"),
  ],
};

/** `asset`: the primary of `assets`, or the first. `realTime`: from the scope at detection where the console left it out. */
function withPrimaryAsset(record: JsonObject): JsonObject {
  const assets: readonly JsonValue[] = Array.isArray(record["assets"]) ? (record["assets"] as readonly JsonValue[]) : [];
  const asset = assets.find((entry) => isObject(entry) && entry["primary"] === true) ?? assets[0] ?? record["asset"] ?? null;
  const then = isObject(record["detectionTime"]) ? record["detectionTime"]["scope"] : null;
  if ((record["realTime"] ?? null) !== null || !isObject(then)) return { ...record, asset };
  const level = (name: string): JsonObject => ({ id: then[`${name}Id`] ?? null, name: then[`${name}Name`] ?? null });
  return { ...record, asset, realTime: { scope: { account: level("account"), site: level("site"), group: level("group") } } };
}

/** The narrowest scope asked for; the argument takes one level only. */
function scopeOf(params: Readonly<Record<string, string>>): { readonly scopeIds: readonly string[]; readonly scopeType: string } | null {
  for (const [name, scopeType] of [["groupIds", "GROUP"], ["siteIds", "SITE"], ["accountIds", "ACCOUNT"]] as const) {
    const ids = params[name];
    if (ids !== undefined && ids !== "") return { scopeIds: ids.split(","), scopeType };
  }
  return null;
}

function operation(request: ReadRequest | { readonly kind: "latest"; readonly pass: Pass }, io: StreamIo, details: boolean): ConnectionOperation {
  const partition = request.kind === "snapshot" ? request.partition.params : {};
  const field = request.kind === "snapshot" ? "createdAt" : FIELDS[request.pass.id];
  const range = request.kind === "changes" ? { start: request.from === null ? null : Date.parse(request.from), end: request.to === null ? null : Date.parse(request.to) + 1 } : null;
  return {
    query: LIST_ALERTS,
    operationName: "ListAlerts",
    field: "alerts",
    variables: {
      scope: scopeOf({ ...io.scopeParams, ...partition }),
      sort: { by: field, order: request.kind === "latest" ? "DESC" : "ASC" },
      filters: range === null ? [] : [{ fieldId: field, dateTimeRange: { ...range, startInclusive: true, endInclusive: true } }],
    },
    ...(details ? { details: { query: RAW_DATA, operationName: "AlertsRawData", field: "alertsRawData", idKey: "alertId", valueKey: "rawData", into: "rawData", batch: 500 } } : {}),
  };
}

const map = createMapper(spec);

async function first(request: Parameters<typeof operation>[0], io: StreamIo): ReturnType<StreamIo["client"]["page"]> {
  for await (const page of io.client.connection(operation(request, io, false), { limit: 1, signal: io.signal, prefetch: false })) return page;
  return { records: [], nextCursor: null, totalItems: null, bytes: 0 };
}

const ALL = { kind: "snapshot", partition: { id: "all", params: {} }, cursor: null } as const;

export const alerts: Stream = {
  ...describeStream(spec, PASSES, map),
  async *read(request, io) {
    const from = request.kind === "snapshot" ? request.cursor : null;
    for await (const page of io.client.connection(operation(request, io, true), { limit: io.limit, from, signal: io.signal })) {
      yield mapPage(page, map, page.nextCursor === null ? endState(request) : "more");
    }
  },
  count: async (partition, io) => (await first({ ...ALL, partition }, io)).totalItems,
  latest: async (pass, io) => newestTime(await first({ kind: "latest", pass }, io), map, spec.columns, pass.column),
  async probe(io) {
    await first(ALL, io);
  },
};
