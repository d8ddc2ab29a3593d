/**
 * Roles and what they permit. Enforcement and `GET /rbac/role/{id}` read the same table, so that they cannot disagree.
 * Permission ids are the ones the vendor's spec attaches to operations (`<Page>.<permission>`).
 */
import type { ApiRecord } from "./record.ts";

const PAGES: Readonly<Record<string, string>> = {
  Accounts: "view create edit",
  Sites: "view create edit delete",
  Groups: "view create edit delete moveToGroup",
  Endpoints:
    "view sendMessage reconnectToNetwork disconnectFromNetwork FetchLogs initiateScan abortScan decommission uninstall reboot shutDown approveUninstall rejectUninstall updateSoftware fileFetch manageEndpointTags moveToAnotherSite showPassphrase showApplications setCustomerIdentifier markAsUpToDate enableRanger disableRanger disableAgent enableAgent remoteShell",
  Threats: "view kill quarantine unquarantine remediate rollback removeMacro restoreMacro markThreat markSuspicious updateAnalystVerdict updateIncidentStatus updateExternalTicketId fetchThreatFile",
  "Custom Alerts": "view updateIncidentStatus updateAnalystVerdict",
  "Custom Rules": "view manage",
  "Unified Alerts": "view manage",
  "Activity Page": "view",
  "Applications Page": "view viewRisks scanVulnerabilities changeVulnerabilitiesScanPolicy",
  Users: "view create edit delete allowGenerateApiToken revokeOtherUsersApiTokens",
  "Service Users": "view create edit delete",
  Roles: "view create edit delete",
  Policy: "view edit",
  Configuration: "view edit",
  Exclusions: "view create edit delete",
  Blacklist: "view create edit delete",
  "Tag Management": "edit create delete",
  Ranger: "view manageDiscoveredNetworks",
  "Deep Visibility": "view create edit delete",
  "Reports Page": "view create edit delete",
  "Threat Intelligence": "view manage",
};

const EVERY: readonly string[] = Object.entries(PAGES).flatMap(([page, ids]) => ids.split(" ").map((id) => `${page}.${id}`));
const READING = EVERY.filter((permission) => permission.endsWith(".view") || permission === "Applications Page.viewRisks");
// Managing people and settings is not for the roles that only respond.
const RESPONDING = [
  ...READING,
  ...EVERY.filter((permission) => /^(?:Threats|Custom Alerts|Unified Alerts|Exclusions|Blacklist)\./u.test(permission)),
  ...["disconnectFromNetwork", "reconnectToNetwork", "initiateScan", "abortScan", "fileFetch", "FetchLogs"].map((id) => `Endpoints.${id}`),
];

export interface Role {
  readonly name: string;
  readonly description: string;
  readonly predefined: boolean;
  readonly permissions: ReadonlySet<string>;
}

function role(name: string, description: string, predefined: boolean, permissions: readonly string[]): Role {
  return { name, description, predefined, permissions: new Set(permissions) };
}

/** In the order of their ids, all of the whole console. The last two are custom ones. */
export const ROLES: readonly Role[] = [
  role("Admin", "Everything in its scope", true, EVERY),
  role("Viewer", "Sees, changes nothing", true, READING),
  role("SOC", "Sees and responds", true, RESPONDING),
  role("IT", "Runs the fleet", true, [...READING, ...EVERY.filter((permission) => /^(?:Endpoints|Groups|Tag Management)\./u.test(permission))]),
  role("IR Team", "Investigates and responds", true, [...RESPONDING, ...EVERY.filter((permission) => permission.startsWith("Deep Visibility."))]),
  role("C-Level", "Reports and dashboards", true, ["Reports Page.view", "Endpoints.view", "Threats.view", "Sites.view", "Accounts.view"]),
  role("Inventory Reader", "Machines and software, no detections", false, ["Accounts.view", "Sites.view", "Groups.view", "Endpoints.view", "Applications Page.view", "Applications Page.viewRisks"]),
  role("Night Shift", "Detections without people", false, RESPONDING.filter((permission) => !/^(?:Users|Service Users|Roles)\./u.test(permission))),
];

/** A custom role, defined in one place and to be given there and below. */
export interface PlacedRole extends Role {
  readonly level: "tenant" | "account" | "site";
  /** Of the accounts or sites. */
  readonly place: "first" | "last";
  /** False: nobody holds it. */
  readonly held: boolean;
}

function placed(level: PlacedRole["level"], place: PlacedRole["place"], held: boolean, name: string, description: string, permissions: readonly string[]): PlacedRole {
  return { ...role(name, description, false, permissions), level, place, held };
}

/** After ROLES, in the order of their ids. Each costs a reader a request of its own, so there are few. `Regional Lead` is next to Admin. */
export const PLACED_ROLES: readonly PlacedRole[] = [
  placed("account", "last", true, "Regional Lead", "Nearly everything in one account", EVERY.filter((permission) => permission !== "Accounts.create" && permission !== "Roles.delete")),
  placed("account", "first", false, "Contractor", "Kept for the next audit", ["Endpoints.view", "Sites.view", "Groups.view"]),
  placed("site", "first", true, "Depot Operator", "Isolates and scans in one site", ["Sites.view", "Groups.view", "Endpoints.view", "Threats.view", "Endpoints.disconnectFromNetwork", "Endpoints.reconnectToNetwork", "Endpoints.initiateScan"]),
];

export const ROLE_INDEX = { admin: 0, viewer: 1, soc: 2, it: 3, ir: 4, cLevel: 5, inventory: 6, nightShift: 7 } as const;

/** The `pages` of a role's details: every page and permission, each with whether this role has it. */
export function rolePages(role: Role): readonly ApiRecord[] {
  return Object.entries(PAGES).map(([page, ids]) => ({
    name: page,
    identifier: page.toLowerCase().replaceAll(" ", "_"),
    permissions: ids.split(" ").map((identifier) => ({
      identifier,
      title: `${identifier.charAt(0).toUpperCase()}${identifier.slice(1)}`,
      value: role.permissions.has(`${page}.${identifier}`),
      description: "",
      additionalDescription: null,
      type: "checkbox",
      dependsOn: [],
      groupName: null,
      disabledReason: null,
      disabledReasonCode: null,
    })),
  }));
}
