/** The unified-alerts schema, from the captured types of a production console: names, arguments, enums and nullability as they are there. */
const ENUMS: Readonly<Record<string, string>> = {
  Status: "NEW IN_PROGRESS RESOLVED",
  Severity: "CRITICAL HIGH MEDIUM LOW INFO UNKNOWN",
  ConfidenceLevel: "MALICIOUS SUSPICIOUS INFORMATIONAL",
  MitigationResult: "BENIGN MITIGATED UNMITIGATED",
  AttackSurfaceType: "EMAIL ENDPOINT IDENTITY NETWORK",
  AnalystVerdict:
    "UNDEFINED FALSE_POSITIVE_BENIGN FALSE_POSITIVE_BENIGN_BUT_SUSPICIOUS FALSE_POSITIVE_SYSTEM_ERROR FALSE_POSITIVE_UNDEFINED FALSE_POSITIVE_USER_ERROR TRUE_POSITIVE_ADVANCED_PERSISTENT_THREAT TRUE_POSITIVE_BENIGN TRUE_POSITIVE_BENIGN_BUT_SUSPICIOUS TRUE_POSITIVE_DATA_EXFILTRATION TRUE_POSITIVE_DENIAL_OF_SERVICE TRUE_POSITIVE_EXPLOITATION_TOOLS TRUE_POSITIVE_INSIDER_THREAT TRUE_POSITIVE_MALWARE TRUE_POSITIVE_PHISHING_ATTACK TRUE_POSITIVE_POLICY_VIOLATION TRUE_POSITIVE_PUA_ADWARE TRUE_POSITIVE_RANSOMWARE TRUE_POSITIVE_UNAUTHORIZED_ACCESS TRUE_POSITIVE_UNDEFINED",
  ViewType: "ALL CLOUD CUSTOM_ALERTS DLP ENDPOINT IDENTITY STAR THIRD_PARTY",
  OsType: "AIX ANDROID APPLE CISCO HP_UX IOS IPADOS LINUX MACOS SOLARIS UNKNOWN UNRECOGNIZED WINDOWS WYSE",
  AssetType: "DESKTOP DOMAIN_CONTROLLER KUBERNETES LAPTOP SERVER STORAGE UNKNOWN",
  AssetRole: "ACTOR AFFECTED OTHER RELATED TARGET",
  AssetStatus: "ACTIVE INACTIVE",
  ConsoleConnectivity: "ONLINE OFFLINE",
  Policy: "DETECT PROTECT",
  RelatedAssetOrigin: "LATERAL_MOVEMENT NETWORK RESOURCES",
  SLOStatus: "AT_RISK MET ON_TRACK OVERDUE OVERDUE_COMPLETED",
  ContentType: "HTML MARKDOWN PLAIN_TEXT",
  UserType: "CUSTOMER MDR S1",
  Classification:
    "APPLICATION_CONTROL BACKDOOR BENIGN BROWSER COINMINER COMMAND_AND_CONTROL CRYPTOMINER DIALER DOWNLOADER DROPPER ENUMERATION EXPLOIT GENERIC_HEURISTIC HACKTOOL INFO_STEALER INTERACTIVE_SHELL KEYLOGGER LATERAL_MOVEMENT LINUX_MALWARE MALICIOUS_MACRO MALICIOUS_OFFICE_DOC MALICIOUS_PDF MALWARE MANUAL MINER NETWORK PACKED PHISHING PUA RANSOMWARE REMOTE_SHELL ROGUE ROOTKIT SPYWARE TOOLBAR TROJAN UNKNOWN VIRUS WORM",
  AnalyticsType: "BEHAVIORAL EXACT_DATA_MATCH FINGERPRINTING INDEXED_DATA_MATCH KEYWORD_MATCH LEARNING OTHER PARTIAL_DATA_MATCH REGULAR_EXPRESSIONS RULE STATISTICAL TAGGING UNKNOWN",
  AiInvestigationStatus: "CANCELLED CANCELLING COMPLETED FAILED IN_PROGRESS UNSUPPORTED",
  PurpleAiStatus: "CANCELLED CANCELLING COMPLETED FAILED IN_PROGRESS NOT_STARTED QUEUED",
  AiInvestigationVerdict: "FALSE_POSITIVE TRUE_POSITIVE UNKNOWN",
  AlertHistoryEventType:
    "ANALYST_VERDICT ASSET_OPERATION BLOCKLIST CONFIDENCE_LEVEL DETECTION_CLOUD_DETAILS ENRICHMENT EXCLUSION MAINTENANCE_DELETE MITIGATION_ACTION MITIGATION_RESULT NOTES SEVERITY SOURCE_DEVICE_OPERATION STATUS TICKET_ID USER_ASSIGNMENT",
  AlertTimelineEventType: "ACTIVITY ASSET_OPERATION ENRICHMENT INDICATOR MITIGATION NOTE RELATED_ALERT",
  MitigationActionType: "BLOCKLIST_ADD EXCLUSION_ADD IDENTITY KILL PARTNER QUARANTINE REMEDIATE REMOVE_MACROS RESTORE_MACROS ROLLBACK UNQUARANTINE WORKFLOW",
  FilterType: "BOOLEAN_EQUAL BOOLEAN_IN DATE_RANGE FULLTEXT INT_EQUAL INT_IN INT_RANGE LONG_EQUAL LONG_IN LONG_RANGE STRING_ENDS_WITH STRING_EQUAL STRING_IN STRING_STARTS_WITH",
  ObservableType:
    "ACCOUNT_OBJECT_NAME ACCOUNT_OBJECT_UID ADVISORY_OBJECT_UID COMMAND_LINE CONTAINER COUNTRY CVE_OBJECT_UID CWE_OBJECT_UID DEVICE_OBJECT_UID EMAIL EMAIL_ADDRESS EMAIL_OBJECT_SUBJECT EMAIL_OBJECT_UID ENDPOINT FILE FILE_HASH FILE_NAME FILE_PATH FINGERPRINT GROUP_OBJECT_NAME GROUP_OBJECT_UID HOSTNAME HTTP_USER_AGENT IP LOCATION MAC MESSAGE_UID OTHER PORT PROCESS PROCESS_ENTITY_OBJECT_UID PROCESS_ID PROCESS_NAME REGISTRY_KEY REGISTRY_KEY_PATH REGISTRY_VALUE REGISTRY_VALUE_OBJECT_NAME RESOURCE_DETAILS_OBJECT_NAME RESOURCE_UID SCRIPT_CONTENT SERIAL_NUMBER SUBNET UNKNOWN URL URL_STRING USER USERNAME USER_CREDENTIAL_ID USER_OBJECT_UID",
  MitigationActionStatus: "ADDED CANCELLED FAILED PARTIAL PENDING PENDING_REBOOT RUNNING SENT SUCCESS",
  ActionType:
    "ADD_NOTE AI_INVESTIGATION ALERT ANALYST_VERDICT_UPDATE ASSET ASSIGN_USER DOWNLOAD INCIDENT LINK MITIGATION REDIRECT REFERENCE SEARCH SET_TICKET_ID SOURCE_DEVICE STATUS_UPDATE UNKNOWN",
  AssetTagType: "CLOUD SYSTEM UNSPECIFIED USER",
  PreemptiveMitigationType: "DRIVER_BLOCKED",
  FullTextOperator: "contains endsWith exactMatch startsWith",
  SortOrderType: "ASC DESC",
  ScopeType: "ACCOUNT GROUP SITE",
};

