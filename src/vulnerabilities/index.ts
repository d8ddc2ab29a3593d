/**
 * Assets and vulnerabilities: one inventory of devices from the agents, and findings with a life from the risks that SentinelOne states. It reaches nothing outside
 * and changes nothing at the console.
 */
import type { QueueFact } from "../kernel/fact.ts";
import type { Route } from "../kernel/route.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Capability } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { dueWork } from "./due.ts";
import { arrive, replay } from "./ingest/arrive.ts";
import { dueIngest } from "./ingest/runs.ts";
import { vulnerabilityMigrations } from "./tables.ts";

export { activeByDay, findingFigures, type FindingFigures } from "./figures.ts";
export { exposures } from "./exposure.ts";
export { exposureInSpan, type ExposureSpan } from "./span.ts";
export { provenRead } from "./coverage.ts";
export { failingRules } from "./ingest/failing.ts";
export { noteReading, readingEnded, readingLeftOut, waitingRuns, type WaitingRun } from "./ingest/runs.ts";
export { vulnerabilityRoutes, type VulnerabilityRouteDeps } from "./routes.ts";
export { createSoftware } from "./software/index.ts";
export { vulnerabilityMigrations } from "./tables.ts";
export { countTenantVulnerabilities, eraseConnectionVulnerabilities, purgeTenantVulnerabilities, tenantVulnerabilities } from "./upkeep.ts";

/** Raised when what is kept of a record is made in another way: everything is then made again from the mirror. */
export const VULNERABILITIES_REVISION = 1;
export const VULNERABILITY_STREAMS = ["agents", "risks"] as const satisfies readonly StreamId[];

const DAY = 86_400_000;
/** A device that was not scanned for so long says nothing of today. */
export const STALE_AFTER_MS = 30 * DAY;

export interface VulnerabilityPorts {
  readonly queueFact: QueueFact<Tx>;
  readonly routes: readonly Route<Tx>[];
  readonly staleAfterMs?: number;
}

export function createVulnerabilities({ queueFact, routes, staleAfterMs = STALE_AFTER_MS }: VulnerabilityPorts): Capability {
  return {
    id: "vulnerabilities",
    reads: VULNERABILITY_STREAMS,
    revision: VULNERABILITIES_REVISION,
    firstRead: "afterwards",
    // What is kept of one device lies together, in the table and in most of its indexes.
    firstReadBy: { risks: "endpoint_id" },
    migrations: vulnerabilityMigrations,
    react: (set, tx, now) => arrive(set, tx, { now, staleAfterMs }),
    async due(now, tx) {
      const moments = [await dueIngest(tx, { queueFact }, now, staleAfterMs), await dueWork(now, tx, staleAfterMs)].filter((moment) => moment !== null);
      return moments.length === 0 ? null : Math.min(...moments);
    },
    rebuild: (page, tx, now) => replay(page, tx, { now, staleAfterMs }),
    routes,
  };
}
