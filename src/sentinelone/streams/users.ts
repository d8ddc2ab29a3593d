/**
 * Console users with their scope and roles. `scopeRoles` has one entry per scope the user holds a role in, all of one level. There is no
 * update time: only full listings tell what changed. `lastLogin` moves with every login.
 */
import { RECORD_SECRETS } from "../../kernel/record-secrets.ts";
import { column, columns } from "./mapping.ts";
import { DAY, HOUR, restStream } from "./listing.ts";

export const users = restStream({
  id: "users",
  title: "Console users",
  endpoint: "/users",
  needs: ["Users.view"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  sortBy: "id",
  secrets: RECORD_SECRETS.users,
  columns: [
    column("text", "id"),
    column("text", "email", "email", { indexed: true }),
    ...columns("text", "fullName source scope lowestRole primaryTwoFaMethod twoFaStatus globalUserId globalOrganizationId"),
    ...columns("boolean", "twoFaEnabled twoFaConfigured twoFaEnabledReadOnly emailVerified emailReadOnly fullNameReadOnly groupsReadOnly"),
    ...columns("boolean", "canGenerateApiToken allowRemoteShell agreedEula isSystem"),
    ...columns("time", "firstLogin lastLogin dateJoined apiToken.createdAt apiToken.expiresAt"),
    ...columns("json", "scopeRoles siteRoles tenantRoles"),
  ],
});
