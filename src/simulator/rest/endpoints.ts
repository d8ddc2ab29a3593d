/** The list endpoints of the streams: path, permission, sort fields and filters, as the vendor's spec names them. */
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { Filter, FilterTable } from "./filters.ts";

export interface ListEndpoint extends FilterTable {
  readonly path: string;
  readonly stream: StreamId;
  readonly permission: string;
  /** sortBy value → field. */
  readonly sorts: Readonly<Record<string, string>>;
  /** How many scope ids one request may name. */
  readonly scopeIds: number;
}

function same(names: string, prefix = ""): Readonly<Record<string, string>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, prefix + name]));
}

function times(names: string, prefix = ""): FilterTable["ranges"] {
  return Object.fromEntries(names.split(" ").map((name) => [name, { path: prefix + name, time: true }]));
}

function numbers(names: string): FilterTable["ranges"] {
  return Object.fromEntries(names.split(" ").map((name) => [name, { path: name, time: false }]));
}

function list(path: string, choices?: string): Filter {
  return choices === undefined ? { kind: "list", path } : { kind: "list", path, choices: choices.split("|") };
}

function texts(names: string): Readonly<Record<string, Filter>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, { kind: "text", path: name }]));
}

function flags(names: string): Readonly<Record<string, Filter>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, { kind: "flags", path: name }]));
}

function count(names: string): Readonly<Record<string, Filter>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, { kind: "number", path: name }]));
}

const OS = "macos|windows|windows_legacy|linux";
const ARCH = "32 bit|64 bit|ARM64";
const MACHINE = "unknown|desktop|laptop|server|kubernetes node|storage|kubernetes pod|ecs task|kubernetes helper";
const STATE: Readonly<Record<string, Filter>> = { state: list("state", "active|expired|deleted"), states: list("state") };
const STAMPED = times("createdAt updatedAt");

const accounts: ListEndpoint = {
  path: "/accounts",
  stream: "accounts",
  permission: "Accounts.view",
  scopeIds: 500,
  sorts: { ...same("id name totalLicenses expiration accountType state createdAt updatedAt numberOfSites usageType billingMode activeAgents"), activeLicenses: "activeAgents" },
  filters: { ...STATE, ids: list("id"), ...texts("name accountType usageType billingMode createdAt updatedAt"), ...flags("isDefault"), ...count("totalLicenses"), activeLicenses: { kind: "number", path: "activeAgents" } },
  ranges: {},
  contains: same("name"),
  query: ["name", "externalId"],
};

const sites: ListEndpoint = {
  path: "/sites",
  stream: "sites",
  permission: "Sites.view",
  scopeIds: 500,
  sorts: same("id name totalLicenses expiration siteType state suite createdAt updatedAt activeLicenses accountName sku description usageType"),
  filters: {
    ...STATE,
    ...texts("name siteType suite sku externalId description accountId registrationToken createdAt updatedAt"),
    ...flags("isDefault healthStatus"),
    ...count("totalLicenses activeLicenses"),
  },
  ranges: {},
  contains: same("accountName name description"),
  query: ["name", "accountName", "description"],
};

const groups: ListEndpoint = {
  path: "/groups",
  stream: "groups",
  permission: "Groups.view",
  scopeIds: 500,
  sorts: same("id name type rank siteId createdAt updatedAt description"),
  filters: { type: list("type", "static|dynamic|pinned"), types: list("type", "static|dynamic|pinned"), ...texts("id name description registrationToken"), ...count("rank"), ...flags("isDefault") },
  ranges: times("updatedAt"),
  contains: {},
  query: ["name", "description"],
};

const users: ListEndpoint = {
  path: "/users",
  stream: "users",
  permission: "Users.view",
  scopeIds: 500,
  sorts: {
    ...same("id createdAt fullName firstLogin lastLogin source email emailVerified dateJoined twoFaEnabled twoFaStatus canGenerateApiToken"),
    apiTokenCreatedAt: "apiToken.createdAt",
    apiTokenExpiresAt: "apiToken.expiresAt",
  },
  filters: {
    ids: list("id"),
    roleIds: list("scopeRoles.roleId"),
    source: list("source", "mgmt|sso_saml|active_directory|global"),
    sources: list("source", "mgmt|sso_saml|active_directory|global"),
    twoFaStatuses: list("twoFaStatus"),
    ...texts("email fullName twoFaStatus primaryTwoFaMethod firstLogin lastLogin dateJoined"),
    ...flags("twoFaEnabled emailVerified canGenerateApiToken emailReadOnly fullNameReadOnly groupsReadOnly"),
  },
  ranges: { ...times("createdAt"), apiTokenExpiresAt: { path: "apiToken.expiresAt", time: true }, lastActivation: { path: "lastLogin", time: true } },
  contains: same("email fullName"),
  query: ["email", "fullName"],
};

