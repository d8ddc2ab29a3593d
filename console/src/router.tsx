/** Which address shows what. Each page is loaded when it is first looked at; what is filtered and chosen stands in the address. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, retainSearchParams } from "@tanstack/react-router";
import { Failed, Loading, NotFound } from "./parts/states.tsx";
import { Shell } from "./shell/shell.tsx";

/** Plain text, all of it: an address that somebody sends around says what it says. */
export type Search = Readonly<Record<string, string | undefined>>;

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): Search => Object.fromEntries(Object.entries(search).flatMap(([name, value]) => (typeof value === "string" && value !== "" ? [[name, value]] : []))),
  // The tenant that was chosen goes along to every page.
  search: { middlewares: [retainSearchParams(["tenant"])] },
});

const home = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("./pages/overview/overview.tsx"), "OverviewPage") });
const cases = createRoute({ getParentRoute: () => root, path: "/cases", component: lazyRouteComponent(() => import("./pages/cases/list.tsx"), "CasesPage") });
const caseOne = createRoute({ getParentRoute: () => root, path: "/cases/$id", component: lazyRouteComponent(() => import("./pages/cases/detail.tsx"), "CasePage") });
const knowledge = createRoute({ getParentRoute: () => root, path: "/cases/knowledge", component: lazyRouteComponent(() => import("./pages/cases/knowledge.tsx"), "KnowledgePage") });
const triageRules = createRoute({ getParentRoute: () => root, path: "/cases/rules", component: lazyRouteComponent(() => import("./pages/cases/rules.tsx"), "TriageRulesPage") });
const alerts = createRoute({ getParentRoute: () => root, path: "/alerts", component: lazyRouteComponent(() => import("./pages/alerts/list.tsx"), "AlertsPage") });
const alert = createRoute({ getParentRoute: () => root, path: "/alerts/$id", component: lazyRouteComponent(() => import("./pages/alerts/detail.tsx"), "AlertPage") });
const devices = createRoute({ getParentRoute: () => root, path: "/devices", component: lazyRouteComponent(() => import("./pages/devices/list.tsx"), "DevicesPage") });
const rules = createRoute({ getParentRoute: () => root, path: "/devices/rules", component: lazyRouteComponent(() => import("./pages/devices/rules.tsx"), "RulesPage") });
const serials = createRoute({ getParentRoute: () => root, path: "/devices/serials", component: lazyRouteComponent(() => import("./pages/devices/serials.tsx"), "SerialsPage") });
const coverage = createRoute({ getParentRoute: () => root, path: "/devices/coverage", component: lazyRouteComponent(() => import("./pages/devices/coverage.tsx"), "CoveragePage") });
const device = createRoute({ getParentRoute: () => root, path: "/devices/$id", component: lazyRouteComponent(() => import("./pages/devices/detail.tsx"), "DevicePage") });
const fixFirst = createRoute({
  getParentRoute: () => root,
  path: "/vulnerabilities",
  // The list of what to fix first has no filters: who asks for some is shown the findings.
  beforeLoad: ({ search }) => {
    if (["overdue", "exploited", "severity", "class"].some((name) => search[name] !== undefined)) redirect({ to: "/vulnerabilities/findings", search, replace: true, throw: true });
  },
  component: lazyRouteComponent(() => import("./pages/vulnerabilities/fix-first.tsx"), "FixFirstPage"),
});
const fixes = createRoute({ getParentRoute: () => root, path: "/vulnerabilities/fixes", component: lazyRouteComponent(() => import("./pages/vulnerabilities/fixes.tsx"), "FixesPage") });
const findings = createRoute({ getParentRoute: () => root, path: "/vulnerabilities/findings", component: lazyRouteComponent(() => import("./pages/vulnerabilities/findings.tsx"), "FindingsPage") });
const ingest = createRoute({ getParentRoute: () => root, path: "/vulnerabilities/ingest", component: lazyRouteComponent(() => import("./pages/vulnerabilities/ingest.tsx"), "IngestPage") });
const exports_ = createRoute({ getParentRoute: () => root, path: "/vulnerabilities/exports", component: lazyRouteComponent(() => import("./pages/vulnerabilities/exports.tsx"), "ExportsPage") });
const finding = createRoute({ getParentRoute: () => root, path: "/vulnerabilities/$id", component: lazyRouteComponent(() => import("./pages/vulnerabilities/detail.tsx"), "FindingPage") });
const access = createRoute({ getParentRoute: () => root, path: "/access", component: lazyRouteComponent(() => import("./pages/access/scopes.tsx"), "AccessPage") });
const accessPeople = createRoute({ getParentRoute: () => root, path: "/access/people", component: lazyRouteComponent(() => import("./pages/access/people.tsx"), "PeoplePage") });
const accessPerson = createRoute({ getParentRoute: () => root, path: "/access/people/$connection/$id", component: lazyRouteComponent(() => import("./pages/access/person.tsx"), "PersonPage") });
const accessWhy = createRoute({ getParentRoute: () => root, path: "/access/why", component: lazyRouteComponent(() => import("./pages/access/why.tsx"), "WhyPage") });
const accessRisks = createRoute({ getParentRoute: () => root, path: "/access/risks", component: lazyRouteComponent(() => import("./pages/access/risks.tsx"), "AccessRisksPage") });
const accessChanges = createRoute({ getParentRoute: () => root, path: "/access/changes", component: lazyRouteComponent(() => import("./pages/access/changes.tsx"), "AccessChangesPage") });
const accessSettings = createRoute({ getParentRoute: () => root, path: "/access/settings", component: lazyRouteComponent(() => import("./pages/access/settings.tsx"), "AccessSettingsPage") });
const connections = createRoute({ getParentRoute: () => root, path: "/connections", component: lazyRouteComponent(() => import("./pages/connections/list.tsx"), "ConnectionsPage") });
const connectionAdd = createRoute({ getParentRoute: () => root, path: "/connections/add", component: lazyRouteComponent(() => import("./pages/connections/add.tsx"), "AddConnectionPage") });
const connection = createRoute({ getParentRoute: () => root, path: "/connections/$id", component: lazyRouteComponent(() => import("./pages/connections/detail.tsx"), "ConnectionPage") });

