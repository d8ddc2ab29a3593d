/** Which moments are compared, connection by connection: those that were asked for, or the ends of its last two completed readings. */
import { setImmediate as turn } from "node:timers/promises";
import { isoTime } from "../kernel/clock.ts";
import type { AccessChangeActor, AccessChangeView, AccessDiffLine, AccessDiffRange } from "../kernel/access-risk-api.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Store } from "../store/store.ts";
import { actorsOf } from "./actors.ts";
import { netChanges, type NetChange } from "./changes.ts";
import { connectionsOf } from "./graph.ts";
import type { ChangeRow } from "./tables.ts";

/** Milliseconds at which completed readings of a connection's principals ended, newest first; as far back as runs are kept. */
export type Readings = (connection: ConnectionId) => Promise<readonly number[]>;

export interface DiffRequest {
  readonly store: Pick<Store, "read" | "kind">;
  readonly readings: Readings;
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
  yield { ranges: ranges.map(({ from, to, ...range }) => ({ ...range, from: from === null ? null : isoTime(from), to: to === null ? null : isoTime(to) })) };
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

async function rangeOf({ readings, from, to, now }: DiffRequest, connection: ConnectionId): Promise<Range> {
  if (from !== null) return { connection, from, to: to ?? now, basis: "moments", note: null };
  const ended = (await readings(connection)).filter((at) => to === null || at <= to);
  const [last = null, before = null] = ended;
  if (last === null) return { connection, from: null, to: null, basis: "readings", note: "No reading of its users has ended yet." };
  if (before === null) return { connection, from: null, to: last, basis: "readings", note: "There is one completed reading only: its history begins there." };
  return { connection, from: before, to: to ?? last, basis: to === null ? "readings" : "moments", note: null };
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
