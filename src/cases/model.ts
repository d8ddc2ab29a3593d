/** Nouns of cases. A *member* is one record that a case is made of; its *links* say with which others it belongs together. */
import type { AlertStatus, AlertVerdict } from "../kernel/alert-api.ts";
import type { CaseType, EntityKind, LinkKind, MemberStream } from "../kernel/case-api.ts";

/** `key` begins with the kind, so that a key says how long its episodes reach. */
export type LinkKey = `${LinkKind}:${string}`;

/** `device` and the like, and its value as it is shown. */
export type Entity = readonly [kind: EntityKind, value: string];

/** One record as a case sees it: a pure function of the record. */
export interface Member {
  readonly stream: MemberStream;
  readonly id: string;
  /** When it was detected, ms; null where the record does not say. */
  readonly at: number | null;
  readonly links: readonly LinkKey[];
  /** Place in `FACT_SEVERITIES`. */
  readonly severity: number;
  readonly status: AlertStatus;
  readonly verdict: AlertVerdict;
  readonly facts: MemberFacts;
}

/** What is shown and counted. */
export interface MemberFacts {
  readonly name: string | null;
  readonly product: string | null;
  readonly type: CaseType;
  readonly device: string | null;
  readonly user: string | null;
  readonly mitigation: string | null;
  readonly siteId: string | null;
  readonly entities: readonly Entity[];
}

/** A member as it is kept. */
export interface Kept extends Omit<Member, "at"> {
  readonly seq: number;
  readonly connection: string;
  readonly tenant: string;
  readonly group: number;
  /** When it was read, where the record does not say when it was detected. */
  readonly at: number;
  readonly goneAt: number | null;
  /** There before anybody looked: it asks nothing of anybody until it moves. */
  readonly quiet: boolean;
}

/** Asks for somebody's attention. */
export function isOpen({ status, goneAt, quiet }: Pick<Kept, "status" | "goneAt" | "quiet">): boolean {
  return status !== "resolved" && goneAt === null && !quiet;
}

/** What stands for a case: its gravest member, of those the first. */
export interface Lead {
  readonly severity: number;
  readonly at: number;
  readonly stream: MemberStream;
  readonly id: string;
  readonly connection: string;
  readonly name: string | null;
  readonly type: CaseType;
  readonly device: string | null;
  readonly user: string | null;
}

/** Counts over a case's members; each can be taken back, so that they are the same whatever came in which order. */
export interface Tally {
  readonly members: number;
  readonly open: number;
  /** Of the open ones, those somebody works on at the console. */
  readonly working: number;
  /** By place in `FACT_SEVERITIES`. */
  readonly severities: readonly number[];
  readonly verdicts: Counts;
  readonly products: Counts;
  /** Different entities of each kind. */
  readonly kinds: Counts;
}

export type Counts = Readonly<Record<string, number>>;
