/** Texts and ids as records have them, and as people search for them. */
import type { ScopeKind } from "./model.ts";

const LONGEST_ID = 512;
const LONGEST_KEY = 400;

/** A text or whole number that says something, as both engines can keep it. */
export function wordOrNull(value: unknown): string | null {
  const word = typeof value === "string" ? value : typeof value === "number" && Number.isSafeInteger(value) ? String(value) : "";
  if (word.trim() === "") return null;
  const well = word.isWellFormed() ? word : word.toWellFormed();
  return well.includes("\0") ? well.replaceAll("\0", "\uFFFD") : well;
}

export function idOrNull(value: unknown): string | null {
  const id = wordOrNull(value)?.trim() ?? null;
  return id === null || id.length > LONGEST_ID ? null : id;
}

/** The vendor's "tenant" is our `global`; null for a level never seen before. */
export function levelOf(value: unknown): ScopeKind | null {
  const word = typeof value === "string" ? value.trim().toLowerCase() : "";
  if (word === "tenant" || word === "global") return "global";
  return word === "account" || word === "site" || word === "group" ? word : null;
}

/** As people search: case and outer blanks do not count. */
export function fold(text: string | null): string | null {
  const folded = text?.normalize("NFKC").trim().toLowerCase().slice(0, LONGEST_KEY) ?? "";
  return folded === "" ? null : folded;
}
