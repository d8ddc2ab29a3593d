/** HTTP routes of the access graph. Each part has its own file and one line below. */
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Route } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import type { Coverage } from "./coverage.ts";
import { changeRoutes } from "./change-routes.ts";
import type { Readings } from "./diff.ts";
import { exportRoutes } from "./export-routes.ts";
import { connectionsOf } from "./graph.ts";
import { listRoutes } from "./list-routes.ts";
import { riskRoutes } from "./risk-routes.ts";
import { questionRoutes } from "./question-routes.ts";

export interface AccessRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly coverage: Coverage;
  /** The id of a tenant the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findTenant: (db: Database, scope: TenantScope, reference: string) => Promise<TenantId>;
  /** The id of a connection the scope sees, by id or name; NOT_FOUND otherwise. */
  readonly findConnection: (scope: TenantScope, reference: string) => Promise<ConnectionId>;
  readonly readings: Readings;
  /** Private; each export has a folder of its own in it while it is made. */
  readonly exportFolder: string;
  /** Rows among which part of a name is looked for in one answer; for tests to make small. */
  readonly lookedAt?: number;
}

export function accessRoutes(given: AccessRouteDeps): readonly Route<Tx>[] {
  const deps: AccessRouteDeps = { ...given, findConnection: (scope, reference) => connectionSeen(given, scope, reference) };
  return [
    ...listRoutes(deps),
    ...riskRoutes(deps),
    ...changeRoutes(deps),
    ...questionRoutes(deps),
    ...exportRoutes(deps),
  ];
}

/** Whoever has sites of a console that is another tenant's may name it by its id. */
async function connectionSeen({ store, findConnection }: AccessRouteDeps, scope: TenantScope, reference: string): Promise<ConnectionId> {
  const seen = scope.all ? [] : await connectionsOf(store.read, scope);
  return seen.find((id) => id === reference) ?? findConnection(scope, reference);
}
