/**
 * Who made a change, as far as the console's activity log says: activities of the kinds that make such a change, between the last moment it was not so and the
 * one it was seen, matched by id, address or name of whom it is about. The answer is stored with the change, because the log ages. Never a guess without its confidence.
 */
import { sql } from "kysely";
import type { AccessChangeActor } from "../kernel/access-risk-api.ts";
import { numberList, textList } from "../store/conditions.ts";
import type { BulkUpsert, Database, Store, Tx } from "../store/store.ts";
import { activitiesBetween, type Activity } from "./activities.ts";
import { provenTo } from "./coverage.ts";
import type { PrincipalFacts } from "./model.ts";
import { fold } from "./words.ts";
import { typesFor, OF_ONESELF } from "./activity-types.ts";
import type { ChangeRow } from "./tables.ts";

const ACTORS: BulkUpsert = {
  table: "access_change_actors",
  columns: [{ name: "connection_id", type: "text" }, { name: "seq", type: "integer" }, { name: "tenant_id", type: "text" }, { name: "body", type: "text" }],
  key: ["connection_id", "seq"],
  update: ["tenant_id", "body"],
};

type Reader = { readonly db: Database; readonly kind: Store["kind"] };

/** A change that the log has not reached yet waits for it so long. */
const PATIENCE_MS = 6 * 3_600_000;
/** Where nobody saw it absent, so far back. */
const FAR_MS = 7 * 86_400_000;
/** Clocks of the console and ours differ, and its log is written a little late. */
const SLACK_MS = 5 * 60_000;
const BATCH = 200;

/** By row of the history: stored, or worked out now where that was not done yet. */
export async function actorsOf(reader: Reader, rows: readonly ChangeRow[], now: number): Promise<ReadonlyMap<number, AccessChangeActor>> {
  const found = new Map<number, AccessChangeActor>();
  if (rows.length === 0) return found;
  const stored = await sql<{ seq: number; body: string }>`SELECT seq, body FROM access_change_actors WHERE connection_id IN ${textList(reader.kind, [...new Set(rows.map((row) => row.connection_id))])} AND seq IN ${numberList(reader.kind, rows.map((row) => Number(row.seq)))}`.execute(reader.db);
  for (const row of stored.rows) found.set(Number(row.seq), JSON.parse(row.body) as AccessChangeActor);
  for (const connection of new Set(rows.map((row) => row.connection_id))) {
    const open = rows.filter((row) => row.connection_id === connection && !found.has(Number(row.seq)));
    for (let start = 0; start < open.length; start += BATCH) for (const { seq, actor } of await resolve(reader, connection, open.slice(start, start + BATCH), now)) found.set(seq, actor);
  }
  return found;
}

/** Stores answers for changes that have none; a bounded piece of work, true where more is waiting. */
export async function settleActors(tx: Tx, now: number): Promise<boolean> {
  const reader = { db: tx.db, kind: tx.kind };
  for (let connection = ""; ; ) {
    const next = await sql<{ connection_id: string }>`SELECT connection_id FROM access_changes WHERE connection_id > ${connection} ORDER BY connection_id LIMIT 1`.execute(tx.db);
    if (next.rows[0] === undefined) return false;
    connection = next.rows[0].connection_id;
    const place = await sql<{ seq: number }>`SELECT seq FROM access_actor_places WHERE connection_id = ${connection}`.execute(tx.db);
    const from = Number(place.rows[0]?.seq ?? 0);
    const { rows } = await sql<ChangeRow>`SELECT * FROM access_changes WHERE connection_id = ${connection} AND seq > ${from} ORDER BY seq LIMIT ${BATCH}`.execute(tx.db);
    const settled: { readonly seq: number; readonly actor: AccessChangeActor }[] = [];
    for (const one of await resolve(reader, connection, rows, now)) {
      if (!one.final) break;
      settled.push(one);
    }
    const last = settled.at(-1);
    if (last === undefined) continue;
    const tenants = new Map(rows.map((row) => [Number(row.seq), row.tenant_id]));
    await tx.bulkUpsert(ACTORS, settled.map(({ seq, actor }) => [connection, seq, tenants.get(seq) ?? "", JSON.stringify(actor)]));
    await sql`INSERT INTO access_actor_places (connection_id, seq) VALUES (${connection}, ${last.seq}) ON CONFLICT (connection_id) DO UPDATE SET seq = excluded.seq`.execute(tx.db);
    if (rows.length === BATCH && settled.length === BATCH) return true;
  }
}