const INPUTS = `
input EqualFilter_BooleanInput { value: Boolean }
input EqualFilter_IntegerInput { value: Int }
input EqualFilter_LongInput { value: Long }
input EqualFilter_StringInput { value: String }
input InFilter_BooleanInput { values: [Boolean] = [] }
input InFilter_IntegerInput { values: [Int] = [] }
input InFilter_LongInput { values: [Long] = [] }
input InFilter_StringInput { values: [String] = [] }
input RangeFilter_IntegerInput { start: Int, startInclusive: Boolean = true, end: Int, endInclusive: Boolean = true }
input RangeFilter_LongInput { start: Long, startInclusive: Boolean = true, end: Long, endInclusive: Boolean = true }
input FulltextFilterInput { operator: FullTextOperator = contains, value: [String], values: [String] = [] }
input FilterInput {
  fieldId: String!
  isNegated: Boolean = false
  booleanEqual: EqualFilter_BooleanInput
  booleanIn: InFilter_BooleanInput
  dateTimeRange: RangeFilter_LongInput
  intEqual: EqualFilter_IntegerInput
  intIn: InFilter_IntegerInput
  intRange: RangeFilter_IntegerInput
  longEqual: EqualFilter_LongInput
  longIn: InFilter_LongInput
  longRange: RangeFilter_LongInput
  stringEqual: EqualFilter_StringInput
  stringIn: InFilter_StringInput
  match: FulltextFilterInput
}
input AndFilterSelectionInput { and: [FilterInput!] = [] }
input OrFilterSelectionInput { or: [AndFilterSelectionInput!] = [] }
input SortInput { by: String!, order: SortOrderType }
input ScopeSelectorInput { scopeIds: [ID!]!, scopeType: ScopeType! }
input AlertHistoryFilterInput { itemTypes: [AlertHistoryEventType!], text: String }
input AlertTimelineFilterInput { itemTypes: [AlertTimelineEventType!], text: String }
`;

