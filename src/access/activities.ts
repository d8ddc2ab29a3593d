/** The console's activity log as the mirror has it, reduced to what tells who did what to whom. Its `data` is free-form: every text and number in it is a word an activity may be known by. */
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import { viewName } from "../kernel/stream-ids.ts";
import type { Database } from "../store/store.ts";
import { ACCESS_ACTIVITY_TYPES } from "./activity-types.ts";
import { fold } from "./words.ts";

export interface Activity {
  readonly id: string;
  readonly type: number;
  /** RFC 3339, as the console has it. */
  readonly at: string;
  /** Who did it: the id of a principal, or what the log calls him; folded, and as written. */
  readonly userId: string | null;
  readonly by: string | null;
  readonly byShown: string | null;
  /** Folded words of its data, without those that name who did it. */
  readonly words: ReadonlySet<string>;
  readonly namesSomebody: boolean;
  /** Its sentence, folded and as written. */
  readonly text: string;
  readonly shown: string | null;
}

const MOST = 2_000;
const MOST_WORDS = 200;
const LONGEST_SHOWN = 500;
const LONGEST_TEXT = 4_000;
/** Keys of who did it, from where, and in which scope. */
const OF_THE_ACTOR: ReadonlySet<string> = new Set(["byUser", "byUserId", "by", "realUser", "ipAddress", "source", "reason"]);
const OF_THE_PLACE: ReadonlySet<string> = new Set(["scopeLevel", "userScope", "fullScopeDetails", "fullScopeDetailsPath", "role"]);
const NAMING: ReadonlySet<string> = new Set(["username", "userName", "user", "email", "userEmail", "name", "roleName", "modifiedUser", "newUser", "deletedUser", "serviceUserName", "targetUser"]);

/** Newest first. Times in milliseconds, both inclusive. */
export async function activitiesBetween(db: Database, connection: string, from: number, to: number): Promise<readonly Activity[]> {
  const { rows } = await sql<{ id: string; activity_type: number; created_at: string; user_id: string | null; data: string | null; primary_description: string | null }>`
    SELECT id, activity_type, created_at, user_id, data, primary_description FROM ${sql.table(viewName("activities"))}
    WHERE connection_id = ${connection} AND created_at >= ${micros(from)} AND created_at <= ${micros(to)} AND activity_type IN (${sql.join([...ACCESS_ACTIVITY_TYPES])})
    ORDER BY created_at DESC, id DESC LIMIT ${MOST}`.execute(db);
  return rows.map((row) => {
    const data = objectIn(row.data);
    const byShown = textOf(data["byUser"]) ?? textOf(data["realUser"]);
    const words = wordsOf(data);
    return {
      id: row.id,
      type: Number(row.activity_type),
      at: row.created_at,
      userId: row.user_id,
      by: fold(byShown),
      byShown,
      words,
      namesSomebody: Object.keys(data).some((key) => NAMING.has(key)),
      text: row.primary_description?.slice(0, LONGEST_TEXT).normalize("NFKC").toLowerCase() ?? "",
      shown: row.primary_description?.slice(0, LONGEST_SHOWN) ?? null,
    };
  });
}

/** As the mirror writes times, so that text order is time order. */
function micros(ms: number): string {
  return isoTime(Math.max(0, ms)).replace("Z", "000Z");
}

function objectIn(json: string | null): Readonly<Record<string, unknown>> {
  if (json === null) return {};
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.slice(0, LONGEST_SHOWN) : null;
}

function wordsOf(data: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const words = new Set<string>();
  const walk = (value: unknown, depth: number): void => {
    if (words.size >= MOST_WORDS || depth > 5) return;
    if (typeof value === "string" || typeof value === "number") {
      const word = fold(String(value));
      if (word !== null) words.add(word);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) if (!OF_THE_ACTOR.has(key) && !OF_THE_PLACE.has(key)) walk(inner, depth + 1);
    }
  };
  walk(data, 0);
  return words;
}
