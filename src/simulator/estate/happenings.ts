/** Where and when the generated threats, alerts and activities happened: each on an agent that had been installed by then. */
import type { ApiRecord } from "../record.ts";
import { agentFacts, type AgentFacts } from "./agents.ts";
import { groupName } from "./frame.ts";
import { agentsBy } from "./machines.ts";
import { createdAt, diceFor, GROUPS_PER_SITE, idOf, type World } from "./world.ts";

type Happening = "threats" | "alerts" | "cloud-detection-alerts" | "activities";

/** Over how many days before now the records of a kind lie. */
export const DAYS: Readonly<Record<Happening, number>> = { threats: 90, alerts: 60, "cloud-detection-alerts": 60, activities: 90 };
const SIZES = { threats: "threats", alerts: "alerts", "cloud-detection-alerts": "cloudAlerts", activities: "activities" } as const;

/** Which agent the index-th record of a kind happened on: one that had been installed by then. */
export function agentIndexOf(world: World, kind: Happening, index: number): number {
  if (world.sizes.agents === 0) return 0;
  const at = createdAt(world, kind, index, world.sizes[SIZES[kind]], DAYS[kind]);
  return diceFor(world, kind, index).int(1, agentsBy(world, at));
}

export function agentOf(world: World, kind: Happening, index: number): AgentFacts {
  return agentFacts(world, agentIndexOf(world, kind, index));
}

/** The scope of an agent, named as records name it. */
export function place(world: World, agent: AgentFacts): ApiRecord {
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  return {
    accountId: account?.id ?? null,
    accountName: account?.name ?? null,
    siteId: site?.id ?? null,
    siteName: site?.name ?? null,
    groupId: idOf("groups", agent.group),
    groupName: groupName(agent.group % GROUPS_PER_SITE),
  };
}
