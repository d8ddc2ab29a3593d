/** The GraphQL text of the alerts stream: every list field we use, and the batch query for `rawData`. No deprecated field is asked for. */
export const LIST_ALERTS = `query ListAlerts($first: Int, $after: String, $filters: [FilterInput!], $sort: SortInput, $scope: ScopeSelectorInput) {
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

export const RAW_DATA = `query AlertsRawData($ids: [ID!]!) { alertsRawData(alertIds: $ids) { alertId rawData } }`;
