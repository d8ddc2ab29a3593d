/** What the hub tells by itself while a page is open: progress of reading, states of connections. Where it cannot, pages ask again now and then. */
import { useEffect, useSyncExternalStore } from "react";
import type { Route } from "./client.ts";
import { queryClient } from "./queries.ts";

export interface Progress {
  readonly connection: string;
  readonly stream: string;
  readonly state: string;
  readonly read: number;
  readonly total: number | null;
  readonly rows: number;
}

/** At most so often is what changed asked anew: a first read tells of itself several times a second. */
const REST_MS = 2_000;

let progress: ReadonlyMap<string, Progress> = new Map();
const listeners = new Set<() => void>();
const due = new Set<Route>();
let timer: number | undefined;

function askAnew(...routes: readonly Route[]): void {
  for (const route of routes) due.add(route);
  timer ??= window.setTimeout(() => {
    timer = undefined;
    for (const route of due) void queryClient.invalidateQueries({ queryKey: [route] });
    due.clear();
  }, REST_MS);
}

/** Listens for as long as somebody is signed in. */
export function useLive(): void {
  useEffect(() => {
    const source = new EventSource("/api/v1/events");
    source.addEventListener("sync", (event: MessageEvent<string>) => {
      const told = JSON.parse(event.data) as Progress;
      progress = new Map(progress).set(`${told.connection} ${told.stream}`, told);
      for (const listener of listeners) listener();
      askAnew("GET /api/v1/runs", "GET /api/v1/streams/status");
    });
    source.addEventListener("connection", () => askAnew("GET /api/v1/connections", "GET /api/v1/connections/{id}"));
    source.addEventListener("figures", () => askAnew("GET /api/v1/overview", "GET /api/v1/cases"));
    source.addEventListener("reload", () => void queryClient.invalidateQueries());
    return () => source.close();
  }, []);
}

/** The latest that was told of a connection's streams, by stream. */
export function useProgress(connection: string): ReadonlyMap<string, Progress> {
  return new Map(useAllProgress().filter((one) => one.connection === connection).map((one) => [one.stream, one]));
}

/** The latest that was told of every stream since the page was opened. */
export function useAllProgress(): readonly Progress[] {
  const all = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => progress,
  );
  return [...all.values()];
}
