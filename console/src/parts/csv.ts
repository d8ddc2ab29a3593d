/** What a table shows, as a file. */

interface Column<T> {
  readonly header: string;
  readonly text: (row: T) => string;
}

export function csvOf<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  return `${csvHead(columns)}${csvLines(columns, rows)}`;
}

export function csvHead(columns: readonly Pick<Column<never>, "header">[]): string {
  return line(columns.map(({ header }) => header));
}

export function csvLines<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  return rows.map((row) => line(columns.map(({ text }) => text(row)))).join("");
}

function line(texts: readonly string[]): string {
  return `${texts.map(cell).join(",")}\r\n`;
}

/** A spreadsheet takes text that opens with one of these for a formula, and text of a record is anybody's: an apostrophe keeps it text. */
function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

export function download(name: string, text: string, type = "text/csv"): void {
  save(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

export function save(name: string, file: Blob): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
