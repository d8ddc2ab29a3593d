/** What a delivery looks like on the wire and in a file: one JSON object, byte for byte the same in every attempt. */
import { isoTime } from "../../kernel/clock.ts";
import type { Delivery } from "../destination.ts";

/** `type`, `timestamp` and `data` as Standard Webhooks name them; the rest says what a receiver needs to tell repeats and newer ones apart. */
export function envelope(delivery: Delivery): string {
  const { id, kind, queuedAt, tenant, key, version } = delivery;
  const head = JSON.stringify({ type: kind, timestamp: isoTime(queuedAt), id, tenant, key, version });
  // The body is JSON text already; parsing it only to write it again would cost and could change it.
  return `${head.slice(0, -1)},"data":${delivery.body}}`;
}
