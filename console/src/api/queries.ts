/** What pages ask the hub: kept, shared between the parts of a page, asked again when it may have changed. */
import { QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { call, CallFault, type Answer, type Input, type Route } from "./client.ts";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the hub refuses it refuses again; a hub that is just starting answers soon.
      retry: (count, error) => count < 2 && passing(error),
    },
  },
});

function passing(error: unknown): boolean {
  return !(error instanceof CallFault) || error.status === 0 || error.status >= 500;
}

interface AskOptions {
  /** Milliseconds after which it is asked again while the page is looked at. */
  readonly every?: number;
  readonly enabled?: boolean;
}

export function useAsk<R extends Route>(route: R, input: Input<R>, options: AskOptions = {}): UseQueryResult<Answer<R>> {
  return useQuery({
    queryKey: [route, input],
    queryFn: ({ signal }) => call(route, input, signal),
    ...(options.every === undefined ? {} : { refetchInterval: options.every }),
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
  });
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface Pages<T> {
  readonly rows: readonly T[];
  readonly pending: boolean;
  readonly fault: Error | null;
  readonly more: boolean;
  readonly loadingMore: boolean;
  loadMore(): void;
  again(): void;
  /** All of it from the beginning, in pages as large as the hub gives them, whatever is loaded. */
  walk(signal: AbortSignal): AsyncGenerator<readonly T[]>;
}

interface PagesOptions extends AskOptions {
  /** The most that the hub gives at once. */
  readonly most?: number;
}

const LOOKED_AT = 100;
const MOST = 1000;

/** A list of the hub, page by page, as far as somebody has scrolled. */
export function usePages<T>(key: readonly unknown[], read: (after: string | undefined, signal: AbortSignal, limit: number) => Promise<Page<T>>, options: PagesOptions = {}): Pages<T> {
  const found = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal, LOOKED_AT),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    ...(options.every === undefined ? {} : { refetchInterval: options.every }),
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
  });
  return {
    rows: found.data?.pages.flatMap((page) => page.items) ?? [],
    pending: found.isPending,
    fault: found.error,
    more: found.hasNextPage,
    loadingMore: found.isFetchingNextPage,
    loadMore: () => {
      if (found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
    },
    again: () => void found.refetch(),
    async *walk(signal) {
      for (let after: string | undefined, more = true; more; ) {
        const place = after;
        const page = await patiently(() => read(place, signal, options.most ?? MOST), signal);
        yield page.items;
        after = page.next ?? undefined;
        more = page.next !== null;
      }
    },
  };
}

const TRIES = 4;
const PAUSE_MS = 1_500;

/** One page of many that a restart of the hub gets in the way of is no reason to begin anew. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || tried === TRIES || !passing(error)) throw error;
      await new Promise((resume) => setTimeout(resume, tried * PAUSE_MS));
    }
  }
}

/** A change; what the routes named give is asked anew afterwards. */
export function useChange<R extends Route>(route: R, touches: readonly Route[]): UseMutationResult<Answer<R>, Error, Input<R>> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input<R>) => call(route, input),
    onSettled: () => Promise.all(touches.map((touched) => client.invalidateQueries({ queryKey: [touched] }))),
  });
}
