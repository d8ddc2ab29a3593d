/** What people type for places of the console, found in the mirror: a rule keeps ids, for names may change and be shared. */
import { sql, type RawBuilder } from "kysely";
import { Fault } from "../../kernel/fault.ts";
import { viewName } from "../../kernel/stream-ids.ts";
import type { Database } from "../../store/store.ts";
import { fold } from "../cells.ts";
import type { MatchPlace, RuleMatch } from "./match.ts";

/** As SentinelOne writes them. */
const OS_TYPES = ["windows", "windows_legacy", "macos", "linux"] as const;
const MACHINE_TYPES = ["desktop", "laptop", "server", "storage", "kubernetes node", "kubernetes pod", "kubernetes helper", "ecs task", "unknown"] as const;
const MOST_OF_A_KIND = 200;
const SHOWN = 8;

export interface MatchDraft {
  readonly accounts?: readonly string[] | undefined;
  readonly sites?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly os?: readonly string[] | undefined;
  readonly machineTypes?: readonly string[] | undefined;
}

type PlaceKind = "accounts" | "sites" | "groups";
const NOUN: Readonly<Record<PlaceKind, string>> = { accounts: "account", sites: "site", groups: "group" };

/** CONFIG_INVALID for a place that the connection does not know, a name that several have, and words that SentinelOne does not use. */
export async function resolveMatch(db: Database, connection: string, draft: MatchDraft): Promise<RuleMatch> {
  return {
    accounts: await places(db, connection, "accounts", draft.accounts ?? []),
    sites: await places(db, connection, "sites", draft.sites ?? []),
    groups: await places(db, connection, "groups", draft.groups ?? []),
    tags: checkedTags(draft.tags ?? []),
    os: checkedWords(draft.os ?? [], OS_TYPES, "system"),
    machineTypes: checkedWords(draft.machineTypes ?? [], MACHINE_TYPES, "machine type"),
  };
}

async function places(db: Database, connection: string, kind: PlaceKind, references: readonly string[]): Promise<readonly MatchPlace[]> {
  if (references.length > MOST_OF_A_KIND) throw new Fault("CONFIG_INVALID", `A rule names at most ${String(MOST_OF_A_KIND)} ${kind}.`);
  const found = new Map<string, MatchPlace>();
  for (const reference of references) {
    const place = await placeOf(db, connection, kind, reference.trim());
    found.set(place.id, place);
  }
  return [...found.values()];
}

interface Met {
  readonly id: string;
  readonly name: string | null;
  readonly within: string | null;
}

async function placeOf(db: Database, connection: string, kind: PlaceKind, reference: string): Promise<MatchPlace> {
  const met = await known(db, connection, kind, (id, name) => sql`${id} = ${reference} OR lower(${name}) = ${reference.toLowerCase()}`);
  const byId = met.find(({ id }) => id === reference);
  const [first, second] = byId === undefined ? met : [byId];
  const noun = NOUN[kind];
  if (first !== undefined && second === undefined) return { id: first.id, name: first.name };
  if (first !== undefined) {
    const choices = met.slice(0, SHOWN).map(({ id, within }) => `${id}${within === null ? "" : ` (in ${within})`}`);
    throw new Fault("CONFIG_INVALID", `Several ${noun}s are named ${JSON.stringify(reference)}.`, { cure: `Give ids instead: ${choices.join(", ")}${met.length > SHOWN ? ", …" : ""}.` });
  }
  const some = (await known(db, connection, kind, () => sql`1 = 1`, SHOWN)).map(({ id, name }) => name ?? id);
  throw new Fault("CONFIG_INVALID", `The connection knows no ${noun} ${JSON.stringify(reference)}.`, { cure: some.length === 0 ? `Nothing of it is read yet: wait for \`vedette sync\`, or leave the ${noun} out.` : `Those it knows are ${some.join(", ")}${some.length === SHOWN ? ", …" : ""}.` });
}

/** By the console's own list where the token may read it, and by what the devices say. */
async function known(db: Database, connection: string, kind: PlaceKind, where: (id: RawBuilder<unknown>, name: RawBuilder<unknown>) => RawBuilder<unknown>, most = 50): Promise<readonly Met[]> {
  const column = (name: string) => sql.ref(name);
  const noun = NOUN[kind];
  const [id, name] = [column(`${noun}_id`), column(`${noun}_name`)];
  const above = kind === "accounts" ? sql`NULL` : column(kind === "sites" ? "account_name" : "site_name");
  const { rows } = await sql<Met>`
    SELECT DISTINCT ${id} AS id, ${name} AS name, ${above} AS within FROM ${sql.table(viewName("agents"))} WHERE connection_id = ${connection} AND ${id} IS NOT NULL AND (${where(id, name)}) ORDER BY 2, 1 LIMIT ${most}`.execute(db);
  const listed = await sql<Omit<Met, "within">>`SELECT id, name FROM ${sql.table(viewName(kind))} WHERE connection_id = ${connection} AND (${where(sql`id`, sql`name`)}) ORDER BY 2, 1 LIMIT ${most}`.execute(db);
  const all = new Map([...listed.rows.map((row): Met => ({ ...row, within: null })), ...rows].map((row) => [row.id, row]));
  return [...all.values()].toSorted((a, b) => ((a.name ?? a.id) < (b.name ?? b.id) ? -1 : 1));
}

function checkedTags(tags: readonly string[]): readonly string[] {
  const clean = [...new Set(tags.map((tag) => tag.trim()))];
  if (clean.length > MOST_OF_A_KIND) throw new Fault("CONFIG_INVALID", `A rule names at most ${String(MOST_OF_A_KIND)} tags.`);
  if (clean.some((tag) => tag === "" || tag.length > 300 || tag.startsWith(":"))) throw new Fault("CONFIG_INVALID", "A tag is written key:value, or key alone for any value.");
  return clean;
}

function checkedWords(words: readonly string[], allowed: readonly string[], noun: string): readonly string[] {
  const clean = [...new Set(words.map((word) => fold(word)))];
  const wrong = clean.find((word) => !allowed.includes(word));
  if (wrong !== undefined) throw new Fault("CONFIG_INVALID", `SentinelOne knows no ${noun} ${JSON.stringify(wrong)}.`, { cure: `It knows ${allowed.join(", ")}.` });
  return clean;
}
