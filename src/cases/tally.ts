/** What a case makes of its members, kept so that each can be added and taken back: the same for the same members, whatever came in which order. Pure. */
import type { CaseStatus, CaseType, CaseVerdict } from "../kernel/case-api.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import { isOpen, type Counts, type Kept, type Lead, type Tally } from "./model.ts";

export const EMPTY: Tally = { members: 0, open: 0, working: 0, severities: FACT_SEVERITIES.map(() => 0), verdicts: {}, products: {}, kinds: {} };

/** Entities are counted apart: several members have the same. */
export function changed(tally: Tally, member: Kept, by: 1 | -1): Tally {
  const open = isOpen(member);
  return {
    members: tally.members + by,
    open: tally.open + (open ? by : 0),
    working: tally.working + (open && member.status === "in-progress" ? by : 0),
    severities: tally.severities.map((count, place) => count + (place === member.severity ? by : 0)),
    verdicts: counted(tally.verdicts, member.verdict, by),
    products: counted(tally.products, member.facts.product, by),
    kinds: tally.kinds,
  };
}

/** Of two cases that become one; entities that both have are taken back by whoever knows them. */
export function sum(one: Tally, other: Tally): Tally {
  return {
    members: one.members + other.members,
    open: one.open + other.open,
    working: one.working + other.working,
    severities: one.severities.map((count, place) => count + (other.severities[place] ?? 0)),
    verdicts: summed(one.verdicts, other.verdicts),
    products: summed(one.products, other.products),
    kinds: one.kinds,
  };
}

export function counted(counts: Counts, name: string | null, by: number): Counts {
  if (name === null || by === 0) return counts;
  const before = counts[name] ?? 0;
  const now = before + by;
  if (before > 0 && now > 0) return { ...counts, [name]: now };
  const rest = Object.entries(counts).filter(([key]) => key !== name);
  return sorted(now <= 0 ? rest : [...rest, [name, now]]);
}

function summed(one: Counts, other: Counts): Counts {
  return Object.entries(other).reduce((all, [name, count]) => counted(all, name, count), one);
}

/** In an order of their own, so that the same counts are the same text. */
function sorted(entries: readonly (readonly [string, number])[]): Counts {
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

export function severityOf({ severities }: Tally): number {
  return Math.max(0, severities.findLastIndex((count) => count > 0));
}

/** What the console says of them all. */
export function statusOf({ open, working }: Tally): CaseStatus {
  return open === 0 ? "resolved" : working > 0 ? "in-progress" : "new";
}

/** The gravest that anybody gave. */
export function verdictOf({ verdicts }: Tally): CaseVerdict {
  return (["true-positive", "suspicious", "false-positive"] as const).find((verdict) => (verdicts[verdict] ?? 0) > 0) ?? "undefined";
}

export function leadOf(member: Kept): Lead {
  const { severity, at, stream, id, connection, facts: { name, type, device, user } } = member;
  return { severity, at, stream, id, connection, name, type, device, user };
}

/** The gravest, of those the first: below nought where `one` comes before. */
export function compareLeads(one: Lead, other: Lead): number {
  return other.severity - one.severity || one.at - other.at || compare(one.stream, other.stream) || compare(one.id, other.id) || compare(one.connection, other.connection);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export function titleOf(lead: Lead, { kinds }: Tally): string {
  const name = lead.name ?? UNNAMED[lead.type];
  const devices = kinds["device"] ?? 0;
  if (devices > 1) return `${name} on ${String(devices)} devices`;
  return lead.device !== null ? `${name} on ${lead.device}` : lead.user !== null ? `${name}, ${lead.user}` : name;
}

const UNNAMED: Readonly<Record<CaseType, string>> = {
  ransomware: "Ransomware", malware: "Threat", exploit: "Exploit", identity: "Identity alert", "custom-rule": "Alert of a rule", cloud: "Cloud alert", network: "Network alert", "agent-health": "Agent in trouble", other: "Alert",
};
