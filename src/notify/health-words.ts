/** What of a trouble is worth telling, and how it reads. Pure. */
import type { Message, MessageItem } from "../kernel/message.ts";
import { shownTime } from "../kernel/zones.ts";
import type { TroubleRow } from "./health-tables.ts";
import type { ItemRow } from "./tables.ts";
import { spanText } from "./troubles.ts";
import { severityOf } from "./watch.ts";
import { prefix, type Speaker } from "./words.ts";

export interface HealthPart {
  /** The trouble's key. */
  readonly key: string;
  readonly event: "started" | "ended";
}

/** Told once when it starts (and when it gets graver), once when it ends; what ended untold is not told at all. An item of null: nothing is left to remember. */
export function decideHealth(item: ItemRow, trouble: TroubleRow | undefined, now: number): { readonly part: HealthPart | null; readonly item: ItemRow | null } {
  if (trouble === undefined) return { part: null, item: null };
  if (trouble.ended_at !== null) return { part: item.told_at === null ? null : { key: trouble.key, event: "ended" }, item: null };
  const told = { ...item, pending: "{}", due_at: null, told_at: now, told_severity: trouble.step };
  return { part: item.told_severity === trouble.step ? null : { key: trouble.key, event: "started" }, item: told };
}

export function healthMessage(speaker: Speaker, parts: readonly HealthPart[], troubles: ReadonlyMap<string, TroubleRow>): Message | null {
  const told = parts.flatMap(({ key, event }) => {
    const row = troubles.get(key);
    return row === undefined ? [] : [{ row, over: event === "ended" || row.ended_at !== null }];
  });
  const [first] = told;
  if (first === undefined) return null;
  const single = told.length === 1;
  const over = told.filter((one) => one.over);
  const open = told.filter((one) => !one.over);
  const section = (heading: string, of: typeof told): Message["sections"] => (of.length === 0 ? [] : [{ heading: single ? null : heading, items: of.map(({ row }) => itemOf(speaker, row)) }]);
  const counts = [...(open.length === 0 ? [] : [`${String(open.length)} ${open.length === 1 ? "trouble" : "troubles"}`]), ...(over.length === 0 ? [] : [`${String(over.length)} over`])].join(", ");
  return {
    title: `${prefix(speaker)}${single ? `${first.over ? "Over: " : `[${severityOf(first.row)}] `}${first.row.title}` : `SentinelOne integration: ${counts}`}`,
    lead: null,
    sections: [...section("Started", open), ...section("Over", over)],
    more: null,
    foot: `The notification rule ${JSON.stringify(speaker.rule)} tells this. How all stands: vedette status.`,
    thread: single ? `health ${first.row.key}` : null,
  };
}

function itemOf({ timeZone }: Speaker, row: TroubleRow): MessageItem {
  const { title, started_at: started, ended_at: ended } = row;
  const times = ended === null ? `Since ${shownTime(timeZone, started)}` : `From ${shownTime(timeZone, started)} to ${shownTime(timeZone, ended)} (${spanText(ended - started)})`;
  return { title, severity: ended === null ? severityOf(row) : null, lines: [times, ...(ended === null ? (JSON.parse(row.lines) as readonly string[]) : [])], url: null };
}
