/**
 * Destinations: add, look up, test, rotate, remove. Every query takes the caller's tenant scope first; what is absent and what is another
 * tenant's look the same. All configuration is sealed; lists show only what its kind says is no secret.
 */
import { hash } from "node:crypto";
import { sql } from "kysely";
import { Compile } from "typebox/compile";
import { LOOK_BACK_DAYS } from "../kernel/alert-api.ts";
import { isoTime, type Clock } from "../kernel/clock.ts";
import type { DeliveryFormat, DestinationAdded, DestinationChange, DestinationDraft, DestinationFilter, DestinationTest, DestinationView } from "../kernel/delivery-api.ts";
import { asFault, Fault } from "../kernel/fault.ts";
import { newId, type ConnectionId, type TenantId } from "../kernel/ids.ts";
import type { AuditDetails } from "../kernel/route.ts";
import { notFound, oneByReference } from "../kernel/reference.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { revokeLeases } from "../store/lease.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import type { OpenDestination } from "./deliverer.ts";
import type { Admitted, Destination, DestinationKind } from "./destination.ts";
import { prepare, type QueuedFact } from "./document.ts";
import { EVERY, isFactPattern } from "./filter.ts";
import { BATCH, leaseName } from "./outbox.ts";
import { deliveryId, wantsOf } from "./queue.ts";
import { tables, withinScope, type DestinationRow } from "./tables.ts";

/** Where sealed configuration is kept; the vault's, as the composition gives it. */
export interface Sealer {
  seal(tx: Tx, owner: SealedOwner, secret: Secret): Promise<void>;
  open(db: Database, owner: SealedOwner): Promise<Secret>;
  destroy(tx: Tx, destination: string): Promise<void>;
}

export interface SealedOwner {
  readonly tenant: TenantId;
  readonly destination: string;
}

export interface RegistryPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly kinds: readonly DestinationKind[];
  /** Whom a new destination belongs to: the tenant named, or the one there is no doubt about. NOT_FOUND outside the scope. */
  tenantFor(db: Database, scope: TenantScope, reference: string | undefined): Promise<TenantId>;
  /** A tenant or a connection by name or id. NOT_FOUND outside the scope. */
  findTenant(db: Database, scope: TenantScope, reference: string): Promise<TenantId>;
  findConnection(scope: TenantScope, reference: string): Promise<ConnectionId>;
}

export type Recorder = (tx: Tx, details: AuditDetails) => Promise<void>;
export type Registry = ReturnType<typeof createRegistry>;

const CHECK_WITHIN_MS = 15_000;
const TEST_KIND = "vedette.test";
const TEST_WITHIN_MS = 30_000;
// Controls, line separators and bidirectional overrides: a name is shown on terminals and in logs.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

