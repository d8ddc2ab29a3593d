/** Shapes of cases in our HTTP API, shared by the routes that answer and the commands that ask. Times are RFC 3339, UTC. */
import Type, { type Static, type TSchema } from "typebox";
import { ALERT_STATUSES, ALERT_STREAMS, ALERT_VERDICTS } from "./alert-api.ts";
import { FACT_SEVERITIES } from "./fact.ts";
import { Days } from "./plot-api.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });

/** Records that a case can be made of: alerts of every kind, and agents that are not well. */
export const MEMBER_STREAMS = [...ALERT_STREAMS, "agents"] as const;
export type MemberStream = (typeof MEMBER_STREAMS)[number];

/** What was detected longer ago when a console is read for the first time opens no case. */
export const CASE_LOOK_BACK_DAYS = 30;

export const CASE_STATUSES = ["new", "in-progress", "waiting", "resolved"] as const;
export type CaseStatus = (typeof CASE_STATUSES)[number];
/** As alerts' verdicts, of which `other` is none a person can give. */
export const CASE_VERDICTS = ["undefined", "true-positive", "suspicious", "false-positive"] as const;
export type CaseVerdict = (typeof CASE_VERDICTS)[number];
export const CASE_TYPES = ["ransomware", "malware", "exploit", "identity", "custom-rule", "cloud", "network", "agent-health", "other"] as const;
export type CaseType = (typeof CASE_TYPES)[number];

/** What a case is about, and what to look for elsewhere. */
export const ENTITY_KINDS = ["device", "user", "file", "process", "sha1", "sha256", "md5", "address", "domain", "command-line", "signer", "technique"] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

/** Why records are together. */
export const LINK_KINDS = ["storyline", "file-device", "file-name-device", "outbreak", "name-device", "name-user", "name-source", "process-source", "health-device", "health-site", "record"] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** What is wrong with an agent, or with what it did. */
export const HEALTH_KINDS = ["disabled", "detect-only", "reboot-pending", "offline-server", "mitigation-failed"] as const;
export type HealthKind = (typeof HEALTH_KINDS)[number];

export const CASE_EVENTS = ["opened", "joined", "alerts-changed", "escalated", "lowered", "reopened", "resolved", "merged", "split", "left", "status", "owner", "severity", "verdict", "note"] as const;
export type CaseEventKind = (typeof CASE_EVENTS)[number];

export const CaseView = Type.Object({
  id: Text,
  tenant: Text,
  title: Text,
  type: Type.Enum(CASE_TYPES),
  severity: Type.Enum(FACT_SEVERITIES),
  status: Type.Enum(CASE_STATUSES),
  verdict: Type.Enum(CASE_VERDICTS),
  owner: Nullable(Text),
  /** Who gave it its status last: its alerts, or a person. */
  statusBy: Type.Enum(["alerts", "person"]),
  /** Times it was opened again, and when last. */
  reopened: Count,
  reopenedAt: Nullable(Text),
  /** Detection of its first alert, and of its last. */
  firstAt: Text,
  lastAt: Text,
  /** When Vedette opened it, a person first did something with it, and it was resolved. */
  openedAt: Text,
  firstLookAt: Nullable(Text),
  resolvedAt: Nullable(Text),
  alerts: Count,
  openAlerts: Count,
  devices: Count,
  users: Count,
  products: Type.Array(Text),
  /** Raised by each change that a person can see; an update names the one it was made for. */
  version: Type.Integer({ minimum: 1 }),
});
export type CaseView = Static<typeof CaseView>;

const Name = Type.String({ minLength: 1, maxLength: 400 });
const Filters = {
  tenant: Type.Optional(Name),
  status: Type.Optional(Type.Enum([...CASE_STATUSES, "open", "reopened", "any"], { description: "`open` (when left out): all but resolved; `reopened`: open ones that were resolved before." })),
  severity: Type.Optional(Type.Enum(FACT_SEVERITIES, { description: "At least this." })),
  owner: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Whose; `none`: nobody's." })),
  type: Type.Optional(Type.Enum(CASE_TYPES)),
  since: Type.Optional(Type.String({ minLength: 4, maxLength: 40, description: "With an alert from then on: a time like 2027-01-31T00:00:00Z." })),
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Part of the title or id, of a device, user, file, hash, address or the like." })),
} as const;

const Limit = Type.Integer({ minimum: 1, maximum: 1000 });
const Place = Type.String({ minLength: 1, maxLength: 100, description: "`next` of the page before." });

