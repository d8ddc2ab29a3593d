/** Nouns of triage: what a case says as rules see it, what a rule asks, and what comes of it. */
import type { AlertFact, CaseNumber, CaseText, RuleBearing, TriageResult } from "../kernel/case-triage-api.ts";

/** A text that is tested, and what is shown as evidence where that is more than the text. */
export interface Said {
  readonly value: string;
  readonly because: string | null;
}

export interface RecordedAlert {
  /** SentinelOne's. */
  readonly id: string;
  readonly facts: Readonly<Partial<Record<AlertFact, readonly string[]>>>;
}

/** All that rules are asked about: the same record gives the same result, whenever it is asked. */
export interface RecordedCase {
  readonly numbers: Readonly<Partial<Record<CaseNumber, number>>>;
  readonly texts: Readonly<Partial<Record<CaseText, readonly Said[]>>>;
  readonly alerts: readonly RecordedAlert[];
}

export type FactName = AlertFact | CaseNumber | CaseText;

export type Condition =
  | { readonly op: "is" | "has" | "like"; readonly fact: AlertFact | CaseText; /** As compared: in lower case. */ readonly texts: readonly string[] }
  | { readonly op: "atLeast" | "atMost"; readonly fact: CaseNumber; readonly number: number }
  | { readonly op: "known"; readonly fact: FactName; readonly known: boolean }
  | { readonly op: "all"; readonly of: readonly Condition[] }
  | { readonly op: "any"; readonly of: readonly Condition[] }
  | { readonly op: "not"; readonly of: Condition };

export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly weight: number;
  readonly bears: RuleBearing;
  readonly of: "any" | "every";
  readonly enabled: boolean;
  readonly condition: Condition;
  /** The condition as it was written. */
  readonly when: unknown;
}

export type Verdict = TriageResult["verdict"];
