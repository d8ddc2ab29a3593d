/** What two tokens of one console both reach, as far as their scopes tell: whatever both read is mirrored, and told, twice. Pure. */
import type { VerifyReport } from "../kernel/api.ts";

type Scope = VerifyReport["scope"];

const SAID = 5;

/** A sentence for each of the console's other connections that reads some of the same; of many, for the first few and one for the others. */
export function overlapsWith(others: readonly { readonly name: string; readonly scope: Scope }[], mine: Scope): readonly string[] {
  const all = others.flatMap(({ name, scope }) => overlapWith(name, mine, scope) ?? []);
  const rest = all.length - SAID;
  return rest > 1 ? [...all.slice(0, SAID), `${String(rest)} other connections of this console read, or may read, some of the same too.`] : all;
}

/** A sentence on what a connection named `other` reads too; null where the two have nothing in common, or nothing is known of one. */
export function overlapWith(other: string, mine: Scope, theirs: Scope): string | null {
  const name = JSON.stringify(other);
  if (mine.level === "unknown" || theirs.level === "unknown") return mine.fingerprint === theirs.fingerprint ? same(name) : null;
  if (mine.fingerprint === theirs.fingerprint) return same(name);
  if (theirs.level === "global") return `Connection ${name} reads all of this console: whatever the new one reads will be mirrored twice.`;
  if (mine.level === "global") return `Connection ${name} reads a part of this console: that part will be mirrored twice.`;
  if (mine.level === theirs.level) {
    const shared = mine.ids.flatMap((id, place) => (theirs.ids.includes(id) ? [mine.names[place] ?? id] : []));
    return shared.length === 0 ? null : `Connection ${name} reads ${listed(shared)} too: its records will be mirrored twice.`;
  }
  // Which account a site is of, and which site a group, their tokens do not say.
  const [wide, narrow] = WIDTH[mine.level] < WIDTH[theirs.level] ? [mine, theirs] : [theirs, mine];
  return `Connection ${name} reads the ${narrow === mine ? wide.level : narrow.level} ${listed((narrow === mine ? wide : narrow).names)} of this console: should the ${narrow.level} be a part of the ${wide.level}, its records will be mirrored twice.`;
}

const WIDTH = { global: 0, account: 1, site: 2, group: 3 } as const;

function same(name: string): string {
  return `Connection ${name} reads the same console with the same scope: every record will be mirrored twice.`;
}

const NAMED = 3;

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return `${names.slice(0, NAMED).map((name) => JSON.stringify(name)).join(", ")}${rest > 0 ? ` and ${String(rest)} more` : ""}`;
}
