/** What a page of alerts means for cases. A page that is read again, parked and taken up later, or replayed finds its records where they are. */
import { sql } from "kysely";
import { isAlertStream } from "../alerts/index.ts";
import type { ChangeSet } from "../mirror/capability.ts";
import { isOwed } from "../mirror/owed.ts";
import { viewName } from "../kernel/stream-ids.ts";
import { textList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { memberOf } from "./members.ts";
import { take, type TakePorts } from "./take.ts";

export const CASES = "cases";

export interface ReactPorts extends TakePorts {
  /** What was detected longer ago when a console is read for the first time asks nothing of anybody. */
  readonly lookBackMs: number;
}

/** `silent`: a replay of the mirror, of which nothing is told. */
export async function reactToAlerts(set: ChangeSet, tx: Tx, ports: ReactPorts, mode: "told" | "silent", now: number): Promise<void> {
  const { connection, tenant, stream, inserted, changed } = set;
  if (!isAlertStream(stream)) return;
  const since = await sinceOf(tx, set, ports, mode, now);
  const members = [...inserted, ...changed].flatMap(({ after }) => (after === null ? [] : [memberOf(stream, after)]));
  const departed = await departedOf(tx, set);
  const onlyKnown = mode === "silent" && (await isOwed(tx, CASES, connection, stream));
  await take(tx, { connection, tenant, stream, members, ...departed, since, firstRead: set.firstRead === true, onlyKnown, silent: mode === "silent", now }, ports);
}

/** A record that is live under another tenant has moved; one that is not live is gone. */
export async function departedOf(tx: Tx, { connection, stream, gone }: ChangeSet): Promise<{ readonly gone: readonly string[]; readonly moved: readonly string[] }> {
  const ids = gone.map(({ id }) => id);
  if (ids.length === 0) return { gone: [], moved: [] };
  const { rows } = await sql<{ id: string }>`SELECT id FROM ${sql.table(viewName(stream))} WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  const live = new Set(rows.map(({ id }) => id));
  return { gone: ids.filter((id) => !live.has(id)), moved: ids.filter((id) => live.has(id)) };
}

/** The moment before which nothing is news: fixed with the first page of a stream's first read, and good for what of that time turns up later. */
async function sinceOf(tx: Tx, { connection, stream, firstRead, firstReadBegan }: ChangeSet, { lookBackMs }: ReactPorts, mode: "told" | "silent", now: number): Promise<number | null> {
  const { rows } = await sql<{ since: number }>`SELECT since FROM case_since WHERE connection_id = ${connection} AND stream = ${stream}`.execute(tx.db);
  const [known] = rows;
  if (known !== undefined) return known.since;
  const since = (firstReadBegan ?? now) - lookBackMs;
  if (firstRead === true || mode === "silent") await sql`INSERT INTO case_since (connection_id, stream, since) VALUES (${connection}, ${stream}, ${since}) ON CONFLICT DO NOTHING`.execute(tx.db);
  else if (!(await isOwed(tx, CASES, connection, stream))) return null;
  return since;
}
