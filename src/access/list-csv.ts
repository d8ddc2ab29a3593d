/**
 * Lists of people as personnel systems and identity providers export them: which columns have addresses and a status is read off the heading, or off the
 * first line where there is none. Every line has to be readable unless the caller says otherwise, because a person lost here would be reported as a stranger.
 */
import { readCsvRows, type CsvRow } from "../kernel/csv.ts";
import { Fault } from "../kernel/fault.ts";
import { addressKey } from "./addresses.ts";

export const MOST_LINES = 500_000;
const MOST_COLUMNS = 500;
const LONGEST_CELL = 4_000;
/** Lines that a refusal, or an answer, names. */
const NAMED = 20;

export interface ReadPeople {
  /** Folded addresses, and whether the list has the person as one who is here. */
  readonly people: ReadonlyMap<string, boolean>;
  readonly columns: { readonly addresses: readonly string[]; readonly status: string | null; readonly header: boolean };
  /** Lines with people, heading and empty ones not counted. */
  readonly lines: number;
  /** Addresses that came more than once. */
  readonly repeated: number;
  readonly unreadable: number;
  readonly remarks: readonly { readonly line: number; readonly remark: string }[];
}

/** Headings by their letters and digits in lower case. */
const ADDRESS_HEADINGS: ReadonlySet<string> = new Set([
  "email", "emailaddress", "mail", "mailaddress", "workemail", "companyemail", "businessemail", "primaryemail", "primaryemailaddress", "primaryworkemail", "secondaryemail", "secondemail", "emailwork", "emails",
  "useremail", "userprincipalname", "upn", "login", "loginname", "userlogin", "username", "proxyaddresses", "otheremails", "aliases", "nameid", "emailaddressrequired",
]);
const STATUS_HEADINGS: ReadonlySet<string> = new Set(["status", "userstatus", "accountstatus", "employmentstatus", "employeestatus", "workerstatus", "state", "active", "isactive", "enabled", "accountenabled", "isenabled", "statusreadonly", "suspended", "issuspended", "disabled", "isdisabled", "deactivated"]);
/** Of these, yes means gone. */
const TURNED_ROUND: ReadonlySet<string> = new Set(["suspended", "issuspended", "disabled", "isdisabled", "deactivated"]);
const YES: ReadonlySet<string> = new Set(["true", "yes", "y", "1"]);
const NO: ReadonlySet<string> = new Set(["false", "no", "n", "0"]);
const GONE: ReadonlySet<string> = new Set(["inactive", "terminated", "left", "leaver", "deactivated", "deprovisioned", "disabled", "suspended", "deleted", "retired", "former", "exited", "resigned", "blocked", "archived", "ended"]);
const HERE: ReadonlySet<string> = new Set(["active", "enabled", "employed", "current", "onleave", "leave", "staged", "provisioned", "recovery", "passwordexpired", "lockedout", "pending", "probation", "hired", "started", "present"]);

interface Columns {
  readonly addresses: readonly number[];
  readonly status: number | null;
  readonly turned: boolean;
  readonly names: readonly string[] | null;
}

