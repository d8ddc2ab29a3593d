/**
 * A record that several connections of one console read counts once. One of its *readings* stands for it in its case; the others are kept beside it (`case_twins`), each as it would be if it were alone, and one of
 * them takes its place where it is older or leaves. Which one that is is a matter of the readings alone: it does not depend on who read first.
 */
import { sql } from "kysely";
import type { Origin } from "../alerts/index.ts";
import type { MemberStream } from "../kernel/case-api.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { viewName } from "../kernel/stream-ids.ts";
import { textList } from "../store/conditions.ts";
import type { Database, Tx } from "../store/store.ts";
import type { Kept } from "./model.ts";
import { memberRow, type KnownReadings } from "./stored.ts";

/** What a page changes, as if its connection were the only one. */
export interface Plan {
  readonly fresh: readonly Fresh[];
  readonly changed: readonly Moved[];
  readonly leaving: readonly Kept[];
}

export type Fresh = Omit<Kept, "seq" | "group">;

interface Moved {
  readonly from: Kept;
  readonly to: Kept;
}

/** The same of records, whoever reads them. */
export interface Settled extends Plan {
  /** Members that are another's record: no longer counted, and nobody's loss. */
  readonly absorbed: readonly { readonly member: Kept; readonly into: Kept }[];
  readonly twins: { readonly dropped: readonly Kept[]; readonly kept: readonly Kept[] };
}

export interface Page {
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly stream: MemberStream;
  /** Ids that the page speaks of. */
  readonly ids: readonly string[];
}

export async function settled(tx: Tx, page: Page, known: KnownReadings, plan: Plan, origin: OriginOf): Promise<Settled> {
  const alone: Settled = { ...plan, absorbed: [], twins: { dropped: [], kept: [] } };
  const strangers = [...known.members, ...known.twins].filter(({ connection }) => connection !== page.connection);
  if (strangers.length === 0) return alone;
  const shared = sharedRecords(page, known, plan, strangers, await ofOneConsole(tx, page.connection, strangers.map((one) => one.connection), origin));
  if (shared.length === 0) return alone;
  const versions = await versionsOf(tx, page.stream, shared.flatMap(({ readings }) => readings));
  const [dropped, kept]: [Kept[], Kept[]] = [[], []];
  const absorbed: Settled["absorbed"][number][] = [];
  const changed: Moved[] = [];
  for (const { members: [stays, ...others], twins, readings } of shared) {
    const [chosen, ...rest] = readings.toSorted((left, right) => inOrder(left, right, versions));
    if (stays === undefined || chosen === undefined) continue;
    const placed = (one: Fresh): Kept => ({ ...one, seq: stays.seq, group: stays.group });
    const to = { ...placed(chosen), quiet: readings.every(({ quiet }) => quiet) };
    if (isOther(stays, to)) changed.push({ from: stays, to });
    absorbed.push(...others.map((member) => ({ member, into: to })));
    const beside = rest.map(placed);
    if (beside.length === twins.length && beside.every((one) => twins.some((twin) => !isOther(twin, one)))) continue;
    dropped.push(...twins);
    kept.push(...beside);
  }
  const places = new Set(shared.map(({ id, tenant }) => keyOf(tenant, id)));
  const isAlone = ({ id, tenant }: Pick<Kept, "id" | "tenant">): boolean => !places.has(keyOf(tenant, id));
  return { fresh: plan.fresh.filter(isAlone), changed: [...plan.changed.filter(({ from }) => isAlone(from)), ...changed], leaving: plan.leaving.filter(isAlone), absorbed, twins: { dropped, kept } };
}

interface SharedRecord {
  readonly id: string;
  readonly tenant: string;
  /** Of its readings, those that are members by now, the first first: more than one where nobody knew yet that they are one record. */
  readonly members: readonly Kept[];
  readonly twins: readonly Kept[];
  /** As they stand with the page. */
  readonly readings: readonly Fresh[];
}

