/**
 * Knowledge as files, NDJSON or CSV, there and back: what is written reads as the same entries. A cell is text whatever is in it; what would act in a spreadsheet is written
 * with an apostrophe before it, which is taken off again when it is read.
 */
import { KNOWLEDGE_MEANINGS, KNOWLEDGE_TYPES, LONGEST_INDICATOR, LONGEST_KNOWLEDGE, type KnowledgeMeaning, type KnowledgeType, type KnowledgeView } from "../kernel/case-knowledge-api.ts";
import { csvRow, readCsvRows } from "../kernel/csv.ts";
import { Fault } from "../kernel/fault.ts";
import { momentAt } from "../kernel/moments.ts";
import { expected, fieldsOf, isObject, required, textAt, wordAt, wrong, type Fields, type Place } from "../kernel/reading.ts";
import { foldedIndicator } from "./knowledge.ts";

export interface Draft {
  readonly type: KnowledgeType;
  readonly indicator: string;
  readonly folded: string;
  readonly meaning: KnowledgeMeaning;
  readonly text: string;
  /** Milliseconds; null: for good. */
  readonly expiresAt: number | null;
}

/** Of all columns of an export, these make an entry; the others are told and not taken. */
const TAKEN = ["type", "indicator", "meaning", "text", "expiresAt"] as const;
const TOLD = ["tenant", "author", "createdAt", "updatedAt", "hits", "lastHitAt", "id"] as const;
const COLUMNS = [...TAKEN, ...TOLD] as const;

export const MOST_IMPORTED = 10_000;

export function draftAt(place: Place, fields: Fields): Draft {
  const type = wordAt(required(fields, place, "type", "the type of indicator"), KNOWLEDGE_TYPES);
  const at = required(fields, place, "indicator", "what it is about");
  const indicator = textAt(at, "an indicator", LONGEST_INDICATOR).trim();
  const said = required(fields, place, "text", "what is known");
  const text = textAt(said, "a text", LONGEST_KNOWLEDGE).trim();
  if (text === "") throw expected(said, "what is known of it");
  const [meaning, expires] = [fields.get("meaning"), fields.get("expiresAt")];
  return {
    type, indicator, folded: foldedIndicator(type, { path: at.path, value: indicator }), text,
    meaning: meaning === undefined || meaning.value === null ? "context" : wordAt(meaning, KNOWLEDGE_MEANINGS),
    expiresAt: expires === undefined || expires.value === null ? null : momentAt(expires.path, textAt(expires, "a time", 40)),
  };
}

/** CONFIG_INVALID with the line and column of the first thing that is wrong; nothing is taken over then. */
export function readKnowledge(format: "ndjson" | "csv", text: string): readonly Draft[] {
  const drafts: Draft[] = [];
  const seen = new Map<string, string>();
  for (const place of format === "csv" ? csvPlaces(text) : linePlaces(text)) {
    const draft = draftAt(place, fieldsOf(place, COLUMNS, "An entry", TAKEN));
    const key = `${draft.type} ${draft.folded}`;
    const twin = seen.get(key);
    if (twin !== undefined) throw wrong(place, `the same indicator as in ${twin}.`);
    seen.set(key, place.path);
    drafts.push(draft);
    if (drafts.length > MOST_IMPORTED) throw new Fault("CONFIG_INVALID", `More than ${String(MOST_IMPORTED)} entries.`, { cure: "Give fewer at a time." });
  }
  if (drafts.length === 0) throw new Fault("CONFIG_INVALID", "There is no entry in it.", { cure: "A line is an entry: at least type, indicator and text." });
  return drafts;
}

function* linePlaces(text: string): Generator<Place> {
  for (const [index, line] of text.replace(/^\uFEFF/, "").split("\n").entries()) {
    if (line.trim() === "") continue;
    const path = `line ${String(index + 1)}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw wrong({ path, value: line }, "not JSON; a line is one entry as a JSON object.");
    }
    if (!isObject(value)) throw expected({ path, value }, "an entry (a JSON object)");
    yield { path, value };
  }
}

function* csvPlaces(text: string): Generator<Place> {
  let header: readonly string[] | undefined;
  for (const { cells, line, open } of readCsvRows(text)) {
    const path = `line ${String(line)}`;
    if (open) throw wrong({ path, value: "" }, "a quote is opened and never closed.");
    if (header === undefined) {
      header = cells.map((cell) => cell.trim());
      const unknown = header.find((name) => !(COLUMNS as readonly string[]).includes(name));
      if (unknown !== undefined) throw wrong({ path, value: unknown }, `unknown column ${JSON.stringify(unknown.slice(0, 60))}. An entry has ${TAKEN.join(", ")}.`);
      if (new Set(header).size < header.length) throw wrong({ path, value: header }, "a column is there twice.");
      continue;
    }
    const names = header;
    if (cells.length > names.length) throw wrong({ path, value: cells }, `${String(cells.length)} cells under ${String(names.length)} columns.`);
    yield { path, value: Object.fromEntries(names.flatMap((name, place) => (cells[place] === undefined || cells[place] === "" ? [] : [[name, unguarded(cells[place])]]))) };
  }
}

/** An apostrophe that belongs to the text gets one before it, so that taking off the guard's takes nothing else. */
const GUARDED = /^'+[=+\-@\t\r\n＝＋－＠]/u;

function unguarded(cell: string): string {
  return GUARDED.test(cell) ? cell.slice(1) : cell;
}

export const CSV_HEADER = csvRow(COLUMNS);

export function csvLine(view: KnowledgeView): string {
  return csvRow(COLUMNS.map((column) => (typeof view[column] === "string" && GUARDED.test(view[column]) ? `'${view[column]}` : view[column])));
}

export function ndjsonLine(view: KnowledgeView): string {
  return `${JSON.stringify(Object.fromEntries(COLUMNS.map((column) => [column, view[column]])))}\n`;
}
