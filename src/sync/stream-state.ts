/** What is known of each stream of each connection between runs: freshness, watermark, next run, the fault that stopped it. */
import type { Drift } from "../kernel/api.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { FAULT_CODES, type Fault, type FaultCode, type FaultReport } from "../kernel/fault.ts";
import { isStreamId, type StreamId } from "../kernel/stream-ids.ts";
import type { Stream } from "../sentinelone/streams/stream.ts";
import type { Store, Tx } from "../store/store.ts";
import type { SyncTables } from "./tables.ts";

export interface StreamState {
  readonly connection: ConnectionId;
  readonly stream: StreamId;
  readonly watermark: string | null;
  readonly freshAt: number | null;
  readonly provenAt: number | null;
  readonly caughtUp: boolean;
  readonly nextRunAt: number | null;
  readonly paused: boolean;
  /** Runs in a row that ended with a fault worth waiting for. */
  readonly failures: number;
  readonly fault: FaultReport | null;
  readonly drift: (Drift & { readonly at: number }) | null;
}

export async function readStates(store: Store, of?: ConnectionId | readonly string[]): Promise<readonly StreamState[]> {
  let query = store.read.withTables<SyncTables>().selectFrom("stream_state").selectAll().orderBy("connection_id").orderBy("stream");
  if (of !== undefined) query = typeof of === "string" ? query.where("connection_id", "=", of) : query.where("connection_id", "in", [...of]);
  const rows = await query.execute();
  return rows.flatMap((row) => {
    if (!isStreamId(row.stream)) return [];
    return [
      {
        connection: row.connection_id as ConnectionId,
        stream: row.stream,
        watermark: row.watermark,
        freshAt: numberOrNull(row.fresh_at),
        provenAt: numberOrNull(row.proven_at),
        caughtUp: Number(row.caught_up) === 1,
        nextRunAt: numberOrNull(row.next_run_at),
        paused: Number(row.paused) === 1,
        failures: Number(row.failures),
        fault: row.fault === null ? null : parseFault(row.fault),
        drift: row.drift === null ? null : (JSON.parse(row.drift) as StreamState["drift"]),
      },
    ];
  });
}

const LONGEST_WAIT_MS = 90 * 60_000;

/** A turn further away than any wait is one set by a clock that was wrong then, or at a longer interval than the one that holds now: it has come. */
export function isDue(stream: Pick<Stream, "everyMs">, { nextRunAt, paused, freshAt, fault }: Pick<StreamState, "nextRunAt" | "paused" | "freshAt" | "fault">, now: number): boolean {
  if (paused) return false;
  if (fault === null && freshAt !== null && now - freshAt > 1.2 * stream.everyMs) return true;
  return nextRunAt === null || nextRunAt <= now || nextRunAt - now > Math.max(LONGEST_WAIT_MS, 1.2 * stream.everyMs);
}

export type StatePatch = Partial<Omit<SyncTables["stream_state"], "connection_id" | "stream">>;

export async function patchState(tx: Tx, connection: ConnectionId, stream: StreamId, patch: StatePatch): Promise<void> {
  const empty = { watermark: null, fresh_at: null, proven_at: null, caught_up: 0, next_run_at: null, paused: 0, failures: 0, fault: null, drift: null };
  await tx.db
    .withTables<SyncTables>()
    .insertInto("stream_state")
    .values({ connection_id: connection, stream, ...empty, ...patch })
    .onConflict((conflict) => conflict.columns(["connection_id", "stream"]).doUpdateSet(Object.keys(patch).length === 0 ? { stream } : patch))
    .execute();
}

export async function forgetStates(tx: Tx, connection: ConnectionId): Promise<void> {
  const db = tx.db.withTables<SyncTables>();
  await db.deleteFrom("stream_state").where("connection_id", "=", connection).execute();
  await db.deleteFrom("sync_gaps").where("connection_id", "=", connection).execute();
  await db.deleteFrom("sync_runs").where("connection_id", "=", connection).execute();
}

export function packFault(fault: Fault | null): string | null {
  return fault === null ? null : JSON.stringify(fault.toJSON());
}

function parseFault(text: string): FaultReport | null {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("code" in value) || typeof value.code !== "string" || !(value.code in FAULT_CODES)) return null;
  const code = value.code as FaultCode;
  const message = "message" in value && typeof value.message === "string" ? value.message : "";
  const cure = "cure" in value && typeof value.cure === "string" ? value.cure : FAULT_CODES[code].cure;
  const details = "details" in value && typeof value.details === "object" && value.details !== null ? (value.details as FaultReport["details"]) : {};
  return { code, kind: FAULT_CODES[code].kind, message, cure, details };
}

/** PostgreSQL gives 64-bit integers as text. */
function numberOrNull(value: number | string | null): number | null {
  return value === null ? null : Number(value);
}
