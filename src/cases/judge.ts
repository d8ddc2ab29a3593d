/**
 * What becomes of a case at the end of a page: its status, severity and verdict, and what of it is worth a line in its timeline and a fact. A person's decision outranks the
 * console's until something new asks for attention. Pure, but for the working copy it is given.
 */
import type { CaseEventKind, CaseStatus } from "../kernel/case-api.ts";
import { derivedOf, type Working } from "./batch.ts";
import type { EventDetails } from "./events.ts";
import { kindOf } from "./links.ts";
import { isOpen, type Kept } from "./model.ts";

export interface CaseNews {
  readonly kind: CaseEventKind;
  readonly who: string;
  readonly details: EventDetails;
}

export const CONSOLE = "console";
export const HUB = "vedette";

/** Gives the case its state and says what has happened to it, in the order it is told. */
export function judge(working: Working, now: number): readonly CaseNews[] {
  const news: CaseNews[] = [];
  const { row, before } = working;
  const derived = derivedOf(working);
  for (const id of working.merged) news.push({ kind: "merged", who: HUB, details: { case: id } });
  if (working.splitFrom !== null) news.push({ kind: "split", who: HUB, details: { case: working.splitFrom } });
  else if (before === null) news.push({ kind: "opened", who: HUB, details: { ...firstOf(working.joined), ...(working.earlier === null ? {} : { case: working.earlier }) } });
  else if (working.joined.length > 0) news.push({ kind: "joined", who: HUB, details: { ...firstOf(working.joined), ...(working.joinedBy === null ? {} : { link: kindOf(working.joinedBy) }) } });
  const changes = working.moved.flatMap(({ from, to }) => changesOf(from, to).map((change) => ({ ...change, first: to.facts.name ?? to.id })));
  const [change] = changes;
  if (change !== undefined) news.push({ kind: "alerts-changed", who: CONSOLE, details: { alerts: new Set(working.moved.map(({ to }) => to.seq)).size, ...change } });
  if (working.left > 0) news.push({ kind: "left", who: HUB, details: { alerts: working.left } });

  row.title = derived.title;
  row.type = derived.type;
  news.push(...judgeSeverity(working, derived.severity));
  news.push(...judgeStatus(working, derived.status, now));
  row.verdict = row.verdict_set ?? derived.verdict;
  row.evidence += 1;
  const seen = (of: Pick<Working["row"], "status" | "severity" | "verdict" | "owner">): string => JSON.stringify([of.status, of.severity, of.verdict, of.owner]);
  if (before === null || seen(before) !== seen(row) || working.merged.length > 0) row.version += 1;
  return news;
}

function firstOf(joined: readonly Kept[]): Pick<EventDetails, "alerts" | "first"> {
  const [first] = joined;
  return { alerts: joined.length, ...(first === undefined ? {} : { first: first.facts.name ?? first.id }) };
}

function changesOf(from: Kept, to: Kept): readonly Pick<EventDetails, "field" | "from" | "to">[] {
  const one = (field: string, was: string | null, is: string | null) => (was === is ? [] : [{ field, from: was, to: is }]);
  return [...one("status", stateOf(from), stateOf(to)), ...one("verdict", from.verdict, to.verdict), ...one("mitigation", from.facts.mitigation, to.facts.mitigation)];
}

function stateOf({ status, goneAt }: Kept): string {
  return goneAt === null ? status : "no longer at the console";
}

function judgeSeverity({ row, before, tally }: Working, derived: number): readonly CaseNews[] {
  // What is left behind stays what it was.
  if (tally.members === 0) return [];
  // Graver than anything that was there when the person decided.
  if (row.severity_set !== null && derived > Math.max(row.severity_set, row.severity_basis ?? 0)) [row.severity_set, row.severity_basis] = [null, null];
  row.severity = row.severity_set ?? derived;
  if (before === null || before.severity === row.severity) return [];
  return [{ kind: row.severity > before.severity ? "escalated" : "lowered", who: CONSOLE, details: { from: String(before.severity), to: String(row.severity) } }];
}

function judgeStatus(working: Working, derived: CaseStatus, now: number): readonly CaseNews[] {
  const { row, before, evidence, tally } = working;
  const wasOpen = before !== null && before.open === 1;
  if (row.status_by === "person" && row.status === "resolved" && evidence) setStatus(row, derived, "alerts");
  else if (row.status_by === "person" && row.status !== "resolved") {
    // Everything of it was settled at the console since; where nothing was open when the person opened it, nothing has been.
    if (tally.members === 0 || (tally.open === 0 && (JSON.parse(before?.tally ?? "{}") as { readonly open?: number }).open !== 0)) setStatus(row, "resolved", "alerts");
  } else if (row.status_by === "alerts") setStatus(row, derived, "alerts");
  row.open = row.status === "resolved" ? 0 : 1;
  if (before === null) {
    if (row.open === 0) row.resolved_at = now;
    return [];
  }
  if (row.open === 1 && !wasOpen) {
    const details = { to: row.status, ...(row.verdict_set === null ? {} : { verdict: row.verdict_set }) };
    // What was found then does not speak of what has come since.
    row.verdict_set = null;
    row.decided_at = null;
    row.resolved_at = null;
    row.reopened += 1;
    row.reopened_at = now;
    return [{ kind: "reopened", who: HUB, details }];
  }
  if (row.open === 0 && wasOpen) {
    row.resolved_at = now;
    return [{ kind: "resolved", who: tally.members === 0 ? HUB : CONSOLE, details: {} }];
  }
  return before.status === row.status ? [] : [{ kind: "status", who: CONSOLE, details: { from: before.status, to: row.status } }];
}

function setStatus(row: Working["row"], status: CaseStatus, by: "alerts"): void {
  row.status = status;
  row.status_by = by;
}

/** Whether somebody wants to hear of it: what was there before anybody looked is not news. */
export function isQuiet({ joined, before }: Working): boolean {
  return before === null && joined.every((member) => !isOpen(member));
}
