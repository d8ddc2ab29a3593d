/** Output types of alerts themselves: the listed node, the detail, and what both hold. */

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

const FILE = "certSubject: String, md5: String, name: String, path: String, sha1: String, sha256: String";
const TOLD = "name: String!, path: String!, paths: [String!]!, provider: String!";

export const ALERTS = `
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
type Asset implements Node { id: ID!, accessible: Boolean!, deleted: Boolean!, primary: Boolean!, category: String!, subcategory: String!, paths: [String!]!, tags: [AssetTag!]!, type: AssetType! @deprecated(reason: "Use category"), agentOperatingMode: String, agentUuid: String, agentVersion: String, assetTypeClassifier: String, connectivityToConsole: ConsoleConnectivity, decommissioned: Boolean, lastLoggedInUser: String, name: String, origin: RelatedAssetOrigin, osType: OsType, osVersion: String, pendingReboot: Boolean, policy: Policy, role: AssetRole, status: AssetStatus }
type AssetTag { key: String!, keyValue: String, type: AssetTagType!, value: String! }
type Analytics { category: String, name: String, type: AnalyticsType @deprecated(reason: "Use typeValue"), typeValue: String, uid: String }
type DetectionSource { product: String!, vendor: String!, engine: String @deprecated(reason: "Use analytics.category") }
type User { userId: ID!, email: String!, fullName: String! }
type Incident { id: String!, name: String! }
type ExclusionHashes { sha1: String, sha256: String }
type AttackPath implements Node { id: ID!, name: String! }
type Process { cmdLine: String, file: File, parentName: String }
type File { ${FILE} }
type ProcessDetail { cmdLine: String, file: FileDetail, parentName: String, userDisplayName: String, userDomain: String, username: String }
type FileDetail { ${FILE}, certExpiresAt: Instant, certSerialNumber: String, signatureVerification: String, size: Long }
type RealTime { scope: Scope! }
type Scope { account: Account!, group: Group!, site: Site! }
type Account { id: ID, name: String! }
type Group { id: ID, name: String! }
type Site { id: ID, name: String! }
type SimpleScopeResponse { accountId: ID, accountName: String!, groupId: String!, groupName: String!, siteId: String!, siteName: String! }
type DetectionTime { asset: DetectionAsset, assets: [DetectionTimeAsset!]!, attacker: DetectionAttackerDetails, cloud: DetectionCloud, kubernetes: DetectionKubernetes, scope: SimpleScopeResponse!, targetUser: DetectionTargetUserDetails }
type DetectionTimeAsset { accessible: Boolean!, asset: DetectionAsset, cloud: DetectionCloud, deleted: Boolean!, kubernetes: DetectionKubernetes, origin: RelatedAssetOrigin, paths: [String!]!, primary: Boolean!, scope: SimpleScopeResponse! }
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
type Tactic { name: String, sourceUrl: String, uid: String }
type Technique { name: String, sourceUrl: String, uid: String }
type Observable { name: String!, type: ObservableType, typeName: String, value: String }
type Counter { key: String!, value: Long! }
union Enrichment = FormattedEnrichment | GeoLocationEnrichment | IntEnrichment | LocationEnrichment | ReputationEnrichment | StringEnrichment | TimestampEnrichment
type FormattedEnrichment { isSimulation: Boolean!, name: String!, path: String!, paths: [String!]!, provider: String!, retrievedAt: DateTime!, sourceUrl: String, value: FormattedContent }
type GeoLocationEnrichment { ${TOLD}, city: String, coordinates: Coordinates, country: String, postalCode: String, region: String }
type IntEnrichment { ${TOLD}, intValue: Int! }
type LocationEnrichment { ${TOLD}, latitude: Float!, longitude: Float! }
type ReputationEnrichment { ${TOLD}, scoreType: ReputationScoreType!, scoreValue: Float! }
type StringEnrichment { ${TOLD}, stringValue: String! }
type TimestampEnrichment { ${TOLD}, timestampValue: DateTime! }
type Coordinates { latitude: Float!, longitude: Float! }
type RelatedAlert implements Node { id: ID!, name: String, relationData: RelationData }
union RelationData = CustomRuleRelationData | MarkActionRelationData
type CustomRuleRelationData { ruleId: String! }
type MarkActionRelationData { confidenceLevel: ConfidenceLevel, result: MitigationResult, severity: Severity! }
type MitigationDetails { reports: [S1MitigationReport!]! }
type S1MitigationReport { initiatedBy: InitiatedByType, mitigationActionType: MitigationActionType!, successCount: Int! }
union InitiatedByType = InitiatedByUserType
type InitiatedByUserType { fullName: String!, userId: ID!, userType: UserType! }
type AlertSLODetails { timeToResolveData: AlertSLOData, timeToResponseData: AlertSLOData }
type AlertSLOData { actionComplete: Boolean!, actionDue: Long!, completion: Long, completionTime: DateTime, status: SLOStatus, target: Int, targetTime: DateTime }
type AiInvestigationInfo { autoTriggered: Boolean, purpleAiStatus: AiInvestigationPurpleStatus, status: AiInvestigationStatus!, timestamp: DateTime, verdict: AiInvestigationVerdict }
type AiInvestigationDetailInfo { autoTriggered: Boolean, status: AiInvestigationStatus!, timestamp: DateTime, verdict: AiInvestigationVerdict }
type AiInvestigation { alertId: ID!, autoTriggered: Boolean, investigationStep: String, purpleAiStatus: AiInvestigationPurpleStatus, restrictionReason: AiInvestigationRestrictionReason, result: String, status: AiInvestigationStatus!, timestamp: DateTime, verdict: AiInvestigationVerdict }
type AlertWithRawIndicatorsResponse { alert: UnifiedAlertDetail!, eventSearchParams: EventSearchActionData, hasNextPage: Boolean!, rawIndicators: [JSON!]! }
type EventSearchActionData { accountId: ID, startTime: Instant, endTime: Instant, filter: String, type: EventSearchType, view: EventSearchViewData }
type EventSearchViewData { filter: String, type: EventSearchView }
type AlertRawData { alertId: ID!, rawData: JSON! }
`;
