/**
 * The console's activity log, append-only; hidden (internal) entries included. `createdAt` is set when the console stores an entry, which
 * may be some minutes out of order. `data` is free-form per type, and some of its numbers pass 2^53.
 */
import { RECORD_SECRETS } from "../../kernel/record-secrets.ts";
import { column, columns } from "./mapping.ts";
import { DAY, MINUTE, restStream } from "./listing.ts";

export const activities = restStream({
  id: "activities",
  title: "Activities",
  endpoint: "/activities",
  needs: ["Activity Page.view"],
  everyMs: 5 * MINUTE,
  proofEveryMs: 365 * DAY,
  passesSeeEveryChange: true,
  params: { includeHidden: true },
  sortBy: "createdAt",
  version: "updated_at",
  siteId: "site_id",
  agentId: "agent_id",
  retentionColumn: "created_at",
  secrets: RECORD_SECRETS.activities,
  passes: [{ id: "created", column: "created_at", overlapMs: 15 * MINUTE, filter: "createdAt", sortBy: "createdAt" }],
  columns: [
    column("text", "id"),
    column("integer", "activityType", "activity_type", { indexed: true }),
    column("time", "createdAt", "created_at", { indexed: true }),
    ...columns("time", "updatedAt"),
    ...columns("text", "activityUuid primaryDescription secondaryDescription description comments hash osFamily agentUpdatedVersion"),
    ...columns("text", "userId threatId agentId accountId accountName siteId siteName groupId groupName"),
    ...columns("json", "data"),
  ],
});
