/** HTTP routes of assets and vulnerabilities. Each part has its own file and one line below. */
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { VerifyReport } from "../kernel/api.ts";
import type { AuditDetails, Route } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { assetRuleRoutes } from "./asset-rule-routes.ts";
import { assetRoutes } from "./asset-routes.ts";
import { exportRoutes } from "./export-routes.ts";
import { findingRoutes } from "./finding-routes.ts";
import { connectorRoutes, type NamedConnection } from "./ingest/connector-routes.ts";
import { diagnosisRoutes } from "./ingest/diagnosis-routes.ts";
import type { StreamFacts } from "./ingest/diagnosis.ts";
import { ingestRuleRoutes } from "./ingest/rule-routes.ts";
import { softwareRoutes } from "./software/routes.ts";
import { priorityRoutes } from "./priority-routes.ts";

export interface VulnerabilityRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findTenant: (db: Database, scope: TenantScope, reference: string) => Promise<TenantId>;
  /** The id of a connection the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findConnection: (scope: TenantScope, reference: string) => Promise<ConnectionId>;
  /** Those the scope sees. */
  readonly connections: (scope: TenantScope) => Promise<readonly NamedConnection[]>;
  /** Asks the console again what the connection's token may read. */
  readonly verify: (scope: TenantScope, connection: string, signal: AbortSignal, record: (tx: Tx, details: AuditDetails) => Promise<void>) => Promise<VerifyReport>;
  /** How the reading of a connection's streams stands. */
  readonly reading: (connection: ConnectionId) => Promise<(stream: StreamId) => Omit<StreamFacts, "rows">>;
  /** Something is to be done in the background, sooner than at the next look. */
  readonly wake: () => void;
  /** Of Vedette, for files that say what wrote them. */
  readonly version: string;
}

export function vulnerabilityRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  return [
    ...findingRoutes(deps),
    ...assetRoutes(deps),
    ...assetRuleRoutes(deps),
    ...priorityRoutes(deps),
    ...exportRoutes(deps),
    ...connectorRoutes(deps),
    ...ingestRuleRoutes(deps),
    ...diagnosisRoutes(deps),
    ...softwareRoutes(deps),
  ];
}
