/**
 * Groups of agents within a site. Their update time moves with their settings, not with the number of agents in them, so changes alone
 * do not tell everything. `registrationToken` is a secret and is cut out of `raw`.
 */
import { RECORD_SECRETS } from "../../kernel/record-secrets.ts";
import { column, columns } from "./mapping.ts";
import { DAY, HOUR, MINUTE, restStream } from "./listing.ts";

export const groups = restStream({
  id: "groups",
  title: "Groups",
  endpoint: "/groups",
  needs: ["Groups.view"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  sortBy: "id",
  version: "updated_at",
  siteId: "site_id",
  secrets: RECORD_SECRETS.groups,
  passes: [{ id: "updated", column: "updated_at", overlapMs: 5 * MINUTE, filter: "updatedAt", sortBy: "updatedAt" }],
  columns: [
    column("text", "id"),
    column("text", "siteId", "site_id", { indexed: true }),
    ...columns("text", "name type description filterId filterName creator creatorId"),
    ...columns("boolean", "isDefault inherits"),
    ...columns("integer", "rank totalAgents"),
    ...columns("time", "createdAt"),
    column("time", "updatedAt", "updated_at", { indexed: true }),
  ],
});
