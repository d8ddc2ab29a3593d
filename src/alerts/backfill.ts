/**
 * What a destination is told that was added when alerts had been read already: those of its look-back, oldest first, as they stand now. A page at a time with its place, so that
 * a kill costs one page; what it was told as it came meanwhile has the same id and is absorbed. Nobody else hears of it again.
 */
import { sql } from "kysely";
import type { AlertStream, EventStream, VersionKind } from "../kernel/alert-api.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { viewName } from "../kernel/stream-ids.ts";
import type { MirrorRow } from "../mirror/capability.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Tx } from "../store/store.ts";
import { factOf, type Origin } from "./facts.ts";
import { seenOf } from "./project.ts";
import type { ItemRow } from "./tables.ts";
import { firstVersion } from "./versions.ts";

/** A destination as far as alerts have to do with it. */
export interface Newcomer {
  readonly destination: string;
  /** Moments, ms: when it was added, and from when on it wants to hear. */
  readonly addedAt: number;
  readonly since: number;
  readonly streams: readonly EventStream[];
  /** Whose alerts it gets; null: everybody's. */
  readonly tenants: readonly TenantId[] | null;
}

export interface BackfillPorts {
  /** Those that want to hear of what was before them. */
  readonly newcomers: (db: Database) => Promise<readonly Newcomer[]>;
  /** For one destination alone, where it wants the fact. */
  readonly queueFor: (destination: string) => QueueFact<Tx>;
  readonly origin: (db: Database, connection: ConnectionId) => Promise<Origin>;
}

const PAGE = 200;
/** A destination is seen by those who queue a moment after it was added; what was read around then may have been told or not. */
const MARGIN_MS = 10 * 60_000;

interface Place {
  readonly of: "items" | "log" | "done";
  readonly after: readonly (string | number)[];
}

const START: Place = { of: "items", after: [] };

/** One page of one destination's; true where there is more. */
export async function backfill(tx: Tx, ports: BackfillPorts, now: number): Promise<boolean> {
  const { rows: known } = await sql<{ destination_id: string; place: string }>`SELECT destination_id, place FROM alert_backfills`.execute(tx.db);
  const places = new Map(known.map((row) => [row.destination_id, JSON.parse(row.place) as Place]));
  const newcomers = await ports.newcomers(tx.db);
  const one = newcomers.find(({ destination }) => places.get(destination)?.of !== "done");
  if (one === undefined) return false;
  const next = await page(tx, ports, one, places.get(one.destination) ?? START);
  await sql`
    INSERT INTO alert_backfills (destination_id, place, moved_at) VALUES (${one.destination}, ${JSON.stringify(next)}, ${now})
    ON CONFLICT (destination_id) DO UPDATE SET place = excluded.place, moved_at = excluded.moved_at`.execute(tx.db);
  return true;
}

async function page(tx: Tx, ports: BackfillPorts, newcomer: Newcomer, { of, after }: Place): Promise<Place> {
  const alerts = newcomer.streams.filter((stream): stream is AlertStream => stream !== "activities");
  if (of === "items" && alerts.length > 0) return itemsPage(tx, ports, newcomer, alerts, after);
  if (of === "items") return { of: "log", after: [] };
  return newcomer.streams.includes("activities") ? logPage(tx, ports, newcomer, after) : { of: "done", after: [] };
}

async function itemsPage(tx: Tx, ports: BackfillPorts, { destination, since, addedAt, tenants }: Newcomer, streams: readonly AlertStream[], after: readonly (string | number)[]): Promise<Place> {
  const behind = after.length === 0 ? sql`1 = 1` : sql`(at, seq) > (${sql.join(after)})`;
  const { rows } = await sql<ItemRow>`SELECT * FROM alert_items WHERE ${ofTenants(tenants)} AND at >= ${since} AND ${behind} ORDER BY at, seq LIMIT ${PAGE}`.execute(tx.db);
  const wanted = rows.filter((row) => row.gone_at === null && row.read_at <= addedAt + MARGIN_MS && (streams as readonly string[]).includes(row.stream));
  const facts: Fact[] = [];
  for (const [place, items] of grouped(wanted)) {
    const [connection = "", stream = ""] = place.split(" ");
    const origin = await ports.origin(tx.db, connection as ConnectionId);
    const records = await recordsOf(tx, stream as AlertStream, connection, items.map(({ id }) => id));
    const kinds = await kindsOf(tx, items.filter((item) => item.read_at > addedAt - MARGIN_MS));
    for (const item of items) {
      const record = records.get(item.id);
      if (record !== undefined) facts.push(itemFact(item, record, kinds.get(item.version) ?? "new", origin));
    }
  }
  await ports.queueFor(destination)(tx, ...inOrder(facts, wanted));
  const last = rows.at(-1);
  return rows.length < PAGE || last === undefined ? { of: "log", after: [] } : { of: "items", after: [last.at, last.seq] };
}

