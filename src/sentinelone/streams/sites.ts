/**
 * Sites. The listing nests its rows (`data.sites`). `registrationToken` lets a machine join the site: it is no column and is cut out of
 * `raw`. A site's own id is also its `siteId`, so that a mapped site's row belongs to that site's tenant.
 */
import { RECORD_SECRETS } from "../../kernel/record-secrets.ts";
import { column, columns } from "./mapping.ts";
import { DAY, HOUR, restStream } from "./listing.ts";

export const sites = restStream({
  id: "sites",
  title: "Sites",
  endpoint: "/sites",
  needs: ["Sites.view"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  sortBy: "id",
  version: "updated_at",
  siteId: "id",
  secrets: RECORD_SECRETS.sites,
  columns: [
    column("text", "id"),
    column("text", "accountId", "account_id", { indexed: true }),
    ...columns("text", "name accountName siteType state suite sku usageType externalId description creator creatorId"),
    ...columns("boolean", "isDefault healthStatus unlimitedExpiration unlimitedLicenses inheritAccountExpiration"),
    ...columns("integer", "totalLicenses activeLicenses"),
    ...columns("time", "expiration createdAt updatedAt"),
    ...columns("json", "licenses"),
  ],
});
