/** Shapes of what is drawn: how many came when, which techniques were seen, how deliveries went. Times are RFC 3339, UTC; the last period is under way. */
import Type, { type Static, type TSchema } from "typebox";
import { FACT_SEVERITIES, type FactSeverity } from "./fact.ts";

const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const MOST_DAYS = 90;
export const Days = Type.Integer({ minimum: 1, maximum: MOST_DAYS, description: "How many, today included; 30 when left out." });

export const Volume = Type.Object({
  /** Oldest first, a day each. */
  points: Type.Array(Type.Object({ from: Text, counts: Type.Object(Object.fromEntries(FACT_SEVERITIES.map((severity) => [severity, Count])) as Record<FactSeverity, typeof Count>) })),
  /** Only so many are counted, the newest: of what was before this time there is more. Null: all were. */
  wholeSince: Nullable(Text),
});
export type Volume = Static<typeof Volume>;

const TechniqueCount = Type.Object({ id: Nullable(Text), name: Nullable(Text), cases: Count });
export const Techniques = Type.Object({
  /** Cases looked at: the newest. */
  cases: Count,
  /** False where there are more than were looked at. */
  whole: Type.Boolean(),
  /** In the order of ATT&CK, those that were seen; a technique stands under each of its tactics, the most frequent first. */
  tactics: Type.Array(Type.Object({ id: Text, name: Text, techniques: Type.Array(TechniqueCount) })),
  /** What ATT&CK does not know under that name. */
  others: Type.Array(TechniqueCount),
});
export type Techniques = Static<typeof Techniques>;

export const THROUGHPUT_SPANS = ["3h", "24h", "14d"] as const;
export type ThroughputSpan = (typeof THROUGHPUT_SPANS)[number];

/** Each list has a number for every period. */
export const Throughput = Type.Object({
  span: Type.Enum([...THROUGHPUT_SPANS]),
  /** When each period begins, oldest first: five minutes, an hour, a day. */
  periods: Type.Array(Text),
  destinations: Type.Array(
    Type.Object({
      id: Text,
      name: Text,
      accepted: Type.Array(Count),
      parked: Type.Array(Count),
      /** Attempts that came to nothing, and were or will be made again. */
      again: Type.Array(Count),
      /** Seconds from queueing to acceptance, on average and at most; null where nothing was accepted. */
      lag: Type.Array(Nullable(Type.Number())),
      longest: Type.Array(Nullable(Type.Number())),
    }),
  ),
});
export type Throughput = Static<typeof Throughput>;
export const ThroughputQuery = Type.Object({ destination: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Id, or name where it is the only one; all when left out." })), span: Type.Optional(Type.Enum([...THROUGHPUT_SPANS], { description: "`24h` when left out." })) });
