/** Cells of the mirror made into what we say: an absent field, an empty text and a moment nobody can read are null, never a guess. */
import { hash } from "node:crypto";
import type { MirrorRow } from "../mirror/capability.ts";

export type Cell = MirrorRow[string] | undefined;

export function textOf(cell: Cell): string | null {
  if (cell === null || cell === undefined) return null;
  const text = String(cell).trim();
  return text === "" ? null : text;
}

export function flagOf(cell: Cell): boolean | null {
  if (cell === 1 || cell === "1") return true;
  if (cell === 0 || cell === "0") return false;
  return null;
}

/** Scores come as text or numbers, with a decimal point or none. */
export function numberOf(cell: Cell): number | null {
  const value = typeof cell === "string" && /^\s*\d{1,6}(\.\d{1,6})?\s*$/.test(cell) ? Number(cell) : cell;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Milliseconds. The console writes up to six fractional digits. */
export function momentOf(cell: Cell): number | null {
  if (typeof cell !== "string") return null;
  const ms = Date.parse(cell);
  return Number.isNaN(ms) || ms <= 0 ? null : ms;
}

export function jsonOf(cell: Cell): unknown {
  if (typeof cell !== "string") return null;
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return null;
  }
}

export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Equal however it is written: case and runs of blanks do not matter. */
export function fold(text: string | null): string {
  if (text === null) return "";
  const known = folded.get(text);
  if (known !== undefined) return known;
  const made = text.trim().toLowerCase().replace(/\s+/g, " ");
  // A console may send a text of any length: those are not what comes back.
  if (text.length > LONGEST_KEPT) return made;
  if (folded.size > FOLDED_KEPT) folded = new Map();
  folded.set(text, made);
  return made;
}

/** A listing says the same few words over and over. */
const FOLDED_KEPT = 5000;
export const LONGEST_KEPT = 500;
let folded = new Map<string, string>();

/** `near`: those that agree in it have ids that begin alike, so that what is read and written together lies together. */
export function hashId(prefix: string, parts: readonly string[], near: readonly string[] = []): string {
  const begin = near.length === 0 ? "" : beginning(near);
  return `${prefix}_${begin}${digest(parts)}`.slice(0, prefix.length + 25);
}

let last: { readonly of: readonly string[]; readonly begin: string } = { of: [], begin: "" };

/** Rows of one device often come one after the other. */
function beginning(near: readonly string[]): string {
  if (last.of.length !== near.length || near.some((part, at) => part !== last.of[at])) last = { of: near, begin: hash("sha256", JSON.stringify(near), "hex").slice(0, 8) };
  return last.begin;
}

function digest(parts: readonly string[]): string {
  return hash("sha256", JSON.stringify(parts), "hex");
}
