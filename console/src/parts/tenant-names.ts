/** Names of tenants. The session brings the first of them; of whoever has more, those that a page speaks of are asked for. */
import { call } from "../api/client.ts";
import { useAsk } from "../api/queries.ts";
import { useMay, useSession } from "../api/session.ts";

/** In one address. */
const MOST = 200;

/** `ids`: whom the page speaks of. One whose name is not known is called by its id. */
export function useTenantNames(ids: readonly string[]): (id: string) => string {
  const { tenants } = useSession();
  const mayRead = useMay("tenants.read");
  const missing = [...new Set(ids)].filter((id) => !tenants.some((one) => one.id === id)).toSorted().slice(0, MOST);
  const found = useAsk("GET /api/v1/tenants", { query: { ids: missing.join(","), limit: MOST } }, { enabled: mayRead && missing.length > 0 });
  const names = new Map([...tenants, ...(found.data?.items ?? [])].map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}

/** The same of rows that go into a file. */
export function useAskTenantNames(): (ids: readonly string[], signal: AbortSignal) => Promise<(id: string) => string> {
  const { tenants } = useSession();
  const mayRead = useMay("tenants.read");
  return async (ids, signal) => {
    const names = new Map(tenants.map(({ id, name }) => [id, name]));
    const missing = mayRead ? [...new Set(ids)].filter((id) => !names.has(id)) : [];
    for (let at = 0; at < missing.length; at += MOST) {
      const { items } = await call("GET /api/v1/tenants", { query: { ids: missing.slice(at, at + MOST).join(","), limit: MOST } }, signal);
      for (const { id, name } of items) names.set(id, name);
    }
    return (id) => names.get(id) ?? id;
  };
}
