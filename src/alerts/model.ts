/** Nouns of alerts: what is kept of one, and what one of its versions says. */
import type { AlertChange, AlertStatus, AlertVerdict, EventStream, VersionKind } from "../kernel/alert-api.ts";
import type { FactSeverity } from "../kernel/fact.ts";

/** What people see of a record at a glance. */
export interface Headline {
  /** When it was detected, ms; null where the record does not say. */
  readonly at: number | null;
  /** SentinelOne's time of its last change: RFC 3339 with six digits, so that text order is time order. */
  readonly updatedAt: string | null;
  readonly name: string | null;
  readonly product: string | null;
  readonly severity: FactSeverity;
  readonly status: AlertStatus;
  readonly statusWord: string | null;
  readonly verdict: AlertVerdict;
  readonly verdictWord: string | null;
  readonly assignee: string | null;
  readonly device: string | null;
  readonly user: string | null;
  readonly siteId: string | null;
  readonly siteName: string | null;
  /** Hashes, addresses and the like, to be found by. */
  readonly marks: readonly string[];
}

/** One record as it stands: what is shown of it, and the values whose change makes a version, in the order of the stream's `STATE_FIELDS`. */
export interface Seen {
  readonly stream: EventStream;
  readonly id: string;
  readonly headline: Headline;
  readonly state: State;
}

export type State = readonly (string | null)[];

/** What is remembered of the last version of an alert. */
export interface Kept {
  readonly updatedAt: string | null;
  readonly state: State;
  readonly version: string;
  readonly number: number;
}

export interface Version extends Kept {
  readonly kind: VersionKind;
  readonly changes: readonly AlertChange[];
}
