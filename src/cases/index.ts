/**
 * Cases: what was found at the consoles and what is wrong with agents, put together so that it reaches a person once. It reads the mirror alone and reaches nothing outside:
 * what is to be told is queued.
 */
import { CASE_LOOK_BACK_DAYS, MEMBER_STREAMS } from "../kernel/case-api.ts";
import type { Route } from "../kernel/route.ts";
import type { Capability, ChangeSet } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { knowledgeRoutes } from "./knowledge-routes.ts";
import { CASES, reactToAlerts, type ReactPorts } from "./react.ts";
import { queueRoutes, type CaseRouteDeps } from "./routes.ts";
import { caseMigrations } from "./tables.ts";
import { triageRoutes } from "./triage-routes.ts";
import { triageDue } from "./triage-run.ts";
import { watch, watchDue } from "./watch.ts";

export { caseMigrations } from "./tables.ts";
export { caseFigures, casesByDay, type CaseFigures } from "./figures.ts";
export { casesInSpan, type CaseSpan, type Durations } from "./month.ts";
export { caseNotices, type CaseNotice } from "./notices.ts";
export { countTenantTriage, purgeTenantTriage, tenantTriage } from "./triage-upkeep.ts";
export { countTenantCases, eraseConnectionCases, purgeTenantCases, tenantCases } from "./upkeep.ts";

/** Raised when what is kept of a record is made in another way, or its links are: everything is then made again from the mirror, and nothing is told. */
const CASES_REVISION = 4;

const DAY = 86_400_000;
const DUE_EVERY_MS = 60_000;

export interface CasePorts extends Omit<ReactPorts, "lookBackMs"> {
  readonly routes: readonly Route<Tx>[];
  /** Thirty days when left out. */
  readonly lookBackMs?: number;
}

export function caseRoutes(deps: CaseRouteDeps): readonly Route<Tx>[] {
  return [...queueRoutes(deps), ...triageRoutes(deps), ...knowledgeRoutes(deps)];
}

export function createCases({ routes, lookBackMs = CASE_LOOK_BACK_DAYS * DAY, ...rest }: CasePorts): Capability {
  const ports: ReactPorts = { ...rest, lookBackMs };
  async function see(set: ChangeSet, tx: Tx, mode: "told" | "silent", now: number): Promise<void> {
    await reactToAlerts(set, tx, ports, mode, now);
    if (set.stream === "agents" || set.stream === "threats") await watch(set, tx, ports, mode === "silent", now);
  }

  return {
    id: CASES,
    reads: MEMBER_STREAMS,
    revision: CASES_REVISION,
    firstRead: "afterwards",
    migrations: caseMigrations,
    react: (set, tx, now) => see(set, tx, "told", now),
    due: async (now, tx) => ((await watchDue(tx, ports, now)) ? now : now + DUE_EVERY_MS),
    rebuild: (page, tx, now) => see(page, tx, "silent", now),
    routes,
  };
}

/** Apart from the cases: where it fails, they go on. */
export function createTriage(): Capability {
  return { id: "case-triage", reads: [], migrations: [], react: async () => {}, due: async (now, tx) => triageDue(tx, now), rebuild: async () => {}, routes: [] };
}
