/**
 * What the alerts stream sends, and what it adds to a node: the GraphQL text with every list field we use, the batch query for `rawData`,
 * filters, order and scope. No deprecated field is asked for but `sort`, which production clients use and older consoles know alone.
 */
import type { ConnectionOperation, JsonObject, JsonValue } from "../client.ts";
import { isObject } from "./mapping.ts";
import type { Pass, ReadRequest, StreamIo } from "./stream.ts";

const LIST_ALERTS = `query ListAlerts($first: Int, $after: String, $filters: [FilterInput!], $sort: SortInput, $scope: ScopeSelectorInput) {
  alerts(first: $first, after: $after, filters: $filters, sort: $sort, scope: $scope) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges {
      node {
        id externalId name description severity status analystVerdict confidenceLevel classification result
        detectedAt createdAt firstSeenAt lastSeenAt updatedAt attackSurfaces dataSources labels noteExists ticketId storylineId primaryIndicatorType
        detectionSource { product vendor }
        analytics { category name typeValue uid }
        assignee { userId email fullName }
        incident { id name }
        assets { id primary accessible deleted category subcategory assetTypeClassifier name osType osVersion agentUuid agentVersion agentOperatingMode connectivityToConsole decommissioned lastLoggedInUser pendingReboot policy role status tags { key value type } }
        process { cmdLine parentName file { name path md5 sha1 sha256 certSubject } }
        realTime { scope { account { id name } site { id name } group { id name } } }
        detectionTime {
          scope { accountId accountName siteId siteName groupId groupName }
          asset { agentVersion consoleIpAddress domain ipV4 ipV6 lastLoggedInUser osName osRevision osType policy }
          attacker { host ip }
          targetUser { name domain displayName emailAddress }
          cloud { accountId cloudProvider image instanceId instanceSize location network tags }
          kubernetes { clusterName namespaceName nodeName podName controllerName controllerType containerName containerImageName containerId }
        }
      }
    }
  }
}`;

/** Alerts whose `rawData` one request asks for. */
export const RAW_DATA_BATCH = 500;
export const RAW_DATA = `query AlertsRawData($ids: [ID!]!) { alertsRawData(alertIds: $ids) { alertId rawData } }`;

const FIELDS = { updated: "updatedAt", created: "createdAt", detected: "detectedAt", reported: "detectedAt" } as const satisfies Record<Pass["id"], string>;

/** `asset`: the primary of `assets`, or the first. `realTime`: from the scope at detection where the console left it out. */
export function withPrimaryAsset(record: JsonObject): JsonObject {
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

/** One page's query; `details` adds the `rawData` of its alerts. */
export function alertsOperation(request: ReadRequest | { readonly kind: "latest"; readonly pass: Pass }, io: StreamIo, details: boolean): ConnectionOperation {
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
    ...(details ? { details: { query: RAW_DATA, operationName: "AlertsRawData", field: "alertsRawData", idKey: "alertId", valueKey: "rawData", into: "rawData", batch: RAW_DATA_BATCH } } : {}),
  };
}
