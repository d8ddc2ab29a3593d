/**
 * Notifications: who is told what of cases, when, and on which way. It hears what cases tell in their transaction, waits as its rules say, and queues messages for destinations; nothing here
 * reaches outside.
 */
import type { Fact, QueueFact } from "../kernel/fact.ts";
import type { Tx } from "../store/store.ts";
import { hear } from "./hear.ts";

export { asThingsStand, Notifier } from "./notifier.ts";
export type { Observed } from "./watch.ts";
export { openTroubles } from "./watch.ts";
export { notifyRoutes, type NotifyRouteDeps } from "./routes.ts";
export { notifyMigrations } from "./tables.ts";
export { countTenantNotifications, purgeTenantNotifications, tenantNotifications, tidyNotifications } from "./upkeep.ts";

/** Queues facts as before, and lets the rules hear of them in the same transaction. */
export function heardBy(queueFact: QueueFact<Tx>, now: () => number): QueueFact<Tx> {
  return async (tx: Tx, ...facts: readonly Fact[]) => {
    await queueFact(tx, ...facts);
    await hear(tx, facts, now());
  };
}
