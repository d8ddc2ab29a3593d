/** Shapes of the first page people see, and of what the hub tells by itself while a page is open. */
import Type, { type Static, type TSchema } from "typebox";

const Count = Type.Integer({ minimum: 0 });
const Text = Type.String();
const Name = Type.String({ minLength: 1, maxLength: 400 });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** `trend`: oldest first, a number for each `per`, UTC; the last one is under way. Empty where there is none. */
const figure = <More extends Record<string, TSchema>>(description: string, more: More) =>
  Type.Object({ value: Type.Integer({ minimum: 0, description }), ...more, trend: Type.Array(Count), per: Type.Union([Type.Literal("day"), Type.Literal("hour")]) });

export const Figures = Type.Object({
  cases: figure("cases that wait for somebody; the trend counts all by the day of their first alert", { urgent: Count, urgentUnowned: Count }),
  alerts: figure("alerts of the last 24 hours", { unresolved: Count }),
  devices: figure("devices; the trend counts verdicts that turned to fail", { failing: Count }),
  access: figure("people and service accounts", { bindings: Count }),
  findings: figure("instances open or stale", { overdue: Count, critical: Count }),
  deliveries: figure("deliveries that wait; the trend counts what was accepted", { parked: Count, delivered: Count }),
});
export type Figures = Static<typeof Figures>;

export const TODAY_KINDS = ["connection", "token", "cases", "findings", "destination", "deliveries", "parked", "disk"] as const;

export const Overview = Type.Object({
  at: Text,
  figures: Figures,
  connections: Type.Object({ total: Count, connected: Count, syncing: Count, needAttention: Count, paused: Count }),
  /** What needs a person, the most pressing first. `href`: the console's own address. */
  today: Type.Array(Type.Object({ kind: Type.Enum([...TODAY_KINDS]), text: Text, href: Text, since: Nullable(Text) })),
});
export type Overview = Static<typeof Overview>;

export const OverviewQuery = Type.Object({ tenant: Type.Optional(Name) });
export const EventsQuery = Type.Object({ tenant: Type.Optional(Name), once: Type.Optional(Type.Boolean({ description: "How everything stands, and no more." })) });
