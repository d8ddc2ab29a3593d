/** What of what waits is still worth telling. Pure: cases as they stand now, and what has been told before. */
import type { CaseNotice } from "../cases/index.ts";
import type { NotificationSettings, Tells } from "../kernel/notification-api.ts";
import { earliest, type Pending } from "./hear.ts";
import { isGraveEnough, rankOf } from "./policy.ts";
import type { ItemRow } from "./tables.ts";

export type CaseEvent = Exclude<Tells, "health">;

/** One thing to tell. */
export interface Part {
  readonly subject: string;
  readonly event: CaseEvent;
}

export interface Decided {
  readonly part: Part | null;
  /** Null: there is nothing left to remember of it. */
  readonly item: ItemRow | null;
}

export interface Surroundings {
  readonly settings: NotificationSettings;
  readonly notices: ReadonlyMap<string, CaseNotice>;
  /** Of the same rule, by subject: for what a case has become part of, and for cases before it. */
  readonly items: ReadonlyMap<string, ItemRow>;
  readonly now: number;
}

/** How far back the same behaviour is followed. */
const STEPS = 5;

export function decide(item: ItemRow, around: Surroundings): Decided {
  const { notices, items, now } = around;
  const pending = JSON.parse(item.pending) as Pending;
  const due = (Object.keys(pending) as Tells[]).filter((event) => (pending[event] ?? Number.POSITIVE_INFINITY) <= now);
  const left: Pending = Object.fromEntries(Object.entries(pending).filter(([event]) => !due.includes(event as Tells)));
  const notice = notices.get(item.subject);
  if (notice === undefined) return { part: null, item: null };
  if (notice.into !== null) {
    // Whoever has heard of the other knows all there is to know; who has not is told of that one.
    if (items.has(notice.into) || item.told_at !== null) return { part: null, item: null };
    return decide({ ...item, subject: notice.into }, around);
  }
  const event = eventOf(item, notice, due, around);
  const told = event === null ? item : { ...item, told_at: now, told_severity: rankOf(notice.view.severity) };
  return { part: event === null ? null : { subject: item.subject, event }, item: rest(told, isOpen(notice) ? left : without(left, "unanswered")) };
}

function eventOf(item: ItemRow, notice: CaseNotice, due: readonly Tells[], { settings, notices, items }: Surroundings): CaseEvent | null {
  const told = item.told_at !== null;
  if (!isOpen(notice)) return told && due.includes("resolved") ? "resolved" : null;
  if (!isGraveEnough(settings, notice.view.severity)) return null;
  const news = due.some((event) => event === "opened" || event === "escalated" || event === "reopened");
  if (news && !told) return knownBefore(notice, rankOf(notice.view.severity), notices, items) ? null : "opened";
  if (news && due.includes("reopened")) return "reopened";
  if (news && rankOf(notice.view.severity) > item.told_severity) return "escalated";
  return due.includes("unanswered") && isUnanswered(notice) ? "unanswered" : null;
}

export function isOpen({ view }: CaseNotice): boolean {
  return view.status !== "resolved";
}

export function isUnanswered({ view }: CaseNotice): boolean {
  return view.status === "new" && view.firstLookAt === null && view.owner === null;
}

/** The same behaviour has been told of, no less grave, and nobody has taken that case up yet. */
function knownBefore(notice: CaseNotice, severity: number, notices: ReadonlyMap<string, CaseNotice>, items: ReadonlyMap<string, ItemRow>): boolean {
  let id = notice.earlier;
  for (let step = 0; step < STEPS && id !== null; step += 1) {
    const before = notices.get(id);
    if (before === undefined) return false;
    if (before.into !== null) {
      id = before.into;
      continue;
    }
    if (!isUnanswered(before)) return false;
    const item = items.get(id);
    if (item !== undefined && item.told_at !== null) return item.told_severity >= severity;
    id = before.earlier;
  }
  return false;
}

function without(pending: Pending, event: Tells): Pending {
  return Object.fromEntries(Object.entries(pending).filter(([name]) => name !== event));
}

/** Kept as long as something waits or has been told: who has not been told of a case does not hear that it is resolved. */
function rest(item: ItemRow, pending: Pending): ItemRow | null {
  if (item.told_at === null && Object.keys(pending).length === 0) return null;
  return { ...item, pending: JSON.stringify(pending), due_at: earliest(pending), first_read: 0 };
}
