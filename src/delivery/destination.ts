/**
 * The Destination contract. A kind knows what its configuration looks like and how to open one; an open destination sends batches and says
 * of each delivery what became of it. Deliveries of one order key are sent in the batch's order, and none after one that was not settled.
 */
import type { TSchema } from "typebox";
import type { DeliveryFormat } from "../kernel/delivery-api.ts";
import type { FactSeverity } from "../kernel/fact.ts";
import type { FaultCode } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";

/** One fact bound for one place. The same in every attempt, restart and rebuild: `id` is a hash of what it is and where it goes. */
export interface Delivery {
  readonly id: string;
  readonly tenant: TenantId;
  readonly kind: string;
  readonly key: string;
  readonly version: string;
  readonly orderKey: string;
  /** Milliseconds. */
  readonly queuedAt: number;
  /** When what it tells of happened, in milliseconds; `queuedAt` where that is not known, or its kind of destination does not ask. */
  readonly eventAt: number;
  readonly severity: FactSeverity;
  readonly format: DeliveryFormat;
  /** JSON text of an object, on one line: what is sent. */
  readonly text: string;
  /** Of the text, in UTF-8. */
  readonly bytes: number;
}

/** At most so much is sent at once; one delivery always is. */
export interface BatchSize {
  readonly rows: number;
  /** Of what is queued; a standard's document may be a few times as long. */
  readonly bytes: number;
}

/**
 * `accepted` is durable over there; `refused` will never be taken as it is (it is parked); `again-after` may be taken later, `afterMs` at the
 * earliest where the other side said so. `blame`: the whole destination is in trouble, or this delivery alone, or it only waits for an earlier one and was not sent.
 */
export type Receipt =
  | { readonly outcome: "accepted" }
  | { readonly outcome: "again-after"; readonly afterMs: number | null; readonly blame: "destination" | "delivery" | "earlier"; readonly code: FaultCode; readonly reason: string }
  | { readonly outcome: "refused"; readonly code: FaultCode; readonly reason: string };

export interface Destination {
  /** A Fault says why nothing could be delivered as it is configured; sends no fact. */
  check(signal: AbortSignal): Promise<void>;
  /** One receipt per delivery, in the batch's order. Ends soon after the signal. */
  send(batch: readonly Delivery[], signal: AbortSignal): Promise<readonly Receipt[]>;
  close(): Promise<void>;
}

export interface DestinationKind {
  readonly id: string;
  /** Whether sending one id twice leaves one or two over there. */
  readonly repeats: "absorbed" | "visible";
  /** What people give, all keys named. */
  readonly config: TSchema;
  /** What it gets where nobody says. */
  readonly format: DeliveryFormat;
  /** Kinds of facts it gets where nobody says; all when left out. */
  readonly facts?: readonly string[];
  /** It files what it gets by the time it happened. */
  readonly timed?: true;
  /** Where the usual size does not fit. */
  readonly batch?: BatchSize;
  /** `config` fits the schema; what else is wrong with it is a Fault (CONFIG_INVALID). */
  admit(config: unknown, tenant: TenantId): Admitted;
  /**
   * Takes a new secret in place of the old one: where it signs, made when null, with the old one in use beside it until `keepUntil` (ms);
   * where the other side gave it, that one.
   */
  rotate?(settings: string, secret: string | null, keepUntil: number): Admitted;
  open(settings: string, tenant: TenantId): Destination;
}

export interface Admitted {
  /** No secrets: for lists. */
  readonly shown: Readonly<Record<string, string | number | boolean | null>>;
  /** Everything, as the kind reads it back; kept sealed. */
  readonly settings: string;
  /** Where it leads; two destinations of a tenant may not lead to one place. */
  readonly place: string;
  /** To be told this once. */
  readonly secret: string | null;
}