function sharedRecords({ connection, tenant, ids }: Page, { members, twins }: KnownReadings, { fresh, changed, leaving }: Plan, strangers: readonly Kept[], siblings: ReadonlySet<string>): readonly SharedRecord[] {
  const others = Map.groupBy(strangers, ({ id }) => id);
  const standing = new Set(members);
  const ownById = new Map([...members, ...twins].filter((one) => one.connection === connection).map((one) => [one.id, one]));
  const freshById = new Map(fresh.map((one) => [one.id, one]));
  const changedById = new Map(changed.map(({ to }) => [to.id, to]));
  const left = new Set(leaving.map(({ id }) => id));
  const found: SharedRecord[] = [];
  for (const id of new Set(ids)) {
    const own = ownById.get(id);
    // Where it is now, and where it was before it went to another tenant.
    for (const place of new Set([tenant, ...(own === undefined ? [] : [own.tenant])])) {
      const before = own?.tenant === place ? own : undefined;
      const after = place === tenant ? (freshById.get(id) ?? changedById.get(id) ?? (left.has(id) ? undefined : before)) : undefined;
      const beside = (others.get(id) ?? []).filter((one) => one.tenant === place && (one.seq === before?.seq || siblings.has(one.connection)));
      if (beside.length === 0 || (before === undefined && after === undefined)) continue;
      const known = [...(before === undefined ? [] : [before]), ...beside];
      found.push({
        id, tenant: place, members: known.filter((one) => standing.has(one)).toSorted((one, other) => one.seq - other.seq), twins: known.filter((one) => !standing.has(one)),
        readings: [...beside, ...(after === undefined ? [] : [after])],
      });
    }
  }
  return found;
}

type OriginOf = (db: Database, connection: ConnectionId) => Promise<Origin>;

/** Those of the other connections that have the same console as this one. */
export async function ofOneConsole(tx: Tx, connection: ConnectionId, others: readonly string[], origin: OriginOf): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (others.length === 0) return found;
  const { console: own } = await origin(tx.db, connection);
  for (const other of new Set(others)) if (own !== null && (await origin(tx.db, other as ConnectionId)).console === own) found.add(other);
  return found;
}

type Versions = ReadonlyMap<string, string>;

/** Of a connection, or a tenant. */
function keyOf(place: string, id: string): string {
  return `${place} ${id}`;
}

/** When the console last changed each of them, as each connection has read it. */
async function versionsOf(tx: Tx, stream: MemberStream, readings: readonly Fresh[]): Promise<Versions> {
  const versions = new Map<string, string>();
  if (stream === "agents") return versions;
  for (const [connection, of] of Map.groupBy(readings, (one) => one.connection)) {
    const { rows } = await sql<{ id: string; version: string | null }>`SELECT id, updated_at AS version FROM ${sql.table(viewName(stream))} WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, of.map(({ id }) => id))}`.execute(tx.db);
    for (const { id, version } of rows) if (version !== null) versions.set(keyOf(connection, id), version);
  }
  return versions;
}

/** What the console still has, of those the newest. Of an agent that is well again for one connection, the other has not heard yet. */
function inOrder(one: Fresh, other: Fresh, versions: Versions): number {
  const gone = Number(one.goneAt !== null) - Number(other.goneAt !== null);
  if (gone !== 0) return gone;
  const over = one.stream === "agents" ? Number(one.status !== "resolved") - Number(other.status !== "resolved") : 0;
  if (over !== 0) return over;
  const [left, right] = [versions.get(keyOf(one.connection, one.id)) ?? "", versions.get(keyOf(other.connection, other.id)) ?? ""];
  return left === right ? (one.connection < other.connection ? -1 : 1) : left < right ? 1 : -1;
}

function isOther(one: Kept, other: Kept): boolean {
  return JSON.stringify(memberRow(one)) !== JSON.stringify(memberRow(other));
}
