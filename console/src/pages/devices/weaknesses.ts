/** How many weaknesses are open on each of the devices that are listed: asked for after the list, so that nobody waits for it. */
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { call, type Answer } from "../../api/client.ts";
import { useMay } from "../../api/session.ts";

type Counted = Answer<"POST /api/v1/vulnerabilities/agents/counts">["items"][number]["counts"];

interface Listed {
  readonly connection: string;
  readonly agentId: string;
}

/** As a page of the list has them. */
const AT_ONCE = 100;
const ROUTE = "POST /api/v1/vulnerabilities/agents/counts";

/** Undefined while it is not known; null where nothing was ever found. */
export type Weaknesses = (device: Listed) => Counted | null | undefined;

/** Of a page of the list that goes into a file. */
export function useAskWeaknesses(): (devices: readonly Listed[], signal: AbortSignal) => Promise<Weaknesses> {
  const mayRead = useMay("vulnerabilities.read");
  return async (devices, signal) => {
    if (!mayRead || devices.length === 0) return () => undefined;
    const { items } = await call(ROUTE, { body: { agents: devices.map(({ connection, agentId }) => ({ connection, agent: agentId })) } }, signal);
    const known = new Map(items.map(({ connection, agent, counts }) => [`${connection} ${agent}`, counts]));
    return ({ connection, agentId }) => known.get(`${connection} ${agentId}`) ?? null;
  };
}

export function useWeaknesses(devices: readonly Listed[]): Weaknesses {
  const mayRead = useMay("vulnerabilities.read");
  const chunks = Array.from({ length: mayRead ? Math.ceil(devices.length / AT_ONCE) : 0 }, (_unused, place) => devices.slice(place * AT_ONCE, (place + 1) * AT_ONCE).map(({ connection, agentId }) => ({ connection, agent: agentId })));
  const answers = useQueries({ queries: chunks.map((agents) => ({ queryKey: [ROUTE, agents], queryFn: ({ signal }: { readonly signal: AbortSignal }) => call(ROUTE, { body: { agents } }, signal), staleTime: 60_000, placeholderData: keepPreviousData })) });
  const asked = new Set(chunks.flatMap((agents, place) => (answers[place]?.data === undefined ? [] : agents.map(({ connection, agent }) => `${connection} ${agent}`))));
  const known = new Map(answers.flatMap(({ data }) => data?.items ?? []).map(({ connection, agent, counts }) => [`${connection} ${agent}`, counts]));
  return ({ connection, agentId }) => {
    const key = `${connection} ${agentId}`;
    return known.get(key) ?? (asked.has(key) ? null : undefined);
  };
}
