/**
 * Installed agents. Without being asked the console leaves out decommissioned and uninstalled agents, so both are asked for. `updatedAt`
 * moves with the console's record of the agent, `lastActiveDate` with its heartbeat. Agents move between sites while one reads: a
 * snapshot by site needs the changes since its start before it proves anything.
 */
import { column, columns } from "./mapping.ts";
import { DAY, MINUTE, restStream } from "./listing.ts";

export const agents = restStream({
  id: "agents",
  title: "Agents",
  endpoint: "/agents",
  needs: ["Endpoints.view"],
  everyMs: 5 * MINUTE,
  proofEveryMs: DAY,
  partitionedBy: "site",
  passesSeeEveryChange: true,
  params: { isDecommissioned: "true,false", isUninstalled: "true,false" },
  sortBy: "id",
  version: "updated_at",
  siteId: "site_id",
  agentId: "id",
  secrets: ["passphrase", "registrationToken"],
  passes: [{ id: "updated", column: "updated_at", overlapMs: 5 * MINUTE, filter: "updatedAt", sortBy: "updatedAt" }],
  columns: [
    column("text", "id"),
    column("text", "uuid", "uuid", { indexed: true }),
    column("text", "siteId", "site_id", { indexed: true }),
    column("text", "serialNumber", "serial_number", { indexed: true }),
    column("text", "computerName", "computer_name", { indexed: true }),
    ...columns("text", "accountId accountName siteName groupId groupName agentVersion domain externalId machineSid installerType"),
    ...columns("text", "osName osRevision osArch osType osUsername modelName machineType cpuId externalIp groupIp lastIpToMgmt"),
    ...columns("text", "networkStatus operationalState detectionState mitigationMode mitigationModeSuspicious scanStatus appsVulnerabilityStatus"),
    ...columns("text", "consoleMigrationStatus locationType rangerVersion rangerStatus remoteProfilingState storageName storageType lastLoggedInUserName"),
    ...columns("text", "activeDirectory.userPrincipalName activeDirectory.mail activeDirectory.lastUserDistinguishedName activeDirectory.computerDistinguishedName"),
    ...columns("integer", "totalMemory cpuCount coreCount activeThreats"),
    ...columns("boolean", "infected isActive isUpToDate isDecommissioned isUninstalled isPendingUninstall threatRebootRequired encryptedApplications"),
    ...columns("boolean", "firewallEnabled networkQuarantineEnabled locationEnabled inRemoteShellSession allowRemoteShell showAlertIcon"),
    ...columns("boolean", "isAdConnector isHyperAutomate hasContainerizedWorkload"),
    ...columns("time", "createdAt registeredAt decommissionedAt lastActiveDate osStartTime groupUpdatedAt policyUpdatedAt firstFullModeTime"),
    ...columns("time", "scanStartedAt scanFinishedAt scanAbortedAt fullDiskScanLastUpdatedAt lastSuccessfulScanDate"),
    ...columns("time", "operationalStateExpiration remoteProfilingStateExpiration"),
    column("time", "updatedAt", "updated_at", { indexed: true }),
    ...columns("json", "networkInterfaces tags userActionsNeeded missingPermissions locations activeProtection cloudProviders proxyStates"),
    ...columns("json", "containerizedWorkloadCounts activeDirectory.lastUserMemberOf activeDirectory.computerMemberOf"),
  ],
});
