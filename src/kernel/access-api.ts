/** Shapes of the access graph in our HTTP API, shared by the routes that answer and the commands that ask. Ids are the console's, unique within a connection. */
import Type, { type Static, type TSchema } from "typebox";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Flag = Nullable(Type.Boolean());
const Time = Type.String({ description: "RFC 3339, UTC" });
const Name = Type.String({ minLength: 1, maxLength: 400 });

export const ScopeKindName = Type.Enum(["global", "account", "site", "group"]);
export const PrincipalKindName = Type.Enum(["user", "service-user"]);

export const StreamCoverage = Type.Object({
  stream: Text,
  /** Everything that had changed before this is in the graph. */
  readTo: Nullable(Time),
  state: Type.Enum(["complete", "partial", "arriving", "failing", "paused", "never-read", "refused", "not-read"]),
  /** Where it is not complete: why. */
  reason: Nullable(Text),
});
export type StreamCoverage = Static<typeof StreamCoverage>;

/** What an answer rests on. `complete` is false where anything is missing; `notes` says what, in words. */
export const AccessCoverage = Type.Object({ connection: Text, name: Nullable(Text), complete: Type.Boolean(), streams: Type.Array(StreamCoverage), notes: Type.Array(Text) });
export type AccessCoverage = Static<typeof AccessCoverage>;

export const PrincipalView = Type.Object({
  connection: Text,
  tenant: Text,
  kind: PrincipalKindName,
  id: Text,
  name: Nullable(Text),
  email: Nullable(Text),
  description: Nullable(Text),
  source: Nullable(Text),
  status: Type.Enum(["active", "never-signed-in", "unverified", "unknown"]),
  level: Nullable(ScopeKindName),
  twoFaEnabled: Flag,
  twoFaStatus: Nullable(Text),
  twoFaMethod: Nullable(Text),
  emailVerified: Flag,
  isSystem: Flag,
  canGenerateApiToken: Flag,
  allowRemoteShell: Flag,
  createdAt: Nullable(Text),
  firstLogin: Nullable(Text),
  lastUsed: Nullable(Text),
  token: Nullable(Type.Object({ createdAt: Nullable(Text), expiresAt: Nullable(Text) })),
  createdBy: Nullable(Type.Object({ id: Nullable(Text), name: Nullable(Text) })),
});
export type PrincipalView = Static<typeof PrincipalView>;

const ScopeName = Type.Object({ kind: ScopeKindName, id: Text, name: Nullable(Text) });
export const ScopeView = Type.Object({
  connection: Text,
  tenant: Text,
  kind: ScopeKindName,
  id: Text,
  name: Nullable(Text),
  /** Null of the global scope, and where it is not known. */
  parent: Nullable(Type.Object({ kind: ScopeKindName, id: Text })),
  state: Nullable(Text),
  /** Known only because something else names it. */
  inferred: Type.Boolean(),
});
export type ScopeView = Static<typeof ScopeView>;

export const AccessRoleView = Type.Object({
  connection: Text,
  tenant: Text,
  id: Text,
  name: Text,
  description: Nullable(Text),
  predefined: Flag,
  scope: Nullable(Type.Object({ kind: ScopeKindName, id: Text })),
  /** `Page.permission`, sorted; null where they could not be read. */
  permissions: Nullable(Type.Array(Text)),
  inferred: Type.Boolean(),
});
export type AccessRoleView = Static<typeof AccessRoleView>;

/** How old a binding is known to be. `there-at-first-reading`: at least since `to`, and may be older. `seen-arriving`: it came between `from` and `to`. */
export const BindingSince = Type.Object({
  evidence: Type.Enum(["there-at-first-reading", "seen-arriving"]),
  from: Nullable(Time),
  to: Time,
  /** The console no longer states it; it counts until a second reading agrees. */
  doubtedAt: Nullable(Time),
});
export type BindingSince = Static<typeof BindingSince>;

const PrincipalName = Type.Object({ kind: PrincipalKindName, id: Text, name: Nullable(Text), email: Nullable(Text) });
const RoleName = Type.Object({ id: Text, name: Text });

export const BindingView = Type.Object({ connection: Text, tenant: Text, principal: PrincipalName, role: RoleName, scope: ScopeName, since: BindingSince });
export type BindingView = Static<typeof BindingView>;

const Page = { after: Type.Optional(Type.String({ minLength: 1, maxLength: 4000, description: "`next` of the page before." })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) };
const Next = Nullable(Text);
/** Id or name; may be left out where there is one. */
const ConnectionName = Type.Optional(Name);

export const AccessListQuery = Type.Object({ connection: ConnectionName, ...Page });
export const accessList = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), next: Next, coverage: Type.Array(AccessCoverage) });

/** One per line, so that parts of the graph with routes of their own add theirs below. */
export const CoverageAnswer = Type.Object({ items: Type.Array(AccessCoverage) });
