/** A connection's own log: what happened to it, in order, the newest thousand lines kept. Never a body, never a token. */
import { sql } from "kysely";
import type { Static } from "typebox";
import type { ConnectionLogLine } from "../kernel/api.ts";
import { isoTime } from "../kernel/clock.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { LogFields } from "../kernel/log.ts";
import type { Database, Tx } from "../store/store.ts";
import { tables } from "./tables.ts";

export type LogLine = Static<typeof ConnectionLogLine>;

export const LOG_LINES_KEPT = 1000;

export interface NewLogLine {
  readonly level: LogLine["level"];
  /** A fixed name, `token.rotated`. */
  readonly event: string;
  readonly message: string;
  readonly fields?: LogFields;
}

export async function appendLine(tx: Tx, connection: ConnectionId, now: number, line: NewLogLine): Promise<void> {
  const db = tables(tx.db);
  // The number comes from the connection's own row, whose lock orders two writers.
  const numbered = await db.updateTable("connections").set({ log_seq: sql<number>`log_seq + 1` }).where("id", "=", connection).returning("log_seq").executeTakeFirst();
  if (numbered === undefined) return;
  const seq = numbered.log_seq;
  await db
    .insertInto("connection_log")
    .values({ connection_id: connection, seq, at: isoTime(now), level: line.level, event: line.event, message: line.message, fields: JSON.stringify(line.fields ?? {}) })
    .execute();
  await db.deleteFrom("connection_log").where("connection_id", "=", connection).where("seq", "<=", seq - LOG_LINES_KEPT).execute();
}

/** The newest `limit` lines, oldest of them first. */
export async function lastLines(db: Database, connection: ConnectionId, limit: number): Promise<readonly LogLine[]> {
  const rows = await tables(db).selectFrom("connection_log").selectAll().where("connection_id", "=", connection).orderBy("seq", "desc").limit(limit).execute();
  return rows.reverse().map((row) => ({
    at: row.at,
    level: row.level as LogLine["level"],
    event: row.event,
    message: row.message,
    fields: JSON.parse(row.fields) as LogLine["fields"],
  }));
}