interface Resolved {
  readonly seq: number;
  readonly actor: AccessChangeActor;
  /** The log has been read to behind it, or was waited for long enough. */
  readonly final: boolean;
}

async function resolve({ db, kind }: Reader, connection: string, rows: readonly ChangeRow[], now: number): Promise<readonly Resolved[]> {
  if (rows.length === 0) return [];
  const readTo = (await provenTo(db, connection as Parameters<typeof provenTo>[1])).get("activities") ?? null;
  const names = await namesOf(db, kind, connection, rows);
  const resolved: Resolved[] = [];
  const windows = new Map<string, readonly Activity[]>();
  // Rows of one page were seen in one window: they are taken one after the other, and one window is kept.
  for (const row of rows.toSorted((left, right) => Number(left.at) - Number(right.at) || Number(left.absent_at ?? 0) - Number(right.absent_at ?? 0))) {
    const at = Number(row.at);
    const [from, to] = [(row.absent_at === null ? at - FAR_MS : Number(row.absent_at)) - SLACK_MS, at + SLACK_MS];
    const key = `${String(from)} ${String(to)}`;
    if (!windows.has(key)) {
      windows.clear();
      windows.set(key, readTo === null ? [] : await activitiesBetween(db, connection, from, to));
    }
    const reached = readTo !== null && readTo >= at;
    const actor = readTo === null ? UNREAD : choose(row, names, windows.get(key) ?? []);
    const final = reached || now - at > PATIENCE_MS;
    const waiting = actor.kind === "unknown" && !reached;
    resolved.push({ seq: Number(row.seq), actor: waiting ? { ...UNREAD, because: "the activity log is not read to that moment yet" } : await named(db, connection, actor), final });
  }
  return resolved.toSorted((left, right) => left.seq - right.seq);
}

const NOBODY: AccessChangeActor = { kind: "unknown", id: null, name: null, email: null, confidence: null, because: "no activity of that time says so", activity: null, candidates: [] };
const UNREAD: AccessChangeActor = { ...NOBODY, kind: "unread", because: "the activity log of this console is not read" };

/** What a subject may be called in an activity. */
interface Names {
  readonly id: string | null;
  readonly email: string | null;
  readonly name: string | null;
}

async function namesOf(db: Database, kind: Store["kind"], connection: string, rows: readonly ChangeRow[]): Promise<(row: ChangeRow) => Names> {
  const ids = [...new Set(rows.flatMap((row) => row.principal_id ?? []))];
  const { rows: found } = await sql<{ kind: string; id: string; facts: string }>`
    SELECT kind, id, facts FROM access_principals WHERE connection_id = ${connection} AND kind IN ('user', 'service-user') AND id IN ${textList(kind, ids)}`.execute(db);
  const known = new Map(found.map((row) => [`${row.kind} ${row.id}`, JSON.parse(row.facts) as PrincipalFacts]));
  for (const row of rows) {
    const whole = row.subject === "principal" && row.change !== "changed" ? (row.after ?? row.before) : null;
    if (whole !== null) known.set(`${row.principal_kind ?? ""} ${row.principal_id ?? ""}`, JSON.parse(whole) as PrincipalFacts);
  }
  return (row) => {
    const labels = JSON.parse(row.labels) as { readonly principal?: string | null; readonly role?: string | null; readonly scope?: string | null };
    if (row.subject === "role") return { id: row.role_id, email: null, name: fold(labels.role ?? null) };
    if (row.subject === "scope") return { id: row.scope_id, email: null, name: fold(labels.scope ?? null) };
    const facts = known.get(`${row.principal_kind ?? ""} ${row.principal_id ?? ""}`);
    const label = fold(labels.principal ?? null);
    const address = label?.includes("@") === true ? label : null;
    return { id: row.principal_id, email: fold(facts?.email ?? null) ?? address, name: fold(facts?.name ?? null) ?? (address === null ? label : null) };
  };
}

