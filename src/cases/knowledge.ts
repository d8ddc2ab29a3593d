/**
 * What people know of indicators: how an entry is compared, and which entries speak of a case. Hashes, signers, users, devices and addresses are compared whole, in any case; a
 * domain also stands for those below it; a path may have `*` and `?`; a command line is found by a part of it. Pure.
 */
import type { KnowledgeMeaning, KnowledgeType } from "../kernel/case-knowledge-api.ts";
import type { AlertFact } from "../kernel/case-triage-api.ts";
import { wrong, type Place } from "../kernel/reading.ts";
import { isLike } from "./triage-conditions.ts";
import type { RecordedAlert } from "./triage-model.ts";

export interface Entry {
  readonly id: string;
  readonly type: KnowledgeType;
  readonly indicator: string;
  /** As compared. */
  readonly folded: string;
  readonly meaning: KnowledgeMeaning;
  readonly text: string;
}

/** Those that are looked up by the value itself; the others are all looked at. */
export const BY_VALUE = ["hash", "signer", "domain", "address", "user", "device"] as const satisfies readonly KnowledgeType[];

const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/;
/** What is shorter is in nearly every command line, or path. */
const SHORTEST_PART = 4;

/** CONFIG_INVALID, naming `place`, where it could not be compared with anything. */
export function foldedIndicator(type: KnowledgeType, place: Place & { readonly value: string }): string {
  const folded = fold(type, place.value);
  if (folded === "") throw wrong(place, "an indicator is expected, and this is empty.");
  if (type === "hash" && !HASH.test(folded)) throw wrong(place, "a hash is 32 (MD5), 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.");
  if (type === "domain" && (/[\s/@]/.test(folded) || !folded.includes("."))) throw wrong(place, "a domain is like files.example.com, without scheme or path.");
  if ((type === "path" || type === "command-line") && folded.replaceAll(/[*?\s]/g, "").length < SHORTEST_PART) throw wrong(place, `at least ${String(SHORTEST_PART)} characters are needed besides * and ?: this would fit nearly everything.`);
  return folded;
}

function fold(type: KnowledgeType, text: string): string {
  const folded = text.trim().toLowerCase();
  if (type === "domain") return folded.replace(/^\*\./, "").replace(/\.$/, "");
  return type === "command-line" ? folded.replaceAll(/\s+/g, " ") : folded;
}

/** Which facts of an alert an entry of a type is about. */
const FACTS: Readonly<Record<KnowledgeType, readonly AlertFact[]>> = {
  hash: ["hash"], path: ["path"], signer: ["signer"], domain: ["domain", "address"], address: ["address"], user: ["user"], device: ["device"], "command-line": ["command-line"],
};

/** What entries are compared with: by type, as compared. */
export type Values = ReadonlyMap<KnowledgeType, ReadonlySet<string>>;

export function valuesOf(alerts: readonly RecordedAlert[]): Values {
  const values = new Map<KnowledgeType, Set<string>>();
  for (const [type, facts] of Object.entries(FACTS) as readonly (readonly [KnowledgeType, readonly AlertFact[]])[]) {
    const found = new Set<string>();
    for (const alert of alerts) for (const fact of facts) for (const text of alert.facts[fact] ?? []) found.add(fold(type, text));
    // Whoever knows a user knows it with and without its domain.
    if (type === "user") for (const user of found) found.add(user.slice(user.lastIndexOf("\\") + 1));
    if (type === "domain") for (const domain of found) for (const above of domainsAbove(domain)) found.add(above);
    found.delete("");
    values.set(type, found);
  }
  return values;
}

function domainsAbove(domain: string): readonly string[] {
  const labels = domain.split(".");
  return labels.slice(1, -1).map((_, place) => labels.slice(place + 1).join("."));
}

export function speaksOf({ type, folded }: Pick<Entry, "type" | "folded">, values: Values): boolean {
  const found = values.get(type);
  if (found === undefined) return false;
  if (type === "path") return [...found].some((path) => isLike(path, folded));
  if (type === "command-line") return [...found].some((line) => line.includes(folded));
  return found.has(folded);
}

/** As evidence of what it says. */
export function sayingOf({ id, type, indicator, text }: Entry): string {
  return `${type} ${indicator}: ${text} (${id})`;
}
