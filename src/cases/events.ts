/** Entries of a case's timeline: what is kept of each, and how it reads. */
import type { CaseEvent, CaseEventKind, LinkKind } from "../kernel/case-api.ts";
import { isoTime } from "../kernel/clock.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import { LINKS } from "./links.ts";
import type { EventRow } from "./tables.ts";

export interface EventDetails {
  /** How many it speaks of, and the name of the first. */
  readonly alerts?: number;
  readonly first?: string;
  readonly link?: LinkKind;
  /** Another case. */
  readonly case?: string;
  readonly field?: string;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly verdict?: string;
  readonly note?: string;
}

export function eventView({ at, kind, who, details }: EventRow): CaseEvent {
  return { at: isoTime(at), kind: kind as CaseEventKind, by: who, text: WORDS[kind as CaseEventKind](JSON.parse(details) as EventDetails) };
}

const WORDS: Readonly<Record<CaseEventKind, (details: EventDetails) => string>> = {
  opened: ({ alerts, first, case: earlier }) => `opened with ${alertsText(alerts)}${first === undefined ? "" : `: ${first}`}${earlier === undefined ? "" : `; the same behaviour was seen in ${earlier}`}`,
  joined: ({ alerts, first, link }) => `${alertsText(alerts)} joined${first === undefined ? "" : `: ${first}`}${link === undefined ? "" : ` (same ${LINKS[link].shared})`}`,
  "alerts-changed": ({ alerts, first, field, from, to }) => `${first ?? "an alert"}: ${field ?? "state"} from ${from ?? "none"} to ${to ?? "none"}${alerts !== undefined && alerts > 1 ? `; ${String(alerts - 1)} more changed` : ""}`,
  escalated: ({ from, to }) => `severity rose from ${severity(from)} to ${severity(to)}`,
  lowered: ({ from, to }) => `severity fell from ${severity(from)} to ${severity(to)}`,
  reopened: ({ to, verdict }) => `opened again (${to ?? "new"})${verdict === undefined ? "" : `; the verdict was ${verdict}`}`,
  resolved: ({ from }) => (from === undefined ? "resolved: nothing of it is open any more" : `resolved (was ${from ?? "new"})`),
  merged: ({ case: other, field }) => (field === "into" ? `became part of ${other ?? "another case"}` : `${other ?? "another case"} became part of it`),
  split: ({ case: other }) => `split from ${other ?? "another case"}: its alerts no longer have anything in common with those`,
  left: ({ alerts }) => `${alertsText(alerts)} left`,
  status: ({ from, to }) => `status from ${from ?? "none"} to ${to ?? "none"}`,
  owner: ({ from, to }) => (to === null || to === undefined ? `no longer with ${from ?? "anybody"}` : `given to ${to}${from === null || from === undefined ? "" : ` (was ${from})`}`),
  severity: ({ from, to }) => (to === null || to === undefined ? `severity is that of its alerts again (was ${severity(from)})` : `severity from ${severity(from)} to ${severity(to)}`),
  verdict: ({ from, to }) => `verdict from ${from ?? "undefined"} to ${to ?? "undefined"}`,
  note: ({ note }) => note ?? "",
};

function alertsText(count = 1): string {
  return count === 1 ? "one alert" : `${String(count)} alerts`;
}

function severity(place: string | null | undefined): string {
  return FACT_SEVERITIES[Number(place ?? 0)] ?? "unknown";
}
