/**
 * Application risks: one row per CVE, application and endpoint. `includeRemovals` keeps rows whose risk is gone (`status` Removed, or
 * resolved). The console filters by `riskUpdatedDate` but neither sorts by it nor returns it, hence an unordered pass. Scores come
 * as text or numbers; several fields exist only with the vulnerability management licence. One site id per request. `daysDetected` is no
 * column: it follows from `detectionDate` and would make every row a changed one every day.
 */
import { column, columns } from "./mapping.ts";
import { DAY, HOUR, MINUTE, restStream } from "./listing.ts";

export const risks = restStream({
  id: "risks",
  title: "Application risks",
  endpoint: "/application-management/risks",
  needs: ["Applications Page.viewRisks"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  partitionedBy: "site",
  sitesPerRequest: 1,
  params: { includeRemovals: true },
  sortBy: "id",
  version: "risk_updated_date",
  ended: ({ status }) => typeof status === "string" && /^\s*(removed|resolved)\s*$/i.test(status),
  siteId: "site_id",
  agentId: "endpoint_id",
  passes: [{ id: "updated", column: "risk_updated_date", overlapMs: 15 * MINUTE, unordered: true, filter: "riskUpdatedDate", sortBy: "id" }],
  columns: [
    column("text", "id"),
    column("text", "cveId", "cve_id", { indexed: true }),
    column("text", "endpointId", "endpoint_id", { indexed: true }),
    ...columns("text", "endpointName endpointType osType osVersion domain accountId accountName siteId siteName groupId groupName"),
    ...columns("text", "application applicationName applicationVersion applicationVendor severity status lastScanResult cvssVersion nvdCvssVersion"),
    ...columns("text", "exploitCodeMaturity exploitedInTheWild remediationLevel reportConfidence reason analystVerdict"),
    ...columns("text", "mitigationStatus mitigationStatusReason mitigationStatusChangedBy markedBy"),
    column("json", "markType", "mark_type"),
    ...columns("real", "baseScore nvdBaseScore riskScore"),
    ...columns("time", "detectionDate publishedDate lastScanDate markedDate mitigationStatusChangeTime riskUpdatedDate"),
  ],
});
