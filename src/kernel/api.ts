/**
 * Shapes of our own HTTP API, shared by the routes that answer and the commands that ask. TypeBox: they are JSON Schema as they
 * stand, so the server checks and documents with them and TypeScript reads their types.
 */
import Type, { type Static, type TSchema } from "typebox";
import { STREAM_IDS } from "./stream-ids.ts";
import { PERMISSIONS, ROLE_NAMES } from "./permissions.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Time = Type.String({ description: "RFC 3339, UTC" });
const Count = Type.Integer({ minimum: 0 });

export const StreamName = Type.Enum([...STREAM_IDS]);

export const FaultView = Type.Object({
  code: Text,
  kind: Text,
  message: Text,
  cure: Text,
  details: Type.Record(Text, Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null()])),
});
export type FaultView = Static<typeof FaultView>;
export const FaultAnswer = Type.Object({ fault: FaultView, requestId: Text });

export const Ok = Type.Object({ ok: Type.Literal(true) });

/** One line of `verify`. */
export const VerifyLine = Type.Object({
  check: Text,
  outcome: Type.Union([Type.Literal("ok"), Type.Literal("warning"), Type.Literal("failed"), Type.Literal("unknown")]),
  message: Text,
  cure: Nullable(Text),
  /** The fault's code, where one was met. */
  code: Type.Optional(Text),
});
export const VerifyReport = Type.Object({
  ok: Type.Boolean(),
  url: Text,
  lines: Type.Array(VerifyLine),
  token: Type.Object({ form: Text, createdAt: Nullable(Time), expiresAt: Nullable(Time) }),
  identity: Nullable(Type.Object({ kind: Type.Union([Type.Literal("user"), Type.Literal("service-user"), Type.Literal("unknown")]), id: Nullable(Text), name: Nullable(Text), email: Nullable(Text) })),
  scope: Type.Object({
    level: Type.Union([Type.Literal("global"), Type.Literal("account"), Type.Literal("site"), Type.Literal("group"), Type.Literal("unknown")]),
    ids: Type.Array(Text),
    names: Type.Array(Text),
    /** Changes when the token's reach changes; snapshots of another fingerprint never declare anything gone. */
    fingerprint: Text,
  }),
  roles: Type.Array(Text),
  streams: Type.Array(Type.Object({ stream: StreamName, readable: Type.Boolean(), missingPermission: Nullable(Text), message: Text })),
  /** What the token may do beyond reading; null when its role's permissions cannot be read. */
  beyondReading: Nullable(Type.Array(Text)),
  clockSkewMs: Nullable(Type.Integer()),
  checkedAt: Time,
});
export type VerifyReport = Static<typeof VerifyReport>;

export const ConnectionState = Type.Union([Type.Literal("Verifying"), Type.Literal("Syncing"), Type.Literal("Connected"), Type.Literal("Needs attention"), Type.Literal("Paused")]);

export const ConnectionView = Type.Object({
  id: Text,
  name: Text,
  description: Text,
  labels: Type.Record(Text, Text),
  owners: Type.Array(Text),
  tenant: Text,
  url: Text,
  state: ConnectionState,
  /** Why it needs attention. */
  fault: Nullable(FaultView),
  paused: Type.Boolean(),
  token: Type.Object({ form: Text, createdAt: Nullable(Time), expiresAt: Nullable(Time), daysLeft: Nullable(Type.Integer()), warning: Nullable(Text) }),
  identity: VerifyReport.properties.identity,
  scope: Nullable(VerifyReport.properties.scope),
  roles: Type.Array(Text),
  streams: Type.Array(StreamName),
  /** How often agents are read, `5m`, `12h`. */
  polling: Text,
  /** Days: how far back the first reading of a stream is told to destinations; everything is mirrored. */
  lookBackDays: Type.Integer(),
  createdAt: Time,
  verifiedAt: Nullable(Time),
});
export type ConnectionView = Static<typeof ConnectionView>;

export const ConnectionDraft = Type.Object({
  url: Text,
  token: Text,
  name: Type.Optional(Text),
  description: Type.Optional(Text),
  tenant: Type.Optional(Text),
  labels: Type.Optional(Type.Record(Text, Text)),
  owners: Type.Optional(Type.Array(Text)),
  /** Streams to read; all that the token may read when left out. */
  streams: Type.Optional(Type.Array(StreamName)),
  /** Days: how far back the first reading of a stream is told to destinations; seven when left out. */
  lookBackDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 3650 })),
  /** Save although some checks failed (never when the token was rejected). */
  sync: Type.Optional(Type.Boolean()),
});

