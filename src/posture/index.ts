/**
 * Device posture as a capability: from the agents in the mirror to a verdict per device and rule, told once when it changes, and answered at any
 * moment. It reaches nothing outside: what is to be told is queued, and what is asked comes through `answerDevices`.
 */
import type { QueueFact } from "../kernel/fact.ts";
import type { Route } from "../kernel/route.ts";
import type { Capability, ChangeSet } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { dueWork } from "./due.ts";
import { NOBODY_KNOWS, type Exposures } from "./exposure.ts";
import { reactToAgents } from "./react.ts";
import { postureMigrations } from "./tables.ts";
import { reactToRisk } from "./user-risk.ts";

export { answerDevices, type DeviceAnswer, type DeviceQuestion } from "./answer.ts";
export { evidenceByConnection, type ConnectionEvidence, type EvidenceByConnection } from "./evidence.ts";
export type { ExposedDevice, Exposures, KnownExposure } from "./exposure.ts";
export { failuresByDay, postureFigures, type PostureFigures } from "./figures.ts";
export { addException, type Exception, type ExceptionDraft } from "./exceptions.ts";
export { parseRules } from "./rule-form.ts";
export { postureRoutes, type PostureRouteDeps } from "./routes.ts";
export { applyRules, type AppliedRule, type RulesTarget, type StoredRule } from "./rules-store.ts";
export { postureMigrations } from "./tables.ts";
export { foldMac, foldSerial } from "./serials.ts";
export { countTenantPosture, eraseConnectionPosture, purgeTenantPosture, tenantPosture } from "./upkeep.ts";
export type { ActiveException, Evidence, Score, Verdict, VerdictReason } from "./verdicts.ts";

const DAY = 86_400_000;
export const RESULTS_KEPT_MS = 90 * DAY;

/** Raised when what is kept of an agent, a threat or an alert is made in another way: everything is then made again from the mirror. */
export const POSTURE_REVISION = 3;

export interface PosturePorts {
  readonly queueFact: QueueFact<Tx>;
  readonly routes: readonly Route<Tx>[];
  /** Who knows the weaknesses of devices; nobody when left out. */
  readonly exposures?: Exposures;
  /** How long a line of the results log is kept; ninety days when left out. */
  readonly resultsKeptMs?: number;
}

export function createPosture(ports: PosturePorts): Capability {
  const { queueFact, exposures = NOBODY_KNOWS, resultsKeptMs = RESULTS_KEPT_MS } = ports;

  async function take(set: ChangeSet, tx: Tx, now: number): Promise<void> {
    if (set.stream === "agents") await reactToAgents(set, tx, { queueFact, exposures }, now);
    await reactToRisk(set, tx, queueFact, now);
  }

  return {
    id: "posture",
    reads: ["agents", "threats", "alerts"],
    revision: POSTURE_REVISION,
    firstRead: "afterwards",
    migrations: postureMigrations,
    react: take,
    due: (now, tx) => dueWork(tx, { queueFact, exposures, resultsKeptMs }, now),
    rebuild: (page, tx, now) => take(page, tx, now),
    routes: ports.routes,
  };
}
