/** Which moments are compared, connection by connection: those that were asked for, or the ends of its last two completed readings. */
import { setImmediate as turn } from "node:timers/promises";
import { sql } from "kysely";
import { isoTime } from "../kernel/clock.ts";
import type { AccessChangeActor, AccessChangeView, AccessDiffLine, AccessDiffRange } from "../kernel/access-risk-api.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Store } from "../store/store.ts";
import { actorsOf } from "./actors.ts";
import { netChanges, type NetChange } from "./changes.ts";
import { connectionsOf } from "./graph.ts";
import type { ChangeRow } from "./tables.ts";

/** Milliseconds at which completed readings of a connection's principals ended, newest first; as far back as runs are kept. */
export type Readings = (connection: ConnectionId) => Promise<readonly number[]>;

export interface DiffRequest {
  readonly store: Pick<Store, "read" | "kind">;
  readonly readings: Readings;
  /** What the connection is called; null where that is not the asker's to know. */
  readonly nameOf: (connection: ConnectionId) => Promise<string | null>;
  readonly scope: TenantScope;
  readonly connection: ConnectionId | null;
  /** Milliseconds; null where it was not asked for. */
  readonly from: number | null;
  readonly to: number | null;
  readonly now: number;
  readonly signal: AbortSignal;
}

interface Range {
  readonly connection: ConnectionId;
  readonly from: number | null;
  readonly to: number | null;
  readonly basis: AccessDiffRange["basis"];
  readonly note: string | null;
}

/** First the ranges, then each change. */
export async function* diff(request: DiffRequest): AsyncGenerator<AccessDiffLine> {
  const { store, scope, now, signal } = request;
  const ranges: Range[] = [];
  for (const connection of request.connection === null ? await connectionsOf(store.read, scope) : [request.connection]) ranges.push(await rangeOf(request, connection));
  const shown: AccessDiffRange[] = [];
  for (const { from, to, ...range } of ranges) shown.push({ ...range, name: await request.nameOf(range.connection), from: from === null ? null : isoTime(from), to: to === null ? null : isoTime(to) });
  yield { ranges: shown };
  for (const { connection, from, to } of ranges) {
    if (from === null || to === null) continue;
    for await (const page of netChanges(store, scope, { connection, from, to }, signal)) {
      const actors = await actorsOf({ db: store.read, kind: store.kind }, page.map(({ row }) => row), now);
      for (const change of page) yield { change: changeView(change, actors) };
      // Others are answered meanwhile.
      await turn();
    }
  }
}

async function rangeOf({ store, readings, from, to, now }: DiffRequest, connection: ConnectionId): Promise<Range> {
  const all = await readings(connection);
  if (from !== null) return sinceHistory({ connection, from, to: to ?? now, basis: "moments", note: null }, await historyOf(store.read, connection, all), to ?? now);
  const ended = all.filter((at) => to === null || at <= to);
  const [last = null, before = null] = ended;
  if (last === null) return { connection, from: null, to: null, basis: "readings", note: "No reading of its users has ended yet." };
  if (before === null) return { connection, from: null, to: last, basis: "readings", note: "There is one completed reading only: its history begins there." };
  return { connection, from: before, to: to ?? last, basis: to === null ? "readings" : "moments", note: null };
}

/** Of a time before anybody looked nothing is known: "nothing changed" would be no answer. */
function sinceHistory(range: Range & { readonly from: number }, begins: number | null, to: number): Range {
  if (begins === null) return { ...range, note: "No reading of its users has ended yet." };
  const note = `Its history begins at ${isoTime(begins)}.`;
  if (to < begins) return { ...range, from: null, note };
  return range.from < begins ? { ...range, from: begins, note } : range;
}

/** When the first reading met its users: the oldest thing it left, or where nothing is left of it, the oldest reading that is remembered. */
async function historyOf(db: Database, connection: ConnectionId, readings: readonly number[]): Promise<number | null> {
  const { rows } = await sql<{ at: number | null }>`SELECT min(seen_at) AS at FROM access_bindings WHERE connection_id = ${connection}`.execute(db);
  const known = [...readings, ...rows.flatMap(({ at }) => (at === null ? [] : [Number(at)]))];
  return known.length === 0 ? null : Math.min(...known);
}

export function changeView({ subject, change, field, before, after, row }: NetChange, actors: ReadonlyMap<number, AccessChangeActor>): AccessChangeView {
  const labels = JSON.parse(row.labels) as { readonly principal?: string | null; readonly role?: string | null; readonly scope?: string | null };
  const by = actors.get(Number(row.seq));
  if (by === undefined) throw new Error(`no actor was worked out for change ${String(row.seq)}`);
  return {
    connection: row.connection_id,
    tenant: row.tenant_id,
    subject,
    change,
    principal: row.principal_kind === null || row.principal_id === null ? null : { kind: row.principal_kind, id: row.principal_id },
    role: row.role_id,
    scope: row.scope_kind === null || row.scope_id === null ? null : { kind: row.scope_kind, id: row.scope_id },
    labels: { principal: labels.principal ?? null, role: labels.role ?? null, scope: labels.scope ?? null },
    field,
    before,
    after,
    seenAt: isoTime(Number(row.at)),
    absentAt: row.absent_at === null ? null : isoTime(Number(row.absent_at)),
    by: { ...by, candidates: [...by.candidates] },
  };
}

/** A row of the history as it was written, not its net effect. */
export function asWritten(row: ChangeRow): NetChange {
  const value = (json: string | null): unknown => (json === null ? null : (JSON.parse(json) as unknown));
  return { subject: row.subject, change: row.change, field: row.field, before: value(row.before), after: value(row.after), row };
}
