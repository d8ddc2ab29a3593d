/** How destinations stand, for the hub's status: what waits and for how long, and who has taken nothing for too long. */
import { sql } from "kysely";
import type { DestinationStatus } from "../kernel/api.ts";
import type { DestinationView } from "../kernel/delivery-api.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList } from "../store/conditions.ts";
import { countedBy } from "../store/series.ts";
import type { Database, Store } from "../store/store.ts";
import { tables, withinScope } from "./tables.ts";

export function destinationStatus({ id, name, kind, queued, parked, delivered, oldestQueuedAt, fault }: DestinationView, now: number): DestinationStatus {
  return { id, name, kind, queued, parked, delivered, oldestSeconds: oldestQueuedAt === null ? null : Math.max(0, Math.round((now - Date.parse(oldestQueuedAt)) / 1000)), fault };
}

/** Those that have taken nothing for so long. */
export function failingFor(destinations: readonly Pick<DestinationStatus, "name" | "fault">[], now: number, ms: number): readonly { readonly name: string; readonly code: string }[] {
  return destinations.flatMap(({ name, fault }) => (fault !== null && Date.parse(fault.since) <= now - ms ? [{ name, code: fault.code }] : []));
}

/** What a disk that is full has to do with deliveries, in words; null where none wait. */
export function waitingText(destinations: readonly Pick<DestinationStatus, "name" | "queued">[]): string | null {
  const waiting = destinations.reduce((sum, { queued }) => sum + queued, 0);
  const [most] = destinations.toSorted((left, right) => right.queued - left.queued);
  if (waiting === 0 || most === undefined) return null;
  return `${String(waiting)} deliveries wait, ${most.queued === waiting ? "all" : String(most.queued)} of them for ${most.name}`;
}

/** Whether a destination takes anything, and whether something waits to find out; null once it is removed. */
export async function standingOf(db: Database, id: string): Promise<{ readonly name: string; readonly failing: boolean; readonly queued: boolean } | null> {
  const row = await tables(db).selectFrom("destinations").select(["name", "failing_since"]).where("id", "=", id).where("removed_at", "is", null).executeTakeFirst();
  if (row === undefined) return null;
  const { rows } = await sql`SELECT 1 FROM outbox WHERE destination_id = ${id} AND state = 'queued' LIMIT 1`.execute(db);
  return { name: row.name, failing: row.failing_since !== null, queued: rows.length > 0 };
}

/** How many of these deliveries have neither gone nor been parked. */
export async function stillQueued(db: Database, kind: Store["kind"], ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM outbox WHERE id IN ${textList(kind, ids)} AND state = 'queued'`.execute(db);
  return Number(rows[0]?.n ?? 0);
}

/** Accepted in each of the last hours. */
export function deliveredByHour({ read }: Pick<Store, "read">, scope: TenantScope, periodMs: number, periods: number, now: number): Promise<number[]> {
  return countedBy(read, { table: "outbox", at: "ended_at", where: sql`state = 'delivered' AND ${withinScope(scope)}`, periodMs, periods }, now);
}
