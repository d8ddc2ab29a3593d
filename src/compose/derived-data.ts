/** What capabilities keep of tenants and of connections, beside the mirror: handed over, counted and let go of in one place, so that a new capability is one line. */
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { countTenantAccess, eraseConnectionAccess, purgeTenantAccess, tenantAccess } from "../access/index.ts";
import { countTenantAlerts, eraseConnectionAlerts, purgeTenantAlerts, tenantAlerts } from "../alerts/index.ts";
import { countTenantCases, countTenantTriage, eraseConnectionCases, purgeTenantCases, purgeTenantTriage, tenantCases, tenantTriage } from "../cases/index.ts";
import { countTenantNotifications, purgeTenantNotifications, tenantNotifications } from "../notify/index.ts";
import { countTenantPosture, eraseConnectionPosture, purgeTenantPosture, tenantPosture } from "../posture/index.ts";
import type { Store, Tx } from "../store/store.ts";
import { countTenantVulnerabilities, eraseConnectionVulnerabilities, purgeTenantVulnerabilities, tenantVulnerabilities } from "../vulnerabilities/index.ts";

interface Keeper {
  rows(store: Store, tenant: TenantId, signal: AbortSignal): AsyncIterable<{ readonly table: string; readonly row: Readonly<Record<string, string | number | null>> }>;
  count(store: Store, tenant: TenantId): Promise<number>;
  /** Lets go of up to `limit` rows; nought when nothing is left. */
  purge(tx: Tx, tenant: TenantId, limit: number): Promise<number>;
  erase(tx: Tx, connection: ConnectionId, limit: number): Promise<number>;
}

const KEEPERS: readonly Keeper[] = [
  { rows: tenantPosture, count: countTenantPosture, purge: purgeTenantPosture, erase: eraseConnectionPosture },
  { rows: tenantVulnerabilities, count: countTenantVulnerabilities, purge: purgeTenantVulnerabilities, erase: eraseConnectionVulnerabilities },
  { rows: tenantAlerts, count: countTenantAlerts, purge: purgeTenantAlerts, erase: eraseConnectionAlerts },
  { rows: tenantCases, count: countTenantCases, purge: purgeTenantCases, erase: eraseConnectionCases },
  // Behind the cases, which have it made again as long as they are there.
  { rows: tenantTriage, count: countTenantTriage, purge: purgeTenantTriage, erase: async () => 0 },
  // Kept of cases and of destinations, by tenant alone.
  { rows: tenantNotifications, count: countTenantNotifications, purge: purgeTenantNotifications, erase: async () => 0 },
  { rows: tenantAccess, count: countTenantAccess, purge: purgeTenantAccess, erase: eraseConnectionAccess },
];

export const derivedData: Keeper = {
  async *rows(store, tenant, signal) {
    for (const keeper of KEEPERS) yield* keeper.rows(store, tenant, signal);
  },
  async count(store, tenant) {
    let total = 0;
    for (const keeper of KEEPERS) total += await keeper.count(store, tenant);
    return total;
  },
  purge: (tx, tenant, limit) => firstOf((keeper) => keeper.purge(tx, tenant, limit)),
  erase: (tx, connection, limit) => firstOf((keeper) => keeper.erase(tx, connection, limit)),
};

/** One after the other: the next has its turn when the one before has nothing left. */
async function firstOf(work: (keeper: Keeper) => Promise<number>): Promise<number> {
  for (const keeper of KEEPERS) {
    const rows = await work(keeper);
    if (rows > 0) return rows;
  }
  return 0;
}
