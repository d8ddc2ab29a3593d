/**
 * The catalogue of known exploited vulnerabilities (KEV), from the JSON file that its publisher gives out. Pure: the file is given by people, never fetched.
 * A file is taken whole or not at all: a count that is not the number of entries, or an entry that cannot be read, refuses it, because what is missing from a
 * newer catalogue is taken for withdrawn.
 */
import { Fault } from "../kernel/fault.ts";
import { cveId } from "./cve.ts";

export interface KevEntry {
  readonly cve: string;
  readonly vendor: string | null;
  readonly product: string | null;
  readonly name: string | null;
  /** The day it was added, `2021-12-10`: a date without a time of day. */
  readonly added: string;
  /** What federal agencies are held to; nobody else is. */
  readonly due: string | null;
  /** Null: not said; the catalogue's own word is `Unknown`. */
  readonly ransomware: boolean | null;
  readonly action: string | null;
}

export interface KevCatalogue {
  readonly version: string;
  /** When it was released, ms. */
  readonly releasedAt: number;
  readonly entries: readonly KevEntry[];
}

/** What a newer catalogue does to the one that is kept. */
export interface KevChange {
  readonly cve: string;
  readonly change: "added" | "withdrawn" | "changed";
  readonly before: KevEntry | null;
  readonly after: KevEntry | null;
}

const LONGEST_TEXT = 2000;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** CONFIG_INVALID where it is not the whole catalogue. */
export function parseKev(text: string): KevCatalogue {
  const file = asObject(parsed(text));
  if (file === null || !Array.isArray(file["vulnerabilities"])) throw refused("It is not a KEV catalogue: there is no list `vulnerabilities` in it.");
  const list = file["vulnerabilities"] as readonly unknown[];
  const releasedAt = typeof file["dateReleased"] === "string" ? Date.parse(file["dateReleased"]) : Number.NaN;
  if (!Number.isFinite(releasedAt)) throw refused("`dateReleased` is not a moment, so the catalogue's age cannot be told.");
  if (list.length === 0) throw refused("The catalogue is empty.");
  if (file["count"] !== list.length) throw refused(`It says count ${shown(file["count"])} and has ${String(list.length)} entries: it is not whole.`);
  const entries = list.map((one, place) => entryOf(one, place));
  const seen = new Set<string>();
  for (const { cve } of entries) {
    if (seen.has(cve)) throw refused(`${cve} is in it twice.`);
    seen.add(cve);
  }
  return { version: textOf(file["catalogVersion"]) ?? new Date(releasedAt).toISOString().slice(0, 10), releasedAt, entries };
}

/** What changed between two catalogues: added and changed ones in the order of the newer, then those withdrawn. */
export function* kevChanges(before: ReadonlyMap<string, KevEntry>, after: readonly KevEntry[]): Generator<KevChange> {
  const kept = new Set<string>();
  for (const entry of after) {
    kept.add(entry.cve);
    const earlier = before.get(entry.cve);
    if (earlier === undefined) yield { cve: entry.cve, change: "added", before: null, after: entry };
    else if (!sameEntry(earlier, entry)) yield { cve: entry.cve, change: "changed", before: earlier, after: entry };
  }
  for (const [cve, entry] of before) if (!kept.has(cve)) yield { cve, change: "withdrawn", before: entry, after: null };
}

/** The first moment of a day, UTC, ms. KEV dates are days; a clock that starts at their beginning is never later than meant. */
export function dayStart(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}

function sameEntry(a: KevEntry, b: KevEntry): boolean {
  return (Object.keys(a) as (keyof KevEntry)[]).every((key) => a[key] === b[key]);
}

function entryOf(value: unknown, place: number): KevEntry {
  const entry = asObject(value);
  const cve = cveId(entry?.["cveID"]);
  if (entry === null || cve === null) throw refused(`vulnerabilities[${String(place)}] has no CVE id: ${shown(entry?.["cveID"])}.`);
  const added = dateOf(entry["dateAdded"]);
  if (added === null) throw refused(`${cve}: dateAdded ${shown(entry["dateAdded"])} is not a date like 2021-12-10.`);
  const due = entry["dueDate"] === undefined || entry["dueDate"] === null || entry["dueDate"] === "" ? null : dateOf(entry["dueDate"]);
  const use = (textOf(entry["knownRansomwareCampaignUse"]) ?? "").toLowerCase();
  return {
    cve,
    vendor: textOf(entry["vendorProject"]),
    product: textOf(entry["product"]),
    name: textOf(entry["vulnerabilityName"]),
    added,
    due,
    ransomware: use === "known" ? true : null,
    action: textOf(entry["requiredAction"]),
  };
}

function dateOf(value: unknown): string | null {
  if (typeof value !== "string" || !DATE.test(value)) return null;
  const at = dayStart(value);
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(value) ? value : null;
}

function textOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const text = value.trim().toWellFormed().replaceAll("\0", "\uFFFD").slice(0, LONGEST_TEXT).toWellFormed();
  return text === "" ? null : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as unknown;
  } catch (error) {
    throw new Fault("CONFIG_INVALID", "The file is not JSON.", { cause: error, cure: CURE });
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
}

const CURE = "Give the whole known_exploited_vulnerabilities.json as its publisher offers it.";

function refused(message: string): Fault {
  return new Fault("CONFIG_INVALID", message, { cure: CURE });
}

function shown(value: unknown): string {
  return value === undefined ? "(nothing)" : JSON.stringify(value).slice(0, 80);
}
