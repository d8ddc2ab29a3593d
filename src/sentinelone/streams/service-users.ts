/**
 * Service users: principals without a person, each with at most one API token of which only the dates are read. No filter by time exists,
 * so every read is a full listing.
 */
import { RECORD_SECRETS } from "../../kernel/record-secrets.ts";
import { column, columns } from "./mapping.ts";
import { DAY, HOUR, restStream } from "./listing.ts";

export const serviceUsers = restStream({
  id: "service-users",
  title: "Service users",
  endpoint: "/service-users",
  needs: ["Service Users.view"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  sortBy: "id",
  version: "updated_at",
  secrets: RECORD_SECRETS["service-users"],
  columns: [
    column("text", "id"),
    ...columns("text", "name description scope createdBy.id createdBy.name updatedBy.id updatedBy.name"),
    ...columns("time", "createdAt updatedAt lastActivation apiToken.createdAt apiToken.expiresAt"),
    ...columns("json", "scopeRoles"),
  ],
});
