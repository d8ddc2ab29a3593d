/** What alerts can be filtered on: field id → where the value is and which comparators the console accepts. */
export type Comparators = "match" | "exact" | "date" | "boolean" | "flag" | "long";

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
    detectionVendor: "detectionSource.vendor",
    detectionProduct: "detectionSource.product",
    analyticsCategory: "analytics.category",
    analyticsName: "analytics.name",
    analyticsType: "analytics.typeValue",
    assetOsVersion: "assets.osVersion",
    assetTypeClassifier: "assets.assetTypeClassifier",
    assetCategory: "assets.category",
    assetSubcategory: "assets.subcategory",
    assetAgentOperatingMode: "assets.agentOperatingMode",
    assetTagKeys: "assets.tags.key",
    assetTags: "assets.tags.keyValue",
    dataSources: "dataSources",
    labels: "labels",
    primaryIndicatorType: "primaryIndicatorType",
    mitreTechniques: "rawData.finding_info.attacks.technique.uid",
    mitreTactics: "rawData.finding_info.attacks.tactics.uid",
  }),
  aiInvestigationStatus: { path: "aiInvestigation.status", comparators: "exact", choices: "AiInvestigationStatus" },
  aiVerdict: { path: "aiInvestigation.verdict", comparators: "exact", choices: "AiInvestigationVerdict" },
  assetStatus: { path: "assets.status", comparators: "exact", choices: "AssetStatus" },
  assetOsType: { path: "assets.osType", comparators: "exact", choices: "OsType" },
  assetConnectivityToConsole: { path: "assets.connectivityToConsole", comparators: "exact", choices: "ConsoleConnectivity" },
  detectionAssetPolicy: { path: "detectionTime.asset.policy", comparators: "exact", choices: "Policy" },
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
  }),
  incidentExists: { path: "incidentExists", comparators: "flag" },
  assigneeUserId: { path: "assignee.userId", comparators: "long" },
};

export const COMPARATORS: Readonly<Record<Comparators, readonly string[]>> = {
  match: ["match", "stringIn", "stringEqual"],
  exact: ["stringIn", "stringEqual"],
  date: ["dateTimeRange"],
  boolean: ["booleanIn", "booleanEqual"],
  flag: ["booleanEqual"],
  long: ["longIn", "longEqual"],
};

export const FILTER_TYPES: Readonly<Record<Comparators, readonly string[]>> = {
  match: ["FULLTEXT", "STRING_STARTS_WITH", "STRING_ENDS_WITH", "STRING_IN", "STRING_EQUAL"],
  exact: ["STRING_IN", "STRING_EQUAL"],
  date: ["DATE_RANGE"],
  boolean: ["BOOLEAN_IN", "BOOLEAN_EQUAL"],
  flag: ["BOOLEAN_EQUAL"],
  long: ["LONG_IN", "LONG_EQUAL"],
};

const LISTS: ReadonlySet<string> = new Set(["dataSources", "labels", "mitreTechniques", "mitreTactics", "assetTagKeys", "assetTags", "affectedByAutomationRules"]);

/** How column metadata names the type of a field. */
export function dataType(fieldId: string, field: AlertField): string {
  if (LISTS.has(fieldId)) return "STRING_ARRAY";
  return { match: "STRING", exact: "STRING", date: "DATE", boolean: "BOOLEAN", flag: "BOOLEAN", long: "LONG" }[field.comparators];
}

/** Whether a field's values are suggested while someone types. */
export function suggests(fieldId: string): boolean {
  return ALERT_FIELDS[fieldId]?.comparators === "match" && fieldId !== "externalId" && fieldId !== "id";
}

const GROUPED_TEXT: ReadonlySet<string> = new Set(
  "alertName storylineId assetName assetLastLoggedInUser processName fileName fileSha1 fileSha256 analyticsUid incidentName assigneeFullName detectionAttackerIpAddress".split(" "),
);

/** Whether alerts may be grouped by a field. */
export function groups(fieldId: string): boolean {
  return ALERT_FIELDS[fieldId]?.comparators === "exact" || ALERT_FIELDS[fieldId]?.comparators === "boolean" || GROUPED_TEXT.has(fieldId);
}

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