/** How an activity names it: 3 by id or address, 2 by name in a field or address in its text, 1 by name in its text, 0 not at all. */
function strengthOf(activity: Activity, names: Names): number {
  const { id, email, name } = names;
  const inWords = (word: string | null): boolean => word !== null && activity.words.has(word);
  // What somebody does to others names himself as well; only some things are done to oneself.
  if (isBy(activity, names)) return inWords(id) || inWords(email) || inWords(name) || OF_ONESELF.has(activity.type) ? 3 : 0;
  if (inWords(id) || inWords(email)) return 3;
  if (inWords(name) || (email !== null && says(activity.text, email))) return 2;
  return name !== null && name.length > 2 && says(activity.text, name) ? 1 : 0;
}

function isBy(activity: Activity, { id, email, name }: Names): boolean {
  if (activity.userId !== null) return activity.userId === id;
  return activity.by !== null && (activity.by === email || activity.by === name);
}

/** As words of their own: `ann` is not in `joanna`. */
function says(text: string, what: string): boolean {
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + 1)) {
    if (!/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ") && !/[\p{L}\p{N}]/u.test(text[at + what.length] ?? " ")) return true;
  }
  return false;
}

const CONFIDENCE = ["low", "low", "medium", "high"] as const;

function choose(row: ChangeRow, namesFor: (row: ChangeRow) => Names, activities: readonly Activity[]): AccessChangeActor {
  const types = typesFor(row);
  const names = namesFor(row);
  const fitting = activities.filter(({ type }) => types.has(type)).map((activity) => ({ activity, strength: strengthOf(activity, names) }));
  const best = Math.max(0, ...fitting.map(({ strength }) => strength));
  const matched = fitting.filter(({ strength }) => strength === best).map(({ activity }) => activity);
  // One that names nobody counts only where it is the only one of its kind, and may be anybody's.
  if (matched.length === 0 || (best === 0 && (fitting.length > 1 || matched.some((activity) => activity.namesSomebody)))) return NOBODY;
  const [latest] = matched;
  if (latest === undefined) return NOBODY;
  const actors = new Map(matched.map((activity) => [activity.userId ?? activity.by ?? "", activity]));
  const of = { id: latest.id, type: latest.type, at: latest.at, text: latest.shown };
  if (actors.size > 1) {
    return { ...NOBODY, kind: "several", confidence: "low", because: `${String(matched.length)} activities of that time fit, by different people`, activity: of, candidates: [...actors.values()].slice(0, 10).map((activity) => activity.byShown ?? activity.userId ?? "the console itself") };
  }
  const because = best === 3 ? "an activity of that time names it by id or address" : best === 2 ? "an activity of that time has its name" : best === 1 ? "an activity of that time has its name in its text" : "the only activity of that kind at that time";
  return { kind: latest.userId === null && latest.by === null ? "system" : "user", id: latest.userId, name: latest.byShown, email: null, confidence: CONFIDENCE[best] ?? "low", because, activity: of, candidates: [] };
}

/** With name and address, as long as the one who did it is still there. */
async function named(db: Database, connection: string, actor: AccessChangeActor): Promise<AccessChangeActor> {
  if (actor.id === null) return actor;
  const { rows } = await sql<{ facts: string }>`SELECT facts FROM access_principals WHERE connection_id = ${connection} AND kind IN ('user', 'service-user') AND id = ${actor.id} ORDER BY kind DESC LIMIT 1`.execute(db);
  if (rows[0] === undefined) return actor;
  const facts = JSON.parse(rows[0].facts) as PrincipalFacts;
  return { ...actor, name: facts.name ?? actor.name, email: facts.email };
}