export const ConnectionLogLine = Type.Object({ at: Time, level: Type.Union([Type.Literal("info"), Type.Literal("warning"), Type.Literal("error")]), event: Text, message: Text, fields: Type.Record(Text, Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null()])) });

/** What a full listing had to add, change and close that the readings of changes before it had missed. */
export const Drift = Type.Object({ added: Count, changed: Count, closed: Count });
export type Drift = Static<typeof Drift>;

export const StreamRun = Type.Object({
  stream: StreamName,
  phase: Type.Union([Type.Literal("waiting"), Type.Literal("counting"), Type.Literal("snapshot"), Type.Literal("changes"), Type.Literal("settling"), Type.Literal("done"), Type.Literal("skipped"), Type.Literal("failed")]),
  pages: Count,
  requests: Count,
  /** Records received; `received = inserted + changed + unchanged + parked`. */
  received: Count,
  inserted: Count,
  changed: Count,
  unchanged: Count,
  parked: Count,
  gone: Count,
  /** What the console says there is in all, where it says so. */
  expected: Nullable(Count),
  rowsPerSecond: Type.Number(),
  etaSeconds: Nullable(Type.Number()),
  caughtUp: Type.Boolean(),
  /** Of a full reading that was not the first, where the stream tells. */
  drift: Type.Optional(Drift),
  fault: Nullable(FaultView),
});
export type StreamRun = Static<typeof StreamRun>;

export const RunView = Type.Object({
  id: Text,
  connection: Text,
  tenant: Text,
  /** `first` until every stream has had its first full read. */
  mode: Type.Union([Type.Literal("first"), Type.Literal("delta"), Type.Literal("full")]),
  trigger: Type.Union([Type.Literal("schedule"), Type.Literal("request"), Type.Literal("connect")]),
  state: Type.Union([Type.Literal("running"), Type.Literal("succeeded"), Type.Literal("partial"), Type.Literal("failed"), Type.Literal("cancelled")]),
  startedAt: Time,
  endedAt: Nullable(Time),
  streams: Type.Array(StreamRun),
});
export type RunView = Static<typeof RunView>;

export const RunRequest = Type.Object({ streams: Type.Optional(Type.Array(StreamName)), full: Type.Optional(Type.Boolean()) });

export const StreamStatus = Type.Object({
  connection: Text,
  stream: StreamName,
  rows: Count,
  goneRows: Count,
  parked: Count,
  /** Source time up to which reading is proven. */
  watermark: Nullable(Time),
  /** When the source was last asked with success. */
  freshAt: Nullable(Time),
  /** Seconds since `freshAt`. */
  ageSeconds: Nullable(Type.Number()),
  caughtUp: Type.Boolean(),
  /** When the last full listing was proven complete. */
  provenAt: Nullable(Time),
  nextRunAt: Nullable(Time),
  paused: Type.Boolean(),
  /** Named periods the source no longer holds and nobody has acknowledged. */
  gaps: Count,
  fault: Nullable(FaultView),
  /** Of the last full reading that was not the first, where the stream tells. */
  drift: Type.Optional(Type.Object({ ...Drift.properties, at: Time })),
  /** Requests left in this instant of the console's budget for this stream's path class, and its size per second. */
  budget: Nullable(Type.Object({ class: Text, perSecond: Type.Number(), available: Type.Number(), waiting: Count })),
});
export type StreamStatus = Static<typeof StreamStatus>;

export const DestinationStatus = Type.Object({
  id: Text,
  name: Text,
  kind: Text,
  queued: Count,
  parked: Count,
  delivered: Count,
  /** Since what has waited longest was queued. */
  oldestSeconds: Nullable(Type.Number()),
  /** Why nothing is being accepted, and since when. */
  fault: Nullable(Type.Object({ code: Text, reason: Text, since: Time })),
});
export type DestinationStatus = Static<typeof DestinationStatus>;

