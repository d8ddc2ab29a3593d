/** The list endpoints of the streams: path, permission, sort fields and filters, as the vendor's spec names them. */
import { agents } from "./endpoint-agents.ts";
import { cloudAlerts, threats } from "./endpoint-detections.ts";
import type { Filter } from "./filters.ts";
import { accepted, list, ofKind, same, times, type ListEndpoint } from "./tables.ts";

export type { ListEndpoint } from "./tables.ts";

const STATES = "active|expired|deleted";
const STATE: Readonly<Record<string, Filter>> = { state: list("state", STATES), states: list("state") };
const FEATURES = accepted("features", "firewall-control|device-control|ioc");

const accounts: ListEndpoint = {
  path: "/accounts",
  stream: "accounts",
  permission: "Accounts.view",
  scopeIds: 500,
  lacks: ["siteIds", "groupIds", "tenant"],
  sorts: { ...same("id name totalLicenses expiration accountType state createdAt updatedAt numberOfSites usageType billingMode activeAgents"), activeLicenses: "activeAgents" },
  filters: {
    ...STATE,
    ...FEATURES,
    ids: list("id"),
    accountType: list("accountType", "Trial|Paid"),
    usageType: list("usageType", "customer|mssp|ir"),
    billingMode: list("billingMode", "subscription|consumption"),
    sku: list("skus.type"),
    module: list("licenses.modules.name"),
    ...ofKind("text", "name"),
    ...ofKind("time", "createdAt updatedAt expiration"),
    ...ofKind("flags", "isDefault"),
    ...ofKind("number", "totalLicenses"),
    activeLicenses: { kind: "number", path: "activeAgents" },
  },
  ranges: {},
  contains: same("name"),
  query: ["name"],
};

const sites: ListEndpoint = {
  path: "/sites",
  stream: "sites",
  permission: "Sites.view",
  scopeIds: 500,
  lacks: ["groupIds", "tenant"],
  sorts: same("id name totalLicenses expiration siteType state suite createdAt updatedAt activeLicenses accountName sku description usageType"),
  filters: {
    ...STATE,
    ...FEATURES,
    ...accepted("adminOnly availableMoveSites"),
    siteType: list("siteType", "Trial|Paid"),
    suite: list("suite", "Core|Control|Complete"),
    sku: list("sku"),
    module: list("licenses.modules.name"),
    ...ofKind("text", "name externalId description accountId registrationToken"),
    ...ofKind("time", "createdAt updatedAt expiration"),
    ...ofKind("flags", "isDefault healthStatus"),
    ...ofKind("number", "totalLicenses activeLicenses"),
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
  lacks: ["tenant"],
  sorts: same("id name type rank siteId createdAt updatedAt description"),
  filters: { type: list("type", "static|dynamic|pinned"), types: list("type", "static|dynamic|pinned"), ...ofKind("text", "id name description registrationToken"), ...ofKind("number", "rank"), ...ofKind("flags", "isDefault") },
  ranges: times("updatedAt"),
  contains: {},
  query: ["name", "description"],
};

const users: ListEndpoint = {
  path: "/users",
  stream: "users",
  permission: "Users.view",
  scopeIds: 500,
  lacks: ["groupIds", "tenant"],
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
    ...ofKind("text", "email fullName twoFaStatus primaryTwoFaMethod"),
    ...ofKind("time", "firstLogin lastLogin dateJoined"),
    ...ofKind("flags", "twoFaEnabled emailVerified canGenerateApiToken emailReadOnly fullNameReadOnly groupsReadOnly"),
  },
  ranges: { ...times("createdAt"), apiTokenExpiresAt: { path: "apiToken.expiresAt", unit: "time" }, lastActivation: { path: "lastLogin", unit: "time" } },
  joined: ["hasValidApiToken"],
  contains: same("email fullName"),
  query: ["email", "fullName"],
};

const serviceUsers: ListEndpoint = {
  path: "/service-users",
  stream: "service-users",
  permission: "Service Users.view",
  scopeIds: 500,
  lacks: ["groupIds", "tenant"],
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
  filters: {
    ids: list("id"),
    tenancyIds: list("scopeId"),
    ...ofKind("text", "name creator creatorId updatedBy updatedById description accountName siteName"),
    ...ofKind("time", "createdAt updatedAt"),
    ...ofKind("flags", "predefinedRole"),
    ...accepted("includeParents includeChildren"),
  },
  ranges: times("createdAt updatedAt"),
  contains: {},
  query: ["name", "description"],
};

const activities: ListEndpoint = {
  path: "/activities",
  stream: "activities",
  permission: "Activity Page.view",
  scopeIds: 500,
  lacks: ["query", "tenant"],
  sorts: same("id activityType createdAt"),
  filters: {
    ids: list("id"),
    activityTypes: list("activityType"),
    threatIds: list("threatId"),
    agentIds: list("agentId"),
    userIds: list("userId"),
    activityUuids: list("activityUuid"),
    ruleIds: list("data.ruleId"),
    alertIds: list("data.alertId"),
    relatedIds: list("data.relatedId"),
    ...accepted("includeHidden"),
  },
  joined: ["userEmails"],
  snakeNames: true,
  ranges: times("createdAt"),
  contains: {},
  query: [],
};

const applications: ListEndpoint = {
  path: "/application-management/inventory/endpoints",
  stream: "applications",
  permission: "Applications Page.view",
  scopeIds: 1,
  lacks: ["query", "tenant"],
  sorts: same("endpointName endpointType osType osVersion accountName siteName groupName version fileSize detectionDate applicationInstallationDate cpuCount coreCount osArch applicationInstallationPath"),
  filters: { osVersions: list("osVersion"), versions: list("version"), osArchitectures: list("osArch"), osTypes: list("osType") },
  ranges: times("detectionDate"),
  contains: same("endpointUuid endpointName"),
  query: [],
  joined: ["applicationName", "applicationVendor"],
};

const risks: ListEndpoint = {
  path: "/application-management/risks",
  stream: "risks",
  permission: "Applications Page.viewRisks",
  scopeIds: 1,
  lacks: ["query", "tenant"],
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
    exploitedInTheWild: { kind: "list", path: "exploitedInTheWild", alias: { EXPLOITED_UNKNOWN: "Unknown" } },
    daysFromCveDetection: { kind: "number", path: "daysDetected" },
  },
  ranges: { ...times("detectionDate publishedDate"), riskUpdatedDate: { path: "$touched", unit: "time" }, riskScore: { path: "riskScore", unit: "number" } },
  contains: same("applicationVendor endpointName application cveId"),
  query: [],
  joined: ["includeRemovals", "analystVerdict", "osVersions", "domains", "domain__contains"],
};

export const LIST_ENDPOINTS = { accounts, sites, groups, users, serviceUsers, roles, agents, threats, cloudAlerts, activities, applications, risks } as const;
