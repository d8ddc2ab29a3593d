/** HTTP routes of assets and vulnerabilities. Each part has its own file and one line below. */
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Route } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { assetRoutes } from "./asset-routes.ts";
import { exportRoutes } from "./export-routes.ts";
import { findingRoutes } from "./finding-routes.ts";
import { priorityRoutes } from "./priority-routes.ts";

export interface VulnerabilityRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findTenant: (db: Database, scope: TenantScope, reference: string) => Promise<TenantId>;
  /** The id of a connection the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findConnection: (scope: TenantScope, reference: string) => Promise<ConnectionId>;
  /** Of Vedette, for files that say what wrote them. */
  readonly version: string;
}

export function vulnerabilityRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  return [
    ...findingRoutes(deps),
    ...assetRoutes(deps),
    ...priorityRoutes(deps),
    ...exportRoutes(deps),
  ];
}
