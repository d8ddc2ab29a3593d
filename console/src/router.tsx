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

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    redirect({ to: "/connections", replace: true, throw: true });
  },
});

const cases = createRoute({ getParentRoute: () => root, path: "/cases", component: lazyRouteComponent(() => import("./pages/cases/list.tsx"), "CasesPage") });
const caseOne = createRoute({ getParentRoute: () => root, path: "/cases/$id", component: lazyRouteComponent(() => import("./pages/cases/detail.tsx"), "CasePage") });
const connections = createRoute({ getParentRoute: () => root, path: "/connections", component: lazyRouteComponent(() => import("./pages/connections/list.tsx"), "ConnectionsPage") });
const connectionAdd = createRoute({ getParentRoute: () => root, path: "/connections/add", component: lazyRouteComponent(() => import("./pages/connections/add.tsx"), "AddConnectionPage") });
const connection = createRoute({ getParentRoute: () => root, path: "/connections/$id", component: lazyRouteComponent(() => import("./pages/connections/detail.tsx"), "ConnectionPage") });

export const router = createRouter({
  routeTree: root.addChildren([home, cases, caseOne, connections, connectionAdd, connection]),
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
