/** Shapes of alerts and what became of them in our HTTP API, shared by the routes that answer and the commands that ask. Times are RFC 3339, UTC. */
import Type, { type Static, type TSchema } from "typebox";
import { FACT_SEVERITIES } from "./fact.ts";
import { Days } from "./plot-api.ts";
import type { StreamId } from "./stream-ids.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();

/** Streams whose records are alerts: something that was found, with a state that people work on. */
export const ALERT_STREAMS = ["alerts", "threats", "cloud-detection-alerts"] as const satisfies readonly StreamId[];
export type AlertStream = (typeof ALERT_STREAMS)[number];
/** With the console's log beside them, whose entries have no state. */
export const EVENT_STREAMS = [...ALERT_STREAMS, "activities"] as const satisfies readonly StreamId[];
export type EventStream = (typeof EVENT_STREAMS)[number];

/** How far back the first reading of a stream is told where a connection says nothing else. */
export const LOOK_BACK_DAYS = 7;

/** `other`: none, or a word of the vendor's that is none of these; the word itself stands beside it. */
export const ALERT_STATUSES = ["new", "in-progress", "resolved", "other"] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];
export const ALERT_VERDICTS = ["undefined", "true-positive", "false-positive", "suspicious", "other"] as const;
export type AlertVerdict = (typeof ALERT_VERDICTS)[number];

export const VERSION_KINDS = ["new", "updated", "reopened"] as const;
export type VersionKind = (typeof VERSION_KINDS)[number];

const Place = Type.String({ minLength: 1, maxLength: 100, description: "`next` of the page before." });
const Limit = Type.Integer({ minimum: 1, maximum: 1000 });
const Name = Type.String({ minLength: 1, maxLength: 400 });
const Moment = Type.String({ minLength: 4, maxLength: 40, description: "A time like 2027-01-31T00:00:00Z." });
const Value = Nullable(Text);

export const AlertView = Type.Object({
  /** SentinelOne's. */
  id: Text,
  stream: Type.Enum(EVENT_STREAMS),
  connection: Text,
  tenant: Text,
  /** When it was detected. */
  at: Text,
  /** SentinelOne's time of its last change. */
  updatedAt: Nullable(Text),
  name: Nullable(Text),
  /** As SentinelOne names it: `EDR`, `Identity`, `STAR`, … */
  product: Nullable(Text),
  severity: Type.Enum(FACT_SEVERITIES),
  status: Type.Enum(ALERT_STATUSES),
  statusWord: Nullable(Text),
  verdict: Type.Enum(ALERT_VERDICTS),
  verdictWord: Nullable(Text),
  assignee: Nullable(Text),
  device: Nullable(Text),
  user: Nullable(Text),
  site: Nullable(Type.Object({ id: Nullable(Text), name: Nullable(Text) })),
  /** How many versions of it have been seen; null for an entry of the console's log. */
  versions: Nullable(Type.Integer({ minimum: 1 })),
  /** When Vedette took in its last version. */
  readAt: Nullable(Text),
  /** No longer at the console since then, proven by a complete listing. */
  goneAt: Nullable(Text),
});
export type AlertView = Static<typeof AlertView>;

const Common = {
  tenant: Type.Optional(Name),
  connection: Type.Optional(Name),
  stream: Type.Optional(Type.Enum(EVENT_STREAMS, { description: "Only of it; all but `activities` when left out." })),
  product: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: "As SentinelOne names it, in any case." })),
  severity: Type.Optional(Type.Enum(FACT_SEVERITIES, { description: "At least this." })),
  status: Type.Optional(Type.Enum(ALERT_STATUSES)),
  verdict: Type.Optional(Type.Enum(ALERT_VERDICTS)),
  site: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: "SentinelOne's id of the site, or its name." })),
} as const;

const Asked = {
  ...Common,
  since: Type.Optional(Moment),
  until: Type.Optional(Moment),
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Part of the name, device, user, product or id." })),
} as const;

export const AlertQuery = Type.Object({
  ...Asked,
  after: Type.Optional(Place),
  limit: Type.Optional(Limit),
});
/** A page may hold fewer than asked for, or none, and still have a `next`: of what a question leaves out, each answer looks at only so much. */
export const AlertList = Type.Object({ items: Type.Array(AlertView), next: Nullable(Text) });
export type AlertList = Static<typeof AlertList>;

export const AlertVolumeQuery = Type.Object({ ...Common, stream: Type.Optional(Type.Enum(ALERT_STREAMS, { description: "Only of it; all when left out." })), days: Type.Optional(Days) });
export const AlertExportQuery = Type.Object({ ...Asked, format: Type.Optional(Type.Enum(["ndjson", "csv"])) });

export const AlertChange = Type.Object({ field: Text, from: Value, to: Value });
export type AlertChange = Static<typeof AlertChange>;

export const VersionView = Type.Object({
  /** Where it stands among all versions: what `after` goes on from. */
  seq: Text,
  kind: Type.Enum(VERSION_KINDS),
  id: Text,
  stream: Type.Enum(EVENT_STREAMS),
  connection: Text,
  tenant: Text,
  /** Counts the versions of one alert from 1. */
  number: Type.Integer({ minimum: 1 }),
  /** Fingerprint: the same for the same version, whenever and however often it is read. */
  version: Text,
  name: Nullable(Text),
  product: Nullable(Text),
  severity: Type.Enum(FACT_SEVERITIES),
  status: Type.Enum(ALERT_STATUSES),
  /** SentinelOne's time of the change. */
  updatedAt: Nullable(Text),
  /** When Vedette took it in. */
  readAt: Text,
  /** In what people go by. */
  changes: Type.Array(AlertChange),
  /** Other columns of the mirror that changed with it. */
  also: Type.Array(Text),
});
export type VersionView = Static<typeof VersionView>;

export const VersionQuery = Type.Object({
  ...Common,
  kind: Type.Optional(Type.Enum(VERSION_KINDS)),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 30, description: "`next` of the answer before: what came after it, oldest first. Left out: the newest there are." })),
  limit: Type.Optional(Limit),
});
/** Oldest first. `next` is where to go on, now or later; `more`: there is more already. */
export const VersionList = Type.Object({ items: Type.Array(VersionView), next: Text, more: Type.Boolean() });
export type VersionList = Static<typeof VersionList>;

/** One alert with all that is known of it; `history` newest first. */
export const AlertDetail = Type.Object({
  alert: AlertView,
  /** The alert in the console. */
  link: Nullable(Text),
  description: Nullable(Text),
  /** What else the console says, by name: classification, confidence, mitigation, … */
  facts: Type.Record(Text, Text),
  device: Type.Record(Text, Text),
  user: Type.Record(Text, Text),
  process: Type.Record(Text, Text),
  techniques: Type.Array(Type.Object({ tactic: Nullable(Text), id: Nullable(Text), name: Nullable(Text) })),
  indicators: Type.Array(Text),
  /** Set where the mirror no longer has the record. */
  recordGone: Type.Boolean(),
  history: Type.Array(VersionView),
  /** `after` for older history; null at its end. */
  next: Nullable(Text),
});
export type AlertDetail = Static<typeof AlertDetail>;

/** `sekoia`: ECS as Sekoia's own intakes write it. */
export const ALERT_STANDARDS = ["ecs", "ocsf", "sekoia"] as const;
export type AlertStandard = (typeof ALERT_STANDARDS)[number];

export const AlertShowQuery = Type.Object({ stream: Type.Optional(Type.Enum(EVENT_STREAMS)), connection: Type.Optional(Name), after: Type.Optional(Place), limit: Type.Optional(Limit) });
