/**
 * What was done with each alert: notes, history, results of mitigations. Until somebody works on an alert all of it follows from the alert
 * itself; from then on it is kept, so that what stood before stays as it was told.
 */
import { GraphQLError } from "graphql";
import type { SimulatedClock } from "../clock.ts";
import type { Estate } from "../estate/estate.ts";
import { hashText } from "../random.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { millis, SECOND } from "../times.ts";
import { personOf, somebody, type Person } from "./people.ts";

export interface Note {
  readonly id: string;
  readonly alertId: string;
  readonly text: string;
  readonly plainText: string | null;
  readonly type: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly author: Person;
  /** Real milliseconds of this process at which it was made; 0 for notes that were there from the start. */
  readonly madeAt: number;
}

export interface HistoryEntry {
  readonly createdAt: string;
  readonly type: string;
  readonly text: string;
  readonly author: Person | null;
  readonly data?: ApiRecord;
}

interface Kept {
  readonly notes: readonly Note[];
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  readonly results: readonly ApiRecord[];
  readonly notesMade: number;
}

/** A new note's id reaches the management side this late; before that it can be neither changed nor deleted. */
const SETTLES_MS = 30_000;

function idText(alert: ApiRecord): string {
  return String(alert["id"]);
}

function timeOf(alert: ApiRecord, field: string): string {
  return typeof alert[field] === "string" ? alert[field] : millis(0);
}

function later(time: string, seconds: number): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : millis(at * 1000 + seconds * SECOND);
}

