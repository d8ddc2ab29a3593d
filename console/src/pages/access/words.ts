/** Words of access: scopes, people, since when, and what people ask for. */
import type { Answer } from "../../api/client.ts";
import { day, exact } from "../../parts/time.ts";

export type ScopeKind = "global" | "account" | "site" | "group";
export interface ScopeName {
  readonly kind: ScopeKind;
  readonly id: string;
  readonly name: string | null;
}
export type WhoRow = Answer<"GET /api/v1/access/who">["items"][number];
export type Principal = Answer<"GET /api/v1/access/principals">["items"][number];
export type Since = WhoRow["since"];
export type Coverage = Answer<"GET /api/v1/access/who">["coverage"];

export const ACCESS_PLACES = [
  { to: "/access", name: "Scopes" },
  { to: "/access/people", name: "People and tokens" },
  { to: "/access/why", name: "Why" },
  { to: "/access/risks", name: "Risks" },
  { to: "/access/changes", name: "Changes" },
  { to: "/access/settings", name: "Settings" },
] as const;

/** As the hub takes it: `site:ID`. */
export function scopeRef({ kind, id }: Pick<ScopeName, "kind" | "id">): string {
  return `${kind}:${id}`;
}

const KINDS: Readonly<Record<ScopeKind, string>> = { global: "Whole console", account: "Account", site: "Site", group: "Group" };

export function kindWord(kind: ScopeKind): string {
  return KINDS[kind];
}

/** `site Lyon Depot`; the console as a whole has no name of its own. */
export function scopeText({ kind, id, name }: ScopeName): string {
  return kind === "global" ? "the whole console" : `${kind} ${name ?? id}`;
}

interface Named {
  readonly id: string;
  readonly name?: string | null;
  readonly email?: string | null;
}

export function personName({ name, email, id }: Named): string {
  return name ?? email ?? id;
}

/** As the hub takes it, and as it stands in an address: two kinds may share an id. */
export function personRef({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind}:${id}`;
}

export function personKind(kind: string): string {
  return kind === "service-user" ? "Service user" : "User";
}

export function sinceText({ evidence, from, to, doubtedAt }: Since): string {
  const since = evidence === "seen-arriving" ? `came between ${from === null ? "the first reading" : exact(from)} and ${exact(to)}` : `before ${day(to)}${from === null ? "" : `, not before ${day(from)}`}`;
  return doubtedAt === null ? since : `${since}; not stated by the console since ${exact(doubtedAt)}`;
}

/** Where there is little room; the whole stands in its title. */
export function sinceShort({ evidence, to, doubtedAt }: Since): string {
  return `${doubtedAt === null ? "" : "in doubt, "}${evidence === "seen-arriving" ? "seen" : "before"} ${day(to)}`;
}

/** What it rests on, for those who ask how we know. */
export function sinceProof({ evidence, from, to }: Since): string {
  if (evidence === "seen-arriving") return `A complete reading that began ${from === null ? "earlier" : `at ${exact(from)}`} did not have it; it was seen at ${exact(to)}.`;
  return `It was there when this console was first read, at ${exact(to)}${from === null ? "" : `, and cannot be older than the account, of ${day(from)}`}.`;
}

export function giverText(by: NonNullable<Extract<Answer<"GET /api/v1/access/why">["paths"][number]["steps"][number], { readonly step: "holds" }>["by"]>): string {
  if (by.kind === "user") return `given by ${by.email ?? by.name ?? by.id ?? "somebody"}, ${by.because} (confidence: ${by.confidence ?? "low"})`;
  if (by.kind === "system") return "given by the console itself";
  if (by.kind === "several") return `given by one of ${by.candidates.join(", ")}`;
  return `by whom is not known: ${by.because}`;
}

export function reachText({ accounts, sites, groups }: { readonly accounts: number; readonly sites: number; readonly groups: number }): string {
  const parts = [[accounts, "account"], [sites, "site"], [groups, "group"]] as const;
  const words = parts.flatMap(([value, word]) => (value === 0 ? [] : [`${value.toLocaleString("en")} ${word}${value === 1 ? "" : "s"}`]));
  return words.length === 0 ? "nothing that is known" : words.join(", ");
}