function ofTenants(tenants: Newcomer["tenants"]) {
  return withinScope(tenants === null ? EVERY_TENANT : onlyTenants(...tenants));
}

/** What the destination has not heard of is new to it, whatever had become of it before. */
function itemFact(item: ItemRow, record: MirrorRow, kind: VersionKind, origin: Origin): Fact {
  const { id, stream, headline } = seenOf(item.stream as AlertStream, record);
  return factOf({ tenant: item.tenant_id as TenantId, stream, id, headline, version: { version: item.version, number: item.number, kind, changes: [] }, also: [], raw: String(record["raw"] ?? "{}") }, origin);
}

/** Oldest first, over connections and streams. */
function inOrder(facts: readonly Fact[], items: readonly ItemRow[]): readonly Fact[] {
  const places = new Map(items.map((item, place) => [`${item.stream} ${item.id} ${item.version}`, place]));
  const placeOf = (fact: Fact): number => places.get(`${String(fact.body["stream"])} ${String(fact.body["id"])} ${String(fact.version)}`) ?? 0;
  return facts.toSorted((left, right) => placeOf(left) - placeOf(right));
}

function grouped(items: readonly ItemRow[]): ReadonlyMap<string, readonly ItemRow[]> {
  return Map.groupBy(items, (item) => `${item.connection_id} ${item.stream}`);
}

async function recordsOf(tx: Tx, stream: EventStream, connection: string, ids: readonly string[]): Promise<ReadonlyMap<string, MirrorRow>> {
  const { rows } = await sql<MirrorRow>`SELECT * FROM ${sql.table(viewName(stream))} WHERE connection_id = ${connection} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [String(row["id"]), row]));
}

/** Under which kind a version was told as it came, so that it is the same fact; none of a first read's. */
async function kindsOf(tx: Tx, items: readonly ItemRow[]): Promise<ReadonlyMap<string, VersionKind>> {
  const kinds = new Map<string, VersionKind>();
  for (const { connection_id: connection, stream, id, tenant_id: tenant, version } of items) {
    const { rows } = await sql<{ kind: VersionKind }>`
      SELECT kind FROM alert_versions WHERE connection_id = ${connection} AND stream = ${stream} AND alert_id = ${id} AND tenant_id = ${tenant} AND version = ${version}`.execute(tx.db);
    if (rows[0] !== undefined) kinds.set(version, rows[0].kind);
  }
  return kinds;
}

async function logPage(tx: Tx, ports: BackfillPorts, { destination, since, addedAt, tenants }: Newcomer, after: readonly (string | number)[]): Promise<Place> {
  const from = new Date(since).toISOString().replace("Z", "000Z");
  const behind = after.length === 0 ? sql`created_at >= ${from}` : sql`created_at >= ${after[0]} AND (created_at, connection_id, id) > (${sql.join(after)})`;
  const { rows } = await sql<MirrorRow>`SELECT * FROM activities WHERE ${ofTenants(tenants)} AND ${behind} ORDER BY created_at, connection_id, id LIMIT ${PAGE}`.execute(tx.db);
  const facts: Fact[] = [];
  const origins = new Map<string, Origin>();
  for (const row of rows) {
    if (Number(row["changed_at"]) > addedAt + MARGIN_MS) continue;
    const connection = String(row["connection_id"]);
    const origin = origins.get(connection) ?? (await ports.origin(tx.db, connection as ConnectionId));
    origins.set(connection, origin);
    const seen = seenOf("activities", row);
    facts.push(factOf({ tenant: String(row["tenant_id"]) as TenantId, stream: "activities", id: seen.id, headline: seen.headline, version: firstVersion(seen), also: [], raw: String(row["raw"] ?? "{}") }, origin));
  }
  await ports.queueFor(destination)(tx, ...facts);
  const last = rows.at(-1);
  return rows.length < PAGE || last === undefined ? { of: "done", after: [] } : { of: "log", after: [String(last["created_at"]), String(last["connection_id"]), String(last["id"])] };
}
