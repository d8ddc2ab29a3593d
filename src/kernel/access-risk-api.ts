/** Shapes of the access graph's risks and changes in our HTTP API, shared by the routes that answer and the commands that ask. */
import Type, { type Static, type TSchema } from "typebox";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Name = Type.String({ minLength: 1, maxLength: 200 });
const Time = Type.String({ description: "RFC 3339, UTC" });
const Count = Type.Integer({ minimum: 0 });
const Days = (description: string) => Type.Integer({ minimum: 0, maximum: 36_500, description });
const Share = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1, description });

export const ACCESS_RISKS = [
  "no-2fa", "local-beside-sso", "never-signed-in", "stale", "token-expiring", "token-expired", "token-never-expires", "token-unused", "token-over-scoped", "creator-gone", "not-in-list",
  "admin-wide", "near-admin", "several-accounts",
] as const;
export const AccessRiskKind = Type.Enum([...ACCESS_RISKS]);
export const AccessSeverity = Type.Enum(["low", "medium", "high", "critical"]);

/** From when on something counts as a risk. */
export const AccessThresholds = Type.Object({
  neverSignedInDays: Days("Days after the invitation"),
  staleDays: Days("Days since the last sign-in"),
  tokenExpiringDays: Days("Days before a service user's token runs out"),
  tokenUrgentDays: Days("Days before it, from when on it weighs more"),
  tokenLongestDays: Days("A token that lives longer counts as one without an end"),
  tokenUnusedDays: Days("Days without any use of a token"),
  overScopedSites: Type.Integer({ minimum: 1, maximum: 1_000_000, description: "A service user with roles on fewer sites is never over-scoped by their number" }),
  overScopedShare: Share("Share of the console's sites from which on it is"),
  nearAdminShare: Share("Share of an administrator's permissions from which on a custom role is near"),
  ssoUsers: Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Users of SSO from which on a console counts as using it" }),
  twoFactorOfSso: Type.Boolean({ description: "Ask for the console's second factor of users of SSO too" }),
  adminRoles: Type.Array(Name, { minItems: 1, maxItems: 50, description: "Names of roles that administer" }),
});
export type AccessThresholds = Static<typeof AccessThresholds>;

const Place = { tenant: Type.Optional(Nullable(Name)) };
export const AccessThresholdsView = Type.Object({ tenant: Nullable(Text), values: AccessThresholds, set: Type.Array(Text, { description: "Which of them were set for exactly this tenant." }) });
export type AccessThresholdsView = Static<typeof AccessThresholdsView>;
const orNull = Object.fromEntries(Object.entries(AccessThresholds.properties).map(([name, schema]) => [name, Type.Optional(Nullable(schema as TSchema))]));
export const AccessThresholdsDraft = Type.Object({ ...Place, values: Type.Object(orNull, { description: "Null takes one back." }) });

export const AccessExceptionView = Type.Object({
  id: Text,
  tenant: Text,
  finding: Text,
  risk: Text,
  connection: Text,
  about: Text,
  owner: Text,
  reason: Text,
  createdBy: Text,
  createdAt: Time,
  endsAt: Time,
  state: Type.Enum(["holds", "over", "ended"]),
  endedAt: Nullable(Time),
  endedBy: Nullable(Text),
});
export type AccessExceptionView = Static<typeof AccessExceptionView>;
export const AccessExceptionDraft = Type.Object({
  finding: Type.String({ minLength: 1, maxLength: 100, description: "A finding's id." }),
  owner: Type.String({ minLength: 1, maxLength: 1000, description: "Who answers for it." }),
  reason: Type.String({ minLength: 1, maxLength: 1000 }),
  endsAt: Type.String({ minLength: 1, maxLength: 60, description: "RFC 3339, with its offset; at most a year ahead." }),
});

const Evidence = Type.Record(Text, Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null(), Type.Array(Text)]));
const Excepted = Type.Object({ id: Text, owner: Text, reason: Text, endsAt: Time });
export const AccessFinding = Type.Object({
  id: Text,
  risk: AccessRiskKind,
  severity: AccessSeverity,
  confidence: Type.Enum(["low", "medium", "high"]),
  title: Text,
  connection: Text,
  tenant: Text,
  principal: Nullable(Type.Object({ kind: Text, id: Text, name: Nullable(Text), email: Nullable(Text) })),
  role: Nullable(Type.Object({ id: Text, name: Nullable(Text) })),
  scope: Nullable(Type.Object({ kind: Text, id: Text, name: Nullable(Text) })),
  evidence: Evidence,
  fix: Text,
  /** Null: it was so before anybody looked. */
  since: Nullable(Time),
  /** Under which it is let off now. */
  exception: Nullable(Excepted),
  /** Under which it was, and is no more. */
  exceptionOver: Nullable(Type.Object({ ...Excepted.properties, endedBy: Nullable(Text) })),
});
export type AccessFinding = Static<typeof AccessFinding>;

