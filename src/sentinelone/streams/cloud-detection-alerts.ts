/**
 * Alerts of custom detection rules (STAR), the older REST surface. The console filters by creation and report time only: a later
 * verdict is seen by nothing but a full listing. Response values are display text ("True positive"); ids are not those of `alerts`.
 */
import { column, columns } from "./mapping.ts";
import { HOUR, MINUTE, restStream } from "./listing.ts";

const OVERLAP = 15 * MINUTE;

export const cloudDetectionAlerts = restStream({
  id: "cloud-detection-alerts",
  title: "Custom detection alerts",
  endpoint: "/cloud-detection/alerts",
  needs: ["Custom Alerts.view"],
  everyMs: 5 * MINUTE,
  proofEveryMs: HOUR * 6,
  sortBy: "alertInfoCreatedAt",
  key: "alertInfo.alertId",
  version: "updated_at",
  siteId: "site_id",
  retentionColumn: "created_at",
  passes: [
    { id: "created", column: "created_at", overlapMs: OVERLAP, filter: "createdAt", sortBy: "alertInfoCreatedAt" },
    { id: "reported", column: "reported_at", overlapMs: OVERLAP, filter: "reportedAt", sortBy: "alertInfoReportedAt" },
  ],
  columns: [
    column("text", "alertInfo.alertId", "id"),
    ...columns("text", "analystVerdict incidentStatus hitType eventType source dvEventId indicatorName indicatorCategory indicatorDescription", "alertInfo."),
    ...columns("text", "srcIp srcPort srcMachineIp dstIp dstPort netEventDirection dnsRequest dnsResponse loginType loginsUserName", "alertInfo."),
    ...columns("text", "loginAccountDomain loginAccountSid loginIsSuccessful registryKeyPath registryPath registryValue modulePath moduleSha1", "alertInfo."),
    ...columns("boolean", "isEdr", "alertInfo."),
    column("time", "alertInfo.createdAt", "created_at", { indexed: true }),
    column("time", "alertInfo.reportedAt", "reported_at", { indexed: true }),
    ...columns("time", "updatedAt", "alertInfo."),
    ...["id", "name", "severity", "description", "scopeLevel", "treatAsThreat", "queryType", "queryLang", "s1ql"].map((field) => column("text", `ruleInfo.${field}`, `rule_${snake(field)}`)),
    ...["accountId", "siteId"].map((field) => column("text", `agentDetectionInfo.${field}`, snake(field))),
    ...["uuid", "name", "machineType", "osFamily", "osName", "osRevision", "version"].map((field) => column("text", `agentDetectionInfo.${field}`, `agent_${snake(field)}`)),
    ...["name", "pid", "user", "commandline", "storyline", "filePath", "fileHashSha1", "fileHashSha256", "fileHashMd5", "fileSignerIdentity", "integrityLevel"].map((field) =>
      column("text", `sourceProcessInfo.${field}`, `source_process_${snake(field)}`),
    ),
    ...["name", "pid", "user", "commandline", "storyline", "filePath", "fileHashSha1", "fileHashSha256"].map((field) =>
      column("text", `sourceParentProcessInfo.${field}`, `source_parent_process_${snake(field)}`),
    ),
    ...columns("json", "targetProcessInfo containerInfo kubernetesInfo"),
  ],
});

function snake(field: string): string {
  return field.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
