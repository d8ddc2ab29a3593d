/** HTTP routes of assets: the inventory, and of one device why its agents are one, and why others are not the same. */
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { AgentCounts, AgentCountsRequest, AssetDetail, AssetFindings, AssetFindingsQuery, AssetList, AssetQuery } from "../kernel/vulnerability-api.ts";
import type { Tx } from "../store/store.ts";
import { BASE, ById, DEFAULT_PAGE, Reading, within } from "./finding-routes.ts";
import { keysOf } from "./agent-keys.ts";
import { agentAt, ambiguitiesOf, assetById, countAgents, countAssets, findAssets, instancesOn } from "./queries.ts";
import type { VulnerabilityRouteDeps } from "./routes.ts";
import { assetView, instanceView, whyOne, whyTwo } from "./views.ts";

export function assetRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/assets`,
      summary: "Devices, each with the agents it has had and what is on it",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: AssetQuery,
      answer: AssetList,
      async handle({ query: { tenant, limit = DEFAULT_PAGE, ...filter } }, { scope: given }: RouteContext<Tx>) {
        const scope = await within(deps, given, tenant);
        const { rows, next } = await findAssets(store, scope, { ...filter, limit });
        const counts = await countAssets(store, scope, rows.flatMap(([first]) => (first === undefined ? [] : [first.asset_id])), clock.now());
        return { items: rows.map((agents) => assetView(agents, counts.get(`${agents[0]?.tenant_id ?? ""} ${agents[0]?.asset_id ?? ""}`))), next };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/agents/counts`,
      summary: "How much is open, stale, overdue, fixed and set aside on each of these agents",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      body: AgentCountsRequest,
      answer: AgentCounts,
      async handle({ body: { agents } }, { scope }: RouteContext<Tx>) {
        const counts = await countAgents(store, scope, agents, clock.now());
        return { items: agents.flatMap(({ connection, agent }) => { const of = counts.get(`${connection} ${agent}`); return of === undefined ? [] : [{ connection, agent, counts: of }]; }) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/assets/:id`,
      summary: "One device: why its agents are one, and why those that share an identifier are two",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      params: ById,
      answer: AssetDetail,
      async handle({ params }, { scope }: RouteContext<Tx>) {
        const agents = await assetById(store, scope, params.id);
        const counts = await countAssets(store, scope, [params.id], clock.now());
        const one: AssetDetail["one"] = [];
        const two: AssetDetail["two"] = [];
        for (const agent of agents) {
          one.push(whyOne(agent, keysOf(agent)));
          for (const row of await ambiguitiesOf(store, agent)) {
            const mine = row.connection_id === agent.connection_id && row.agent_id === agent.id;
            const place = mine ? { connection: row.other_connection_id, id: row.other_agent_id } : { connection: row.connection_id, id: row.agent_id };
            const other = await agentAt(store, row.tenant_id, place.connection, place.id);
            // Settled since: they are one now.
            if (other?.asset_id !== agent.asset_id) two.push(whyTwo(row, other, place));
          }
        }
        return { asset: assetView(agents, counts.get(`${agents[0]?.tenant_id ?? ""} ${params.id}`)), one, two };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/assets/:id/findings`,
      summary: "What is on one device, the worst first; what is open or stale where nothing else is asked for",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      params: ById,
      query: AssetFindingsQuery,
      answer: AssetFindings,
      async handle({ params, query: { class: of, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const [agent] = await assetById(store, scope, params.id);
        const { rows, next } = await instancesOn(store, { tenant: agent?.tenant_id ?? "", asset: params.id, class: of }, { after, limit });
        const now = clock.now();
        return { items: rows.map((row) => ({ ...instanceView(row, now), cve: row.cve, application: row.application, vendor: row.vendor, exploitedInTheWild: row.exploited === null ? null : row.exploited === 1 })), next };
      },
    }),
  ];
}
