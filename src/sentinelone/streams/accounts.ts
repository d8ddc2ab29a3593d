/** Accounts, the level below the whole console. A token that sees sites only is refused here (403) and reads sites instead. */
import { column, columns } from "./mapping.ts";
import { DAY, HOUR, restStream } from "./listing.ts";

export const accounts = restStream({
  id: "accounts",
  title: "Accounts",
  endpoint: "/accounts",
  needs: ["Accounts.view"],
  everyMs: HOUR,
  proofEveryMs: DAY,
  sortBy: "id",
  version: "updated_at",
  secrets: ["registrationToken"],
  columns: [
    column("text", "id"),
    ...columns("text", "name accountType state usageType billingMode externalId salesforceId creator creatorId"),
    ...columns("boolean", "isDefault unlimitedExpiration unlimitedCore unlimitedControl unlimitedComplete"),
    ...columns("integer", "activeAgents totalLicenses numberOfSites coreSites controlSites completeSites totalCore totalControl totalComplete"),
    ...columns("integer", "agentsInCoreSku agentsInControlSku agentsInCompleteSku"),
    ...columns("time", "expiration createdAt updatedAt"),
    ...columns("json", "skus licenses"),
  ],
});