export const CaseQuery = Type.Object({ ...Filters, after: Type.Optional(Place), limit: Type.Optional(Limit) });
/** Those with the newest alerts first. A page may hold fewer than asked for, or none, and still have a `next`: each answer looks at only so much. */
export const CaseList = Type.Object({ items: Type.Array(CaseView), next: Nullable(Text) });
export type CaseList = Static<typeof CaseList>;

const { text: _text, since: _since, ...PlotFilters } = Filters;
export const CasePlotQuery = Type.Object({ ...PlotFilters });
export const CaseVolumeQuery = Type.Object({ ...PlotFilters, days: Type.Optional(Days) });

export const CaseExportQuery = Type.Object({ ...Filters, format: Type.Optional(Type.Enum(["ndjson", "csv"])) });

export const CaseMember = Type.Object({
  stream: Type.Enum(MEMBER_STREAMS),
  /** SentinelOne's. */
  id: Text,
  connection: Text,
  at: Text,
  name: Nullable(Text),
  product: Nullable(Text),
  severity: Type.Enum(FACT_SEVERITIES),
  status: Type.Enum(ALERT_STATUSES),
  verdict: Type.Enum(ALERT_VERDICTS),
  mitigation: Nullable(Text),
  device: Nullable(Text),
  user: Nullable(Text),
  /** No longer at the console since then. */
  goneAt: Nullable(Text),
  /** In the console. */
  link: Nullable(Text),
  /** Path of the record as SentinelOne gave it. */
  record: Nullable(Text),
  /** Other connections of the console that read the same record: it counts once. */
  alsoReadBy: Type.Array(Type.Object({ connection: Text, record: Nullable(Text), goneAt: Nullable(Text) })),
});
export type CaseMember = Static<typeof CaseMember>;

export const CaseEvent = Type.Object({
  at: Text,
  kind: Type.Enum(CASE_EVENTS),
  /** A key's or person's id, `console` for what was done there, `vedette`. */
  by: Text,
  /** In words. */
  text: Text,
});
export type CaseEvent = Static<typeof CaseEvent>;

export const CaseEntity = Type.Object({ kind: Type.Enum(ENTITY_KINDS), value: Text, alerts: Count });
export type CaseEntity = Static<typeof CaseEntity>;

export const CaseDetail = Type.Object({
  case: CaseView,
  /** The id that was asked for, where that case has become part of this one. */
  merged: Nullable(Text),
  /** Devices, users, files and processes; the most frequent first, `entitiesLeft` more. */
  entities: Type.Array(CaseEntity),
  entitiesLeft: Count,
  /** Hashes, addresses, domains, command lines, signers and techniques. */
  indicators: Type.Array(CaseEntity),
  indicatorsLeft: Count,
  /** Gravest first. */
  members: Type.Array(CaseMember),
  membersLeft: Count,
  /** What holds its alerts together. */
  links: Type.Array(Type.Object({ kind: Type.Enum(LINK_KINDS), value: Text, alerts: Count })),
  /** Other cases of the tenant with the same behaviour, before or after. */
  related: Type.Array(Type.Object({ id: Text, title: Text, status: Type.Enum(CASE_STATUSES), verdict: Type.Enum(CASE_VERDICTS), lastAt: Text })),
  /** Newest first. */
  timeline: Type.Array(CaseEvent),
  /** `after` for older entries; null at its end. */
  next: Nullable(Text),
});
export type CaseDetail = Static<typeof CaseDetail>;

export const CaseShowQuery = Type.Object({ after: Type.Optional(Place), limit: Type.Optional(Limit) });
export const CaseMemberList = Type.Object({ items: Type.Array(CaseMember), next: Nullable(Text) });

export const LONGEST_NOTE = 4000;
export const CaseUpdate = Type.Object({
  status: Type.Optional(Type.Enum(CASE_STATUSES)),
  /** Null: nobody's. */
  owner: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 200 }))),
  verdict: Type.Optional(Type.Enum(CASE_VERDICTS)),
  /** Null: that of its gravest alert again. */
  severity: Type.Optional(Nullable(Type.Enum(FACT_SEVERITIES))),
  note: Type.Optional(Type.String({ minLength: 1, maxLength: LONGEST_NOTE })),
  /** The version it was made for; refused where the case is another one by now. Left out: whatever it is. */
  version: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type CaseUpdate = Static<typeof CaseUpdate>;