/** CONFIG_INVALID with the lines named where it cannot be read; `skipUnreadable` leaves lines without a readable address out instead. */
export function readPeople(csv: string, options: { readonly skipUnreadable?: boolean } = {}): ReadPeople {
  const people = new Map<string, boolean>();
  const remarks: { line: number; remark: string }[] = [];
  const faulty: { line: number; remark: string }[] = [];
  const count = { lines: 0, repeated: 0, unreadable: 0, words: new Set<string>() };
  let columns: Columns | null = null;
  for (const row of readCsvRows(csv)) {
    if (row.open) throw new Fault("CONFIG_INVALID", `body/csv: a quote that opens on line ${String(row.line)} is never closed.`);
    if (row.cells.length > MOST_COLUMNS) throw new Fault("CONFIG_INVALID", `body/csv: line ${String(row.line)} has more than ${String(MOST_COLUMNS)} columns.`);
    if (row.cells.every((cell) => cell.trim() === "")) continue;
    if (columns === null) {
      columns = columnsOf(row);
      if (columns.names !== null) continue;
    }
    if (count.lines === MOST_LINES) throw new Fault("CONFIG_INVALID", `body/csv has more than ${String(MOST_LINES)} lines.`);
    count.lines += 1;
    const { keys, wrong } = addressesOf(row, columns);
    if (wrong !== null || keys.length === 0) {
      count.unreadable += 1;
      if (faulty.length < NAMED) faulty.push({ line: row.line, remark: wrong ?? "has no address" });
      if (keys.length === 0) continue;
    }
    const here = isHere(row, columns, (word) => {
      if (count.words.has(word) || remarks.length >= NAMED) return;
      count.words.add(word);
      remarks.push({ line: row.line, remark: `the status ${JSON.stringify(word)} is not known and counts as here` });
    });
    for (const key of keys) {
      const before = people.get(key);
      if (before !== undefined) count.repeated += 1;
      // Somebody who left and came back has a line of each.
      people.set(key, here || before === true);
    }
  }
  if (columns === null) throw new Fault("CONFIG_INVALID", "body/csv is empty.");
  if (count.unreadable > 0 && options.skipUnreadable !== true) {
    const named = faulty.map(({ line, remark }) => `line ${String(line)} ${remark}`).join("; ");
    throw new Fault("CONFIG_INVALID", `body/csv: ${String(count.unreadable)} of ${String(count.lines)} lines cannot be read: ${named}${count.unreadable > faulty.length ? "; …" : ""}.`, {
      cure: "Mend those lines, or leave them out (`--skip-unreadable`): people on them are then reported as not in the list.",
    });
  }
  if (people.size === 0) throw new Fault("CONFIG_INVALID", "body/csv has no line with a readable address: compared with it everybody would be a stranger.");
  const names = columns.names;
  const nameOf = (place: number): string => names?.[place]?.trim() ?? `column ${String(place + 1)}`;
  return { people, columns: { addresses: columns.addresses.map(nameOf), status: columns.status === null ? null : nameOf(columns.status), header: names !== null }, lines: count.lines, repeated: count.repeated, unreadable: count.unreadable, remarks: [...faulty, ...remarks] };
}

/** By its heading; a first line that has an address itself is none. */
function columnsOf({ cells, line }: CsvRow): Columns {
  const letters = cells.map((cell) => cell.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""));
  const withAddress = cells.flatMap((cell, place) => (addressKey(cell) === null ? [] : [place]));
  if (withAddress.length > 0) return { addresses: withAddress, status: null, turned: false, names: null };
  const addresses = letters.flatMap((name, place) => (ADDRESS_HEADINGS.has(name) ? [place] : []));
  if (addresses.length === 0) {
    throw new Fault("CONFIG_INVALID", `body/csv: line ${String(line)} has neither an address nor a heading that names a column of addresses.`, { cure: "Name the column `email` in the first line." });
  }
  const status = letters.findIndex((name) => STATUS_HEADINGS.has(name));
  return { addresses, status: status < 0 ? null : status, turned: TURNED_ROUND.has(letters[status] ?? ""), names: cells };
}

/** A cell may hold several, as directories write them: `SMTP:a@example.com;smtp:b@example.com`. */
function addressesOf({ cells }: CsvRow, columns: Columns): { readonly keys: readonly string[]; readonly wrong: string | null } {
  const keys = new Set<string>();
  let wrong: string | null = null;
  for (const place of columns.addresses) {
    const cell = cells[place] ?? "";
    if (cell.length > LONGEST_CELL) {
      wrong ??= `has a cell of more than ${String(LONGEST_CELL)} characters`;
      continue;
    }
    for (const part of cell.split(/[;,|\s]+/u)) {
      if (part === "" || /^(?:x500|sip|x400|eum|spo):/i.test(part)) continue;
      const key = addressKey(part.replace(/^smtp:/i, "").replace(/^<|>$/g, ""));
      if (key !== null) keys.add(key);
    }
    if (keys.size === 0 && cell.trim() !== "") wrong ??= "has no address where one belongs";
  }
  return { keys: [...keys], wrong: keys.size === 0 ? wrong : null };
}

function isHere({ cells }: CsvRow, columns: Columns, unknown: (word: string) => void): boolean {
  if (columns.status === null) return true;
  const written = (cells[columns.status] ?? "").trim();
  const word = written.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  if (YES.has(word)) return !columns.turned;
  if (NO.has(word)) return columns.turned;
  if (GONE.has(word)) return false;
  if (word !== "" && !HERE.has(word)) unknown(written.slice(0, 60));
  return true;
}
