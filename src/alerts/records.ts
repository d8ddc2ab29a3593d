/** One alert or entry of the log by SentinelOne's id, and its record in the mirror, gone or not. */
import { sql } from "kysely";
import type { AlertView, EventStream } from "../kernel/alert-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { viewName } from "../kernel/stream-ids.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { itemsById, logById, type Reads } from "./queries.ts";
import { itemView, logView } from "./views.ts";

export interface FoundRecord {
  readonly connection_id: string;
  readonly tenant_id: string;
  readonly stream: EventStream;
  readonly id: string;
  readonly view: AlertView;
}

/** NOT_FOUND for none, alike for another tenant's; CONFIG_INVALID where several streams or connections have the id. */
export async function oneRecord(reads: Reads, scope: TenantScope, id: string, { stream, connection }: { readonly stream: EventStream | undefined; readonly connection: string | undefined }): Promise<FoundRecord> {
  const items = stream === "activities" ? [] : (await itemsById(reads, scope, id)).map(itemView);
  const entries = stream === undefined || stream === "activities" ? (await logById(reads, scope, id)).map(logView) : [];
  const found = [...items, ...entries].filter((view) => (stream === undefined || view.stream === stream) && (connection === undefined || view.connection === connection));
  const [only, other] = found;
  if (only === undefined) throw new Fault("NOT_FOUND", "There is no alert of that id.", { cure: "List them with `vedette alerts list`; the id is SentinelOne's." });
  if (other !== undefined) throw new Fault("CONFIG_INVALID", "Several alerts have that id.", { cure: `Say which: ${found.map((view) => `--stream ${view.stream} --connection ${view.connection}`).join(", or ")}.` });
  return { connection_id: only.connection, tenant_id: only.tenant, stream: only.stream, id, view: only };
}

/** Null where the mirror has aged it out. */
export async function recordOf({ read }: Reads, { connection_id: connection, tenant_id: tenant, stream, id }: FoundRecord): Promise<MirrorRow | null> {
  for (const view of [viewName(stream), `${viewName(stream)}_history`]) {
    const { rows } = await sql<MirrorRow>`SELECT * FROM ${sql.table(view)} WHERE connection_id = ${connection} AND id = ${id} AND tenant_id = ${tenant}`.execute(read);
    if (rows[0] !== undefined) return rows[0];
  }
  return null;
}
