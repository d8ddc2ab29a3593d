/** What time changes: old versions leave the history, and alerts that the mirror has aged out leave the list. A bounded piece of work at a time. */
import { sql } from "kysely";
import { ALERT_STREAMS } from "../kernel/alert-api.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Tx } from "../store/store.ts";

const PAGE = 500;
const DAY = 86_400_000;
const EVERY_MS = 3_600_000;

interface Kept {
  readonly retentionDays: Readonly<Partial<Record<StreamId, number>>>;
  readonly historyKeptMs: number;
}

/** Asked every few seconds, it looks once an hour. */
export function hourly(work: (now: number, tx: Tx) => Promise<number>): (now: number, tx: Tx) => Promise<number> {
  let next = 0;
  return async (now, tx) => {
    // A time further away than an hour was set by a clock that has been set back since.
    if (now >= next || next - now > EVERY_MS) next = await work(now, tx);
    return next;
  };
}

/** Now where more is waiting, else in an hour. */
export async function tidy(tx: Tx, { retentionDays, historyKeptMs }: Kept, now: number): Promise<number> {
  let most = await dropVersions(tx, now - historyKeptMs);
  for (const stream of ALERT_STREAMS) {
    const days = retentionDays[stream];
    if (days !== undefined) most = Math.max(most, await dropItems(tx, stream, now - days * DAY));
  }
  return most === PAGE ? now : now + EVERY_MS;
}

/** Versions are written in the order of time: the oldest are the first. */
async function dropVersions(tx: Tx, before: number): Promise<number> {
  const { numAffectedRows } = await sql`DELETE FROM alert_versions WHERE seq IN (SELECT seq FROM alert_versions ORDER BY seq LIMIT ${PAGE}) AND read_at < ${before}`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}

/** By their time, as the mirror drops them. */
async function dropItems(tx: Tx, stream: StreamId, before: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM alert_items WHERE seq IN (SELECT seq FROM alert_items WHERE stream = ${stream} AND at < ${before} ORDER BY at LIMIT ${PAGE})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}
