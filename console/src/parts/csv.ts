/** What a table shows, as a file. */

interface Column<T> {
  readonly header: string;
  readonly text: (row: T) => string;
}

export function csvOf<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const lines = [columns.map(({ header }) => cell(header)), ...rows.map((row) => columns.map(({ text }) => cell(text(row))))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
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