function uuidFrom(words: string): string {
  const hex = [1, 2, 3, 4].map((part) => hashText(words, part).toString(16).padStart(8, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const REMARKS = ["Checked with the owner of the machine.", "Matches the maintenance window of last night.", "Password reset, sessions closed."] as const;

export class AlertJournal {
  readonly #estate: Estate;
  readonly #clock: SimulatedClock;
  readonly #kept = new Map<string, Kept>();

  constructor(estate: Estate, clock: SimulatedClock) {
    this.#estate = estate;
    this.#clock = clock;
  }

  notes(alert: ApiRecord): readonly Note[] {
    return this.#of(alert).notes;
  }

  history(alert: ApiRecord): readonly HistoryEntry[] {
    return this.#of(alert).history;
  }

  results(alert: ApiRecord): readonly ApiRecord[] {
    return this.#of(alert).results;
  }

  /** The alert a note belongs to, by the note's id. */
  alertOf(noteId: string): string {
    return noteId.slice(0, Math.max(0, noteId.lastIndexOf("-")));
  }

  write(alert: ApiRecord, entry: HistoryEntry): void {
    const kept = this.#of(alert);
    this.#kept.set(idText(alert), { ...kept, history: [...kept.history, entry] });
  }

  addResult(alert: ApiRecord, result: { readonly type: string; readonly status: string; readonly at: string }): void {
    const kept = this.#of(alert);
    const made = this.#result(alert, result, kept.results.length);
    this.#kept.set(idText(alert), { ...kept, results: [...kept.results, made] });
  }

  addNote(alert: ApiRecord, note: { readonly text: string; readonly plainText: string | null; readonly type: string; readonly author: Person; readonly at: string }): void {
    const kept = this.#of(alert);
    const id = `${idText(alert)}-${String(kept.notesMade + 1)}`;
    const { at, ...written } = note;
    const made: Note = { ...written, id, alertId: idText(alert), createdAt: at, updatedAt: at, madeAt: performance.now() };
    this.#kept.set(idText(alert), { ...kept, notes: [...kept.notes, made], notesMade: kept.notesMade + 1 });
  }

  /** Throws a GraphQLError for a note that is not there, or is not yet ready to be changed. */
  changeNote(alert: ApiRecord, noteId: string, change: { readonly text: string; readonly plainText: string | null; readonly type: string; readonly at: string }): void {
    this.#settled(alert, noteId, "edit");
    const { at, ...written } = change;
    this.#setNotes(alert, (notes) => notes.map((note) => (note.id === noteId ? { ...note, ...written, updatedAt: at } : note)));
  }

  /** Throws a GraphQLError for a note that is not there, or is not yet ready to be deleted. */
  deleteNote(alert: ApiRecord, noteId: string): void {
    this.#settled(alert, noteId, "delete");
    this.#setNotes(alert, (notes) => notes.filter((note) => note.id !== noteId));
  }

  #setNotes(alert: ApiRecord, change: (notes: readonly Note[]) => readonly Note[]): void {
    const kept = this.#of(alert);
    this.#kept.set(idText(alert), { ...kept, notes: change(kept.notes) });
  }

  #settled(alert: ApiRecord, noteId: string, deed: "edit" | "delete"): void {
    const note = this.notes(alert).find(({ id }) => id === noteId);
    if (note === undefined) throw new GraphQLError(`Alert Note with ID ${noteId} not found`);
    // Time may stand still here while it passes for the caller, so either clock settles a note.
    const simulated = this.#clock.now() / 1000 - Date.parse(note.createdAt);
    const fresh = note.madeAt > 0 && simulated < SETTLES_MS && performance.now() - note.madeAt < SETTLES_MS;
    if (fresh) throw new GraphQLError(`Alert Note with ID ${noteId} does not have mgmt_note_id set, unable to ${deed}, try again later!`);
  }

  #of(alert: ApiRecord): Kept {
    return this.#kept.get(idText(alert)) ?? this.#asFound(alert);
  }

  #result(alert: ApiRecord, { type, status, at }: { readonly type: string; readonly status: string; readonly at: string }, place: number): ApiRecord {
    const done = status === "SUCCESS" || status === "ADDED";
    return {
      __typename: "S1MitigationActionResult",
      id: uuidFrom(`${idText(alert)} result ${String(place)}`),
      createdAt: at,
      updatedAt: at,
      mitigationActionType: type,
      status,
      exportReportUrl: null,
      failedCount: 0,
      notFoundCount: 0,
      pendingCount: done ? 0 : 1,
      successCount: done ? 1 : 0,
      minTime: at,
      maxTime: at,
      preemptive: false,
    };
  }

  #asFound(alert: ApiRecord): Kept {
    const id = idText(alert);
    const detected = timeOf(alert, "detectedAt");
    const updated = timeOf(alert, "updatedAt");
    const assignee = isRecord(alert["assignee"]) ? { ...alert["assignee"], id: alert["assignee"]["userId"] } : undefined;
    const author = assignee === undefined ? somebody(this.#estate, id) : personOf(assignee);
    const history: HistoryEntry[] = [];
    const details = isRecord(alert["mitigationDetails"]) ? alert["mitigationDetails"] : {};
    const reports = Array.isArray(details["reports"]) ? details["reports"].filter(isRecord) : [];
    const results = reports.map((report, place) => {
      const type = String(report["mitigationActionType"]);
      const at = later(detected, 6 + place);
      history.push({
        createdAt: at,
        type: "MITIGATION_ACTION",
        text: `Mitigation action ${type} finished with status SUCCESS`,
        author: null,
        data: { __typename: "MitigationActionHistoryItemData", message: { content: "1 file handled", type: "PLAIN_TEXT" } },
      });
      return this.#result(alert, { type, status: "SUCCESS", at }, place);
    });
    const status = String(alert["status"]);
    const { ticketId, analystVerdict } = alert;
    const wrote = (secondsBefore: number, type: string, words: string): void => {
      history.push({ createdAt: later(updated, -secondsBefore), type, text: words, author });
    };
    if (assignee !== undefined) wrote(120, "USER_ASSIGNMENT", `Alert was assigned to ${author.fullName}`);
    if (status === "IN_PROGRESS" || status === "RESOLVED") wrote(60, "STATUS", "Alert status was changed from NEW to IN_PROGRESS");
    if (typeof ticketId === "string") wrote(50, "TICKET_ID", `Ticket ID was set to ${ticketId}`);
    if (typeof analystVerdict === "string" && analystVerdict !== "UNDEFINED") wrote(40, "ANALYST_VERDICT", `Analyst verdict was changed from UNDEFINED to ${analystVerdict}`);
    const text = REMARKS[hashText(id) % REMARKS.length] ?? REMARKS[0];
    const at = later(updated, -20);
    const note: Note = { id: `${id}-1`, alertId: id, text, plainText: text, type: "PLAIN_TEXT", createdAt: at, updatedAt: at, author, madeAt: 0 };
    const notes = alert["noteExists"] === true ? [note] : [];
    if (notes.length > 0) wrote(20, "NOTES", "A note was added");
    if (status === "RESOLVED") wrote(0, "STATUS", "Alert status was changed from IN_PROGRESS to RESOLVED");
    return { notes, history, results, notesMade: notes.length };
  }
}
