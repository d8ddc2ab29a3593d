/**
 * Unified alerts of every product (EDR, STAR, Identity, third parties), by GraphQL, each with its `rawData`. `updatedAt` moves with status,
 * verdict, assignee and new sightings; `detectedAt` catches what has no update time. The list lags detection by a minute or two.
 * Account and site are no filters here but a scope argument of one level. The console may leave an alert out of its answer for `rawData`:
 * it is asked for once more, and what stays missing is null until a later reading (the overlap, a look-back, the daily proof) brings it;
 * a reading without it never takes the place of one of the same alert with it.
 */
import type { JsonValue, ListPage, SourceRecord } from "../client.ts";
import { column, columns, createMapper, isObject } from "./mapping.ts";
import { DAY, describeStream, endState, mapPage, MINUTE, newestTime, type StreamSpec } from "./listing.ts";
import { alertsOperation, RAW_DATA, RAW_DATA_BATCH, withPrimaryAsset } from "./alerts-query.ts";
import type { Pass, Stream, StreamIo } from "./stream.ts";

const PASSES: readonly Pass[] = [
  { id: "updated", column: "updated_at", overlapMs: 5 * MINUTE, looksBack: true },
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
  textKey: true,
  version: "updated_at",
  siteId: "site_id",
  retentionColumn: "detected_at",
  derive: withPrimaryAsset,
  // The time without its last letter, which in text order lies just before the whole one.
  finalVersion: (version, record) => (lacksRawData(record) ? version.replace(/Z$/, "") : version),
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

const map = createMapper(spec);

function lacksRawData({ value }: SourceRecord): boolean {
  return isObject(value) && (value["rawData"] ?? null) === null;
}

const NOTHING = '"rawData":null}';

/** Asks once more for what the first answer left out. */
async function completed(page: ListPage, io: StreamIo): Promise<ListPage> {
  const ids = page.records.filter(lacksRawData).flatMap(({ value }) => (typeof value["id"] === "string" && value["id"] !== "" ? [value["id"]] : []));
  if (ids.length === 0) return page;
  const found = new Map<JsonValue | undefined, JsonValue>();
  for (let at = 0; at < ids.length; at += RAW_DATA_BATCH) {
    const { alertsRawData } = await io.client.graphql({ query: RAW_DATA, operationName: "AlertsRawData", variables: { ids: ids.slice(at, at + RAW_DATA_BATCH) } }, io.signal);
    for (const row of Array.isArray(alertsRawData) ? (alertsRawData as readonly JsonValue[]) : []) if (isObject(row)) found.set(row["alertId"], row["rawData"] ?? null);
  }
  const records = page.records.map((record) => {
    const rawData = lacksRawData(record) ? (found.get(record.value["id"]) ?? null) : null;
    if (rawData === null || !record.raw.endsWith(NOTHING)) return record;
    return { value: { ...record.value, rawData }, raw: `${record.raw.slice(0, -NOTHING.length)}"rawData":${JSON.stringify(rawData)}}` };
  });
  return { ...page, records };
}

async function first(request: Parameters<typeof alertsOperation>[0], io: StreamIo): ReturnType<StreamIo["client"]["page"]> {
  for await (const page of io.client.connection(alertsOperation(request, io, false), { limit: 1, signal: io.signal, prefetch: false })) return page;
  return { records: [], size: 0, nextCursor: null, totalItems: null, bytes: 0 };
}

const ALL = { kind: "snapshot", partition: { id: "all", params: {} }, cursor: null } as const;

export const alerts: Stream = {
  ...describeStream(spec, PASSES, map),
  async *read(request, io) {
    const from = request.kind === "snapshot" ? request.cursor : null;
    for await (const page of io.client.connection(alertsOperation(request, io, true), { limit: io.limit, from, signal: io.signal })) {
      yield mapPage(await completed(page, io), map, page.nextCursor === null ? endState(request) : "more");
    }
  },
  count: async (partition, io) => (await first({ ...ALL, partition }, io)).totalItems,
  latest: async (pass, io) => newestTime(await first({ kind: "latest", pass }, io), map, spec.columns, pass.column),
  async probe(io) {
    await first(ALL, io);
  },
};
