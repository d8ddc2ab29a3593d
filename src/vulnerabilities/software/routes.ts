/** HTTP routes of the software inventory: what is installed, with and without CVEs, and what changed between two dates. */
import { isoTime } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/fault.ts";
import { momentAt } from "../../kernel/moments.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../../kernel/route.ts";
import type { TenantScope } from "../../kernel/scope.ts";
import { SoftwareDiff, SoftwareDiffQuery, SoftwareList, SoftwareQuery } from "../../kernel/vulnerability-software-api.ts";
import type { Tx } from "../../store/store.ts";
import { BASE, DEFAULT_PAGE, Reading, within } from "../finding-routes.ts";
import type { VulnerabilityRouteDeps } from "../routes.ts";
import { deviceByReference, diffSoftware, knownLater, listSoftware, type SoftwareFilter } from "./queries.ts";

/** A time, or a day: its beginning, UTC. */
function dateAt(place: string, text: string): number {
  return momentAt(place, /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
}

export function softwareRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock, findConnection, connections } = deps;

  async function filterOf(scope: TenantScope, { connection, device, application }: { readonly connection?: string; readonly device?: string; readonly application?: string }): Promise<SoftwareFilter> {
    return { connection: connection === undefined ? undefined : await findConnection(scope, connection), device: device === undefined ? undefined : await deviceByReference(store, scope, device), application };
  }

  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/software`,
      summary: "Installed software by application and version: on how many devices it is, and how many CVEs are open in it",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: SoftwareQuery,
      answer: SoftwareList,
      async handle({ query: { tenant, cves, after, limit = DEFAULT_PAGE, ...more } }, { scope: given }: RouteContext<Tx>) {
        const scope = await within(deps, given, tenant);
        const { items, next } = await listSoftware(store, scope, { ...(await filterOf(scope, more)), cves, after, limit });
        return { items: [...items], next };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/software/diff`,
      summary: "What software was added, removed and updated from one date to another, and on how many devices",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: SoftwareDiffQuery,
      answer: SoftwareDiff,
      async handle({ query: { tenant, from: since, to: until, change, after, limit = DEFAULT_PAGE, ...more } }, { scope: given }: RouteContext<Tx>) {
        const scope = await within(deps, given, tenant);
        const from = dateAt("query/from", since);
        const to = until === undefined ? clock.now() : dateAt("query/to", until);
        if (from >= to) throw new Fault("CONFIG_INVALID", "query/from is not before query/to.");
        const filter = await filterOf(scope, more);
        const { items, next } = await diffSoftware(store, scope, { ...filter, from, to, change, after, limit });
        const named = filter.connection === undefined ? filter.device?.map((one) => one.connection) : [filter.connection];
        const asked = [...new Set(named ?? (await connections(scope)).map(({ id }) => id))];
        const later = await knownLater(store, asked, from);
        return { from: isoTime(from), to: isoTime(to), items: [...items], next, knownLater: later.map((one) => ({ connection: one.connection, since: one.since === null ? null : isoTime(one.since) })) };
      },
    }),
  ];
}
