/** How destinations stand, for the hub's status: what waits and for how long, and who has taken nothing for too long. */
import type { DestinationStatus } from "../kernel/api.ts";
import type { DestinationView } from "../kernel/delivery-api.ts";

export function destinationStatus({ id, name, kind, queued, parked, delivered, oldestQueuedAt, fault }: DestinationView, now: number): DestinationStatus {
  return { id, name, kind, queued, parked, delivered, oldestSeconds: oldestQueuedAt === null ? null : Math.max(0, Math.round((now - Date.parse(oldestQueuedAt)) / 1000)), fault };
}

/** Those that have taken nothing for so long. */
export function failingFor(destinations: readonly Pick<DestinationStatus, "name" | "fault">[], now: number, ms: number): readonly { readonly name: string; readonly code: string }[] {
  return destinations.flatMap(({ name, fault }) => (fault !== null && Date.parse(fault.since) <= now - ms ? [{ name, code: fault.code }] : []));
}

/** What a disk that is full has to do with deliveries, in words; null where none wait. */
export function waitingText(destinations: readonly Pick<DestinationStatus, "name" | "queued">[]): string | null {
  const waiting = destinations.reduce((sum, { queued }) => sum + queued, 0);
  const [most] = destinations.toSorted((left, right) => right.queued - left.queued);
  if (waiting === 0 || most === undefined) return null;
  return `${String(waiting)} deliveries wait, ${most.queued === waiting ? "all" : String(most.queued)} of them for ${most.name}`;
}
