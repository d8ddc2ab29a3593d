/** Cases as they stand, for whoever tells people of them: each with where it went, what it is about first, and the case before it with the same behaviour. */
import { sql } from "kysely";
import { linkOf, type Origin } from "../alerts/index.ts";
import { ALERT_STREAMS } from "../kernel/alert-api.ts";
import type { CaseView } from "../kernel/case-api.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { textList } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import type { EventDetails } from "./events.ts";
import type { Lead } from "./model.ts";
import type { CaseRow } from "./tables.ts";
import { caseView } from "./views.ts";

export interface CaseNotice {
  readonly view: CaseView;
  /** The case it has become part of. */
  readonly into: string | null;
  readonly lead: { readonly name: string | null; readonly device: string | null; readonly user: string | null } | null;
  /** Of the lead in the console. */
  readonly link: string | null;
  /** Same behaviour, too long ago to be the same case. */
  readonly earlier: string | null;
}

export interface NoticePorts {
  readonly kind: Store["kind"];
  readonly origin: (db: Database, connection: ConnectionId) => Promise<Origin>;
}

/** By id; one that is not there any more is not among them. */
export async function caseNotices(db: Database, ids: readonly string[], { kind, origin }: NoticePorts): Promise<ReadonlyMap<string, CaseNotice>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<CaseRow>`SELECT * FROM cases WHERE id IN ${textList(kind, ids)}`.execute(db);
  const { rows: events } = await sql<{ case_id: string; details: string }>`SELECT case_id, details FROM case_events WHERE case_id IN ${textList(kind, ids)} AND n <= 3 AND kind = 'opened'`.execute(db);
  const earlier = new Map(events.map(({ case_id: id, details }) => [id, (JSON.parse(details) as EventDetails).case ?? null]));
  const consoles = new Map<string, string | null>();
  for (const { lead } of rows) {
    const connection = lead === null ? null : (JSON.parse(lead) as Lead).connection;
    if (connection !== null && !consoles.has(connection)) consoles.set(connection, (await origin(db, connection as ConnectionId)).console);
  }
  const notices = new Map<string, CaseNotice>();
  for (const row of rows) {
    const lead = row.lead === null ? null : (JSON.parse(row.lead) as Lead);
    notices.set(row.id, {
      view: caseView(row),
      into: row.merged_into,
      lead: lead === null ? null : { name: lead.name, device: lead.device, user: lead.user },
      link: lead === null ? null : linkInto(consoles.get(lead.connection) ?? null, lead),
      earlier: earlier.get(row.id) ?? null,
    });
  }
  return notices;
}

/** Null where the console has no page for it. */
function linkInto(console: string | null, { stream, id }: Lead): string | null {
  const alert = ALERT_STREAMS.find((one) => one === stream);
  return alert === undefined ? null : linkOf(console, alert, id);
}
