/** What is wrong with a connection now: one row per stream and one for the whole, until it is healthy again. */
import { isoTime } from "../kernel/clock.ts";
import { FAULT_CODES, type Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { FaultView } from "../kernel/api.ts";
import type { Database, Tx } from "../store/store.ts";
import { isFaultCode, type KnownFault } from "./state.ts";
import { tables, type FaultRow } from "./tables.ts";

/** A refused token or a changed scope is never one stream's matter. */
export function faultPlace(stream: StreamId | null, fault: Fault): string {
  return fault.kind === "credential" || fault.code === "S1_SCOPE_CHANGED" ? "" : (stream ?? "");
}

/** True when it was not known before: worth a line in the log. */
export async function storeFault(tx: Tx, id: ConnectionId, place: string, fault: Fault, cure: string, now: number): Promise<boolean> {
  const db = tables(tx.db);
  const before = await db.selectFrom("connection_faults").selectAll().where("connection_id", "=", id).where("stream", "=", place).executeTakeFirst();
  // A refused token stays the reason until it is replaced, whatever else goes wrong meanwhile.
  if (before !== undefined && blocks(before.code) && !blocks(fault.code)) return false;
  const same = before !== undefined && before.code === fault.code;
  const row: FaultRow = {
    connection_id: id,
    stream: place,
    code: fault.code,
    message: fault.message,
    cure,
    details: JSON.stringify(fault.details),
    since: same ? before.since : isoTime(now),
    last_at: isoTime(now),
    times: same ? before.times + 1 : 1,
  };
  await db.deleteFrom("connection_faults").where("connection_id", "=", id).where("stream", "=", place).execute();
  await db.insertInto("connection_faults").values(row).execute();
  return !same;
}

function blocks(code: string): boolean {
  return isFaultCode(code) && (FAULT_CODES[code].kind === "credential" || code === "S1_SCOPE_CHANGED");
}

export async function faultsOf(db: Database, ids: readonly string[]): Promise<ReadonlyMap<string, readonly KnownFault[]>> {
  const found = new Map<string, KnownFault[]>();
  if (ids.length === 0) return found;
  const rows = await tables(db).selectFrom("connection_faults").selectAll().where("connection_id", "in", ids).orderBy("stream").execute();
  for (const row of rows) {
    const known = knownFault(row);
    if (known === null) continue;
    const list = found.get(row.connection_id) ?? [];
    list.push(known);
    found.set(row.connection_id, list);
  }
  return found;
}

/** Codes are never renamed, so an unknown one can only come from a newer version's rows; it is left alone. */
function knownFault(row: FaultRow): KnownFault | null {
  if (!isFaultCode(row.code)) return null;
  const view: FaultView = { code: row.code, kind: FAULT_CODES[row.code].kind, message: row.message, cure: row.cure, details: JSON.parse(row.details) as FaultView["details"] };
  return { stream: row.stream, code: row.code, view, since: Date.parse(row.since) };
}
