/**
 * Queues facts: one outbox row for each destination that wants the fact, in the transaction that made it true. The row's id is a hash of
 * tenant, kind, key, version and destination, so that whoever queues the same fact again adds nothing. A fact about a record that cannot be
 * sent is parked at once, with the reason: it fails nothing.
 */
import { hash } from "node:crypto";
import { sql } from "kysely";
import type { Clock } from "../kernel/clock.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import { Fault, type FaultCode } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import { textList } from "../store/conditions.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { wants, type Wants } from "./filter.ts";
import { LARGEST_DELIVERY_BYTES, looksLikeObject, NO_OBJECT, onOneLine, storeRecords, type RecordToStore } from "./records.ts";
import { tables, type DestinationRow } from "./tables.ts";

/** Of one body as JSON text, its record not counted. */
export const LARGEST_BODY_BYTES = 1_048_576;

const KIND = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;

const ROW: BulkUpsert = {
  table: "outbox",
  columns: [
    { name: "id", type: "text" },
    { name: "destination_id", type: "text" },
    { name: "tenant_id", type: "text" },
    { name: "kind", type: "text" },
    { name: "fact_key", type: "text" },
    { name: "version", type: "text" },
    { name: "order_key", type: "text" },
    { name: "body", type: "text" },
    { name: "record_id", type: "text" },
    { name: "bytes", type: "integer" },
    { name: "state", type: "text" },
    { name: "attempts", type: "integer" },
    { name: "replays", type: "integer" },
    { name: "queued_at", type: "integer" },
    { name: "next_at", type: "integer" },
    { name: "ended_at", type: "integer" },
    { name: "code", type: "text" },
    { name: "reason", type: "text" },
  ],
  key: ["id"],
  update: [],
};

interface Wanting extends Wants {
  readonly id: string;
}

interface Bound {
  readonly id: string;
  readonly destination: string;
  readonly fact: Fact;
}

/** For one destination that was chosen for these facts, whatever it gets besides. */
export function createQueueFor(clock: Clock): (destination: string) => QueueFact<Tx> {
  return (destination) => async (tx, ...facts) => {
    for (const fact of facts) checkFact(fact);
    await write(tx, await fresh(tx, facts.map((fact) => ({ id: deliveryId(fact, destination), destination, fact }))), clock.now());
  };
}

/** `only`: for one destination alone, where it wants the fact; the others have heard of it. */
export function createQueueFact(clock: Clock, only?: string): QueueFact<Tx> {
  return async (tx, ...facts) => {
    const known = new Map<TenantId, readonly Wanting[]>();
    const bound: Bound[] = [];
    for (const fact of facts) {
      checkFact(fact);
      const destinations = known.get(fact.tenant) ?? (await destinationsOf(tx, fact.tenant));
      known.set(fact.tenant, destinations);
      for (const destination of destinations) if ((only === undefined || destination.id === only) && wants(destination, fact)) bound.push({ id: deliveryId(fact, destination.id), destination: destination.id, fact });
    }
    if (bound.length > 0) await write(tx, await fresh(tx, bound), clock.now());
  };
}

/** Without those that are in the outbox already, where they would store a record again that nothing refers to. */
async function fresh(tx: Tx, bound: readonly Bound[]): Promise<readonly Bound[]> {
  if (bound.every(({ fact }) => fact.source === undefined)) return bound;
  const { rows } = await sql<{ id: string }>`SELECT id FROM outbox WHERE id IN ${textList(tx.kind, bound.map(({ id }) => id))}`.execute(tx.db);
  const there = new Set(rows.map(({ id }) => id));
  return bound.filter(({ id }) => !there.has(id));
}

async function write(tx: Tx, bound: readonly Bound[], now: number): Promise<void> {
  const made = new Map<Fact, Made>();
  const rows = bound.map(({ id, destination, fact }) => {
    const one = made.get(fact) ?? make(fact);
    made.set(fact, one);
    const { refusal } = one;
    const ends = refusal === null ? ["queued", 0, 0, now, 0, null, null, null] : ["parked", 0, 0, now, 0, now, refusal.code, refusal.reason];
    return [id, destination, fact.tenant, fact.kind, fact.key, String(fact.version), fact.orderKey, one.body, one.record?.id ?? null, one.bytes, ...ends];
  });
  await storeRecords(tx, [...made.values()].flatMap(({ record }) => (record === null ? [] : [record])), now);
  if (rows.length > 0) await tx.bulkUpsert(ROW, rows);
}

