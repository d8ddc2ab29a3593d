/** How the streams of the connections that are listed stand: asked for after the list, a page of it at a time. */
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { call } from "../../api/client.ts";
import { useMay } from "../../api/session.ts";
import type { StreamState } from "./words.ts";

interface Listed {
  readonly id: string;
}

/** Undefined while it is not known. */
export type StreamsOf = (connection: Listed) => readonly StreamState[] | undefined;

/** As a page of the list has them. */
const AT_ONCE = 100;
const EVERY_MS = 15_000;
const ROUTE = "GET /api/v1/streams/status";

export function useStreams(connections: readonly Listed[]): StreamsOf {
  const mayRead = useMay("status.read");
  const chunks = Array.from({ length: mayRead ? Math.ceil(connections.length / AT_ONCE) : 0 }, (_unused, place) => idsOf(connections.slice(place * AT_ONCE, (place + 1) * AT_ONCE)));
  const answers = useQueries({ queries: chunks.map((ids) => ({ queryKey: [ROUTE, ids], queryFn: ({ signal }: { readonly signal: AbortSignal }) => call(ROUTE, { query: { connections: ids } }, signal), refetchInterval: EVERY_MS, placeholderData: keepPreviousData })) });
  const known = new Set(chunks.flatMap((ids, place) => (answers[place]?.data === undefined ? [] : ids.split(","))));
  return among(answers.flatMap(({ data }) => data?.items ?? []), known);
}

/** Of a page of the list that goes into a file. */
export async function askStreams(connections: readonly Listed[], signal: AbortSignal): Promise<StreamsOf> {
  if (connections.length === 0) return () => undefined;
  const { items } = await call(ROUTE, { query: { connections: idsOf(connections) } }, signal);
  return among(items, new Set(connections.map(({ id }) => id)));
}

function idsOf(connections: readonly Listed[]): string {
  return connections.map(({ id }) => id).join(",");
}

function among(streams: readonly StreamState[], known: ReadonlySet<string>): StreamsOf {
  const by = Map.groupBy(streams, ({ connection }) => connection);
  return ({ id }) => by.get(id) ?? (known.has(id) ? [] : undefined);
}
