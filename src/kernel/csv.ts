/**
 * RFC 4180 rows that a spreadsheet cannot be tricked with: a cell that would start a formula gets a leading apostrophe, unless it is a
 * plain number. Everything else is kept as it is.
 */
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/u;
const PLAIN_NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const NEEDS_QUOTES = /[",\r\n]/;

export function csvCell(value: unknown): string {
  const text = cellText(value);
  const defused = FORMULA_START.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

export function csvRow(values: readonly unknown[]): string {
  return `${values.map(csvCell).join(",")}\r\n`;
}

/** A value of an SQL answer as text; null is empty. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return JSON.stringify(value);
}

/** Rows of a CSV text as people's spreadsheets write it: quotes, line ends of either kind, a byte order mark; by comma, semicolon or tab, whichever its first line has. */
export function* readCsv(text: string): Generator<readonly string[]> {
  for (const { cells } of readCsvRows(text)) yield cells;
}

export interface CsvRow {
  readonly cells: readonly string[];
  /** Of the text, from one, on which the row begins. */
  readonly line: number;
  /** A quote was opened and never closed, so that the row runs to the end of the text. */
  readonly open: boolean;
}

/** The same, with where each row stands. */
export function* readCsvRows(text: string): Generator<CsvRow> {
  const body = text.replace(/^\ufeff/, "");
  const separator = separatorOf(body);
  let row: string[] = [];
  let at = 0;
  let line = 1;
  let begun = 1;
  let open = false;
  while (at < body.length) {
    const [cell, next, closed] = cellAt(body, at, separator);
    row.push(cell);
    open ||= !closed;
    // Only a quoted cell holds line ends of its own.
    if (body[at] === '"') line += body.slice(at, next).split("\n").length - 1;
    const end = body[next];
    at = next + 1;
    if (end === separator) {
      if (at < body.length) continue;
      row.push("");
    }
    if (end === "\r" && body[at] === "\n") at += 1;
    if (row.length > 1 || row[0] !== "") yield { cells: row, line: begun, open };
    row = [];
    line += 1;
    begun = line;
  }
}

function separatorOf(body: string): string {
  const [first = ""] = body.split(/[\r\n]/, 1);
  const counts = [",", ";", "\t"].map((separator) => [separator, first.split(separator).length] as const);
  return counts.reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

/** The cell that begins there, the place of what ends it, and whether its quote was closed. */
function cellAt(body: string, from: number, separator: string): readonly [cell: string, end: number, closed: boolean] {
  let cell = "";
  let at = from;
  if (body[at] === '"') {
    for (at += 1; ; at += 1) {
      const quote = body.indexOf('"', at);
      if (quote < 0) return [cell + body.slice(at), body.length, false];
      cell += body.slice(at, quote);
      at = quote + 1;
      if (body[at] !== '"') break;
      cell += '"';
    }
  }
  const start = at;
  while (at < body.length && body[at] !== separator && body[at] !== "\r" && body[at] !== "\n") at += 1;
  return [cell + body.slice(start, at), at, true];
}
