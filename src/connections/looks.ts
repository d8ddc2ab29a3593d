/** Connections as they are looked at: a page of them with all that is known, or all of them with no more than how they are. */
import { sql } from "kysely";
import type { Static } from "typebox";
import type { ConnectionQuery, ConnectionView } from "../kernel/api.ts";
import type { Clock } from "../kernel/clock.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { textList } from "../store/conditions.ts";
import { fittingPage, idList, pairOf, type FittingPage } from "../store/fitting.ts";
import type { Store } from "../store/store.ts";
import { surroundings } from "./lookup.ts";
import { tables, withinScope, type ConnectionRow } from "./tables.ts";
import { connectionView, standingOf, type ConnectionStanding } from "./views.ts";

export interface Looks {
  viewsOf(rows: readonly ConnectionRow[]): Promise<ConnectionView[]>;
  /** By name; of what is told by a look at each, one answer looks at only so many. */
  page(scope: TenantScope, asked?: Omit<Static<typeof ConnectionQuery>, "tenant">): Promise<FittingPage<ConnectionView>>;
  /** Of all, by name: asked for again and again, however many there are. */
  standings(scope: TenantScope): Promise<readonly ConnectionStanding[]>;
}

const DEFAULT_PAGE = 200;

export function createLooks(store: Pick<Store, "read" | "kind">, clock: Pick<Clock, "now">, verifying: ReadonlySet<string>): Looks {
  async function viewsOf(rows: readonly ConnectionRow[]): Promise<ConnectionView[]> {
    const around = await surroundings(store.read, rows, verifying);
    return rows.flatMap((row) => {
      const known = around.get(row.id);
      return known === undefined ? [] : [connectionView(row, known, clock.now())];
    });
  }
  return {
    viewsOf,
    async page(scope, { text, state, ids, after, limit = DEFAULT_PAGE } = {}) {
      const wanted = text?.trim().toLowerCase() ?? "";
      const among = idList(ids);
      return fittingPage<ConnectionView>({
        after,
        limit,
        fits: (one) => (state === undefined || one.state === state) && (wanted === "" || `${one.name} ${one.url} ${one.description}`.toLowerCase().includes(wanted)),
        place: ({ name, id }) => JSON.stringify([name, id]),
        async read(behind, size) {
          let query = tables(store.read).selectFrom("connections").selectAll().where("removed_at", "is", null).where(withinScope(scope, "tenant_id")).orderBy("name").orderBy("id").limit(size);
          if (behind !== undefined) query = query.where(sql<boolean>`(name, id) > (${sql.join(pairOf(behind))})`);
          if (among !== undefined) query = query.where(sql<boolean>`id IN ${textList(store.kind, among)}`);
          return viewsOf(await query.execute());
        },
      });
    },
    async standings(scope) {
      const rows = await tables(store.read)
        .selectFrom("connections")
        .select(["id", "name", "tenant_id", "paused", "verified_at", "syncing", "token_expires_at"])
        .where("removed_at", "is", null)
        .where(withinScope(scope, "tenant_id"))
        .orderBy("name")
        .orderBy("id")
        .execute();
      const around = await surroundings(store.read, rows, verifying);
      return rows.flatMap((row) => {
        const known = around.get(row.id);
        return known === undefined ? [] : [standingOf(row, known, clock.now())];
      });
    },
  };
}
