/**
 * Queues facts: one outbox row for each destination of the fact's tenant that wants it, in the transaction that made the fact true. The row's
 * id is a hash of tenant, kind, key, version and destination, so that whoever queues the same fact again adds nothing.
 */
import { hash } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { BulkUpsert, Tx } from "../store/store.ts";
import { tables } from "./tables.ts";

/** Of one body as JSON text; so that a batch of them stays small. */
export const LARGEST_BODY_BYTES = 1_048_576;

const KIND = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;
const PATTERN = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*(\.\*)?$/;

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
    { name: "bytes", type: "integer" },
    { name: "state", type: "text" },
    { name: "attempts", type: "integer" },
    { name: "replays", type: "integer" },
    { name: "queued_at", type: "integer" },
    { name: "next_at", type: "integer" },
  ],
  key: ["id"],
  update: [],
};

export function createQueueFact(clock: Clock): QueueFact<Tx> {
  return async (tx, ...facts) => {
    const now = clock.now();
    const known = new Map<TenantId, readonly Wanting[]>();
    const rows: (string | number)[][] = [];
    for (const fact of facts) {
      checkFact(fact);
      const destinations = known.get(fact.tenant) ?? (await destinationsOf(tx, fact.tenant));
      known.set(fact.tenant, destinations);
      const wanting = destinations.filter((destination) => wants(destination.facts, fact.kind));
      if (wanting.length === 0) continue;
      const body = bodyText(fact);
      for (const { id } of wanting) rows.push([deliveryId(fact, id), id, fact.tenant, fact.kind, fact.key, String(fact.version), fact.orderKey, body, Buffer.byteLength(body), "queued", 0, 0, now, 0]);
    }
    if (rows.length > 0) await tx.bulkUpsert(ROW, rows);
  };
}

interface Wanting {
  readonly id: string;
  readonly facts: readonly string[] | null;
}

async function destinationsOf(tx: Tx, tenant: TenantId): Promise<readonly Wanting[]> {
  const rows = await tables(tx.db).selectFrom("destinations").select(["id", "facts"]).where("tenant_id", "=", tenant).where("removed_at", "is", null).orderBy("id").execute();
  return rows.map(({ id, facts }) => ({ id, facts: facts === null ? null : (JSON.parse(facts) as readonly string[]) }));
}

/** `dlv_` and 160 bits: no dot in it, which a webhook's signature is cut at. */
export function deliveryId(fact: Pick<Fact, "tenant" | "kind" | "key" | "version">, destination: string): string {
  const parts = [fact.tenant, fact.kind, fact.key, String(fact.version), destination];
  // Length before text, so that ("a", "bc") and ("ab", "c") differ.
  return `dlv_${hash("sha256", parts.map((part) => `${String(Buffer.byteLength(part))}:${part}`).join("|"), "hex").slice(0, 40)}`;
}

/** `facts` null = all; an entry is a kind, or `posture.*` for every kind below it. */
export function wants(facts: readonly string[] | null, kind: string): boolean {
  return facts === null || facts.some((entry) => (entry.endsWith(".*") ? kind.startsWith(entry.slice(0, -1)) : entry === kind));
}

export function isFactPattern(text: string): boolean {
  return PATTERN.test(text);
}

function checkFact(fact: Fact): void {
  if (!KIND.test(fact.kind)) throw new Fault("INTERNAL", "A fact's kind is not dotted words in lower case.");
  if (fact.key === "" || fact.orderKey === "") throw new Fault("INTERNAL", `A fact of kind ${fact.kind} has no key or no order key.`);
}

function bodyText(fact: Fact): string {
  const body = JSON.stringify(fact.body);
  if (Buffer.byteLength(body) > LARGEST_BODY_BYTES) throw new Fault("RECORD_INVALID", `A fact of kind ${fact.kind} is larger than 1 MB and cannot be queued.`, { details: { kind: fact.kind, bytes: Buffer.byteLength(body) } });
  return body;
}
