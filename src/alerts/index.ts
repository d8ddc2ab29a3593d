/**
 * Alerts as they come and change: unified alerts of every product, threats, alerts of custom rules and the console's log, each version of each once, kept with
 * what changed and queued for whoever wants it. Two capabilities: entries of the log are many and have no state, so nothing is kept of them but what the mirror has.
 */
import { ALERT_STREAMS } from "../kernel/alert-api.ts";
import { isoTime } from "../kernel/clock.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Route } from "../kernel/route.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Capability } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { backfill, type BackfillPorts } from "./backfill.ts";
import { hourly, tidy } from "./due.ts";
import { ALERTS, reactToPage, type ReactPorts } from "./react.ts";
import { alertMigrations } from "./tables.ts";

export type { Newcomer } from "./backfill.ts";
export { alertFigures, alertsByDay, type AlertFigures } from "./figures.ts";
export { techniquesOf } from "./detail.ts";
export type { Origin } from "./facts.ts";
export { linkOf } from "./links.ts";
export { headlineOf, isPerson } from "./project.ts";
export { isAlertStream } from "./react.ts";
export { alertRoutes, type AlertRouteDeps } from "./routes.ts";
export { alertMigrations } from "./tables.ts";
export { countTenantAlerts, eraseConnectionAlerts, purgeTenantAlerts, tenantAlerts } from "./upkeep.ts";

/** Raised when what is kept of an alert is made in another way: it is then made again from the mirror, and nothing is told. */
export const ALERTS_REVISION = 2;

const DAY = 86_400_000;
/** How long a version stays in the history. */
export const HISTORY_KEPT_MS = 90 * DAY;

export interface AlertPorts extends ReactPorts, BackfillPorts {
  readonly routes: readonly Route<Tx>[];
  /** How long the mirror keeps a stream, in days; what is left out is kept for good. */
  readonly retentionDays: Readonly<Partial<Record<StreamId, number>>>;
  readonly historyKeptMs?: number;
}

export function createAlerts(ports: AlertPorts): readonly Capability[] {
  const { retentionDays, historyKeptMs = HISTORY_KEPT_MS } = ports;
  const tidied = hourly((now, tx) => tidy(tx, { retentionDays, historyKeptMs }, now));
  return [
    {
      id: ALERTS,
      reads: ALERT_STREAMS,
      revision: ALERTS_REVISION,
      firstRead: "afterwards",
      needsRaw: true,
      migrations: alertMigrations,
      react: (set, tx, now) => reactToPage(set, tx, ports, set.firstRead === true ? "first" : "told", now),
      due: async (now, tx) => ((await backfill(tx, ports, now)) ? now : tidied(now, tx)),
      rebuild: (page, tx, now) => reactToPage(page, tx, ports, "quiet", now),
      routes: ports.routes,
    },
    {
      id: "activities",
      reads: ["activities"],
      firstRead: "afterwards",
      needsRaw: true,
      firstReadFrom: async (tx, connection, began) => firstReadFrom(tx, connection, began, ports),
      migrations: [],
      react: (set, tx, now) => reactToPage(set, tx, ports, set.firstRead === true ? "first" : "told", now),
      due: async () => null,
      async rebuild() {},
      routes: [],
    },
  ];
}

async function firstReadFrom(tx: Tx, connection: ConnectionId, began: number, { origin }: ReactPorts): Promise<string> {
  const { lookBackMs } = await origin(tx.db, connection);
  return isoTime(began - lookBackMs).replace("Z", "000Z");
}
