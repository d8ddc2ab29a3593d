/** Names like one that nobody has, for whoever mistyped it: only among what he may see, so that a refusal tells nothing of another tenant's. */
import { sql, type RawBuilder } from "kysely";
import type { Database, Store } from "../store/store.ts";
import { fold } from "./words.ts";

const MOST = 5;
/** What the engine finds likest is compared letter by letter. */
const COMPARED = 50;
/** A look through all of a very large console for a word mistyped would keep others waiting. */
const LOOKED_THROUGH = 100_000;
const MOST_PIECES = 10;
/** Of the pairs of letters of both, those they have in common. */
const ALIKE = 0.4;

/** Of these, the likest, best first. */
export function likest(names: Iterable<string>, asked: string): readonly string[] {
  const pairs = pairsOf(asked);
  const scored = [...new Set(names)].map((name) => ({ name, score: share(pairs, pairsOf(name)) })).filter(({ score }) => score >= ALIKE);
  return scored.toSorted((one, other) => other.score - one.score || (one.name < other.name ? -1 : 1)).slice(0, MOST).map(({ name }) => name);
}

/** As `likest`, of rows: `from` gives them as `key` (folded) and `shown`. */
export async function likestOf({ read, kind }: { readonly read: Database; readonly kind: Store["kind"] }, from: RawBuilder<unknown>, asked: string): Promise<readonly string[]> {
  const pieces = piecesOf(asked);
  if (pieces.length === 0) return [];
  const within = (piece: string) => (kind === "sqlite" ? sql`(instr(key, ${piece}) > 0)` : sql`(strpos(key, ${piece}) > 0)::int`);
  const { rows } = await sql<{ key: string; shown: string }>`
    SELECT key, shown FROM (SELECT key, shown, ${sql.join(pieces.map(within), sql` + `)} AS hits FROM (SELECT key, shown FROM (${from}) AS named WHERE key IS NOT NULL LIMIT ${LOOKED_THROUGH}) AS looked) AS counted
    WHERE hits > 0 ORDER BY hits DESC, key, shown LIMIT ${COMPARED}`.execute(read);
  const shown = new Map(rows.map((row) => [row.key, row.shown]));
  return likest(shown.keys(), asked).map((key) => shown.get(key) ?? key);
}

/** What a refusal says of them. */
export function alikeWords(names: readonly string[]): string {
  return names.length === 0 ? "" : `Like it: ${names.map((name) => JSON.stringify(name)).join(", ")}. `;
}

/** Three letters each; of an address what stands before the domain, which everybody shares. */
function piecesOf(asked: string): readonly string[] {
  const key = fold(asked) ?? "";
  const at = key.indexOf("@");
  const own = at < 3 ? key : key.slice(0, at);
  const starts = Array.from({ length: Math.max(0, own.length - 2) }, (_, start) => own.slice(start, start + 3));
  const step = Math.max(1, Math.ceil(starts.length / MOST_PIECES));
  return [...new Set(starts.filter((_, place) => place % step === 0))];
}

function pairsOf(text: string): ReadonlySet<string> {
  const key = ` ${fold(text) ?? ""} `;
  return new Set(Array.from({ length: key.length - 1 }, (_, at) => key.slice(at, at + 2)));
}

function share(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  return (2 * [...one].filter((pair) => other.has(pair)).length) / (one.size + other.size);
}