export function createRegistry(ports: RegistryPorts) {
  const { store, clock, sealer } = ports;
  const kinds = new Map(ports.kinds.map((kind) => [kind.id, { kind, config: Compile(kind.config) }]));

  function known(id: string): { readonly kind: DestinationKind; readonly config: { Errors(value: unknown): readonly { readonly instancePath: string; readonly message: string }[] } } {
    const found = kinds.get(id);
    if (found === undefined) throw new Fault("CONFIG_INVALID", `There is no kind of destination of that name; there are ${[...kinds.keys()].join(", ")}.`);
    return found;
  }

  function owner(row: Pick<DestinationRow, "id" | "tenant_id">): SealedOwner {
    return { tenant: row.tenant_id as TenantId, destination: row.id };
  }

  async function list(scope: TenantScope): Promise<readonly DestinationView[]> {
    const rows = await tables(store.read).selectFrom("destinations").selectAll().where("removed_at", "is", null).where(withinScope(scope)).orderBy("name").orderBy("id").execute();
    return views(rows);
  }

  async function get(scope: TenantScope, reference: string): Promise<DestinationView> {
    return viewOf(await destinationRow(store.read, scope, reference));
  }

  async function viewOf(row: DestinationRow): Promise<DestinationView> {
    const [view] = await views([row]);
    if (view === undefined) throw notFound("destination", "vedette destinations list");
    return view;
  }

  async function views(rows: readonly DestinationRow[]): Promise<readonly DestinationView[]> {
    const counts = await countsOf(store.read, rows.map((row) => row.id));
    return rows.map((row) => {
      const { facts, filter, tenants } = wantsOf(row);
      const { queued, parked, oldestQueuedAt } = counts.get(row.id) ?? NOTHING;
      return {
        id: row.id,
        tenant: row.tenant_id,
        name: row.name,
        kind: row.kind,
        facts: facts === null ? null : [...facts],
        filter,
        tenants: [row.tenant_id, ...(tenants ?? [])],
        format: row.format as DeliveryFormat,
        lookBackDays: row.look_back_days,
        shown: JSON.parse(row.shown) as DestinationView["shown"],
        repeats: kinds.get(row.kind)?.kind.repeats ?? "visible",
        createdAt: isoTime(row.created_at),
        deliveredAt: row.delivered_at === null ? null : isoTime(row.delivered_at),
        fault: row.failing_since === null ? null : { code: row.fault_code ?? "INTERNAL", reason: row.fault_reason ?? "", since: isoTime(row.failing_since) },
        pausedAt: row.paused_at === null ? null : isoTime(row.paused_at),
        queued,
        parked,
        delivered: row.delivered,
        oldestQueuedAt: oldestQueuedAt === null ? null : isoTime(oldestQueuedAt),
      };
    });
  }

  async function add(scope: TenantScope, draft: DestinationDraft, signal: AbortSignal, record: Recorder): Promise<DestinationAdded> {
    const name = checkedName(draft.name);
    const { kind, config } = known(draft.kind);
    const facts = draft.facts === undefined ? (kind.facts ?? null) : checkedFacts(draft.facts);
    const [wrong] = config.Errors(draft.config);
    if (wrong !== undefined) throw new Fault("CONFIG_INVALID", `config${wrong.instancePath} ${wrong.message}.`, { details: { at: `config${wrong.instancePath}` }, cure: "docs/delivery.md shows what each kind of destination takes." });
    const tenant = await ports.tenantFor(store.read, scope, draft.tenant);
    const tenants = draft.tenants === undefined ? null : await furtherTenants(scope, tenant, draft.tenants);
    const filter = draft.filter === undefined ? null : await resolved(scope, draft.filter);
    const admitted = kind.admit(draft.config, tenant);
    const opened = kind.open(admitted.settings, tenant);
    await using(opened, () => opened.check(AbortSignal.any([signal, AbortSignal.timeout(CHECK_WITHIN_MS)])));
    const row: DestinationRow = {
      id: newId("destination", clock.now()),
      tenant_id: tenant,
      name,
      kind: kind.id,
      facts: facts === null ? null : JSON.stringify(facts),
      tenants: tenants === null ? null : JSON.stringify(tenants),
      filter: filter === null ? null : JSON.stringify(filter),
      format: draft.format ?? kind.format,
      look_back_days: draft.lookBackDays ?? LOOK_BACK_DAYS,
      shown: JSON.stringify(admitted.shown),
      place_hash: placeHash(kind, admitted),
      revision: 1,
      created_at: clock.now(),
      removed_at: null,
      delivered_at: null,
      delivered: 0,
      failing_since: null,
      fault_code: null,
      fault_reason: null,
      paused_at: null,
    };
    await store.tx(async (tx) => {
      await ports.tenantFor(tx.db, scope, tenant);
      await refuseTaken(tx.db, row);
      await tables(tx.db).insertInto("destinations").values(row).execute();
      await sealer.seal(tx, owner(row), new Secret(admitted.settings));
      await record(tx, { subject: row.id, tenant, details: { name, kind: kind.id } });
    });
    return { destination: await viewOf(row), secret: admitted.secret };
  }

  async function furtherTenants(scope: TenantScope, own: TenantId, references: readonly string[]): Promise<readonly string[]> {
    if (references.includes(EVERY)) {
      // Tenants that are yet to come are among them.
      if (scope.all) return [EVERY];
      throw new Fault("FORBIDDEN", "A key limited to certain tenants cannot speak for all of them.", { cure: "Name the tenants." });
    }
    const found = new Set<string>();
    for (const reference of references) found.add(await ports.findTenant(store.read, scope, reference));
    found.delete(own);
    return [...found];
  }

  /** With connections by their ids. */
  async function resolved<Filter extends FilterChange>(scope: TenantScope, filter: Filter): Promise<Filter> {
    if (isLeft(filter.connections)) return filter;
    const connections: string[] = [];
    for (const reference of filter.connections) connections.push(await ports.findConnection(scope, reference));
    return { ...filter, connections: [...new Set(connections)] };
  }

  /** Sends one fact of the kind `vedette.test`, or the one given, now, past the queue, and says what the other side made of it. */
  async function test(scope: TenantScope, reference: string, signal: AbortSignal, record: Recorder, told: { readonly kind: string; readonly body: Readonly<Record<string, unknown>> } | null = null): Promise<DestinationTest> {
    const row = await destinationRow(store.read, scope, reference);
    const opened = await openRow(row);
    const startedAt = clock.monotonic();
    const version = newId("destination", clock.now());
    const id = deliveryId({ tenant: row.tenant_id as TenantId, kind: told?.kind ?? TEST_KIND, key: row.id, version }, row.id);
    const fact: QueuedFact = { id, tenant: row.tenant_id as TenantId, kind: told?.kind ?? TEST_KIND, key: row.id, version, orderKey: row.id, queuedAt: clock.now(), body: JSON.stringify(told?.body ?? { destination: row.name, message: "A test of this destination." }), record: null };
    const { delivery } = prepare(fact, opened.format, opened.timed);
    if (delivery === null) throw new Fault("INTERNAL", "A test cannot be written in the destination's format.");
    const receipt = await using(opened.destination, async () => (await opened.destination.send([delivery], AbortSignal.any([signal, AbortSignal.timeout(TEST_WITHIN_MS)])))[0]);
    if (receipt === undefined) throw new Fault("INTERNAL", "The destination gave no receipt.");
    await store.tx((tx) => record(tx, { subject: row.id, tenant: row.tenant_id, details: { name: row.name, outcome: receipt.outcome } }));
    const trouble = receipt.outcome === "accepted" ? { code: null, reason: null } : { code: receipt.code, reason: receipt.reason };
    return { outcome: receipt.outcome, id, ...trouble, ms: Math.max(0, Math.round(clock.monotonic() - startedAt)) };
  }

  /** A new signing secret; the old one is used beside it for `keepMs`. */
  async function rotate(scope: TenantScope, reference: string, given: string | null, keepMs: number, record: Recorder): Promise<DestinationAdded> {
    const before = await destinationRow(store.read, scope, reference);
    const { kind } = known(before.kind);
    const { rotate: turn } = kind;
    if (turn === undefined) throw new Fault("CONFIG_INVALID", `Destinations of the kind ${kind.id} have no secret.`);
    const { row, secret } = await store.tx(async (tx) => {
      const found = await destinationRow(tx.db, scope, before.id);
      const admitted = turn((await sealer.open(tx.db, owner(found))).reveal(), given, clock.now() + keepMs);
      const changed = { shown: JSON.stringify(admitted.shown), place_hash: placeHash(kind, admitted), revision: found.revision + 1 };
      await tables(tx.db).updateTable("destinations").set(changed).where("id", "=", found.id).execute();
      await sealer.seal(tx, owner(found), new Secret(admitted.settings));
      await record(tx, { subject: found.id, tenant: found.tenant_id, details: { name: found.name, keepHours: keepMs / 3_600_000 } });
      return { row: { ...found, ...changed }, secret: admitted.secret };
    });
    return { destination: await viewOf(row), secret };
  }

  /** What it gets from now on, and its name. Where it leads and in which format stays: a delivery is the same in every attempt. */
  async function change(scope: TenantScope, reference: string, wish: DestinationChange, record: Recorder): Promise<DestinationView> {
    const before = await destinationRow(store.read, scope, reference);
    const fields = Object.keys(wish).toSorted();
    if (fields.length === 0) throw new Fault("CONFIG_INVALID", "Nothing says what to change.", { cure: "Give a name, facts, tenants, a filter or paused; null lifts a condition." });
    const name = wish.name === undefined ? undefined : checkedName(wish.name);
    const facts = isLeft(wish.facts) ? wish.facts : JSON.stringify(checkedFacts(wish.facts));
    const tenants = isLeft(wish.tenants) ? wish.tenants : JSON.stringify(await furtherTenants(scope, before.tenant_id as TenantId, wish.tenants));
    const given = isLeft(wish.filter) ? wish.filter : await resolved(scope, wish.filter);
    const row = await store.tx(async (tx) => {
      const found = await destinationRow(tx.db, scope, before.id);
      if (name !== undefined && name !== found.name) await refuseTakenName(tx.db, found.tenant_id, name);
      const changed = {
        ...(name === undefined ? {} : { name }),
        ...(facts === undefined ? {} : { facts }),
        ...(tenants === undefined ? {} : { tenants }),
        // Nothing is known to be wrong with what is not asked: that is found out again when it goes on.
        ...(wish.paused === undefined ? {} : wish.paused ? { paused_at: found.paused_at ?? clock.now(), failing_since: null, fault_code: null, fault_reason: null } : { paused_at: null }),
        ...(given === undefined ? {} : { filter: given === null ? null : changedFilter(wantsOf(found).filter, given) }),
      };
      await tables(tx.db).updateTable("destinations").set(changed).where("id", "=", found.id).execute();
      await record(tx, { subject: found.id, tenant: found.tenant_id, details: { name: name ?? found.name, fields: fields.join(", ") } });
      return { ...found, ...changed };
    });
    return viewOf(row);
  }

  /** Its secret is gone at once; what was queued for it is erased in the background. */
  async function remove(scope: TenantScope, reference: string, record: Recorder): Promise<void> {
    await store.tx(async (tx) => {
      const row = await destinationRow(tx.db, scope, reference);
      await tables(tx.db).updateTable("destinations").set({ removed_at: clock.now() }).where("id", "=", row.id).execute();
      await sealer.destroy(tx, row.id);
      await revokeLeases(tx, leaseName(row.id));
      await record(tx, { subject: row.id, tenant: row.tenant_id, details: { name: row.name } });
    });
  }

  async function openRow(row: DestinationRow): Promise<OpenDestination> {
    const settings = await sealer.open(store.read, owner(row));
    const { kind } = known(row.kind);
    return { revision: row.revision, destination: kind.open(settings.reveal(), row.tenant_id as TenantId), format: row.format as DeliveryFormat, timed: kind.timed === true, batch: kind.batch ?? BATCH };
  }

  async function alive(id: string): Promise<DestinationRow | undefined> {
    return tables(store.read).selectFrom("destinations").selectAll().where("id", "=", id).where("removed_at", "is", null).executeTakeFirst();
  }

  return {
    list,
    get,
    add,
    test,
    rotate,
    change,
    remove,
    async revision(id: string): Promise<number | undefined> {
      const row = await alive(id);
      return row === undefined || row.paused_at !== null ? undefined : row.revision;
    },
    async open(id: string): Promise<OpenDestination | undefined> {
      const row = await alive(id);
      return row === undefined ? undefined : openRow(row);
    },
  };
}

