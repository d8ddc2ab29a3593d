/** How many alerts there were by the day they were detected: of so many of the newest at most, from the indexes of their list. */
import { sql } from "kysely";
import type { Volume } from "../kernel/plot-api.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { volumeWithin } from "../store/series.ts";
import { conditionsOf, INDEXED, tenantsOf, type Filter, type Reads } from "./queries.ts";

const MOST_COUNTED = 100_000;
/** Where rows have to be looked at. */
const MOST_ROWS = 20_000;

export function alertVolume({ read, kind }: Reads, scope: TenantScope, filter: Filter, days: number, now: number, most = filter.connection === undefined ? MOST_COUNTED : MOST_ROWS): Promise<Volume> {
  const { within, besides } = tenantsOf(scope);
  const columns = sql.raw(`at, ${INDEXED}${filter.connection === undefined ? "" : ", connection_id"}`);
  const fits = sql.join([besides, sql`gone_at IS NULL`, ...conditionsOf(kind, filter)], sql` AND `);
  const rows = (start: number, end: number) => sql`SELECT ${columns} FROM alert_items WHERE ${within} AND at >= ${sql.lit(start)} AND at < ${sql.lit(end)} ORDER BY at DESC, seq DESC LIMIT ${most}`;
  return volumeWithin(read, (start, end) => [{ rows: rows(start, end), fits, most }], days, now);
}