const QUERIES = `
type Query {
  alerts(after: String, before: String, filters: [FilterInput!], first: Int, last: Int, orFilter: OrFilterSelectionInput, scope: ScopeSelectorInput, sort: SortInput, sorts: [SortInput!], viewType: ViewType = ALL): UnifiedAlertConnection!
  alert(id: ID!, scope: ScopeSelectorInput): UnifiedAlertDetail!
  alertWithRawIndicators(id: ID!): AlertWithRawIndicatorsResponse!
  alertsRawData(alertIds: [ID!]!): [AlertRawData!]!
  alertNotes(alertId: ID!): AlertNotesListResponse!
  alertHistory(after: String, alertId: ID!, before: String, filter: AlertHistoryFilterInput, first: Int, last: Int): AlertHistoryItemConnection!
  alertTimeline(after: String, alertId: ID!, before: String, filter: AlertTimelineFilterInput, first: Int, last: Int): AlertTimelineItemConnection!
  alertColumnMetadata(scope: ScopeSelectorInput, viewType: ViewType = ALL): [ColumnMetadata]!
  alertsViewDataAvailability(scope: ScopeSelectorInput): ViewDataAvailabilityResponse!
  alertsCsvExport(filters: [FilterInput!], scope: ScopeSelectorInput, viewType: ViewType = ALL): CsvResponse!
  alertHistoryCsvExport(alertId: ID!): CsvResponse!
  alertMitigationActionResults(alertId: ID!): MitigationActionResultListResponse
  alertAvailableActions(actionType: ActionType, actionTypes: [ActionType!], filter: OrFilterSelectionInput, scope: ScopeSelectorInput, viewType: ViewType = ALL): AvailableActionsResponse!
  alertFiltersCount(fieldIds: [String!]!, filters: [FilterInput], limit: Int, scope: ScopeSelectorInput, viewType: ViewType = ALL): AlertFiltersCountResponse!
  alertGroupByCount(fieldIds: [String!]!, filters: [FilterInput], limit: Int, scope: ScopeSelectorInput, viewType: ViewType = ALL): AlertGroupByResponse! @deprecated(reason: "Use alertGroups")
  autocompleteOptions(fieldId: String!, scope: ScopeSelectorInput, searchText: String!, viewType: ViewType = ALL): AutocompleteResponse!
  aiInvestigations(alertIds: [ID!]!, scope: ScopeSelectorInput): [AiInvestigation!]!
}
`;

