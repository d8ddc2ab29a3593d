/** HTTP routes of destinations and deliveries. */
import Type from "typebox";
import { Ok } from "../kernel/api.ts";
import type { Clock } from "../kernel/clock.ts";
import { DeliveryDetail, DeliveryReplay, DeliveryReplayed, DeliveryState, DeliveryView, DestinationAdded, DestinationChange, DestinationDraft, DestinationTest, DestinationView } from "../kernel/delivery-api.ts";
import { momentAt } from "../kernel/moments.ts";
import { Throughput, ThroughputQuery } from "../kernel/plot-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { Store, Tx } from "../store/store.ts";
import { listDeliveries, replayDeliveries, showDelivery } from "./deliveries.ts";
import type { Registry } from "./registry.ts";
import { throughputOf } from "./throughput.ts";

export interface DeliveryRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly registry: Registry;
}

const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200, description: "Id, or name where it is the only one." }) });
const ByDelivery = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) });
const Reading = "reads only";
const DESTINATIONS = "/api/v1/destinations";
const DELIVERIES = "/api/v1/deliveries";
const HOUR = 3_600_000;
const KEPT_HOURS = 24;
const DEFAULT_PAGE = 100;
const End = Type.Null({ description: "There is no further page." });

export function deliveryRoutes(deps: DeliveryRouteDeps): readonly Route<Tx>[] {
  return [...destinationRoutes(deps), ...outboxRoutes(deps)];
}

function destinationRoutes({ registry }: DeliveryRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: DESTINATIONS,
      summary: "All destinations",
      permission: "destinations.read",
      audit: unaudited(Reading),
      answer: Type.Object({ items: Type.Array(DestinationView), next: End }),
      handle: async (_input, { scope }: RouteContext<Tx>) => ({ items: [...(await registry.list(scope))], next: null }),
    }),
    defineRoute({
      method: "POST",
      path: DESTINATIONS,
      summary: "Add a destination; its signing secret, where it has one, is shown this once",
      permission: "destinations.write",
      audit: audited("destination.added"),
      body: DestinationDraft,
      answer: DestinationAdded,
      handle: ({ body }, { scope, signal, record }: RouteContext<Tx>) => registry.add(scope, body, signal, record),
    }),
    defineRoute({
      method: "GET",
      path: `${DESTINATIONS}/:id`,
      summary: "One destination",
      permission: "destinations.read",
      audit: unaudited(Reading),
      params: ById,
      answer: DestinationView,
      handle: ({ params }, { scope }: RouteContext<Tx>) => registry.get(scope, params.id),
    }),
    defineRoute({
      method: "PATCH",
      path: `${DESTINATIONS}/:id`,
      summary: "Change what a destination gets from now on, its name, or whether anything is sent; null lifts a condition",
      permission: "destinations.write",
      audit: audited("destination.changed"),
      params: ById,
      body: DestinationChange,
      answer: DestinationView,
      handle: ({ params, body }, { scope, record }: RouteContext<Tx>) => registry.change(scope, params.id, body, record),
    }),
    defineRoute({
      method: "POST",
      path: `${DESTINATIONS}/:id/test`,
      summary: "Send one test fact now and say what became of it",
      permission: "destinations.write",
      audit: audited("destination.tested"),
      params: ById,
      answer: DestinationTest,
      handle: ({ params }, { scope, signal, record }: RouteContext<Tx>) => registry.test(scope, params.id, signal, record),
    }),
    defineRoute({
      method: "POST",
      path: `${DESTINATIONS}/:id/rotate`,
      summary: "A new signing secret; the old one signs too for some hours",
      permission: "destinations.write",
      audit: audited("destination.rotated"),
      params: ById,
      body: Type.Object({ secret: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })), keepHours: Type.Optional(Type.Integer({ minimum: 0, maximum: 720 })) }),
      answer: DestinationAdded,
      handle: ({ params, body }, { scope, record }: RouteContext<Tx>) => registry.rotate(scope, params.id, body.secret ?? null, (body.keepHours ?? KEPT_HOURS) * HOUR, record),
    }),
    defineRoute({
      method: "DELETE",
      path: `${DESTINATIONS}/:id`,
      summary: "Destroy its secret and forget what was queued for it",
      permission: "destinations.write",
      audit: audited("destination.removed"),
      params: ById,
      answer: Ok,
      async handle({ params }, { scope, record }: RouteContext<Tx>) {
        await registry.remove(scope, params.id, record);
        return { ok: true as const };
      },
    }),
  ];
}

function outboxRoutes({ store, clock, registry }: DeliveryRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: DELIVERIES,
      summary: "Deliveries, newest first",
      permission: "deliveries.read",
      audit: unaudited(Reading),
      query: Type.Object({
        destination: Type.Optional(Type.String()),
        state: Type.Optional(DeliveryState),
        kind: Type.Optional(Type.String()),
        after: Type.Optional(Type.String()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      }),
      answer: Type.Object({ items: Type.Array(DeliveryView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query: { limit, ...filter } }, { scope }: RouteContext<Tx>) {
        const { items, next } = await listDeliveries(scope, store, { ...filter, limit: limit ?? DEFAULT_PAGE });
        return { items: [...items], next };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${DELIVERIES}/throughput`,
      summary: "How deliveries went: accepted, set aside and tried again in each period, and how long they took",
      permission: "deliveries.read",
      audit: unaudited(Reading),
      query: ThroughputQuery,
      answer: Throughput,
      async handle({ query: { destination, span = "24h" } }, { scope }: RouteContext<Tx>) {
        const destinations = destination === undefined ? await registry.list(scope) : [await registry.get(scope, destination)];
        return throughputOf(store, destinations, span, clock.now());
      },
    }),
    defineRoute({
      method: "GET",
      path: `${DELIVERIES}/:id`,
      summary: "One delivery, with the fact's data",
      permission: "deliveries.read",
      audit: unaudited("shows what its destination was or will be sent"),
      params: ByDelivery,
      answer: DeliveryDetail,
      handle: ({ params }, { scope }: RouteContext<Tx>) => showDelivery(scope, store, params.id),
    }),
    defineRoute({
      method: "POST",
      path: `${DELIVERIES}/replay`,
      summary: "Send again: these, all that is parked, or what ended in a time",
      permission: "deliveries.replay",
      audit: audited("delivery.replayed"),
      body: DeliveryReplay,
      answer: DeliveryReplayed,
      handle: ({ body: { since, until, ...wish } }, { scope, record, signal }: RouteContext<Tx>) =>
        replayDeliveries(scope, store, clock, { ...wish, ...(since === undefined ? {} : { since: momentAt("body/since", since) }), ...(until === undefined ? {} : { until: momentAt("body/until", until) }) }, record, signal),
    }),
  ];
}
