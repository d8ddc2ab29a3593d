/** The expiry watch: writes one line per connection and threshold (30, 14, 7, 1 days, expired), however often it is asked. */
import type { Clock } from "../kernel/clock.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Store } from "../store/store.ts";
import { expiryOf } from "./expiry-rules.ts";
import { appendLine } from "./log-lines.ts";
import { tables } from "./tables.ts";

export interface ExpiryPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Meant to run hourly. Tells how many lines it wrote. */
export async function watchExpiry({ store, clock, log }: ExpiryPorts): Promise<number> {
  const rows = await tables(store.read)
    .selectFrom("connections")
    .select(["id", "token_expires_at", "expiry_warned"])
    .where("removed_at", "is", null)
    .where("token_expires_at", "is not", null)
    .orderBy("id")
    .execute();
  let written = 0;
  for (const row of rows) {
    const expiry = expiryOf(row.token_expires_at, clock.now());
    // The token's end is part of the mark, so that a rotated token is warned of anew.
    const mark = expiry === null || expiry.threshold === null ? null : `${expiry.threshold}@${row.token_expires_at ?? ""}`;
    if (expiry === null || mark === null || mark === row.expiry_warned) continue;
    const { level, warning, threshold, daysLeft } = expiry;
    await store.tx(async (tx) => {
      await tables(tx.db).updateTable("connections").set({ expiry_warned: mark }).where("id", "=", row.id).execute();
      await appendLine(tx, row.id as ConnectionId, clock.now(), { level: level ?? "info", event: "token.expiring", message: warning ?? "", fields: { daysLeft, threshold } });
    });
    log.warn("token.expiring", { connection: row.id, daysLeft, threshold });
    written += 1;
  }
  return written;
}