interface Made {
  readonly body: string;
  readonly record: RecordToStore | null;
  readonly bytes: number;
  readonly refusal: { readonly code: FaultCode; readonly reason: string } | null;
}

function make(fact: Fact): Made {
  const body = JSON.stringify(fact.body);
  const bodyBytes = Buffer.byteLength(body);
  if (bodyBytes > LARGEST_BODY_BYTES) throw new Fault("RECORD_INVALID", `A fact of kind ${fact.kind} is larger than 1 MB and cannot be queued.`, { details: { kind: fact.kind, bytes: bodyBytes } });
  const { source } = fact;
  if (source === undefined) return { body, record: null, bytes: bodyBytes, refusal: null };
  const raw = onOneLine(source.raw.trim());
  const bytes = bodyBytes + Buffer.byteLength(raw);
  return { body, record: { id: factId(fact), fact, source, raw }, bytes, refusal: refusalOf(raw, bytes) };
}

function refusalOf(raw: string, bytes: number): Made["refusal"] {
  if (bytes > LARGEST_DELIVERY_BYTES) return { code: "DELIVERY_TOO_LARGE", reason: `With its record it is ${(bytes / 1e6).toFixed(1)} MB; up to ${(LARGEST_DELIVERY_BYTES / 1e6).toFixed(1)} MB are sent.` };
  if (!looksLikeObject(raw)) return { code: "RECORD_INVALID", reason: NO_OBJECT };
  return null;
}

async function destinationsOf(tx: Tx, tenant: TenantId): Promise<readonly Wanting[]> {
  const rows = await tables(tx.db)
    .selectFrom("destinations")
    .select(["id", "tenant_id", "tenants", "facts", "filter"])
    .where("removed_at", "is", null)
    .where((where) => where.or([where("tenant_id", "=", tenant), where("tenants", "is not", null)]))
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ id: row.id, ...wantsOf(row) }));
}

export function wantsOf(row: Pick<DestinationRow, "tenant_id" | "tenants" | "facts" | "filter">): Wants {
  return {
    tenant: row.tenant_id as TenantId,
    tenants: row.tenants === null ? null : (JSON.parse(row.tenants) as readonly string[]),
    facts: row.facts === null ? null : (JSON.parse(row.facts) as readonly string[]),
    filter: row.filter === null ? null : (JSON.parse(row.filter) as Wants["filter"]),
  };
}

type Identity = Pick<Fact, "tenant" | "kind" | "key" | "version">;

/** `dlv_` and 160 bits: no dot in it, which a webhook's signature is cut at. */
export function deliveryId(fact: Identity, destination: string): string {
  return `dlv_${digest([fact.tenant, fact.kind, fact.key, String(fact.version), destination])}`;
}

function factId(fact: Identity): string {
  return `fct_${digest([fact.tenant, fact.kind, fact.key, String(fact.version)])}`;
}

/** Length before text, so that ("a", "bc") and ("ab", "c") differ. */
function digest(parts: readonly string[]): string {
  return hash("sha256", parts.map((part) => `${String(Buffer.byteLength(part))}:${part}`).join("|"), "hex").slice(0, 40);
}

function checkFact(fact: Fact): void {
  if (!KIND.test(fact.kind)) throw new Fault("INTERNAL", "A fact's kind is not dotted words in lower case.");
  if (fact.key === "" || fact.orderKey === "") throw new Fault("INTERNAL", `A fact of kind ${fact.kind} has no key or no order key.`);
  if (fact.source !== undefined && Object.hasOwn(fact.body, "record")) throw new Fault("INTERNAL", `A fact of kind ${fact.kind} tells of a record and has another \`record\` of its own.`);
}