const serviceUsers: ListEndpoint = {
  path: "/service-users",
  stream: "service-users",
  permission: "Service Users.view",
  scopeIds: 500,
  sorts: {
    ...same("id createdAt updatedAt name description lastActivation firstLogin lastLogin dateJoined"),
    fullName: "name",
    roleId: "scopeRoles.roleId",
    apiTokenCreatedAt: "apiToken.createdAt",
    apiTokenExpiresAt: "apiToken.expiresAt",
    createdByName: "createdBy.name",
    updatedByName: "updatedBy.name",
  },
  filters: { ids: list("id"), roleIds: list("scopeRoles.roleId") },
  ranges: {},
  contains: {},
  query: ["name", "description"],
};

const roles: ListEndpoint = {
  path: "/rbac/roles",
  stream: "roles",
  permission: "Roles.view",
  scopeIds: 500,
  sorts: same("id description usersInRoles creator siteName createdAt updatedAt updatedBy accountName name"),
  filters: { ids: list("id"), ...texts("name creator creatorId updatedBy updatedById description accountName siteName createdAt updatedAt"), ...flags("predefinedRole") },
  ranges: STAMPED,
  contains: {},
  query: ["name", "description"],
};

const agentSorts =
  "createdAt updatedAt id computerName groupId osType osName uuid scanStatus isDecommissioned decommissionedAt isUninstalled threatMitigationStatus threatResolved threatContentHash threatCreatedAt registeredAt lastActiveDate isActive isPendingUninstall activeThreats isUpToDate agentVersion osArch machineType networkStatus domain mitigationMode mitigationModeSuspicious encryptedApplications totalMemory cpuCount coreCount externalIp lastLoggedInUserName groupName siteId siteName infected threatRebootRequired consoleMigrationStatus appsVulnerabilityStatus accountName externalId installerType rangerVersion operationalState remoteProfilingState networkQuarantineEnabled firewallEnabled locationEnabled serialNumber cpuId fullDiskScanLastUpdatedAt lastSuccessfulScanDate isAdConnector activeProtection";

