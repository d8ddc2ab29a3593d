/**
 * Hands change sets to the capabilities. Each reacts in a savepoint of its own: one that fails is undone, its changes are parked for it alone and
 * its health goes red, while the mirror and the others commit. One change set speaks of one tenant: a row that moved is gone for the old
 * tenant and inserted for the new one.
 */
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Tx } from "../store/store.ts";
import type { Capability, Change, ChangeSet, MirrorRow } from "./capability.ts";
import { type ParkedDraft, park, resolve } from "./parking.ts";

export interface Reacted {
  readonly connection: ConnectionId;
  readonly stream: StreamId;
  readonly watermark: string | null;
  readonly now: number;
  readonly codeVersion: string;
  /** Part of the stream's first read. */
  readonly firstRead?: boolean;
  /** The transaction is undone whole where a capability fails, and made again without this: nothing is set apart. */
  readonly allOrNothing?: boolean;
}

/** Hands one change set to one capability. */
type Hand = (tx: Tx, capability: Capability, set: ChangeSet, context: Reacted) => Promise<unknown>;

export function readersOf(capabilities: readonly Capability[], stream: StreamId): readonly Capability[] {
  return capabilities.filter((capability) => capability.reads.includes(stream));
}

export async function react(tx: Tx, readers: readonly Capability[], changes: readonly Change[], context: Reacted): Promise<void> {
  if (readers.length === 0 || changes.length === 0) return;
  const hand = context.allOrNothing === true ? reactWhole : reactOne;
  for (const set of changeSets(changes, context)) {
    for (const capability of readers) await hand(tx, capability, set, context);
  }
}

/** As `reactOne`, without a savepoint, which copies every page of the store that is written in it: for a transaction that is undone whole where the capability fails. */
export async function reactWhole(...[tx, capability, set, context]: Parameters<Hand>): Promise<void> {
  await capability.react(set, tx, context.now);
  await resolve(tx, set.connection, set.stream, capability.id, [...set.inserted, ...set.changed, ...set.gone].map(({ id }) => id));
}

/** True where the capability took the change set in. */
export async function reactOne(tx: Tx, capability: Capability, set: ChangeSet, context: Reacted): Promise<boolean> {
  const changes = [...set.inserted, ...set.changed, ...set.gone];
  try {
    await tx.savepoint(() => capability.react(set, tx, context.now));
  } catch (error) {
    const reason = reasonOf(error);
    await park(tx, changes.map((change) => draft(capability, set, change, reason, context)));
    await sql`
      INSERT INTO capability_health (capability, code, reason, failed_at) VALUES (${capability.id}, 'CAPABILITY_FAILED', ${reason}, ${context.now})
      ON CONFLICT (capability) DO UPDATE SET code = excluded.code, reason = excluded.reason, failed_at = excluded.failed_at`.execute(tx.db);
    return false;
  }
  await resolve(tx, set.connection, set.stream, capability.id, changes.map((change) => change.id));
  return true;
}

/** Never a record's content: a fault's own words, or the error's name. */
export function reasonOf(error: unknown): string {
  if (error instanceof Fault) return error.message;
  return error instanceof Error ? `Unexpected failure (${error.name}).` : "Unexpected failure.";
}

function draft(capability: Capability, set: ChangeSet, change: Change, reason: string, context: Reacted): ParkedDraft {
  const row = change.after ?? change.before;
  return {
    connection: set.connection,
    tenant: set.tenant,
    kind: capability.id,
    stream: set.stream,
    key: change.id,
    code: "CAPABILITY_FAILED",
    reason,
    codeVersion: context.codeVersion,
    raw: typeof row?.["raw"] === "string" ? row["raw"] : "",
    change: JSON.stringify(change),
    now: context.now,
  };
}

function changeSets(changes: readonly Change[], context: Reacted): readonly ChangeSet[] {
  const sets = new Map<TenantId, { inserted: Change[]; changed: Change[]; gone: Change[] }>();
  const of = (tenant: TenantId) => {
    const known = sets.get(tenant);
    if (known !== undefined) return known;
    const fresh = { inserted: [], changed: [], gone: [] };
    sets.set(tenant, fresh);
    return fresh;
  };
  for (const change of changes) {
    const before = tenantOf(change.before);
    const after = tenantOf(change.after);
    if (before === after && after !== null) of(after).changed.push(change);
    else {
      if (before !== null) of(before).gone.push({ id: change.id, before: change.before, after: null });
      if (after !== null) of(after).inserted.push({ id: change.id, before: null, after: change.after });
    }
  }
  const { connection, stream, watermark, firstRead } = context;
  return [...sets].map(([tenant, lists]) => ({ connection, stream, watermark, tenant, ...lists, ...(firstRead === true ? { firstRead } : {}) }));
}

function tenantOf(row: MirrorRow | null): TenantId | null {
  return row === null ? null : (String(row["tenant_id"]) as TenantId);
}
