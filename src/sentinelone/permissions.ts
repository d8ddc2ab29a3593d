/** Which of SentinelOne's permissions a request needs, and what that is called in the console's role editor. Ids as the vendor's API names them. */
import type { Stream } from "./streams/stream.ts";

const WORDS: Readonly<Record<string, string>> = {
  "Accounts.view": "Accounts: View",
  "Sites.view": "Sites: View",
  "Groups.view": "Groups: View",
  "Roles.view": "Roles: View",
  "Users.view": "Users: View",
  "Service Users.view": "Service Users: View",
  "Endpoints.view": "Endpoints: View",
  "Threats.view": "Threats: View",
  "Unified Alerts.view": "Unified Alerts (Alerts): View",
  "Custom Alerts.view": "Custom Alerts (STAR): View",
  "Activity Page.view": "Activity: View",
  "Applications Page.view": "Applications: View",
  "Applications Page.viewRisks": "Applications: View risks",
};

/** `Endpoints.view` → `Endpoints: View`; an id we do not know stays as it is. */
export function permissionWords(id: string): string {
  return WORDS[id] ?? id;
}

export function missingPermission(stream: Pick<Stream, "needs">): string {
  return stream.needs.map((id) => `${permissionWords(id)} (${id})`).join(", ");
}

/** Whether a permission only looks: `view`, `viewRisks`, `viewThreats`, `view_all` … */
export function isViewOnly(permission: string): boolean {
  const id = permission.slice(permission.lastIndexOf(".") + 1);
  return /^view($|[A-Z_-])/.test(id) || /^(read|list)$/i.test(id);
}
