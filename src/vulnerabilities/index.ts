/**
 * Assets and vulnerabilities: one inventory of devices from the agents, and findings with a life from the risks that SentinelOne states. It reaches nothing outside
 * and changes nothing at the console.
 */
import type { Route } from "../kernel/route.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Capability, ChangeSet } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { reactToAgents } from "./agents.ts";
import { dueWork } from "./due.ts";
import { reactToRisks } from "./risks.ts";
import { vulnerabilityMigrations } from "./tables.ts";

export { exposures } from "./exposure.ts";
export { vulnerabilityRoutes, type VulnerabilityRouteDeps } from "./routes.ts";
export { vulnerabilityMigrations } from "./tables.ts";
export { countTenantVulnerabilities, eraseConnectionVulnerabilities, purgeTenantVulnerabilities, tenantVulnerabilities } from "./upkeep.ts";

/** Raised when what is kept of a record is made in another way: everything is then made again from the mirror. */
export const VULNERABILITIES_REVISION = 1;
export const VULNERABILITY_STREAMS = ["agents", "risks"] as const satisfies readonly StreamId[];

const DAY = 86_400_000;
/** A device that was not scanned for so long says nothing of today. */
export const STALE_AFTER_MS = 30 * DAY;

export interface VulnerabilityPorts {
  readonly routes: readonly Route<Tx>[];
  readonly staleAfterMs?: number;
}

export function createVulnerabilities({ routes, staleAfterMs = STALE_AFTER_MS }: VulnerabilityPorts): Capability {
  async function take(set: ChangeSet, tx: Tx, now: number): Promise<void> {
    if (set.stream === "agents") await reactToAgents(set, tx, now, staleAfterMs);
    else if (set.stream === "risks") await reactToRisks(set, tx, { now, staleAfterMs });
  }
  return {
    id: "vulnerabilities",
    reads: VULNERABILITY_STREAMS,
    revision: VULNERABILITIES_REVISION,
    firstRead: "afterwards",
    // What is kept of one device lies together, in the table and in most of its indexes.
    firstReadBy: { risks: "endpoint_id" },
    migrations: vulnerabilityMigrations,
    react: take,
    due: (now, tx) => dueWork(now, tx, staleAfterMs),
    rebuild: take,
    routes,
  };
}
