/** How many rows of a table fall into each of the last days or hours, for the small plots people see: one question to the store, oldest first. */
import { sql, type RawBuilder } from "kysely";
import type { Database } from "./store.ts";

export interface Series {
  readonly table: string;
  /** A moment in milliseconds. */
  readonly at: string;
  readonly where: RawBuilder<unknown>;
  readonly periodMs: number;
  readonly periods: number;
}

/** The last period is the one under way; periods begin at whole multiples of their length, UTC. */
export async function countedBy(db: Database, { table, at, where, periodMs, periods }: Series, now: number): Promise<number[]> {
  const start = (Math.floor(now / periodMs) - periods + 1) * periodMs;
  const { rows } = await sql<{ place: number; many: number }>`
    SELECT cast((${sql.ref(at)} - ${sql.lit(start)}) / ${sql.lit(periodMs)} as bigint) AS place, count(*) AS many FROM ${sql.table(table)}
    WHERE ${where} AND ${sql.ref(at)} >= ${sql.lit(start)} AND ${sql.ref(at)} < ${sql.lit(start + periods * periodMs)} GROUP BY 1`.execute(db);
  const counts = new Map(rows.map(({ place, many }) => [Number(place), Number(many)]));
  return Array.from({ length: periods }, (_, place) => counts.get(place) ?? 0);
}