export const StatusView = Type.Object({
  version: Text,
  now: Time,
  hub: Type.Object({ running: Type.Boolean(), url: Nullable(Text), store: Text, diskBytes: Count, diskBudgetBytes: Nullable(Count), readingPaused: Type.Boolean() }),
  /** A page of them by name, each with its streams; everything else here is about all. */
  connections: Type.Array(ConnectionView),
  streams: Type.Array(StreamStatus),
  /** What the next page goes on from. */
  next: Nullable(Text),
  /** Tokens within 30, 14, 7 or 1 days of their end, or past it: the next 200. */
  expiring: Type.Array(Type.Object({ connection: Text, name: Text, expiresAt: Time, daysLeft: Type.Integer() })),
  parked: Count,
  destinations: Type.Array(DestinationStatus),
  /** Healthy, or the first reasons why not. */
  health: Type.Object({ ok: Type.Boolean(), reasons: Type.Array(Text) }),
});
export type StatusView = Static<typeof StatusView>;

const Ids = Type.Optional(Type.String({ minLength: 1, maxLength: 20_000, description: "Those of these ids alone, with commas between." }));
/** Of a list that goes by pages: a page that is not full may be followed by one all the same. */
const paged = {
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000, description: "`next` of the page before." })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: "200 when left out." })),
  ids: Ids,
};
const Part = (of: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: `Part of ${of}.` }));
export const ConnectionQuery = Type.Object({ ...paged, text: Part("a name, an address or a description"), state: Type.Optional(ConnectionState), tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 400, description: "Id or name." })) });
/** Of each connection the streams come along, so that a page is small. */
export const StatusQuery = Type.Object({ after: paged.after, limit: paged.limit });
export const StreamStatusQuery = Type.Object({ connections: Type.String({ minLength: 1, maxLength: 20_000, description: "Their ids, at most 200, with commas between." }) });
export const TenantQuery = Type.Object({ ...paged, text: Part("a name") });
export const ApiKeyQuery = Type.Object({ ...paged, text: Part("a name"), state: Type.Optional(Type.Enum(["in-use", "ended", "revoked"])) });
export const UserQuery = Type.Object({ ...paged, text: Part("a name or an e-mail address"), state: Type.Optional(Type.Enum(["active", "disabled", "first-sign-in"])), tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 400, description: "Id or name: those who see it." })) });

export const TenantView = Type.Object({ id: Text, name: Text, createdAt: Time, connections: Count, sites: Count, leavingSince: Nullable(Time), purgeAfter: Nullable(Time) });
export const SiteMapping = Type.Object({ connection: Text, site: Text, siteName: Nullable(Text), accountName: Nullable(Text), tenant: Nullable(Text) });

export const ParkedView = Type.Object({
  id: Text,
  connection: Text,
  tenant: Text,
  /** `record` (failed its schema) or a capability's id (could not take a change in). */
  kind: Text,
  stream: StreamName,
  key: Nullable(Text),
  code: Text,
  reason: Text,
  codeVersion: Text,
  firstAt: Time,
  lastAt: Time,
  times: Count,
});
export const ParkedDetail = Type.Intersect([ParkedView, Type.Object({ raw: Text })]);
export const ReplayResult = Type.Object({ replayed: Count, applied: Count, stillParked: Count });

export const ApiKeyView = Type.Object({
  id: Text,
  name: Text,
  role: Type.Enum([...ROLE_NAMES]),
  permissions: Type.Array(Type.Enum([...PERMISSIONS])),
  tenants: Nullable(Type.Array(Text)),
  createdAt: Time,
  expiresAt: Time,
  lastUsedAt: Nullable(Time),
  revokedAt: Nullable(Time),
});
export const ApiKeyDraft = Type.Object({ name: Text, role: Type.Enum([...ROLE_NAMES]), tenants: Type.Optional(Type.Array(Text)), expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 730 })) });
/** `secret` is shown this once. */
export const ApiKeyCreated = Type.Object({ key: ApiKeyView, secret: Text });

export const AuditEntry = Type.Object({ seq: Count, at: Time, actor: Text, actorKind: Text, event: Text, subject: Text, tenant: Nullable(Text), details: Type.Record(Text, Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null()])), requestId: Text, hash: Text });
export const AuditVerification = Type.Object({ ok: Type.Boolean(), entries: Count, head: Nullable(Text), firstBroken: Nullable(Count) });

export const SqlRequest = Type.Object({ sql: Text, timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })) });
export const StreamView = Type.Object({ id: StreamName, title: Text, view: Text, mode: Text, needs: Type.Array(Text), endpoint: Text, everySeconds: Type.Number(), columns: Type.Array(Type.Object({ name: Text, type: Text, source: Text })) });
export const BackupResult = Type.Object({ file: Text, bytes: Count });
/** `kept`: where the store that was replaced is now. */
export const RestoreResult = Type.Object({ file: Text, bytes: Count, kept: Nullable(Text) });