/** Fields shared by a listed alert and an alert in detail. */
const ALERT = `
  id: ID!
  externalId: String!
  name: String
  description: String
  severity: Severity!
  status: Status!
  analystVerdict: AnalystVerdict!
  confidenceLevel: ConfidenceLevel
  classification: Classification!
  result: MitigationResult
  detectedAt: DateTime!
  createdAt: DateTime
  firstSeenAt: DateTime
  lastSeenAt: DateTime
  updatedAt: DateTime
  attackSurfaces: [AttackSurfaceType!]!
  detectionSource: DetectionSource!
  analytics: Analytics
  dataSources: [String!]!
  labels: [String!]!
  asset: Asset! @deprecated(reason: "Use assets")
  assets: [Asset!]!
  assignee: User
  noteExists: Boolean!
  ticketId: String
  storylineId: String
  primaryIndicatorType: String
  realTime: RealTime!
  detectionTime: DetectionTime!
  attackPathExists: Boolean
  attackPaths: [AttackPath!]
  incident: Incident
  exclusionHashes: ExclusionHashes
  exclusionHash: String @deprecated(reason: "Use exclusionHashes")
  fileHash: String @deprecated(reason: "Use process")
  fileName: String @deprecated(reason: "Use process")
  sloDetails: AlertSLODetails
`;

