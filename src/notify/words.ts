/** How notifications read. Pure. */
import type { CaseNotice } from "../cases/index.ts";
import type { FactSeverity } from "../kernel/fact.ts";
import type { Message, MessageItem } from "../kernel/message.ts";
import { isOpen, isUnanswered, type CaseEvent, type Part } from "./decide.ts";
import { shownTime } from "../kernel/zones.ts";
import { rankOf } from "./policy.ts";

/** Who speaks: kept in the fact, so that it can be written again as things stand. */
export interface Speaker {
  readonly rule: string;
  readonly tenant: string;
  /** Null where there is but one. */
  readonly tenantName: string | null;
  readonly timeZone: string;
}

const MOST_SHOWN = 40;
/** In the order they are told. */
const EVENTS = ["opened", "reopened", "escalated", "unanswered", "resolved"] as const satisfies readonly CaseEvent[];
const HEADINGS: Readonly<Record<CaseEvent, string>> = { opened: "New", reopened: "Opened again", escalated: "Graver than before", unanswered: "Not taken up by anybody", resolved: "Resolved" };
const TITLES: Readonly<Record<CaseEvent, string>> = { opened: "New case", reopened: "Case opened again", escalated: "Case graver than before", unanswered: "Case not taken up", resolved: "Case resolved" };
const COUNTED: Readonly<Record<CaseEvent, (n: string) => string>> = { opened: (n) => `${n} new`, reopened: (n) => `${n} opened again`, escalated: (n) => `${n} graver than before`, unanswered: (n) => `${n} not taken up`, resolved: (n) => `${n} resolved` };

interface Told extends Part {
  readonly notice: CaseNotice;
}

/** Null where none of the cases is there any more. */
export function caseMessage(speaker: Speaker, parts: readonly Part[], notices: ReadonlyMap<string, CaseNotice>): Message | null {
  const told = parts.flatMap((part): readonly Told[] => {
    const notice = notices.get(part.subject);
    return notice === undefined ? [] : [{ ...part, notice }];
  });
  const [first] = told;
  if (first === undefined) return null;
  const message = told.length === 1 ? oneCase(speaker, first) : severalCases(speaker, told);
  return { ...message, foot: `The notification rule ${JSON.stringify(speaker.rule)} tells this. What it tells: vedette notifications list.` };
}

type Body = Omit<Message, "foot">;

function oneCase(speaker: Speaker, { event, notice, subject }: Told): Body {
  const { view } = notice;
  const over = event !== "resolved" && !isOpen(notice);
  const title = over ? "Resolved meanwhile" : TITLES[event];
  return { title: `${prefix(speaker)}[${view.severity}] ${title}: ${view.title}`, lead: over ? `This was to be told before it was resolved (${view.verdict}).` : null, sections: [{ heading: null, items: [itemOf(speaker, notice)] }], more: null, thread: subject };
}

function severalCases(speaker: Speaker, told: readonly Told[]): Body {
  const groups = EVENTS.map((event) => ({ event, of: told.filter((one) => one.event === event).toSorted(graveFirst) })).filter(({ of }) => of.length > 0);
  let room = MOST_SHOWN;
  const sections = groups.map(({ event, of }) => {
    const shown = of.slice(0, Math.max(room, 1));
    room -= shown.length;
    return { heading: `${HEADINGS[event]} (${String(of.length)})`, items: shown.map(({ notice }) => itemOf(speaker, notice)) };
  });
  const shown = sections.reduce((sum, { items }) => sum + items.length, 0);
  const counts = groups.map(({ event, of }) => COUNTED[event](String(of.length))).join(", ");
  const gravest = told.toSorted(graveFirst)[0]?.notice.view.severity ?? "unknown";
  return {
    title: `${prefix(speaker)}Cases: ${counts} (gravest ${gravest})`,
    lead: null,
    sections,
    more: shown < told.length ? `${String(told.length - shown)} more are not shown: vedette cases list --tenant ${speaker.tenant}` : null,
    thread: null,
  };
}

function graveFirst(left: Told, right: Told): number {
  return rankOf(right.notice.view.severity) - rankOf(left.notice.view.severity) || (left.notice.view.openedAt < right.notice.view.openedAt ? -1 : 1);
}

export function prefix({ tenantName }: Speaker): string {
  return tenantName === null ? "" : `${tenantName}: `;
}

function itemOf({ timeZone }: Speaker, { view, lead, link }: CaseNotice): MessageItem {
  const at = (time: string): string => shownTime(timeZone, Date.parse(time));
  const about = [lead?.device === null || lead?.device === undefined ? null : `device ${lead.device}`, lead?.user === null || lead?.user === undefined ? null : `user ${lead.user}`].filter((one) => one !== null);
  const state = view.status === "resolved" ? `resolved (${view.verdict})` : view.owner === null ? view.status : `${view.status}, with ${view.owner}`;
  const notice = { view, lead, link, into: null, earlier: null };
  return {
    title: view.title,
    severity: view.severity satisfies FactSeverity,
    lines: [
      `${counted(view.alerts, "alert")}, ${counted(view.devices, "device")}, ${counted(view.users, "user")}${about.length === 0 ? "" : `; first of all ${about.join(", ")}`}`,
      `First seen ${at(view.firstAt)}, last ${at(view.lastAt)}`,
      `Status: ${state}${isOpen(notice) && isUnanswered(notice) ? `; nobody has looked since ${at(view.reopenedAt ?? view.openedAt)}` : ""}`,
      `vedette cases show ${view.id}`,
    ],
    url: link,
  };
}

function counted(n: number, noun: string): string {
  return `${String(n)} ${noun}${n === 1 ? "" : "s"}`;
}
