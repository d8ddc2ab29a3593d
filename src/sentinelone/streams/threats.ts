/**
 * Threats of the endpoint product. `updatedAt` moves with verdict, status, mitigation and notes, so one pass by it sees new and changed
 * threats alike. `agentDetectionInfo` is the device as it was then, `agentRealtimeInfo` as it is now.
 */
import { column, columns } from "./mapping.ts";
import { DAY, MINUTE, restStream } from "./listing.ts";

export const threats = restStream({
  id: "threats",
  title: "Threats",
  endpoint: "/threats",
  needs: ["Threats.view"],
  everyMs: MINUTE,
  proofEveryMs: DAY,
  partitionedBy: "site",
  passesSeeEveryChange: true,
  sortBy: "id",
  version: "updated_at",
  siteId: "site_id",
  agentId: "agent_id",
  retentionColumn: "created_at",
  passes: [{ id: "updated", column: "updated_at", overlapMs: 5 * MINUTE, filter: "updatedAt", sortBy: "updatedAt", looksBack: true }],
  columns: [
    column("text", "id"),
    column("text", "agentRealtimeInfo.agentId", "agent_id", { indexed: true }),
    column("text", "threatInfo.storyline", "storyline", { indexed: true }),
    column("text", "threatInfo.sha1", "sha1", { indexed: true }),
    ...columns("text", "threatName sha256 md5 classification classificationSource confidenceLevel detectionType analystVerdict incidentStatus", "threatInfo."),
    ...columns("text", "mitigationStatus initiatedBy initiatingUserId initiatingUsername filePath fileExtension fileExtensionType fileVerificationType", "threatInfo."),
    ...columns("text", "certificateId publisherName originatorProcess processUser maliciousProcessArguments collectionId externalTicketId", "threatInfo."),
    ...columns("text", "cloudFilesHashVerdict rootProcessUpn browserType", "threatInfo."),
    ...columns("integer", "fileSize", "threatInfo."),
    ...columns("boolean", "mitigatedPreemptively isFileless isValidCertificate automaticallyResolved failedActions pendingActions rebootRequired", "threatInfo."),
    ...columns("boolean", "reachedEventsLimit externalTicketExists", "threatInfo."),
    ...columns("time", "identifiedAt createdAt", "threatInfo."),
    column("time", "threatInfo.updatedAt", "updated_at", { indexed: true }),
    ...columns("json", "engines detectionEngines macroModules", "threatInfo."),
    ...columns("text", "accountId accountName siteId siteName groupId groupName agentUuid agentComputerName agentDomain agentVersion", "agentRealtimeInfo."),
    ...columns("text", "agentOsName agentOsType agentOsRevision agentMachineType agentNetworkStatus agentMitigationMode operationalState", "agentRealtimeInfo."),
    ...columns("boolean", "agentIsActive agentIsDecommissioned agentInfected", "agentRealtimeInfo."),
    ...columns("text", "agentIpV4 agentIpV6 externalIp agentLastLoggedInUserName agentLastLoggedInUserMail agentLastLoggedInUpn", "agentDetectionInfo."),
    column("json", "mitigationStatus", "mitigation_actions"),
    ...columns("json", "indicators whiteningOptions containerInfo kubernetesInfo"),
  ],
});
