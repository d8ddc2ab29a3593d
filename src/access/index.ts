/**
 * Who can do what, where and why: principals, scopes, roles and the bindings between them, kept as the console states them. What follows for scopes below is
 * worked out when asked. It reaches nothing outside and changes nothing at the console.
 */
import type { Route } from "../kernel/route.ts";
import type { Capability } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { settleActors } from "./actors.ts";
import { ACCESS_STREAMS } from "./coverage.ts";
import { confirmLosses } from "./losses.ts";
import { reactToPage } from "./react.ts";
import { leaveOutScattered, makeScattered, makeScatteredAfter } from "./scattered.ts";
import { accessMigrations } from "./tables.ts";

export { createCoverage, type Coverage, type ReadingState, type ReadingStates } from "./coverage.ts";
export { accessFigures, type AccessFigures } from "./figures.ts";
export { removeLeftoverExports } from "./export/run.ts";
export { accessRoutes, type AccessRouteDeps } from "./routes.ts";
export type { Readings } from "./diff.ts";
export { accessMigrations } from "./tables.ts";
export { countTenantAccess, eraseConnectionAccess, purgeTenantAccess, tenantAccess } from "./upkeep.ts";

/** Raised when what is kept of a record is made in another way: everything is then made again from the mirror. */
export const ACCESS_REVISION = 1;

export interface AccessPorts {
  readonly routes: readonly Route<Tx>[];
}

/** A bounded piece of work; now, where more is waiting. */
async function dueWork(now: number, tx: Tx): Promise<number | null> {
  const confirmed = await confirmLosses(tx, now);
  const settled = await settleActors(tx, now);
  await makeScattered(tx);
  return confirmed || settled ? now : null;
}

export function createAccess(ports: AccessPorts): Capability {
  return {
    id: "access",
    reads: ACCESS_STREAMS,
    revision: ACCESS_REVISION,
    migrations: accessMigrations,
    async react(set, tx, now) {
      if (set.firstRead === true) await leaveOutScattered(tx, set.stream);
      await reactToPage(set, tx, now, set.firstRead === true);
    },
    firstReadEnded: makeScatteredAfter,
    due: dueWork,
    rebuild: (page, tx, now) => reactToPage(page, tx, now, true),
    routes: ports.routes,
  };
}