const deliveries = createRoute({ getParentRoute: () => root, path: "/deliveries", component: lazyRouteComponent(() => import("./pages/deliveries/deliveries.tsx"), "DeliveriesPage") });
const destinationAdd = createRoute({ getParentRoute: () => root, path: "/deliveries/add", component: lazyRouteComponent(() => import("./pages/deliveries/add.tsx"), "AddDestinationPage") });
const destination = createRoute({ getParentRoute: () => root, path: "/deliveries/$id", component: lazyRouteComponent(() => import("./pages/deliveries/detail.tsx"), "DestinationPage") });

const account = createRoute({ getParentRoute: () => root, path: "/account", component: lazyRouteComponent(() => import("./pages/account/account.tsx"), "AccountPage") });
const administration = createRoute({ getParentRoute: () => root, path: "/administration", component: lazyRouteComponent(() => import("./pages/administration/places.tsx"), "AdministrationPage") });
const administrationUsers = createRoute({ getParentRoute: () => root, path: "/administration/users", component: lazyRouteComponent(() => import("./pages/administration/users.tsx"), "UsersPage") });
const administrationKeys = createRoute({ getParentRoute: () => root, path: "/administration/keys", component: lazyRouteComponent(() => import("./pages/administration/keys.tsx"), "KeysPage") });
const administrationTenants = createRoute({ getParentRoute: () => root, path: "/administration/tenants", component: lazyRouteComponent(() => import("./pages/administration/tenants.tsx"), "TenantsPage") });
const administrationAudit = createRoute({ getParentRoute: () => root, path: "/administration/audit", component: lazyRouteComponent(() => import("./pages/administration/audit.tsx"), "AuditPage") });
const administrationBackup = createRoute({ getParentRoute: () => root, path: "/administration/backup", component: lazyRouteComponent(() => import("./pages/administration/backup.tsx"), "BackupPage") });
const administrationAbout = createRoute({ getParentRoute: () => root, path: "/administration/about", component: lazyRouteComponent(() => import("./pages/administration/about.tsx"), "AboutPage") });

export const router = createRouter({
  routeTree: root.addChildren([home, cases, knowledge, triageRules, caseOne, alerts, alert, devices, rules, serials, coverage, device, fixFirst, fixes, findings, ingest, exports_, finding, access, accessPeople, accessPerson, accessWhy, accessRisks, accessChanges, accessSettings, connections, connectionAdd, connection, deliveries, destinationAdd, destination, account, administration, administrationUsers, administrationKeys, administrationTenants, administrationAudit, administrationBackup, administrationAbout]),
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search: Record<string, unknown>) => {
    const params = new URLSearchParams(Object.entries(search).flatMap(([name, value]) => (typeof value === "string" && value !== "" ? [[name, value]] : [])));
    return params.size === 0 ? "" : `?${params.toString()}`;
  },
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingComponent: () => <Loading what="Loading the page" />,
  defaultErrorComponent: ({ error, reset }) => <Failed fault={error instanceof Error ? error : new Error(String(error))} again={reset} />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