const agents: ListEndpoint = {
  path: "/agents",
  stream: "agents",
  permission: "Endpoints.view",
  scopeIds: 500,
  sorts: {
    ...same(agentSorts),
    networkInterfacePhysical: "networkInterfaces.physical",
    ...same("cloudAccount cloudImage cloudInstanceId cloudInstanceSize cloudLocation cloudNetwork cloudProvider clusterName kubernetesVersion kubernetesType agentNamespace agentPodName", "cloudProviders."),
    ...same("ecsType ecsVersion ecsClusterName ecsTaskArn ecsTaskAvailabilityZone ecsServiceName ecsServiceArn ecsTaskDefinitionFamily ecsTaskDefinitionRevision ecsTaskDefinitionArn", "cloudProviders."),
    ...same("pacFileUsage proxyMethod console consoleProxyAddress deepVisibility deepVisibilityProxyAddress", "proxyStates."),
  },
  filters: {
    ids: list("id"),
    uuids: list("uuid"),
    filteredGroupIds: list("groupId"),
    filteredSiteIds: list("siteId"),
    agentVersions: list("agentVersion"),
    rangerVersions: list("rangerVersion"),
    osArches: list("osArch", ARCH),
    osArch: list("osArch", ARCH),
    osTypes: list("osType", OS),
    scanStatuses: list("scanStatus", "none|started|aborted|finished"),
    scanStatus: list("scanStatus", "none|started|aborted|finished"),
    machineTypes: list("machineType", MACHINE),
    networkStatuses: list("networkStatus", "connected|disconnected|connecting|disconnecting"),
    domains: list("domain"),
    userActionsNeeded: list("userActionsNeeded"),
    missingPermissions: list("missingPermissions"),
    consoleMigrationStatuses: list("consoleMigrationStatus", "N/A|Pending|Migrated|Failed"),
    appsVulnerabilityStatuses: list("appsVulnerabilityStatus", "patch_required|up_to_date|not_applicable"),
    locationIds: list("locations.id"),
    installerTypes: list("installerType"),
    operationalStates: list("operationalState"),
    remoteProfilingStates: list("remoteProfilingState"),
    rangerStatuses: list("rangerStatus", "NotApplicable|Enabled|Disabled"),
    rangerStatus: list("rangerStatus", "NotApplicable|Enabled|Disabled"),
    activeProtection: list("activeProtection", "edr|idr"),
    storageTypes: list("storageType"),
    mitigationMode: list("mitigationMode", "detect|protect"),
    mitigationModeSuspicious: list("mitigationModeSuspicious", "detect|protect"),
    migrationStatus: list("consoleMigrationStatus", "N/A|Pending|Migrated|Failed"),
    gatewayIp: { kind: "text", path: "networkInterfaces.gatewayIp" },
    ...texts("computerName uuid"),
    ...count("activeThreats"),
    ...flags(
      "isActive isPendingUninstall infected isUpToDate encryptedApplications threatRebootRequired networkQuarantineEnabled firewallEnabled locationEnabled isAdConnector isHyperAutomate hasContainerizedWorkload isDecommissioned isUninstalled",
    ),
  },
  ranges: {
    ...times("registeredAt lastActiveDate lastSuccessfulScanDate decommissionedAt createdAt updatedAt threatCreatedAt"),
    ...numbers("totalMemory coreCount cpuCount activeThreats"),
    windowsOsRevision: { path: "osRevision", time: false },
  },
  contains: {
    ...same("externalIp lastLoggedInUserName uuid externalId serialNumber cpuId computerName"),
    osVersion: "osRevision",
    networkInterfaceInet: "networkInterfaces.inet",
    networkInterfacePhysical: "networkInterfaces.physical",
    networkInterfaceGatewayMacAddress: "networkInterfaces.gatewayMacAddress",
    adComputerName: "activeDirectory.computerDistinguishedName",
    adUserName: "activeDirectory.lastUserDistinguishedName",
    computerNameOrUuid: "computerName",
  },
  query: ["computerName", "uuid", "serialNumber", "lastLoggedInUserName", "externalIp", "osName", "siteName", "groupName"],
};

