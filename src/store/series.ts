/** How many rows of a table fall into each of the last days or hours, for the small plots people see: one question to the store, oldest first. */
import { sql, type RawBuilder } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import type { Volume } from "../kernel/plot-api.ts";
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
  const start = seriesStart({ periodMs, periods }, now);
  const { rows } = await sql<{ place: number; many: number }>`
    SELECT cast((${sql.ref(at)} - ${sql.lit(start)}) / ${sql.lit(periodMs)} as bigint) AS place, count(*) AS many FROM ${sql.table(table)}
    WHERE ${where} AND ${sql.ref(at)} >= ${sql.lit(start)} AND ${sql.ref(at)} < ${sql.lit(start + periods * periodMs)} GROUP BY 1`.execute(db);
  const counts = new Map(rows.map(({ place, many }) => [Number(place), Number(many)]));
  return Array.from({ length: periods }, (_, place) => counts.get(place) ?? 0);
}

/** Rows with a moment (`at`) and a `severity`, newest first and `most` at most; `fits` says which of them are counted. */
export interface Window {
  readonly rows: RawBuilder<unknown>;
  readonly fits: RawBuilder<unknown>;
  readonly most: number;
}

const DAY = 86_400_000;

/** How many of each severity fall on each of the last days, whatever there is before the newest ones of each window: what it costs is bounded by them. */
export async function volumeWithin(db: Database, windows: (start: number, end: number) => readonly Window[], days: number, now: number): Promise<Volume> {
  const start = seriesStart({ periodMs: DAY, periods: days }, now);
  const counts = Array.from({ length: days }, () => FACT_SEVERITIES.map(() => 0));
  let wholeSince: number | null = null;
  for (const { rows: window, fits, most } of windows(start, start + days * DAY)) {
    const { rows } = await sql<{ place: number; severity: number; many: number; first: number | null }>`
      WITH near AS (${window}) SELECT cast((at - ${sql.lit(start)}) / ${sql.lit(DAY)} as bigint) AS place, severity, count(*) AS many, NULL AS first FROM near WHERE ${fits} GROUP BY 1, 2
      UNION ALL SELECT -1, 0, count(*), min(at) FROM near`.execute(db);
    for (const { place, severity, many, first } of rows) {
      const found = counts[Number(place)];
      if (found !== undefined) found[Number(severity)] = (found[Number(severity)] ?? 0) + Number(many);
      else if (first !== null && Number(many) >= most) wholeSince = Math.max(wholeSince ?? 0, Number(first));
    }
  }
  return {
    points: counts.map((bySeverity, place) => ({ from: isoTime(start + place * DAY), counts: Object.fromEntries(FACT_SEVERITIES.map((severity, number) => [severity, bySeverity[number] ?? 0])) as Volume["points"][number]["counts"] })),
    wholeSince: wholeSince === null ? null : isoTime(wholeSince),
  };
}

/** Where the first of so many periods begins. */
function seriesStart({ periodMs, periods }: Pick<Series, "periodMs" | "periods">, now: number): number {
  return (Math.floor(now / periodMs) - periods + 1) * periodMs;
}
