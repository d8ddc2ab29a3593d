/**
 * Exploit prediction scores (EPSS): the daily CSV (a line of comment with model and day, then `cve,epss,percentile`), or the answer of its API, whose numbers are
 * texts. Pure, row by row: a file has some 300,000. A file is taken whole or not at all. A new model moves every score at once: its version is kept, and a score
 * is never compared with one of another model.
 */
import { Fault } from "../kernel/fault.ts";
import { cveId } from "./cve.ts";

export interface EpssScore {
  readonly cve: string;
  /** Probability of exploitation within 30 days, 0-1. */
  readonly score: number;
  /** Share of CVEs that score as much or less, 0-1. */
  readonly percentile: number;
}

export interface EpssFile {
  /** `v2023.03.01`; null where the file does not say. */
  readonly model: string | null;
  /** The day of the scores, first moment, ms. */
  readonly scoredAt: number;
  /** Throws CONFIG_INVALID at the row that cannot be read. */
  readonly rows: Iterable<EpssScore>;
}

/** CONFIG_INVALID where neither form is recognised or its day is not told. */
export function parseEpss(text: string): EpssFile {
  const body = text.replace(/^\uFEFF/, "");
  return body.trimStart().startsWith("{") ? fromApi(body) : fromCsv(body);
}

function fromCsv(body: string): EpssFile {
  const [first, end] = lineAt(body, 0);
  if (!first.startsWith("#")) throw refused("Its first line is not the comment with model_version and score_date, so its age cannot be told.");
  const facts = new Map(first.slice(1).split(",").map((part) => [part.slice(0, part.indexOf(":")).trim(), part.slice(part.indexOf(":") + 1).trim()] as const));
  const scoredAt = dayOf(facts.get("score_date"));
  const [head, start] = lineAt(body, end);
  if (head.trim().toLowerCase() !== "cve,epss,percentile") throw refused(`Its second line is not cve,epss,percentile but ${JSON.stringify(head.slice(0, 80))}.`);
  return { model: facts.get("model_version") ?? null, scoredAt, rows: { *[Symbol.iterator]() { yield* csvRows(body, start); } } };
}

function* csvRows(body: string, start: number): Generator<EpssScore> {
  for (let at = start, line = 3; at < body.length; line += 1) {
    const [text, next] = lineAt(body, at);
    at = next;
    if (text.trim() === "") continue;
    const [cve, score, percentile, ...more] = text.split(",");
    if (more.length > 0) throw refused(`Line ${String(line)} has more than three cells.`);
    yield scoreOf(cve, score, percentile, `Line ${String(line)}`);
  }
}

function fromApi(body: string): EpssFile {
  let file: unknown;
  try {
    file = JSON.parse(body) as unknown;
  } catch (error) {
    throw new Fault("CONFIG_INVALID", "The file is neither CSV nor JSON.", { cause: error, cure: CURE });
  }
  const data = (file as { readonly data?: unknown }).data;
  if (!Array.isArray(data)) throw refused("There is no list `data` in it.");
  const { total } = file as { readonly total?: unknown };
  if (typeof total === "number" && total !== data.length) throw refused(`It says total ${String(total)} and has ${String(data.length)} rows: it is one page of many.`);
  const list = (data as readonly unknown[]).map((row) => (typeof row === "object" && row !== null ? (row as Readonly<Record<string, unknown>>) : {}));
  return { model: null, scoredAt: dayOf(list[0]?.["date"]), rows: list.map((row, place) => scoreOf(row["cve"], row["epss"], row["percentile"], `data[${String(place)}]`)) };
}

function scoreOf(cve: unknown, score: unknown, percentile: unknown, place: string): EpssScore {
  const id = cveId(cve);
  if (id === null) throw refused(`${place} has no CVE id.`);
  return { cve: id, score: share(score, place), percentile: share(percentile, place) };
}

function share(value: unknown, place: string): number {
  const number = typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (!(number >= 0 && number <= 1)) throw refused(`${place}: ${JSON.stringify(value)?.slice(0, 40) ?? "nothing"} is not a number from 0 to 1.`);
  return number;
}

function dayOf(value: unknown): number {
  const at = typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(`${value.slice(0, 10)}T00:00:00Z`) : Number.NaN;
  if (!Number.isFinite(at)) throw refused("It does not tell the day of its scores.");
  return at;
}

/** The line that begins there, without its end, and where the next begins. */
function lineAt(body: string, from: number): readonly [string, number] {
  const found = body.indexOf("\n", from);
  const end = found < 0 ? body.length : found;
  return [body.slice(from, end).replace(/\r$/, ""), found < 0 ? body.length : found + 1];
}

const CURE = "Give the whole daily CSV (epss_scores-YYYY-MM-DD.csv, or .csv.gz) as its publisher offers it.";

function refused(message: string): Fault {
  return new Fault("CONFIG_INVALID", message, { cure: CURE });
}
