/**
 * Takes in what was held: the mirror's rows as they are now, a page in a transaction with the note that it is done, so that a kill costs one page and nothing is taken in twice
 * to any effect. A row that cannot be taken in is left for the next run and holds up no other.
 */
import { sql } from "kysely";
import { asFault, type FaultReport } from "../../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../../kernel/ids.ts";
import { viewName, type StreamId } from "../../kernel/stream-ids.ts";
import type { Change, ChangeSet, MirrorRow } from "../../mirror/capability.ts";
import { textList } from "../../store/conditions.ts";
import type { Tx } from "../../store/store.ts";
import type { Outcome } from "./outcomes.ts";
import { rulesOf } from "./rules.ts";
import type { HeldRow } from "./tables.ts";
import { takeIn } from "./take-in.ts";

/** Rows at once: each is an object of all its columns. */
const PAGE = 200;

export interface Drained {
  readonly connection: string;
  readonly stream: string;
  readonly outcomes: readonly Outcome[];
  /** Rows that could not be taken in. */
  readonly failed: number;
  /** Of a row that could not be taken in. */
  readonly fault: FaultReport | null;
}

/** A page of what is held under `rule` (empty: at once), of one connection where it is named; null when there is nothing. */
export async function drainPage(tx: Tx, held: { readonly rule: string; readonly connection?: string }, now: number, staleAfterMs: number): Promise<Drained | null> {
  const within = held.connection === undefined ? sql`` : sql`AND connection_id = ${held.connection}`;
  const { rows } = await sql<HeldRow>`SELECT * FROM vuln_held WHERE rule_id = ${held.rule} AND failed = 0 ${within} ORDER BY connection_id, stream, id LIMIT ${PAGE}`.execute(tx.db);
  const [first] = rows;
  if (first === undefined) return null;
  const { connection_id: connection, stream } = first;
  const page = rows.filter((row) => row.connection_id === connection && row.stream === stream);
  const taking = { rules: await rulesOf(tx.db, connection), runOf: held.rule, now, staleAfterMs };
  const outcomes: Outcome[] = [];
  const take = async (part: readonly HeldRow[]): Promise<void> => {
    const taken: Outcome[] = [];
    await tx.savepoint(async () => {
      for (const set of await setsOf(tx, connection as ConnectionId, stream as StreamId, part)) taken.push(...(await takeIn(set, tx, taking)));
    });
    outcomes.push(...taken);
  };
  const failed: string[] = [];
  let fault: FaultReport | null = null;
  try {
    await take(page);
  } catch {
    for (const row of page) {
      try {
        await take([row]);
      } catch (error) {
        fault = asFault(error).toJSON();
        failed.push(row.id);
      }
    }
  }
  const which = sql`connection_id = ${connection} AND stream = ${stream}`;
  await sql`DELETE FROM vuln_held WHERE ${which} AND id IN ${textList(tx.kind, page.map(({ id }) => id).filter((id) => !failed.includes(id)))}`.execute(tx.db);
  if (failed.length > 0) await sql`UPDATE vuln_held SET failed = 1 WHERE ${which} AND id IN ${textList(tx.kind, failed)}`.execute(tx.db);
  return { connection, stream, outcomes, failed: failed.length, fault };
}

/** A new run tries again what an earlier one could not take in. */
export async function retryHeld(tx: Tx, rule: string): Promise<void> {
  await sql`UPDATE vuln_held SET failed = 0 WHERE rule_id = ${rule} AND failed = 1`.execute(tx.db);
}

/** What waited for a rule that is no more, or waits for nothing now, is taken in at once. */
export async function releaseHeld(tx: Tx, rule: string): Promise<void> {
  await sql`
    INSERT INTO vuln_held (rule_id, connection_id, stream, id, agent_id, tenant_id, failed) SELECT '', connection_id, stream, id, agent_id, tenant_id, 0 FROM vuln_held WHERE rule_id = ${rule}
    ON CONFLICT (rule_id, connection_id, stream, id) DO NOTHING`.execute(tx.db);
  await sql`DELETE FROM vuln_held WHERE rule_id = ${rule}`.execute(tx.db);
}

/** As change sets, one for each tenant: rows that are there, and those that are gone by now. */
async function setsOf(tx: Tx, connection: ConnectionId, stream: StreamId, held: readonly HeldRow[]): Promise<readonly ChangeSet[]> {
  const view = viewName(stream);
  const live = await rowsOf(tx, view, connection, held.map(({ id }) => id));
  const missing = held.filter(({ id }) => !live.has(id));
  const gone = await rowsOf(tx, `${view}_history`, connection, missing.map(({ id }) => id));
  const forgotten = missing.filter(({ id }) => !gone.has(id));
  const last = stream === "risks" ? await lastKnown(tx, connection, forgotten) : forgotten.map(({ id, tenant_id }): MirrorRow => ({ id, connection_id: connection, tenant_id }));
  const sets = new Map<string, { inserted: Change[]; gone: Change[] }>();
  const put = (row: MirrorRow, kind: "inserted" | "gone"): void => {
    const tenant = String(row["tenant_id"]);
    const set = sets.get(tenant) ?? { inserted: [], gone: [] };
    set[kind].push({ id: String(row["id"]), before: kind === "gone" ? row : null, after: kind === "gone" ? null : row });
    sets.set(tenant, set);
  };
  for (const row of live.values()) put(row, "inserted");
  for (const row of [...gone.values(), ...last]) put(row, "gone");
  return [...sets].map(([tenant, lists]) => ({ connection, tenant: tenant as TenantId, stream, ...lists, changed: [], watermark: null }));
}

async function rowsOf(tx: Tx, view: string, connection: string, ids: readonly string[]): Promise<ReadonlyMap<string, MirrorRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<MirrorRow>`SELECT * FROM ${sql.table(view)} WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [String(row["id"]), row]));
}

/** Risks that the mirror no longer remembers, as our findings tell of them. */
async function lastKnown(tx: Tx, connection: string, held: readonly HeldRow[]): Promise<readonly MirrorRow[]> {
  if (held.length === 0) return [];
  const { rows } = await sql<MirrorRow>`
    SELECT i.row_id AS id, i.connection_id, i.tenant_id, i.agent_id AS endpoint_id, f.cve AS cve_id, f.application AS application_name, f.vendor AS application_vendor, i.version AS application_version
    FROM vuln_instances AS i JOIN vuln_findings AS f ON f.id = i.finding_id
    WHERE i.connection_id = ${connection} AND i.agent_id IN ${textList(tx.kind, [...new Set(held.map((row) => row.agent_id))])} AND i.row_id IN ${textList(tx.kind, held.map(({ id }) => id))}`.execute(tx.db);
  return rows;
}
