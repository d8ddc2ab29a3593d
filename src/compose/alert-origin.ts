/** What alerts ask of the connection that a record came by: its console, and how far back a first reading is told. */
import type { Origin } from "../alerts/index.ts";
import { tables } from "../connections/tables.ts";
import { LOOK_BACK_DAYS } from "../kernel/alert-api.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Database } from "../store/store.ts";

const DAY = 86_400_000;

export async function alertOrigin(db: Database, connection: ConnectionId): Promise<Origin> {
  const row = await tables(db).selectFrom("connections").select(["url", "look_back_days"]).where("id", "=", connection).executeTakeFirst();
  return { connection, console: row?.url ?? null, lookBackMs: (row?.look_back_days ?? LOOK_BACK_DAYS) * DAY };
}
