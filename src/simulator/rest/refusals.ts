/**
 * What the console has and this one does not: there it answers as to a token whose role or licence does not reach so far. What the
 * console has not is a 404.
 */
import { forbidden, notFound, type ApiError } from "../errors.ts";
import { RouteTable } from "./route.ts";

const AREAS: ReadonlySet<string> = new Set(
  `accounts activities agents application-management cloud-detection exclusions groups installed-applications rbac restrictions service-users sites system threat-intelligence threats user users`.split(" "),
);

/** Areas without anything simulated in them. */
const OUTSIDE: ReadonlySet<string> = new Set(
  `agent-artifacts applications cloud-funnel cloudnative cnapp config-override content-updates-inventory detection-library device-control dv export filters firewall-control hashes hyper-automate
  last-activity-as-syslog licenses locations log-collection mobile-integration ranger ranger-ad remote-ops remote-scripts report-tasks reports rogues sentinelonerss settings singularity-marketplace site-with-admin
  tag-manager tags tasks-configuration tenant unified-exclusions update upgrade-policy upload xdr`.split(/\s+/u),
);

/** Reads in areas of which other parts are simulated. */
const READS = new RouteTable(
  `/accounts/{id}/policy /accounts/{id}/uninstall-password/metadata /accounts/{id}/uninstall-password/view /sites/{id}/policy /sites/{id}/token /sites/{id}/local-authorization
  /sites/{id}/local-upgrade-approved-agents-csv /groups/{id}/policy /groups/{id}/token /agents/passphrases /agents/tags /agents/tags/filters-count /agents/{id}/local-upgrade-authorization
  /application-management/settings /application-management/inventory/export/csv /application-management/inventory/endpoints/export/csv /application-management/risks/export/csv
  /application-management/risks/{view}/export/csv /cloud-detection/rules /system/configuration /threats/export /threats/mitigation-report/{id} /users/login/sso-saml2 /users/onboarding/validate-token
  /users/sso-saml2/re-auth /exclusions/report/{id} /restrictions/report/{id} /threat-intelligence/user-config`
    .split(/\s+/u)
    .map((path) => ({ method: "GET", path })),
);

/** What a path without a route is answered. A write that the console does not have either cannot be told from one it has. */
export function refusal(method: string, path: string): ApiError {
  const area = path.split("/")[1] ?? "";
  const has = OUTSIDE.has(area) || (method === "GET" ? READS.find(method, path) !== undefined : AREAS.has(area));
  return has ? forbidden("User does not have required permissions.") : notFound();
}
