/** An outbox on a store of its own, a destination that does what it is told, and a clock that moves when asked. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Type from "typebox";
import { openMigrated } from "../../test/support/migrated.ts";
import type { Clock } from "../kernel/clock.ts";
import type { DeliveryFormat, DestinationDraft } from "../kernel/delivery-api.ts";
import type { Fact } from "../kernel/fact.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { migrate } from "../store/migrate.ts";
import type { Store } from "../store/store.ts";
import { listDeliveries } from "./deliveries.ts";
import { Deliverer, type DelivererOptions } from "./deliverer.ts";
import type { Delivery, DestinationKind, Receipt } from "./destination.ts";
import { sendInOrder } from "./destinations/in-order.ts";
import { prepare, type QueuedFact } from "./document.ts";
import { createQueueFact } from "./queue.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { deliveryMigrations } from "./tables.ts";

export const MINE = "ten_mine" as TenantId;
export const ACCEPTED: Receipt = { outcome: "accepted" };
export const REFUSED: Receipt = { outcome: "refused", code: "DESTINATION_REFUSED", reason: "no" };

export function failed(blame: "destination" | "delivery", afterMs: number | null = null): Receipt {
  return { outcome: "again-after", afterMs, blame, code: "DESTINATION_UNREACHABLE", reason: "not now" };
}

/** As the deliverer hands it to a destination. */
export function outgoing(fact: Partial<QueuedFact> = {}, format: DeliveryFormat = "raw"): Delivery {
  const { delivery } = prepare({ id: "dlv_1", tenant: MINE, kind: "test.fact", key: "k", version: "1", orderKey: fact.key ?? "k", queuedAt: Date.UTC(2026, 10, 20), body: "{}", record: null, ...fact }, format, true);
  if (delivery === null) throw new Error("it cannot be written");
  return delivery;
}

export interface DeliveryBench {
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock & { pass(ms: number): void; set(ms: number): void };
  /** Every attempt that reached a destination, in order. */
  readonly sent: { readonly place: string; readonly delivery: Delivery }[];
  readonly batches: number[];
  /** What the next attempts are answered; all is accepted when left alone. */
  answer: (delivery: Delivery, place: string) => Receipt | Promise<Receipt>;
  readonly tellTale: string[];
  add(name: string, facts?: readonly string[], tenant?: TenantId, more?: Partial<DestinationDraft>): Promise<string>;
  queue(...facts: readonly Partial<Fact>[]): Promise<void>;
  deliverer(more?: Partial<DelivererOptions>): Deliverer;
  /** One deliverer's work to its end, as of now. */
  deliver(more?: Partial<DelivererOptions>): Promise<void>;
  states(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

export const record = async (): Promise<void> => {};

export async function openDeliveryBench(given?: Store): Promise<DeliveryBench> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-delivery-"));
  const store = given ?? (await openMigrated(join(folder, "data"), { migrations: deliveryMigrations }));
  const time = { wall: Date.UTC(2026, 10, 20), passed: 0 };
  const clock = {
    now: () => time.wall,
    monotonic: () => time.passed,
    sleep: async () => undefined,
    pass(ms: number) {
      time.wall += ms;
      time.passed += ms;
    },
    set(ms: number) {
      time.wall += ms;
    },
  };
  await migrate(store, deliveryMigrations, 0);
  const sealed = new Map<string, string>();
  let number = 0;
  const bench = {
    store,
    clock,
    sent: [] as { place: string; delivery: Delivery }[],
    batches: [] as number[],
    tellTale: [] as string[],
    answer: (() => ACCEPTED) as DeliveryBench["answer"],
  };
  const fake: DestinationKind = {
    id: "fake",
    repeats: "visible",
    format: "raw",
    config: Type.Object({ place: Type.String() }, { additionalProperties: false }),
    admit: (config) => ({ shown: {}, settings: (config as { place: string }).place, place: (config as { place: string }).place, secret: null }),
    open: (place) => ({
      check: async () => undefined,
      async send(batch, signal) {
        bench.batches.push(batch.length);
        return sendInOrder(batch, 4, signal, async (delivery) => {
          bench.sent.push({ place, delivery });
          return bench.answer(delivery, place);
        });
      },
      close: async () => void bench.tellTale.push(`closed ${place}`),
    }),
  };
  const registry = createRegistry({
    store,
    clock,
    kinds: [fake],
    sealer: {
      seal: async (_tx, { destination }, secret) => void sealed.set(destination, secret.reveal()),
      async open(_db, { destination }) {
        const text = sealed.get(destination);
        if (text === undefined) throw new Fault("NOT_FOUND", "No secret.");
        return new Secret(text);
      },
      destroy: async (_tx, destination) => void sealed.delete(destination),
    },
    tenantFor: async (_db, _scope, reference) => (reference ?? MINE) as TenantId,
    findTenant: async (_db, _scope, reference) => reference as TenantId,
    findConnection: async (_scope, reference) => reference as ConnectionId,
  });
  const queueFact = createQueueFact(clock);
  const deliverer = (more: Partial<DelivererOptions> = {}): Deliverer => new Deliverer({ store, clock, log: silentLog, holder: "one", random: () => 0.5, revision: (id) => registry.revision(id), open: (id) => registry.open(id), ...more });
  const made = new Map<string, Deliverer>();
  return Object.assign(bench, {
    registry,
    deliverer,
    async add(name: string, facts?: readonly string[], tenant: TenantId = MINE, more: Partial<DestinationDraft> = {}) {
      const added = await registry.add(EVERY_TENANT, { name, kind: "fake", config: { place: name }, tenant, ...(facts === undefined ? {} : { facts: [...facts] }), ...more }, AbortSignal.timeout(9_000), record);
      return added.destination.id;
    },
    async queue(...facts: readonly Partial<Fact>[]) {
      const whole = facts.map((fact) => {
        number += 1;
        return { tenant: MINE, kind: "test.fact", key: `k${String(number)}`, version: 1, body: { number }, orderKey: fact.key ?? `o${String(number)}`, ...fact };
      });
      await store.tx((tx) => queueFact(tx, ...whole));
    },
    async deliver(more?: Partial<DelivererOptions>) {
      const holder = more?.holder ?? "one";
      const known = made.get(holder) ?? deliverer(more);
      made.set(holder, known);
      await known.once();
    },
    async states() {
      const { items } = await listDeliveries(EVERY_TENANT, store, { limit: 1000 });
      const counted: Record<string, number> = {};
      for (const { state } of items) counted[state] = (counted[state] ?? 0) + 1;
      return counted;
    },
    async close() {
      for (const each of made.values()) await each.stop();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}