const OUTPUTS = `
scalar DateTime
scalar Instant
scalar Long
scalar JSON
scalar UUID
scalar ObjectScalar
interface Node { id: ID! }
type PageInfo { endCursor: String, startCursor: String, hasNextPage: Boolean!, hasPreviousPage: Boolean! }
type UnifiedAlertConnection { edges: [UnifiedAlertEdge], pageInfo: PageInfo!, totalCount: Long! }
type UnifiedAlertEdge { cursor: String!, node: UnifiedAlert }
type UnifiedAlert implements Node {${ALERT}
  process: Process
  mitigationDetails: MitigationDetails
  availableActionIds: [ID!]
  aiInvestigation: AiInvestigationInfo
  aiInvestigationStatus: AiInvestigationStatus @deprecated(reason: "Use aiInvestigation")
}
type UnifiedAlertDetail implements Node {${ALERT}
  process: ProcessDetail
  aiInvestigation: AiInvestigationDetailInfo
  counters: [Counter!]!
  enrichments: [Enrichment]
  indicators: [Indicator!]!
  observables: [Observable!]!
  ocsf: SecurityAlertEventResponse
  preemptiveMitigationType: PreemptiveMitigationType
  rawData: JSON
  relatedAlerts: [RelatedAlert]
  selfLink: String
  ticketIdExists: Boolean!
}
type Asset { id: ID!, accessible: Boolean!, deleted: Boolean!, primary: Boolean!, category: String!, subcategory: String!, paths: [String!]!, tags: [AssetTag!]!, type: AssetType! @deprecated(reason: "Use category"), agentOperatingMode: String, agentUuid: String, agentVersion: String, assetTypeClassifier: String, connectivityToConsole: ConsoleConnectivity, decommissioned: Boolean, lastLoggedInUser: String, name: String, origin: RelatedAssetOrigin, osType: OsType, osVersion: String, pendingReboot: Boolean, policy: Policy, role: AssetRole, status: AssetStatus }
type AssetTag { key: String!, keyValue: String, type: AssetTagType!, value: String! }
type Analytics { category: String, name: String, type: AnalyticsType @deprecated(reason: "Use typeValue"), typeValue: String, uid: String }
type DetectionSource { product: String!, vendor: String!, engine: String @deprecated(reason: "Use product") }
type User { userId: ID!, email: String!, fullName: String! }
type Incident { id: ID!, name: String! }
type ExclusionHashes { sha1: String, sha256: String }
type AttackPath { id: ID!, name: String! }
type Process { cmdLine: String, file: File, parentName: String }
type File { certSubject: String, md5: String, name: String, path: String, sha1: String, sha256: String }
type ProcessDetail { cmdLine: String, file: FileDetail, parentName: String, userDisplayName: String, userDomain: String, username: String }
type FileDetail { certSubject: String, md5: String, name: String, path: String, sha1: String, sha256: String, certExpiresAt: Instant, certSerialNumber: String, signatureVerification: String, size: Long }
type RealTime { scope: Scope! }
type Scope { account: Account!, group: Group!, site: Site! }
type Account { id: ID, name: String! }
type Group { id: ID, name: String! }
type Site { id: ID, name: String! }
type SimpleScopeResponse { accountId: ID, accountName: String!, groupId: String!, groupName: String!, siteId: String!, siteName: String! }
type DetectionTime { asset: DetectionAsset, assets: [DetectionTimeAsset!]!, attacker: DetectionAttackerDetails, cloud: DetectionCloud, kubernetes: DetectionKubernetes, scope: SimpleScopeResponse!, targetUser: DetectionTargetUserDetails }
type DetectionTimeAsset { accessible: Boolean!, asset: DetectionAsset, cloud: DetectionCloud, deleted: Boolean, kubernetes: DetectionKubernetes, origin: RelatedAssetOrigin, paths: [String!], primary: Boolean, scope: SimpleScopeResponse }
type DetectionAsset { agentVersion: String, consoleIpAddress: String, domain: String, ipV4: String, ipV4Addresses: [String!], ipV6: String, ipV6Addresses: [String!], lastLoggedInUser: String, osName: String, osRevision: String, osType: OsType, policy: Policy, subscriptionTime: Instant }
type DetectionAttackerDetails { host: String, ip: String }
type DetectionTargetUserDetails { displayName: String, domain: String, emailAddress: String, name: String }
type DetectionCloud { accountId: String, cloudProvider: String, image: String, instanceId: String, instanceSize: String, location: String, network: String, providerDetails: DetectionCloudProviderDetails, tags: [String] }
union DetectionCloudProviderDetails = DetectionAws | DetectionAzure | DetectionGcp
type DetectionAws { accountId: String, imageId: String, instanceId: String, instanceType: String, region: String, role: String, securityGroups: [String!], subnetIds: [String!], tags: [String!], vpcId: String }
type DetectionAzure { imageId: String, instanceId: String, instanceType: String, region: String, resourceGroup: String, subscriptionId: String, tags: [String!] }
type DetectionGcp { imageId: String, instanceId: String, instanceType: String, projectId: String, serviceAccount: String, tags: [String!], vpcId: String, zone: String }
type DetectionKubernetes { clusterName: String, containerId: String, containerImageName: String, containerLabels: [String!], containerName: String, containerNetworkStatus: String @deprecated(reason: "Not filled"), controllerLabels: [String!], controllerName: String, controllerType: String, namespaceLabels: [String!], namespaceName: String, nodeLabels: [String!], nodeName: String, podLabels: [String!], podName: String }
type Indicator { uid: String!, id: String! @deprecated(reason: "Use uid"), type: String, title: String, message: String, description: String, eventTime: DateTime!, severity: Severity, primary: Boolean!, observables: [Observable!]!, attacks: [Attack!], eventSearchParams: EventSearchActionData }
type Attack { tactic: Tactic, technique: Technique, version: String }
type Tactic { name: String, uid: String }
type Technique { name: String, uid: String }
type Observable { name: String!, type: ObservableType, typeName: String, value: String }
type Counter { key: String!, value: Long! }
type Enrichment { name: String, type: String, value: String, data: JSON, provider: String }
type SecurityAlertEventResponse { data: JSON }
type RelatedAlert { id: ID!, name: String, relationData: RelationData }
union RelationData = CustomRuleRelationData | MarkActionRelationData
type CustomRuleRelationData { ruleId: String! }
type MarkActionRelationData { confidenceLevel: ConfidenceLevel, result: MitigationResult, severity: Severity! }
type MitigationDetails { reports: [S1MitigationReport!]! }
type S1MitigationReport { initiatedBy: InitiatedByType, mitigationActionType: MitigationActionType!, successCount: Int! }
union InitiatedByType = InitiatedByUserType
type InitiatedByUserType { fullName: String!, userId: ID!, userType: UserType! }
type AlertSLODetails { timeToResolveData: AlertSLOData, timeToResponseData: AlertSLOData }
type AlertSLOData { actionComplete: Boolean!, actionDue: Long!, completion: Long, completionTime: DateTime, status: SLOStatus, target: Int, targetTime: DateTime }
type AiInvestigationInfo { autoTriggered: Boolean, purpleAiStatus: PurpleAiStatus, status: AiInvestigationStatus!, timestamp: DateTime, verdict: AiInvestigationVerdict }
type AiInvestigationDetailInfo { autoTriggered: Boolean, status: AiInvestigationStatus!, timestamp: DateTime, verdict: AiInvestigationVerdict }
type AlertNotesListResponse { data: [AlertNote!]! }
type AlertNote { id: ID!, alertId: ID!, text: String!, type: ContentType, createdAt: DateTime!, updatedAt: DateTime!, createdBy: NoteAuthor, author: User @deprecated(reason: "Use createdBy") }
union NoteAuthor = UserNoteAuthor | RuleNoteAuthor
type UserNoteAuthor { userId: ID!, email: String!, fullName: String! }
type RuleNoteAuthor { ruleName: String }
type AlertHistoryItemConnection { edges: [AlertHistoryItemEdge], pageInfo: PageInfo!, totalCount: Long }
type AlertHistoryItemEdge { cursor: String!, node: AlertHistoryItem }
type AlertHistoryItem { createdAt: Instant!, eventText: String!, eventType: AlertHistoryEventType!, historyItemCreator: HistoryItemCreator, historyItemData: HistoryItemData, reportUrl: String }
union HistoryItemCreator = UserHistoryItemCreator
type UserHistoryItemCreator { userId: ID!, userType: UserType! }
union HistoryItemData = EnrichmentHistoryItemData | MitigationActionHistoryItemData
type EnrichmentHistoryItemData { message: FormattedContent }
type MitigationActionHistoryItemData { message: FormattedContent }
type FormattedContent { content: String!, type: ContentType! }
type AlertTimelineItemConnection { edges: [AlertTimelineItemEdge], pageInfo: PageInfo!, totalCount: Long }
type AlertTimelineItemEdge { cursor: String!, node: AlertTimelineItem }
type AlertTimelineItem { createdAt: Instant!, eventText: String!, eventType: AlertTimelineEventType! }
type ColumnMetadata { fieldId: String!, dataType: String, filterTypes: [FilterType], enumValues: [String], enableAutocomplete: Boolean!, enableNegation: Boolean!, sortable: Boolean!, aggregatedSortable: Boolean!, groupable: Boolean! }
type ViewDataAvailabilityResponse { viewDataAvailability: [ViewDataAvailability!]! }
type ViewDataAvailability { viewType: ViewType!, dataAvailable: Boolean! }
type CsvResponse { data: String! }
type AlertWithRawIndicatorsResponse { alert: UnifiedAlertDetail!, eventSearchParams: EventSearchActionData, hasNextPage: Boolean!, rawIndicators: [JSON!]! }
type EventSearchActionData { accountId: String, startTime: Instant, endTime: Instant, filter: String }
type AlertRawData { alertId: ID!, rawData: JSON! }
type AlertFiltersCountResponse { data: [FilterCount!]! }
type AlertGroupByResponse { data: [FilterCount!]! }
type FilterCount { fieldId: String!, hasNextPage: Boolean!, values: [FilterValueCount!]! }
type FilterValueCount { value: String, label: String, count: Long! }
type AutocompleteResponse { fieldId: String!, values: [AutocompleteValue!]! }
type AutocompleteValue { value: String!, count: Long! }
type AiInvestigation { alertId: ID!, autoTriggered: Boolean, status: AiInvestigationStatus!, timestamp: DateTime, verdict: AiInvestigationVerdict, investigationStep: String, restrictionReason: String, result: String }
interface MitigationActionResult { id: ID!, createdAt: DateTime!, updatedAt: DateTime!, mitigationActionType: MitigationActionType!, status: MitigationActionStatus! }
type GenericMitigationActionResult implements MitigationActionResult { id: ID!, createdAt: DateTime!, updatedAt: DateTime!, mitigationActionType: MitigationActionType!, status: MitigationActionStatus! }
type MitigationActionResultListResponse { data: [MitigationActionResult!]! }
type AvailableActionsResponse { data: [AvailableAction!]!, errors: [ActionsError!] }
type AvailableAction { id: ID!, title: String!, types: [ActionType!]!, isDisabled: Boolean!, disabledReason: String }
type ActionsError { errorMessage: String!, errorPayload: String }
`;

export const SCHEMA_TEXT = [
  QUERIES,
  OUTPUTS,
  INPUTS,
  ...Object.entries(ENUMS).map(([name, values]) => `enum ${name} { ${values} }`),
].join("\n");

export function enumValues(name: string): readonly string[] {
  return ENUMS[name]?.split(" ") ?? [];
}
