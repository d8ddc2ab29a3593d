/** An alert's history and timeline as connections, newest first, with their filters and the CSV of the history. */
import type { ApiRecord } from "../record.ts";
import { csv } from "./csv.ts";
import { detailOf } from "./detail.ts";
import type { AlertJournal, Note } from "./journal.ts";
import { listWindow } from "./listing.ts";
import type { Person } from "./people.ts";
import { enumValues } from "./schema.ts";

type Args = Readonly<Record<string, unknown>>;

/** The most items an export holds. */
const MOST_EXPORTED = 10_000;

export function noteShown(note: Note): ApiRecord {
  const { madeAt: _madeAt, plainText: _plainText, author, ...shown } = note;
  return { ...shown, author, createdBy: { __typename: "UserNoteAuthor", ...author } };
}

function creator(person: Person | null, typename: string): ApiRecord | null {
  return person === null ? null : { __typename: typename, userId: person.userId, userType: "CUSTOMER" };
}

function filtered(items: readonly ApiRecord[], args: Args): readonly ApiRecord[] {
  const filter = (args["filter"] ?? {}) as { readonly itemTypes?: readonly unknown[] | null; readonly text?: string | null };
  const types = filter.itemTypes ?? undefined;
  const words = (filter.text ?? "").toLowerCase();
  return items.filter((item) => (types === undefined || types.length === 0 || types.includes(item["eventType"])) && String(item["eventText"]).toLowerCase().includes(words));
}

function historyItems(journal: AlertJournal, alert: ApiRecord): readonly ApiRecord[] {
  return journal
    .history(alert)
    .map((entry) => ({
      createdAt: entry.createdAt,
      eventText: entry.text,
      eventType: entry.type,
      historyItemCreator: creator(entry.author, "UserHistoryItemCreator"),
      historyItemData: entry.data ?? null,
      reportUrl: null,
    }))
    .toReversed();
}

export function historyOf(journal: AlertJournal, alert: ApiRecord, args: Args): ApiRecord {
  return listWindow(filtered(historyItems(journal, alert), args), args);
}

export function historyCsv(journal: AlertJournal, alert: ApiRecord): ApiRecord {
  return { data: csv(["createdAt", "eventType", "eventText"], historyItems(journal, alert).slice(0, MOST_EXPORTED)) };
}

export function timelineOf(journal: AlertJournal, alert: ApiRecord, args: Args): ApiRecord {
  const activities = new Set(enumValues("AlertTimelineActivityType"));
  const item = (createdAt: unknown, eventType: string, eventText: string, author: Person | null, data: ApiRecord): ApiRecord => ({
    createdAt,
    eventType,
    eventText,
    timelineItemCreator: creator(author, "UserTimelineItemCreator"),
    timelineItemData: data,
  });
  const items: ApiRecord[] = [];
  for (const indicator of (detailOf(alert)["indicators"] ?? []) as readonly ApiRecord[]) {
    items.push(item(indicator["eventTime"], "INDICATOR", typeof indicator["message"] === "string" ? indicator["message"] : "Indicator", null, { __typename: "IndicatorTimelineItemData", ...indicator }));
  }
  for (const entry of journal.history(alert)) {
    if (activities.has(entry.type)) items.push(item(entry.createdAt, "ACTIVITY", entry.text, entry.author, { __typename: "ActivityTimelineItemData", activityType: entry.type, downloadUrl: null }));
    else if (entry.type === "ASSET_OPERATION") items.push(item(entry.createdAt, "ASSET_OPERATION", entry.text, entry.author, { __typename: "AssetOperationTimelineItemData", downloadUrl: null }));
  }
  for (const result of journal.results(alert)) {
    const { __typename: _type, id, mitigationActionType, status, createdAt, updatedAt: _updatedAt, ...counts } = result;
    const data = { __typename: "MitigationActionTimelineItemData", id, mitigationActionType, status, message: null, details: { __typename: "S1MitigationActionTimelineItemDetails", ...counts } };
    items.push(item(createdAt, "MITIGATION", `Mitigation action ${String(mitigationActionType)} has status ${String(status)}`, null, data));
  }
  for (const note of journal.notes(alert)) {
    const data = {
      __typename: "NoteTimelineItemData",
      actionType: "CREATE",
      author: note.author,
      createdBy: { __typename: "UserNoteAuthor", ...note.author },
      id: note.id,
      text: { content: note.text, type: note.type },
      updatedAt: note.updatedAt,
    };
    items.push(item(note.createdAt, "NOTE", note.plainText ?? note.text, note.author, data));
  }
  const newestFirst = items.toSorted((a, b) => (String(a["createdAt"]) < String(b["createdAt"]) ? 1 : String(a["createdAt"]) > String(b["createdAt"]) ? -1 : 0));
  return listWindow(filtered(newestFirst, args), args);
}
