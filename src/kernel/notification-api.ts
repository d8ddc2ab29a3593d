/** Shapes of notifications in our HTTP API, shared by the routes that answer and the commands that ask. Times are RFC 3339, UTC. */
import Type, { type Static, type TSchema } from "typebox";
import { CASE_TYPES } from "./case-api.ts";
import { FACT_SEVERITIES } from "./fact.ts";
import { Message } from "./message.ts";
import { WEEKDAYS } from "./zones.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Clock = Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$", description: "HH:MM, in the rule's time zone" });

/** `unanswered`: nobody has taken a case up for so many minutes. `health`: trouble of the integration itself. */
export const TELLS = ["opened", "escalated", "reopened", "resolved", "unanswered", "health"] as const;
export type Tells = (typeof TELLS)[number];
export const PACES = ["at-once", "hourly", "daily"] as const;
export type Pace = (typeof PACES)[number];

export const QuietHours = Type.Object(
  {
    /** The same as `to`: no hours of the day, only the days. */
    from: Clock,
    to: Clock,
    /** Quiet from midnight to midnight. */
    days: Type.Optional(Type.Array(Type.Enum(WEEKDAYS), { maxItems: 6 })),
  },
  { additionalProperties: false },
);
export type QuietHours = Static<typeof QuietHours>;

const SETTINGS = {
  tells: Type.Array(Type.Enum(TELLS), { minItems: 1, maxItems: TELLS.length }),
  /** At least this; what has no severity is let through. */
  severity: Type.Enum(FACT_SEVERITIES),
  /** Kinds of cases; null: all. */
  types: Nullable(Type.Array(Type.Enum(CASE_TYPES), { minItems: 1, maxItems: CASE_TYPES.length })),
  unansweredMinutes: Type.Integer({ minimum: 5, maximum: 43_200 }),
  pace: Type.Enum(PACES),
  /** When a daily digest goes out. */
  at: Clock,
  /** IANA name: of `at`, of quiet hours, and of the times in messages. */
  timeZone: Type.String({ minLength: 1, maxLength: 60 }),
  quiet: Nullable(QuietHours),
  /** What is at least this is told at once, whatever the hour and the pace; null: nothing is. */
  through: Nullable(Type.Enum(FACT_SEVERITIES)),
} as const;

export const NotificationSettings = Type.Object(SETTINGS);
export type NotificationSettings = Static<typeof NotificationSettings>;

export const NotificationRule = Type.Object({
  id: Text,
  tenant: Text,
  name: Text,
  /** Whose cases are told: ids, or `*` for every tenant there is or will be. */
  tenants: Type.Array(Text),
  /** Id of the destination; its name is null once it is removed, and nothing is told then. */
  destination: Text,
  destinationName: Nullable(Text),
  enabled: Type.Boolean(),
  ...SETTINGS,
  /** What waits to be told, and when the first of it may be. */
  waiting: Count,
  nextAt: Nullable(Text),
  /** Messages in all, and when the last was queued. */
  sent: Count,
  sentAt: Nullable(Text),
  createdAt: Text,
});
export type NotificationRule = Static<typeof NotificationRule>;

const Reference = Type.String({ minLength: 1, maxLength: 200 });
const Name = Type.String({ minLength: 1, maxLength: 100 });
const Tenants = Type.Array(Reference, { minItems: 1, maxItems: 1000 });
const optional = {
  enabled: Type.Optional(Type.Boolean()),
  /** Further tenants (ids or names), or `*` for all. */
  tenants: Type.Optional(Tenants),
  tells: Type.Optional(SETTINGS.tells),
  severity: Type.Optional(SETTINGS.severity),
  types: Type.Optional(SETTINGS.types),
  unansweredMinutes: Type.Optional(SETTINGS.unansweredMinutes),
  pace: Type.Optional(SETTINGS.pace),
  at: Type.Optional(SETTINGS.at),
  timeZone: Type.Optional(SETTINGS.timeZone),
  quiet: Type.Optional(SETTINGS.quiet),
  through: Type.Optional(SETTINGS.through),
} as const;

export const NotificationDraft = Type.Object({ name: Name, destination: Reference, tenant: Type.Optional(Reference), ...optional }, { additionalProperties: false });
export type NotificationDraft = Static<typeof NotificationDraft>;
export const NotificationEdit = Type.Object({ name: Type.Optional(Name), destination: Type.Optional(Reference), ...optional }, { additionalProperties: false });
export type NotificationEdit = Static<typeof NotificationEdit>;

/** What would be told now if all that waits were due: nothing is sent, nothing changed. */
export const NotificationPreview = Type.Object({ waiting: Count, nextAt: Nullable(Text), messages: Type.Array(Message) });
export type NotificationPreview = Static<typeof NotificationPreview>;
