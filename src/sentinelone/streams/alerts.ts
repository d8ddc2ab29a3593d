/**
 * Unified alerts of every product (EDR, STAR, Identity, third parties), by GraphQL, each with its `rawData`. `updatedAt` moves with status,
 * verdict, assignee and new sightings; `detectedAt` catches what has no update time. The list lags detection by a minute or two.
 * Account and site are no filters here but a scope argument of one level.
 */
import { column, columns, createMapper } from "./mapping.ts";
import { DAY, describeStream, endState, mapPage, MINUTE, newestTime, type StreamSpec } from "./listing.ts";
import { alertsOperation, withPrimaryAsset } from "./alerts-query.ts";
import type { Pass, Stream, StreamIo } from "./stream.ts";

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

const map = createMapper(spec);

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
      yield mapPage(page, map, page.nextCursor === null ? endState(request) : "more");
    }
  },
  count: async (partition, io) => (await first({ ...ALL, partition }, io)).totalItems,
  latest: async (pass, io) => newestTime(await first({ kind: "latest", pass }, io), map, spec.columns, pass.column),
  async probe(io) {
    await first(ALL, io);
  },
};