function placeHash(kind: DestinationKind, { place }: Admitted): string {
  return hash("sha256", `${kind.id} ${place}`, "hex");
}

interface Counts {
  readonly queued: number;
  readonly parked: number;
  /** Milliseconds. */
  readonly oldestQueuedAt: number | null;
}

const NOTHING: Counts = { queued: 0, parked: 0, oldestQueuedAt: null };

/** Each from the index of its state; the oldest is the first in line. */
async function countsOf(db: Database, ids: readonly string[]): Promise<ReadonlyMap<string, Counts>> {
  const counts = new Map<string, Counts>();
  for (const id of ids) {
    const { rows } = await sql<{ queued: number; parked: number; oldest: number | null }>`
      SELECT (SELECT count(*) FROM outbox WHERE destination_id = ${id} AND state = 'queued') AS queued,
        (SELECT count(*) FROM outbox WHERE destination_id = ${id} AND state = 'parked') AS parked,
        (SELECT queued_at FROM outbox WHERE destination_id = ${id} AND state = 'queued' ORDER BY seq LIMIT 1) AS oldest`.execute(db);
    const [row] = rows;
    if (row !== undefined) counts.set(id, { queued: row.queued, parked: row.parked, oldestQueuedAt: row.oldest });
  }
  return counts;
}

