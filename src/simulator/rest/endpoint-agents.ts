/** `GET /agents`: sort fields and filters, as the vendor's spec names them. Filters that look at an agent's threats or tags are in joins.ts. */
import { accepted, ARCH, list, MACHINE, numbers, ofKind, OS, same, times, type ListEndpoint } from "./tables.ts";

/** Fields of the cloud a machine runs in, whichever provider's it is. */
export const CLOUD = "cloudAccount cloudImage cloudInstanceId cloudInstanceSize cloudLocation cloudNetwork";
export const CLOUD_ROLES = "awsRole awsSecurityGroups awsSubnetIds azureResourceGroup gcpServiceAccount";
const ECS = "ecsType ecsVersion ecsClusterName ecsTaskArn ecsTaskAvailabilityZone ecsServiceName ecsServiceArn ecsTaskDefinitionFamily ecsTaskDefinitionRevision ecsTaskDefinitionArn";
const WAITING = "none|user_action_needed|reboot_needed|upgrade_needed|incompatible_os|unprotected|rebootless_without_dynamic_detection|extended_exclusions_partially_accepted|reboot_required|pending_deprecation|ne_not_running|ne_cf_not_active|pending_performance_insights|reboot_category|missing_permissions_category|agent_suppressed_category|incompatible_os_category|unprotected_category|partial_functionality|performance_insights";

const AD_COMPUTER = ["activeDirectory.computerDistinguishedName", "activeDirectory.computerMemberOf"] as const;
const AD_USER = ["activeDirectory.lastUserDistinguishedName", "activeDirectory.lastUserMemberOf"] as const;

const agentSorts =
  "createdAt updatedAt id computerName groupId osType osName uuid scanStatus isDecommissioned decommissionedAt isUninstalled threatMitigationStatus threatResolved threatContentHash threatCreatedAt registeredAt lastActiveDate isActive isPendingUninstall activeThreats isUpToDate agentVersion osArch machineType networkStatus domain mitigationMode mitigationModeSuspicious encryptedApplications totalMemory cpuCount coreCount externalIp lastLoggedInUserName groupName siteId siteName infected threatRebootRequired consoleMigrationStatus appsVulnerabilityStatus accountName externalId installerType rangerVersion operationalState remoteProfilingState networkQuarantineEnabled firewallEnabled locationEnabled serialNumber cpuId fullDiskScanLastUpdatedAt lastSuccessfulScanDate isAdConnector activeProtection";

export const agents: ListEndpoint = {
  path: "/agents",
  stream: "agents",
  permission: "Endpoints.view",
  scopeIds: 500,
  lacks: ["tenant"],
  sorts: {
    ...same(agentSorts),
    networkInterfacePhysical: "networkInterfaces.physical",
    ...same(`${CLOUD} clusterName kubernetesVersion kubernetesType agentNamespace agentPodName ${ECS}`, "cloudProviders.*."),
    cloudProvider: "cloudProviders.@",
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
    userActionsNeeded: list("userActionsNeeded", WAITING),
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
    cloudProvider: list("cloudProviders.@"),
    proxyMethod: list("proxyStates.proxyMethod"),
    pacFileUsage: { kind: "tristate", path: "proxyStates.pacFileUsage" },
    console: { kind: "tristate", path: "proxyStates.console" },
    deepVisibility: { kind: "tristate", path: "proxyStates.deepVisibility" },
    hasTags: { kind: "has", path: "tags.sentinelone.id" },
    gatewayIp: { kind: "text", path: "networkInterfaces.gatewayIp" },
    // Nobody has saved a filter, uploaded a list or bought remote scripts here: what asks for one finds nothing.
    filterId: list("filterId"),
    csvFilterId: list("csvFilterId"),
    rsoLevel: list("rsoLevel", "none|pro|ars"),
    rsoLevels: list("rsoLevel"),
    ...ofKind("has", "hasLocalConfiguration remoteOpsForensicsSupported threatHidden"),
    ...accepted("containerizedWorkloadCounts"),
    ...ofKind("text", "computerName uuid"),
    ...ofKind("number", "activeThreats"),
    ...ofKind(
      "flags",
      "isActive isPendingUninstall infected isUpToDate encryptedApplications threatRebootRequired networkQuarantineEnabled firewallEnabled locationEnabled isAdConnector isHyperAutomate hasContainerizedWorkload isDecommissioned isUninstalled",
    ),
  },
  ranges: {
    ...times("registeredAt lastActiveDate lastSuccessfulScanDate decommissionedAt createdAt updatedAt"),
    ...numbers("coreCount cpuCount activeThreats"),
    // Asked for in gigabytes, told in megabytes.
    totalMemory: { path: "totalMemory", unit: "number", scale: 1024 },
    agentVersion: { path: "agentVersion", unit: "version" },
    windowsOsRevision: { path: "osRevision", unit: "number" },
  },
  contains: {
    ...same("externalIp lastLoggedInUserName uuid externalId serialNumber cpuId computerName liveUpdateId"),
    ...same(`${CLOUD} ${CLOUD_ROLES} cloudTags clusterName agentNamespace agentPodName ${ECS}`, "cloudProviders.*."),
    k8sNodeLabels: "cloudProviders.*.kubernetesNodeLabels",
    k8sNodeName: "cloudProviders.*.kubernetesNodeName",
    k8sType: "cloudProviders.*.kubernetesType",
    k8sVersion: "cloudProviders.*.kubernetesVersion",
    osVersion: ["osName", "osRevision"],
    networkInterfaceInet: "networkInterfaces.inet",
    networkInterfacePhysical: "networkInterfaces.physical",
    networkInterfaceGatewayMacAddress: "networkInterfaces.gatewayMacAddress",
    computerNameOrUuid: ["computerName", "uuid"],
    adComputerName: AD_COMPUTER[0],
    adComputerMember: AD_COMPUTER[1],
    adComputerQuery: AD_COMPUTER,
    adUserName: AD_USER[0],
    adUserMember: AD_USER[1],
    adUserQuery: AD_USER,
    adQuery: [...AD_COMPUTER, ...AD_USER],
  },
  query: ["computerName", "uuid", "serialNumber", "lastLoggedInUserName", "externalIp", "lastIpToMgmt", "networkInterfaces.inet", "networkInterfaces.inet6", "osName", "siteName", "groupName", "domain", "agentVersion"],
  queryStarts: ["networkInterfaces.physical"],
  joined: ["tagsData", "adQuery", "threatMitigationStatus", "threatResolved", "threatContentHash", "threatCreatedAt__gt", "threatCreatedAt__gte", "threatCreatedAt__lt", "threatCreatedAt__lte", "threatCreatedAt__between"],
};