const threats: ListEndpoint = {
  path: "/threats",
  stream: "threats",
  permission: "Threats.view",
  scopeIds: 500,
  sorts: {
    id: "id",
    createdAt: "threatInfo.createdAt",
    createdDate: "threatInfo.createdAt",
    updatedAt: "threatInfo.updatedAt",
    mitigationStatus: "threatInfo.mitigationStatus",
    fileDisplayName: "threatInfo.threatName",
    filePath: "threatInfo.filePath",
    contentHash: "threatInfo.sha1",
    collectionId: "threatInfo.collectionId",
    classification: "threatInfo.classification",
    agentVersion: "agentDetectionInfo.agentVersion",
    agentMachineType: "agentRealtimeInfo.agentMachineType",
    siteId: "agentRealtimeInfo.siteId",
    siteName: "agentRealtimeInfo.siteName",
    agentComputerName: "agentRealtimeInfo.agentComputerName",
    ...same("cloudAccount cloudImage cloudInstanceId cloudInstanceSize cloudLocation cloudNetwork", "agentDetectionInfo.cloudProviders."),
  },
  filters: {
    ids: list("id"),
    agentIds: list("agentRealtimeInfo.agentId"),
    contentHashes: list("threatInfo.sha1"),
    displayName: { kind: "text", path: "threatInfo.threatName" },
    mitigationStatuses: list("threatInfo.mitigationStatus", "not_mitigated|mitigated|marked_as_benign"),
    storylines: list("threatInfo.storyline"),
    collectionIds: list("threatInfo.collectionId"),
    engines: list("threatInfo.detectionEngines.key"),
    detectionEngines: list("threatInfo.detectionEngines.key"),
    classifications: list("threatInfo.classification"),
    classificationSources: list("threatInfo.classificationSource", "Cloud|Behavioral|Static|Engine"),
    agentVersions: list("agentRealtimeInfo.agentVersion"),
    agentMachineTypes: list("agentRealtimeInfo.agentMachineType", MACHINE),
    osTypes: list("agentRealtimeInfo.agentOsType", OS),
    osNames: list("agentRealtimeInfo.agentOsName"),
    agentIsActive: { kind: "flags", path: "agentRealtimeInfo.agentIsActive" },
    initiatedBy: list("threatInfo.initiatedBy"),
    confidenceLevels: list("threatInfo.confidenceLevel", "malicious|suspicious|n/a"),
    analystVerdicts: list("threatInfo.analystVerdict", "undefined|true_positive|false_positive|suspicious"),
    incidentStatuses: list("threatInfo.incidentStatus", "unresolved|in_progress|resolved"),
    failedActions: { kind: "flags", path: "threatInfo.failedActions" },
    rebootRequired: { kind: "flags", path: "threatInfo.rebootRequired" },
    pendingActions: { kind: "flags", path: "threatInfo.pendingActions" },
    externalTicketExists: { kind: "flags", path: "threatInfo.externalTicketExists" },
    externalTicketIds: list("threatInfo.externalTicketId"),
    mitigatedPreemptively: { kind: "flags", path: "threatInfo.mitigatedPreemptively" },
  },
  ranges: times("createdAt updatedAt", "threatInfo."),
  contains: {
    contentHash: "threatInfo.sha1",
    threatDetails: "threatInfo.threatName",
    filePath: "threatInfo.filePath",
    computerName: "agentRealtimeInfo.agentComputerName",
    uuid: "agentRealtimeInfo.agentUuid",
    detectionAgentVersion: "agentDetectionInfo.agentVersion",
    realtimeAgentVersion: "agentRealtimeInfo.agentVersion",
    detectionAgentDomain: "agentDetectionInfo.agentDomain",
    commandLineArguments: "threatInfo.maliciousProcessArguments",
    initiatedByUsername: "threatInfo.initiatingUsername",
    storyline: "threatInfo.storyline",
    originatedProcess: "threatInfo.originatorProcess",
    publisherName: "threatInfo.publisherName",
    externalTicketId: "threatInfo.externalTicketId",
  },
  query: ["threatInfo.threatName", "threatInfo.sha1", "threatInfo.filePath", "agentRealtimeInfo.agentComputerName"],
};

const cloudAlerts: ListEndpoint = {
  path: "/cloud-detection/alerts",
  stream: "cloud-detection-alerts",
  permission: "Custom Alerts.view",
  scopeIds: 500,
  sorts: {
    id: "id",
    machineType: "agentDetectionInfo.machineType",
    osName: "agentDetectionInfo.osName",
    incidentStatus: "alertInfo.incidentStatus",
    analystVerdict: "alertInfo.analystVerdict",
    severity: "ruleInfo.severity",
    ...camel("agentDetectionInfo", "machineType name osFamily osName osRevision siteId uuid version"),
    ...camel("alertInfo", "alertId analystVerdict createdAt dvEventId eventType hitType incidentStatus reportedAt source"),
    ...camel("containerInfo", "id image labels name"),
    ...camel("kubernetesInfo", "cluster controllerKind controllerLabels controllerName namespace namespaceLabels node pod podLabels"),
    ...camel("ruleInfo", "description id name scopeLevel severity treatAsThreat"),
    ...camel("sourceProcessInfo", "commandline fileHashMd5 fileHashSha1 fileHashSha256 filePath fileSignerIdentity name pid pidStarttime storyline integrityLevel subsystem user"),
    ...camel("sourceParentProcessInfo", "commandline fileHashMd5 fileHashSha1 fileHashSha256 filePath fileSignerIdentity name pid pidStarttime storyline integrityLevel subsystem user"),
  },
  filters: {
    ids: list("alertInfo.alertId"),
    analystVerdict: {
      kind: "list",
      path: "alertInfo.analystVerdict",
      choices: ["UNDEFINED", "TRUE_POSITIVE", "FALSE_POSITIVE", "SUSPICIOUS"],
      alias: { TRUE_POSITIVE: "True positive", FALSE_POSITIVE: "False positive" },
    },
    incidentStatus: { kind: "list", path: "alertInfo.incidentStatus", choices: ["UNRESOLVED", "IN_PROGRESS", "RESOLVED"], alias: { IN_PROGRESS: "In progress" } },
    osType: list("agentDetectionInfo.osFamily", OS),
    severity: list("ruleInfo.severity", "Low|Medium|High|Critical|Info"),
    machineType: list("agentDetectionInfo.machineType"),
    scopes: list("ruleInfo.scopeLevel", "global|account|site|group"),
  },
  ranges: times("createdAt reportedAt", "alertInfo."),
  contains: {
    ruleName: "ruleInfo.name",
    origAgentName: "agentDetectionInfo.name",
    origAgentUuid: "agentDetectionInfo.uuid",
    origAgentVersion: "agentDetectionInfo.version",
    origAgentOsRevision: "agentDetectionInfo.osRevision",
    sourceProcessName: "sourceProcessInfo.name",
    sourceProcessCommandline: "sourceProcessInfo.commandline",
    sourceProcessStoryline: "sourceProcessInfo.storyline",
    sourceProcessFilePath: "sourceProcessInfo.filePath",
    sourceProcessFileHashSha1: "sourceProcessInfo.fileHashSha1",
    sourceProcessFileHashSha256: "sourceProcessInfo.fileHashSha256",
    sourceProcessFileHashMd5: "sourceProcessInfo.fileHashMd5",
    containerName: "containerInfo.name",
    containerImageName: "containerInfo.image",
  },
  query: ["ruleInfo.name", "agentDetectionInfo.name"],
};