/** By id, or by name where one visible destination has it. */
export async function destinationRow(db: Database, scope: TenantScope, reference: string): Promise<DestinationRow> {
  const rows = await tables(db)
    .selectFrom("destinations")
    .selectAll()
    .where("removed_at", "is", null)
    .where(withinScope(scope))
    .where((where) => where.or([where("id", "=", reference), where("name", "=", reference)]))
    .orderBy("id")
    .limit(3)
    .execute();
  return oneByReference(rows, reference, "destination", "vedette destinations list");
}

async function refuseTaken(db: Database, row: DestinationRow): Promise<void> {
  await refuseTakenName(db, row.tenant_id, row.name);
  const twin = await tables(db).selectFrom("destinations").select("name").where("tenant_id", "=", row.tenant_id).where("removed_at", "is", null).where("place_hash", "=", row.place_hash).executeTakeFirst();
  if (twin !== undefined) throw new Fault("ALREADY_EXISTS", `The destination ${JSON.stringify(twin.name)} leads to the same place already.`, { cure: "Remove it first, or change what it gets." });
}

async function refuseTakenName(db: Database, tenant: string, name: string): Promise<void> {
  const same = await tables(db).selectFrom("destinations").select("name").where("tenant_id", "=", tenant).where("removed_at", "is", null).where("name", "=", name).executeTakeFirst();
  if (same !== undefined) throw new Fault("ALREADY_EXISTS", "That destination name is taken.");
}

