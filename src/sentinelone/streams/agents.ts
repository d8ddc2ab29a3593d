/**
 * Installed agents. Without being asked the console leaves out decommissioned and uninstalled agents, so both are asked for. `updatedAt`
 * moves with the console's record of the agent, `lastActiveDate` with its heartbeat. Agents move between sites while one reads: a
 * snapshot by site needs the changes since its start before it proves anything. The largest stream: each column costs at every page, so
 * only what posture, assets and cases ask for has one; the rest is in `raw`.
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
  passes: [{ id: "updated", column: "updated_at", overlapMs: 5 * MINUTE, filter: "updatedAt", sortBy: "updatedAt" }],
  columns: [
    column("text", "id"),
    column("text", "uuid", "uuid", { indexed: true }),
    column("text", "siteId", "site_id", { indexed: true }),
    column("text", "serialNumber", "serial_number", { indexed: true }),
    column("text", "computerName", "computer_name", { indexed: true }),
    ...columns("text", "accountId accountName siteName groupId groupName agentVersion domain externalId installerType"),
    ...columns("text", "osName osRevision osArch osType modelName machineType externalIp lastIpToMgmt lastLoggedInUserName"),
    ...columns("text", "networkStatus operationalState detectionState mitigationMode mitigationModeSuspicious scanStatus appsVulnerabilityStatus"),
    ...columns("text", "activeDirectory.userPrincipalName activeDirectory.mail"),
    ...columns("integer", "totalMemory cpuCount coreCount activeThreats"),
    ...columns("boolean", "infected isActive isUpToDate isDecommissioned isUninstalled isPendingUninstall threatRebootRequired"),
    ...columns("boolean", "encryptedApplications firewallEnabled networkQuarantineEnabled allowRemoteShell"),
    ...columns("time", "createdAt registeredAt decommissionedAt lastActiveDate osStartTime scanFinishedAt fullDiskScanLastUpdatedAt lastSuccessfulScanDate"),
    column("time", "updatedAt", "updated_at"),
    ...columns("json", "networkInterfaces tags userActionsNeeded missingPermissions locations activeProtection cloudProviders"),
  ],
});
