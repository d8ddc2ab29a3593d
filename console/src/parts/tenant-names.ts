/** Names of tenants. The session brings the first of them; of whoever has more, those that a page speaks of are asked for. */
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
