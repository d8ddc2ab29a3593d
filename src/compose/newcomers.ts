/** Destinations that want to be told of alerts that were read before they were added, as alerts ask for them. */
import type { Newcomer } from "../alerts/index.ts";
import { EVERY, mayWant } from "../delivery/filter.ts";
import { wantsOf } from "../delivery/queue.ts";
import { tables } from "../delivery/tables.ts";
import { EVENT_STREAMS } from "../kernel/alert-api.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Database } from "../store/store.ts";

const DAY = 86_400_000;

export async function newcomers(db: Database): Promise<readonly Newcomer[]> {
  const rows = await tables(db).selectFrom("destinations").selectAll().where("removed_at", "is", null).where("look_back_days", ">", 0).orderBy("created_at").orderBy("id").execute();
  return rows.map((row) => {
    const wants = wantsOf(row);
    return {
      destination: row.id,
      addedAt: row.created_at,
      since: row.created_at - row.look_back_days * DAY,
      streams: EVENT_STREAMS.filter((stream) => mayWant(wants, `${stream}.new`, stream) || mayWant(wants, `${stream}.updated`, stream)),
      tenants: wants.tenants?.includes(EVERY) === true ? null : [wants.tenant, ...((wants.tenants ?? []) as readonly TenantId[])],
    };
  });
}
