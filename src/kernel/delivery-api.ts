/** Shapes of destinations and deliveries in our HTTP API, shared by the routes that answer and the commands that ask. */
import Type, { type Static, type TSchema } from "typebox";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Time = Type.String({ description: "RFC 3339, UTC" });
const Count = Type.Integer({ minimum: 0 });
const Plain = Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null()]);

export const DestinationView = Type.Object({
  id: Text,
  tenant: Text,
  name: Text,
  kind: Text,
  /** Kinds of facts it gets, `posture.*` for all below; null = all. */
  facts: Nullable(Type.Array(Text)),
  /** What of its configuration is no secret. */
  shown: Type.Record(Text, Plain),
  /** What happens to a delivery that has to be sent again: `visible` destinations see it twice, under the same id. */
  repeats: Type.Union([Type.Literal("absorbed"), Type.Literal("visible")]),
  createdAt: Time,
  /** Last time something was accepted. */
  deliveredAt: Nullable(Time),
  /** Why nothing is being accepted, and since when. */
  fault: Nullable(Type.Object({ code: Text, reason: Text, since: Time })),
  queued: Count,
  parked: Count,
});
export type DestinationView = Static<typeof DestinationView>;

export const DestinationDraft = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  kind: Type.String({ minLength: 1, maxLength: 40 }),
  config: Type.Record(Text, Type.Unknown(), { description: "By kind; docs/delivery.md has each." }),
  facts: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 100 })),
  tenant: Type.Optional(Text),
});

/** `secret` is shown this once: what receivers check signatures with. */
export const DestinationAdded = Type.Object({ destination: DestinationView, secret: Nullable(Text) });
export type DestinationAdded = Static<typeof DestinationAdded>;

export const DestinationTest = Type.Object({
  outcome: Type.Union([Type.Literal("accepted"), Type.Literal("again-after"), Type.Literal("refused")]),
  /** Of the delivery that was sent. */
  id: Text,
  code: Nullable(Text),
  reason: Nullable(Text),
  ms: Count,
});
export type DestinationTest = Static<typeof DestinationTest>;

export const DeliveryState = Type.Union([Type.Literal("queued"), Type.Literal("delivered"), Type.Literal("parked")]);

export const DeliveryView = Type.Object({
  id: Text,
  destination: Text,
  tenant: Text,
  kind: Text,
  key: Text,
  version: Text,
  orderKey: Text,
  state: DeliveryState,
  /** Times it was sent since it was queued or replayed. */
  attempts: Count,
  replays: Count,
  bytes: Count,
  queuedAt: Time,
  /** Not before this it is sent again. */
  nextAt: Nullable(Time),
  /** When it was accepted or parked. */
  endedAt: Nullable(Time),
  code: Nullable(Text),
  reason: Nullable(Text),
});
export type DeliveryView = Static<typeof DeliveryView>;

/** `data` is the fact's body as JSON text; null once it is no longer kept. */
export const DeliveryDetail = Type.Object({ ...DeliveryView.properties, data: Nullable(Text) });
export type DeliveryDetail = Static<typeof DeliveryDetail>;

export const DeliveryReplay = Type.Object({
  ids: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 1000 })),
  /** All that is parked for it. */
  destination: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  /** All that is parked. */
  all: Type.Optional(Type.Literal(true)),
});
/** `skipped`: still queued, or its body is no longer kept. */
export const DeliveryReplayed = Type.Object({ replayed: Count, skipped: Count });
export type DeliveryReplayed = Static<typeof DeliveryReplayed>;