export const AccessRiskFilter = {
  risk: Type.Optional(Type.String({ minLength: 1, maxLength: 400, description: `One or several, by comma: ${ACCESS_RISKS.join(", ")}.` })),
  severity: Type.Optional(Type.Enum(["low", "medium", "high", "critical"], { description: "At least." })),
  connection: Type.Optional(Name),
  tenant: Type.Optional(Name),
  principal: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: "Id or e-mail address." })),
  exceptions: Type.Optional(Type.Enum(["left-out", "only", "shown"], { description: "Findings that are let off; left out unless asked for." })),
};

export const AccessRiskNote = Type.Object({ connection: Nullable(Text), tenant: Nullable(Text), risk: Nullable(Text), note: Text });
export type AccessRiskNote = Static<typeof AccessRiskNote>;
export const AccessRiskSummary = Type.Object({
  judgedAt: Time,
  counts: Type.Array(Type.Object({ risk: AccessRiskKind, title: Text, severity: AccessSeverity, findings: Count, excepted: Count })),
  /** The gravest, gravest first. */
  worst: Type.Array(AccessFinding),
  /** What could not be judged, and why. */
  notes: Type.Array(Type.Object({ ...AccessRiskNote.properties, /** The connection's, for its own tenant. */ name: Nullable(Text) })),
});
export type AccessRiskSummary = Static<typeof AccessRiskSummary>;

export const AccessListView = Type.Object({ id: Text, tenant: Text, kind: Type.Enum(["hr", "idp"]), name: Text, entries: Count, gone: Count, uploadedBy: Text, uploadedAt: Time });
export type AccessListView = Static<typeof AccessListView>;
export const AccessListDraft = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100, description: "One of that name is replaced." }),
  kind: Type.Enum(["hr", "idp"]),
  tenant: Type.Optional(Name),
  csv: Type.String({ minLength: 1 }),
  /** Lines without a readable address are left out instead of refusing the list. */
  skipUnreadable: Type.Optional(Type.Boolean()),
});
const LineRemark = Type.Object({ line: Count, remark: Text });
export const AccessListUploaded = Type.Object({
  list: AccessListView,
  columns: Type.Object({ addresses: Type.Array(Text), status: Nullable(Text), header: Type.Boolean() }),
  lines: Count,
  repeated: Count,
  unreadable: Count,
  remarks: Type.Array(LineRemark),
});
export type AccessListUploaded = Static<typeof AccessListUploaded>;

export const AccessChangeActor = Type.Object({
  /** `unknown`: the log was read and says nothing of it. `unread`: the log is not read, or not that far. */
  kind: Type.Enum(["user", "system", "several", "unknown", "unread"]),
  id: Nullable(Text),
  name: Nullable(Text),
  email: Nullable(Text),
  confidence: Nullable(Type.Enum(["low", "medium", "high"])),
  because: Text,
  activity: Nullable(Type.Object({ id: Text, type: Type.Integer(), at: Time, text: Nullable(Text) })),
  /** Names of those between whom nothing decides. */
  candidates: Type.Array(Text),
});
export type AccessChangeActor = Static<typeof AccessChangeActor>;

const Labels = Type.Object({ principal: Nullable(Text), role: Nullable(Text), scope: Nullable(Text) });
export const AccessChangeView = Type.Object({
  connection: Text,
  tenant: Text,
  subject: Type.Enum(["binding", "principal", "role", "scope"]),
  change: Type.Enum(["added", "removed", "changed"]),
  principal: Nullable(Type.Object({ kind: Text, id: Text })),
  role: Nullable(Text),
  scope: Nullable(Type.Object({ kind: Text, id: Text })),
  labels: Labels,
  /** Of `changed`: one line for each field. */
  field: Nullable(Text),
  before: Type.Unknown(),
  after: Type.Unknown(),
  /** When it was seen, and until when it was proven not to be so. */
  seenAt: Time,
  absentAt: Nullable(Time),
  by: AccessChangeActor,
});
export type AccessChangeView = Static<typeof AccessChangeView>;

export const AccessDiffRange = Type.Object({
  connection: Text,
  /** Null where it is another tenant's. */
  name: Nullable(Text),
  /** Exclusive; null where there is nothing earlier to compare with. */
  from: Nullable(Time),
  /** Inclusive. */
  to: Nullable(Time),
  basis: Type.Enum(["readings", "moments"]),
  note: Nullable(Text),
});
export type AccessDiffRange = Static<typeof AccessDiffRange>;
/** First line, and one for each change. */
export const AccessDiffLine = Type.Union([Type.Object({ ranges: Type.Array(AccessDiffRange) }), Type.Object({ change: AccessChangeView })]);
export type AccessDiffLine = Static<typeof AccessDiffLine>;
