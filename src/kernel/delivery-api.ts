/** Shapes of destinations and deliveries in our HTTP API, shared by the routes that answer and the commands that ask. */
import Type, { type Static, type TSchema } from "typebox";
import { FACT_SEVERITIES } from "./fact.ts";
import { STREAM_IDS } from "./stream-ids.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Time = Type.String({ description: "RFC 3339, UTC" });
const Count = Type.Integer({ minimum: 0 });
const Plain = Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null()]);

/** `raw`: our envelope, the vendor's record in it; `record`: that record alone; the others: the record in that standard, `sekoia` as Sekoia's own intakes write it. */
export const DELIVERY_FORMATS = ["raw", "record", "ecs", "ocsf", "sekoia"] as const;
export type DeliveryFormat = (typeof DELIVERY_FORMATS)[number];
export const DeliveryFormatName = Type.Enum([...DELIVERY_FORMATS]);

const Names = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 1000 });

/** Of facts that tell of a record: all of what is named has to fit. A fact that tells of none fits no filter. */
export const DestinationFilter = Type.Object(
  {
    streams: Type.Optional(Type.Array(Type.Enum([...STREAM_IDS]), { minItems: 1, maxItems: STREAM_IDS.length })),
    /** As the vendor names them (`EDR`, `Identity`), in any case. */
    products: Type.Optional(Names),
    /** At least this; what has no severity, or one nobody knows, is let through. */
    severity: Type.Optional(Type.Enum([...FACT_SEVERITIES])),
    /** SentinelOne's ids. */
    sites: Type.Optional(Names),
    /** Ids; names are taken where a destination is added. */
    connections: Type.Optional(Names),
  },
  { additionalProperties: false },
);
export type DestinationFilter = Static<typeof DestinationFilter>;

export const DestinationView = Type.Object({
  id: Text,
  tenant: Text,
  name: Text,
  kind: Text,
  /** Kinds of facts it gets, `posture.*` for all below; null = all. */
  facts: Nullable(Type.Array(Text)),
  filter: Nullable(DestinationFilter),
  /** Whose facts it gets: ids, or `*` for every tenant there is or will be. */
  tenants: Type.Array(Text),
  format: DeliveryFormatName,
  /** Days: how far back it was told of alerts that had been read before it was added. */
  lookBackDays: Count,
  /** What of its configuration is no secret. */
  shown: Type.Record(Text, Plain),
  /** What happens to a delivery that has to be sent again: `visible` destinations see it twice, under the same id. */
  repeats: Type.Union([Type.Literal("absorbed"), Type.Literal("visible")]),
  createdAt: Time,
  /** Last time something was accepted. */
  deliveredAt: Nullable(Time),
  /** Why nothing is being accepted, and since when. */
  fault: Nullable(Type.Object({ code: Text, reason: Text, since: Time })),
  /** Nothing is sent since then, because somebody said so; what comes waits. */
  pausedAt: Nullable(Time),
  queued: Count,
  parked: Count,
  /** Accepted since it was added, replays among them. */
  delivered: Count,
  /** When what has waited longest was queued. */
  oldestQueuedAt: Nullable(Time),
});
export type DestinationView = Static<typeof DestinationView>;

export const DestinationDraft = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  kind: Type.String({ minLength: 1, maxLength: 40 }),
  config: Type.Record(Text, Type.Unknown(), { description: "By kind; docs/delivery.md has each." }),
  facts: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 100 })),
  tenant: Type.Optional(Text),
  /** Further tenants whose facts it gets (ids or names), or `*` for all. */
  tenants: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 1000 })),
  filter: Type.Optional(DestinationFilter),
  /** The kind's own choice when left out. */
  format: Type.Optional(DeliveryFormatName),
  /** Days: how far back it is told of alerts that were read before it was added; seven when left out. */
  lookBackDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 3650 })),
});
export type DestinationDraft = Static<typeof DestinationDraft>;

/** What is left out stays as it is; null lifts a condition. What is queued already still goes. */
export const DestinationChange = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    /** True: nothing is sent until it is false again; what comes meanwhile waits, and nothing is lost. */
    paused: Type.Optional(Type.Boolean()),
    facts: Type.Optional(Nullable(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 100 }))),
    /** Null: its own tenant's alone. */
    tenants: Type.Optional(Nullable(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 1000 }))),
    /** Null lifts all of it. */
    filter: Type.Optional(
      Nullable(
        Type.Object(
          {
            streams: Type.Optional(Nullable(DestinationFilter.properties.streams)),
            products: Type.Optional(Nullable(Names)),
            severity: Type.Optional(Nullable(DestinationFilter.properties.severity)),
            sites: Type.Optional(Nullable(Names)),
            connections: Type.Optional(Nullable(Names)),
          },
          { additionalProperties: false },
        ),
      ),
    ),
  },
  { additionalProperties: false },
);
export type DestinationChange = Static<typeof DestinationChange>;

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
  /** All that is parked for it; with a time, all that ended in it. */
  destination: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  /** All that is parked. */
  all: Type.Optional(Type.Literal(true)),
  /** What was accepted or parked from this time on, and up to that one. */
  since: Type.Optional(Time),
  until: Type.Optional(Time),
  /** With a time: only what ended so. */
  state: Type.Optional(Type.Union([Type.Literal("delivered"), Type.Literal("parked")])),
});
/** `skipped`: still queued, its body no longer kept, or too large for any destination. */
export const DeliveryReplayed = Type.Object({ replayed: Count, skipped: Count });
export type DeliveryReplayed = Static<typeof DeliveryReplayed>;
