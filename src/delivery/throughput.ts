/**
 * How deliveries went, for plots: counted as they end, in the transaction that writes their receipts, five minutes to a row; so that looking at it costs the same however
 * much was delivered.
 */
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import type { Throughput, ThroughputSpan } from "../kernel/plot-api.ts";
import { textList } from "../store/conditions.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Receipt } from "./destination.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SLOT_MS = 5 * MINUTE;
/** A little longer than what is looked at. */
export const SLOTS_KEPT_MS = 15 * DAY;

const SPANS: Readonly<Record<ThroughputSpan, { readonly periodMs: number; readonly periods: number }>> = {
  "3h": { periodMs: SLOT_MS, periods: 36 },
  "24h": { periodMs: HOUR, periods: 24 },
  "14d": { periodMs: DAY, periods: 14 },
};

/** `unmapped`: parked without being sent. */
export async function noteThroughput(tx: Tx, destination: string, batch: readonly { readonly queuedAt: number }[], receipts: readonly Receipt[], unmapped: number, now: number): Promise<void> {
  let [accepted, parked, again, lag, longest] = [0, unmapped, 0, 0, 0];
  for (const [place, { queuedAt }] of batch.entries()) {
    const receipt = receipts[place];
    if (receipt === undefined || (receipt.outcome === "again-after" && receipt.blame === "earlier")) continue;
    if (receipt.outcome === "refused") parked += 1;
    else if (receipt.outcome === "again-after") again += 1;
    else {
      // A clock that was set back makes nothing arrive before it was queued.
      const waited = Math.max(0, now - queuedAt);
      accepted += 1;
      lag += waited;
      longest = Math.max(longest, waited);
    }
  }
  if (accepted + parked + again === 0) return;
  const slot = Math.floor(now / SLOT_MS) * SLOT_MS;
  await sql`
    INSERT INTO outbox_slots (destination_id, slot, accepted, parked, again, lag, longest) VALUES (${destination}, ${slot}, ${accepted}, ${parked}, ${again}, ${lag}, ${longest})
    ON CONFLICT (destination_id, slot) DO UPDATE SET accepted = outbox_slots.accepted + excluded.accepted, parked = outbox_slots.parked + excluded.parked, again = outbox_slots.again + excluded.again,
      lag = outbox_slots.lag + excluded.lag, longest = CASE WHEN excluded.longest > outbox_slots.longest THEN excluded.longest ELSE outbox_slots.longest END`.execute(tx.db);
}

/** Of destinations that the caller was found to see. */
export async function throughputOf({ read, kind }: Pick<Store, "read" | "kind">, destinations: readonly { readonly id: string; readonly name: string }[], span: ThroughputSpan, now: number): Promise<Throughput> {
  const { periodMs, periods } = SPANS[span];
  const start = (Math.floor(now / periodMs) - periods + 1) * periodMs;
  const { rows } = destinations.length === 0 ? { rows: [] } : await sql<Record<"place" | "accepted" | "parked" | "again" | "lag" | "longest", number> & { id: string }>`
    SELECT destination_id AS id, cast((slot - ${sql.lit(start)}) / ${sql.lit(periodMs)} as bigint) AS place, sum(accepted) AS accepted, sum(parked) AS parked, sum(again) AS again, sum(lag) AS lag, max(longest) AS longest
    FROM outbox_slots WHERE destination_id IN ${textList(kind, destinations.map(({ id }) => id))} AND slot >= ${sql.lit(start)} AND slot < ${sql.lit(start + periodMs * periods)} GROUP BY 1, 2`.execute(read);
  const known = new Map(rows.map((row) => [`${row.id} ${String(row.place)}`, row]));
  return {
    span,
    periods: Array.from({ length: periods }, (_, place) => isoTime(start + place * periodMs)),
    destinations: destinations.map(({ id, name }) => {
      const each = Array.from({ length: periods }, (_, place) => known.get(`${id} ${String(place)}`));
      const seconds = (ms: number): number => Math.round(ms / 100) / 10;
      return {
        id,
        name,
        accepted: each.map((row) => Number(row?.accepted ?? 0)),
        parked: each.map((row) => Number(row?.parked ?? 0)),
        again: each.map((row) => Number(row?.again ?? 0)),
        lag: each.map((row) => (row === undefined || Number(row.accepted) === 0 ? null : seconds(Number(row.lag) / Number(row.accepted)))),
        longest: each.map((row) => (row === undefined || Number(row.accepted) === 0 ? null : seconds(Number(row.longest)))),
      };
    }),
  };
}

/** What is too old to be looked at, and what was of destinations that are no more; at most `limit` rows. */
export async function dropSlots(tx: Tx, now: number, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM outbox_slots WHERE (destination_id, slot) IN
      (SELECT destination_id, slot FROM outbox_slots WHERE slot < ${now - SLOTS_KEPT_MS} OR NOT EXISTS (SELECT 1 FROM destinations WHERE id = outbox_slots.destination_id AND removed_at IS NULL) LIMIT ${limit})`.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}
