/**
 * A fact: one thing a capability has to tell the world, queued in the transaction that made it true and delivered later. Capabilities are
 * given a QueueFact and know nothing of where facts go.
 */
import type { ConnectionId, TenantId } from "./ids.ts";
import type { StreamId } from "./stream-ids.ts";

export interface Fact {
  readonly tenant: TenantId;
  /** Dotted words in lower case, `posture.verdict-changed`; destinations choose by it. */
  readonly kind: string;
  /** What it is about; with `version` it makes the fact the same one however often it is queued. */
  readonly key: string;
  readonly version: string | number;
  /** Becomes `data` of what is sent: a JSON object, at most 1 MB as text. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Facts of one order key reach a destination in the order they were queued; those of different keys do not wait for each other. */
  readonly orderKey: string;
  /** The vendor's record it tells of, where it tells of one: destinations choose by it, and may want it as ECS or OCSF. */
  readonly source?: FactSource;
}

export const FACT_SEVERITIES = ["unknown", "info", "low", "medium", "high", "critical"] as const;
export type FactSeverity = (typeof FACT_SEVERITIES)[number];

export interface FactSource {
  readonly connection: ConnectionId;
  /** `https://usea1-011.sentinelone.net`, for links back. */
  readonly console: string | null;
  readonly stream: StreamId;
  /** As the vendor names it (`EDR`, `Identity`, …); null where the record names none. */
  readonly product: string | null;
  readonly severity: FactSeverity;
  /** SentinelOne's id. */
  readonly siteId: string | null;
  /** The record's JSON text as mirrored, every digit kept; it goes out as `data.record`, so a fact's body has no `record` of its own. */
  readonly raw: string;
}

/** Queues facts, in this order, for every destination of their tenant that wants them. One that was queued before is absorbed. `Tx` is the store's. */
export type QueueFact<Tx> = (tx: Tx, ...facts: readonly Fact[]) => Promise<void>;