function camel(parent: string, fields: string): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.split(" ").map((field) => [`${parent}${field.charAt(0).toUpperCase()}${field.slice(1)}`, `${parent}.${field}`]));
}

const activities: ListEndpoint = {
  path: "/activities",
  stream: "activities",
  permission: "Activity Page.view",
  scopeIds: 500,
  sorts: same("id activityType createdAt"),
  filters: {
    ids: list("id"),
    activityTypes: list("activityType"),
    threatIds: list("threatId"),
    agentIds: list("agentId"),
    userIds: list("userId"),
    activityUuids: list("activityUuid"),
    userEmails: list("data.email"),
    ruleIds: list("data.ruleId"),
    alertIds: list("data.alertId"),
    relatedIds: list("data.relatedId"),
  },
  ranges: times("createdAt"),
  contains: {},
  query: [],
};

const applications: ListEndpoint = {
  path: "/application-management/inventory/endpoints",
  stream: "applications",
  permission: "Applications Page.view",
  scopeIds: 1,
  sorts: same("endpointName endpointType osType osVersion accountName siteName groupName version fileSize detectionDate applicationInstallationDate cpuCount coreCount osArch applicationInstallationPath"),
  filters: { osVersions: list("osVersion"), versions: list("version"), osArchitectures: list("osArch"), osTypes: list("osType") },
  ranges: times("detectionDate"),
  contains: same("endpointUuid endpointName"),
  query: [],
};

const risks: ListEndpoint = {
  path: "/application-management/risks",
  stream: "risks",
  permission: "Applications Page.viewRisks",
  scopeIds: 1,
  sorts: {
    ...same("id cveId endpointName application applicationVendor baseScore severity daysDetected detectionDate publishedDate lastScanDate lastScanResult nvdBaseScore riskScore exploitCodeMaturity remediationLevel reportConfidence mitigationStatus"),
    accountId: "accountId",
    siteId: "siteId",
  },
  filters: {
    applicationNames: list("applicationName"),
    exploitCodeMaturity: list("exploitCodeMaturity"),
    mitigationStatus: { kind: "list", path: "mitigationStatus", alias: { NOT_MITIGATED: "Not mitigated", TO_BE_PATCHED: "To be patched", ON_HOLD: "On hold" } },
    remediationLevels: list("remediationLevel"),
    severities: list("severity"),
    reportConfidence: list("reportConfidence"),
    vendors: list("applicationVendor"),
    endpointTypes: list("endpointType"),
    osTypes: list("osType"),
    lastScanResults: list("lastScanResult", "Succeeded|Failed"),
    ...count("daysFromCveDetection"),
  },
  ranges: { ...times("detectionDate publishedDate"), riskUpdatedDate: { path: "$touched", time: true }, riskScore: { path: "riskScore", time: false } },
  contains: same("domain applicationVendor endpointName application cveId"),
  query: [],
};

export const LIST_ENDPOINTS = { accounts, sites, groups, users, serviceUsers, roles, agents, threats, cloudAlerts, activities, applications, risks } as const;