/** Not named, or lifted. */
function isLeft(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

type FilterChange = NonNullable<DestinationChange["filter"]>;

/** As it is stored: null where nothing is left of it. */
function changedFilter(before: DestinationFilter | null, given: FilterChange): string | null {
  const left = Object.entries({ ...before, ...given }).filter(([, value]) => value !== null && value !== undefined);
  return left.length === 0 ? null : JSON.stringify(Object.fromEntries(left));
}

function checkedName(text: string): string {
  const name = text.trim();
  if (name === "" || name.length > 100 || UNPRINTABLE.test(name)) throw new Fault("CONFIG_INVALID", "A destination's name has 1 to 100 characters and no control characters.");
  if (name.startsWith("dst_")) throw new Fault("CONFIG_INVALID", "A destination's name cannot begin like an id (dst_).");
  return name;
}

function checkedFacts(facts: readonly string[]): readonly string[] {
  const wrong = facts.findIndex((entry) => !isFactPattern(entry));
  if (wrong !== -1) throw new Fault("CONFIG_INVALID", `facts/${String(wrong)} is not a kind of fact.`, { cure: "Write `posture.verdict-changed`, or `posture.*` for all of a capability." });
  return [...new Set(facts)];
}

async function using<T>(destination: Destination, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await destination.close().catch((error: unknown) => asFault(error));
  }
}
