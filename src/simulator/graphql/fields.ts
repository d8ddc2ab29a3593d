/** What alerts can be filtered on: field id → where the value is and which comparators the console accepts. */
export type Comparators = "match" | "exact" | "date" | "boolean" | "long";

export interface AlertField {
  readonly path: string;
  readonly comparators: Comparators;
  /** Name of the enum its values come from. */
  readonly choices?: string;
}

function fields(comparators: Comparators, table: Readonly<Record<string, string>>): Readonly<Record<string, AlertField>> {
  return Object.fromEntries(Object.entries(table).map(([id, path]) => [id, { path, comparators }]));
}

function under(prefix: string, parent: string, names: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.split(" ").map((name) => [`${prefix}${name}`, `${parent}.${name.charAt(0).toLowerCase()}${name.slice(1)}`]));
}

export const ALERT_FIELDS: Readonly<Record<string, AlertField>> = {
  ...fields("match", {
    id: "id",
    storylineId: "storylineId",
    alertName: "name",
    agentVersion: "assets.agentVersion",
    analyticsUid: "analytics.uid",
    assetId: "assets.id",
    assetName: "assets.name",
    assetLastLoggedInUser: "assets.lastLoggedInUser",
    assetAgentUuid: "assets.agentUuid",
    assetPolicy: "assets.policy",
    ticketId: "ticketId",
    assigneeFullName: "assignee.fullName",
    processName: "process.file.name",
    cmdLine: "process.cmdLine",
    fileName: "process.file.name",
    filePath: "process.file.path",
    actorFileSha1: "process.file.sha1",
    actorFileSha256: "process.file.sha256",
    actorFileMd5: "process.file.md5",
    fileSha1: "process.file.sha1",
    fileSha256: "process.file.sha256",
    fileMd5: "process.file.md5",
    publisherName: "process.file.certSubject",
    externalId: "externalId",
    affectedByAutomationRules: "affectedByAutomationRules",
    incidentId: "incident.id",
    incidentName: "incident.name",
    detectionAttackerIpAddress: "detectionTime.attacker.ip",
    detectionAttackerHostname: "detectionTime.attacker.host",
    detectionTargetUserName: "detectionTime.targetUser.name",
    detectionTargetUserDomain: "detectionTime.targetUser.domain",
    ...under("detectionAsset", "detectionTime.asset", "OsType OsName OsRevision AgentVersion LastLoggedInUser Domain IpV4 IpV6 ConsoleIpAddress"),
    ...under(
      "detectionKubernetes",
      "detectionTime.kubernetes",
      "ClusterName NodeName NodeLabels NamespaceName NamespaceLabels ControllerName ControllerType ControllerLabels PodName PodLabels ContainerName ContainerImageName ContainerId ContainerLabels ContainerNetworkStatus",
    ),
    ...under("detectionCloud", "detectionTime.cloud", "Location Network InstanceId Tags Image InstanceSize"),
    detectionCloudProvider: "detectionTime.cloud.cloudProvider",
    detectionCloudAccount: "detectionTime.cloud.accountId",
    ...under("detectionAws", "detectionTime.cloud.providerDetails", "SubnetIds Role SecurityGroups"),
    detectionGcpServiceAccount: "detectionTime.cloud.providerDetails.serviceAccount",
    detectionAzureResourceGroup: "detectionTime.cloud.providerDetails.resourceGroup",
  }),
  ...fields("exact", {
    aiInvestigationStatus: "aiInvestigation.status",
    aiVerdict: "aiInvestigation.verdict",
    detectionVendor: "detectionSource.vendor",
    detectionProduct: "detectionSource.product",
    analyticsCategory: "analytics.category",
    analyticsName: "analytics.name",
    analyticsType: "analytics.typeValue",
    assetStatus: "assets.status",
    assetOsVersion: "assets.osVersion",
    assetOsType: "assets.osType",
    assetTypeClassifier: "assets.assetTypeClassifier",
    assetCategory: "assets.category",
    assetSubcategory: "assets.subcategory",
    assetConnectivityToConsole: "assets.connectivityToConsole",
    assetAgentOperatingMode: "assets.agentOperatingMode",
    assetTagKeys: "assets.tags.key",
    assetTags: "assets.tags.keyValue",
    detectionAssetPolicy: "detectionTime.asset.policy",
    dataSources: "dataSources",
    labels: "labels",
    primaryIndicatorType: "primaryIndicatorType",
    mitreTechniques: "rawData.finding_info.attacks.technique.uid",
    mitreTactics: "rawData.finding_info.attacks.tactics.uid",
  }),
  severity: { path: "severity", comparators: "exact", choices: "Severity" },
  confidenceLevel: { path: "confidenceLevel", comparators: "exact", choices: "ConfidenceLevel" },
  analystVerdict: { path: "analystVerdict", comparators: "exact", choices: "AnalystVerdict" },
  status: { path: "status", comparators: "exact", choices: "Status" },
  result: { path: "result", comparators: "exact", choices: "MitigationResult" },
  classification: { path: "classification", comparators: "exact", choices: "Classification" },
  ...fields("date", {
    detectedAt: "detectedAt",
    createdAt: "createdAt",
    firstSeenAt: "firstSeenAt",
    lastSeenAt: "lastSeenAt",
    updatedAt: "updatedAt",
    detectionAssetSubscriptionTime: "detectionTime.asset.subscriptionTime",
  }),
  ...fields("boolean", {
    mitigationHasQuarantineFiles: "mitigationHasQuarantineFiles",
    aiInvestigationAutoTriggered: "aiInvestigation.autoTriggered",
    assetPendingReboot: "assets.pendingReboot",
    assetDecommissioned: "assets.decommissioned",
    alertNoteExists: "noteExists",
    ticketIdExists: "ticketIdExists",
    incidentExists: "incidentExists",
  }),
  assigneeUserId: { path: "assignee.userId", comparators: "long" },
};

export const COMPARATORS: Readonly<Record<Comparators, readonly string[]>> = {
  match: ["match", "stringIn", "stringEqual"],
  exact: ["stringIn", "stringEqual"],
  date: ["dateTimeRange"],
  boolean: ["booleanIn", "booleanEqual"],
  long: ["longIn", "longEqual"],
};

export const FILTER_TYPES: Readonly<Record<Comparators, readonly string[]>> = {
  match: ["FULLTEXT", "STRING_IN", "STRING_EQUAL"],
  exact: ["STRING_IN", "STRING_EQUAL"],
  date: ["DATE_RANGE"],
  boolean: ["BOOLEAN_IN", "BOOLEAN_EQUAL"],
  long: ["LONG_IN", "LONG_EQUAL"],
};

/** Fields a listing may be sorted by. */
export const SORTABLE: ReadonlySet<string> = new Set([
  "id",
  "alertName",
  "detectedAt",
  "createdAt",
  "updatedAt",
  "firstSeenAt",
  "lastSeenAt",
  "severity",
  "status",
  "analystVerdict",
  "classification",
  "confidenceLevel",
  "detectionProduct",
  "assetName",
]);
